//! MODBUS: not read yet.
