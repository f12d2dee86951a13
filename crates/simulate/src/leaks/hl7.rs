//! HL7 v2: every way to end a header, behind headers of every length.
//!
//! Source: HL7 v2.x chapter 2; what interface engines, editors and exports make of its terminator.

use super::{Message, Passage};
use crate::canary;

/// A message for each terminator, length of the header, segment behind it and passage.
pub(super) fn messages(out: &mut Vec<Message>) {
    for (number, terminator) in TERMINATORS.iter().enumerate() {
        for fields in 2..=FIELDS.len() {
            let header = header(fields);
            let segment = segment(number + fields);
            let turn = (number + fields) % Passage::ALL.len();
            let passages = Passage::ALL.into_iter().enumerate();
            for (_, passage) in passages.filter(|(place, _)| *place == 0 || *place == turn) {
                let bytes = [b"\x0b", header.as_bytes(), terminator, segment.as_bytes()].concat();
                out.push(Message {
                    bytes: [bytes.as_slice(), terminator, b"\x1c\r"].concat(),
                    boundary: 1 + header.len(),
                    port: PORT,
                    passage,
                });
            }
        }
    }
}

/// A header up to the field of this number.
fn header(fields: usize) -> String {
    let kept = FIELDS.get(..fields).unwrap_or(FIELDS);
    // MSH-1 is the separator itself.
    format!("MSH|{}", kept.get(1..).unwrap_or_default().join("|"))
}

/// A segment that says something of a patient, in one of several forms.
fn segment(form: usize) -> String {
    let patient = form as u64;
    let (name, id) = (canary::name(patient), canary::id(patient));
    match form % 5 {
        0 => format!("PID|1||{id}^^^WARD^MR||{name}||19700101|U|||1 CANARY STREET^^WARDTOWN"),
        1 => format!("PID|||{id}||{name}"),
        2 => format!("PID|1|{id}|{id}|{id}|{name}|CANARY|19700101"),
        3 => format!("NK1|1|{name}|SPO^CANARY|CANARY STREET"),
        _ => format!("EVN|A01|20261123||{id}|{name}\rPID|1||{id}"),
    }
}

/// MSH-1 to MSH-12.
const FIELDS: &[&str] = &[
    "|",
    "^~\\&",
    "ANALYZER",
    "LAB",
    "LIS",
    "HOSPITAL",
    "20261123093000",
    "",
    "ORU^R01",
    "17",
    "P",
    "2.5.1",
];

/// What may stand between a header and the next segment: the terminator, other controls, line
/// ends of Unicode, the ways to write one out, blanks, and nothing at all.
const TERMINATORS: &[&[u8]] = &[
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\r",
    b"\x0b",
    b"\x0c",
    b"\x1c",
    b"\x1c\r",
    b"\x00",
    b"\x01",
    b"\x1d",
    b"\x1e",
    b"\x1f",
    b"\x7f",
    b"\t",
    b"\x85",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xa9",
    b"\\n",
    b"\\r",
    b"\\r\\n",
    b"\\x0d",
    b"\\X0D\\",
    b"\\X0D0A\\",
    b"\\u000d",
    b"\\u2028",
    b"\\015",
    b"\\.br\\",
    b"<CR>",
    b"<cr>",
    b"<LF>",
    b"<BR>",
    b"<br/>",
    b"<0D>",
    b"<0x0D>",
    b"&#13;",
    b"&#xD;",
    b"&#xa;",
    b"%0D",
    b"%0a",
    b"|\r",
    b"||||\r",
    b" ",
    b"  ",
    b"",
];

const PORT: u16 = 2575;
