//! Looks for an input that breaks a promise of `hob::http::fuzzing::disposition`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hob::http::fuzzing::disposition(data));
