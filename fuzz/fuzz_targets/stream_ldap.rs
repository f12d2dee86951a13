//! A connection of `ldap`, cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::exercise::stream("ldap", data);
});
