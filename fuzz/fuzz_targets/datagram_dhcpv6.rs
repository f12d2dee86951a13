//! One datagram of `dhcpv6`, cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::datagram("dhcpv6", data);
});
