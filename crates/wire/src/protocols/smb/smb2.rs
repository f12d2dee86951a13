//! SMB 2 and 3: negotiation and session set-up.
//!
//! Source: MS-SMB2 sections 2.2.1 (header), 2.2.4 (negotiate), 2.2.5 and 2.2.6 (session set-up).

use super::smb1::MORE_PROCESSING;
use super::{DIALECT, State, ntlm, signing};
use crate::dissect::{About, Sink};
use crate::reader::Reader;

/// Reads one message; `base` is where it stands in the input.
pub(super) fn read(message: &[u8], base: usize, from_server: bool, sink: &mut dyn Sink) -> State {
    let Some(header) = Header::read(message) else {
        return State::Broken("message of SMB 2 breaks off");
    };
    let token = |field| (message, base, field);
    match (header.command, from_server) {
        (NEGOTIATE, true) => report_negotiation(message, base, sink),
        (NEGOTIATE, false) => {}
        (SESSION_SETUP, true) => {
            report_token(token(HEADER_BYTES + 4), sink);
            let over = header.status != MORE_PROCESSING;
            return if over { State::Over } else { State::Opening };
        }
        (SESSION_SETUP, false) => report_token(token(HEADER_BYTES + 12), sink),
        _ => return State::Over,
    }
    State::Opening
}

struct Header {
    status: u32,
    command: u16,
}

impl Header {
    fn read(message: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(message);
        reader.skip(4 + 2 + 2)?;
        let (status, command) = (reader.u32_le()?, reader.u16_le()?);
        reader.skip(HEADER_BYTES - reader.position())?;
        Some(Self { status, command })
    }
}

fn report_negotiation(message: &[u8], base: usize, sink: &mut dyn Sink) {
    let mut reader = Reader::new(message.get(HEADER_BYTES..).unwrap_or_default());
    let (Some(_size), Some(mode), Some(dialect)) =
        (reader.u16_le(), reader.u16_le(), reader.u16_le())
    else {
        return;
    };
    if let Some(name) = dialect_name(dialect) {
        let signs = signing(mode & MODE_ENABLED != 0, mode & MODE_REQUIRED != 0);
        let at = base + HEADER_BYTES + 2;
        sink.found(&DIALECT, About::Sender, &format!("{name}, {signs}"), at..at + 4);
    }
}

/// `None` for the wildcard, which another negotiation follows, and for what is not known.
const fn dialect_name(dialect: u16) -> Option<&'static str> {
    Some(match dialect {
        0x0202 => "SMB 2.0.2",
        0x0210 => "SMB 2.1",
        0x0300 => "SMB 3.0",
        0x0302 => "SMB 3.0.2",
        0x0311 => "SMB 3.1.1",
        _ => return None,
    })
}

/// Reads the security token to which the offset and length at `field` point.
fn report_token((message, base, field): (&[u8], usize, usize), sink: &mut dyn Sink) {
    let mut reader = Reader::new(message.get(field..).unwrap_or_default());
    let (Some(offset), Some(length)) = (reader.u16_le(), reader.u16_le()) else { return };
    let start = usize::from(offset);
    let Some(token) = message.get(start..start + usize::from(length)) else { return };
    let start = base + start;
    ntlm::read(token, &|range| range.start + start..range.end + start, sink);
}

const HEADER_BYTES: usize = 64;
const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const MODE_ENABLED: u16 = 1;
const MODE_REQUIRED: u16 = 2;
