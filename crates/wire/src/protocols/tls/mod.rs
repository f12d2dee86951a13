//! TLS and SSL: who asked for whom, which version was chosen, which certificate was shown.
//!
//! Source:  RFC 8446 (TLS 1.3) sections 4 and 5, RFC 5246 (TLS 1.2) sections 6.2 and 7.4,
//!          RFC 6101 (SSL 3.0), its appendix E for the hello in SSL 2.0 form, RFC 6066 section 3
//!          (server name), RFC 6347 (DTLS, in [`dtls`]).
//! Input:   both directions from the first byte. A hello or certificate may span any number of
//!          records and segments.
//! Output:  server name, versions, JA4 of the client, leaf certificate of the server.
//! Limits:  `record::MESSAGE_BYTES_MAX`, `certificate::NAMES_MAX`.
//! Privacy: a client's certificate may name a person, so it is never looked at; e-mail addresses
//!          in a server's certificate are left out. Nothing behind the handshake is read.

pub(crate) mod certificate;
pub mod dtls;
mod hello;
mod ja4;
pub(crate) mod record;

use std::ops::Range;

use model::{Answerable, Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::reader::Reader;
use record::{Layer, Message, Next};

/// TLS over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[443, 8443, 2762, 636, 989, 990, 993, 995, 6568, 7070],
    probe,
    open: || Box::<Dissector>::default(),
    fields: FIELDS,
};

/// Every field that TLS yields.
pub const FIELDS: &[Field] = &[
    SERVER_NAME,
    OFFERED_VERSION,
    CHOSEN_VERSION,
    JA4,
    REMOTE_ACCESS_NAME,
    SUBJECT,
    ISSUER,
    ALTERNATIVE_NAME,
    NOT_BEFORE,
    NOT_AFTER,
    SELF_SIGNED,
    REMOTE_ACCESS_CERTIFICATE,
];

/// Decides from the first record of either side; where the start was not seen, from records
/// that follow each other.
fn probe(opening: &Opening<'_>) -> Probe {
    let later = [opening.to_server, opening.to_client].map(record::probe_later);
    if later.contains(&Probe::Mine) || later == [Probe::NeedMore; 2] {
        return Probe::Mine;
    }
    let waits = later.contains(&Probe::NeedMore)
        && (opening.to_server.is_empty() || opening.to_client.is_empty());
    if waits {
        let whole = [opening.to_server, opening.to_client].into_iter().any(record::is_record);
        return if whole { Probe::Mine } else { Probe::NeedMore };
    }
    let client = probe_client(opening.to_server);
    if client == Probe::NeedMore && !opening.to_client.is_empty() {
        return probe_record(opening.to_client, SERVER_HELLO);
    }
    client
}

fn probe_client(input: &[u8]) -> Probe {
    match probe_record(input, CLIENT_HELLO) {
        Probe::NotMine => hello::probe_ssl2(input),
        answer => answer,
    }
}

/// Whether `input` starts with a handshake record whose first message is of `kind`.
fn probe_record(input: &[u8], kind: u8) -> Probe {
    let mut reader = Reader::new(input);
    let answer = (|| {
        let mut fits = reader.u8()? == record::HANDSHAKE && reader.u8()? == 3 && reader.u8()? <= 4;
        let length = reader.u16_be()?;
        fits = fits && (1..=record::RECORD_BYTES_MAX).contains(&length) && reader.u8()? == kind;
        if fits && length >= 6 {
            let message = reader.u24_be()?;
            fits = (38..=record::MESSAGE_BYTES_MAX).contains(&message) && reader.u8()? == 3;
        }
        Some(fits)
    })();
    match answer {
        Some(true) => Probe::Mine,
        None if record::may_begin(input) => Probe::NeedMore,
        _ => Probe::NotMine,
    }
}

/// Reads the handshake of one connection.
#[derive(Default)]
pub(crate) struct Dissector {
    client: Layer,
    server: Layer,
    client_done: bool,
    server_done: bool,
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let (done, layer) = match direction {
            Direction::ToServer => (&mut self.client_done, &mut self.client),
            Direction::ToClient => (&mut self.server_done, &mut self.server),
        };
        if *done {
            return Step::Used(input.len());
        }
        let step = match layer.next(input) {
            Next::NeedMore => return Step::Used(0),
            Next::Passed(count) => return Step::Used(count),
            Next::Secret => Ok(true),
            Next::Ssl2(hello) => hello::read_ssl2(direction, hello, sink),
            Next::Message(message) => read_message(direction, &message, sink),
            Next::Malformed(what) => Err(Step::Malformed(what)),
            Next::OverLimit(what) => Err(Step::OverLimit(what)),
        };
        match step {
            Err(end) => end,
            Ok(finished) => {
                *done = finished;
                if self.client_done && self.server_done {
                    return Step::Done;
                }
                let layer = match direction {
                    Direction::ToServer => &mut self.client,
                    Direction::ToClient => &mut self.server,
                };
                Step::Used(if finished { input.len() } else { layer.pass(input) })
            }
        }
    }
}

/// Reads one message; true where this side has nothing more to tell.
fn read_message(
    direction: Direction,
    message: &Message<'_>,
    sink: &mut dyn Sink,
) -> Result<bool, Step> {
    match (direction, message.kind) {
        (Direction::ToServer, CLIENT_HELLO) => {
            let hello = hello::Client::read(message.body())
                .ok_or(Step::Malformed("client hello breaks off"))?;
            hello.report(message, sink);
            Ok(true)
        }
        (Direction::ToClient, SERVER_HELLO) => {
            let hello = hello::Server::read(message.body())
                .ok_or(Step::Malformed("server hello breaks off"))?;
            hello.report(message, sink);
            // From version 1.3 on the certificate is encrypted.
            Ok(hello.version() >= 0x0304)
        }
        (Direction::ToClient, CERTIFICATE) => {
            certificate::read_list(message, sink);
            Ok(true)
        }
        (Direction::ToClient, SERVER_HELLO_DONE) => Ok(true),
        _ => Ok(false),
    }
}

/// Reports a client's hello that QUIC carried; false where it breaks off.
pub(crate) fn read_unsealed(body: &[u8], at: Range<usize>, sink: &mut dyn Sink) -> bool {
    let Some(hello) = hello::Client::read(body) else { return false };
    hello.report_at(&|_| at.clone(), 'q', body.len(), sink);
    true
}

/// Tells a version by the name people know it under.
pub(crate) fn version_name(version: u16) -> Option<&'static str> {
    Some(match version {
        0x0002 => "SSL 2.0",
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        0xfeff => "DTLS 1.0",
        0xfefd => "DTLS 1.2",
        0xfefc => "DTLS 1.3",
        _ => return None,
    })
}

/// Reports a version, or that nobody knows it.
fn report_version(
    field: &'static Field,
    version: u16,
    at: std::ops::Range<usize>,
    sink: &mut dyn Sink,
) {
    match version_name(version) {
        Some(name) => sink.found(field, About::Sender, name, at),
        None => sink.odd(NAME, "version that no standard names", Answerable::Sender),
    }
}

const NAME: &str = "tls";
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;

pub(crate) const SERVER_NAME: Field = Field::new(
    NAME,
    "server_name",
    Attribute::TlsServerName,
    Confidence::STATED,
    "name the client asked for, RFC 6066 section 3",
);
pub(crate) const OFFERED_VERSION: Field = Field::new(
    NAME,
    "ClientHello.supported_versions",
    Attribute::TlsVersion,
    Confidence::STATED,
    "highest version the client offered, RFC 8446 section 4.2.1",
);
pub(crate) const CHOSEN_VERSION: Field = Field::new(
    NAME,
    "ServerHello.version",
    Attribute::TlsVersion,
    Confidence::STATED,
    "version the server chose, RFC 8446 section 4.1.3",
);
pub(crate) const JA4: Field = Field::new(
    NAME,
    "ja4",
    Attribute::Ja4,
    Confidence::STATED,
    "fingerprint of the client hello, FoxIO JA4 (TLS client)",
);
pub(crate) const REMOTE_ACCESS_NAME: Field = Field::new(
    NAME,
    "server_name (remote access)",
    Attribute::RemoteAccessTool,
    Confidence::STRONG,
    "the name asked for belongs to a remote-access product, knowledge/remote-access-tools.csv",
);
pub(crate) const REMOTE_ACCESS_CERTIFICATE: Field = Field::new(
    NAME,
    "certificate (remote access)",
    Attribute::RemoteAccessTool,
    Confidence::STATED,
    "the certificate is a remote-access product's own, knowledge/remote-access-tools.csv",
);
pub(crate) const SUBJECT: Field = Field::new(
    NAME,
    "certificate.subject",
    Attribute::TlsSubject,
    Confidence::STATED,
    "CN, O, OU, serialNumber and C of the leaf, RFC 5280 section 4.1.2.6",
);
pub(crate) const ISSUER: Field = Field::new(
    NAME,
    "certificate.issuer",
    Attribute::TlsIssuer,
    Confidence::STATED,
    "CN, O, OU, serialNumber and C of its issuer, RFC 5280 section 4.1.2.4",
);
pub(crate) const ALTERNATIVE_NAME: Field = Field::new(
    NAME,
    "certificate.subjectAltName",
    Attribute::TlsAlternativeName,
    Confidence::STATED,
    "a DNS name or IP address, RFC 5280 section 4.2.1.6",
);
pub(crate) const NOT_BEFORE: Field = Field::new(
    NAME,
    "certificate.notBefore",
    Attribute::TlsNotBefore,
    Confidence::STATED,
    "start of validity, RFC 5280 section 4.1.2.5",
);
pub(crate) const NOT_AFTER: Field = Field::new(
    NAME,
    "certificate.notAfter",
    Attribute::TlsNotAfter,
    Confidence::STATED,
    "end of validity, RFC 5280 section 4.1.2.5",
);
pub(crate) const SELF_SIGNED: Field = Field::new(
    NAME,
    "certificate.self_signed",
    Attribute::TlsSelfSigned,
    Confidence::STRONG,
    "`yes` where issuer and subject of the leaf are the same name, RFC 5280 section 3.2",
);

#[cfg(test)]
mod tests;
