//! Frames of link type `RAW_BSD`, through the whole observer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::observer(wire::LinkType::RAW_BSD, data);
});
