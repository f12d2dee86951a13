//! Printing: IPP over HTTP, and raw printing with a question about the printer.
//!
//! Source: RFC 8010 section 3; the printer job language's `INFO ID`.

use super::octets::Octets;

/// Get-Printer-Attributes.
pub(crate) fn attributes_request(url: &str) -> Vec<u8> {
    let mut body = vec![1, 1];
    body.be16(0x000b).be32(1).u8(1);
    attribute(&mut body, 0x47, "attributes-charset", "utf-8");
    attribute(&mut body, 0x48, "attributes-natural-language", "en");
    attribute(&mut body, 0x45, "printer-uri", url);
    body.u8(3);
    body
}

/// The printer's make, model and firmware.
pub(crate) fn attributes_response(make_and_model: &str, firmware: &str) -> Vec<u8> {
    let mut body = vec![1, 1];
    body.be16(0).be32(1).u8(1);
    attribute(&mut body, 0x47, "attributes-charset", "utf-8");
    attribute(&mut body, 0x48, "attributes-natural-language", "en");
    body.u8(4);
    attribute(&mut body, 0x41, "printer-make-and-model", make_and_model);
    attribute(&mut body, 0x41, "printer-firmware-string-version", firmware);
    body.u8(3);
    body
}

/// The question on the raw port.
pub(crate) const RAW_QUESTION: &[u8] = b"\x1b%-12345X@PJL INFO ID\r\n\x1b%-12345X";

/// Its answer.
pub(crate) fn raw_answer(model: &str) -> Vec<u8> {
    format!("@PJL INFO ID\r\n\"{model}\"\r\n\x0c").into_bytes()
}

fn attribute(body: &mut Vec<u8>, kind: u8, name: &str, value: &str) {
    body.u8(kind).sized16(name.as_bytes()).sized16(value.as_bytes());
}
