//! The leaf certificate of a server.
//!
//! Source:  RFC 5246 section 7.4.2 (list), RFC 5280 section 4 (certificate), RFC 4514 (text).
//! Limits:  [`NAMES_MAX`].
//! Privacy: only the parts of a name that identify equipment and its owner's organisation; a
//!          value with an `@` is an e-mail address and is left out.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use model::{Answerable, Timestamp};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};

use super::record::{Message, place};
use super::{
    ALTERNATIVE_NAME, ISSUER, NAME, NOT_AFTER, NOT_BEFORE, REMOTE_ACCESS_CERTIFICATE, SELF_SIGNED,
    SUBJECT,
};
use crate::dissect::{About, Sink};
use crate::protocols::anydesk::{self, Ends};
use crate::text;

/// Reads the first certificate of a Certificate message up to TLS 1.2.
pub(super) fn read_list(message: &Message<'_>, sink: &mut dyn Sink) {
    let leaf = message.body().get(LIST_HEADER_BYTES..).unwrap_or_default();
    if leaf.is_empty() {
        return;
    }
    read_leaf(leaf, &|range| message.at(range.start + 6..range.end + 6), sink);
}

/// Reads one certificate in DER form that the sender showed as its own.
fn read_leaf(leaf: &[u8], at: &dyn Fn(Range<usize>) -> Range<usize>, sink: &mut dyn Sink) {
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else {
        sink.odd(NAME, "certificate that is not X.509", Answerable::Sender);
        return;
    };
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    let (subject_at, issuer_at) = (place(leaf, subject.as_raw()), place(leaf, issuer.as_raw()));
    let validity_at = at(issuer_at.end..subject_at.start.max(issuer_at.end));
    let (subject_at, issuer_at) = (at(subject_at), at(issuer_at));
    let subject_text = name_text(subject);
    let issuer_text = name_text(issuer);
    for (field, value, place) in
        [(&SUBJECT, &subject_text, &subject_at), (&ISSUER, &issuer_text, &issuer_at)]
    {
        sink.found_text(field, About::Sender, value, place.clone());
    }
    for (field, time) in [
        (&NOT_BEFORE, certificate.validity().not_before),
        (&NOT_AFTER, certificate.validity().not_after),
    ] {
        let time = Timestamp::from_seconds(time.timestamp()).to_string();
        sink.found(field, About::Sender, &time, validity_at.clone());
    }
    if subject.as_raw() == issuer.as_raw() {
        sink.found(&SELF_SIGNED, About::Sender, "yes", subject_at.clone());
    }
    report_names(&certificate, leaf, at, sink);
    report_tool(&subject_text, &issuer_text, subject_at, sink);
}

fn report_names(
    certificate: &X509Certificate<'_>,
    leaf: &[u8],
    at: &dyn Fn(Range<usize>) -> Range<usize>,
    sink: &mut dyn Sink,
) {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return };
    let names = &extension.value.general_names;
    if names.len() > NAMES_MAX {
        sink.odd(NAME, "more alternative names than are kept", Answerable::Us);
    }
    for name in names.iter().take(NAMES_MAX) {
        let (value, raw) = match name {
            GeneralName::DNSName(name) if !name.contains('@') => {
                ((*name).to_owned(), name.as_bytes())
            }
            GeneralName::IPAddress(bytes) => match address(bytes) {
                Some(address) => (address, *bytes),
                None => continue,
            },
            _ => continue,
        };
        sink.found_text(&ALTERNATIVE_NAME, About::Sender, &value, at(place(leaf, raw)));
    }
}

fn report_tool(subject: &str, issuer: &str, at: Range<usize>, sink: &mut dyn Sink) {
    let Some((tool, ends)) = anydesk::by_certificate(subject, issuer) else { return };
    sink.found(&REMOTE_ACCESS_CERTIFICATE, About::Receiver, tool, at.clone());
    if ends == Ends::Both {
        sink.found(&REMOTE_ACCESS_CERTIFICATE, About::Sender, tool, at);
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_string())
}

/// The name as RFC 4514 writes it, last part first, with the listed parts only.
fn name_text(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for attribute in name.iter_attributes() {
        let oid = attribute.attr_type().to_id_string();
        let Some((_, label)) = PARTS.iter().find(|(known, _)| *known == oid) else { continue };
        let value = attribute.attr_value();
        let wide = value.tag().0 == BMP_STRING;
        let value = if wide { utf16(attribute.as_slice()) } else { plain(attribute.as_slice()) };
        if let Some(value) = value.filter(|value| !value.contains('@')) {
            parts.push(format!("{label}={}", escaped(&value)));
        }
    }
    parts.reverse();
    parts.join(",")
}

fn plain(bytes: &[u8]) -> Option<String> {
    text::clean(bytes).map(std::borrow::Cow::into_owned)
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> =
        bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    plain(String::from_utf16_lossy(&units).as_bytes())
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// The parts of a name that are kept: RFC 4519 section 2, RFC 4514 section 3 for the labels.
const PARTS: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
];

/// ASN.1 universal tag of a string of two-byte characters.
const BMP_STRING: u32 = 30;

/// Lengths of the list and of the leaf in front of the leaf.
const LIST_HEADER_BYTES: usize = 6;

/// Most alternative names kept of one certificate. A device has a handful; the certificates of
/// content networks have hundreds that say nothing about a device.
pub(crate) const NAMES_MAX: usize = 32;
