//! Multicast DNS and DNS service discovery: what a device offers and what it says it is.
//!
//! Source:  RFC 6762 sections 6 and 18; RFC 6763 sections 4, 6, 7 and 9.
//! Input:   one message over UDP.
//! Output:  facts from announcements and answers: host name, services, and the text records of
//!          `txt`; a binding where the sender claims another address of its own name.
//! Limits:  as `dns::message`. Questions and the known answers in them are about others.
//! Privacy: an instance name is often a person's ("Anna's iPad"), so it is copied only for
//!          printers, scanners, cameras and DICOM services.

mod txt;

use model::{Answerable, Attribute, Confidence};

use super::dns::message::{self, Entry, Message, Name, Section};
use super::dns::{CLASS_IN, KIND_A, KIND_AAAA, KIND_PTR, address, host};
use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::text;

/// Multicast DNS over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[PORT], any_port: false, read, fields: FIELDS };

/// What an answer tells.
pub const FIELDS: &[Field] =
    &[HOST, SERVICE, INSTANCE, MAKER, MODEL, PRODUCT, SERIAL, FIRMWARE, LOCATION];

const HOST: Field = Field::new(
    NAME,
    "A/AAAA owner",
    Attribute::Hostname,
    Confidence::STATED,
    "name under `.local` that the device took (RFC 6762 section 3)",
);
const SERVICE: Field = Field::new(
    NAME,
    "PTR owner",
    Attribute::DnsService,
    Confidence::STATED,
    "service type offered (RFC 6763 sections 4.1 and 9)",
);
const INSTANCE: Field = Field::new(
    NAME,
    "PTR instance",
    Attribute::DeviceName,
    Confidence::STATED,
    "instance name of a printer, scanner, camera or DICOM service (RFC 6763 section 4.1.1)",
);
const MAKER: Field = Field::new(
    NAME,
    "TXT maker",
    Attribute::Maker,
    Confidence::STATED,
    "`usb_MFG`, `mfg`, `manufacturer`",
);
const MODEL: Field = Field::new(
    NAME,
    "TXT model",
    Attribute::Model,
    Confidence::STATED,
    "`ty`, `usb_MDL`, `mdl`, `md`, `model`, `am`",
);
const PRODUCT: Field = Field::new(
    NAME,
    "TXT product",
    Attribute::Model,
    Confidence::STRONG,
    "`product`, brackets taken off",
);
const SERIAL: Field = Field::new(
    NAME,
    "TXT serial",
    Attribute::Serial,
    Confidence::STATED,
    "`sn`, `serial`, `serialnumber`",
);
const FIRMWARE: Field = Field::new(
    NAME,
    "TXT firmware",
    Attribute::SoftwareVersion,
    Confidence::STRONG,
    "`firmware`, `fw`",
);
const LOCATION: Field = Field::new(
    NAME,
    "TXT note",
    Attribute::StatedLocation,
    Confidence::STATED,
    "`note` of a printer",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let Some(message) = Message::read(datagram.payload) else { return Heard::NotMine };
    if message.opcode() != 0 || message.entries().next().is_some_and(|entry| entry.is_err()) {
        return Heard::NotMine;
    }
    if !message.is_response() {
        return Heard::Mine(Server::Unclear);
    }
    for entry in message.entries() {
        match entry {
            Ok(entry) if is_told(&entry) => record(&message, &entry, datagram, sink),
            Ok(_) => {}
            Err(message::TOO_MANY) => sink.odd(NAME, message::TOO_MANY, Answerable::Us),
            Err(what) => return Heard::Malformed(what),
        }
    }
    Heard::Mine(Server::Sender)
}

fn is_told(entry: &Entry) -> bool {
    matches!(entry.section, Section::Answer | Section::Additional)
        && entry.class & !CACHE_FLUSH == CLASS_IN
}

fn record(message: &Message<'_>, entry: &Entry, datagram: &Datagram<'_>, sink: &mut dyn Sink) {
    let Some(owner) = message.name(entry.name.start) else { return };
    if !owner.ends_with(&["local"]) {
        return;
    }
    match entry.kind {
        KIND_A | KIND_AAAA => host_name(message, entry, &owner, datagram, sink),
        KIND_PTR => offered(message, entry, &owner, sink),
        KIND_TXT => texts(message, entry, &owner, sink),
        _ => {}
    }
}

fn host_name(
    message: &Message<'_>,
    entry: &Entry,
    owner: &Name,
    datagram: &Datagram<'_>,
    sink: &mut dyn Sink,
) {
    let Some(ip) = address(message, entry) else { return };
    let about = if ip == datagram.source {
        About::Sender
    } else if host::is_site_local(ip) {
        // Only who has a name says that older records of it are to be dropped.
        if let Some(mac) = datagram.source_mac.filter(|_| entry.class & CACHE_FLUSH != 0) {
            sink.bound(NAME, mac, ip);
        }
        About::Ip(ip)
    } else {
        return;
    };
    let mut labels = owner.labels();
    if let (Some(label), Some(_local), None) = (labels.next(), labels.next(), labels.next())
        && let Some(clean) = text::clean(label)
    {
        sink.found(&HOST, about, &clean, entry.name.clone());
    }
}

/// A pointer from a service to an instance, or from the list of services to one.
fn offered(message: &Message<'_>, entry: &Entry, owner: &Name, sink: &mut dyn Sink) {
    let Some(target) = message.name(entry.data.start) else { return };
    if owner.ends_with(&["_services", "_dns-sd", "_udp", "local"]) {
        if let Some(service) = service_of(&target) {
            sink.found(&SERVICE, About::Sender, &service, entry.data.clone());
        }
        return;
    }
    let Some(service) = service_of(owner) else { return };
    sink.found(&SERVICE, About::Sender, &service, entry.name.clone());
    if names_a_device(&service)
        && let Some(instance) = target.labels().next().and_then(text::clean)
    {
        sink.found(&INSTANCE, About::Sender, &instance, entry.data.clone());
    }
}

/// The service type that a name ends in before `.local`, e.g. `_ipp._tcp`.
fn service_of(name: &Name) -> Option<String> {
    let count = name.labels().count();
    let mut labels = name.labels().skip(count.checked_sub(3)?);
    let (service, transport) = (labels.next()?, labels.next()?);
    let is_type = service.first() == Some(&b'_')
        && [b"_tcp", b"_udp"].iter().any(|want| transport.eq_ignore_ascii_case(*want))
        && service.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let joined = [service, b".", transport].concat().to_ascii_lowercase();
    if is_type { String::from_utf8(joined).ok() } else { None }
}

fn names_a_device(service: &str) -> bool {
    txt::PRINTING.contains(&service) || DEVICE_SERVICES.contains(&service)
}

fn texts(message: &Message<'_>, entry: &Entry, owner: &Name, sink: &mut dyn Sink) {
    let Some(service) = service_of(owner) else { return };
    for told in txt::told(message.bytes(&entry.data), &service) {
        if let Some(clean) = text::clean(told.value) {
            let at = entry.data.start + told.at.start..entry.data.start + told.at.end;
            sink.found(told.field, About::Sender, &clean, at);
        }
    }
}

const NAME: &str = "mdns";
const PORT: u16 = 5353;
const KIND_TXT: u16 = 16;
/// Top bit of the class: older records of that name are to be dropped (RFC 6762 section 10.2).
const CACHE_FLUSH: u16 = 0x8000;
/// Services beside printing whose instance is named for a device, not for a person.
const DEVICE_SERVICES: &[&str] =
    &["_axis-video._tcp", "_dicom._tcp", "_dicom-tls._tcp", "_acr-nema._tcp"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{datagram, hex};

    fn name(text: &str) -> Vec<u8> {
        let labels = text.split('.').filter(|label| !label.is_empty());
        let mut bytes: Vec<u8> =
            labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
        bytes.push(0);
        bytes
    }

    fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = name(owner);
        bytes.extend(kind.to_be_bytes());
        bytes.extend(hex("8001 00000078"));
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(data);
        bytes
    }

    fn message(records: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = hex("0000 8400 0000");
        bytes.extend((records.len() as u16).to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(records.concat());
        bytes
    }

    fn strings(texts: &[&str]) -> Vec<u8> {
        texts.iter().flat_map(|text| [&[text.len() as u8], text.as_bytes()].concat()).collect()
    }

    #[test]
    fn announcements() {
        for (name, record, want) in [
            (
                "own address",
                record("ct1.local", 1, &[192, 0, 2, 1]),
                "sender hostname = \"ct1\" A/AAAA owner @12+11\n",
            ),
            (
                "another address of the site",
                record("ct1.local", 1, &[10, 0, 0, 9]),
                "bound 02:00:00:00:00:01 10.0.0.9 by mdns\n\
                 10.0.0.9 hostname = \"ct1\" A/AAAA owner @12+11\n",
            ),
            ("a public address", record("ct1.local", 1, &[8, 8, 8, 8]), ""),
            ("not under .local", record("ct1.lan", 1, &[192, 0, 2, 1]), ""),
            ("two labels", record("a.b.local", 1, &[192, 0, 2, 1]), ""),
            (
                "service",
                record("_smb._tcp.local", 12, &name("Anna's iPad._smb._tcp.local")),
                "sender dns_service = \"_smb._tcp\" PTR owner @12+17\n",
            ),
            (
                "list of services",
                record("_services._dns-sd._udp.local", 12, &name("_IPP._tcp.local")),
                "sender dns_service = \"_ipp._tcp\" PTR owner @52+17\n",
            ),
            (
                "printer",
                record("_ipp._tcp.local", 12, &name("Ward 3._ipp._tcp.local")),
                "sender dns_service = \"_ipp._tcp\" PTR owner @12+17\n\
                 sender device_name = \"Ward 3\" PTR instance @39+24\n",
            ),
            (
                "subtype",
                record("_u._sub._ipp._tcp.local", 12, &name("Ward 3._ipp._tcp.local")),
                "sender dns_service = \"_ipp._tcp\" PTR owner @12+25\n\
                 sender device_name = \"Ward 3\" PTR instance @47+24\n",
            ),
        ] {
            let want = format!("{want}Mine(Sender)\n");
            assert_eq!(datagram(&PROTOCOL, (5353, 5353), &message(&[record])), want, "{name}");
        }
    }

    #[test]
    fn text_records() {
        for (name, owner, texts, want) in [
            (
                "printer",
                "P._ipp._tcp.local",
                ["txtvers=1", "ty=Acme L5", "product=(Acme L 5)", "usb_MFG=Acme", "note=Ward 3"]
                    .as_slice(),
                "sender model = \"Acme L5\" TXT model @55+7\n\
                 sender model = \"Acme L 5\" TXT product @72+8\n\
                 sender maker = \"Acme\" TXT maker @90+4\n\
                 sender stated_location = \"Ward 3\" TXT note @100+6\n",
            ),
            (
                "computer",
                "X._device-info._tcp.local",
                &["model=iMac11,3", "osxvers=17"],
                "sender model = \"iMac11,3\" TXT model @56+8\n",
            ),
            (
                "md is a model here",
                "X._googlecast._tcp.local",
                &["md=Dongle", "fn=Anna's room"],
                "sender model = \"Dongle\" TXT model @52+6\n",
            ),
            ("md is none there", "X._raop._tcp.local", &["md=0,1,2"], ""),
            (
                "serial",
                "X._http._tcp.local",
                &["serialNumber=A1", "flag", "=", ""],
                "sender serial = \"A1\" TXT serial @56+2\n",
            ),
            ("no service", "X.local", &["model=Y"], ""),
        ] {
            let bytes = message(&[record(owner, KIND_TXT, &strings(texts))]);
            let want = format!("{want}Mine(Sender)\n");
            assert_eq!(datagram(&PROTOCOL, (5353, 5353), &bytes), want, "{name}");
        }
    }

    #[test]
    fn questions_tell_nothing_and_broken_ones_say_so() {
        let mut known_answer = message(&[record("ct1.local", 1, &[192, 0, 2, 1])]);
        known_answer[2] = 0;
        let mut cut =
            message(&[record("ct1.local", 1, &[192, 0, 2, 1]), record("a.local", 1, &[])]);
        cut.extend([0; 8]);
        cut[7] = 3;
        for (name, bytes, want) in [
            ("known answer in a question", known_answer, "Mine(Unclear)\n"),
            ("empty", Vec::new(), "NotMine\n"),
            (
                "broken record",
                cut,
                "sender hostname = \"ct1\" A/AAAA owner @12+11\n\
                 Malformed(\"record runs past the end or its name is broken\")\n",
            ),
        ] {
            let bytes = if name == "broken record" { [bytes, vec![1; 8]].concat() } else { bytes };
            assert_eq!(datagram(&PROTOCOL, (5353, 5353), &bytes), want, "{name}");
        }
    }

    #[test]
    fn every_prefix_is_refused() {
        let whole = message(&[record("_ipp._tcp.local", 12, &name("Ward 3._ipp._tcp.local"))]);
        for seen in 0..whole.len() {
            assert!(datagram(&PROTOCOL, (5353, 5353), &whole[..seen]).ends_with("NotMine\n"));
        }
    }

    proptest! {
        #[test]
        fn never_panics(owner in "[a-z_.]{0,30}", kind in 0u16..40, data: Vec<u8>, tail: Vec<u8>) {
            let owner = format!("{owner}.local").replace("..", ".");
            let mut bytes = message(&[record(&owner, kind, &data), tail.clone()]);
            datagram(&PROTOCOL, (5353, 5353), &bytes);
            bytes.truncate(tail.len());
            datagram(&PROTOCOL, (5353, 5353), &bytes);
        }
    }
}
