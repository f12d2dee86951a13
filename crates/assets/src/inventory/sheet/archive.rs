//! Members of a ZIP archive.
//!
//! Source: PKWARE APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 and 4.3.16 (directory).
//! Input:  a whole archive.
//! Output: the text of a member, UTF-8.
//! Limits: [`UNPACKED_BYTES_MAX`](super::UNPACKED_BYTES_MAX) for all members together, so that no
//!         bomb fills the memory; stored and deflated members; no encryption and no 64-bit sizes.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::UNPACKED_BYTES_MAX;

/// An archive and what of it may still be unpacked.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    members: BTreeMap<String, Member>,
    left: usize,
}

#[derive(Clone, Copy)]
struct Member {
    method: u16,
    size: usize,
    header: usize,
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let tail = bytes.len().saturating_sub(END_BYTES_MAX);
        let end = bytes.get(tail..)?.windows(4).rposition(|window| window == END)? + tail;
        let (count, mut at) = (number(bytes, end + 10, 2)?, number(bytes, end + 16, 4)?);
        let mut members = BTreeMap::new();
        for _ in 0..count.min(MEMBERS_MAX) {
            if bytes.get(at..at + 4)? != ENTRY || number(bytes, at + 8, 2)? & ENCRYPTED != 0 {
                return None;
            }
            let sizes = [28, 30, 32].map(|offset| number(bytes, at + offset, 2));
            let [Some(name), Some(extra), Some(comment)] = sizes else { return None };
            let title = bytes.get(at + 46..at + 46 + name)?;
            let member = Member {
                method: number(bytes, at + 10, 2)? as u16,
                size: number(bytes, at + 20, 4)?,
                header: number(bytes, at + 42, 4)?,
            };
            members.insert(String::from_utf8_lossy(title).into_owned(), member);
            at += 46 + name + extra + comment;
        }
        Some(Self { bytes, members, left: UNPACKED_BYTES_MAX })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Names of the members, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// The text of a member, or nothing where it is not there.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, &'static str> {
        let Some(member) = self.members.get(name).copied() else { return Ok(None) };
        let packed = self.packed(member).ok_or(DAMAGED)?;
        let mut unpacked = Vec::new();
        let limit = self.left as u64 + 1;
        let read = match member.method {
            STORED => packed.take(limit).read_to_end(&mut unpacked),
            DEFLATED => {
                flate2::read::DeflateDecoder::new(packed).take(limit).read_to_end(&mut unpacked)
            }
            _ => return Err("the spreadsheet is packed in a way that is not read"),
        };
        read.map_err(|_| DAMAGED)?;
        self.left = self.left.checked_sub(unpacked.len()).ok_or("the spreadsheet is too large")?;
        String::from_utf8(unpacked).map(Some).map_err(|_| "the spreadsheet is not in UTF-8")
    }

    fn packed(&self, member: Member) -> Option<&'a [u8]> {
        let header = member.header;
        if self.bytes.get(header..header + 4)? != LOCAL {
            return None;
        }
        let names = number(self.bytes, header + 26, 2)? + number(self.bytes, header + 28, 2)?;
        let start = header + 30 + names;
        self.bytes.get(start..start.checked_add(member.size)?)
    }
}

/// A number of `size` bytes, lowest first.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<usize> {
    let octets = bytes.get(at..at.checked_add(size)?)?;
    Some(octets.iter().rev().fold(0, |sum, octet| sum << 8 | usize::from(*octet)))
}

const LOCAL: &[u8] = b"PK\x03\x04";
const ENTRY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const ENCRYPTED: usize = 1;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const DAMAGED: &str = "the spreadsheet is damaged";

/// The directory's end with the longest comment, in bytes.
const END_BYTES_MAX: usize = 22 + 0xffff;
/// Members that are looked at.
const MEMBERS_MAX: usize = 10_000;

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use super::*;

    /// Packs members, every second one deflated.
    pub(crate) fn pack(members: &[(&str, &str)]) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (at, (name, text)) in members.iter().enumerate() {
            let deflated = at % 2 == 1;
            let packed = if deflated {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(text.as_bytes()).unwrap();
                encoder.finish().unwrap()
            } else {
                text.as_bytes().to_vec()
            };
            let header = bytes.len() as u32;
            let method = if deflated { DEFLATED } else { STORED };
            let mut common = Vec::new();
            common.extend([20, 0, 0, 0]);
            common.extend(method.to_le_bytes());
            common.extend([0; 8]);
            common.extend((packed.len() as u32).to_le_bytes());
            common.extend((text.len() as u32).to_le_bytes());
            common.extend((name.len() as u16).to_le_bytes());
            common.extend([0, 0]);
            bytes.extend([LOCAL, &common, name.as_bytes(), &packed].concat());
            directory.extend([ENTRY, &[20, 0], &common, &[0; 10]].concat());
            directory.extend(header.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let start = bytes.len() as u32;
        let count = (members.len() as u16).to_le_bytes();
        let end = [END, &[0; 4], &count, &count, &(directory.len() as u32).to_le_bytes()].concat();
        [bytes, directory, end, start.to_le_bytes().to_vec(), vec![0, 0]].concat()
    }

    #[test]
    fn unpacks_members_within_bounds() {
        let bytes = pack(&[("a", "one"), ("b", "two")]);
        let mut archive = Archive::read(&bytes).unwrap();
        assert_eq!(archive.text("a"), Ok(Some("one".to_owned())));
        assert_eq!(archive.text("b"), Ok(Some("two".to_owned())));
        assert_eq!(archive.text("c"), Ok(None));
        let zeros = "\0".repeat(2_000_000);
        let bomb = pack(&[("a", ""), ("b", &zeros)]);
        let mut archive = Archive { left: 1_000_000, ..Archive::read(&bomb).unwrap() };
        assert_eq!(archive.text("b"), Err("the spreadsheet is too large"));
    }
}
