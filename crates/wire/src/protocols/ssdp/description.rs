//! The UPnP device description that a device hands out over HTTP.
//!
//! Source: UPnP Device Architecture 1.0 section 2.1.
//! Input:  one whole document.
//! Output: what the root device says of itself; devices embedded in it are passed over.

use std::ops::Range;

use model::{Attribute, Confidence};

use crate::dissect::{About, Field, Sink};
use crate::protocols::wsd::soap::Place;
use crate::protocols::wsd::xml::{self, Leaf, Visitor, XmlError};

use super::SSDP;

/// Reads `body`, which stands at `place` in the input.
///
/// # Errors
///
/// What was found before an error stands.
pub(crate) fn read(body: &[u8], place: Place, sink: &mut dyn Sink) -> Result<(), XmlError> {
    let document = xml::decode(body);
    let place = place.of(body, &document);
    xml::walk(&document, &mut Description { sink, place })
}

struct Description<'a> {
    sink: &'a mut dyn Sink,
    place: Place,
}

impl Visitor for Description<'_> {
    fn leaf(&mut self, path: &[String], leaf: &Leaf<'_>) {
        let [root, device, name] = path else { return };
        if root != "upnp:root" || device != "upnp:device" {
            return;
        }
        let at: Range<usize> = self.place.range(&leaf.at);
        let rule = RULES.iter().find(|(rule, _)| rule == name);
        if let Some(((_, field), text)) = rule.zip(crate::text::clean_str(leaf.text)) {
            self.sink.found(field, About::Sender, &text, at);
        }
    }
}

/// Every field a description yields.
pub(crate) const FIELDS: &[Field] = &[KIND, FRIENDLY_NAME, MAKER, MODEL, MODEL_NUMBER, SERIAL, UDN];

const fn stated(name: &'static str, attribute: Attribute, meaning: &'static str) -> Field {
    Field::new(SSDP, name, attribute, Confidence::STATED, meaning)
}

pub(super) const KIND: Field =
    stated("deviceType", Attribute::UpnpType, "UPnP 1.0 section 2.1: type of the root device");
pub(super) const FRIENDLY_NAME: Field =
    stated("friendlyName", Attribute::DeviceName, "UPnP 1.0 section 2.1: short name for people");
pub(super) const MAKER: Field =
    stated("manufacturer", Attribute::Maker, "UPnP 1.0 section 2.1: manufacturer");
pub(super) const MODEL: Field =
    stated("modelName", Attribute::Model, "UPnP 1.0 section 2.1: model name");
pub(super) const MODEL_NUMBER: Field =
    stated("modelNumber", Attribute::ModelNumber, "UPnP 1.0 section 2.1: model number");
pub(super) const SERIAL: Field =
    stated("serialNumber", Attribute::Serial, "UPnP 1.0 section 2.1: serial number");
pub(super) const UDN: Field =
    stated("UDN", Attribute::EndpointReference, "UPnP 1.0 section 2.1: unique device name");

const RULES: &[(&str, Field)] = &[
    ("upnp:deviceType", KIND),
    ("upnp:friendlyName", FRIENDLY_NAME),
    ("upnp:manufacturer", MAKER),
    ("upnp:modelName", MODEL),
    ("upnp:modelNumber", MODEL_NUMBER),
    ("upnp:serialNumber", SERIAL),
    ("upnp:UDN", UDN),
];
