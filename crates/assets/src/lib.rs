//! Observations and imported records to devices with evidence.
