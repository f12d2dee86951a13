//! SOCKS: what a proxy is asked to carry.
//!
//! Source:  RFC 1928 (version 5), RFC 1929 (name and password), "SOCKS 4A" (NEC, 1996).
//! Input:   both directions from the first byte.
//! Output:  that a password was sent in clear. What the proxy carries is read as if the connection
//!          began there.
//! Limits:  a method of authentication that wraps what follows ends the reading.
//! Privacy: names and passwords are passed over.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::reader::Reader;

/// SOCKS over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[1080],
    probe,
    open: || Box::<Socks>::default(),
    fields: FIELDS,
};

/// What a proxy tells.
pub const FIELDS: &[Field] = &[LOGIN];

const LOGIN: Field = Field::new(
    NAME,
    "METHOD 02",
    Attribute::ClearTextLogin,
    Confidence::STATED,
    "a name and a password were accepted without encryption (RFC 1929 section 2)",
);

/// Both sides must agree on it: a client's first bytes alone prove little.
fn probe(opening: &Opening<'_>) -> Probe {
    match (greeting(opening.to_server), opening.to_client) {
        (Greeting::None, _) => Probe::NotMine,
        (_, []) | (Greeting::NeedMore, _) | (Greeting::Five, [5]) | (Greeting::Four, [0]) => {
            Probe::NeedMore
        }
        (Greeting::Five, [5, 0..=9 | 0x80.., ..]) | (Greeting::Four, [0, 90..=93, ..]) => {
            Probe::Mine
        }
        _ => Probe::NotMine,
    }
}

enum Greeting {
    Five,
    Four,
    NeedMore,
    None,
}

fn greeting(input: &[u8]) -> Greeting {
    match input {
        [] | [4 | 5] => Greeting::NeedMore,
        [5, count @ 1..=16, methods @ ..] => match methods.len().cmp(&usize::from(*count)) {
            _ if !methods.iter().all(|method| matches!(method, 0..=9 | 0x80..)) => Greeting::None,
            std::cmp::Ordering::Less => Greeting::NeedMore,
            std::cmp::Ordering::Equal => Greeting::Five,
            std::cmp::Ordering::Greater => Greeting::None,
        },
        [4, 1 | 2, rest @ ..] => match rest.get(6..) {
            Some(names) if names.contains(&0) => Greeting::Four,
            _ if input.len() < NAMES_BYTES_MAX => Greeting::NeedMore,
            _ => Greeting::None,
        },
        _ => Greeting::None,
    }
}

/// How far both sides are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Stage {
    #[default]
    Greeting,
    /// The proxy chooses how the client proves itself.
    Method,
    Password,
    Proof,
    Request,
    Answer,
    /// The answer of version 4 is all that is to come.
    AnswerOfFour,
}

#[derive(Default)]
struct Socks {
    stage: Stage,
}

impl StreamDissector for Socks {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let mut reader = Reader::new(input);
        let from_client = direction == Direction::ToServer;
        let turn = matches!(self.stage, Stage::Greeting | Stage::Password | Stage::Request);
        if from_client != turn {
            return Step::Used(0);
        }
        let next = match self.stage {
            Stage::Greeting => first(&mut reader),
            Stage::Method => method(&mut reader),
            Stage::Password => password(&mut reader),
            Stage::Proof => proof(&mut reader, sink),
            Stage::Request => message(&mut reader).map(|_| Some(Stage::Answer)),
            Stage::Answer | Stage::AnswerOfFour => return self.answer(&mut reader),
        };
        match next {
            None => Step::Used(0),
            Some(None) => Step::Done,
            Some(Some(stage)) => {
                self.stage = stage;
                Step::Used(reader.position())
            }
        }
    }
}

impl Socks {
    /// The proxy says whether it carries on: what follows is the other protocol.
    fn answer(&self, reader: &mut Reader<'_>) -> Step {
        let granted = match self.stage {
            Stage::AnswerOfFour => reader.array::<8>().map(|[_, code, ..]| code == 90),
            _ => message(reader).map(|code| code == 0),
        };
        match granted {
            None => Step::Used(0),
            Some(true) => Step::Wrapped(reader.position()),
            Some(false) => Step::Done,
        }
    }
}

/// Nothing where more bytes are needed; an inner nothing where there is no more to read.
type Next = Option<Option<Stage>>;

fn first(reader: &mut Reader<'_>) -> Next {
    if reader.u8()? == 4 {
        let [_, _, _, a, b, c, d] = reader.array::<7>()?;
        let named = [a, b, c] == [0; 3] && d != 0;
        for _ in 0..=usize::from(named) {
            let end = reader.rest().iter().position(|byte| *byte == 0)?;
            reader.skip(end + 1)?;
        }
        return Some(Some(Stage::AnswerOfFour));
    }
    let count = reader.u8()?;
    reader.skip(usize::from(count))?;
    Some(Some(Stage::Method))
}

fn method(reader: &mut Reader<'_>) -> Next {
    let [_, method] = reader.array::<2>()?;
    Some(match method {
        0 => Some(Stage::Request),
        2 => Some(Stage::Password),
        _ => None,
    })
}

fn password(reader: &mut Reader<'_>) -> Next {
    reader.skip(1)?;
    for _ in 0..2 {
        let length = reader.u8()?;
        reader.skip(usize::from(length))?;
    }
    Some(Some(Stage::Proof))
}

fn proof(reader: &mut Reader<'_>, sink: &mut dyn Sink) -> Next {
    let [_, status] = reader.array::<2>()?;
    if status != 0 {
        return Some(None);
    }
    sink.found(&LOGIN, About::Sender, NAME, 0..2);
    Some(Some(Stage::Request))
}

/// A request or an answer of version 5; gives its code.
fn message(reader: &mut Reader<'_>) -> Option<u8> {
    let [_, code, _, kind] = reader.array::<4>()?;
    let length = match kind {
        1 => 4,
        4 => 16,
        _ => usize::from(reader.u8()?),
    };
    reader.skip(length + 2)?;
    Some(code)
}

const NAME: &str = "socks";

/// Longest request of version 4 with its names, in bytes.
const NAMES_BYTES_MAX: usize = 520;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{hex, probe as probes, stream};

    #[test]
    fn what_it_carries_follows() {
        let (open, chosen) = (hex("050100"), hex("0500"));
        let (request, granted) = (hex("05010001 c0000201 0050"), hex("05000001 00000000 0000"));
        let turns = [(ToServer, &open[..]), (ToClient, &chosen), (ToServer, &request)];
        let end = [turns.as_slice(), &[(ToClient, &granted)]].concat();
        assert_eq!(stream(&PROTOCOL, &end), "end: Wrapped(10)\n");
        let refused = hex("05050001 00000000 0000");
        let end = [turns.as_slice(), &[(ToClient, &refused)]].concat();
        assert_eq!(stream(&PROTOCOL, &end), "end: Done\n");
        let named = hex("0401 0050 00000001 616e6e61 00 686f7374 00");
        let turns = [(ToServer, &named[..]), (ToClient, &hex("005a 0050 00000000")[..])];
        assert_eq!(stream(&PROTOCOL, &turns), "end: Wrapped(8)\n");
    }

    #[test]
    fn a_password_is_told_and_not_read() {
        let turns = [
            (ToServer, hex("05020002")),
            (ToClient, hex("0502")),
            (ToServer, hex("01 04 616e6e61 03 736563")),
            (ToClient, hex("0100")),
        ];
        let turns: Vec<(Direction, &[u8])> =
            turns.iter().map(|(direction, bytes)| (*direction, &bytes[..])).collect();
        let want = "sender clear_text_login = \"socks\" METHOD 02 @2+2\n";
        assert_eq!(stream(&PROTOCOL, &turns), want);
    }

    #[test]
    fn both_sides_must_agree() {
        for (name, client, server, want) in [
            ("five", hex("050100"), hex("0500"), Probe::Mine),
            ("five, alone", hex("050100"), Vec::new(), Probe::NeedMore),
            ("four", hex("0401 0050 c0000201 00"), hex("005a00000000 0000"), Probe::Mine),
            ("another answer", hex("050100"), hex("485454"), Probe::NotMine),
            ("no method", hex("050163"), Vec::new(), Probe::NotMine),
        ] {
            assert_eq!(probes(&PROTOCOL, &client, &server), want, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(client: Vec<u8>, server: Vec<u8>) {
            let turns = [(ToServer, &client[..]), (ToClient, &server), (ToServer, &client)];
            stream(&PROTOCOL, &turns);
            probes(&PROTOCOL, &client, &server);
        }
    }
}
