//! TeamViewer: recognised by the marks its messages start with.
//!
//! Source:  observation of nDPI's public capture `teamviewer.pcap`; the maker publishes no
//!          specification. Messages start with 17 24 or 11 30 over TCP; over UDP, 17 24 stands
//!          behind two counters.
//! Input:   the first bytes of a connection, or one datagram.
//! Output:  that both ends speak TeamViewer. The far end may be the maker's relay.
//! Limits:  nothing but the first message is read.
//! Privacy: nothing is copied.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Datagram, DatagramProtocol, Direction, Field, Heard, Opening, Probe, Server, Sink, Step,
    StreamDissector, StreamProtocol,
};
use crate::reader::Reader;

/// TeamViewer over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[5938],
    probe,
    open: || Box::new(Dissector),
    fields: FIELDS,
};

/// TeamViewer over UDP, straight from one end to the other.
pub const DATAGRAMS: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[5938], any_port: true, read, fields: FIELDS };

/// Every field that TeamViewer yields.
pub const FIELDS: &[Field] = &[TOOL];

/// Two bytes alone prove little: both sides must show a mark, or the client the whole start of
/// its first message.
fn probe(opening: &Opening<'_>) -> Probe {
    let sides = [opening.to_server, opening.to_client];
    if sides.iter().any(|side| !may_be_marked(side)) {
        return Probe::NotMine;
    }
    let both = sides.iter().all(|side| side.len() >= 2);
    if both || opening.to_server.starts_with(FIRST_MESSAGE) {
        return Probe::Mine;
    }
    Probe::NeedMore
}

fn may_be_marked(side: &[u8]) -> bool {
    let head = side.get(..2).unwrap_or(side);
    MARKS.iter().any(|mark| mark.starts_with(head))
}

struct Dissector;

impl StreamDissector for Dissector {
    fn read(&mut self, _direction: Direction, _input: &[u8], sink: &mut dyn Sink) -> Step {
        report(0..1, sink);
        Step::Done
    }
}

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(datagram.payload);
    let header = (reader.u32_le(), reader.u32_le(), reader.skip(2), reader.u8(), reader.array());
    let (Some(sent), Some(received), Some(()), Some(kind), Some([0x17, 0x24])) = header else {
        return Heard::NotMine;
    };
    if sent > COUNTER_MAX || received > COUNTER_MAX || !KINDS.contains(&kind) {
        return Heard::NotMine;
    }
    report(11..13, sink);
    Heard::Mine(Server::Unclear)
}

fn report(at: std::ops::Range<usize>, sink: &mut dyn Sink) {
    sink.found(&TOOL, About::Sender, "TeamViewer", at.clone());
    sink.found(&TOOL, About::Receiver, "TeamViewer", at);
}

const NAME: &str = "teamviewer";
const MARKS: &[[u8; 2]] = &[[0x17, 0x24], [0x11, 0x30]];
const FIRST_MESSAGE: &[u8] = &[0x17, 0x24, 0x0a, 0x20, 0, 0, 0, 0, 0, 0, 0, 0];
/// Kinds of datagram seen.
const KINDS: &[u8] = &[0x03, 0x04, 0x0b];
/// Counters start at nought with each session and never came near this.
const COUNTER_MAX: u32 = 1 << 24;

const TOOL: Field = Field::new(
    NAME,
    "message",
    Attribute::RemoteAccessTool,
    Confidence::STRONG,
    "the marks of TeamViewer's own protocol, as observed",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::ToServer;
    use crate::testing::{datagram, hex, probe as probes, stream};

    const FOUND: &str = "sender remote_access_tool = \"TeamViewer\" message @AT\n\
                         receiver remote_access_tool = \"TeamViewer\" message @AT\n";

    #[test]
    fn reports_both_ends() {
        let want = format!("{}end: Done\n", FOUND.replace("AT", "0+1"));
        assert_eq!(stream(&PROTOCOL, &[(ToServer, FIRST_MESSAGE)]), want);
    }

    #[test]
    fn hears_datagrams() {
        let mine = format!("{}Mine(Unclear)\n", FOUND.replace("AT", "11+2"));
        for (row, payload, want) in [
            ("first", "0000000000000000 0000 03 1724 4750", mine.as_str()),
            ("later", "0100000001000000 4426 0b 1724 7085", mine.as_str()),
            ("counter", "000000ff00000000 0000 03 1724 4750", "NotMine\n"),
            ("kind", "0000000000000000 0000 99 1724 4750", "NotMine\n"),
            ("short", "0000000000000000 0000 03 17", "NotMine\n"),
        ] {
            assert_eq!(datagram(&DATAGRAMS, (40_000, 40_001), &hex(payload)), want, "{row}");
        }
    }

    #[test]
    fn probes_by_content() {
        for (row, client, server, want) in [
            ("both", "17243c20", "1130", Probe::Mine),
            ("first message", "17240a2000000000000000004800", "", Probe::Mine),
            ("one side", "17243c20", "", Probe::NeedMore),
            ("start", "17", "", Probe::NeedMore),
            ("other", "1603", "", Probe::NotMine),
            ("other server", "1724", "48", Probe::NotMine),
        ] {
            assert_eq!(probes(&PROTOCOL, &hex(client), &hex(server)), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            datagram(&DATAGRAMS, (1, 2), &bytes);
            probes(&PROTOCOL, &bytes, &bytes);
        }
    }
}
