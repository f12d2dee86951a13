//! DNS: who answers, and what the hospital's own addresses are called.
//!
//! Source:  RFC 1035 section 4; RFC 3596 (AAAA); RFC 7766 (TCP).
//! Input:   one message over UDP, or over TCP behind its length.
//! Output:  the server's role; names that answers give to addresses of the site.
//! Limits:  as `message`; on any port but 53 a datagram must be one whole message, because twelve
//!          bytes prove little.
//! Privacy: what hosts ask for is not copied. A name is copied only where an answer ties it to
//!          an address of the site.

use std::net::IpAddr;

use model::{Answerable, Attribute, Confidence};

use crate::dissect::{
    About, Datagram, DatagramProtocol, Field, Heard, Probe, Server, Sink, StreamProtocol,
};
use message::{Entry, Message, Name, Section};

pub(crate) mod host;
pub(crate) mod message;
mod stream;

/// DNS over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[53], any_port: true, read, fields: FIELDS };

/// DNS over TCP.
pub const OVER_TCP: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[53],
    probe: stream::probe,
    open: stream::open,
    fields: FIELDS,
};

/// What an answer tells.
pub const FIELDS: &[Field] = &[ROLE, A_HOST, A_DOMAIN, PTR_HOST, PTR_DOMAIN];

const ROLE: Field = Field::new(
    NAME,
    "response",
    Attribute::Role,
    Confidence::STRONG,
    "answers questions (4.1.1, QR)",
);
const A_HOST: Field = Field::new(
    NAME,
    "A/AAAA owner host",
    Attribute::Hostname,
    Confidence::WEAK,
    "first label of a name with an address of the site (3.4.1)",
);
const A_DOMAIN: Field = Field::new(
    NAME,
    "A/AAAA owner domain",
    Attribute::Domain,
    Confidence::WEAK,
    "the labels behind the first (3.4.1)",
);
const PTR_HOST: Field = Field::new(
    NAME,
    "PTR host",
    Attribute::Hostname,
    Confidence::LIKELY,
    "first label of the name of an address of the site (3.3.12)",
);
const PTR_DOMAIN: Field = Field::new(
    NAME,
    "PTR domain",
    Attribute::Domain,
    Confidence::LIKELY,
    "the labels behind the first (3.3.12)",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let Some(message) = plausible(datagram.payload) else { return Heard::NotMine };
    let ports = [datagram.source_port, datagram.destination_port];
    let expected = ports.contains(&PORT);
    // Others share the form of its messages, and what they refuse is not DNS.
    let of_others = ports.iter().any(|port| RELATED_PORTS.contains(port));
    if !expected && (of_others || !is_whole(&message, datagram.payload.len())) {
        return Heard::NotMine;
    }
    if !message.is_response() {
        return Heard::Mine(Server::Receiver);
    }
    if datagram.source_port == PORT {
        sink.found(&ROLE, About::Sender, "dns_server", FLAGS_AT);
    }
    match answers(&message, 0, sink) {
        Ok(()) => Heard::Mine(Server::Sender),
        Err(what) => Heard::Malformed(what),
    }
}

/// The message, where its header and first question can be DNS.
fn plausible(payload: &[u8]) -> Option<Message<'_>> {
    let message = Message::read(payload)?;
    let [questions, ..] = message.counts();
    let known = matches!(message.opcode(), 0..=2 | 4..=6) && message.flags() & 0x40 == 0;
    let first = message.entries().next().is_none_or(|entry| entry.is_ok());
    let asks = message.is_response() || questions > 0;
    (known && first && asks).then_some(message)
}

/// Whether the message is one question in plain words, with its answers, and nothing more.
fn is_whole(message: &Message<'_>, length: usize) -> bool {
    let [questions, answers, authorities, _] = message.counts();
    let asks = questions == 1 && (message.is_response() || answers == 0 && authorities == 0);
    let mut end = 0;
    let sound = message.entries().all(|entry| {
        let Ok(entry) = entry else { return false };
        end = entry.data.end;
        entry.section != Section::Question
            || matches!(entry.class, CLASS_IN | CLASS_ANY)
                && (1..=KIND_MAX).contains(&entry.kind)
                && message.name(entry.name.start).is_some_and(|name| name.is_plain())
    });
    asks && message.opcode() == 0 && sound && end == length
}

/// Reads the records of a response; ranges are moved by `base`.
fn answers(message: &Message<'_>, base: usize, sink: &mut dyn Sink) -> Result<(), &'static str> {
    for entry in message.entries() {
        match entry {
            Ok(entry) if is_answer(&entry) => answer(message, &entry, base, sink),
            Ok(_) => {}
            Err(message::TOO_MANY) => {
                sink.odd(NAME, message::TOO_MANY, Answerable::Us);
                return Ok(());
            }
            Err(what) => return Err(what),
        }
    }
    Ok(())
}

fn is_answer(entry: &Entry) -> bool {
    matches!(entry.section, Section::Answer | Section::Additional) && entry.class == CLASS_IN
}

fn answer(message: &Message<'_>, entry: &Entry, base: usize, sink: &mut dyn Sink) {
    let fields =
        if entry.kind == KIND_PTR { (&PTR_HOST, &PTR_DOMAIN) } else { (&A_HOST, &A_DOMAIN) };
    let (ip, named, at) = if entry.kind == KIND_PTR {
        let ip = message.name(entry.name.start).and_then(|name| host::reversed(&name));
        (ip, entry.data.start, &entry.data)
    } else {
        (address(message, entry), entry.name.start, &entry.name)
    };
    let Some(ip) = ip.filter(|ip| host::is_site_local(*ip)) else { return };
    let Some(text) = message.name(named).as_ref().and_then(Name::host_text) else { return };
    if !host::is_host_name(&text) {
        return;
    }
    let at = base + at.start..base + at.end;
    let (name, domain) = host::split(&text);
    sink.found(fields.0, About::Ip(ip), name, at.clone());
    if let Some(domain) = domain {
        sink.found(fields.1, About::Ip(ip), domain, at);
    }
}

/// The address in an A or AAAA record.
pub(crate) fn address(message: &Message<'_>, entry: &Entry) -> Option<IpAddr> {
    let data = message.bytes(&entry.data);
    match entry.kind {
        KIND_A => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        KIND_AAAA => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
        _ => None,
    }
}

const NAME: &str = "dns";
const PORT: u16 = 53;
/// NetBIOS names, mDNS, LLMNR.
const RELATED_PORTS: [u16; 3] = [137, 5353, 5355];
const FLAGS_AT: std::ops::Range<usize> = 2..4;
pub(crate) const CLASS_IN: u16 = 1;
const CLASS_ANY: u16 = 255;
/// The last type of a question that is in use (CAA is 257, those behind it are of no interest).
const KIND_MAX: u16 = 257;
pub(crate) const KIND_A: u16 = 1;
pub(crate) const KIND_PTR: u16 = 12;
pub(crate) const KIND_AAAA: u16 = 28;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{datagram, hex};

    /// `ct1.rad.lan` has 10.1.2.3.
    const ADDRESS: &str = "1234 8180 0001 0001 0000 0000 03637431 03726164 036c616e 00 0001 0001
        c00c 0001 0001 0000003c 0004 0a010203";

    #[test]
    fn responses() {
        let role = "sender role = \"dns_server\" response @2+2\n";
        for (name, bytes, want) in [
            ("local address", ADDRESS,
                "10.1.2.3 hostname = \"ct1\" A/AAAA owner host @29+2\n\
                 10.1.2.3 domain = \"rad.lan\" A/AAAA owner domain @29+2\nMine(Sender)\n"),
            ("public address is not copied", "1234 8180 0001 0001 0000 0000 03637431 00 0001 0001
                c00c 0001 0001 0000003c 0004 08080808", "Mine(Sender)\n"),
            ("reverse", "1234 8580 0000 0001 0000 0000
                0133 0132 0131 023130 07696e2d61646472 0461727061 00 000c 0001 0000003c 0005 03637431 00",
                "10.1.2.3 hostname = \"ct1\" PTR host @45+5\nMine(Sender)\n"),
            ("unique local IPv6", "1234 8180 0000 0001 0000 0000
                036d7231 00 001c 0001 0000003c 0010 fd000000000000000000000000000001",
                "fd00::1 hostname = \"mr1\" A/AAAA owner host @12+5\nMine(Sender)\n"),
            ("address of a wrong size", "1234 8180 0000 0001 0000 0000
                036d7231 00 0001 0001 0000003c 0003 0a0101", "Mine(Sender)\n"),
            ("no such name", "1234 8183 0001 0000 0000 0000 03637431 00 0001 0001", "Mine(Sender)\n"),
            ("record past the end", "1234 8180 0001 0001 0000 0000 03637431 00 0001 0001
                c00c 0001 0001 0000003c 00ff 08080808",
                "Malformed(\"record runs past the end or its name is broken\")\n"),
        ] {
            assert_eq!(datagram(&PROTOCOL, (53, 40000), &hex(bytes)), [role, want].concat(), "{name}");
        }
    }

    #[test]
    fn only_port_53_answers_and_questions_tell_nothing() {
        for (name, ports, bytes, want) in [
            (
                "question",
                (40000, 53),
                "1234 0100 0001 0000 0000 0000 03637431 00 0001 0001",
                "Mine(Receiver)\n",
            ),
            (
                "answer from another port",
                (40000, 53),
                "1234 8183 0001 0000 0000 0000 03637431 00 0001 0001",
                "Mine(Sender)\n",
            ),
            (
                "question without a question",
                (40000, 53),
                "1234 0100 0000 0000 0000 0000",
                "NotMine\n",
            ),
            (
                "unknown operation",
                (40000, 53),
                "1234 7900 0001 0000 0000 0000 03637431 00 0001 0001",
                "NotMine\n",
            ),
            (
                "nothing behind the header",
                (53, 40000),
                "1234 8180 ffff ffff ffff ffff",
                "NotMine\n",
            ),
            (
                "first name is broken",
                (53, 40000),
                "1234 8180 0001 0000 0000 0000 7f 00 0001 0001",
                "NotMine\n",
            ),
            (
                "another port",
                (40000, 40001),
                "1234 0100 0001 0000 0000 0000 03637431 00 0001 0001",
                "Mine(Receiver)\n",
            ),
            (
                "another port, and more behind it",
                (40000, 40001),
                "1234 0100 0001 0000 0000 0000 03637431 00 0001 0001 00",
                "NotMine\n",
            ),
            (
                "a port of NetBIOS",
                (137, 137),
                "1234 0100 0001 0000 0000 0000 03637431 00 0001 0001",
                "NotMine\n",
            ),
            ("empty", (53, 53), "", "NotMine\n"),
        ] {
            assert_eq!(datagram(&PROTOCOL, ports, &hex(bytes)), want, "{name}");
        }
    }

    #[test]
    fn no_prefix_names_an_address() {
        let whole = hex(ADDRESS);
        for seen in 0..whole.len() {
            let transcript = datagram(&PROTOCOL, (53, 40000), &whole[..seen]);
            assert!(!transcript.contains("hostname"), "{seen}: {transcript}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(tail: Vec<u8>, counts: [u8; 4]) {
            let mut bytes = hex("1234 8180");
            bytes.extend(counts.iter().flat_map(|count| [0, count % 4]));
            bytes.extend(tail);
            datagram(&PROTOCOL, (53, 40000), &bytes);
        }
    }
}
