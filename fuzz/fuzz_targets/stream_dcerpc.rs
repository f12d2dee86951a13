//! A connection of `dcerpc`, cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::stream("dcerpc", data);
});
