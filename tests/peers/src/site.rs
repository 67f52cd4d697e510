//! The files that each server is given to serve, and how to know them again.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

pub const LARGE: usize = 64 << 20;
pub const MEDIUM: usize = 1 << 20;
pub const SMALL: &str = "small\n";

/// Text that packs well, and is more than a server sends as one chunk.
pub fn page() -> String {
    (0..20_000).map(|n| format!("line {n}\n")).collect()
}

/// Writes the files, with what is in them:
///
/// | path | content |
/// |---|---|
/// | `small.txt`, `close/small.txt` | [`SMALL`] |
/// | `page.txt`, `chunked/page.txt` | [`page`] |
/// | `folder/index.html` | `index` |
/// | `empty.txt` | nothing |
/// | `medium.bin`, `large.bin` | [`Pattern`]s of [`MEDIUM`] and [`LARGE`] bytes |
pub fn write(site: &Path) {
    let write = |name: &str, bytes: &[u8]| {
        let path = site.join(name);
        let parent = path.parent().expect("it lies in the site");
        fs::create_dir_all(parent).expect("our own folder");
        fs::write(&path, bytes).expect("our own folder");
        // Of a file that changed within the last second, Apache is not sure that it is this one,
        // and gives no range of it under a condition.
        let yesterday = SystemTime::now() - Duration::from_secs(86_400);
        let file = File::options().write(true).open(path);
        let file = file.expect("our own file");
        file.set_modified(yesterday).expect("our own file");
    };
    write("small.txt", SMALL.as_bytes());
    write("close/small.txt", SMALL.as_bytes());
    write("page.txt", page().as_bytes());
    write("chunked/page.txt", page().as_bytes());
    write("folder/index.html", b"index");
    write("empty.txt", b"");
    write("medium.bin", &Pattern::file(MEDIUM));
    write("large.bin", &Pattern::file(LARGE));
}

/// A byte for each place. The period is a prime, so that a piece which comes twice, or not at
/// all, or in another's place, does not fit.
#[derive(Debug)]
pub struct Pattern {
    block: Vec<u8>,
    /// How much of it has come.
    pub seen: usize,
}

impl Pattern {
    const PERIOD: usize = 65_521;

    /// From its beginning.
    #[allow(clippy::new_without_default, reason = "`at(0)` is no default")]
    pub fn new() -> Pattern {
        Pattern::at(0)
    }

    /// From this place on.
    pub fn at(seen: usize) -> Pattern {
        let bytes = (0..Pattern::PERIOD).map(|n| (n * n / 7 + n) as u8);
        let block: Vec<u8> = bytes.collect();
        let block = block.repeat(2);
        Pattern { block, seen }
    }

    #[track_caller]
    pub fn continues_with(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let (now, rest) = piece.split_at(piece.len().min(Pattern::PERIOD));
            let start = self.seen % Pattern::PERIOD;
            let right = now == &self.block[start..start + now.len()];
            assert!(
                right,
                "another byte within {} from {}",
                now.len(),
                self.seen
            );
            self.seen += now.len();
            piece = rest;
        }
    }

    pub fn file(length: usize) -> Vec<u8> {
        let block = Pattern::new().block;
        let mut bytes = block.repeat(length / Pattern::PERIOD / 2 + 1);
        bytes.truncate(length);
        bytes
    }
}
