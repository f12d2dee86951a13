//! The few objects in which an agent says what its device is.
//!
//! Source:  RFC 3418 (system), RFC 6933 (entities), RFC 2790 (host resources), RFC 3805
//!          (printers), RFC 1628 (uninterruptible power supplies).
//! Limits:  of the tables, row 1 only. That is the chassis, the printer or the first device; a
//!          datagram does not say what a later row stands for.
//! Privacy: sysContact names a person and is not in the table. Neither are tables of users,
//!          processes, neighbours or print jobs.

use model::{Attribute, Confidence};

use super::NAME;
use crate::dissect::Field;

/// An object and the field that its value fills.
pub(super) struct Object {
    /// Identifier as BER has it, instance included.
    pub(super) identifier: &'static [u8],
    pub(super) field: &'static Field,
}

/// The object with this identifier.
pub(super) fn find(identifier: &[u8]) -> Option<&'static Object> {
    OBJECTS.iter().find(|object| object.identifier == identifier)
}

pub(super) const SYS_NAME: Field =
    Field::new(NAME, "1.3.6.1.2.1.1.5.0", Attribute::DeviceName, Confidence::STATED, "sysName");
pub(super) const SYS_NAME_HOST: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.1.5.0 host",
    Attribute::Hostname,
    Confidence::STRONG,
    "first label of a sysName that can be a host name",
);
pub(super) const SYS_OBJECT_ID: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.1.2.0",
    Attribute::SnmpSysObjectId,
    Confidence::STATED,
    "sysObjectID",
);
pub(super) const SYS_DESCR: Field =
    Field::new(NAME, "1.3.6.1.2.1.1.1.0", Attribute::SnmpSysDescr, Confidence::STATED, "sysDescr");
pub(super) const SYS_LOCATION: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.1.6.0",
    Attribute::StatedLocation,
    Confidence::STATED,
    "sysLocation",
);
pub(super) const ENTITY_HARDWARE: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.47.1.1.1.1.8.1",
    Attribute::HardwareVersion,
    Confidence::STRONG,
    "entPhysicalHardwareRev",
);
pub(super) const ENTITY_FIRMWARE: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.47.1.1.1.1.9.1",
    Attribute::SoftwareVersion,
    Confidence::LIKELY,
    "entPhysicalFirmwareRev",
);
pub(super) const ENTITY_SOFTWARE: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.47.1.1.1.1.10.1",
    Attribute::SoftwareVersion,
    Confidence::STRONG,
    "entPhysicalSoftwareRev",
);
pub(super) const ENTITY_SERIAL: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.47.1.1.1.1.11.1",
    Attribute::Serial,
    Confidence::STRONG,
    "entPhysicalSerialNum",
);
pub(super) const ENTITY_MAKER: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.47.1.1.1.1.12.1",
    Attribute::Maker,
    Confidence::STRONG,
    "entPhysicalMfgName",
);
pub(super) const ENTITY_MODEL: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.47.1.1.1.1.13.1",
    Attribute::Model,
    Confidence::STRONG,
    "entPhysicalModelName",
);
pub(super) const HOST_DEVICE: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.25.3.2.1.3.1",
    Attribute::Model,
    Confidence::WEAK,
    "hrDeviceDescr: the model of a printer, the processor of a computer",
);
pub(super) const PRINTER_SERIAL: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.43.5.1.1.17.1",
    Attribute::Serial,
    Confidence::STATED,
    "prtGeneralSerialNumber",
);
pub(super) const UPS_MAKER: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.33.1.1.1.0",
    Attribute::Maker,
    Confidence::STATED,
    "upsIdentManufacturer",
);
pub(super) const UPS_MODEL: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.33.1.1.2.0",
    Attribute::Model,
    Confidence::STATED,
    "upsIdentModel",
);
pub(super) const UPS_SOFTWARE: Field = Field::new(
    NAME,
    "1.3.6.1.2.1.33.1.1.3.0",
    Attribute::SoftwareVersion,
    Confidence::STATED,
    "upsIdentUPSSoftwareVersion",
);

/// Every object read.
pub(super) const OBJECTS: &[Object] = &[
    object(&[0x2b, 6, 1, 2, 1, 1, 1, 0], &SYS_DESCR),
    object(&[0x2b, 6, 1, 2, 1, 1, 2, 0], &SYS_OBJECT_ID),
    object(&[0x2b, 6, 1, 2, 1, 1, 5, 0], &SYS_NAME),
    object(&[0x2b, 6, 1, 2, 1, 1, 6, 0], &SYS_LOCATION),
    object(&[0x2b, 6, 1, 2, 1, 25, 3, 2, 1, 3, 1], &HOST_DEVICE),
    object(&[0x2b, 6, 1, 2, 1, 33, 1, 1, 1, 0], &UPS_MAKER),
    object(&[0x2b, 6, 1, 2, 1, 33, 1, 1, 2, 0], &UPS_MODEL),
    object(&[0x2b, 6, 1, 2, 1, 33, 1, 1, 3, 0], &UPS_SOFTWARE),
    object(&[0x2b, 6, 1, 2, 1, 43, 5, 1, 1, 17, 1], &PRINTER_SERIAL),
    object(&[0x2b, 6, 1, 2, 1, 47, 1, 1, 1, 1, 8, 1], &ENTITY_HARDWARE),
    object(&[0x2b, 6, 1, 2, 1, 47, 1, 1, 1, 1, 9, 1], &ENTITY_FIRMWARE),
    object(&[0x2b, 6, 1, 2, 1, 47, 1, 1, 1, 1, 10, 1], &ENTITY_SOFTWARE),
    object(&[0x2b, 6, 1, 2, 1, 47, 1, 1, 1, 1, 11, 1], &ENTITY_SERIAL),
    object(&[0x2b, 6, 1, 2, 1, 47, 1, 1, 1, 1, 12, 1], &ENTITY_MAKER),
    object(&[0x2b, 6, 1, 2, 1, 47, 1, 1, 1, 1, 13, 1], &ENTITY_MODEL),
];

const fn object(identifier: &'static [u8], field: &'static Field) -> Object {
    Object { identifier, field }
}

#[cfg(test)]
mod tests {
    use super::super::{FIELDS, ber};
    use super::*;

    /// The name of a field is the identifier it is read from, and the table of fields has it.
    #[test]
    fn identifiers_agree_with_their_fields() {
        for Object { identifier, field } in OBJECTS {
            assert_eq!(ber::identifier_text(identifier).as_deref(), Some(field.name));
            assert!(FIELDS.contains(field), "{}", field.name);
        }
    }
}
