//! Scopes of WS-Discovery that tell what a device is and where it stands.
//!
//! Source:  IEEE 11073-20701 clause 9 (`sdc.ctxt.loc`, `sdc.cdc.type`); ONVIF Core section 7.3.2.
//! Output:  location as the SDC participant states it, broadest part first.
//! Privacy: every other scope is passed over, so no context of a patient or a person is read.

use std::borrow::Cow;

use model::{Attribute, Confidence};

use crate::dissect::Field;

use super::WSD;

/// The field that one scope fills, and its value.
pub(super) fn read(scope: &str) -> Option<(&'static Field, String)> {
    if let Some(rest) = scope.strip_prefix("sdc.ctxt.loc:") {
        return location(rest).map(|value| (&LOCATION, value));
    }
    if scope.starts_with("sdc.cdc.type:") {
        return Some((&CODED_TYPE, scope.to_owned()));
    }
    let (kind, value) = scope.strip_prefix("onvif://www.onvif.org/")?.split_once('/')?;
    let field = match kind {
        "hardware" => &HARDWARE,
        "name" => &NAME,
        "location" => &PLACE,
        _ => return None,
    };
    Some((field, decode(value)?.into_owned()))
}

/// `…?fac=F&bldng=B&flr=L&poc=C&rm=R&bed=D`, any of them absent.
fn location(rest: &str) -> Option<String> {
    let (_, query) = rest.split_once('?')?;
    let part = |key: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == key).and_then(|(_, value)| decode(value))
    };
    let parts: Vec<_> = LOCATION_KEYS.iter().filter_map(|key| part(key)).collect();
    (!parts.is_empty()).then(|| parts.join(" / "))
}

/// Percent-decoding; `None` for nothing and for what is no UTF-8.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if text.is_empty() || !text.contains('%') {
        return (!text.is_empty()).then_some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = (*first == b'%').then(|| tail.first_chunk::<2>()).flatten();
        let code = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = tail.get(2..).unwrap_or_default()).1,
            None => (bytes.push(*first), rest = tail).1,
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

pub(super) const LOCATION: Field = Field::new(
    WSD,
    "scope sdc.ctxt.loc",
    Attribute::StatedLocation,
    Confidence::STATED,
    "IEEE 11073-20701: facility, building, floor, point of care, room and bed",
);
pub(super) const CODED_TYPE: Field = Field::new(
    WSD,
    "scope sdc.cdc.type",
    Attribute::WsdType,
    Confidence::STATED,
    "IEEE 11073-20701: device type as a code of IEEE 11073-10101",
);
pub(super) const HARDWARE: Field = Field::new(
    WSD,
    "scope onvif hardware",
    Attribute::Model,
    Confidence::STRONG,
    "ONVIF Core 7.3.2: hardware of a camera, its model by custom",
);
pub(super) const NAME: Field = Field::new(
    WSD,
    "scope onvif name",
    Attribute::DeviceName,
    Confidence::STRONG,
    "ONVIF Core 7.3.2: name of a camera",
);
pub(super) const PLACE: Field = Field::new(
    WSD,
    "scope onvif location",
    Attribute::StatedLocation,
    Confidence::LIKELY,
    "ONVIF Core 7.3.2: location of a camera, often a factory default",
);

/// Keys of a location, broadest first.
const LOCATION_KEYS: [&str; 6] = ["fac", "bldng", "flr", "poc", "rm", "bed"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_scopes() {
        for (scope, want) in [
            (
                "sdc.ctxt.loc:/sdc.ctxt.loc.detail/H%2F%2F?fac=H&poc=ICU%201&bed=Bed3",
                Some("H / ICU 1 / Bed3"),
            ),
            ("sdc.ctxt.loc:/x?bed=%zz&fac=", Some("%zz")),
            ("sdc.ctxt.loc:/x", None),
            ("sdc.ctxt.loc:/x?fac=%ff", None),
            ("sdc.ctxt.pat:/sdc.ctxt.pat.detail/CANARY?name=CANARY", None),
            ("sdc.cdc.type:///70001", Some("sdc.cdc.type:///70001")),
            ("onvif://www.onvif.org/hardware/DS-2CD%20X", Some("DS-2CD X")),
            ("onvif://www.onvif.org/Profile/Streaming", None),
            ("ldap:///CN=CANARY", None),
        ] {
            assert_eq!(read(scope).map(|(_, value)| value).as_deref(), want, "{scope}");
        }
    }
}
