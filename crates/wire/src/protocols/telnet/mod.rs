//! Telnet: what a server shows before it asks who is there.
//!
//! Source:  RFC 854 (commands), RFC 855 (options).
//! Input:   both directions from the first byte.
//! Output:  text before the first login prompt, the host name in that prompt, that a password
//!          was asked for and answered.
//! Limits:  [`BANNER_BYTES_MAX`], [`LOGIN_BYTES_MAX`].
//! Privacy: nothing the client types is copied. Text is copied only where a login prompt follows
//!          it; what comes after the prompt, or without one, may concern patients and is not.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};

/// Telnet over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[23, 2323],
    probe,
    open: || Box::<Dissector>::default(),
    fields: FIELDS,
};

/// Every field that Telnet yields.
pub const FIELDS: &[Field] = &[BANNER, HOST, LOGIN];

/// Decides from the negotiation of options with which either side starts.
fn probe(opening: &Opening<'_>) -> Probe {
    let sides = [opening.to_server, opening.to_client];
    if sides.iter().any(|side| negotiates(side) == Some(true)) {
        return Probe::Mine;
    }
    let open = sides.iter().all(|side| negotiates(side).is_none());
    if open { Probe::NeedMore } else { Probe::NotMine }
}

/// Whether the first bytes are an option negotiation; `None` where there are too few.
fn negotiates(side: &[u8]) -> Option<bool> {
    let [first, rest @ ..] = side else { return None };
    if *first != IAC {
        return Some(false);
    }
    let [verb, rest @ ..] = rest else { return None };
    if !(SB..=DONT).contains(verb) {
        return Some(false);
    }
    rest.first().map(|option| *option <= OPTION_MAX || *option == IAC)
}

/// Reads one connection up to the login.
#[derive(Default)]
struct Dissector {
    phase: Phase,
    /// Data bytes looked at since the first prompt.
    seen: usize,
    /// The last data bytes from the server, in lower case.
    tail: [u8; TAIL_BYTES],
}

#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Phase {
    /// Before the first prompt.
    #[default]
    Banner,
    /// A name was asked for; the password comes next.
    Name,
    /// A password was asked for.
    Password,
    /// The client answered.
    Answered,
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        match (direction, self.phase) {
            (Direction::ToServer, _) => self.read_client(input),
            (Direction::ToClient, Phase::Banner) => self.read_banner(input, sink),
            (Direction::ToClient, Phase::Name) => self.read_until_password(input),
            (Direction::ToClient, Phase::Password) => Self::used(&Data::read(input), input),
            (Direction::ToClient, Phase::Answered) => {
                sink.found(&LOGIN, About::Sender, NAME, 0..0);
                sink.found(&LOGIN, About::Receiver, NAME, 0..0);
                Step::Done
            }
        }
    }
}

impl Dissector {
    fn read_client(&mut self, input: &[u8]) -> Step {
        let data = Data::read(input);
        if !data.bytes.is_empty() && self.phase == Phase::Password {
            self.phase = Phase::Answered;
        }
        Self::used(&data, input)
    }

    /// A command that is still open waits for its end, but not for ever.
    fn used(data: &Data, input: &[u8]) -> Step {
        let waits = input.len() - data.used;
        if waits > BANNER_BYTES_MAX {
            Step::OverLimit("open command")
        } else {
            Step::Used(data.used)
        }
    }

    /// Nothing is used until the prompt is there, so that the range of the text is known.
    fn read_banner(&mut self, input: &[u8], sink: &mut dyn Sink) -> Step {
        let window = input.get(..BANNER_BYTES_MAX).unwrap_or(input);
        let data = Data::read(window);
        let Some(prompt) = Prompt::find(&data.bytes) else {
            let full = window.len() == BANNER_BYTES_MAX;
            return if full { Step::Done } else { Step::Used(0) };
        };
        let place = |index: usize| data.bytes.get(index).map_or(0, |(_, place)| *place);
        let (start, line, end) = (place(0), place(prompt.line), place(prompt.colon));
        let shown = data.bytes.get(..prompt.line).unwrap_or_default();
        sink.found_bytes(&BANNER, About::Sender, &flat(shown), start..line);
        let asked = data.bytes.get(prompt.line..prompt.colon).unwrap_or_default();
        if let Some(name) = host_name(&flat(asked)) {
            sink.found(&HOST, About::Sender, &name, line..end);
        }
        self.phase = if prompt.is_password { Phase::Password } else { Phase::Name };
        Step::Used(end + 1)
    }

    fn read_until_password(&mut self, input: &[u8]) -> Step {
        let data = Data::read(input);
        for (byte, place) in &data.bytes {
            self.seen += 1;
            if *byte == b':' && ends_with_word(&self.tail, PASSWORD_WORDS) {
                self.phase = Phase::Password;
                return Step::Used(place + 1);
            }
            if self.seen > LOGIN_BYTES_MAX {
                return Step::Done;
            }
            self.tail.rotate_left(1);
            if let Some(last) = self.tail.last_mut() {
                *last = byte.to_ascii_lowercase();
            }
        }
        Self::used(&data, input)
    }
}

/// What is left when the commands are taken out.
struct Data {
    /// Every data byte, and where it stands in the input.
    bytes: Vec<(u8, usize)>,
    /// Bytes of the input up to a command that is still open.
    used: usize,
}

impl Data {
    fn read(input: &[u8]) -> Self {
        let mut data = Self { bytes: Vec::new(), used: 0 };
        while let Some(byte) = input.get(data.used) {
            if *byte != IAC {
                data.bytes.push((*byte, data.used));
                data.used += 1;
                continue;
            }
            match command_length(input.get(data.used..).unwrap_or_default()) {
                Some(length) => data.used += length,
                None => break,
            }
        }
        data
    }
}

/// Bytes of the command at the front; `None` where its end is still to come.
fn command_length(input: &[u8]) -> Option<usize> {
    match *input.get(1)? {
        SB => Some(memchr::memmem::find(input, &[IAC, SE])? + 2),
        WILL..=DONT => input.get(2).map(|_| 3),
        _ => Some(2),
    }
}

/// Where a server asks for a name or a password.
#[derive(Debug, Eq, PartialEq)]
struct Prompt {
    /// Index of the first data byte of its line.
    line: usize,
    /// Index of its colon.
    colon: usize,
    is_password: bool,
}

impl Prompt {
    fn find(bytes: &[(u8, usize)]) -> Option<Self> {
        let lower: Vec<u8> = bytes.iter().map(|(byte, _)| byte.to_ascii_lowercase()).collect();
        memchr::memchr_iter(b':', &lower).find_map(|colon| {
            let before = lower.get(..colon)?;
            let is_password = ends_with_word(before, PASSWORD_WORDS);
            let asks = is_password || ends_with_word(before, NAME_WORDS);
            let line = memchr::memrchr2(b'\n', b'\r', before).map_or(0, |end| end + 1);
            asks.then_some(Self { line, colon, is_password })
        })
    }
}

fn ends_with_word(text: &[u8], words: &[&str]) -> bool {
    let text = text.trim_ascii_end();
    words.iter().any(|word| text.ends_with(word.as_bytes()))
}

/// The text without terminal sequences, its lines joined by one blank.
fn flat(bytes: &[(u8, usize)]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut escape = Escape::None;
    for (byte, _) in bytes {
        escape = match (escape, byte) {
            (Escape::None, 0x1b) => Escape::Start,
            (Escape::Start, b'[') | (Escape::Sequence, 0x20..=0x3f) => Escape::Sequence,
            (Escape::None, _) => {
                let blank = byte.is_ascii_whitespace() || byte.is_ascii_control();
                match (blank, out.last()) {
                    (true, None | Some(b' ')) => {}
                    (true, Some(_)) => out.push(b' '),
                    (false, _) => out.push(*byte),
                }
                Escape::None
            }
            _ => Escape::None,
        };
    }
    out
}

/// Where in a terminal sequence (ECMA-48 section 5.4) we are.
#[derive(Clone, Copy)]
enum Escape {
    None,
    Start,
    Sequence,
}

/// The name in `ct1 login`.
fn host_name(asked: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(asked).ok()?;
    let mut words = text.split_ascii_whitespace();
    let (name, login) = (words.next()?, words.next()?);
    let is_host = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        && !NOT_HOSTS.iter().any(|word| name.eq_ignore_ascii_case(word));
    let fits = is_host && login.eq_ignore_ascii_case("login") && words.next().is_none();
    let host = name.split('.').next().unwrap_or(name);
    (fits && !host.is_empty()).then(|| host.to_owned())
}

const NAME: &str = "telnet";

/// Commands, RFC 854.
const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const DONT: u8 = 254;
const IAC: u8 = 255;
/// Highest option number assigned by IANA in the main range.
const OPTION_MAX: u8 = 49;

const NAME_WORDS: &[&str] =
    &["login", "username", "user name", "user id", "userid", "user", "account"];
const PASSWORD_WORDS: &[&str] = &["password", "passcode", "passwd"];
/// Words before `login` that are no host name.
const NOT_HOSTS: &[&str] = &["user", "please", "enter", "your", "system", "admin", "the"];

/// Longer than any word in [`PASSWORD_WORDS`] with blanks behind it.
const TAIL_BYTES: usize = 16;

/// Most bytes before the first prompt, commands included. Legal notices stay below 3 KiB.
pub const BANNER_BYTES_MAX: usize = 4096;

/// Most data bytes between the prompts for name and password.
pub const LOGIN_BYTES_MAX: usize = 4096;

const BANNER: Field = Field::new(
    NAME,
    "banner",
    Attribute::TelnetBanner,
    Confidence::STATED,
    "text that the server shows before its first login prompt",
);
const HOST: Field = Field::new(
    NAME,
    "prompt",
    Attribute::Hostname,
    Confidence::LIKELY,
    "the word before `login:` in the first prompt, as Unix systems show their name",
);
const LOGIN: Field = Field::new(
    NAME,
    "login",
    Attribute::ClearTextLogin,
    Confidence::STRONG,
    "a password was asked for and answered without encryption; whether it was right is not read",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{probe as probes, stream};

    const OPTIONS: &[u8] = b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0\xff\xfb\x01";

    #[test]
    fn reads_up_to_the_prompt() {
        let banner =
            [OPTIONS, b"\x1b[2J\r\nAcme CT\r\n\r\n  Linux 2.6\r\nct1.clinic login: "].concat();
        let login = "sender clear_text_login = \"telnet\" login @LAST+0\n\
                     receiver clear_text_login = \"telnet\" login @LAST+0\nend: Done\n";
        for (row, turns, want) in [
            (
                "login",
                vec![
                    (ToServer, b"\xff\xfb\x18".as_slice()),
                    (ToClient, &banner),
                    (ToServer, b"jane\r"),
                    (ToClient, b"jane\r\nPassword: "),
                    (ToServer, b"hunter2\r"),
                    (ToClient, b"Last patient: Doe^Jane"),
                ],
                format!(
                    "sender telnet_banner = \"Acme CT Linux 2.6\" banner @12+30\n\
                     sender hostname = \"ct1\" prompt @42+16\n{}",
                    login.replace("LAST", "76")
                ),
            ),
            (
                "password only",
                vec![
                    (ToClient, b"User Access Verification\r\n\r\nPassword: ".as_slice()),
                    (ToServer, b"\xff\xfc\x01"),
                    (ToClient, b"\xff\xfb"),
                    (ToClient, b"\x01"),
                    (ToServer, b"x"),
                    (ToClient, b"\r\n"),
                ],
                format!(
                    "sender telnet_banner = \"User Access Verification\" banner @0+28\n{}",
                    login.replace("LAST", "41")
                ),
            ),
            (
                "no prompt, no text",
                vec![(ToClient, b"Patient Doe^Jane 1970\r\n".as_slice())],
                String::new(),
            ),
            ("too much text", vec![(ToClient, [b'x'; 5000].as_slice())], "end: Done\n".to_owned()),
        ] {
            assert_eq!(stream(&PROTOCOL, &turns), want, "{row}");
        }
    }

    #[test]
    fn knows_a_host_name() {
        for (asked, want) in [
            ("ct1 login", Some("ct1")),
            ("Please login", None),
            ("Login", None),
            ("Jane Doe login", None),
        ] {
            assert_eq!(host_name(asked.as_bytes()).as_deref(), want, "{asked}");
        }
    }

    #[test]
    fn probes_by_content() {
        for (row, client, server, want) in [
            ("server", b"".as_slice(), OPTIONS, Probe::Mine),
            ("client", OPTIONS, b"", Probe::Mine),
            ("start", b"", b"\xff", Probe::NeedMore),
            ("not a verb", b"", b"\xff\x01\x02", Probe::NotMine),
            ("text", b"", b"login: ", Probe::NotMine),
        ] {
            assert_eq!(probes(&PROTOCOL, client, server), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(a: Vec<u8>, b in "[\\xff\\xf0-\\xff a-z:\r\n]{0,60}", c: Vec<u8>) {
            let b: Vec<u8> = b.chars().map(|c| c as u8).collect();
            let turns = [(ToClient, a.as_slice()), (ToServer, &b), (ToClient, &b), (ToClient, &c)];
            stream(&PROTOCOL, &turns);
            probes(&PROTOCOL, &a, &b);
        }
    }
}
