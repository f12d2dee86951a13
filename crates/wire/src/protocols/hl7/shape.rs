//! What the end of an HL7 v2 header looks like, and what its fields look like.
//!
//! Source:  HL7 v2.x chapter 2: segment terminator, escape sequences; data types HD, TS, MSG, VID.
//! Input:   bytes that start at a header, or one field of it cut into components.
//! Output:  where the header ends; whether a field can be what its number says.
//! Limits:  of a wrong terminator only the ways to write one that are known here.
//! Privacy: patients follow the header, so everything that may end it does, and a field that is
//!          not of its shape is taken for the first one behind a lost end.

/// The place of the first byte that is no longer header: a control character, a Unicode line
/// end, or, from `text` on, a terminator that is written out.
pub(super) fn end(bytes: &[u8], text: usize, escape: u8) -> Option<usize> {
    (0..bytes.len()).find(|at| {
        let rest = bytes.get(*at..).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        is_control(rest, before.copied()) || (*at >= text && is_written_mark(rest, escape))
    })
}

fn is_control(rest: &[u8], before: Option<u8>) -> bool {
    match rest {
        // C1 and U+2028, U+2029 in UTF-8.
        [0xC2, 0x80..=0x9F, ..] | [0xE2, 0x80, 0xA8 | 0xA9, ..] => true,
        // C1 in one byte, as Latin-1 has it: behind ASCII it cannot go on a character.
        [0x80..=0x9F, ..] => before.is_none_or(|before| before.is_ascii()),
        [byte, ..] => byte.is_ascii_control(),
        [] => false,
    }
}

/// `\n`, `\r`, `\x0d`, `\X0D\`, `\u000d`, `\015`, `\.br\`: no such escape belongs in a header.
fn is_written_mark(rest: &[u8], escape: u8) -> bool {
    if let [first, second, ..] = rest
        && (*first == b'\\' || *first == escape)
        && matches!(second.to_ascii_lowercase(), b'n' | b'r' | b'x' | b'u' | b'.' | b'0'..=b'9')
    {
        return true;
    }
    WRITTEN_MARKS
        .iter()
        .any(|mark| rest.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)))
}

const WRITTEN_MARKS: &[&[u8]] =
    &[b"<cr", b"<lf", b"<br", b"<nl", b"<0", b"&#1", b"&#x", b"%0d", b"%0a"];

/// Whether the field with this number can hold these components.
pub(super) fn fits(number: usize, components: &[&[u8]]) -> bool {
    match number {
        3..=6 => is_hierarchic(components),
        7 => components.first().is_none_or(|time| is_timestamp(time)),
        9 => is_message_type(components),
        12 => components.first().is_none_or(|version| is_version(version)),
        _ => true,
    }
}

/// HD: a local name, or a universal identifier and its type.
fn is_hierarchic(components: &[&[u8]]) -> bool {
    let (name, identifier, kind) = match components {
        [] => return true,
        [name] => (*name, b"".as_slice(), b"".as_slice()),
        [name, identifier] => (*name, *identifier, b"".as_slice()),
        [name, identifier, kind] => (*name, *identifier, *kind),
        _ => return false,
    };
    // Without a type it has to look like one of a machine: given names stand there in a name.
    let stated = identifier.is_empty()
        || !kind.is_empty()
        || identifier.iter().any(|byte| byte.is_ascii_digit() || *byte == b'.');
    let known = kind.len() <= KIND_BYTES_MAX && kind.iter().all(u8::is_ascii_alphanumeric);
    stated && known && !ends_with_segment_name(name)
}

/// Where no end was seen, the name of the next segment is what is left of it.
fn ends_with_segment_name(value: &[u8]) -> bool {
    let Some((rest, name)) = value.split_last_chunk::<3>() else { return false };
    let apart = rest.last().is_none_or(|byte| !byte.is_ascii_alphanumeric());
    apart && SEGMENTS.contains(&name)
}

/// Whether the end between a field and the next segment is missing altogether: the segment's name
/// is grown to the field, and its set identifier, a small number or nothing, stands behind it.
pub(super) fn runs_into_segment(field: &[u8], next: &[u8]) -> bool {
    let set = next.len() <= SET_BYTES_MAX && next.iter().all(u8::is_ascii_digit);
    set && field.split_last_chunk::<3>().is_some_and(|(_, name)| SEGMENTS.contains(&name))
}

/// The segments that may follow a header before, or with, what is said of a patient.
const SEGMENTS: &[&[u8; 3]] = &[
    b"SFT", b"UAC", b"EVN", b"PID", b"PD1", b"NK1", b"PV1", b"PV2", b"MRG", b"ORC", b"OBR", b"OBX",
    b"NTE", b"MSA", b"ERR", b"QAK", b"QRD", b"QPD", b"SCH", b"TXA", b"AL1", b"DG1", b"IN1", b"GT1",
    b"FT1", b"RXA", b"SPM",
];

/// TS: `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`.
fn is_timestamp(value: &[u8]) -> bool {
    let zone = value.iter().position(|byte| matches!(byte, b'+' | b'-'));
    let (local, zone) = value.split_at(zone.unwrap_or(value.len()));
    let point = local.iter().position(|byte| *byte == b'.');
    let (whole, part) = local.split_at(point.unwrap_or(local.len()));
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    value.is_empty()
        || (matches!(whole.len(), 4 | 6 | 8 | 10 | 12 | 14)
            && digits(whole)
            && part.len() != 1
            && part.len() <= 7
            && digits(part.get(1..).unwrap_or_default())
            && matches!(zone.len(), 0 | 5)
            && digits(zone.get(1..).unwrap_or_default()))
}

/// MSG: message code, trigger event, structure.
fn is_message_type(components: &[&[u8]]) -> bool {
    let code = |value: &[u8]| {
        let upper = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        value.is_empty() || (value.len() == 3 && value.iter().all(upper))
    };
    let structure = |value: &[u8]| {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        value.len() <= STRUCTURE_BYTES_MAX && value.iter().all(word)
    };
    match components {
        [] => true,
        [message] => code(message),
        [message, event] => code(message) && code(event),
        [message, event, name] => code(message) && code(event) && structure(name),
        _ => false,
    }
}

/// VID, first component: `2.d`, `2.d.d`.
fn is_version(value: &[u8]) -> bool {
    match value {
        [] => true,
        [b'2', b'.', minor] => minor.is_ascii_digit(),
        [b'2', b'.', minor, b'.', patch] => minor.is_ascii_digit() && patch.is_ascii_digit(),
        _ => false,
    }
}

/// SI of chapter 2.
const SET_BYTES_MAX: usize = 4;
const KIND_BYTES_MAX: usize = 6;
const STRUCTURE_BYTES_MAX: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_shape_of_each_field() {
        for (name, number, field, want) in [
            ("a name", 3, "LAB", true),
            ("name, identifier, type", 3, "LAB^1.2^ISO", true),
            ("identifier alone", 6, "^1.2", true),
            ("a person", 5, "LEE^AMY", false),
            ("a patient identifier", 5, "1^^^HOSP^MR", false),
            ("a segment name", 5, "PID", false),
            ("a name and a segment name", 4, "HOSP PID", false),
            ("a name that ends like one", 3, "RAPID", true),
            ("a year", 7, "2026", true),
            ("to the part of a second", 7, "20260101120000.1234+0100", true),
            ("a person for a time", 7, "LEE^AMY", false),
            ("code and event", 9, "ORU^R01^ORU_R01", true),
            ("a code", 9, "ACK", true),
            ("a person for a type", 9, "DOE^JOHN", false),
            ("a number for a type", 9, "123456", false),
            ("a version", 12, "2.5.1", true),
            ("a birthday for a version", 12, "19700101", false),
            ("a field of any text", 10, "LEE^AMY", true),
        ] {
            let components: Vec<&[u8]> = field.split('^').map(str::as_bytes).collect();
            assert_eq!(fits(number, &components), want, "{name}");
        }
    }
}
