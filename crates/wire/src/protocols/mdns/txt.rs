//! DNS-SD text records: the few keys in which devices say what they are.
//!
//! Source:  RFC 6763 section 6; Bonjour Printing 1.2.1 section 9 (`ty`, `product`, `usb_MFG`,
//!          `usb_MDL`, `note`); HomeKit and Cast records (`md`), AirPlay (`model`, `am`).
//! Privacy: every other key is passed over; several carry account or person names.

use std::ops::Range;

use crate::dissect::Field;
use crate::reader::Reader;

use super::{FIRMWARE, LOCATION, MAKER, MODEL, PRODUCT, SERIAL};

/// One `key=value` that is worth telling.
pub(super) struct Told<'a> {
    pub(super) field: &'static Field,
    pub(super) value: &'a [u8],
    /// Range within the record's data.
    pub(super) at: Range<usize>,
}

/// Every known key of the data of a TXT record that belongs to this service.
pub(super) fn told<'a>(data: &'a [u8], service: &str) -> impl Iterator<Item = Told<'a>> {
    let mut reader = Reader::new(data);
    let strings = std::iter::from_fn(move || {
        let size = usize::from(reader.u8()?);
        let start = reader.position();
        Some((start, reader.take(size)?))
    });
    strings.take(STRINGS_MAX).filter_map(move |(start, string)| pair(start, string, service))
}

fn pair<'a>(start: usize, string: &'a [u8], service: &str) -> Option<Told<'a>> {
    let split = string.iter().position(|&byte| byte == b'=')?;
    let (key, value) = (string.get(..split)?, string.get(split + 1..)?);
    let (_, _, field) = KEYS.iter().find(|(want, services, _)| {
        key.eq_ignore_ascii_case(want.as_bytes())
            && (services.is_empty() || services.contains(&service))
    })?;
    let end = start + string.len();
    let inner = value.strip_prefix(b"(").and_then(|value| value.strip_suffix(b")"));
    match inner {
        Some(inner) if key.eq_ignore_ascii_case(b"product") => {
            Some(Told { field, value: inner, at: end - 1 - inner.len()..end - 1 })
        }
        _ => Some(Told { field, value, at: end - value.len()..end }),
    }
}

/// Keys, the services under which they mean this (none: any), and what they fill. `md` names a
/// model here and lists metadata kinds under `_raop`, so it is bound to its services.
const KEYS: &[(&str, &[&str], &Field)] = &[
    ("ty", PRINTING, &MODEL),
    ("product", PRINTING, &PRODUCT),
    ("usb_mfg", &[], &MAKER),
    ("usb_mdl", &[], &MODEL),
    ("mfg", &[], &MAKER),
    ("manufacturer", &[], &MAKER),
    ("mdl", &[], &MODEL),
    ("md", &["_hap._tcp", "_hap._udp", "_googlecast._tcp"], &MODEL),
    ("model", &[], &MODEL),
    ("am", &["_raop._tcp"], &MODEL),
    ("sn", &[], &SERIAL),
    ("serial", &[], &SERIAL),
    ("serialnumber", &[], &SERIAL),
    ("firmware", &[], &FIRMWARE),
    ("fw", &[], &FIRMWARE),
    ("note", PRINTING, &LOCATION),
];

/// Services of printers and scanners.
pub(super) const PRINTING: &[&str] = &[
    "_ipp._tcp",
    "_ipps._tcp",
    "_printer._tcp",
    "_pdl-datastream._tcp",
    "_fax-ipp._tcp",
    "_uscan._tcp",
    "_uscans._tcp",
    "_scanner._tcp",
];

/// Most strings read of one record. Printers send some thirty.
const STRINGS_MAX: usize = 128;
