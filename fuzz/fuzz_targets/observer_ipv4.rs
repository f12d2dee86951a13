//! Frames of link type `IPV4`, through the whole observer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::observer(wire::LinkType::IPV4, data);
});
