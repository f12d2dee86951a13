//! A version expression, and on a second line what is installed.
#![no_main]

use vulnerability::version;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (expression, installed) = text.split_once('\n').unwrap_or((&text, "1.0"));
    let expression = version::parse(expression);
    let installed =
        version::Installed { version: Some(installed), ..version::Installed::default() };
    let _ = version::evaluate(&expression, &installed);
});
