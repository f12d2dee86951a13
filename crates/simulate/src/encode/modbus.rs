//! Modbus/TCP: reading registers and device identification.
//!
//! Source: MODBUS Application Protocol V1.1b3 sections 6.3 and 6.21.

use super::octets::Octets;

/// Asks for the basic device identification.
pub(crate) fn identification_request(transaction: u16) -> Vec<u8> {
    framed(transaction, &[0x2b, 0x0e, 1, 0])
}

/// Maker, product code and revision.
pub(crate) fn identification_response(transaction: u16, objects: [&str; 3]) -> Vec<u8> {
    let mut body = vec![0x2b, 0x0e, 1, 1, 0, 0, objects.len() as u8];
    for (index, text) in objects.iter().enumerate() {
        body.u8(index as u8).sized8(text.as_bytes());
    }
    framed(transaction, &body)
}

/// Reads holding registers.
pub(crate) fn read_request(transaction: u16, count: u16) -> Vec<u8> {
    let mut body = vec![3];
    body.be16(100).be16(count);
    framed(transaction, &body)
}

/// Their values.
pub(crate) fn read_response(transaction: u16, values: &[u8]) -> Vec<u8> {
    let mut body = vec![3];
    body.sized8(values);
    framed(transaction, &body)
}

fn framed(transaction: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.be16(transaction).be16(0).be16(body.len() as u16 + 1).u8(1).put(body);
    bytes
}
