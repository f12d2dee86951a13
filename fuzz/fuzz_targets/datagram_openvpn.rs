//! One datagram of `openvpn`, cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::datagram("openvpn", data);
});
