//! Mail: SMTP, POP3 and IMAP, and that somebody logged in without encryption.
//!
//! Source:  RFC 5321 section 4.2 and RFC 4954 section 4 (SMTP), RFC 1939 sections 4 and 7 (POP3),
//!          RFC 3501 sections 6.2.3 and 7.1 (IMAP).
//! Input:   both directions from the first byte.
//! Output:  that a login succeeded.
//! Limits:  [`LINE_BYTES_MAX`], [`LINES_MAX`].
//! Privacy: no text of either side is copied; of a line only its verb and status are looked at.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol, until,
};

/// SMTP over TCP.
pub const SMTP: StreamProtocol = StreamProtocol {
    name: "smtp",
    ports: &[25, 587],
    probe: |opening| probe(opening, &SMTP_WORDS),
    open: || Box::new(Dissector::new(&SMTP_WORDS)),
    fields: &[SMTP_WORDS.login],
};

/// POP3 over TCP.
pub const POP3: StreamProtocol = StreamProtocol {
    name: "pop3",
    ports: &[110],
    probe: |opening| probe(opening, &POP3_WORDS),
    open: || Box::new(Dissector::new(&POP3_WORDS)),
    fields: &[POP3_WORDS.login],
};

/// IMAP over TCP.
pub const IMAP: StreamProtocol = StreamProtocol {
    name: "imap",
    ports: &[143],
    probe: |opening| probe(opening, &IMAP_WORDS),
    open: || Box::new(Dissector::new(&IMAP_WORDS)),
    fields: &[IMAP_WORDS.login],
};

/// What tells one mail protocol from the next.
struct Words {
    greeting: &'static [u8],
    /// Where the greeting is shared with others, the client's first words decide.
    first: &'static [&'static [u8]],
    /// Words of the client that start a login with a password.
    logs_in: &'static [&'static [u8]],
    accepted: &'static [u8],
    encrypts: &'static [u8],
    /// IMAP puts a tag before each line.
    tagged: bool,
    login: Field,
}

/// Needs the greeting and, because FTP and others share it, a word of the client.
fn probe(opening: &Opening<'_>, words: &Words) -> Probe {
    let greeting = opening.to_client.get(..words.greeting.len()).unwrap_or(opening.to_client);
    if !words.greeting.starts_with(greeting) {
        return Probe::NotMine;
    }
    let first = command(opening.to_server, words.tagged);
    let first = first.get(..LONGEST_WORD).unwrap_or(first);
    let is_start = |word: &&&[u8]| {
        let length = word.len().min(first.len());
        word.get(..length).zip(first.get(..length)).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    match words.first.iter().find(is_start) {
        None => Probe::NotMine,
        Some(word) if first.len() >= word.len() && greeting.len() == words.greeting.len() => {
            Probe::Mine
        }
        Some(_) => Probe::NeedMore,
    }
}

fn command(line: &[u8], tagged: bool) -> &[u8] {
    if !tagged {
        return line;
    }
    memchr::memchr(b' ', line).and_then(|end| line.get(end + 1..)).unwrap_or_default()
}

struct Dissector {
    words: &'static Words,
    asked: bool,
    lines: usize,
}

impl Dissector {
    const fn new(words: &'static Words) -> Self {
        Self { words, asked: false, lines: 0 }
    }

    fn read_line(&mut self, direction: Direction, line: &[u8], sink: &mut dyn Sink) -> bool {
        let text = command(line, self.words.tagged);
        let starts = |word: &[u8]| {
            text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if direction == Direction::ToServer {
            self.asked |= self.words.logs_in.iter().any(|word| starts(word));
            return starts(self.words.encrypts);
        }
        let accepted = self.asked && starts(self.words.accepted);
        if accepted {
            let at = 0..self.words.accepted.len();
            for about in [About::Sender, About::Receiver] {
                sink.found(&self.words.login, about, self.words.login.protocol, at.clone());
            }
        }
        accepted
    }
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let line = match until(input, b"\n", LINE_BYTES_MAX, "line over 8 KiB") {
            Ok(line) => line,
            Err(step) => return step,
        };
        self.lines += 1;
        if self.read_line(direction, line, sink) || self.lines >= LINES_MAX {
            return Step::Done;
        }
        Step::Used(line.len() + 1)
    }
}

const SMTP_WORDS: Words = Words {
    greeting: b"220",
    first: &[b"EHLO", b"HELO"],
    logs_in: &[b"AUTH PLAIN", b"AUTH LOGIN"],
    accepted: b"235",
    encrypts: b"STARTTLS",
    tagged: false,
    login: login("smtp", "235", "a user logged in without encryption, RFC 4954 section 6"),
};

const POP3_WORDS: Words = Words {
    greeting: b"+OK",
    first: &[b"USER", b"CAPA", b"APOP", b"AUTH", b"STLS", b"QUIT"],
    logs_in: &[b"PASS"],
    accepted: b"+OK",
    encrypts: b"STLS",
    tagged: false,
    login: login("pop3", "+OK", "a user logged in without encryption, RFC 1939 section 7"),
};

const IMAP_WORDS: Words = Words {
    greeting: b"* ",
    first: &[b"CAPABILITY", b"LOGIN", b"AUTHENTICATE", b"STARTTLS", b"NOOP", b"ID", b"LOGOUT"],
    logs_in: &[b"LOGIN", b"AUTHENTICATE PLAIN", b"AUTHENTICATE LOGIN"],
    accepted: b"OK",
    encrypts: b"STARTTLS",
    tagged: true,
    login: login("imap", "OK", "a user logged in without encryption, RFC 3501 section 6.2.3"),
};

const LONGEST_WORD: usize = 12;

/// Longest line, in bytes. RFC 4954 section 4.5.2 allows 12,288 for a login; real ones are short.
pub const LINE_BYTES_MAX: usize = 8192;

/// Lines after which no login is waited for, in count. What follows is mail.
pub const LINES_MAX: usize = 100;

const fn login(protocol: &'static str, name: &'static str, meaning: &'static str) -> Field {
    Field::new(protocol, name, Attribute::ClearTextLogin, Confidence::STRONG, meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{probe as probes, stream};

    #[test]
    fn notices_logins() {
        for (row, protocol, turns, want) in [
            (
                "smtp",
                &SMTP,
                [
                    (ToClient, "220 mx\r\n"),
                    (ToServer, "EHLO a\r\nAUTH PLAIN x\r\n"),
                    (ToClient, "235 ok\r\n"),
                ],
                "sender clear_text_login = \"smtp\" 235 @8+3\n\
                 receiver clear_text_login = \"smtp\" 235 @8+3\nend: Done\n",
            ),
            (
                "pop3",
                &POP3,
                [
                    (ToClient, "+OK\r\n"),
                    (ToServer, "USER jane\r\nPASS x\r\n"),
                    (ToClient, "+OK in\r\n"),
                ],
                "sender clear_text_login = \"pop3\" +OK @5+3\n\
                 receiver clear_text_login = \"pop3\" +OK @5+3\nend: Done\n",
            ),
            (
                "imap",
                &IMAP,
                [
                    (ToClient, "* OK hi\r\n"),
                    (ToServer, "a1 login jane x\r\n"),
                    (ToClient, "a1 OK\r\n"),
                ],
                "sender clear_text_login = \"imap\" OK @9+2\n\
                 receiver clear_text_login = \"imap\" OK @9+2\nend: Done\n",
            ),
            (
                "encrypted",
                &SMTP,
                [(ToClient, "220 mx\r\n"), (ToServer, "EHLO a\r\n"), (ToServer, "STARTTLS\r\n")],
                "end: Done\n",
            ),
        ] {
            let turns = turns.map(|(direction, text)| (direction, text.as_bytes()));
            assert_eq!(stream(protocol, &turns), want, "{row}");
        }
    }

    #[test]
    fn probes_by_content() {
        for (row, protocol, client, server, want) in [
            ("smtp", &SMTP, "EHLO a", "220 mx", Probe::Mine),
            ("smtp waits for the client", &SMTP, "", "220 mx", Probe::NeedMore),
            ("ftp", &SMTP, "USER a", "220 x", Probe::NotMine),
            ("pop3", &POP3, "user a", "+OK", Probe::Mine),
            ("imap", &IMAP, "A001 CAPABILITY", "* OK", Probe::Mine),
            ("imap start", &IMAP, "A001 CA", "* OK", Probe::NeedMore),
            ("http", &IMAP, "GET / HTTP/1.1", "", Probe::NotMine),
        ] {
            assert_eq!(probes(protocol, client.as_bytes(), server.as_bytes()), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(a: Vec<u8>, b: Vec<u8>) {
            for protocol in [&SMTP, &POP3, &IMAP] {
                stream(protocol, &[(ToClient, &a), (ToServer, &b), (ToClient, &b)]);
                probes(protocol, &a, &b);
            }
        }
    }
}
