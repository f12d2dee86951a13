//! HL7 v2 over MLLP: which applications talk to each other.
//!
//! Source:  HL7 v2.x chapter 2 (MSH); HL7 Minimal Lower Layer Protocol, release 1.
//! Input:   one TCP connection of blocks 0x0B … 0x1C 0x0D, or of one bare message that starts
//!          with `MSH`.
//! Output:  sending and receiving application and facility, message type, version.
//! Limits:  a header of `msh::MSH_BYTES_MAX`; of a bare message only the first is read.
//! Privacy: behind the header nothing is looked at but the byte 0x1C that ends the block.

mod msh;
mod shape;

use model::{Answerable, Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};

use msh::{Msh, MshError};

/// HL7 v2 over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[2575, 6661],
    probe,
    open: || Box::new(Hl7::default()),
    fields: FIELDS,
};

/// Every field it yields.
pub const FIELDS: &[Field] = &[
    SENDING_APPLICATION,
    SENDING_FACILITY,
    RECEIVING_APPLICATION,
    RECEIVING_FACILITY,
    MESSAGE_TYPE,
    VERSION,
];

fn probe(opening: &Opening<'_>) -> Probe {
    let start = if opening.to_server.is_empty() { opening.to_client } else { opening.to_server };
    let start = start.strip_prefix(&[BLOCK_START]).unwrap_or(start);
    let (name, rest) = start.split_at(start.len().min(3));
    match rest {
        _ if !b"MSH".starts_with(name) => Probe::NotMine,
        [] | [_] => Probe::NeedMore,
        // MSH-1, and the first character of MSH-2, which must differ.
        [separator, component, ..] => {
            let marks = separator.is_ascii_punctuation() && component.is_ascii_punctuation();
            if marks && separator != component { Probe::Mine } else { Probe::NotMine }
        }
    }
}

/// One connection.
#[derive(Default)]
struct Hl7 {
    sides: [Place; 2],
}

/// Where the reader is in one direction.
#[derive(Clone, Copy, Default)]
enum Place {
    /// Before a block.
    #[default]
    Between,
    /// At the header of a message, in a block or bare.
    Header { bare: bool },
    /// Behind the header, where patients are.
    Body,
}

impl StreamDissector for Hl7 {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let mut front = 0;
        loop {
            let rest = input.get(front..).unwrap_or_default();
            let place = self.place(direction);
            let (used, next) = match *place {
                _ if rest.is_empty() => return Step::Used(front),
                Place::Between => between(rest),
                Place::Body => body(rest),
                Place::Header { bare } => match msh::parse(rest) {
                    Ok(msh) => {
                        report(&msh, front, sink);
                        if bare {
                            return Step::Done;
                        }
                        (msh.len(), Place::Body)
                    }
                    Err(MshError::Incomplete) => return Step::Used(front),
                    Err(error) => {
                        complain(error, sink);
                        (0, Place::Body)
                    }
                },
            };
            *place = next;
            front += used;
        }
    }

    fn gap(&mut self, direction: Direction, _missing: u64) -> Step {
        // The end of this block may be lost as well: the start of the next one is searched.
        *self.place(direction) = Place::Body;
        Step::Used(0)
    }
}

impl Hl7 {
    fn place(&mut self, direction: Direction) -> &mut Place {
        direction.side(&mut self.sides)
    }
}

/// Finds the start of the next message.
fn between(rest: &[u8]) -> (usize, Place) {
    match rest {
        [BLOCK_START, ..] => (1, Place::Header { bare: false }),
        [b'M', ..] => (0, Place::Header { bare: true }),
        [b'\r' | b'\n' | BLOCK_END, ..] => (1, Place::Between),
        _ => (0, Place::Body),
    }
}

/// Passes over everything up to the end of this block or the start of the next.
fn body(rest: &[u8]) -> (usize, Place) {
    match memchr::memchr2(BLOCK_END, BLOCK_START, rest) {
        Some(end) => (end, Place::Between),
        None => (rest.len(), Place::Body),
    }
}

fn report(msh: &Msh<'_>, front: usize, sink: &mut dyn Sink) {
    for (about, field, number) in [
        (About::Sender, &SENDING_APPLICATION, 3),
        (About::Sender, &SENDING_FACILITY, 4),
        (About::Receiver, &RECEIVING_APPLICATION, 5),
        (About::Receiver, &RECEIVING_FACILITY, 6),
        (About::Sender, &VERSION, 12),
    ] {
        // HD: a local name, or a universal identifier in its place.
        let Some((value, at)) = msh.component(number, 1).or(msh.component(number, 2)) else {
            continue;
        };
        sink.found_bytes(field, about, value, front + at.start..front + at.end);
    }
    let Some((code, at)) = msh.component(9, 1) else { return };
    let Some(code) = crate::text::clean(code) else { return };
    let event = msh.component(9, 2);
    let end = event.as_ref().map_or(at.end, |(_, at)| at.end);
    let event = event.and_then(|(event, _)| crate::text::clean(event));
    let kind = event.map_or(code.to_string(), |event| format!("{code}^{event}"));
    sink.found_text(&MESSAGE_TYPE, About::Sender, &kind, front + at.start..front + end);
}

fn complain(error: MshError, sink: &mut dyn Sink) {
    let (what, answerable) = match error {
        MshError::TooLong => ("message header over limit", Answerable::Us),
        MshError::BadDelimiter => ("message header with bad delimiters", Answerable::Sender),
        MshError::Incomplete | MshError::NotHl7 => {
            ("block without a message header", Answerable::Sender)
        }
    };
    sink.odd(NAME, what, answerable);
}

const NAME: &str = "hl7";

const SENDING_APPLICATION: Field = Field::new(
    NAME,
    "MSH-3",
    Attribute::Hl7Application,
    Confidence::STATED,
    "chapter 2: sending application, first component",
);
const SENDING_FACILITY: Field = Field::new(
    NAME,
    "MSH-4",
    Attribute::Hl7Facility,
    Confidence::STATED,
    "chapter 2: sending facility, first component",
);
const RECEIVING_APPLICATION: Field = Field::new(
    NAME,
    "MSH-5",
    Attribute::Hl7Application,
    Confidence::LIKELY,
    "chapter 2: receiving application as the sender names it",
);
const RECEIVING_FACILITY: Field = Field::new(
    NAME,
    "MSH-6",
    Attribute::Hl7Facility,
    Confidence::LIKELY,
    "chapter 2: receiving facility as the sender names it",
);
const MESSAGE_TYPE: Field = Field::new(
    NAME,
    "MSH-9",
    Attribute::Hl7MessageType,
    Confidence::STATED,
    "chapter 2: message code and trigger event",
);
const VERSION: Field =
    Field::new(NAME, "MSH-12", Attribute::Hl7Version, Confidence::STATED, "chapter 2: version");

const BLOCK_START: u8 = 0x0B;
const BLOCK_END: u8 = 0x1C;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::protocols::dicom::lab;
    use crate::testing::{probe, stream};

    const ORU: &[u8] = b"\x0bMSH|^~\\&|ANALYZER|LAB|LIS^1.2^ISO|^9.9|2026||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||CANARY\r\x1c\r";
    const ACK: &[u8] = b"\x0bMSH|^~\\&|LIS||ANALYZER||2026||ACK|1|P|2.5.1\rMSA|AA|1\r\x1c\r";
    const ORU_FOUND: &str = "\
sender hl7_application = \"ANALYZER\" MSH-3 @10+8
sender hl7_facility = \"LAB\" MSH-4 @19+3
receiver hl7_application = \"LIS\" MSH-5 @23+3
receiver hl7_facility = \"9.9\" MSH-6 @36+3
sender hl7_version = \"2.5.1\" MSH-12 @66+5
sender hl7_message_type = \"ORU^R01\" MSH-9 @46+7
";

    #[test]
    #[rustfmt::skip]
    fn reads_headers_in_both_directions() {
        let ack = "\
sender hl7_application = \"LIS\" MSH-3 @10+3
receiver hl7_application = \"ANALYZER\" MSH-5 @15+8
sender hl7_version = \"2.5.1\" MSH-12 @39+5
sender hl7_message_type = \"ACK\" MSH-9 @31+3
";
        let long = [b"\x0bMSH|", [b'A'; 5000].as_slice(), b"\x1c\r", ACK].concat();
        let bad = [b"\x0bMSH|^\rPID|CANARY\r\x1c\r".as_slice(), b"\x0bPID|CANARY\x1c\r"].concat();
        for (name, turns, want) in [
            ("a message and its answer", vec![(ToServer, ORU), (ToClient, ACK)], format!("{ORU_FOUND}{ack}")),
            ("bare", vec![(ToServer, &ORU[1..])], format!("{}end: Done\n", shift(ORU_FOUND, 0))),
            ("no 0x0D at the end", vec![(ToServer, &ACK[..ACK.len() - 1]), (ToServer, ORU)], format!("{ack}{}", shift(ORU_FOUND, ACK.len()))),
            ("no end at all", vec![(ToServer, &ACK[..ACK.len() - 2]), (ToServer, ORU)], format!("{ack}{}", shift(ORU_FOUND, ACK.len() - 1))),
            ("stray bytes before", vec![(ToServer, b"xx\x0c\r\n".as_slice()), (ToServer, ORU)], shift(ORU_FOUND, 6)),
            ("header too long", vec![(ToServer, long.as_slice())], format!("odd hl7: message header over limit (Us)\n{}", shift(ack, 5008))),
            ("broken headers", vec![(ToServer, bad.as_slice())], "odd hl7: message header with bad delimiters (Sender)\nodd hl7: block without a message header (Sender)\n".to_owned()),
        ] {
            assert_eq!(stream(&PROTOCOL, &turns), want, "{name}");
        }
    }

    /// The transcript as it is where the header stands at `front` instead of 1.
    fn shift(transcript: &str, front: usize) -> String {
        let line = |line: &str| {
            let (text, place) = line.split_once('@').unwrap();
            let (start, length) = place.split_once('+').unwrap();
            format!("{text}@{}+{length}\n", start.parse::<usize>().unwrap() - 1 + front)
        };
        transcript.lines().map(line).collect()
    }

    #[test]
    fn decides_by_content() {
        for (name, to_server, to_client, want) in [
            ("a block", ORU, b"".as_slice(), Probe::Mine),
            ("an answer alone", b"", ACK, Probe::Mine),
            ("bare", b"MSH|^~\\&|", b"", Probe::Mine),
            ("not yet", b"\x0bMS", b"", Probe::NeedMore),
            ("nothing", b"", b"", Probe::NeedMore),
            ("a word", b"MSHELL", b"", Probe::NotMine),
            ("equal marks", b"MSH||", b"", Probe::NotMine),
            ("another block", b"\x0bFHS|", b"", Probe::NotMine),
        ] {
            assert_eq!(probe(&PROTOCOL, to_server, to_client), want, "{name}");
        }
    }

    #[test]
    fn goes_on_behind_a_gap() {
        let mut transcript = crate::testing::Transcript::default();
        let mut hl7 = Hl7::default();
        assert_eq!(hl7.read(ToServer, &ORU[..20], &mut transcript), Step::Used(1));
        assert_eq!(hl7.gap(ToServer, 30), Step::Used(0));
        let rest = [&ORU[80..], ORU].concat();
        assert_eq!(hl7.read(ToServer, &rest, &mut transcript), Step::Used(rest.len()));
        assert_eq!(transcript.lines, shift(ORU_FOUND, ORU.len() - 79));
    }

    /// What ends a header, or is written where one should end.
    const ENDS: &[(&str, &[u8])] = &[
        ("carriage return", b"\r"),
        ("line feed", b"\n"),
        ("both", b"\r\n"),
        ("tab", b"\t"),
        ("nul", b"\0"),
        ("block start", b"\x0b"),
        ("block end", b"\x1c"),
        ("delete", b"\x7f"),
        ("next line", b"\xc2\x85"),
        ("next line in one byte", b"\x85"),
        ("line separator", b"\xe2\x80\xa8"),
        ("paragraph separator", b"\xe2\x80\xa9"),
        ("\\n", b"\\n"),
        ("\\r", b"\\r"),
        ("\\r\\n", b"\\r\\n"),
        ("\\X0D\\", b"\\X0D\\"),
        ("\\x0a\\", b"\\x0a\\"),
        ("\\X0D0A\\", b"\\X0D0A\\"),
        ("\\.br\\", b"\\.br\\"),
        ("<cr>", b"<cr>"),
        ("<CR><LF>", b"<CR><LF>"),
        ("entity", b"&#13;"),
    ];

    const HEADER: &[u8] = b"MSH|^~\\&|ANALYZER|LAB|LIS|HOSP|2026||ORU^R01|1|P|2.5.1";
    const BEHIND: &[u8] =
        b"PID|CANARY|CANARY|CANARY^X|CANARY|CAN^ARY|2.9|CAN^ARY|CAN|CANARY\r\x1c\r";

    /// The message in a block, or bare, its header cut to `kept` bytes and ended so.
    fn message(start: &[u8], kept: usize, end: &[u8]) -> Vec<u8> {
        [start, &HEADER[..kept], end, BEHIND].concat()
    }

    /// Nothing behind the header is told: neither a word of it nor a place in it.
    fn is_silent_behind(found: &str, end: usize) -> bool {
        let place = |line: &str| {
            let (start, length) = line.rsplit_once('@')?.1.split_once('+')?;
            Some(start.parse::<usize>().ok()? + length.parse::<usize>().ok()?)
        };
        ["CAN", "ARY", "PID", "2.9"].iter().all(|word| !found.contains(word))
            && found.lines().filter_map(place).all(|place| place <= end)
    }

    #[test]
    fn a_header_ends_at_each_end_and_is_read_before_it() {
        for (name, end) in ENDS {
            let found = stream(&PROTOCOL, &[(ToServer, &message(b"\x0b", HEADER.len(), end))]);
            assert!(is_silent_behind(&found, 1 + HEADER.len()), "{name}: {found}");
            for value in ["\"ANALYZER\"", "\"HOSP\"", "\"ORU^R01\"", "\"2.5.1\""] {
                assert!(found.contains(value), "{name}: {found}");
            }
        }
    }

    /// Whatever is cut off the header, what follows does not fill its fields.
    #[test]
    fn a_short_header_is_not_continued() {
        for (name, end) in ENDS {
            for start in [b"\x0b".as_slice(), b""] {
                for kept in 3..=HEADER.len() {
                    let bytes = message(start, kept, end);
                    let found = stream(&PROTOCOL, &[(ToServer, &bytes)]);
                    assert!(is_silent_behind(&found, start.len() + kept), "{name} {kept}: {found}");
                }
            }
        }
    }

    proptest! {
        /// A piece that is lost, anywhere, is never bridged; neither is the border of two reads.
        #[test]
        fn nothing_bridges_what_is_lost(
            end in prop::sample::select(ENDS.to_vec()),
            kept in 3..=HEADER.len(),
            border in 0_usize..120,
            lost in 0_usize..60,
        ) {
            let bytes = message(b"\x0b", kept, end.1);
            let (before, after) = bytes.split_at(border.min(bytes.len()));
            let found = stream(&PROTOCOL, &[(ToServer, before), (ToServer, after)]);
            prop_assert!(is_silent_behind(&found, 1 + kept), "{found}");

            let mut transcript = crate::testing::Transcript::default();
            let mut hl7 = Hl7::default();
            hl7.read(ToServer, before, &mut transcript);
            hl7.gap(ToServer, lost as u64);
            hl7.read(ToServer, &after[lost.min(after.len())..], &mut transcript);
            prop_assert!(is_silent_behind(&transcript.lines, 1 + kept), "{}", transcript.lines);
        }

        #[test]
        fn hostile_bytes_never_panic(
            noise in prop::collection::vec(prop::sample::select(b"\x0b\x1c\r|^MSH\0\xff".to_vec()), 0..400),
        ) {
            stream(&PROTOCOL, &[(ToServer, &noise), (ToClient, &noise)]);
            stream(&PROTOCOL, &[(ToServer, &[b"\x0bMSH|^~\\&|", noise.as_slice()].concat())]);
        }
    }

    fn values(found: &str, attribute: &str) -> BTreeSet<String> {
        let lines = found.lines().filter(|line| line.contains(&format!(" {attribute} ")));
        lines.filter_map(|line| line.split('"').nth(1).map(str::to_owned)).collect()
    }

    fn found_in(capture: &str) -> Option<String> {
        let connections = lab::connections(capture)?;
        Some(connections.iter().map(|turns| stream(&PROTOCOL, &lab::borrowed(turns))).collect())
    }

    /// The fields of the header are those that tshark reads, and no patient is among them.
    #[test]
    fn agrees_with_tshark_on_the_lab_capture() {
        const CAPTURE: &str = "lab/hl7_mllp_adt_orm_oru.pcap";
        let names = ["hl7.message.type", "hl7.event.type", "hl7.field"];
        let Some(rows) = lab::fields(CAPTURE, "hl7", &names) else { return };
        let Some(found) = found_in(CAPTURE) else { return };
        let types = rows.iter().map(|row| format!("{}^{}", row[0], row[1]));
        assert_eq!(values(&found, "hl7_message_type"), types.collect());
        let fields: BTreeSet<&str> = rows.iter().flat_map(|row| row[2].split(',')).collect();
        for attribute in ["hl7_application", "hl7_facility", "hl7_version"] {
            let values = values(&found, attribute);
            assert!(!values.is_empty(), "{attribute}");
            assert!(values.iter().all(|value| fields.contains(value.as_str())), "{values:?}");
        }
        assert!(!found.contains("PATIENT") && !found.contains("TP0001"), "{found}");
    }

    #[test]
    fn reads_a_real_message_and_its_answer() {
        let Some(found) = found_in("ndpi/hl7.pcap") else { return };
        let types = values(&found, "hl7_message_type");
        assert!(types.iter().any(|kind| kind.starts_with("ADT")), "{found}");
        assert!(types.iter().any(|kind| kind.starts_with("ACK")), "{found}");
    }
}
