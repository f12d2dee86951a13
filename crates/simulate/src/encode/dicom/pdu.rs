//! Protocol data units of the upper layer.
//!
//! Source: DICOM PS3.8 section 9.3; PS3.7 annex D.3.3 (implementation identification).

use crate::encode::octets::Octets;

/// Implicit VR little endian.
pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";
/// Explicit VR little endian.
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// Who calls whom with which software.
pub(crate) struct Association<'a> {
    /// Title of the application that answers.
    pub(crate) called: &'a str,
    /// Title of the application that calls.
    pub(crate) calling: &'a str,
    /// Implementation class UID of the speaker.
    pub(crate) class_uid: &'a str,
    /// Implementation version name of the speaker.
    pub(crate) version_name: &'a str,
}

/// A-ASSOCIATE-RQ with one context for each abstract syntax, numbered 1, 3, 5 …
pub(crate) fn request(who: &Association<'_>, syntaxes: &[(&str, &str)]) -> Vec<u8> {
    let mut contexts = Vec::new();
    for (index, (syntax, transfer)) in syntaxes.iter().enumerate() {
        let mut context = vec![context_id(index), 0, 0, 0];
        item(&mut context, 0x30, syntax.as_bytes());
        item(&mut context, 0x40, transfer.as_bytes());
        item(&mut contexts, 0x20, &context);
    }
    associate(1, who, &contexts)
}

/// A-ASSOCIATE-AC that takes every context.
pub(crate) fn accept(who: &Association<'_>, syntaxes: &[(&str, &str)]) -> Vec<u8> {
    let mut contexts = Vec::new();
    for (index, (_, transfer)) in syntaxes.iter().enumerate() {
        let mut context = vec![context_id(index), 0, 0, 0];
        item(&mut context, 0x40, transfer.as_bytes());
        item(&mut contexts, 0x21, &context);
    }
    associate(2, who, &contexts)
}

/// Presentation context identifier of the context at this place.
pub(crate) fn context_id(index: usize) -> u8 {
    (index * 2 + 1) as u8
}

/// P-DATA-TF units that carry a command or a data set.
pub(crate) fn data(context: u8, command: bool, bytes: &[u8]) -> Vec<u8> {
    let mut units = Vec::with_capacity(bytes.len() + 256);
    let count = bytes.len().div_ceil(FRAGMENT_BYTES);
    for (index, fragment) in bytes.chunks(FRAGMENT_BYTES).enumerate() {
        let last = index + 1 == count;
        units.u8(4).u8(0).be32(fragment.len() as u32 + 6).be32(fragment.len() as u32 + 2);
        units.u8(context).u8(u8::from(command) | u8::from(last) << 1).put(fragment);
    }
    units
}

/// A-RELEASE-RQ.
pub(crate) fn release_request() -> Vec<u8> {
    vec![5, 0, 0, 0, 0, 4, 0, 0, 0, 0]
}

/// A-RELEASE-RP.
pub(crate) fn release_reply() -> Vec<u8> {
    vec![6, 0, 0, 0, 0, 4, 0, 0, 0, 0]
}

/// A-ASSOCIATE-RJ: rejected permanently, calling title not known.
pub(crate) fn reject() -> Vec<u8> {
    vec![3, 0, 0, 0, 0, 4, 0, 1, 1, 3]
}

fn associate(kind: u8, who: &Association<'_>, contexts: &[u8]) -> Vec<u8> {
    let mut user = Vec::new();
    item(&mut user, 0x51, &MAXIMUM_LENGTH.to_be_bytes());
    item(&mut user, 0x52, who.class_uid.as_bytes());
    item(&mut user, 0x55, who.version_name.as_bytes());
    let mut body = Vec::with_capacity(512);
    body.be16(1).be16(0).padded(who.called, 16, b' ').padded(who.calling, 16, b' ').zeros(32);
    item(&mut body, 0x10, b"1.2.840.10008.3.1.1.1");
    body.put(contexts);
    item(&mut body, 0x50, &user);
    let mut unit = vec![kind, 0];
    unit.sized32(&body);
    unit
}

fn item(bytes: &mut Vec<u8>, kind: u8, content: &[u8]) {
    bytes.u8(kind).u8(0).sized16(content);
}

const MAXIMUM_LENGTH: u32 = 32_768;
/// Fits the maximum length with the six octets in front of it.
const FRAGMENT_BYTES: usize = 16_378;

#[cfg(test)]
mod tests {
    use super::*;

    /// Each fragment says its own length, and only the last one says that it is the last.
    #[test]
    fn data_is_cut_into_fragments() {
        for (name, count, want) in
            [("one", 10, 1), ("full", FRAGMENT_BYTES, 1), ("two", FRAGMENT_BYTES + 1, 2)]
        {
            let units = data(3, false, &vec![1; count]);
            let (mut rest, mut seen) = (units.as_slice(), Vec::new());
            while let [4, 0, a, b, c, d, body @ ..] = rest {
                let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                assert!(length as u32 <= MAXIMUM_LENGTH, "{name}");
                seen.push(body[5]);
                rest = &body[length..];
            }
            assert!(rest.is_empty(), "{name}");
            let mut flags = vec![0; want];
            flags[want - 1] = 2;
            assert_eq!(seen, flags, "{name}");
        }
    }
}
