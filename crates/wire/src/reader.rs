//! A bounded cursor: the only way dissectors take bytes apart.
//!
//! Every read answers `None` instead of running past the end, and the position is known, so a
//! finding can name its byte range.

/// Reads forward through a slice.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    input: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the front of `input`.
    pub const fn new(input: &'a [u8]) -> Self {
        Self { input, position: 0 }
    }

    /// Offset of the next byte, from the front of the whole input.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Bytes that are left.
    pub fn remaining(&self) -> usize {
        self.input.len().saturating_sub(self.position)
    }

    /// True where nothing is left.
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// Everything that is left, without moving.
    pub fn rest(&self) -> &'a [u8] {
        self.input.get(self.position..).unwrap_or_default()
    }

    /// The next `count` bytes, or nothing and no move.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(count)?;
        let bytes = self.input.get(self.position..end)?;
        self.position = end;
        Some(bytes)
    }

    /// A reader over the next `count` bytes; positions in it still count from the whole input.
    pub fn part(&mut self, count: usize) -> Option<Self> {
        let end = self.position.checked_add(count)?;
        let part = Self { input: self.input.get(..end)?, position: self.position };
        self.position = end;
        Some(part)
    }

    /// Moves past `count` bytes, or not at all.
    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, most significant first.
    pub fn u16_be(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Two bytes, least significant first.
    pub fn u16_le(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Three bytes, most significant first.
    pub fn u24_be(&mut self) -> Option<u32> {
        self.array::<3>().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes, most significant first.
    pub fn u32_be(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Four bytes, least significant first.
    pub fn u32_le(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, most significant first.
    pub fn u64_be(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// Eight bytes, least significant first.
    pub fn u64_le(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_runs_past_the_end() {
        let mut reader = Reader::new(&[1, 2, 3, 4, 5]);
        assert_eq!(reader.u16_be(), Some(0x0102));
        assert_eq!(reader.u32_be(), None);
        assert_eq!(reader.position(), 2, "a failed read does not move");
        let mut part = reader.part(2).unwrap();
        assert_eq!((part.u8(), part.position(), part.u16_le()), (Some(3), 3, None));
        assert_eq!((reader.rest(), reader.take(usize::MAX)), ([5].as_slice(), None));
    }
}
