//! A small seeded generator of pseudo-random numbers.
//!
//! Source: splitmix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
//! Limits: for simulation only; nothing secret may come from it.

/// Numbers that depend on the seed alone.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// A stream of its own for each path below the seed, whatever was drawn from the others.
    pub(crate) fn of(seed: u64, path: &[u64]) -> Self {
        let mut rng = Self(seed ^ GOLDEN);
        for part in path {
            rng.0 = rng.next() ^ part.wrapping_mul(GOLDEN);
        }
        rng
    }

    /// 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Below `limit`, which counts as 1 when it is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// From `low` up to and without `high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low.wrapping_add_unsigned(self.below(high.abs_diff(low)))
    }

    /// 32 bits.
    pub(crate) fn word(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    /// 16 bits.
    pub(crate) fn half(&mut self) -> u16 {
        (self.next() >> 48) as u16
    }

    /// True once in `count` draws on average.
    pub(crate) fn once_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// One of the values.
    pub(crate) fn pick<'a>(&mut self, values: &[&'a str]) -> &'a str {
        let index = self.below(values.len() as u64) as usize;
        values.get(index).copied().unwrap_or_default()
    }

    /// So many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, path: &[u64]| Rng::of(seed, path).next();
        assert_eq!(draw(1, &[2, 3]), draw(1, &[2, 3]));
        assert_ne!(draw(1, &[2, 3]), draw(1, &[3, 2]));
        assert_ne!(draw(1, &[2]), draw(2, &[1]));
        let mut rng = Rng::of(7, &[]);
        assert!((0..1000).all(|_| (-5..5).contains(&rng.between(-5, 5))));
    }
}
