//! Frames of link type `LINUX_SLL`, through the whole observer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::observer(wire::LinkType::LINUX_SLL, data);
});
