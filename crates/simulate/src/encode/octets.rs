//! Appending numbers and length-prefixed parts to a byte vector.

/// What every encoder needs of a byte vector.
pub(crate) trait Octets {
    /// One octet.
    fn u8(&mut self, value: u8) -> &mut Self;
    /// Two octets, most significant first.
    fn be16(&mut self, value: u16) -> &mut Self;
    /// Four octets, most significant first.
    fn be32(&mut self, value: u32) -> &mut Self;
    /// Two octets, least significant first.
    fn le16(&mut self, value: u16) -> &mut Self;
    /// Four octets, least significant first.
    fn le32(&mut self, value: u32) -> &mut Self;
    /// Eight octets, least significant first.
    fn le64(&mut self, value: u64) -> &mut Self;
    /// These octets.
    fn put(&mut self, bytes: &[u8]) -> &mut Self;
    /// So many zero octets.
    fn zeros(&mut self, count: usize) -> &mut Self;
    /// A part behind its length in one octet.
    fn sized8(&mut self, part: &[u8]) -> &mut Self;
    /// A part behind its length in two octets, most significant first.
    fn sized16(&mut self, part: &[u8]) -> &mut Self;
    /// A part behind its length in three octets, most significant first.
    fn sized24(&mut self, part: &[u8]) -> &mut Self;
    /// A part behind its length in four octets, most significant first.
    fn sized32(&mut self, part: &[u8]) -> &mut Self;
    /// Text in `width` octets, cut or filled with `fill`.
    fn padded(&mut self, text: &str, width: usize, fill: u8) -> &mut Self;
}

impl Octets for Vec<u8> {
    fn u8(&mut self, value: u8) -> &mut Self {
        self.push(value);
        self
    }

    fn be16(&mut self, value: u16) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    fn be32(&mut self, value: u32) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    fn le16(&mut self, value: u16) -> &mut Self {
        self.put(&value.to_le_bytes())
    }

    fn le32(&mut self, value: u32) -> &mut Self {
        self.put(&value.to_le_bytes())
    }

    fn le64(&mut self, value: u64) -> &mut Self {
        self.put(&value.to_le_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.extend_from_slice(bytes);
        self
    }

    fn zeros(&mut self, count: usize) -> &mut Self {
        self.resize(self.len() + count, 0);
        self
    }

    fn sized8(&mut self, part: &[u8]) -> &mut Self {
        self.u8(part.len() as u8).put(part)
    }

    fn sized16(&mut self, part: &[u8]) -> &mut Self {
        self.be16(part.len() as u16).put(part)
    }

    fn sized24(&mut self, part: &[u8]) -> &mut Self {
        self.u8((part.len() >> 16) as u8).sized16(part)
    }

    fn sized32(&mut self, part: &[u8]) -> &mut Self {
        self.be32(part.len() as u32).put(part)
    }

    fn padded(&mut self, text: &str, width: usize, fill: u8) -> &mut Self {
        let end = self.len() + width;
        self.extend(text.bytes().take(width));
        self.resize(end, fill);
        self
    }
}

/// Text as UTF-16, least significant octet first.
pub(crate) fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Replaces octets already written; a place past the end is left alone.
pub(crate) fn patch(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}
