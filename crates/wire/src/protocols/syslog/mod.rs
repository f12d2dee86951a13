//! Syslog: which host logs, and the programs on it that do.
//!
//! Source:  RFC 5424 section 6 and RFC 3164 section 4.1.
//! Input:   one message over UDP.
//! Output:  host and program named in the header. A relay sends for others, so both are only
//!          likely to be the sender's.
//! Limits:  read on port 514 only. The old form is often sent without its host, so that text
//!          stands in its place; it is believed only where a tag with a process number follows.
//! Privacy: reading stops where the message text begins. Nothing of the text is looked at: it may
//!          name patients.

use std::ops::Range;

use model::{Attribute, Confidence};

use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::protocols::dns::host;
use crate::text;

/// Syslog over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[514], any_port: false, read, fields: FIELDS };

/// What a header tells.
pub const FIELDS: &[Field] = &[HOST, PROGRAM];

const HOST: Field = Field::new(
    NAME,
    "HOSTNAME",
    Attribute::Hostname,
    Confidence::LIKELY,
    "host that the message is from (RFC 5424 section 6.2.4)",
);
const PROGRAM: Field = Field::new(
    NAME,
    "APP-NAME",
    Attribute::Software,
    Confidence::LIKELY,
    "program that the message is from (RFC 5424 section 6.2.5, RFC 3164 TAG)",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let head = datagram.payload.get(..HEADER_BYTES_MAX).unwrap_or(datagram.payload);
    let Some(mut words) = Words::behind_priority(head) else { return Heard::NotMine };
    if words.rest().starts_with(b"1 ") {
        words.next_word();
        words.next_word();
        host_name(words.next_word(), head, sink);
        program(words.next_word(), head, sink);
    } else if words.take_timestamp() {
        let host = words.next_word();
        if let Some(tag) = words.tag() {
            host_name(host, head, sink);
            program(tag, head, sink);
        }
    }
    // Without a time stamp all is message text (RFC 3164 section 4.3.3).
    Heard::Mine(Server::Receiver)
}

fn host_name(at: Range<usize>, head: &[u8], sink: &mut dyn Sink) {
    if let Some(clean) = head.get(at.clone()).and_then(text::clean)
        && host::is_host_name(&clean)
    {
        sink.found(&HOST, About::Sender, host::split(&clean).0, at);
    }
}

fn program(at: Range<usize>, head: &[u8], sink: &mut dyn Sink) {
    let Some(word) = head.get(at.clone()) else { return };
    if word.len() <= PROGRAM_BYTES_MAX
        && word.iter().all(|byte| is_plain(*byte))
        && word.iter().any(u8::is_ascii_alphabetic)
        && let Ok(name) = std::str::from_utf8(word)
    {
        sink.found(&PROGRAM, About::Sender, &format!("{name}@"), at);
    }
}

/// Words of a header, with blanks between them.
struct Words<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    /// Starts behind `<n>` with a priority up to 191.
    fn behind_priority(head: &'a [u8]) -> Option<Self> {
        let end = head.iter().take(5).position(|&byte| byte == b'>')?;
        let digits = std::str::from_utf8(head.get(1..end)?).ok()?;
        let sound = head.first() == Some(&b'<') && digits.bytes().all(|byte| byte.is_ascii_digit());
        let priority: u8 = digits.parse().ok()?;
        (sound && priority <= PRIORITY_MAX).then_some(Self { head, at: end + 1 })
    }

    fn rest(&self) -> &'a [u8] {
        self.head.get(self.at..).unwrap_or_default()
    }

    /// Range of the next word. One that the limit or the end cuts is empty.
    fn next_word(&mut self) -> Range<usize> {
        let start = self.at;
        let size = self.rest().iter().position(|&byte| byte == b' ');
        self.at = size.map_or(self.head.len(), |size| start + size + 1);
        start..start + size.unwrap_or(0)
    }

    /// Passes a time stamp `Mmm dd hh:mm:ss `, if there is one.
    fn take_timestamp(&mut self) -> bool {
        let Some(stamp) = self.rest().first_chunk::<16>() else { return false };
        let [month @ .., _, _, _, _, _, _, _, _, _, _, _, _, _] = stamp;
        let [.., c1, _, _, c2, _, _, blank] = stamp;
        let is_stamp = MONTHS.contains(&month) && (*c1, *c2, *blank) == (b':', b':', b' ');
        self.at += if is_stamp { stamp.len() } else { 0 };
        is_stamp
    }

    /// Range of a tag `name[number]:`, if one stands here.
    fn tag(&self) -> Option<Range<usize>> {
        let rest = self.rest();
        let size = rest.iter().position(|byte| !is_plain(*byte))?;
        let number = rest.get(size..)?.strip_prefix(b"[")?;
        let digits = number.iter().position(|byte| !byte.is_ascii_digit())?;
        (digits > 0 && number.get(digits..)?.starts_with(b"]:")).then(|| self.at..self.at + size)
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/')
}

const NAME: &str = "syslog";
const PRIORITY_MAX: u8 = 191;
/// Longest program name, in bytes (RFC 5424 section 6).
const PROGRAM_BYTES_MAX: usize = 48;
/// Longest header looked at, in bytes: all of RFC 5424's up to the program, at their longest.
const HEADER_BYTES_MAX: usize = 352;
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::datagram;

    const NEW: &[u8] = b"<34>1 2003-10-11T22:14:15.003Z ct1.rad.lan su 77 ID47 - text of Anna";

    #[test]
    fn headers() {
        for (name, bytes, want) in [
            (
                "RFC 5424",
                NEW,
                "sender hostname = \"ct1\" HOSTNAME @31+11\nsender software = \"su@\" APP-NAME @43+2\n",
            ),
            ("RFC 5424, nothing known", b"<34>1 - - - - - - x", ""),
            (
                "RFC 3164",
                b"<13>Feb  5 17:32:18 ct1 sshd[77]: Anna",
                "sender hostname = \"ct1\" HOSTNAME @20+3\nsender software = \"sshd@\" APP-NAME @24+4\n",
            ),
            (
                "host is an address",
                b"<13>Feb  5 17:32:18 10.0.0.9 sshd[7]: x",
                "sender software = \"sshd@\" APP-NAME @29+4\n",
            ),
            ("no tag", b"<13>Feb  5 17:32:18 ct1 Anna came", ""),
            ("tag without a number", b"<13>Feb  5 17:32:18 Anna Doe: came", ""),
            ("no host", b"<13>Feb  5 17:32:18 sshd[77]: Anna x: y", ""),
            ("only text", b"<13>patient: Anna", ""),
            ("host is cut", b"<13>Feb  5 17:32:18 ct1", ""),
        ] {
            let want = format!("{want}Mine(Receiver)\n");
            assert_eq!(datagram(&PROTOCOL, (514, 514), bytes), want, "{name}");
        }
    }

    #[test]
    fn refuses() {
        for bytes in [b"".as_slice(), b"<192>x", b"<>x", b"<+1>x", b"13>x", b"<1234>x", b"<13 x"] {
            assert_eq!(datagram(&PROTOCOL, (514, 514), bytes), "NotMine\n", "{bytes:?}");
        }
    }

    #[test]
    fn no_prefix_tells_a_cut_word() {
        for seen in 0..NEW.len() {
            let transcript = datagram(&PROTOCOL, (514, 514), &NEW[..seen]);
            assert_eq!(transcript.contains("hostname"), seen > 42, "{seen}: {transcript}");
            assert_eq!(transcript.contains("software"), seen > 45, "{seen}: {transcript}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "<[0-9]{1,3}>(1 |Feb  5 17:32:18 )?[ -~]{0,60}", bytes: Vec<u8>) {
            let transcript = datagram(&PROTOCOL, (514, 514), text.as_bytes());
            prop_assert!(transcript.lines().count() <= 3);
            datagram(&PROTOCOL, (514, 514), &bytes);
        }
    }
}
