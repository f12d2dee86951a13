//! A connection of `proxy`, cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::stream("proxy", data);
});
