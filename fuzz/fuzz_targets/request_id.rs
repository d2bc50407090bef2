#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ssectl_core::fuzzing::request_id(bytes));
