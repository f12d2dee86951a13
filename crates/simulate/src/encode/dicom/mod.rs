//! DICOM: associations, commands and data sets.

pub(crate) mod dataset;
pub(crate) mod pdu;
