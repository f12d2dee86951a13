//! Whether bytes have the shape of a Modbus message.
//!
//! Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b section 3.1.3 (header); MODBUS
//!         Application Protocol V1.1b3 section 6 (the length of every function's message).

use crate::dissect::Probe;
use crate::reader::Reader;

/// The header that precedes a message, and how long that is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    pub(super) unit: u8,
    /// Bytes of the message behind the header.
    pub(super) message_bytes: usize,
}

/// Reads a header: nothing where bytes are missing, an error where it cannot be one.
pub(super) fn header(reader: &mut Reader<'_>) -> Option<Result<Header, &'static str>> {
    reader.skip(2)?;
    let (protocol, size, unit) = (reader.u16_be()?, reader.u16_be()?, reader.u8()?);
    Some(match usize::from(size).checked_sub(1) {
        _ if protocol != 0 => Err("protocol identifier is not zero"),
        Some(message_bytes @ 1..=MESSAGE_BYTES_MAX) => Ok(Header { unit, message_bytes }),
        _ => Err("length that no message has"),
    })
}

/// Judges the first message of one side.
pub(super) fn judge(bytes: &[u8], response: bool) -> Probe {
    let mut reader = Reader::new(bytes);
    match header(&mut reader) {
        None if bytes.get(2..4).is_some_and(|protocol| protocol != [0, 0]) => Probe::NotMine,
        None => Probe::NeedMore,
        Some(Err(_)) => Probe::NotMine,
        Some(Ok(header)) => match reader.take(header.message_bytes) {
            None => Probe::NeedMore,
            Some(message) if fits(message, response) => Probe::Mine,
            Some(_) => Probe::NotMine,
        },
    }
}

/// True where the function is known and the message is as long as that function has it.
fn fits(message: &[u8], response: bool) -> bool {
    let Some((&function, rest)) = message.split_first() else { return false };
    let size = rest.len();
    let counted = |at: usize| rest.get(at).map(|count| at + 1 + usize::from(*count));
    match (function, response) {
        (0x81..=0xff, true) => size == 1 && matches!(rest, [1..=11]),
        (1..=4 | 12 | 17 | 23, true) | (20 | 21, _) => Some(size) == counted(0),
        (1..=4, false) | (5 | 6, _) | (11 | 15 | 16, true) => size == 4,
        (15 | 16, false) => Some(size) == counted(4),
        (7 | 11 | 12 | 17, false) => size == 0,
        (7, true) => size == 1,
        (8, _) => size >= 2 && size % 2 == 0,
        (22, _) => size == 6,
        (23, false) => Some(size) == counted(8),
        (24, false) => size == 2,
        (24, true) => matches!(rest, [high, low, ..]
            if size == 2 + usize::from(u16::from_be_bytes([*high, *low]))),
        (43, false) => matches!(rest, [14, _, _] | [13, ..]),
        (43, true) => matches!(rest, [14, _, _, _, _, _, ..] | [13, ..]),
        (SCHNEIDER, _) => size >= 2,
        _ => false,
    }
}

/// Longest message, in bytes (V1.1b3 section 4.1).
pub(super) const MESSAGE_BYTES_MAX: usize = 253;

/// Function that Schneider's controllers are programmed with.
const SCHNEIDER: u8 = 90;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn shapes() {
        for (name, message, request, response) in [
            ("read registers", "03 0000 0001", true, false),
            ("registers", "03 02 0001", false, true),
            ("write register", "06 0000 0001", true, true),
            ("write registers", "10 0000 0001 02 0001", true, false),
            ("registers written", "10 0000 0001", false, true),
            ("exception", "83 02", false, true),
            ("unknown exception", "83 63", false, false),
            ("read identification", "2b 0e 01 00", true, false),
            ("identification", "2b 0e 01 01 00 00 00", false, true),
            ("diagnostics", "08 0000 a537", true, true),
            ("report server", "11", true, false),
            ("queue", "18 0002 0000", false, true),
            ("unknown function", "40 00", false, false),
            ("read registers, long", "03 0000 0001 00", false, false),
            ("nothing", "", false, false),
        ] {
            let message = hex(message);
            assert_eq!(
                (fits(&message, false), fits(&message, true)),
                (request, response),
                "{name}"
            );
        }
    }
}
