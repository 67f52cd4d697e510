//! Looks for an input that breaks a promise of `hob::http::fuzzing::digests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hob::http::fuzzing::digests(data));
