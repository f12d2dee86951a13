//! Link-layer addresses.
//!
//! Source: IEEE Std 802-2014 section 8 (EUI-48; the group and local bits of the first octet).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An EUI-48 address, written `00:1a:2b:3c:4d:5e`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Mac(pub [u8; 6]);

/// The caller: the text is not six octets in hexadecimal.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a MAC address such as 00:1a:2b:3c:4d:5e")]
pub struct MacError(String);

impl Mac {
    /// All ones.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// All zeros; stands for "none" in several protocols.
    pub const ZERO: Self = Self([0; 6]);

    /// True for a broadcast or multicast address, which no single device owns.
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// True where the address was not assigned by a maker (virtual machines, private Wi-Fi).
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 == 2
    }

    /// True for an address that can name one device: not a group address and not zero.
    pub fn names_a_device(self) -> bool {
        !self.is_group() && self != Self::ZERO
    }

    /// The address as a number, first octet most significant.
    pub fn as_u64(self) -> u64 {
        self.0.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, octet) in self.0.iter().enumerate() {
            write!(f, "{}{octet:02x}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl FromStr for Mac {
    type Err = MacError;

    /// Reads `00:1a:2b:3c:4d:5e`, `00-1A-2B-3C-4D-5E`, `001a.2b3c.4d5e` and `001a2b3c4d5e`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || MacError(text.chars().take(40).collect());
        let mut octets = [0u8; 6];
        let mut digits = 0usize;
        for character in text.trim().chars() {
            if matches!(character, ':' | '-' | '.' | ' ') {
                continue;
            }
            let digit = character.to_digit(16).ok_or_else(error)? as u8;
            let octet = octets.get_mut(digits / 2).ok_or_else(error)?;
            *octet = *octet << 4 | digit;
            digits += 1;
        }
        if digits == 12 { Ok(Self(octets)) } else { Err(error()) }
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_common_spelling() {
        let want = Mac([0, 0x1a, 0x2b, 0x3c, 0x4d, 0x5e]);
        for text in ["00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "001a.2b3c.4d5e", "001A2B3C4D5E"] {
            assert_eq!(text.parse(), Ok(want), "{text}");
        }
        for text in ["", "00:1a:2b:3c:4d", "00:1a:2b:3c:4d:5e:6f", "pump", "00:1a:2b:3c:4d:5"] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
        assert_eq!(want.to_string(), "00:1a:2b:3c:4d:5e");
    }
}
