//! WS-Discovery over UDP, and the SOAP of DPWS and IEEE 11073 SDC devices that HTTP carries.
//!
//! Source:  OASIS WS-Discovery 1.1; what is inside a message is in `soap`.
//! Input:   one datagram, mostly to or from port 3702; answers go to any port.
//! Output:  endpoint reference, types, stated location.
//! Limits:  one datagram; nesting as in `xml`.
//! Privacy: see `soap` and `scope`.

mod scope;
pub(crate) mod soap;
#[cfg(test)]
mod tests;
pub(crate) mod xml;

use crate::dissect::{Datagram, DatagramProtocol, Field, Heard, Server, Sink};

use soap::{Place, Purpose};

/// WS-Discovery over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: WSD, ports: &[3702], any_port: true, read, fields: FIELDS };

/// Every field it yields, over UDP and inside HTTP.
pub const FIELDS: &[Field] = &[
    soap::ENDPOINT,
    soap::TYPE,
    scope::LOCATION,
    scope::CODED_TYPE,
    scope::HARDWARE,
    scope::NAME,
    scope::PLACE,
    soap::COMPUTER,
    soap::DOMAIN,
    soap::MAKER,
    soap::MODEL,
    soap::MODEL_NUMBER,
    soap::FRIENDLY_NAME,
    soap::FIRMWARE,
    soap::SERIAL,
    soap::MDS_MAKER,
    soap::MDS_MODEL,
    soap::MDS_MODEL_NUMBER,
    soap::MDS_SERIAL,
    soap::MDS_UDI,
    soap::MDS_UDI_DEVICE,
];

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let payload = datagram.payload;
    let start = payload.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let is_discovery = |uri: &&[u8]| memchr::memmem::find(payload, uri).is_some();
    if start.first() != Some(&b'<') || !DISCOVERY.iter().any(is_discovery) {
        return Heard::NotMine;
    }
    match soap::read(payload, Place::Plain(0), Some(datagram.source), sink) {
        Ok(Purpose::Announcement) => Heard::Mine(Server::Sender),
        Ok(Purpose::Search) => Heard::Mine(Server::Receiver),
        Ok(Purpose::Other) => Heard::Mine(Server::Unclear),
        Err(error) => Heard::Malformed(error.oddity().0),
    }
}

const WSD: &str = "wsd";

/// Ends of the two namespaces of WS-Discovery. One of them stands in every message.
const DISCOVERY: [&[u8]; 2] = [b"/ws/2005/04/discovery", b"/ws-dd/ns/discovery/2009/01"];
