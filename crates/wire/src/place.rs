//! From a byte of a reassembled stream or datagram back to the frame it came in.

/// From `start` on, until the next place, bytes came from `frame`, from `offset` on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// Offset in the stream or datagram.
    pub(crate) start: u64,
    /// Number of the frame.
    pub(crate) frame: u64,
    /// Offset in that frame, in bytes.
    pub(crate) offset: u32,
}

/// Where the bytes that a dissector is shown came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// Offset, in the stream or datagram, of the first byte shown.
    pub(crate) base: u64,
    /// Sorted by start; the first starts at or before `base`.
    pub(crate) places: &'a [Place],
}

impl Origin<'_> {
    /// Frame, and offset in it, of the byte `at` of the bytes shown.
    pub(crate) fn locate(&self, at: usize) -> (u64, u32) {
        let wanted = self.base + at as u64;
        let behind = self.places.partition_point(|place| place.start <= wanted);
        let place = self.places.get(behind.saturating_sub(1)).or(self.places.first());
        place.map_or((0, 0), |place| {
            let into = wanted.saturating_sub(place.start);
            (place.frame, place.offset.saturating_add(into.min(u64::from(u32::MAX)) as u32))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_frame() {
        let places = [
            Place { start: 100, frame: 3, offset: 54 },
            Place { start: 110, frame: 9, offset: 66 },
        ];
        let origin = Origin { base: 104, places: &places };
        for (at, want) in [(0, (3, 58)), (5, (3, 63)), (6, (9, 66)), (20, (9, 80))] {
            assert_eq!(origin.locate(at), want, "byte {at}");
        }
        assert_eq!(Origin { base: 0, places: &[] }.locate(5), (0, 0));
    }
}
