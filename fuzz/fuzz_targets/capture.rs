//! A capture file, compressed or not.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(mut reader) =
        capture::from_reader(Box::new(std::io::Cursor::new(data.to_vec())), "fuzz")
    else {
        return;
    };
    while let Ok(Some(frame)) = reader.next_frame() {
        assert!(frame.number > 0)
    }
});
