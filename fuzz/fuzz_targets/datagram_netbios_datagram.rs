//! One datagram of `netbios_datagram`, cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::datagram("netbios_datagram", data);
});
