//! An inventory file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = assets::read_inventory("fuzz.csv", data);
});
