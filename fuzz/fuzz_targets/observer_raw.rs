//! Frames of link type `RAW`, through the whole observer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::observer(wire::LinkType::RAW, data);
});
