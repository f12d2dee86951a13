//! SNMPv3: the message around a protocol data unit that may be encrypted.
//!
//! Source:  RFC 3412 section 6; RFC 3414 section 2.4.
//! Output:  engine and security level. In a message that may be answered by a report, the engine
//!          is the receiver's; else it is the sender's (RFC 3412 section 6.4, RFC 3414 section 1.5.1).
//! Privacy: the user name is not copied.

use std::fmt::Write as _;

use super::{
    Datagram, ENGINE, Heard, OCTETS, Pdu, REPORT, ROLE, Reader, SEQUENCE, Server, Sink, VERSION,
    ber, range,
};
use crate::dissect::About;

/// Reads a message behind its version.
pub(super) fn read(
    message: &mut Reader<'_>,
    version_at: usize,
    datagram: &Datagram<'_>,
    sink: &mut dyn Sink,
) -> Option<Heard> {
    let mut header = ber::expect(message, SEQUENCE)?;
    ber::integer(&mut header)?;
    ber::integer(&mut header)?;
    let flags = ber::expect(&mut header, OCTETS)?.u8()?;
    let model = ber::integer(&mut header)?;
    let parameters = ber::expect(message, OCTETS)?;
    let (tag, mut scoped) = ber::element(message)?;
    let pdu = match tag {
        SEQUENCE => Some(scoped_pdu(&mut scoped, datagram)?),
        OCTETS if flags & PRIVACY != 0 => None,
        _ => return None,
    };
    let answerable = flags & REPORTABLE != 0;
    if model == USER_BASED {
        engine(parameters, if answerable { About::Receiver } else { About::Sender }, sink);
    }
    if pdu.as_ref().map_or(!answerable, Pdu::is_from_agent) {
        let at = pdu.as_ref().map_or(scoped.position(), |pdu| pdu.at);
        sink.found(&ROLE, About::Sender, "snmp_agent", at..at + 1);
        // Reports go unprotected even where the agent insists on more.
        if pdu.as_ref().is_none_or(|pdu| pdu.kind != REPORT) {
            sink.found(&VERSION, About::Sender, level(flags), version_at..version_at + 3);
        }
    }
    Some(match pdu {
        Some(pdu) => pdu.tell(sink),
        None if answerable || datagram.destination_port == NOTIFICATIONS => {
            Heard::Mine(Server::Receiver)
        }
        None => Heard::Mine(Server::Sender),
    })
}

fn scoped_pdu<'a>(scoped: &mut Reader<'a>, datagram: &Datagram<'_>) -> Option<Pdu<'a>> {
    ber::expect(scoped, OCTETS)?;
    ber::expect(scoped, OCTETS)?;
    Pdu::read(scoped, datagram.source)
}

fn engine(mut parameters: Reader<'_>, about: About, sink: &mut dyn Sink) {
    let Some(mut fields) = ber::expect(&mut parameters, SEQUENCE) else { return };
    let Some(engine) = ber::expect(&mut fields, OCTETS) else { return };
    if ENGINE_BYTES.contains(&engine.remaining()) {
        let mut digits = String::with_capacity(2 * engine.remaining());
        for byte in engine.rest() {
            let _ = write!(digits, "{byte:02x}");
        }
        sink.found_text(&ENGINE, about, &digits, range(&engine));
    }
}

const fn level(flags: u8) -> &'static str {
    match flags & (AUTHENTICATION | PRIVACY) {
        0 => "v3 noAuthNoPriv",
        AUTHENTICATION => "v3 authNoPriv",
        _ => "v3 authPriv",
    }
}

const AUTHENTICATION: u8 = 1;
const PRIVACY: u8 = 2;
const REPORTABLE: u8 = 4;
const USER_BASED: i64 = 3;
const NOTIFICATIONS: u16 = 162;
/// Lengths that an engine identifier may have (RFC 3411 section 5).
const ENGINE_BYTES: std::ops::RangeInclusive<usize> = 5..=32;
