//! Commands and data sets.
//!
//! Source: DICOM PS3.7 section 9.3 (commands), PS3.5 section 7.1 (elements), PS3.3 annex C.7.
//! Privacy: every patient is invented and carries a canary, so that a leak can be found.

use crate::canary;
use crate::encode::octets::Octets;

/// Verification.
pub(crate) const VERIFICATION: &str = "1.2.840.10008.1.1";
/// Modality worklist.
pub(crate) const WORKLIST: &str = "1.2.840.10008.5.1.4.31";
/// Study root query and retrieve, MOVE.
pub(crate) const STUDY_MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
/// Study root query and retrieve, FIND.
pub(crate) const STUDY_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";

/// What equipment says about itself in an image.
pub(crate) struct Equipment<'a> {
    /// (0008,0060).
    pub(crate) modality: &'a str,
    /// (0008,0070).
    pub(crate) maker: &'a str,
    /// (0008,1010).
    pub(crate) station: &'a str,
    /// (0008,1090).
    pub(crate) model: &'a str,
    /// (0018,1000).
    pub(crate) serial: &'a str,
    /// (0018,1020).
    pub(crate) software: &'a str,
    /// (0008,1040).
    pub(crate) department: &'a str,
}

/// The storage class that images of a modality use.
pub(crate) fn storage_class(modality: &str) -> &'static str {
    match modality {
        "CT" => "1.2.840.10008.5.1.4.1.1.2",
        "MR" => "1.2.840.10008.5.1.4.1.1.4",
        "US" => "1.2.840.10008.5.1.4.1.1.6.1",
        "DX" => "1.2.840.10008.5.1.4.1.1.1.1",
        "MG" => "1.2.840.10008.5.1.4.1.1.1.2",
        "XA" => "1.2.840.10008.5.1.4.1.1.12.1",
        "ECG" => "1.2.840.10008.5.1.4.1.1.9.1.1",
        _ => "1.2.840.10008.5.1.4.1.1.7",
    }
}

/// C-STORE-RQ.
pub(crate) fn store_request(class: &str, instance: &str, message: u16) -> Vec<u8> {
    let mut rest = Vec::new();
    uid(&mut rest, 0x0002, class);
    short(&mut rest, 0x0100, 0x0001);
    short(&mut rest, 0x0110, message);
    short(&mut rest, 0x0700, 0);
    short(&mut rest, 0x0800, DATA_FOLLOWS);
    uid(&mut rest, 0x1000, instance);
    command(&rest)
}

/// C-STORE-RSP with status success.
pub(crate) fn store_response(class: &str, instance: &str, message: u16) -> Vec<u8> {
    let mut rest = response(class, 0x8001, message, NO_DATA, 0);
    uid(&mut rest, 0x1000, instance);
    command(&rest)
}

/// C-ECHO-RQ.
pub(crate) fn echo_request(message: u16) -> Vec<u8> {
    let mut rest = Vec::new();
    uid(&mut rest, 0x0002, VERIFICATION);
    short(&mut rest, 0x0100, 0x0030);
    short(&mut rest, 0x0110, message);
    short(&mut rest, 0x0800, NO_DATA);
    command(&rest)
}

/// C-ECHO-RSP.
pub(crate) fn echo_response(message: u16) -> Vec<u8> {
    command(&response(VERIFICATION, 0x8030, message, NO_DATA, 0))
}

/// C-FIND-RQ.
pub(crate) fn find_request(class: &str, message: u16) -> Vec<u8> {
    let mut rest = Vec::new();
    uid(&mut rest, 0x0002, class);
    short(&mut rest, 0x0100, 0x0020);
    short(&mut rest, 0x0110, message);
    short(&mut rest, 0x0700, 0);
    short(&mut rest, 0x0800, DATA_FOLLOWS);
    command(&rest)
}

/// C-FIND-RSP: one match follows, or none is left.
pub(crate) fn find_response(class: &str, message: u16, more: bool) -> Vec<u8> {
    let (data, status) = if more { (DATA_FOLLOWS, 0xff00) } else { (NO_DATA, 0) };
    command(&response(class, 0x8020, message, data, status))
}

/// The identifier of a worklist question, or of an answer when there is a patient.
pub(crate) fn worklist(modality: &str, station: &str, patient: Option<u64>) -> Vec<u8> {
    let name = patient.map(canary::name).unwrap_or_default();
    let id = patient.map(canary::id).unwrap_or_default();
    let mut set = Elements::new(false);
    set.text(0x0008, 0x0005, *b"CS", "ISO_IR 100");
    set.text(0x0010, 0x0010, *b"PN", &name);
    set.text(0x0010, 0x0020, *b"LO", &id);
    let mut step = Elements::new(false);
    step.text(0x0008, 0x0060, *b"CS", modality);
    step.text(0x0040, 0x0001, *b"AE", station);
    set.sequence(0x0040, 0x0100, &step.0);
    set.0
}

/// An image with its equipment, its patient and so many bytes of pixels.
pub(crate) fn image(
    equipment: &Equipment<'_>,
    explicit: bool,
    instance: &str,
    patient: u64,
    pixels: &[u8],
) -> Vec<u8> {
    let mut set = Elements::new(explicit);
    set.0.reserve(pixels.len() + 1024);
    set.text(0x0008, 0x0005, *b"CS", "ISO_IR 100");
    set.text(0x0008, 0x0008, *b"CS", "ORIGINAL\\PRIMARY");
    set.text(0x0008, 0x0016, *b"UI", storage_class(equipment.modality));
    set.text(0x0008, 0x0018, *b"UI", instance);
    set.text(0x0008, 0x0020, *b"DA", "20261123");
    set.text(0x0008, 0x0060, *b"CS", equipment.modality);
    set.text(0x0008, 0x0070, *b"LO", equipment.maker);
    set.text(0x0008, 0x0080, *b"LO", "Wardtown General");
    set.text(0x0008, 0x1010, *b"SH", equipment.station);
    set.text(0x0008, 0x1040, *b"LO", equipment.department);
    set.text(0x0008, 0x1090, *b"LO", equipment.model);
    set.text(0x0010, 0x0010, *b"PN", &canary::name(patient));
    set.text(0x0010, 0x0020, *b"LO", &canary::id(patient));
    set.text(0x0010, 0x0030, *b"DA", "19700101");
    set.text(0x0010, 0x0040, *b"CS", "O");
    set.text(0x0018, 0x1000, *b"LO", equipment.serial);
    set.text(0x0018, 0x1020, *b"LO", equipment.software);
    set.text(0x0020, 0x000d, *b"UI", &format!("{instance}.1"));
    set.text(0x0020, 0x000e, *b"UI", &format!("{instance}.2"));
    for (element, value) in [(0x0002, 1), (0x0010, 512), (0x0011, 512), (0x0100, 16)] {
        set.number(0x0028, element, value);
    }
    set.put(0x7fe0, 0x0010, *b"OW", pixels);
    set.0
}

/// Elements in ascending order, in one of the two little-endian transfer syntaxes.
struct Elements(Vec<u8>, bool);

impl Elements {
    fn new(explicit: bool) -> Self {
        Self(Vec::new(), explicit)
    }

    fn text(&mut self, group: u16, element: u16, kind: [u8; 2], text: &str) {
        let mut value = text.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(if kind == *b"UI" { 0 } else { b' ' });
        }
        self.put(group, element, kind, &value);
    }

    fn number(&mut self, group: u16, element: u16, value: u16) {
        self.put(group, element, *b"US", &value.to_le_bytes());
    }

    fn sequence(&mut self, group: u16, element: u16, item: &[u8]) {
        let mut content = Vec::new();
        content.le16(0xfffe).le16(0xe000).le32(item.len() as u32).put(item);
        self.put(group, element, *b"SQ", &content);
    }

    fn put(&mut self, group: u16, element: u16, kind: [u8; 2], value: &[u8]) {
        self.0.le16(group).le16(element);
        if !self.1 {
            self.0.le32(value.len() as u32);
        } else if matches!(&kind, b"OW" | b"SQ") {
            self.0.put(&kind).le16(0).le32(value.len() as u32);
        } else {
            self.0.put(&kind).le16(value.len() as u16);
        }
        self.0.put(value);
    }
}

fn response(class: &str, kind: u16, message: u16, data: u16, status: u16) -> Vec<u8> {
    let mut rest = Vec::new();
    uid(&mut rest, 0x0002, class);
    short(&mut rest, 0x0100, kind);
    short(&mut rest, 0x0120, message);
    short(&mut rest, 0x0800, data);
    short(&mut rest, 0x0900, status);
    rest
}

fn command(rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rest.len() + 12);
    bytes.le16(0).le16(0).le32(4).le32(rest.len() as u32).put(rest);
    bytes
}

fn uid(bytes: &mut Vec<u8>, element: u16, value: &str) {
    let width = value.len() + value.len() % 2;
    bytes.le16(0).le16(element).le32(width as u32).padded(value, width, 0);
}

fn short(bytes: &mut Vec<u8>, element: u16, value: u16) {
    bytes.le16(0).le16(element).le32(2).le16(value);
}

const NO_DATA: u16 = 0x0101;
const DATA_FOLLOWS: u16 = 0x0102;
