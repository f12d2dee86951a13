//! A CSAF document.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = vulnerability::csaf::read(data);
});
