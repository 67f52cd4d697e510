//! Looks for an input that breaks a promise of `hob::http::fuzzing::no_proxy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hob::http::fuzzing::no_proxy(data));
