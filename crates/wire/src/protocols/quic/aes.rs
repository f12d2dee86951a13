//! AES with a key of 128 bits, one way, for what is no secret.
//!
//! Source: FIPS 197 sections 5.1 (cipher) and 5.2 (key expansion); NIST SP 800-38A section 6.5
//!         (counter mode).
//! Limits: the keys of QUIC's first packets are known to everybody, so nothing here hides from a
//!         clock; use it for nothing else.

/// A key, expanded.
pub(super) struct Aes([[u8; 16]; ROUNDS + 1]);

impl Aes {
    pub(super) fn new(key: [u8; 16]) -> Self {
        let mut keys = [key; ROUNDS + 1];
        let mut last = key;
        let mut constant = 1;
        for key in keys.iter_mut().skip(1) {
            last = next_key(last, constant);
            constant = double(constant);
            *key = last;
        }
        Self(keys)
    }

    /// One block.
    pub(super) fn block(&self, block: [u8; 16]) -> [u8; 16] {
        let [first, middle @ .., last] = &self.0;
        let mut state = xor(block, *first);
        for key in middle {
            state = xor(mix(shift(state.map(substitute))), *key);
        }
        xor(shift(state.map(substitute)), *last)
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

fn next_key(key: [u8; 16], constant: u8) -> [u8; 16] {
    let [.., a, b, c, d] = key;
    let mut word = [b, c, d, a].map(substitute);
    let [first, ..] = &mut word;
    *first ^= constant;
    let mut next = key;
    for column in next.chunks_exact_mut(4) {
        column.iter_mut().zip(&mut word).for_each(|(byte, word)| {
            *byte ^= *word;
            *word = *byte;
        });
    }
    next
}

fn xor(mut state: [u8; 16], key: [u8; 16]) -> [u8; 16] {
    state.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    state
}

/// Row r of the four columns moves left by r.
fn shift(state: [u8; 16]) -> [u8; 16] {
    let at = |place: usize| state.get(place % 16).copied().unwrap_or_default();
    std::array::from_fn(|place| at(place + 4 * (place % 4)))
}

fn mix(mut state: [u8; 16]) -> [u8; 16] {
    let (columns, _) = state.as_chunks_mut::<4>();
    for column in columns {
        let [a, b, c, d] = *column;
        let all = a ^ b ^ c ^ d;
        *column =
            [(a, b), (b, c), (c, d), (d, a)].map(|(own, next)| own ^ all ^ double(own ^ next));
    }
    state
}

const fn double(byte: u8) -> u8 {
    byte << 1 ^ if byte & 0x80 == 0 { 0 } else { 0x1b }
}

fn substitute(byte: u8) -> u8 {
    SUBSTITUTES.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Figure 7 of FIPS 197, from its definition in section 5.1.1.
static SUBSTITUTES: std::sync::LazyLock<[u8; 256]> = std::sync::LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let inverse = power(byte as u8, 254);
        (0..5).fold(0x63, |sum, turn| sum ^ inverse.rotate_left(turn))
    })
});

/// In the field of FIPS 197 section 4.2; the inverse is the power of 254, and that of 0 is 0.
fn power(base: u8, exponent: u8) -> u8 {
    (0..exponent).fold(1, |product, _| times(product, base))
}

fn times(mut one: u8, mut other: u8) -> u8 {
    let mut product = 0;
    while other != 0 {
        if other & 1 == 1 {
            product ^= one;
        }
        (one, other) = (double(one), other >> 1);
    }
    product
}

const ROUNDS: usize = 10;

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
