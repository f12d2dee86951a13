//! A connection of `remote_access`, cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::stream("remote_access", data);
});
