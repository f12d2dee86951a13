//! Frames of link type `IPV6`, through the whole observer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::observer(wire::LinkType::IPV6, data);
});
