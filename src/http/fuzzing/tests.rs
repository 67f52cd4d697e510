//! Runs every input that was kept (`fuzz/corpus`), and mutations of it, against the promises.
//!
//! It is the same mutations each time, so that a failure stays one. What looks for new paths
//! is cargo-fuzz: see `fuzz/README.md`.

use std::fs;
use std::path::Path;

use super::*;

type Promise = (&'static str, fn(&[u8]));

/// By the names of the targets in `fuzz/fuzz_targets`.
const PROMISES: [Promise; 17] = [
    ("chunks", chunks),
    ("codings", codings),
    ("content_range", content_range),
    ("digests", digests),
    ("disposition", disposition),
    ("file_name", file_name),
    ("head", head),
    ("location", location),
    ("netrc", netrc),
    ("no_proxy", no_proxy),
    ("proxy", proxy),
    ("request", request),
    ("response", response),
    ("retry_after", retry_after),
    ("socks", socks),
    ("tunnel", tunnel),
    ("validators", validators),
];

/// Mutations of each input. With `HOB_FUZZ_RUNS` in the environment, so many.
const RUNS: usize = 100;

/// Bytes that mean something to one parser or another.
const TELLING: &[u8] = b"\r\n\t :;,=\"'%*/.-0159aFz\0\x7f\x80\xff";

/// xorshift64*: small, and always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        (mixed % limit.max(1) as u64) as usize
    }

    /// Changes, drops, doubles or inserts a few bytes, or crosses the input with another.
    fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(9)).min(bytes.len());
            let byte = TELLING[self.below(TELLING.len())];
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                2 => drop(bytes.drain(at..end)),
                3 => bytes.extend_from_within(at..end),
                4 => {
                    let from = self.below(other.len() + 1);
                    let until = (from + self.below(30)).min(other.len());
                    bytes.splice(at..end, other[from..until].iter().copied());
                }
                _ => bytes.insert(at, byte),
            }
        }
    }
}

/// The inputs of one target, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let Ok(files) = fs::read_dir(folder.join(name)) else {
        // A package has no corpus; the repository has one for each.
        assert!(!folder.exists(), "no corpus for {name}");
        return Vec::new();
    };
    let mut paths: Vec<_> = files.map(|file| file.expect("a folder").path()).collect();
    paths.sort();
    let read = |path| fs::read(path).expect("a file");
    paths.into_iter().map(read).collect()
}

/// Broken by: any line of a parser that keeps one of the promises F1 to F4.
#[test]
fn what_was_kept_and_what_is_like_it_breaks_no_promise() {
    let runs = std::env::var("HOB_FUZZ_RUNS").ok();
    let runs = runs.map_or(RUNS, |runs| runs.parse().expect("a number"));
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (name, promise) in PROMISES {
        let inputs = corpus(name);
        for (number, input) in inputs.iter().enumerate() {
            promise(input);
            for _ in 0..runs {
                let mut mutant = input.clone();
                let other = &inputs[random.below(inputs.len())];
                random.mutate(&mut mutant, other);
                let result = std::panic::catch_unwind(|| promise(&mutant));
                assert!(
                    result.is_ok(),
                    "{name}, from number {number}: {:?}",
                    mutant.escape_ascii().to_string()
                );
            }
        }
    }
}
