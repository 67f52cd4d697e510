//! Looks for an input that breaks a promise of `hob::http::fuzzing::file_name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hob::http::fuzzing::file_name(data));
