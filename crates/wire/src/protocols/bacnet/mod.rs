//! BACnet/IP: what a building controller says it is.
//!
//! Source:  ANSI/ASHRAE 135: annex J (BVLC), clause 6.2 (NPDU), clause 20.1 (APDU), clauses 15.5
//!          and 15.7 (reading properties), 16.10 (I-Am), 12.11 (device object).
//! Input:   one message over UDP.
//! Output:  facts from I-Am and from answers about the device object.
//!          A device behind a BACnet router has no address of its own here, so its facts are those
//!          of its station: the network and the address that the router tells.
//! Limits:  of a segmented answer only the first part is read; stations with addresses of up to
//!          six bytes.

mod tags;
mod vendors;

use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Attribute, Confidence, Station};

use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::reader::Reader;
use tags::{CHARACTERS, ENUMERATED, OBJECT, Tag, UNSIGNED, bracketed, context, tag};

/// BACnet over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[47808], any_port: true, read, fields: FIELDS };

/// What a device tells.
#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    ROLE, ROUTER, BROADCASTER, INSTANCE, VENDOR, VENDOR_MAKER, VENDOR_NAME, MODEL_NAME, FIRMWARE, APPLICATION,
    OBJECT_NAME, LOCATION, SERIAL,
];

const ROLE: Field =
    Field::new(NAME, "answer", Attribute::Role, Confidence::STATED, "has a device object (12.11)");
const ROUTER: Field = Field::new(
    NAME,
    "I-Am-Router-To-Network",
    Attribute::Role,
    Confidence::STATED,
    "routes between BACnet networks (6.4.2)",
);
const BROADCASTER: Field = Field::new(
    NAME,
    "Forwarded-NPDU",
    Attribute::Role,
    Confidence::STRONG,
    "broadcast management device: passes broadcasts on (J.2.5)",
);
const INSTANCE: Field = Field::new(
    NAME,
    "device instance",
    Attribute::BacnetInstance,
    Confidence::STATED,
    "device object (12.11)",
);
const VENDOR: Field = Field::new(
    NAME,
    "vendor-identifier (120)",
    Attribute::BacnetVendorId,
    Confidence::STATED,
    "number that ASHRAE gave the maker (12.11.6)",
);
const VENDOR_MAKER: Field = Field::new(
    NAME,
    "vendor-identifier (120) maker",
    Attribute::Maker,
    Confidence::STRONG,
    "maker that the number was given to (`knowledge/bacnet-vendors.csv`)",
);
const VENDOR_NAME: Field =
    Field::new(NAME, "vendor-name (121)", Attribute::Maker, Confidence::STATED, "maker (12.11.5)");
const MODEL_NAME: Field =
    Field::new(NAME, "model-name (70)", Attribute::Model, Confidence::STATED, "model (12.11.7)");
const FIRMWARE: Field = Field::new(
    NAME,
    "firmware-revision (44)",
    Attribute::SoftwareVersion,
    Confidence::STATED,
    "firmware (12.11.8)",
);
const APPLICATION: Field = Field::new(
    NAME,
    "application-software-version (12)",
    Attribute::Software,
    Confidence::STATED,
    "version of the application software, whose name is not told (12.11.9)",
);
const OBJECT_NAME: Field = Field::new(
    NAME,
    "object-name (77)",
    Attribute::DeviceName,
    Confidence::STATED,
    "name (12.11.2)",
);
const LOCATION: Field = Field::new(
    NAME,
    "location (58)",
    Attribute::StatedLocation,
    Confidence::STATED,
    "location (12.11.10)",
);
const SERIAL: Field = Field::new(
    NAME,
    "serial-number (372)",
    Attribute::Serial,
    Confidence::STATED,
    "serial number (12.11)",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(datagram.payload);
    let size = datagram.payload.len();
    let (Some(BACNET_IP), Some(function), Some(told)) = (reader.u8(), reader.u8(), reader.u16_be())
    else {
        return Heard::NotMine;
    };
    let fits = usize::from(told) == size;
    if function > LAST_FUNCTION || !fits && !is_own(datagram) {
        return Heard::NotMine;
    }
    match body(&mut reader, function, datagram, sink) {
        Heard::Mine(server) if !fits => {
            sink.odd(NAME, WRONG_LENGTH, Answerable::Sender);
            Heard::Mine(server)
        }
        // Two mistakes at once are no sign of the protocol.
        Heard::Malformed(_) if !fits => Heard::NotMine,
        heard => heard,
    }
}

/// One of the ports that buildings use: those from the registered one on.
fn is_own(datagram: &Datagram<'_>) -> bool {
    [datagram.source_port, datagram.destination_port].iter().any(|port| port & 0xfff0 == PORT)
}

fn body(
    reader: &mut Reader<'_>,
    function: u8,
    datagram: &Datagram<'_>,
    sink: &mut dyn Sink,
) -> Heard {
    let about = match function {
        UNICAST | BROADCAST | DISTRIBUTE => About::Sender,
        FORWARDED => match forwarded(reader, datagram.source, sink) {
            Some(about) => about,
            None => return Heard::Malformed(ENDS_EARLY),
        },
        RESULT | READ_BROADCAST_TABLE_ACK | READ_FOREIGN_TABLE_ACK => {
            return Heard::Mine(Server::Sender);
        }
        _ => return Heard::Mine(Server::Receiver),
    };
    network(reader, about, sink)
}

/// The address that first sent a forwarded message.
fn forwarded(reader: &mut Reader<'_>, source: IpAddr, sink: &mut dyn Sink) -> Option<About> {
    let at = reader.position();
    let origin = IpAddr::from(reader.array::<4>()?);
    reader.skip(2)?;
    sink.found(&BROADCASTER, About::Sender, "bacnet_broadcast_manager", at..at + 6);
    Some(if origin == source { About::Sender } else { About::Ip(origin) })
}

/// The network layer.
fn network(reader: &mut Reader<'_>, about: About, sink: &mut dyn Sink) -> Heard {
    if reader.u8() != Some(NETWORK_VERSION) {
        return Heard::NotMine;
    }
    let Some(control) = reader.u8().filter(|control| control & RESERVED == 0) else {
        return Heard::NotMine;
    };
    let Some(origin) = addresses(reader, control) else {
        return Heard::Malformed(ENDS_EARLY);
    };
    if control & NETWORK_MESSAGE != 0 {
        let at = reader.position();
        if reader.u8() == Some(I_AM_ROUTER) && origin == Origin::Here {
            sink.found(&ROUTER, about, "bacnet_router", at..at + 1);
        }
        return Heard::Mine(Server::Unclear);
    }
    let (about, hidden) = match origin {
        Origin::Here => (about, false),
        Origin::Behind(station) => (About::Station(station), false),
        Origin::Unclear => (about, true),
    };
    let mut told = Told { about, sink, hidden, whole: true };
    match told.application(reader) {
        Some(server) => {
            told.count_hidden();
            Heard::Mine(server)
        }
        None if told.whole => Heard::Malformed(ENDS_EARLY),
        None => Heard::Mine(Server::Sender),
    }
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Origin {
    /// Whoever sent it.
    Here,
    /// A station behind a router.
    Behind(Station),
    /// A station behind a router that its address does not name.
    Unclear,
}

/// Passes over the network addresses.
fn addresses(reader: &mut Reader<'_>, control: u8) -> Option<Origin> {
    let mut origin = Origin::Here;
    for bit in [HAS_DESTINATION, HAS_SOURCE] {
        if control & bit != 0 {
            let network = reader.u16_be()?;
            let size = reader.u8()?;
            let address = reader.take(usize::from(size))?;
            if bit == HAS_SOURCE {
                origin = station(network, address);
            }
        }
    }
    if control & HAS_DESTINATION != 0 {
        reader.skip(1)?;
    }
    Some(origin)
}

fn station(network: u16, address: &[u8]) -> Origin {
    let named = (1..=STATION_BYTES_MAX).contains(&address.len());
    if !named || matches!(network, 0 | ALL_NETWORKS) {
        return Origin::Unclear;
    }
    let address = address.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    Origin::Behind(Station { network, address })
}

/// Reads the application layer and tells what stands in it.
struct Told<'s> {
    about: About,
    sink: &'s mut dyn Sink,
    /// True for a device that nothing names: nothing is told of it.
    hidden: bool,
    /// False where the message is part of one.
    whole: bool,
}

impl Told<'_> {
    fn application(&mut self, reader: &mut Reader<'_>) -> Option<Server> {
        let first = reader.u8()?;
        match first >> 4 {
            CONFIRMED_REQUEST => {
                self.hidden = false;
                Some(Server::Receiver)
            }
            UNCONFIRMED_REQUEST => {
                if reader.u8()? == I_AM {
                    self.i_am(reader)?;
                    return Some(Server::Sender);
                }
                self.hidden = false;
                Some(Server::Unclear)
            }
            COMPLEX_ACK => {
                self.complex_ack(first, reader)?;
                Some(Server::Sender)
            }
            SIMPLE_ACK..=ABORT => {
                self.hidden = false;
                Some(Server::Sender)
            }
            _ => None,
        }
    }

    fn i_am(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let at = reader.position();
        let Tag::Application(OBJECT, object) = tag(reader)? else { return None };
        let (DEVICE, instance) = tags::object(&object)? else { return None };
        self.found(&ROLE, "bacnet_device", at..at + 1);
        self.instance(instance, range(&object));
        let Tag::Application(UNSIGNED, _size) = tag(reader)? else { return None };
        let Tag::Application(ENUMERATED, _segmentation) = tag(reader)? else { return None };
        let Tag::Application(UNSIGNED, vendor) = tag(reader)? else { return None };
        self.vendor(tags::unsigned(&vendor)?, range(&vendor));
        Some(())
    }

    fn complex_ack(&mut self, first: u8, reader: &mut Reader<'_>) -> Option<()> {
        let _invocation = reader.u8()?;
        if first & SEGMENTED != 0 {
            self.whole = false;
            let [sequence, _window] = reader.array()?;
            self.sink.odd(NAME, "segmented answer is read in part", Answerable::Us);
            if sequence != 0 {
                return None;
            }
        }
        match reader.u8()? {
            READ_PROPERTY => {
                let object = context(reader, 0)?;
                let property = context(reader, 1)?;
                self.property(&object, &property, reader, [2, 3])
            }
            READ_PROPERTY_MULTIPLE => self.properties(reader),
            _ => {
                self.hidden = false;
                Some(())
            }
        }
    }

    fn properties(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        while !reader.is_empty() {
            let object = context(reader, 0)?;
            let Tag::Opening(1) = tag(reader)? else { return None };
            loop {
                match tag(reader)? {
                    Tag::Closing(1) => break,
                    Tag::Context(2, property) => {
                        self.property(&object, &property, reader, [3, 4])?;
                    }
                    _ => return None,
                }
            }
        }
        Some(())
    }

    /// Reads an index, where there is one, and the value or error in its bracket.
    fn property(
        &mut self,
        object: &Reader<'_>,
        property: &Reader<'_>,
        reader: &mut Reader<'_>,
        [index, value]: [u8; 2],
    ) -> Option<()> {
        let mut next = tag(reader)?;
        if matches!(next, Tag::Context(number, _) if number == index) {
            next = tag(reader)?;
        }
        let Tag::Opening(bracket) = next else { return None };
        let first = bracketed(reader, bracket)?;
        let (kind, instance) = tags::object(object)?;
        if kind == DEVICE && bracket == value {
            self.found(&ROLE, "bacnet_device", range(object));
            self.instance(instance, range(object));
            if let Tag::Application(kind, body) = first {
                self.value(tags::unsigned(property)?, kind, &body);
            }
        }
        Some(())
    }

    fn value(&mut self, property: u32, kind: u8, body: &Reader<'_>) {
        match (property, kind) {
            (OBJECT_IDENTIFIER, OBJECT) => {
                if let Some((DEVICE, instance)) = tags::object(body) {
                    self.instance(instance, range(body));
                }
            }
            (VENDOR_IDENTIFIER, UNSIGNED) => {
                if let Some(vendor) = tags::unsigned(body) {
                    self.vendor(vendor, range(body));
                }
            }
            (_, CHARACTERS) => self.text(property, body),
            _ => {}
        }
    }

    /// Tells the instance, but for the one that stands in a question and on an unconfigured device.
    fn instance(&mut self, instance: u32, at: Range<usize>) {
        if instance != ANY_INSTANCE {
            self.found(&INSTANCE, &instance.to_string(), at);
        }
    }

    fn vendor(&mut self, identifier: u32, at: Range<usize>) {
        self.found(&VENDOR, &identifier.to_string(), at.clone());
        if let Some(maker) = vendors::maker(identifier) {
            self.found(&VENDOR_MAKER, maker, at);
        }
    }

    fn text(&mut self, property: u32, body: &Reader<'_>) {
        let Some((_, field)) = TEXTS.iter().find(|(number, _)| *number == property) else { return };
        let Some(clean) = tags::characters(body) else { return };
        if field.attribute == Attribute::Software {
            self.found(field, &format!("application@{clean}"), range(body));
        } else {
            self.found(field, &clean, range(body));
        }
    }

    fn found(&mut self, field: &'static Field, value: &str, at: Range<usize>) {
        // Anew, because a word before the text may have made it too long.
        if let (false, Some(clean)) = (self.hidden, crate::text::clean_str(value)) {
            self.sink.found(field, self.about, &clean, at);
        }
    }

    fn count_hidden(&mut self) {
        if self.hidden {
            self.sink.odd(NAME, "device behind a router is not told apart", Answerable::Us);
        }
    }
}

fn range(body: &Reader<'_>) -> Range<usize> {
    body.position()..body.position() + body.remaining()
}

const NAME: &str = "bacnet";
const ENDS_EARLY: &str = "ends early or breaks its coding";

const WRONG_LENGTH: &str = "length in the message is wrong";
/// BAC0, and fifteen more behind it by custom.
const PORT: u16 = 0xbac0;

const BACNET_IP: u8 = 0x81;
const RESULT: u8 = 0x00;
const READ_BROADCAST_TABLE_ACK: u8 = 0x03;
const FORWARDED: u8 = 0x04;
const READ_FOREIGN_TABLE_ACK: u8 = 0x07;
const DISTRIBUTE: u8 = 0x09;
const UNICAST: u8 = 0x0a;
const BROADCAST: u8 = 0x0b;
const LAST_FUNCTION: u8 = 0x0c;

const NETWORK_VERSION: u8 = 1;
const NETWORK_MESSAGE: u8 = 0x80;
const ALL_NETWORKS: u16 = 0xffff;
/// Longest address of a station that is kept, in bytes: those of BACnet/IP and Ethernet.
const STATION_BYTES_MAX: usize = 6;
const HAS_DESTINATION: u8 = 0x20;
const HAS_SOURCE: u8 = 0x08;
/// Bits of the control byte that must be clear.
const RESERVED: u8 = 0x50;
const I_AM_ROUTER: u8 = 0x01;

const CONFIRMED_REQUEST: u8 = 0;
const UNCONFIRMED_REQUEST: u8 = 1;
const SIMPLE_ACK: u8 = 2;
const COMPLEX_ACK: u8 = 3;
const ABORT: u8 = 7;
const SEGMENTED: u8 = 0x08;
const I_AM: u8 = 0;
const READ_PROPERTY: u8 = 12;
const READ_PROPERTY_MULTIPLE: u8 = 14;

/// Type of the device object.
const DEVICE: u32 = 8;
/// Instance that stands for "whoever you are".
const ANY_INSTANCE: u32 = 0x3f_ffff;
const OBJECT_IDENTIFIER: u32 = 75;
const VENDOR_IDENTIFIER: u32 = 120;
/// Properties that hold text.
const TEXTS: &[(u32, &Field)] = &[
    (12, &APPLICATION),
    (44, &FIRMWARE),
    (58, &LOCATION),
    (70, &MODEL_NAME),
    (77, &OBJECT_NAME),
    (121, &VENDOR_NAME),
    (372, &SERIAL),
];

#[cfg(test)]
mod tests;
