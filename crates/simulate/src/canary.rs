//! Patients and passwords that exist nowhere, to prove that none leaves a parser.

/// A patient's name in the form of DICOM and HL7.
pub(crate) fn name(patient: u64) -> String {
    format!("CANARY^PATIENT^{:04}", patient % 10_000)
}

/// A patient's identifier.
pub(crate) fn id(patient: u64) -> String {
    format!("CANARY-ID-{:04}", patient % 10_000)
}

/// What people type where a password is sent in clear.
pub(crate) const PASSWORD: &str = "CANARY-PASSWORD";
