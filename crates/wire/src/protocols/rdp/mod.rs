//! RDP: the security that was agreed on, and the name the client gives its computer.
//!
//! Source:  RFC 1006 (TPKT), ITU-T X.224, MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2 (connection),
//!          2.2.1.3 and 2.2.1.4 (settings); ITU-T T.125 and T.124 around them.
//! Input:   both directions from the first byte. Behind an agreement on TLS, [`super::tls`] reads
//!          on: the certificate names the computer.
//! Output:  security, client's computer name and build, and the fields of TLS.
//! Limits:  a TPKT has a length of 16 bits, so no message is longer than 64 KiB.
//! Privacy: the cookie `mstshash` holds a user's name; it is recognised and never copied.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::forms::ntlm::utf16_le;
use crate::protocols::tls;
use crate::reader::Reader;

/// RDP over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[3389],
    probe,
    open: || Box::<Dissector>::default(),
    fields: FIELDS,
};

/// Every field that RDP yields, with those of the TLS inside it.
pub const FIELDS: &[Field] = &[
    SECURITY,
    ENCRYPTION,
    CLIENT_NAME,
    CLIENT_BUILD,
    tls::SERVER_NAME,
    tls::OFFERED_VERSION,
    tls::CHOSEN_VERSION,
    tls::JA4,
    tls::REMOTE_ACCESS_NAME,
    tls::SUBJECT,
    tls::ISSUER,
    tls::ALTERNATIVE_NAME,
    tls::NOT_BEFORE,
    tls::NOT_AFTER,
    tls::SELF_SIGNED,
    tls::REMOTE_ACCESS_CERTIFICATE,
];

/// Decides from the parts that other users of TPKT (S7, MMS) do not have.
fn probe(opening: &Opening<'_>) -> Probe {
    if opening.to_server.is_empty() && !opening.to_client.is_empty() {
        return match Packet::read(opening.to_client) {
            Some(Packet { kind: CONNECTION_CONFIRM, body, .. }) if is_negotiation(body) => {
                Probe::Mine
            }
            _ => Probe::NotMine,
        };
    }
    let Some(packet) = Packet::read(opening.to_server) else {
        let may = TPKT_START.starts_with(opening.to_server.get(..2).unwrap_or(opening.to_server));
        return if may { Probe::NeedMore } else { Probe::NotMine };
    };
    match packet.kind {
        CONNECTION_REQUEST if packet.body.is_empty() => {
            let rest = opening.to_server.get(packet.bytes..).unwrap_or_default();
            match Packet::read(rest) {
                Some(next) if next.body.starts_with(CONNECT_INITIAL) => Probe::Mine,
                None if rest.is_empty() || rest.starts_with(TPKT_START) => Probe::NeedMore,
                _ => Probe::NotMine,
            }
        }
        CONNECTION_REQUEST if packet.body.starts_with(COOKIE) => Probe::Mine,
        CONNECTION_REQUEST if is_negotiation(packet.body) => Probe::Mine,
        DATA if packet.body.starts_with(CONNECT_INITIAL) => Probe::Mine,
        _ => Probe::NotMine,
    }
}

/// RDP_NEG_REQ, RDP_NEG_RSP and RDP_NEG_FAILURE are all eight bytes and say so.
fn is_negotiation(body: &[u8]) -> bool {
    matches!(body, [NEGOTIATION_REQUEST..=NEGOTIATION_FAILURE, _, 8, 0, ..])
}

/// One TPKT with the X.224 header taken off.
struct Packet<'a> {
    kind: u8,
    body: &'a [u8],
    /// The same, with positions in the input.
    reader: Reader<'a>,
    /// Length of the whole.
    bytes: usize,
}

impl<'a> Packet<'a> {
    /// `None` where it is not whole, or broken.
    fn read(input: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(input);
        let (3, 0) = (reader.u8()?, reader.u8()?) else { return None };
        let bytes = usize::from(reader.u16_be()?);
        let mut packet = reader.part(bytes.checked_sub(4)?)?;
        let header = usize::from(packet.u8()?);
        let kind = packet.u8()?;
        // In a connection request the header's length covers the variable part, which we want.
        let fixed = if kind == DATA { header } else { CONNECTION_HEADER_BYTES };
        packet.skip(fixed.checked_sub(1)?)?;
        Some(Self { kind, body: packet.rest(), reader: packet, bytes })
    }
}

/// Reads one connection up to the exchange of settings, or hands it to TLS.
#[derive(Default)]
struct Dissector {
    tls: tls::Dissector,
    /// By direction, client first.
    sides: [Side; 2],
}

#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Side {
    #[default]
    Connection,
    Settings,
    Tls,
    Done,
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let side = direction.side(&mut self.sides);
        if *side == Side::Settings && input.first() == Some(&tls::record::HANDSHAKE) {
            *side = Side::Tls;
        }
        match *side {
            Side::Tls => return self.tls.read(direction, input, sink),
            Side::Done => return Step::Used(input.len()),
            Side::Connection | Side::Settings => {}
        }
        let Some(packet) = Packet::read(input) else { return incomplete(input) };
        *side = match (packet.kind, direction) {
            (CONNECTION_REQUEST, _) => Side::Settings,
            (CONNECTION_CONFIRM, Direction::ToClient) => {
                report_security(&packet, sink);
                Side::Settings
            }
            (DATA, Direction::ToServer) => {
                report_client(&packet, sink);
                Side::Done
            }
            (DATA, Direction::ToClient) => {
                report_encryption(&packet, sink);
                Side::Done
            }
            _ => return Step::Malformed("unexpected X.224 packet"),
        };
        let bytes = packet.bytes;
        if self.sides == [Side::Done; 2] { Step::Done } else { Step::Used(bytes) }
    }
}

fn incomplete(input: &[u8]) -> Step {
    let head = input.get(..2).unwrap_or(input);
    if !TPKT_START.starts_with(head) {
        return Step::Malformed("neither TPKT nor TLS");
    }
    let length = Reader::new(input.get(2..).unwrap_or_default()).u16_be().map(usize::from);
    match length {
        Some(length) if input.len() >= length => Step::Malformed("X.224 header breaks off"),
        _ => Step::Used(0),
    }
}

fn report_security(packet: &Packet<'_>, sink: &mut dyn Sink) {
    let mut reader = packet.reader;
    let at = reader.position()..reader.position() + reader.remaining();
    let (kind, _flags_length, chosen) = (reader.u8(), reader.skip(3), reader.u32_le());
    let name = match (kind, chosen) {
        // A server from before the negotiation answers without one.
        (None, _) | (Some(NEGOTIATION_RESPONSE), Some(0)) => "standard RDP",
        (Some(NEGOTIATION_RESPONSE), Some(1)) => "TLS",
        (Some(NEGOTIATION_RESPONSE), Some(2)) => "CredSSP",
        (Some(NEGOTIATION_RESPONSE), Some(4)) => "RDSTLS",
        (Some(NEGOTIATION_RESPONSE), Some(8)) => "CredSSP with early authorization",
        (Some(NEGOTIATION_RESPONSE), Some(16)) => "Entra ID",
        _ => return,
    };
    sink.found(&SECURITY, About::Sender, name, at);
}

fn report_client(packet: &Packet<'_>, sink: &mut dyn Sink) {
    let Some(mut core) = block(packet, *b"Duca", CLIENT_CORE) else { return };
    let Some(()) = core.skip(4 + 2 + 2 + 2 + 2 + 4) else { return };
    let at = core.position();
    let Some(build) = core.u32_le().filter(|build| (1..1_000_000).contains(build)) else { return };
    let software = format!("Remote Desktop client@{build}");
    sink.found(&CLIENT_BUILD, About::Sender, &software, at..at + 4);
    let at = core.position();
    let Some(name) = core.take(CLIENT_NAME_BYTES) else { return };
    let units = name.as_chunks::<2>().0;
    let length = units.iter().position(|unit| *unit == [0, 0]).unwrap_or(units.len()) * 2;
    if let Some(name) = name.get(..length).and_then(utf16_le) {
        sink.found(&CLIENT_NAME, About::Sender, &name, at..at + length);
    }
}

fn report_encryption(packet: &Packet<'_>, sink: &mut dyn Sink) {
    let Some(mut security) = block(packet, *b"McDn", SERVER_SECURITY) else { return };
    let at = security.position();
    let name = match security.u32_le() {
        // With TLS outside, there is none inside.
        Some(0) => "standard RDP, encryption off",
        Some(1) => "standard RDP, 40 bit",
        Some(2) => "standard RDP, 128 bit",
        Some(8) => "standard RDP, 56 bit",
        Some(16) => "standard RDP, FIPS 140-1",
        _ => return,
    };
    sink.found(&ENCRYPTION, About::Sender, name, at..at + 4);
}

/// The settings block of `kind` behind the mark of a T.124 message; positions count from the
/// input.
fn block<'a>(packet: &Packet<'a>, mark: [u8; 4], kind: u16) -> Option<Reader<'a>> {
    let start = memchr::memmem::find(packet.body, &mark)? + mark.len();
    let mut reader = packet.reader;
    reader.skip(start)?;
    // T.124 is in packed encoding: a length of one byte, or of two with the top bit set.
    if reader.u8()? & 0x80 != 0 {
        reader.skip(1)?;
    }
    loop {
        let (found, length) = (reader.u16_le()?, usize::from(reader.u16_le()?));
        let content = reader.part(length.checked_sub(4)?)?;
        if found == kind {
            return Some(content);
        }
    }
}

const NAME: &str = "rdp";
const TPKT_START: &[u8] = &[3, 0];
const CONNECTION_REQUEST: u8 = 0xe0;
const CONNECTION_CONFIRM: u8 = 0xd0;
const DATA: u8 = 0xf0;
/// X.224 class 0: kind, two references, class.
const CONNECTION_HEADER_BYTES: usize = 6;
const COOKIE: &[u8] = b"Cookie: msts";
/// BER tag of a T.125 Connect-Initial.
const CONNECT_INITIAL: &[u8] = &[0x7f, 0x65];
const NEGOTIATION_REQUEST: u8 = 1;
const NEGOTIATION_RESPONSE: u8 = 2;
const NEGOTIATION_FAILURE: u8 = 3;
const CLIENT_CORE: u16 = 0xc001;
const SERVER_SECURITY: u16 = 0x0c02;
const CLIENT_NAME_BYTES: usize = 32;

const SECURITY: Field = Field::new(
    NAME,
    "RDP_NEG_RSP.selectedProtocol",
    Attribute::RdpSecurity,
    Confidence::STATED,
    "security the server chose, MS-RDPBCGR section 2.2.1.2.1",
);
const ENCRYPTION: Field = Field::new(
    NAME,
    "TS_UD_SC_SEC1.encryptionMethod",
    Attribute::RdpSecurity,
    Confidence::STATED,
    "encryption of standard RDP, MS-RDPBCGR section 2.2.1.4.3",
);
const CLIENT_NAME: Field = Field::new(
    NAME,
    "TS_UD_CS_CORE.clientName",
    Attribute::Hostname,
    Confidence::STATED,
    "name of the client's computer, MS-RDPBCGR section 2.2.1.3.2",
);
const CLIENT_BUILD: Field = Field::new(
    NAME,
    "TS_UD_CS_CORE.clientBuild",
    Attribute::Software,
    Confidence::LIKELY,
    "build of the client, for Microsoft's the build of its Windows, MS-RDPBCGR section 2.2.1.3.2",
);

#[cfg(test)]
mod tests;
