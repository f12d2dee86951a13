//! One datagram of `ssdp`, cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::datagram("ssdp", data);
});
