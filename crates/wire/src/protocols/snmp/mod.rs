//! SNMP: not read yet.
