//! DICOM: not read yet.
