//! Looks for an input that breaks a promise of `hob::http::fuzzing::content_range`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hob::http::fuzzing::content_range(data));
