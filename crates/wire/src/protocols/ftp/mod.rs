//! FTP: the greeting, the system, and that somebody logged in without encryption.
//!
//! Source:  RFC 959 sections 4.2 (replies) and 5.4 (sequences); RFC 4217 section 4 (`AUTH TLS`).
//! Input:   both directions of a control connection from the first byte.
//! Output:  greeting, software named in it, answer to `SYST`, that a login succeeded.
//! Limits:  [`REPLY_BYTES_MAX`], [`REPLIES_MAX`].
//! Privacy: nothing the client sends is copied, and of the server's replies only those numbered
//!          220 and 215, which name no user and no file.

use std::ops::Range;

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::text;

/// FTP control connection over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[21],
    probe,
    open: || Box::<Dissector>::default(),
    fields: FIELDS,
};

/// Every field that FTP yields.
pub const FIELDS: &[Field] = &[BANNER, SOFTWARE, SYSTEM, LOGIN];

/// Decides from the greeting, and from the client's first command where the greeting is the same
/// as that of a mail server.
fn probe(opening: &Opening<'_>) -> Probe {
    let (client, server) = (opening.to_server, opening.to_client);
    let head = server.get(..4).unwrap_or(server);
    if !(b"220 ".starts_with(head) || b"220-".starts_with(head)) {
        return Probe::NotMine;
    }
    let command: Vec<u8> = client.iter().take(4).map(u8::to_ascii_uppercase).collect();
    let known = |list: &[&[u8; 4]]| list.iter().any(|verb| verb.starts_with(&command));
    match (command.len(), server.len() >= 4) {
        (4, _) if !known(VERBS) => Probe::NotMine,
        (4, true) => Probe::Mine,
        (4, false) => Probe::NeedMore,
        _ if !known(VERBS) => Probe::NotMine,
        (_, true) if has_word(server, b"smtp") || has_word(server, b"mail") => Probe::NotMine,
        (_, true) if has_word(server, b"ftp") => Probe::Mine,
        _ => Probe::NeedMore,
    }
}

fn has_word(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// Reads one control connection.
#[derive(Default)]
struct Dissector {
    greeted: bool,
    replies: usize,
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        if direction == Direction::ToServer {
            return Step::Used(input.len());
        }
        let Some(reply) = Reply::read(input) else {
            let over = input.len() > REPLY_BYTES_MAX;
            return if over { Step::OverLimit("reply over 16 KiB") } else { Step::Used(0) };
        };
        if reply.bytes > REPLY_BYTES_MAX {
            return Step::OverLimit("reply over 16 KiB");
        }
        self.replies += 1;
        match reply.code {
            None => return Step::Malformed("reply without a number"),
            Some(GREETING) if !self.greeted => {
                self.greeted = true;
                report_greeting(input, &reply, sink);
            }
            Some(SYSTEM_TYPE) => report_system(input, &reply, sink),
            Some(LOGGED_IN) => {
                sink.found(&LOGIN, About::Sender, NAME, 0..3);
                sink.found(&LOGIN, About::Receiver, NAME, 0..3);
            }
            // Encryption starts here.
            Some(SECURITY_ACCEPTED) => return Step::Done,
            Some(_) => {}
        }
        if self.replies >= REPLIES_MAX { Step::Done } else { Step::Used(reply.bytes) }
    }
}

/// One reply, over as many lines as it has.
struct Reply {
    code: Option<u16>,
    /// With all line ends.
    bytes: usize,
}

impl Reply {
    /// Finds the end of the reply at the front; `None` where it is still to come.
    fn read(input: &[u8]) -> Option<Self> {
        let first = memchr::memchr(b'\n', input)?;
        let code = code(input);
        let mut bytes = first + 1;
        if code.is_some() && input.get(3) == Some(&b'-') {
            loop {
                let line = input.get(bytes..)?;
                bytes += memchr::memchr(b'\n', line)? + 1;
                if line.starts_with(input.get(..3)?) && line.get(3) == Some(&b' ') {
                    break;
                }
            }
        }
        Some(Self { code, bytes })
    }
}

fn code(line: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(line.get(..3)?).ok()?;
    let ends = matches!(line.get(3)?, b' ' | b'-' | b'\r' | b'\n');
    text.parse().ok().filter(|number| ends && (100..700).contains(number))
}

fn report_greeting(input: &[u8], reply: &Reply, sink: &mut dyn Sink) {
    let lines = input.get(..reply.bytes).unwrap_or_default().split(|byte| *byte == b'\n');
    let words: Vec<&[u8]> = lines.map(without_code).filter(|line| !line.is_empty()).collect();
    let whole = words.join(&b' ');
    let Some(banner) = text::clean(&whole) else { return };
    sink.found(&BANNER, About::Sender, &banner, 0..reply.bytes);
    if let Some(software) = software(&banner) {
        sink.found(&SOFTWARE, About::Sender, &software, 0..reply.bytes);
    }
}

fn without_code(line: &[u8]) -> &[u8] {
    let text = if code(line).is_some() { line.get(4..).unwrap_or_default() } else { line };
    text.trim_ascii()
}

/// `(vsFTPd 3.0.3)` as `vsFTPd@3.0.3`: a name with `ftp` in it, then a version.
fn software(banner: &str) -> Option<String> {
    let edge = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | ',');
    let words: Vec<&str> = banner.split(edge).filter(|word| !word.is_empty()).collect();
    words.windows(2).find_map(|pair| {
        let [name, version] = pair else { return None };
        let named = name.len() > 4 && has_word(name.as_bytes(), b"ftp") && !name.contains('.');
        let versioned = version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.');
        (named && versioned).then(|| format!("{name}@{version}"))
    })
}

fn report_system(input: &[u8], reply: &Reply, sink: &mut dyn Sink) {
    let at: Range<usize> = 4..reply.bytes.max(4);
    let Some(system) = input.get(at.clone()).and_then(text::clean) else { return };
    sink.found(&SYSTEM, About::Sender, &system, at);
}

const NAME: &str = "ftp";
const GREETING: u16 = 220;
const SYSTEM_TYPE: u16 = 215;
const LOGGED_IN: u16 = 230;
const SECURITY_ACCEPTED: u16 = 234;

/// First commands of an FTP client that no mail client sends first.
const VERBS: &[&[u8; 4]] = &[b"USER", b"AUTH", b"FEAT", b"SYST", b"HOST", b"OPTS", b"CLNT"];

/// Longest reply, in bytes, all its lines together. Greetings with a legal notice stay below 4 KiB.
pub const REPLY_BYTES_MAX: usize = 16 * 1024;

/// Replies after which a connection has told what it will, in count. Login and `SYST` are among
/// the first ten; transfers that follow are files and not equipment.
pub const REPLIES_MAX: usize = 64;

const BANNER: Field = Field::new(
    NAME,
    "220",
    Attribute::FtpBanner,
    Confidence::STATED,
    "greeting of the server, RFC 959 section 4.2.2",
);
const SOFTWARE: Field = Field::new(
    NAME,
    "220 (software)",
    Attribute::Software,
    Confidence::LIKELY,
    "a name with `ftp` in it and a version, in the greeting",
);
const SYSTEM: Field = Field::new(
    NAME,
    "215",
    Attribute::Os,
    Confidence::WEAK,
    "answer to SYST, RFC 959 section 4.1.3; many servers answer `UNIX Type: L8` whatever they are",
);
const LOGIN: Field = Field::new(
    NAME,
    "230",
    Attribute::ClearTextLogin,
    Confidence::STATED,
    "a user logged in without encryption, RFC 959 section 4.2.2",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{probe as probes, stream};

    #[test]
    fn reads_a_login() {
        let found = stream(
            &PROTOCOL,
            &[
                (ToClient, b"220-Welcome\r\n to the scanner\r\n220 (vsFTPd 3.0.3)\r\n"),
                (ToServer, b"USER jane\r\n"),
                (ToClient, b"331 Password for jane?\r\n"),
                (ToServer, b"PASS hunter2\r\n"),
                (ToClient, b"230 jane logged in\r\n"),
                (ToServer, b"SYST\r\n"),
                (ToClient, b"215 UNIX Type: L8\r\n"),
            ],
        );
        assert_eq!(
            found,
            "sender ftp_banner = \"Welcome to the scanner (vsFTPd 3.0.3)\" 220 @0+50\n\
             sender software = \"vsFTPd@3.0.3\" 220 (software) @0+50\n\
             sender clear_text_login = \"ftp\" 230 @74+3\n\
             receiver clear_text_login = \"ftp\" 230 @74+3\n\
             sender os = \"UNIX Type: L8\" 215 @98+15\n"
        );
    }

    #[test]
    fn stops_where_it_must() {
        let long = [b"220-".as_slice(), &[b'x'; REPLY_BYTES_MAX]].concat();
        for (row, server, want) in [
            ("TLS", b"220 a\r\n234 go\r\n\x16\x03".as_slice(), "end: Done\n"),
            ("no number", b"hello\r\n", "end: Malformed(\"reply without a number\")\n"),
            ("no end", &long, "end: OverLimit(\"reply over 16 KiB\")\n"),
        ] {
            let found = stream(&PROTOCOL, &[(ToClient, server)]);
            assert!(found.ends_with(want), "{row}: {found}");
        }
    }

    #[test]
    fn finds_software() {
        for (banner, want) in [
            ("ProFTPD 1.3.5 Server (Debian)", Some("ProFTPD@1.3.5")),
            ("Microsoft FTP Service", None),
            ("ftp.example.org 10.0 ready", None),
        ] {
            assert_eq!(software(banner).as_deref(), want, "{banner}");
        }
    }

    #[test]
    fn probes_by_content() {
        for (row, client, server, want) in [
            ("greeting", b"".as_slice(), b"220 FTP ready".as_slice(), Probe::Mine),
            ("mail", b"", b"220 mx ESMTP", Probe::NotMine),
            ("unclear", b"", b"220 ready", Probe::NeedMore),
            ("mail client", b"EHLO", b"220 ready", Probe::NotMine),
            ("mail client on an FTP name", b"ehl", b"220 ftp", Probe::NotMine),
            ("ftp client", b"user", b"220 ready", Probe::Mine),
            ("start", b"", b"2", Probe::NeedMore),
            ("client only", b"USER x", b"", Probe::NeedMore),
            ("POP3", b"USER x", b"+OK", Probe::NotMine),
        ] {
            assert_eq!(probes(&PROTOCOL, client, server), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, cut in 0usize..20) {
            let server = [&b"220-a\r\n220 b\r\n230 c"[..cut.min(18)], &bytes].concat();
            stream(&PROTOCOL, &[(ToClient, &server), (ToServer, &bytes)]);
            probes(&PROTOCOL, &bytes, &server);
        }
    }
}
