//! A connection of `openvpn`, cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::stream("openvpn", data);
});
