//! SMB: dialect, signing, and what both ends say of their system before anybody logs in.
//!
//! Source:  RFC 1002 section 4.3 (session service), MS-CIFS and MS-SMB (SMB 1, in `smb1`),
//!          MS-SMB2 section 2.2 (SMB 2 and 3, in `smb2`), MS-NLMP (in `ntlm`).
//! Input:   both directions, on port 139 behind a session request, on port 445 without one.
//! Output:  dialect with signing, system names, versions, host and domain names.
//! Limits:  [`MESSAGE_BYTES_MAX`], [`MESSAGES_MAX`].
//! Privacy: stops when the session is set up, before any file is named. Users' names and proofs
//!          are stepped over, not read.

mod smb1;
mod smb2;

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::forms::ntlm;
use crate::reader::Reader;
use crate::text;

/// SMB of all versions over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[445, 139],
    probe,
    open: || Box::<Dissector>::default(),
    fields: FIELDS,
};

/// Every field that SMB yields.
pub const FIELDS: &[Field] = &[
    DIALECT,
    NATIVE_OS,
    LAN_MANAGER,
    PRIMARY_DOMAIN,
    SERVER_NAME,
    CALLED,
    CALLING,
    ntlm::COMPUTER,
    ntlm::DNS_COMPUTER,
    ntlm::DOMAIN,
    ntlm::DNS_DOMAIN,
    ntlm::VERSION,
    ntlm::WORKSTATION,
    ntlm::CLIENT_VERSION,
];

/// Decides from the first message of either side.
fn probe(opening: &Opening<'_>) -> Probe {
    match probe_side(opening.to_server) {
        Probe::NeedMore if !opening.to_client.is_empty() => probe_side(opening.to_client),
        answer => answer,
    }
}

fn probe_side(side: &[u8]) -> Probe {
    let mut reader = Reader::new(side);
    let answer = (|| {
        let kind = reader.u8()?;
        let length = reader.u24_be()?;
        Some(match kind {
            SESSION_MESSAGE => {
                let magic: [u8; 4] = reader.array()?;
                length >= 32 && matches!(magic, [0xfc..=0xff, b'S', b'M', b'B'])
            }
            SESSION_REQUEST => length == 68 && reader.u8()? == ENCODED_NAME_BYTES,
            SESSION_POSITIVE => length == 0 && side.len() >= 8 && magic_follows(side),
            _ => false,
        })
    })();
    match (answer, side.first()) {
        (Some(true), _) => Probe::Mine,
        (None, None | Some(&(SESSION_MESSAGE | SESSION_REQUEST))) => Probe::NeedMore,
        _ => Probe::NotMine,
    }
}

/// A positive answer to a session request is four bytes long; a message comes behind it.
fn magic_follows(side: &[u8]) -> bool {
    side.get(4) == Some(&SESSION_MESSAGE)
}

/// Reads one connection up to the end of the session set-up.
#[derive(Default)]
struct Dissector {
    messages: usize,
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let mut reader = Reader::new(input);
        let (Some(kind), Some(length)) = (reader.u8(), reader.u24_be()) else {
            return Step::Used(0);
        };
        if length > MESSAGE_BYTES_MAX {
            return Step::OverLimit("message over 128 KiB before the session is set up");
        }
        let Some(message) = reader.part(length as usize) else { return Step::Used(0) };
        self.messages += 1;
        let state = match kind {
            SESSION_MESSAGE => read_message(direction, message, sink),
            SESSION_REQUEST => {
                report_session_request(message, sink);
                State::Opening
            }
            SESSION_POSITIVE | SESSION_RETARGET | SESSION_KEEP_ALIVE => State::Opening,
            SESSION_NEGATIVE => State::Over,
            _ => return Step::Malformed("unknown type of session packet"),
        };
        match state {
            State::Broken(what) => Step::Malformed(what),
            State::Over => Step::Done,
            State::Opening if self.messages >= MESSAGES_MAX => Step::Done,
            State::Opening => Step::Used(reader.position()),
        }
    }
}

/// How far the set-up of the session is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Opening,
    Over,
    Broken(&'static str),
}

fn read_message(direction: Direction, message: Reader<'_>, sink: &mut dyn Sink) -> State {
    let base = message.position();
    let bytes = message.rest();
    let from_server = direction == Direction::ToClient;
    match bytes.first_chunk() {
        Some(&[0xff, b'S', b'M', b'B']) => smb1::read(bytes, base, from_server, sink),
        Some(&[0xfe, b'S', b'M', b'B']) => smb2::read(bytes, base, from_server, sink),
        // Encrypted or compressed: the session is set up.
        Some(&[0xfc | 0xfd, b'S', b'M', b'B']) => State::Over,
        _ => State::Broken("message without the mark of SMB"),
    }
}

/// Names of both ends, RFC 1002 section 4.3.2.
fn report_session_request(mut names: Reader<'_>, sink: &mut dyn Sink) {
    for (field, about) in [(&CALLED, About::Receiver), (&CALLING, About::Sender)] {
        let start = names.position();
        let Some(encoded) = names.take(usize::from(ENCODED_NAME_BYTES) + 2) else { return };
        let name = encoded.get(1..33).and_then(decoded);
        let Some(name) = name.as_deref().and_then(text::clean) else { continue };
        // `*SMBSERVER` means whoever listens.
        if !name.starts_with('*') {
            sink.found(field, about, &name, start..start + encoded.len());
        }
    }
}

/// Undoes the first-level encoding of RFC 1001 section 14.1; the last byte is a kind, no letter.
fn decoded(encoded: &[u8]) -> Option<Vec<u8>> {
    let nibble = |byte: u8| byte.checked_sub(b'A').filter(|nibble| *nibble < 16);
    let pairs = encoded.as_chunks::<2>().0.iter().take(15);
    pairs.map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect()
}

/// What a security mode says of signing.
const fn signing(enabled: bool, required: bool) -> &'static str {
    match (enabled, required) {
        (_, true) => "signing required",
        (true, false) => "signing not required",
        (false, false) => "signing off",
    }
}

const NAME: &str = "smb";

/// Packet types of the session service, RFC 1002 section 4.3.1.
const SESSION_MESSAGE: u8 = 0x00;
const SESSION_REQUEST: u8 = 0x81;
const SESSION_POSITIVE: u8 = 0x82;
const SESSION_NEGATIVE: u8 = 0x83;
const SESSION_RETARGET: u8 = 0x84;
const SESSION_KEEP_ALIVE: u8 = 0x85;
const ENCODED_NAME_BYTES: u8 = 32;

/// Longest message read, in bytes. Security tokens stay below 64 KiB; longer messages are files.
pub const MESSAGE_BYTES_MAX: u32 = 128 * 1024;

/// Messages after which we stop waiting for the session to be set up, in count. A set-up takes
/// four to ten.
pub const MESSAGES_MAX: usize = 32;

const DIALECT: Field = Field::new(
    NAME,
    "NEGOTIATE.Dialect",
    Attribute::SmbDialect,
    Confidence::STATED,
    "dialect the server chose and whether it signs, MS-SMB2 section 2.2.4, MS-CIFS 2.2.4.52.2",
);
const NATIVE_OS: Field = Field::new(
    NAME,
    "SESSION_SETUP_ANDX.NativeOS",
    Attribute::SmbOs,
    Confidence::STRONG,
    "system as its SMB 1 names it, MS-CIFS section 2.2.4.53",
);
const LAN_MANAGER: Field = Field::new(
    NAME,
    "SESSION_SETUP_ANDX.NativeLanMan",
    Attribute::Software,
    Confidence::STRONG,
    "name and version of a Samba, MS-CIFS section 2.2.4.53",
);
const PRIMARY_DOMAIN: Field = Field::new(
    NAME,
    "SESSION_SETUP_ANDX.PrimaryDomain",
    Attribute::Domain,
    Confidence::STRONG,
    "domain or workgroup of the server, MS-CIFS sections 2.2.4.52.2 and 2.2.4.53.2",
);
const SERVER_NAME: Field = Field::new(
    NAME,
    "NEGOTIATE.ServerName",
    Attribute::Hostname,
    Confidence::STATED,
    "name of the server, MS-SMB section 2.2.4.5.2.2",
);
const CALLED: Field = Field::new(
    NAME,
    "session request, called name",
    Attribute::Hostname,
    Confidence::STRONG,
    "NetBIOS name under which the server was called, RFC 1002 section 4.3.2",
);
const CALLING: Field = Field::new(
    NAME,
    "session request, calling name",
    Attribute::Hostname,
    Confidence::STATED,
    "NetBIOS name of the client, RFC 1002 section 4.3.2",
);

#[cfg(test)]
mod tests;
