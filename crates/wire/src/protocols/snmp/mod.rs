//! SNMP: what an agent answers about its device, and how it lets itself be asked.
//!
//! Source:  RFC 1157 (v1), RFC 1901 and 3416 (v2c), RFC 3412 and 3414 (v3).
//! Input:   one message over UDP.
//! Output:  facts from responses and notifications, about the agent; `objects` lists them.
//! Limits:  `BINDINGS_MAX` variable bindings of one message; encrypted ones stay closed.
//! Privacy: a community is told as `default` or `other`, never as text. User names, sysContact
//!          and all objects outside the list are not copied.

mod ber;
mod objects;
mod secured;

use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Attribute, Confidence};

use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::protocols::dns::host;
use crate::reader::Reader;
use crate::text;
use ber::{IDENTIFIER, OCTETS, SEQUENCE};

/// SNMP over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[161, 162], any_port: true, read, fields: FIELDS };

/// What an agent tells.
#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    ROLE, VERSION, COMMUNITY, ENGINE, TRAP_ENTERPRISE,
    objects::SYS_DESCR, objects::SYS_OBJECT_ID, objects::SYS_NAME, objects::SYS_NAME_HOST,
    objects::SYS_LOCATION, objects::ENTITY_HARDWARE, objects::ENTITY_FIRMWARE,
    objects::ENTITY_SOFTWARE, objects::ENTITY_SERIAL, objects::ENTITY_MAKER,
    objects::ENTITY_MODEL, objects::HOST_DEVICE, objects::PRINTER_SERIAL, objects::UPS_MAKER,
    objects::UPS_MODEL, objects::UPS_SOFTWARE,
];

const ROLE: Field = Field::new(
    NAME,
    "PDU",
    Attribute::Role,
    Confidence::STATED,
    "answers or notifies (RFC 3416 section 3)",
);
const VERSION: Field = Field::new(
    NAME,
    "version",
    Attribute::SnmpVersion,
    Confidence::STATED,
    "version answered with, for v3 with its security level (RFC 3412 section 6)",
);
const COMMUNITY: Field = Field::new(
    NAME,
    "community",
    Attribute::SnmpCommunity,
    Confidence::STATED,
    "`default` for `public` and `private`, else `other` (RFC 1157 section 4)",
);
const ENGINE: Field = Field::new(
    NAME,
    "msgAuthoritativeEngineID",
    Attribute::SnmpEngineId,
    Confidence::STATED,
    "engine that vouches for the message, hexadecimal (RFC 3414 section 2.4)",
);
const TRAP_ENTERPRISE: Field = Field::new(
    NAME,
    "enterprise",
    Attribute::SnmpSysObjectId,
    Confidence::LIKELY,
    "what a v1 trap is about; often the sysObjectID (RFC 1157 section 4.1.6)",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(datagram.payload);
    let Some(mut message) = ber::expect(&mut reader, SEQUENCE) else { return Heard::NotMine };
    if !reader.is_empty() {
        return Heard::NotMine;
    }
    let at = message.position();
    let outcome = match ber::integer(&mut message) {
        Some(0) => community(&mut message, "v1", at, datagram, sink),
        Some(1) => community(&mut message, "v2c", at, datagram, sink),
        Some(3) => secured::read(&mut message, at, datagram, sink),
        _ => None,
    };
    outcome.unwrap_or(Heard::NotMine)
}

/// A message of v1 or v2c behind its version.
fn community(
    message: &mut Reader<'_>,
    version: &'static str,
    version_at: usize,
    datagram: &Datagram<'_>,
    sink: &mut dyn Sink,
) -> Option<Heard> {
    let community = ber::expect(message, OCTETS)?;
    let pdu = Pdu::read(message, datagram.source)?;
    if pdu.is_from_agent() {
        pdu.tell_role(sink);
        sink.found(&VERSION, pdu.about, version, version_at..version_at + 3);
        let known = matches!(community.rest(), b"public" | b"private");
        let at = community.position()..community.position() + community.remaining();
        sink.found(&COMMUNITY, pdu.about, if known { "default" } else { "other" }, at);
    }
    Some(pdu.tell(sink))
}

/// A protocol data unit up to its variable bindings.
struct Pdu<'a> {
    kind: u8,
    at: usize,
    about: About,
    enterprise: Option<Reader<'a>>,
    bindings: Reader<'a>,
}

impl<'a> Pdu<'a> {
    fn read(reader: &mut Reader<'a>, source: IpAddr) -> Option<Self> {
        let at = reader.position();
        let (kind, mut body) = ber::element(reader)?;
        let mut pdu =
            Self { kind, at, about: About::Sender, enterprise: None, bindings: Reader::new(&[]) };
        match kind {
            TRAP_V1 => pdu.trap_header(&mut body, source)?,
            GET..=SET | BULK..=REPORT => {
                for _ in 0..3 {
                    ber::integer(&mut body)?;
                }
            }
            _ => return None,
        }
        pdu.bindings = ber::expect(&mut body, SEQUENCE)?;
        Some(pdu)
    }

    fn trap_header(&mut self, body: &mut Reader<'a>, source: IpAddr) -> Option<()> {
        self.enterprise = Some(ber::expect(body, IDENTIFIER)?);
        let agent = ber::expect(body, NETWORK_ADDRESS)?.array::<4>()?;
        // A trap may come through a relay, so its agent is named in it.
        let agent = IpAddr::from(agent);
        if agent != source && !agent.is_unspecified() {
            self.about = About::Ip(agent);
        }
        ber::integer(body)?;
        ber::integer(body)?;
        ber::expect(body, TIME_TICKS).map(|_| ())
    }

    const fn is_from_agent(&self) -> bool {
        matches!(self.kind, RESPONSE | TRAP_V1 | INFORM | TRAP_V2 | REPORT)
    }

    fn tell_role(&self, sink: &mut dyn Sink) {
        sink.found(&ROLE, self.about, "snmp_agent", self.at..self.at + 1);
    }

    /// Tells the bindings, where they are the agent's own words.
    fn tell(self, sink: &mut dyn Sink) -> Heard {
        let server = match self.kind {
            RESPONSE | REPORT => Server::Sender,
            // A manager waits for notifications as a server does.
            _ => Server::Receiver,
        };
        if !self.is_from_agent() || self.kind == REPORT {
            return Heard::Mine(server);
        }
        // Generic traps carry the object of the traps themselves, which names no product.
        if let Some(enterprise) = self.enterprise
            && enterprise.rest().starts_with(ENTERPRISES)
            && let Some(text) = ber::identifier_text(enterprise.rest())
        {
            sink.found_text(&TRAP_ENTERPRISE, self.about, &text, range(&enterprise));
        }
        match bindings(self.bindings, self.about, sink) {
            Some(()) => Heard::Mine(server),
            None => Heard::Malformed("variable bindings are broken"),
        }
    }
}

fn bindings(mut list: Reader<'_>, about: About, sink: &mut dyn Sink) -> Option<()> {
    for _ in 0..BINDINGS_MAX {
        if list.is_empty() {
            return Some(());
        }
        let mut binding = ber::expect(&mut list, SEQUENCE)?;
        let identifier = ber::expect(&mut binding, IDENTIFIER)?;
        let (tag, value) = ber::element(&mut binding)?;
        if let Some(object) = objects::find(identifier.rest()) {
            object_value(object.field, tag, &value, about, sink);
        }
    }
    sink.odd(NAME, "more variable bindings than are read", Answerable::Us);
    Some(())
}

fn object_value(
    field: &'static Field,
    tag: u8,
    value: &Reader<'_>,
    about: About,
    sink: &mut dyn Sink,
) {
    let at = range(value);
    if tag == IDENTIFIER && field.attribute == Attribute::SnmpSysObjectId {
        let text = ber::identifier_text(value.rest()).unwrap_or_default();
        sink.found_text(field, about, &text, at);
    } else if tag == OCTETS {
        let Some(clean) = text::clean(value.rest()) else { return };
        sink.found(field, about, &clean, at.clone());
        if *field == objects::SYS_NAME && host::is_host_name(&clean) {
            sink.found(&objects::SYS_NAME_HOST, about, host::split(&clean).0, at);
        }
    }
}

fn range(body: &Reader<'_>) -> Range<usize> {
    body.position()..body.position() + body.remaining()
}

const NAME: &str = "snmp";
const GET: u8 = 0xa0;
const RESPONSE: u8 = 0xa2;
const SET: u8 = 0xa3;
const TRAP_V1: u8 = 0xa4;
const BULK: u8 = 0xa5;
const INFORM: u8 = 0xa6;
const TRAP_V2: u8 = 0xa7;
const REPORT: u8 = 0xa8;
/// 1.3.6.1.4.1, under which every maker has its own number.
const ENTERPRISES: &[u8] = &[0x2b, 6, 1, 4, 1];
const NETWORK_ADDRESS: u8 = 0x40;
const TIME_TICKS: u8 = 0x43;

/// Most variable bindings read of one message. A full datagram of the shortest has some thousands;
/// what names a device stands among the first.
const BINDINGS_MAX: usize = 512;

#[cfg(test)]
mod tests;
