//! Why a frame, or a part of one, was not used.

use std::borrow::Cow;

/// A reason, small enough to count by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Skip {
    /// A phrase.
    Fixed(&'static str),
    /// The frame ends inside this header.
    Cut(&'static str),
    /// No link layer of ours.
    LinkType(u32),
    /// An EtherType that nobody here reads.
    EtherType(u16),
    /// An 802.2 service access point that nobody here reads.
    Llc(u8),
    /// A SNAP protocol that nobody here reads.
    Snap([u8; 3], u16),
    /// What a GRE tunnel carries.
    Gre(u16),
    /// What a PPP session carries.
    Ppp(u16),
}

impl Skip {
    /// The reason in words.
    pub(crate) fn words(self) -> Cow<'static, str> {
        match self {
            Self::Fixed(words) => words.into(),
            Self::Cut(header) => format!("{header} header cut short").into(),
            Self::LinkType(number) => link_type(number).into(),
            Self::EtherType(number) => format!("not IP: ethertype {number:#06x}").into(),
            Self::Llc(point) => format!("not IP: LLC service access point {point:#04x}").into(),
            Self::Snap([a, b, c], number) => {
                format!("not IP: SNAP {a:02x}{b:02x}{c:02x} {number:#06x}").into()
            }
            Self::Gre(number) => format!("not IP: GRE payload {number:#06x}").into(),
            Self::Ppp(number) => format!("not IP: PPP protocol {number:#06x}").into(),
        }
    }
}

/// How the reason starts for a frame whose link type nobody here reads.
pub const UNREAD_LINK_TYPE: &str = "link type ";

/// The number, what the registry calls it, and what to do.
fn link_type(number: u32) -> String {
    let mut rows = LINK_TYPES.lines().skip(1).filter_map(|line| line.split_once(','));
    let row = rows.find(|(known, _)| known.parse() == Ok(number));
    let name = row.and_then(|(_, rest)| rest.split(',').next()).unwrap_or("unknown to us");
    format!(
        "{UNREAD_LINK_TYPE}{number} ({name}) is not read: record on Ethernet, or turn the capture \
         into Ethernet or raw IP"
    )
}

/// Names of link types.
const LINK_TYPES: &str = include_str!("../../../../knowledge/link-types.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_type_is_told_by_its_name() {
        for (number, want) in
            [(195, "link type 195 (IEEE 802.15.4) is"), (9999, "link type 9999 (unknown to us) is")]
        {
            assert!(Skip::LinkType(number).words().starts_with(want), "{number}");
        }
    }
}
