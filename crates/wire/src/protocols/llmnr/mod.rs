//! Link-local multicast name resolution: hosts that answer to their name.
//!
//! Source:  RFC 4795 section 2.
//! Input:   one message over UDP.
//! Output:  the host name of whoever answers. Forged answers are how names are stolen on a link,
//!          so a name is only likely.
//! Limits:  as `dns::message`; UDP only.
//! Privacy: what hosts ask for is not copied.

use model::{Answerable, Attribute, Confidence};

use super::dns::message::{self, Entry, Message, Name, Section};
use super::dns::{CLASS_IN, KIND_A, KIND_AAAA, KIND_PTR, address, host};
use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};

/// LLMNR over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[5355], any_port: false, read, fields: FIELDS };

/// What an answer tells.
pub const FIELDS: &[Field] = &[HOST];

const HOST: Field = Field::new(
    NAME,
    "answer owner",
    Attribute::Hostname,
    Confidence::LIKELY,
    "name that the sender answers to (2.1.1), or a PTR record gives it",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let Some(message) = Message::read(datagram.payload) else { return Heard::NotMine };
    let [questions, ..] = message.counts();
    let starts = message.entries().next().is_some_and(|entry| entry.is_ok());
    if message.opcode() != 0 || questions != 1 || !starts {
        return Heard::NotMine;
    }
    if !message.is_response() {
        return Heard::Mine(Server::Receiver);
    }
    for entry in message.entries() {
        match entry {
            Ok(entry) if entry.section == Section::Answer && entry.class == CLASS_IN => {
                answer(&message, &entry, datagram, sink);
            }
            Ok(_) => {}
            Err(message::TOO_MANY) => sink.odd(NAME, message::TOO_MANY, Answerable::Us),
            Err(what) => return Heard::Malformed(what),
        }
    }
    Heard::Mine(Server::Sender)
}

fn answer(message: &Message<'_>, entry: &Entry, datagram: &Datagram<'_>, sink: &mut dyn Sink) {
    let owner = message.name(entry.name.start);
    let (name, about, at) = match entry.kind {
        KIND_A | KIND_AAAA if address(message, entry).is_some() => {
            (owner, About::Sender, entry.name.clone())
        }
        KIND_PTR => {
            let Some(ip) = owner.and_then(|owner| host::reversed(&owner)) else { return };
            let about = if ip == datagram.source { About::Sender } else { About::Ip(ip) };
            if about != About::Sender && !host::is_site_local(ip) {
                return;
            }
            (message.name(entry.data.start), about, entry.data.clone())
        }
        _ => return,
    };
    let Some(text) = name.as_ref().and_then(Name::host_text) else { return };
    if host::is_host_name(&text) {
        sink.found(&HOST, about, host::split(&text).0, at);
    }
}

const NAME: &str = "llmnr";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{datagram, hex};

    const ANSWER: &str = "1234 8000 0001 0001 0000 0000 03637431 00 0001 0001
        03637431 00 0001 0001 0000001e 0004 c0000201";

    #[test]
    fn answers() {
        for (name, bytes, want) in [
            ("address", ANSWER, "sender hostname = \"ct1\" answer owner @21+5\nMine(Sender)\n"),
            ("reverse", "1234 8000 0001 0001 0000 0000 00 000c 0001
                0131 0132 0130 03313932 07696e2d61646472 0461727061 00 000c 0001 0000001e 0005 03637431 00",
                "sender hostname = \"ct1\" answer owner @51+5\nMine(Sender)\n"),
            ("reverse of another", "1234 8000 0001 0001 0000 0000 00 000c 0001
                0131 0130 0130 023130 07696e2d61646472 0461727061 00 000c 0001 0000001e 0005 03637431 00",
                "10.0.0.1 hostname = \"ct1\" answer owner @50+5\nMine(Sender)\n"),
            ("other kind", "1234 8000 0001 0001 0000 0000 00 0010 0001 00 0010 0001 0000001e 0002 0161",
                "Mine(Sender)\n"),
            ("question", "1234 0000 0001 0000 0000 0000 03637431 00 0001 0001", "Mine(Receiver)\n"),
            ("no question", "1234 8000 0000 0000 0000 0000", "NotMine\n"),
            ("record past the end", "1234 8000 0001 0001 0000 0000 00 0001 0001
                00 0001 0001 0000001e 0008 c0000201",
                "Malformed(\"record runs past the end or its name is broken\")\n"),
        ] {
            assert_eq!(datagram(&PROTOCOL, (5355, 50000), &hex(bytes)), want, "{name}");
        }
    }

    #[test]
    fn no_prefix_names_a_host() {
        let whole = hex(ANSWER);
        for seen in 0..whole.len() {
            let transcript = datagram(&PROTOCOL, (5355, 50000), &whole[..seen]);
            assert!(!transcript.contains("hostname"), "{seen}: {transcript}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(tail: Vec<u8>) {
            let bytes = [hex("1234 8000 0001 0002 0000 0000"), tail].concat();
            datagram(&PROTOCOL, (5355, 50000), &bytes);
        }
    }
}
