//! AES with a key of 128 bits, one way, for what is no secret.
//!
//! Source: FIPS 197; NIST SP 800-38A section 6.5 (counter mode).

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};

/// A key, expanded.
pub(super) struct Aes(Aes128);

impl Aes {
    pub(super) fn new(key: [u8; 16]) -> Self {
        Self(Aes128::new(&key.into()))
    }

    /// One block.
    pub(super) fn block(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        self.0.encrypt_block(&mut block);
        block.into()
    }

    /// Bytes in counter mode, the first block of the counter being `counter`.
    pub(super) fn counter(&self, nonce: [u8; 12], mut counter: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for chunk in bytes.chunks(16) {
            let mut block = [0; 16];
            let input = nonce.into_iter().chain(counter.to_be_bytes());
            block.iter_mut().zip(input).for_each(|(byte, input)| *byte = input);
            out.extend(chunk.iter().zip(self.block(block)).map(|(byte, pad)| byte ^ pad));
            counter = counter.wrapping_add(1);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197 appendix B.
    #[test]
    fn the_example_of_the_standard() {
        let bytes = |text: &str| <[u8; 16]>::try_from(crate::testing::hex(text)).unwrap();
        let aes = Aes::new(bytes("2b7e151628aed2a6abf7158809cf4f3c"));
        let block = aes.block(bytes("3243f6a8885a308d313198a2e0370734"));
        assert_eq!(block, bytes("3925841d02dc09fbdc118597196a0b32"));
    }
}
