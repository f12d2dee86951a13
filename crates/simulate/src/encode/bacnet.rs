//! BACnet/IP: Who-Is, I-Am, and reading properties of a device.
//!
//! Source: ASHRAE 135-2020 annex J (BVLC), clauses 6 (network layer) and 20 (encoding).

use super::octets::Octets;

/// Property numbers of a device object.
pub(crate) const OBJECT_NAME: u8 = 77;
/// vendor-name.
pub(crate) const VENDOR_NAME: u8 = 121;
/// model-name.
pub(crate) const MODEL_NAME: u8 = 70;
/// firmware-revision.
pub(crate) const FIRMWARE_REVISION: u8 = 44;
/// application-software-version.
pub(crate) const APPLICATION_VERSION: u8 = 12;
/// location.
pub(crate) const LOCATION: u8 = 58;

/// "Who is there?", to everybody.
pub(crate) fn who_is() -> Vec<u8> {
    framed(0x0b, &[1, 0x20, 0xff, 0xff, 0, 0xff, 0x10, 0x08])
}

/// "I am", to everybody.
pub(crate) fn i_am(instance: u32, vendor: u16) -> Vec<u8> {
    let mut body = vec![1, 0x20, 0xff, 0xff, 0, 0xff, 0x10, 0x00, 0xc4];
    body.be32(device(instance)).put(&[0x22, 0x05, 0xc4, 0x91, 0x03, 0x22]).be16(vendor);
    framed(0x0b, &body)
}

/// ReadProperty of the device object.
pub(crate) fn read(invoke: u8, instance: u32, property: u8) -> Vec<u8> {
    let mut body = vec![1, 4, 0, 5, invoke, 12, 0x0c];
    body.be32(device(instance)).u8(0x19).u8(property);
    framed(0x0a, &body)
}

/// The answer, a character string in UTF-8.
pub(crate) fn text(invoke: u8, instance: u32, property: u8, text: &str) -> Vec<u8> {
    let mut body = vec![1, 0, 0x30, invoke, 12, 0x0c];
    body.be32(device(instance)).u8(0x19).u8(property).u8(0x3e);
    body.u8(0x75).u8(text.len() as u8 + 1).u8(0).put(text.as_bytes()).u8(0x3f);
    framed(0x0a, &body)
}

fn device(instance: u32) -> u32 {
    8 << 22 | instance & 0x003f_ffff
}

fn framed(function: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x81, function];
    bytes.be16(body.len() as u16 + 4).put(body);
    bytes
}
