//! Where a value came from, and how far it can be trusted.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How far a value can be trusted, in thousandths, from 0 to 1000. Written as 0 to 1 outside.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Confidence(u16);

impl Confidence {
    /// The device or an authoritative record states it in a field made for it.
    pub const STATED: Self = Self(950);
    /// Follows from something the device said, by a rule with few exceptions.
    pub const STRONG: Self = Self(800);
    /// Follows by a rule with known exceptions.
    pub const LIKELY: Self = Self(600);
    /// A hint that needs company.
    pub const WEAK: Self = Self(300);

    /// From thousandths; anything above 1000 is 1000.
    pub const fn from_thousandths(thousandths: u16) -> Self {
        Self(if thousandths > 1000 { 1000 } else { thousandths })
    }

    /// In thousandths.
    pub const fn thousandths(self) -> u16 {
        self.0
    }
}

impl Serialize for Confidence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Confidence {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = f64::deserialize(deserializer)?.clamp(0.0, 1.0);
        #[expect(clippy::cast_sign_loss, reason = "clamped to 0..=1 just above")]
        Ok(Self((share * 1000.0).round() as u16))
    }
}

/// Which input a value came from, whatever its file was called: two captures of one name are two
/// sources, and one that is read by another version of the program is read anew.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct SourceId {
    /// SHA-256 of the input as it was read, hexadecimal.
    pub content_hash: String,
    /// Name and version of the program part that read it.
    pub parser: String,
}

/// Where a value came from, precise enough for a person to look it up.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// Bytes on the wire.
    Wire {
        /// Name of the capture file or interface, without its folder.
        capture: String,
        /// Number of the frame, from 1, as Wireshark counts.
        frame: u64,
        /// Offset of the first byte within that frame, in bytes.
        offset_bytes: u32,
        /// Length, in bytes; may run on into later frames of the same stream.
        length_bytes: u32,
        /// Protocol, e.g. `dicom`.
        protocol: String,
        /// Field of the protocol, e.g. `(0008,1090)`.
        field: String,
        /// Rule that turned the bytes into the value.
        rule: String,
        /// The capture itself; nothing where none was taken in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_id: Option<SourceId>,
    },
    /// A cell or member of an imported file.
    File {
        /// Name of the file, without its folder.
        path: String,
        /// Row, from 1, the header row counted; 0 where there are no rows.
        row: u64,
        /// Column heading or JSON pointer.
        column: String,
        /// Inventory source of the site that the file is an export of; empty where it is none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        stream: String,
        /// The file itself; nothing where none was taken in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_id: Option<SourceId>,
    },
    /// Derived by a rule in `knowledge/` from another fact.
    Rule {
        /// Identifier of the rule.
        rule: String,
        /// The value it looked at.
        from: String,
    },
    /// Somebody said so.
    Person {
        /// Account name.
        name: String,
        /// When.
        at: Timestamp,
    },
}

impl Source {
    /// The input it came from.
    pub const fn id(&self) -> Option<&SourceId> {
        match self {
            Self::Wire { source_id, .. } | Self::File { source_id, .. } => source_id.as_ref(),
            Self::Rule { .. } | Self::Person { .. } => None,
        }
    }

    /// Says which input it came from.
    pub fn identify(&mut self, id: Option<SourceId>) {
        if let Self::Wire { source_id, .. } | Self::File { source_id, .. } = self {
            *source_id = id;
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire { capture, frame, offset_bytes, length_bytes, protocol, field, .. } => {
                write!(f, "{capture} frame {frame}, bytes {offset_bytes}+{length_bytes}: ")?;
                write!(f, "{protocol} {field}")
            }
            Self::File { path, row: 0, column, .. } => write!(f, "{path}, {column}"),
            Self::File { path, row, column, .. } => write!(f, "{path} row {row}, {column}"),
            Self::Rule { rule, from } => write!(f, "rule {rule} on `{from}`"),
            Self::Person { name, at } => write!(f, "{name} at {at}"),
        }
    }
}
