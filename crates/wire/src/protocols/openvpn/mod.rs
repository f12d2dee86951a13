//! OpenVPN: that a tunnel is opened, over UDP or TCP.
//!
//! Source:  "OpenVPN protocol", `openvpn.net` source documentation, network protocol overview:
//!          opcodes, session identifiers, acknowledgements, and the length in front over TCP.
//! Input:   the messages that reset a session, which come first on either side.
//! Output:  the name of the tool; what follows is encrypted.
//! Limits:  with `tls-crypt` the reset is encrypted too, and only its length tells.
//! Privacy: nothing is copied.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Datagram, DatagramProtocol, Direction, Field, Heard, Opening, Probe, Server, Sink, Step,
    StreamDissector, StreamProtocol,
};

/// OpenVPN over TCP.
pub const PROTOCOL: StreamProtocol =
    StreamProtocol { name: NAME, ports: &[1194], probe, open: || Box::new(Reset), fields: FIELDS };

/// OpenVPN over UDP.
pub const DATAGRAMS: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[1194], any_port: true, read, fields: FIELDS };

/// What a reset tells.
pub const FIELDS: &[Field] = &[TOOL];

const TOOL: Field = Field::new(
    NAME,
    "P_CONTROL_HARD_RESET",
    Attribute::RemoteAccessTool,
    Confidence::STRONG,
    "opens an OpenVPN tunnel, or answers",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let Some(server) = reset(datagram.payload) else { return Heard::NotMine };
    sink.found(&TOOL, About::Sender, "OpenVPN", 0..1);
    Heard::Mine(server)
}

fn probe(opening: &Opening<'_>) -> Probe {
    Probe::of_sides([
        side(opening.to_server, Server::Receiver),
        side(opening.to_client, Server::Sender),
    ])
}

fn side(input: &[u8], wanted: Server) -> Probe {
    let Some(([high, low], rest)) = input.split_first_chunk() else { return Probe::NeedMore };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if !LENGTHS.contains(&length) {
        return Probe::NotMine;
    }
    match rest.get(..length) {
        None => Probe::NeedMore,
        Some(message) if reset(message) == Some(wanted) => Probe::Mine,
        Some(_) => Probe::NotMine,
    }
}

/// Who serves, where `message` resets a session with a key number of 0: it says its own session,
/// acknowledges nothing or the other's first message, and is the first message itself.
fn reset(message: &[u8]) -> Option<Server> {
    let (opcode, rest) = message.split_first()?;
    let session = rest.get(..8)?;
    let first = message.ends_with(&[0; 4]);
    let whole = LENGTHS.contains(&message.len()) && session != [0; 8];
    match *opcode {
        CLIENT_RESET if whole && message.ends_with(&[0; 5]) => Some(Server::Receiver),
        SERVER_RESET if whole && (first || message.len() > PLAIN_BYTES) => Some(Server::Sender),
        _ => None,
    }
}

struct Reset;

impl StreamDissector for Reset {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        if input.len() < 3 {
            return Step::Used(0);
        }
        sink.found(&TOOL, About::Sender, "OpenVPN", 2..3);
        // The server's side says no more than the client's.
        if direction == Direction::ToClient { Step::Done } else { Step::Skip(u64::MAX) }
    }
}

const NAME: &str = "openvpn";
/// `P_CONTROL_HARD_RESET_CLIENT_V2` and `…_SERVER_V2`, behind which three bits number the key.
const CLIENT_RESET: u8 = 7 << 3;
const SERVER_RESET: u8 = 8 << 3;
/// Without acknowledgements or a digest.
const PLAIN_BYTES: usize = 14;
/// Without a digest, and with one of 20 or 32 bytes and its own counter; each without and with an
/// acknowledgement of the other's session.
const LENGTHS: [usize; 6] = [PLAIN_BYTES, 26, 42, 54, 66, 78];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{datagram, hex, probe as probes, stream};

    #[test]
    fn hears_a_reset() {
        let tool = "sender remote_access_tool = \"OpenVPN\" P_CONTROL_HARD_RESET @0+1\n";
        let digest = "11".repeat(20) + "00000001 5f000000";
        let client = "38 0102030405060708 00 00000000".to_owned();
        for (name, payload, want) in [
            ("client", client.clone(), "Mine(Receiver)"),
            (
                "server",
                "40 0807060504030201 01 00000000 0102030405060708 00000000".into(),
                "Mine(Sender)",
            ),
            (
                "with a digest",
                format!("38 0102030405060708 {digest} 00 00000000"),
                "Mine(Receiver)",
            ),
            ("not the first", "38 0102030405060708 00 00000001".into(), "NotMine"),
            ("another length", client + "00", "NotMine"),
        ] {
            let want = if want == "NotMine" { want.to_owned() } else { tool.to_owned() + want };
            assert_eq!(datagram(&DATAGRAMS, (1, 1194), &hex(&payload)), want + "\n", "{name}");
        }
    }

    #[test]
    fn hears_it_behind_a_length() {
        let client = hex("000e 38 0102030405060708 00 00000000");
        assert_eq!(probes(&PROTOCOL, &client, b""), Probe::Mine);
        assert_eq!(probes(&PROTOCOL, &client[..9], b""), Probe::NeedMore);
        assert_eq!(probes(&PROTOCOL, b"GET / HTTP/1.1\r\n", b""), Probe::NotMine);
        let found = stream(&PROTOCOL, &[(Direction::ToServer, &client)]);
        assert_eq!(found, "sender remote_access_tool = \"OpenVPN\" P_CONTROL_HARD_RESET @2+1\n");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            datagram(&DATAGRAMS, (1, 1194), &bytes);
            stream(&PROTOCOL, &[(Direction::ToServer, &bytes), (Direction::ToClient, &bytes)]);
        }
    }
}
