//! DICOM: patients beside equipment, in fragments of two messages that are mixed.
//!
//! Source: PS3.5 chapter 7, PS3.8 section 9.3.5.

use super::{Message, Passage};
use crate::canary;
use crate::encode::dicom::dataset::{self, Equipment};
use crate::encode::dicom::pdu::{self, Association, EXPLICIT, IMPLICIT};
use crate::encode::octets::Octets;

/// Two images on two contexts, cut into fragments of every small size and mixed, and the same
/// with transfer syntaxes that are not what was agreed on.
pub(super) fn associations(out: &mut Vec<Message>) {
    for size in [2, 3, 7, 16, 40, 64, 150, 400, 1000] {
        for (agreed, sent) in [(true, true), (false, false), (true, false), (false, true)] {
            for passage in Passage::ALL {
                out.push(association(size, agreed, sent, passage));
            }
        }
    }
}

fn association(size: usize, agreed: bool, sent: bool, passage: Passage) -> Message {
    let syntax = if agreed { EXPLICIT } else { IMPLICIT };
    let class = dataset::storage_class("CT");
    let who = Association {
        called: "ARCHIVE",
        calling: "SCANNER",
        class_uid: "1.2.826.0.1.3680043.2.1",
        version_name: "SCAN_1",
    };
    let mut bytes = pdu::request(&who, &[(class, syntax), (class, syntax)]);
    for context in [1, 3] {
        let command = dataset::store_request(class, "1.2.3.4", u16::from(context));
        bytes.put(&pdu::data(context, true, &command));
    }
    let boundary = bytes.len();
    let images = [image(1, sent), image(2, sent)];
    let mut parts = images.each_ref().map(|image| image.chunks(size).peekable());
    let mut left = true;
    while std::mem::take(&mut left) {
        for (parts, context) in parts.iter_mut().zip([1, 3]) {
            let Some(part) = parts.next() else { continue };
            left = true;
            fragment(&mut bytes, context, parts.peek().is_none(), part);
        }
    }
    Message { bytes, boundary: boundary + size, port: PORT, passage }
}

fn fragment(bytes: &mut Vec<u8>, context: u8, last: bool, part: &[u8]) {
    bytes.u8(4).u8(0).be32(part.len() as u32 + 6).be32(part.len() as u32 + 2);
    bytes.u8(context).u8(u8::from(last) << 1).put(part);
}

/// An image whose patient is of another length each time, so that the two never run in step.
fn image(patient: u64, explicit: bool) -> Vec<u8> {
    let equipment = Equipment {
        modality: "CT",
        maker: "Norrvik",
        station: "CT1",
        model: "Ring",
        serial: if patient == 1 { "SN-1" } else { "SN-22222222" },
        software: "4.1",
        department: "Radiology",
    };
    let pixels = canary::name(patient).repeat(patient as usize * 3);
    dataset::image(&equipment, explicit, "1.2.3.4", patient, pixels.as_bytes())
}

const PORT: u16 = 104;
