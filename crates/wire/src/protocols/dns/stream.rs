//! DNS over TCP: messages behind two bytes of length.
//!
//! Source: RFC 1035 section 4.2.2; RFC 7766.
//! Limits: a message has at most 65,535 bytes, which fits the buffer of the core.

use super::message::HEADER_BYTES;
use super::{About, CLASS_IN, Message, Probe, ROLE, Sink, answers, plausible};
use crate::dissect::{Direction, Opening, Step, StreamDissector};
use crate::reader::Reader;

pub(super) fn probe(opening: &Opening<'_>) -> Probe {
    let verdicts = [(opening.to_server, false), (opening.to_client, true)]
        .map(|(bytes, response)| judge(bytes, response));
    Probe::of_sides(verdicts)
}

/// Judges the first message of one side. A question must be one question of a known class whose
/// name ends where the message does or before its additional records.
fn judge(bytes: &[u8], response: bool) -> Probe {
    let mut reader = Reader::new(bytes);
    let Some(size) = reader.u16_be().map(usize::from) else { return Probe::NeedMore };
    if !(MESSAGE_BYTES_MIN..=PROBE_MESSAGE_BYTES_MAX).contains(&size) {
        return Probe::NotMine;
    }
    let Some(message) = reader.take(size) else {
        return if header_may_be(reader.rest(), response) {
            Probe::NeedMore
        } else {
            Probe::NotMine
        };
    };
    let fits = plausible(message).is_some_and(|message| {
        let [questions, answers, authorities, _] = message.counts();
        let shape = response || (answers == 0 && authorities == 0);
        let class = message.entries().next().and_then(Result::ok).map(|entry| entry.class);
        let whole = message.entries().all(|entry| entry.is_ok());
        message.is_response() == response
            && shape
            && questions == 1
            && class == Some(CLASS_IN)
            && whole
    });
    if fits { Probe::Mine } else { Probe::NotMine }
}

fn header_may_be(start: &[u8], response: bool) -> bool {
    let Some(flags) = Reader::new(start.get(2..).unwrap_or_default()).u16_be() else { return true };
    let questions = Reader::new(start.get(4..).unwrap_or_default()).u16_be();
    (flags & 0x8000 != 0) == response && flags & 0x7840 == 0 && questions.is_none_or(|q| q == 1)
}

pub(super) fn open() -> Box<dyn StreamDissector> {
    Box::new(Messages { role_told: false })
}

struct Messages {
    role_told: bool,
}

impl StreamDissector for Messages {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let mut reader = Reader::new(input);
        let Some(size) = reader.u16_be().map(usize::from) else { return Step::Used(0) };
        if direction == Direction::ToServer {
            return Step::Skip(size as u64 + 2);
        }
        let Some(bytes) = reader.take(size) else { return Step::Used(0) };
        let Some(message) = Message::read(bytes).filter(Message::is_response) else {
            return Step::Malformed("no response where one should stand");
        };
        if !self.role_told {
            self.role_told = true;
            sink.found(&ROLE, About::Sender, "dns_server", 4..6);
        }
        match answers(&message, 2, sink) {
            Ok(()) => Step::Used(size + 2),
            Err(what) => Step::Malformed(what),
        }
    }
}

/// Longest first message that a probe waits for, in bytes. Below what a probe is shown; zone
/// transfers start with a short question all the same.
const PROBE_MESSAGE_BYTES_MAX: usize = 2000;

/// A header and the shortest question.
const MESSAGE_BYTES_MIN: usize = HEADER_BYTES + 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::OVER_TCP;
    use super::*;
    use crate::testing::{hex, probe, stream};

    const QUESTION: &str = "0015 1234 0100 0001 0000 0000 0000 03637431 00 0001 0001";
    const ANSWER: &str = "0025 1234 8180 0001 0001 0000 0000 03637431 00 0001 0001
        c00c 0001 0001 0000003c 0004 0a010203";

    #[test]
    fn probes() {
        let (question, answer) = (hex(QUESTION), hex(ANSWER));
        for (name, to_server, to_client, want) in [
            ("question", question.as_slice(), [].as_slice(), Probe::Mine),
            ("answer only", &[], &answer, Probe::Mine),
            ("start of a question", &question[..9], &[], Probe::NeedMore),
            ("nothing", &[], &[], Probe::NeedMore),
            ("other", b"GET / HTTP/1.1\r\n", &[], Probe::NotMine),
            ("server speaks otherwise", &question, b"220 ready\r\n", Probe::NotMine),
        ] {
            assert_eq!(probe(&OVER_TCP, to_server, to_client), want, "{name}");
        }
    }

    #[test]
    fn reads_every_response() {
        let (question, answer) = (hex(QUESTION), hex(ANSWER));
        let twice = [answer.clone(), answer.clone()].concat();
        let turns = [
            (Direction::ToServer, question.as_slice()),
            (Direction::ToClient, &twice),
            (Direction::ToClient, &question),
        ];
        assert_eq!(
            stream(&OVER_TCP, &turns),
            "sender role = \"dns_server\" response @4+2\n\
             10.1.2.3 hostname = \"ct1\" A/AAAA owner host @23+2\n\
             10.1.2.3 hostname = \"ct1\" A/AAAA owner host @62+2\n\
             end: Malformed(\"no response where one should stand\")\n"
        );
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            probe(&OVER_TCP, &bytes, &bytes);
            stream(&OVER_TCP, &[(Direction::ToClient, &bytes), (Direction::ToServer, &bytes)]);
        }
    }
}
