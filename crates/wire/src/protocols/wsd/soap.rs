//! What SOAP messages of devices say: WS-Discovery, DPWS metadata, IEEE 11073 SDC.
//!
//! Source:  OASIS WS-Discovery 1.1 sections 4 to 6; OASIS DPWS 1.1 section 5; IEEE 11073-20702
//!          (types), 11073-20701 (scopes), 11073-10207 (`MetaData` of an MDS); MS-PBSD (computers).
//! Input:   one whole document, from a datagram or an HTTP body.
//! Output:  values with their range; about the sender, or the address that a proxy names.
//! Privacy: only the paths of [`RULES`] and of discovery are copied. Of scopes, only location and
//!          device type are; SDC states and contexts, where patients are, match no path.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use model::{Attribute, Confidence};

use crate::dissect::{About, Field, Sink};

use super::xml::{self, Leaf, Visitor, XmlError};
use super::{WSD, scope};

/// What a discovery message is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// A device tells of itself, unasked or asked.
    Announcement,
    /// Somebody looks for devices.
    Search,
    /// Something else.
    Other,
}

/// Reads `body`. `heard_from` is the sender's address, where it is known; `base` is added to
/// every range, and `at` replaces them all where the body was packed.
pub(crate) fn read(
    body: &[u8],
    place: Place,
    heard_from: Option<IpAddr>,
    sink: &mut dyn Sink,
) -> Result<Purpose, XmlError> {
    let document = xml::decode(body);
    let place = place.of(body, &document);
    let mut soap =
        Soap { sink, place, heard_from, purpose: Purpose::Other, heard: Heard::default() };
    xml::walk(&document, &mut soap)?;
    Ok(soap.purpose)
}

/// Where a document stands in the input of the dissector.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// As it is, from this offset on.
    Plain(usize),
    /// Packed; every value gets the range of the whole.
    Packed(Range<usize>),
}

impl Place {
    /// Corrects the place for a document that had to be decoded.
    pub(crate) fn of(self, body: &[u8], document: &str) -> Self {
        match self {
            Self::Plain(base) if document.len() == body.len() => Self::Plain(base),
            Self::Plain(base) if body.ends_with(document.as_bytes()) => {
                Self::Plain(base + body.len() - document.len())
            }
            Self::Plain(base) => Self::Packed(base..base + body.len()),
            packed @ Self::Packed(_) => packed,
        }
    }

    /// The range in the input of a range in the document.
    pub(crate) fn range(&self, at: &Range<usize>) -> Range<usize> {
        match self {
            Self::Plain(base) => base + at.start..base + at.end,
            Self::Packed(whole) => whole.clone(),
        }
    }
}

struct Soap<'a> {
    sink: &'a mut dyn Sink,
    place: Place,
    heard_from: Option<IpAddr>,
    purpose: Purpose,
    heard: Heard,
}

/// One target service of a discovery message. Its addresses stand last, so it is told at its end.
#[derive(Default)]
struct Heard {
    values: Vec<(&'static Field, String, Range<usize>)>,
    addresses: Vec<IpAddr>,
}

impl Visitor for Soap<'_> {
    fn leaf(&mut self, path: &[String], leaf: &Leaf<'_>) {
        if let Some((_, field)) = RULES.iter().find(|(rule, _)| ends_with(path, rule)) {
            return self.tell(field, leaf);
        }
        let name = path.last().map(String::as_str);
        if ends_with(path, &["wsa:EndpointReference", "wsa:Address"]) && in_target(path) {
            self.keep(&ENDPOINT, leaf.text, leaf);
        } else if ends_with(path, &["dpws:Host", "wsa:EndpointReference", "wsa:Address"]) {
            self.tell(&ENDPOINT, leaf);
        } else if ends_with(path, &["dpws:Host", "dpws:Types"]) {
            for kind in leaf.text.split_ascii_whitespace().take(LIST_MAX) {
                self.found(&TYPE, About::Sender, &leaf.qualified(kind), &leaf.at);
            }
        } else if ends_with(path, &["dpws:Host", "pub:Computer"]) {
            self.computer(leaf);
        } else if in_target(path) {
            self.target(name.unwrap_or_default(), leaf);
        }
    }

    fn close(&mut self, path: &[String]) {
        let [.., body, message] = path else { return };
        match message.as_str() {
            "wsd:Hello" | "wsd:Bye" if body == "soap:Body" => {
                self.purpose = Purpose::Announcement;
                self.heard.addresses.clear();
                self.flush();
            }
            "wsd:ProbeMatch" | "wsd:ResolveMatch" => self.flush(),
            "wsd:ProbeMatches" | "wsd:ResolveMatches" => self.purpose = Purpose::Announcement,
            "wsd:Probe" | "wsd:Resolve" if body == "soap:Body" => {
                self.purpose = Purpose::Search;
                self.heard = Heard::default();
            }
            _ => {}
        }
    }
}

impl Soap<'_> {
    fn tell(&mut self, field: &'static Field, leaf: &Leaf<'_>) {
        self.found(field, About::Sender, leaf.text, &leaf.at);
    }

    fn found(&mut self, field: &'static Field, about: About, value: &str, at: &Range<usize>) {
        self.sink.found_text(field, about, value, self.place.range(at));
    }

    fn keep(&mut self, field: &'static Field, value: &str, leaf: &Leaf<'_>) {
        if self.heard.values.len() < LIST_MAX {
            self.heard.values.push((field, value.to_owned(), leaf.at.clone()));
        }
    }

    fn target(&mut self, name: &str, leaf: &Leaf<'_>) {
        let words = leaf.text.split_ascii_whitespace().take(LIST_MAX);
        match name {
            "wsd:Types" => words.for_each(|kind| self.keep(&TYPE, &leaf.qualified(kind), leaf)),
            "wsd:Scopes" => {
                for (field, value) in words.filter_map(scope::read) {
                    self.keep(field, &value, leaf);
                }
            }
            "wsd:XAddrs" => self.heard.addresses.extend(words.filter_map(address)),
            _ => {}
        }
    }

    /// A proxy answers for others: then what it says is about the address it names.
    fn flush(&mut self) {
        let Heard { values, addresses } = std::mem::take(&mut self.heard);
        let about = match (self.heard_from, addresses.first()) {
            (Some(sender), Some(first)) if !addresses.contains(&sender) => About::Ip(*first),
            _ => About::Sender,
        };
        for (field, value, at) in values {
            self.found(field, about, &value, &at);
        }
    }

    /// `NAME/Workgroup:GROUP`, `NAME\Domain:DOMAIN` or `NAME` alone.
    fn computer(&mut self, leaf: &Leaf<'_>) {
        let mut parts = leaf.text.split(['/', '\\']);
        self.found(&COMPUTER, About::Sender, parts.next().unwrap_or_default(), &leaf.at);
        if let Some((_, domain)) = parts.next().and_then(|rest| rest.split_once("omain:")) {
            self.found(&DOMAIN, About::Sender, domain, &leaf.at);
        }
    }
}

fn ends_with(path: &[String], end: &[&str]) -> bool {
    path.len() >= end.len() && path.iter().rev().zip(end.iter().rev()).all(|(a, b)| a == b)
}

/// True inside the description of one target service.
fn in_target(path: &[String]) -> bool {
    let is_target = |name: &String| {
        matches!(name.as_str(), "wsd:Hello" | "wsd:Bye" | "wsd:ProbeMatch" | "wsd:ResolveMatch")
    };
    path.get(1).is_some_and(|name| name == "soap:Body") && path.iter().any(is_target)
}

/// The address in a transport address such as `http://192.0.2.7:5357/7`; names are not resolved.
fn address(transport_address: &str) -> Option<IpAddr> {
    let (_, rest) = transport_address.split_once("://")?;
    let authority = rest.split('/').next()?;
    if let Ok(socket) = authority.parse::<SocketAddr>() {
        return Some(socket.ip());
    }
    authority.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

pub(super) const ENDPOINT: Field = Field::new(
    WSD,
    "EndpointReference",
    Attribute::EndpointReference,
    Confidence::STATED,
    "WS-Discovery 1.1 section 4: stable address of the target service",
);
pub(super) const TYPE: Field = Field::new(
    WSD,
    "Types",
    Attribute::WsdType,
    Confidence::STATED,
    "WS-Discovery 1.1 section 4: what the target service is, with our prefixes",
);
pub(super) const COMPUTER: Field = Field::new(
    WSD,
    "pub:Computer",
    Attribute::Hostname,
    Confidence::STATED,
    "MS-PBSD: name of a Windows computer",
);
pub(super) const DOMAIN: Field = Field::new(
    WSD,
    "pub:Computer domain",
    Attribute::Domain,
    Confidence::STATED,
    "MS-PBSD: domain of a Windows computer",
);
pub(super) const MAKER: Field = Field::new(
    WSD,
    "ThisModel/Manufacturer",
    Attribute::Maker,
    Confidence::STATED,
    "DPWS 1.1 section 5.1: manufacturer",
);
pub(super) const MODEL: Field = Field::new(
    WSD,
    "ThisModel/ModelName",
    Attribute::Model,
    Confidence::STATED,
    "DPWS 1.1 section 5.1: model name",
);
pub(super) const MODEL_NUMBER: Field = Field::new(
    WSD,
    "ThisModel/ModelNumber",
    Attribute::ModelNumber,
    Confidence::STATED,
    "DPWS 1.1 section 5.1: model number",
);
pub(super) const FRIENDLY_NAME: Field = Field::new(
    WSD,
    "ThisDevice/FriendlyName",
    Attribute::DeviceName,
    Confidence::STATED,
    "DPWS 1.1 section 5.1: name that people gave the device",
);
pub(super) const FIRMWARE: Field = Field::new(
    WSD,
    "ThisDevice/FirmwareVersion",
    Attribute::SoftwareVersion,
    Confidence::STATED,
    "DPWS 1.1 section 5.1: firmware version",
);
pub(super) const SERIAL: Field = Field::new(
    WSD,
    "ThisDevice/SerialNumber",
    Attribute::Serial,
    Confidence::STATED,
    "DPWS 1.1 section 5.1: serial number",
);
pub(super) const MDS_MAKER: Field = Field::new(
    WSD,
    "Mds/MetaData/Manufacturer",
    Attribute::Maker,
    Confidence::STATED,
    "IEEE 11073-10207: manufacturer of the medical device system",
);
pub(super) const MDS_MODEL: Field = Field::new(
    WSD,
    "Mds/MetaData/ModelName",
    Attribute::Model,
    Confidence::STATED,
    "IEEE 11073-10207: model name of the medical device system",
);
pub(super) const MDS_MODEL_NUMBER: Field = Field::new(
    WSD,
    "Mds/MetaData/ModelNumber",
    Attribute::ModelNumber,
    Confidence::STATED,
    "IEEE 11073-10207: model number of the medical device system",
);
pub(super) const MDS_SERIAL: Field = Field::new(
    WSD,
    "Mds/MetaData/SerialNumber",
    Attribute::Serial,
    Confidence::STATED,
    "IEEE 11073-10207: serial number of the medical device system",
);
pub(super) const MDS_UDI: Field = Field::new(
    WSD,
    "Mds/MetaData/Udi",
    Attribute::Udi,
    Confidence::STATED,
    "IEEE 11073-10207: unique device identifier, human readable form",
);
pub(super) const MDS_UDI_DEVICE: Field = Field::new(
    WSD,
    "Mds/MetaData/Udi/DeviceIdentifier",
    Attribute::Udi,
    Confidence::LIKELY,
    "IEEE 11073-10207: the device identifier of the UDI, which names the model only",
);

/// Leaf elements that are a value of the sender as they stand: the end of the path, the field.
const RULES: &[(&[&str], Field)] = &[
    (&["dpws:ThisModel", "dpws:Manufacturer"], MAKER),
    (&["dpws:ThisModel", "dpws:ModelName"], MODEL),
    (&["dpws:ThisModel", "dpws:ModelNumber"], MODEL_NUMBER),
    (&["dpws:ThisDevice", "dpws:FriendlyName"], FRIENDLY_NAME),
    (&["dpws:ThisDevice", "dpws:FirmwareVersion"], FIRMWARE),
    (&["dpws:ThisDevice", "dpws:SerialNumber"], SERIAL),
    (&["pm:MdDescription", "pm:Mds", "pm:MetaData", "pm:Manufacturer"], MDS_MAKER),
    (&["pm:MdDescription", "pm:Mds", "pm:MetaData", "pm:ModelName"], MDS_MODEL),
    (&["pm:MdDescription", "pm:Mds", "pm:MetaData", "pm:ModelNumber"], MDS_MODEL_NUMBER),
    (&["pm:MdDescription", "pm:Mds", "pm:MetaData", "pm:SerialNumber"], MDS_SERIAL),
    (&["pm:Mds", "pm:MetaData", "pm:Udi", "pm:HumanReadableForm"], MDS_UDI),
    (&["pm:Mds", "pm:MetaData", "pm:Udi", "pm:DeviceIdentifier"], MDS_UDI_DEVICE),
];

/// Most types, scopes or addresses read of one target service.
const LIST_MAX: usize = 64;
