//! DHCP options: the list, its overflow into `file` and `sname`, and values cut in parts.
//!
//! Source: RFC 2132 sections 3 and 9.3 (overload); RFC 3396 (long options).
//! Input:  a whole DHCP message and the offset of its first option.
//! Output: values with the range of the message they stand in.
//! Limits: `OPTIONS_MAX` options of one message.

use std::borrow::Cow;
use std::ops::Range;

use smallvec::SmallVec;

use crate::reader::Reader;

/// The options of one message, in the order in which RFC 3396 joins them.
pub(super) struct Options<'a> {
    message: &'a [u8],
    pieces: SmallVec<[(u8, Range<usize>); 24]>,
    broken: Option<&'static str>,
}

/// One option, its pieces joined.
pub(super) struct Value<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    /// From the first piece; to the last, where that stands behind it.
    pub(super) at: Range<usize>,
}

impl<'a> Options<'a> {
    pub(super) fn read(message: &'a [u8], first: usize) -> Self {
        let mut options = Self { message, pieces: SmallVec::new(), broken: None };
        options.collect(first..message.len());
        let overload = options.value(OVERLOAD).and_then(|value| value.bytes.first().copied());
        if matches!(overload, Some(1 | 3)) {
            options.collect(FILE);
        }
        if matches!(overload, Some(2 | 3)) {
            options.collect(SERVER_NAME);
        }
        options
    }

    /// What is wrong with the list, if anything is. What stands before that was read.
    pub(super) const fn broken(&self) -> Option<&'static str> {
        self.broken
    }

    /// The value of the option with this code.
    pub(super) fn value(&self, code: u8) -> Option<Value<'a>> {
        let mut pieces = self.pieces.iter().filter(|(piece, _)| *piece == code);
        let (_, first) = pieces.next()?;
        let mut value =
            Value { bytes: Cow::Borrowed(self.message.get(first.clone())?), at: first.clone() };
        for (_, piece) in pieces {
            value.bytes.to_mut().extend_from_slice(self.message.get(piece.clone())?);
            value.at.end = value.at.end.max(piece.end);
        }
        Some(value)
    }

    fn collect(&mut self, area: Range<usize>) {
        let mut reader = Reader::new(self.message.get(..area.end).unwrap_or_default());
        let _ = reader.skip(area.start);
        while let Some(code) = reader.u8() {
            match code {
                PAD => {}
                END => return,
                code => {
                    let piece = reader.u8().and_then(|size| {
                        let start = reader.position();
                        reader.skip(usize::from(size)).map(|()| start..reader.position())
                    });
                    let Some(piece) = piece else {
                        self.broken = Some("option runs past the end");
                        return;
                    };
                    if self.pieces.len() == OPTIONS_MAX {
                        self.broken = Some("more options than there are codes");
                        return;
                    }
                    self.pieces.push((code, piece));
                }
            }
        }
    }
}

/// Addresses in an option, four bytes each; a rest is dropped.
pub(super) fn addresses(value: &Value<'_>) -> impl Iterator<Item = std::net::Ipv4Addr> {
    value.bytes.chunks_exact(4).filter_map(|bytes| <[u8; 4]>::try_from(bytes).ok().map(Into::into))
}

/// Most options kept of one message: one for every code there is.
const OPTIONS_MAX: usize = 256;
const PAD: u8 = 0;
const END: u8 = 255;
const OVERLOAD: u8 = 52;
const SERVER_NAME: Range<usize> = 44..108;
const FILE: Range<usize> = 108..236;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    fn message(server_name: &str, file: &str, options: &str) -> Vec<u8> {
        let mut bytes = vec![0; 240];
        let (server_name, file) = (hex(server_name), hex(file));
        bytes[44..44 + server_name.len()].copy_from_slice(&server_name);
        bytes[108..108 + file.len()].copy_from_slice(&file);
        bytes.extend(hex(options));
        bytes
    }

    #[test]
    fn joins_what_belongs_together() {
        for (name, server_name, file, options, want) in [
            ("plain", "", "", "00 0c02 6162 ff 0c01 63", Some(("ab", 243..245))),
            ("two pieces", "", "", "0c02 6162 0c01 63 ff", Some(("abc", 242..247))),
            ("overload ignored", "0c0178ff", "0c0179ff", "0c0161 ff", Some(("a", 242..243))),
            ("file", "0c0178ff", "0c0179ff", "3401 01 0c0161 ff", Some(("ay", 245..246))),
            ("server name", "0c0178ff", "0c0179ff", "3401 02 ff", Some(("x", 46..47))),
            ("both, file first", "0c0178ff", "0c0179ff", "3401 03 ff", Some(("yx", 110..111))),
            ("missing", "", "", "ff", None),
        ] {
            let bytes = message(server_name, file, options);
            let options = Options::read(&bytes, 240);
            let got = options.value(12);
            let got =
                got.map(|value| (String::from_utf8_lossy(&value.bytes).into_owned(), value.at));
            assert_eq!(got, want.map(|(text, at)| (text.to_owned(), at)), "{name}");
        }
    }

    #[test]
    fn says_what_is_broken() {
        for (name, options, want) in [
            ("no end mark", "0c0161".to_owned(), None),
            ("too long", "0c0461".to_owned(), Some("option runs past the end")),
            ("no length", "0c".to_owned(), Some("option runs past the end")),
            ("too many", "0c00".repeat(300), Some("more options than there are codes")),
        ] {
            let bytes = message("", "", &options);
            assert_eq!(Options::read(&bytes, 240).broken(), want, "{name}");
        }
    }
}
