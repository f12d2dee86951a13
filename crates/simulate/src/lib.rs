//! A deterministic hospital: devices, packets, records, disclosures.
