//! A hash index over a slab: finds the number of an entry by its hash, the entry stays elsewhere.
//!
//! Eight bytes a slot, so the index of a busy table stays in the processor's cache. Order is
//! never visible: it answers one number or none.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

/// Open addressing with linear probing; at most three quarters full.
pub(crate) struct Index {
    /// Upper half: hash; lower half: entry number plus one. Zero is free.
    slots: Vec<u64>,
    filled: usize,
    state: FixedState,
}

impl Index {
    pub(crate) fn new(seed: u64) -> Self {
        Self { slots: vec![0; SLOTS_MIN], filled: 0, state: FixedState::with_seed(seed) }
    }

    #[inline]
    pub(crate) fn hash(&self, key: &impl Hash) -> u32 {
        (self.state.hash_one(key) >> 32) as u32
    }

    /// The entry of this hash for which `is_it` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        loop {
            let slot = *self.slots.get(at)?;
            if slot == 0 {
                return None;
            }
            let entry = (slot as u32).wrapping_sub(1);
            if (slot >> 32) as u32 == hash && is_it(entry) {
                return Some(entry);
            }
            at = self.after(at);
        }
    }

    /// Adds an entry that is not there yet.
    pub(crate) fn insert(&mut self, hash: u32, entry: u32) {
        if self.filled * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        self.place(u64::from(hash) << 32 | u64::from(entry.wrapping_add(1)));
        self.filled += 1;
    }

    /// Takes an entry out and closes the hole it leaves.
    pub(crate) fn remove(&mut self, hash: u32, entry: u32) {
        let wanted = u64::from(hash) << 32 | u64::from(entry.wrapping_add(1));
        let mut gap = self.home(hash);
        loop {
            match self.slots.get(gap) {
                Some(0) | None => return,
                Some(slot) if *slot == wanted => break,
                Some(_) => gap = self.after(gap),
            }
        }
        self.filled -= 1;
        let mut at = self.after(gap);
        while let Some(slot) = self.slots.get(at).copied().filter(|slot| *slot != 0) {
            let home = self.home((slot >> 32) as u32);
            let mask = self.slots.len() - 1;
            // An entry may move back only as far as its own home.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(gap) & mask {
                self.set(gap, slot);
                gap = at;
            }
            at = self.after(at);
        }
        self.set(gap, 0);
    }

    fn grow(&mut self) {
        let doubled = vec![0; self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, doubled);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            self.place(slot);
        }
    }

    fn place(&mut self, slot: u64) {
        let mut at = self.home((slot >> 32) as u32);
        while self.slots.get(at).is_some_and(|slot| *slot != 0) {
            at = self.after(at);
        }
        self.set(at, slot);
    }

    fn set(&mut self, at: usize, slot: u64) {
        if let Some(place) = self.slots.get_mut(at) {
            *place = slot;
        }
    }

    #[inline]
    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }
}

/// Slots of an empty index; a power of two, as the masks need it.
const SLOTS_MIN: usize = 64;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Behaves as an ordered map, with few distinct hashes so that they collide.
        #[test]
        fn agrees_with_a_map(steps in prop::collection::vec((0u32..40, any::<bool>()), 0..400)) {
            let mut index = Index::new(1);
            let mut model = BTreeMap::new();
            for (key, add) in steps {
                let hash = key % 7 * 0x0100_0001;
                if add && !model.contains_key(&key) {
                    index.insert(hash, key);
                    model.insert(key, hash);
                } else if !add && model.remove(&key).is_some() {
                    index.remove(hash, key);
                }
                for key in 0..40 {
                    let found = index.find(key % 7 * 0x0100_0001, |entry| entry == key);
                    prop_assert_eq!(found.is_some(), model.contains_key(&key));
                }
            }
        }
    }

    #[test]
    fn grows() {
        let mut index = Index::new(1);
        for entry in 0..10_000 {
            let hash = index.hash(&entry);
            index.insert(hash, entry);
        }
        for entry in 0..10_000 {
            assert_eq!(index.find(index.hash(&entry), |other| other == entry), Some(entry));
        }
    }
}
