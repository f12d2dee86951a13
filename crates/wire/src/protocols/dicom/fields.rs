//! Every field that DICOM yields.

use model::{Attribute, Confidence};

use crate::dissect::Field;

use super::NAME;

pub(super) const CALLING_AE: Field = Field::new(
    NAME,
    "calling AE title",
    Attribute::AeTitle,
    Confidence::STATED,
    "PS3.8 9.3.2: the title of whoever opens the association",
);
pub(super) const CALLED_AE: Field = Field::new(
    NAME,
    "called AE title",
    Attribute::AeTitle,
    Confidence::STRONG,
    "PS3.8 9.3.3: the title that was called, once the association is accepted",
);
pub(super) const CALLED_UNHEARD: Field = Field::new(
    NAME,
    "called AE title, answer not captured",
    Attribute::AeTitle,
    Confidence::WEAK,
    "PS3.8 9.3.2: the title that was called, where nothing of the one called was captured",
);
pub(super) const IMPLEMENTATION_CLASS: Field = Field::new(
    NAME,
    "52H",
    Attribute::ImplementationClassUid,
    Confidence::STATED,
    "PS3.7 D.3.3.2: implementation class UID",
);
pub(super) const IMPLEMENTATION_VERSION: Field = Field::new(
    NAME,
    "55H",
    Attribute::ImplementationVersionName,
    Confidence::STATED,
    "PS3.7 D.3.3.2: implementation version name",
);
pub(super) const PROPOSED_CLASS: Field = Field::new(
    NAME,
    "abstract syntax",
    Attribute::SopClass,
    Confidence::STATED,
    "PS3.8 9.3.2.2: UID of a SOP class that is proposed, or accepted by the one called",
);
pub(super) const PROPOSED_ROLE: Field = Field::new(
    NAME,
    "presentation context",
    Attribute::Role,
    Confidence::LIKELY,
    "PS3.8 9.3.2.2: a service that the device proposes to use or provide",
);
pub(super) const ACCEPTED_ROLE: Field = Field::new(
    NAME,
    "presentation context result",
    Attribute::Role,
    Confidence::STRONG,
    "PS3.8 9.3.3.2: a service that the device accepts to use or provide",
);
pub(super) const ACTED_ROLE: Field = Field::new(
    NAME,
    "(0000,0100)",
    Attribute::Role,
    Confidence::STATED,
    "PS3.7 E.1: a service that the device used or provided, from the command field",
);
pub(super) const IMPLIED_MODALITY: Field = Field::new(
    NAME,
    "abstract syntaxes",
    Attribute::Modality,
    Confidence::LIKELY,
    "the one modality that all proposed storage classes imply",
);
pub(super) const PASSCODE: Field = Field::new(
    NAME,
    "58H",
    Attribute::ClearTextLogin,
    Confidence::STATED,
    "PS3.7 D.3.3.7: a user name and passcode were sent; neither is read",
);

/// A data set attribute, for a sender that makes images of its own and for one that forwards.
pub(super) struct Attributed {
    pub(super) own: Field,
    pub(super) forwarded: Field,
}

const fn attributed(name: &'static str, attribute: Attribute, meaning: &'static str) -> Attributed {
    Attributed {
        own: Field::new(NAME, name, attribute, Confidence::LIKELY, meaning),
        forwarded: Field::new(NAME, name, attribute, Confidence::WEAK, meaning),
    }
}

pub(super) const FILE_IMPLEMENTATION_CLASS: Attributed = attributed(
    "(0002,0012)",
    Attribute::ImplementationClassUid,
    "PS3.10 7.1: implementation class UID",
);
pub(super) const FILE_IMPLEMENTATION_VERSION: Attributed = attributed(
    "(0002,0013)",
    Attribute::ImplementationVersionName,
    "PS3.10 7.1: implementation version name",
);
pub(super) const MODALITY: Attributed =
    attributed("(0008,0060)", Attribute::Modality, "PS3.3 C.7.3.1: modality");
pub(super) const MANUFACTURER: Attributed =
    attributed("(0008,0070)", Attribute::Maker, "PS3.3 C.7.5.1: manufacturer");
pub(super) const STATION_NAME: Attributed =
    attributed("(0008,1010)", Attribute::StationName, "PS3.3 C.7.5.1: station name");
pub(super) const DEPARTMENT: Attributed = attributed(
    "(0008,1040)",
    Attribute::InstitutionalDepartment,
    "PS3.3 C.7.5.1: institutional department name",
);
pub(super) const MODEL: Attributed =
    attributed("(0008,1090)", Attribute::Model, "PS3.3 C.7.5.1: manufacturer's model name");
pub(super) const SERIAL: Attributed =
    attributed("(0018,1000)", Attribute::Serial, "PS3.3 C.7.5.1: device serial number");
pub(super) const SOFTWARE: Attributed = attributed(
    "(0018,1020)",
    Attribute::SoftwareVersion,
    "PS3.3 C.7.5.1: software versions; of several, each is a value and all but the first are weak",
);

/// The fields of a data set attribute that may be read.
pub(super) fn of_tag(tag: super::dataset::Tag) -> Option<&'static Attributed> {
    Some(match tag {
        (0x0002, 0x0012) => &FILE_IMPLEMENTATION_CLASS,
        (0x0002, 0x0013) => &FILE_IMPLEMENTATION_VERSION,
        (0x0008, 0x0060) => &MODALITY,
        (0x0008, 0x0070) => &MANUFACTURER,
        (0x0008, 0x1010) => &STATION_NAME,
        (0x0008, 0x1040) => &DEPARTMENT,
        (0x0008, 0x1090) => &MODEL,
        (0x0018, 0x1000) => &SERIAL,
        (0x0018, 0x1020) => &SOFTWARE,
        _ => return None,
    })
}

/// The whole output of this protocol.
pub(super) const ALL: &[Field] = &[
    CALLING_AE,
    CALLED_AE,
    CALLED_UNHEARD,
    IMPLEMENTATION_CLASS,
    IMPLEMENTATION_VERSION,
    PROPOSED_CLASS,
    PROPOSED_ROLE,
    ACCEPTED_ROLE,
    ACTED_ROLE,
    IMPLIED_MODALITY,
    PASSCODE,
    FILE_IMPLEMENTATION_CLASS.own,
    FILE_IMPLEMENTATION_CLASS.forwarded,
    FILE_IMPLEMENTATION_VERSION.own,
    FILE_IMPLEMENTATION_VERSION.forwarded,
    MODALITY.own,
    MODALITY.forwarded,
    MANUFACTURER.own,
    MANUFACTURER.forwarded,
    STATION_NAME.own,
    STATION_NAME.forwarded,
    DEPARTMENT.own,
    DEPARTMENT.forwarded,
    MODEL.own,
    MODEL.forwarded,
    SERIAL.own,
    SERIAL.forwarded,
    SOFTWARE.own,
    SOFTWARE.forwarded,
];
