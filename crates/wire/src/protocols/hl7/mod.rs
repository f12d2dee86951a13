//! HL7: not read yet.
