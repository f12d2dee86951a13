//! Frames of link type `LINUX_SLL2`, through the whole observer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::observer(wire::LinkType::LINUX_SLL2, data);
});
