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
            Self::LinkType(number) => format!("link type {number} is not read").into(),
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
