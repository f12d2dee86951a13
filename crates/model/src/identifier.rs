//! What points to a device, in the one form in which it is kept, looked for and compared.

use std::collections::BTreeSet;

use crate::{Attribute, Device, Mac};

/// What an identifier is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum IdentifierKind {
    /// Link address, seen or stated.
    Mac,
    /// Network address, seen or stated.
    Ip,
    /// Serial number; it names a device only together with its maker.
    Serial,
    /// Unique device identifier.
    Udi,
    /// The hospital's own key.
    AssetId,
    /// Host name.
    Hostname,
}

impl IdentifierKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Mac, Self::Ip, Self::Serial, Self::Udi, Self::AssetId, Self::Hostname];

    /// The name that is kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::Ip => "ip",
            Self::Serial => "serial",
            Self::Udi => "udi",
            Self::AssetId => "asset_id",
            Self::Hostname => "hostname",
        }
    }

    /// True for what every site gives out anew: private addresses and host names. The rest belongs
    /// to the whole organization.
    pub const fn is_of_site(self) -> bool {
        matches!(self, Self::Ip | Self::Hostname)
    }

    const fn of_attribute(attribute: Attribute) -> Option<Self> {
        Some(match attribute {
            Attribute::StatedMac => Self::Mac,
            Attribute::StatedIp => Self::Ip,
            Attribute::Serial => Self::Serial,
            Attribute::Udi => Self::Udi,
            Attribute::AssetTag => Self::AssetId,
            Attribute::Hostname => Self::Hostname,
            _ => return None,
        })
    }
}

/// Something that points to a device. Equal where it names the same.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Identifier {
    kind: IdentifierKind,
    value: String,
}

impl Identifier {
    /// `value` as an identifier; nothing where it is none.
    pub fn new(kind: IdentifierKind, value: &str) -> Option<Self> {
        let value = match kind {
            IdentifierKind::Mac => value.parse::<Mac>().ok()?.to_string(),
            IdentifierKind::Ip => value.parse::<std::net::IpAddr>().ok()?.to_string(),
            _ => plain(value),
        };
        (!value.is_empty()).then_some(Self { kind, value })
    }

    /// What a value of `attribute` points with; nothing for an attribute that points nowhere.
    pub fn of(attribute: Attribute, value: &str) -> Option<Self> {
        Self::new(IdentifierKind::of_attribute(attribute)?, value)
    }

    /// Everything that points to a device, chosen or not.
    pub fn all_of(device: &Device) -> BTreeSet<Self> {
        let mut all = BTreeSet::new();
        for address in &device.addresses {
            let value = |kind, text: String| Self { kind, value: text };
            all.extend(address.mac.map(|mac| value(IdentifierKind::Mac, mac.to_string())));
            all.extend(address.ip.map(|ip| value(IdentifierKind::Ip, ip.to_string())));
        }
        let said = |kind, value: &Option<String>| Self::new(kind, value.as_deref()?);
        all.extend(said(IdentifierKind::Serial, &device.serial));
        all.extend(said(IdentifierKind::AssetId, &device.asset_id));
        all.extend(device.facts.iter().filter_map(|fact| Self::of(fact.attribute, &fact.value)));
        all
    }

    /// What it is.
    pub const fn kind(&self) -> IdentifierKind {
        self.kind
    }

    /// Its value, without what differs between a label, a record and a device.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// Letters and digits alone, in lower case: case and punctuation differ between what a label, a
/// record and a device say.
pub fn plain(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_the_same_is_equal() {
        for (attribute, left, right, same) in [
            (Attribute::Serial, "SN-47 11", "sn4711", true),
            (Attribute::StatedMac, "00-1A-2B-3C-4D-5E", "001a.2b3c.4d5e", true),
            (Attribute::StatedIp, "fe80:0::1", "fe80::1", true),
            (Attribute::AssetTag, "BME-1", "BME-2", false),
            (Attribute::Udi, "(01)0088", "010088", true),
        ] {
            let of = |value| Identifier::of(attribute, value).unwrap();
            assert_eq!(of(left) == of(right), same, "{left} {right}");
        }
        assert_eq!(Identifier::of(Attribute::StatedIp, "ward 3"), None, "no address");
        assert_eq!(Identifier::of(Attribute::Serial, " - "), None, "nothing");
        assert_eq!(Identifier::of(Attribute::Maker, "Halden"), None, "points nowhere");
    }
}
