//! TFTP: that a host asks for a file or sends one, without any login.
//!
//! Source:  RFC 1350 section 5; RFC 2347 (options).
//! Input:   one message over UDP to port 69.
//! Output:  the application only. The transfer itself runs between other ports and has no mark; the
//!          core takes what the one asked sends to the port of the one who asked for it.
//! Limits:  requests only; read on port 69 only.
//! Privacy: file names are not copied.

use crate::dissect::{Datagram, DatagramProtocol, Field, Heard, Server, Sink};

/// TFTP over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[69], any_port: false, read, fields: FIELDS };

/// TFTP yields no fields.
pub const FIELDS: &[Field] = &[];

fn read(datagram: &Datagram<'_>, _sink: &mut dyn Sink) -> Heard {
    let Some(([0, READ | WRITE], rest)) = datagram.payload.split_first_chunk() else {
        return Heard::NotMine;
    };
    let mut texts = rest.split(|&byte| byte == 0);
    let (name, mode) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
    let known = MODES.iter().any(|known| mode.eq_ignore_ascii_case(known));
    // A last text without its end was cut.
    let whole = rest.last() == Some(&0);
    if known && whole && !name.is_empty() { Heard::Mine(Server::Receiver) } else { Heard::NotMine }
}

/// Its name; see the core for the transfer.
pub(crate) const NAME: &str = "tftp";
const READ: u8 = 1;
const WRITE: u8 = 2;
const MODES: [&[u8]; 3] = [b"octet", b"netascii", b"mail"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::datagram;

    const WHOLE: &[u8] = b"\0\x01boot.cfg\0octet\0";

    #[test]
    fn requests() {
        for (name, bytes, mine) in [
            ("read", WHOLE, true),
            ("write", b"\0\x02dump\0NetASCII\0", true),
            ("with options", b"\0\x01boot.cfg\0octet\0blksize\x001432\0", true),
            ("data", b"\0\x03\0\x01octet\0", false),
            ("no name", b"\0\x01\0octet\0", false),
            ("unknown mode", b"\0\x01boot.cfg\0binary\0", false),
        ] {
            let want = if mine { "Mine(Receiver)\n" } else { "NotMine\n" };
            assert_eq!(datagram(&PROTOCOL, (40000, 69), bytes), want, "{name}");
        }
    }

    #[test]
    fn no_prefix_is_a_request() {
        for seen in 0..WHOLE.len() {
            assert_eq!(datagram(&PROTOCOL, (40000, 69), &WHOLE[..seen]), "NotMine\n", "{seen}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            datagram(&PROTOCOL, (40000, 69), &bytes);
        }
    }
}
