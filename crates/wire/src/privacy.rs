//! What of a value may be kept: the shape of its attribute, and the names that a setting masks.
//!
//! Input:   an attribute and clean text, wherever in a packet it stood.
//! Output:  whether it may be kept. Every value passes here once, whichever protocol found it.
//! Limits:  an attribute of free text holds whatever its sender wrote there; [`NAMES`] and
//!          [`EQUIPMENT`] list those, and [`Mask`] keeps none of what it names.
//! Privacy: names and identifiers of HL7 and DICOM have components, `DOE^JANE` or `123^^^WARD`, and
//!          segments of HL7 start as `PID|`: neither is a value of any attribute here.

use std::str::FromStr;

use model::Attribute;

/// Attributes that can carry a person's name by design: what a device calls itself or its place,
/// and what a program says of itself when it is called.
#[rustfmt::skip]
pub const NAMES: &[Attribute] = &[
    Attribute::Hostname, Attribute::Domain, Attribute::DeviceName, Attribute::StatedLocation,
    Attribute::AeTitle, Attribute::StationName, Attribute::InstitutionalDepartment,
    Attribute::Hl7Application, Attribute::Hl7Facility,
    Attribute::HttpServer, Attribute::HttpUserAgent, Attribute::HttpHost, Attribute::HttpTitle,
    Attribute::HttpRealm, Attribute::TlsServerName, Attribute::TlsSubject, Attribute::TlsIssuer,
    Attribute::TlsAlternativeName, Attribute::SshBanner, Attribute::FtpBanner,
    Attribute::TelnetBanner, Attribute::SnmpSysDescr, Attribute::SystemDescription,
    Attribute::SsdpServer, Attribute::UpnpType, Attribute::WsdType, Attribute::EndpointReference,
    Attribute::DnsService, Attribute::DhcpVendorClass, Attribute::SwitchPort,
];

/// Attributes of free text that say what a device is. No verdict can be had without them, so
/// that they are masked one by one only.
#[rustfmt::skip]
pub const EQUIPMENT: &[Attribute] = &[
    Attribute::Maker, Attribute::Model, Attribute::ModelNumber, Attribute::Serial, Attribute::Udi,
    Attribute::AssetTag, Attribute::SoftwareVersion, Attribute::Software, Attribute::Os,
    Attribute::HardwareVersion, Attribute::ImplementationVersionName, Attribute::SmbOs,
];

/// The attributes whose values are not kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mask(u128);

impl Mask {
    /// All of [`NAMES`].
    pub fn names() -> Self {
        NAMES.iter().fold(Self::default(), |mask, attribute| mask.and(*attribute))
    }

    /// This and one more.
    #[must_use]
    pub const fn and(self, attribute: Attribute) -> Self {
        Self(self.0 | 1 << attribute as u32)
    }

    /// Whether values of this attribute are not kept.
    #[inline]
    pub const fn covers(self, attribute: Attribute) -> bool {
        self.0 >> (attribute as u32) & 1 == 1
    }
}

/// The caller: a mask names no attribute.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is neither `names` nor the name of an attribute")]
pub struct UnknownMask(String);

impl FromStr for Mask {
    type Err = UnknownMask;

    /// `names`, or attributes by their names, separated by commas; nothing masks nothing.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.into_iter().try_fold(Self::default(), |mask, word| match word {
            "names" => Ok(Self(mask.0 | Self::names().0)),
            _ => word
                .parse()
                .map(|attribute| mask.and(attribute))
                .map_err(|_| UnknownMask(word.to_owned())),
        })
    }
}

/// Whether `value` can be one of `attribute`.
pub fn fits(attribute: Attribute, value: &str) -> bool {
    let shaped = match attribute {
        Attribute::Hl7MessageType => return is_message_type(value),
        Attribute::ImplementationClassUid | Attribute::SopClass => is_uid(value),
        Attribute::SnmpSysObjectId => all(value, |byte| byte.is_ascii_digit() || byte == b'.'),
        Attribute::Hl7Version => all(value, |byte| byte.is_ascii_digit() || byte == b'.'),
        Attribute::Modality => {
            value.len() <= CODE_BYTES_MAX
                && all(value, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        }
        Attribute::BacnetInstance
        | Attribute::BacnetVendorId
        | Attribute::ModbusUnit
        | Attribute::NtpStratum => all(value, |byte| byte.is_ascii_digit()),
        Attribute::DhcpFingerprint => all(value, |byte| byte.is_ascii_digit() || byte == b','),
        Attribute::SnmpEngineId | Attribute::Hassh => all(value, |byte| byte.is_ascii_hexdigit()),
        Attribute::UpnpType
        | Attribute::WsdType
        | Attribute::EndpointReference
        | Attribute::DnsService => all(value, |byte| !byte.is_ascii_whitespace()),
        _ => true,
    };
    shaped && !has_components(value) && !has_segment(value)
}

/// A code of three, and that of an event.
fn is_message_type(value: &str) -> bool {
    let mut parts = value.split('^');
    let code = |part: &str| {
        part.len() == 3 && all(part, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    parts.next().is_some_and(code) && parts.next().is_none_or(code) && parts.next().is_none()
}

/// UI of PS3.5 section 6.2, as some devices write it: they forget that zeros do not lead.
fn is_uid(value: &str) -> bool {
    value.len() <= UID_BYTES_MAX && all(value, |byte| byte.is_ascii_digit() || byte == b'.')
}

fn all(value: &str, fits: impl Fn(u8) -> bool) -> bool {
    value.bytes().all(fits)
}

/// A component of HL7 or DICOM and the mark behind it.
fn has_components(value: &str) -> bool {
    let bytes = value.as_bytes();
    memchr::memchr_iter(b'^', bytes).any(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80 || *byte == b'^')
    })
}

/// The start of a segment: three signs of a name and the mark behind them.
fn has_segment(value: &str) -> bool {
    let bytes = value.as_bytes();
    memchr::memchr_iter(b'|', bytes).any(|at| {
        let start = at.checked_sub(3);
        let name = start.and_then(|start| bytes.get(start..at)).unwrap_or_default();
        matches!(name, [first, rest @ ..] if first.is_ascii_uppercase()
            && rest.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
    })
}

/// CS of PS3.5 section 6.2.
const CODE_BYTES_MAX: usize = 16;

/// UI of the same.
const UID_BYTES_MAX: usize = 64;

/// A mask has a bit for every attribute.
const _: () = assert!(Attribute::ALL.len() <= u128::BITS as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_value_has_the_shape_of_its_attribute() {
        use Attribute as A;
        for (name, attribute, value, want) in [
            ("a host name",             A::Hostname,       "PUMP-0412",       true),
            ("a person",                A::Hostname,       "DOE^JANE",        false),
            ("an identifier",           A::Serial,         "123^^^WARD^MR",   false),
            ("an empty family name",    A::Model,          "^^JANE",          false),
            ("a control character",     A::TelnetBanner,   "escape is '^]'.", true),
            ("a segment",               A::HttpTitle,      "x PID|1||7",      false),
            ("a bar",                   A::HttpTitle,      "Home | Pump",     true),
            ("a class",                 A::SopClass,       "1.2.840.10008.1.1", true),
            ("a name for a class",      A::SopClass,       "JANE DOE",        false),
            ("a modality",              A::Modality,       "CT",              true),
            ("a name for a modality",   A::Modality,       "Jane Doe",        false),
            ("a message",               A::Hl7MessageType, "ORU^R01",         true),
            ("a name for a message",    A::Hl7MessageType, "DOE^JANE",        false),
            ("a version",               A::Hl7Version,     "2.5.1",           true),
            ("a name for a version",    A::Hl7Version,     "DOE",             false),
        ] {
            assert_eq!(fits(attribute, value), want, "{name}");
        }
    }

    #[test]
    fn a_mask_is_read_from_words() {
        let mask: Mask = " hostname, serial".parse().unwrap();
        assert!(mask.covers(Attribute::Hostname) && mask.covers(Attribute::Serial));
        assert!(!mask.covers(Attribute::Model));
        assert_eq!("".parse(), Ok(Mask::default()));
        assert_eq!("names".parse(), Ok(Mask::names()));
        assert_eq!("names,colour".parse::<Mask>(), Err(UnknownMask("colour".to_owned())));
        for attribute in Attribute::ALL {
            assert_eq!(Mask::names().covers(*attribute), NAMES.contains(attribute), "{attribute}");
        }
    }
}
