//! DNS messages: header, names, records. Shared by DNS, mDNS, LLMNR and the NetBIOS name service.
//!
//! Source:  RFC 1035 sections 4.1 and 3.1; RFC 1002 section 4.2 has the same layout.
//! Input:   one whole message, without the length that precedes it over TCP.
//! Output:  entries in order; every range counts from the first byte of the message.
//! Limits:  `ENTRIES_MAX` entries, `NAME_BYTES_MAX` bytes of name, compression pointers that
//!          point strictly backwards (so none can loop).

use std::ops::Range;

use smallvec::SmallVec;

use crate::reader::Reader;

/// A message whose header could be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    flags: u16,
    counts: [u16; 4],
}

/// Which part of a message an entry stands in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Section {
    Question,
    Answer,
    Authority,
    Additional,
}

/// A question or a record. A question has no data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) section: Section,
    pub(crate) name: Range<usize>,
    pub(crate) kind: u16,
    pub(crate) class: u16,
    pub(crate) data: Range<usize>,
}

/// A name with its compression undone: labels, each behind its length.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Name {
    wire: SmallVec<[u8; 64]>,
}

/// Reads entries until the last or the first that is broken.
#[derive(Debug)]
pub(crate) struct Entries<'a> {
    reader: Reader<'a>,
    counts: [u16; 4],
    read: usize,
}

impl<'a> Message<'a> {
    /// Reads the header. Whether the message holds what it announces, its entries tell.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        reader.skip(2)?;
        let flags = reader.u16_be()?;
        let mut counts = [0; 4];
        for count in &mut counts {
            *count = reader.u16_be()?;
        }
        Some(Self { bytes, flags, counts })
    }

    pub(crate) const fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    pub(crate) const fn opcode(&self) -> u16 {
        self.flags >> 11 & 0xf
    }

    pub(crate) const fn flags(&self) -> u16 {
        self.flags
    }

    /// Questions, answers, authorities, additional records.
    pub(crate) const fn counts(&self) -> [u16; 4] {
        self.counts
    }

    /// Every entry in order; after one that is broken, none.
    pub(crate) fn entries(&self) -> Entries<'a> {
        let mut reader = Reader::new(self.bytes);
        let _ = reader.skip(HEADER_BYTES);
        Entries { reader, counts: self.counts, read: 0 }
    }

    /// The bytes of a range that an entry gave.
    pub(crate) fn bytes(&self, range: &Range<usize>) -> &'a [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// The name that starts at this byte.
    pub(crate) fn name(&self, at: usize) -> Option<Name> {
        let mut name = Name::default();
        let (mut segment, mut reader) = (at, Reader::new(self.bytes));
        reader.skip(at)?;
        loop {
            match reader.u8()? {
                0 => return Some(name),
                size @ 1..=63 => {
                    let label = reader.take(usize::from(size))?;
                    if name.wire.len() + label.len() + 1 > NAME_BYTES_MAX {
                        return None;
                    }
                    name.wire.push(size);
                    name.wire.extend_from_slice(label);
                }
                high @ 0xc0.. => {
                    let target = usize::from(u16::from_be_bytes([high & 0x3f, reader.u8()?]));
                    if target >= segment {
                        return None;
                    }
                    (segment, reader) = (target, Reader::new(self.bytes));
                    reader.skip(target)?;
                }
                _ => return None,
            }
        }
    }
}

impl Name {
    /// Labels from the leftmost.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut reader = Reader::new(&self.wire);
        std::iter::from_fn(move || {
            let size = reader.u8()?;
            reader.take(usize::from(size))
        })
    }

    /// Labels with dots between them; nothing where a label is no plain host label.
    pub(crate) fn host_text(&self) -> Option<String> {
        let mut text = String::with_capacity(self.wire.len());
        for label in self.labels() {
            if !label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            {
                return None;
            }
            if !text.is_empty() {
                text.push('.');
            }
            text.extend(label.iter().map(|&byte| char::from(byte)));
        }
        (!text.is_empty()).then_some(text)
    }

    /// True where there is a label, and all are printable.
    pub(crate) fn is_plain(&self) -> bool {
        !self.wire.is_empty() && self.labels().all(|label| label.iter().all(u8::is_ascii_graphic))
    }

    /// True where the name ends in these labels, whatever their case.
    pub(crate) fn ends_with(&self, tail: &[&str]) -> bool {
        let count = self.labels().count();
        count >= tail.len()
            && self
                .labels()
                .skip(count - tail.len())
                .zip(tail)
                .all(|(label, want)| label.eq_ignore_ascii_case(want.as_bytes()))
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        const SECTIONS: [Section; 4] =
            [Section::Question, Section::Answer, Section::Authority, Section::Additional];
        let (section, count) =
            SECTIONS.into_iter().zip(&mut self.counts).find(|(_, count)| **count > 0)?;
        *count -= 1;
        self.read += 1;
        let result = if self.read > ENTRIES_MAX {
            Err(TOO_MANY)
        } else {
            entry(&mut self.reader, section).ok_or(ENTRY_BROKEN)
        };
        if result.is_err() {
            self.counts = [0; 4];
        }
        Some(result)
    }
}

fn entry(reader: &mut Reader<'_>, section: Section) -> Option<Entry> {
    let start = reader.position();
    skip_name(reader)?;
    let name = start..reader.position();
    let (kind, class) = (reader.u16_be()?, reader.u16_be()?);
    if section == Section::Question {
        let end = reader.position();
        return Some(Entry { section, name, kind, class, data: end..end });
    }
    let _seconds_to_live = reader.u32_be()?;
    let size = usize::from(reader.u16_be()?);
    let data = reader.position()..reader.position() + size;
    reader.skip(size)?;
    Some(Entry { section, name, kind, class, data })
}

fn skip_name(reader: &mut Reader<'_>) -> Option<()> {
    let start = reader.position();
    while reader.position() - start <= NAME_BYTES_MAX {
        match reader.u8()? {
            0 => return Some(()),
            size @ 1..=63 => reader.skip(usize::from(size))?,
            0xc0.. => return reader.skip(1),
            _ => return None,
        }
    }
    None
}

/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 12;

/// Most entries read of one message. Large mDNS announcements have some eighty; this bounds the
/// work that one datagram can ask for.
pub(crate) const ENTRIES_MAX: usize = 512;

/// Longest name, in bytes with its lengths (RFC 1035 section 3.1).
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// An entry could not be read.
pub(crate) const ENTRY_BROKEN: &str = "record runs past the end or its name is broken";

/// The message has more entries than [`ENTRIES_MAX`].
pub(crate) const TOO_MANY: &str = "more records than are read";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    fn name_of(tail: &str, at: usize) -> Option<String> {
        let bytes = [vec![0; HEADER_BYTES], hex(tail)].concat();
        Message::read(&bytes)?.name(at)?.host_text()
    }

    #[test]
    fn names() {
        let long = "3f".to_owned() + &"61".repeat(63);
        let name_of_256_bytes = long.repeat(4) + "00";
        for (name, tail, at, want) in [
            ("plain", "03 637431 05 6c6f63616c 00", 12, Some("ct1.local")),
            ("pointer", "05 6c6f63616c 00 03 637431 c00c", 19, Some("ct1.local")),
            ("root", "00", 12, None),
            ("pointer to itself", "c00c", 12, None),
            ("pointer forward", "c00e 03 637431 00", 12, None),
            ("two that chase each other", "01 61 c010 01 62 c00c", 16, None),
            ("reserved label kind", "41 61 00", 12, None),
            ("ends early", "03 6374", 12, None),
            ("starts past the end", "00", 99, None),
            ("too long", &name_of_256_bytes, 12, None),
            ("blank in a label", "03 612062 00", 12, None),
        ] {
            assert_eq!(name_of(tail, at).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn entries_stop_at_the_first_that_is_broken() {
        let message = hex("0000 8000 0000 0003 0000 0000 00 0001 0001 00000000 0004 c0000201
            00 0001 0001 00000000 00ff c0000202 00 0001 0001 00000000 0004 c0000203");
        let entries: Vec<_> = Message::read(&message).unwrap().entries().collect();
        let first =
            Entry { section: Section::Answer, name: 12..13, kind: 1, class: 1, data: 23..27 };
        assert_eq!(entries, [Ok(first), Err(ENTRY_BROKEN)]);
    }

    #[test]
    fn entries_are_bounded() {
        for (name, count, bytes, want) in [
            ("none behind the header", 0xffff, 0, (1, ENTRY_BROKEN)),
            ("too many", 600, 600 * 11, (ENTRIES_MAX + 1, TOO_MANY)),
        ] {
            let mut message = hex("0000 8000 0000");
            message.extend(u16::to_be_bytes(count));
            message.extend(vec![0; 4 + bytes]);
            let entries: Vec<_> = Message::read(&message).unwrap().entries().collect();
            assert_eq!((entries.len(), entries.last()), (want.0, Some(&Err(want.1))), "{name}");
        }
    }

    #[test]
    fn tails_ignore_case() {
        let bytes = [vec![0; HEADER_BYTES], hex("03 637431 05 4c4f43414c 00")].concat();
        let name = Message::read(&bytes).unwrap().name(12).unwrap();
        assert!(name.ends_with(&["local"]) && name.ends_with(&[]));
        assert!(!name.ends_with(&["x", "ct1", "local"]) && !name.ends_with(&["ct1"]));
    }
}
