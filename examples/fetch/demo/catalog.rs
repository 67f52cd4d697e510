//! The files of the demonstration: three dozen that nobody stored.
//!
//! Each file is made up from a number, piece by piece, as it is sent: the same number gives
//! the same bytes, so the server needs no folder, and its list of SHA-256 sums is true.

use std::time::Duration;

use crate::job::Sha256Sum;

/// How many bytes the generator makes, and the server sends, in one piece.
pub const PIECE: usize = 16 * 1024;

/// One file, and how slowly it comes.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    pub name: String,
    pub size: u64,
    /// The server "looks for it" so long before the head of its answer.
    pub think: Duration,
    /// The body then takes so long, as over a slow line.
    pub send: Duration,
    pub framing: Framing,
    /// What its bytes are made from.
    seed: u64,
}

/// How an answer says where its body ends (RFC 9112, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Length,
    Chunked,
    /// The body ends when the connection does. Nobody can tell a whole one from a cut one:
    /// the reason why there are sums.
    UntilClose,
}

const FRUIT: [&str; 36] = [
    "almond",
    "apple",
    "apricot",
    "banana",
    "blackberry",
    "cherry",
    "chestnut",
    "coconut",
    "cranberry",
    "currant",
    "date",
    "elderberry",
    "fig",
    "gooseberry",
    "grape",
    "grapefruit",
    "hazelnut",
    "kiwi",
    "lemon",
    "lime",
    "lychee",
    "mango",
    "medlar",
    "melon",
    "mulberry",
    "nectarine",
    "olive",
    "orange",
    "papaya",
    "peach",
    "pear",
    "persimmon",
    "pineapple",
    "plum",
    "pomegranate",
    "quince",
];

/// All files, each different in size and time, always the same ones.
pub fn files() -> Vec<File> {
    FRUIT
        .iter()
        .enumerate()
        .map(|(n, fruit)| file(n as u64, fruit))
        .collect()
}

fn file(n: u64, fruit: &str) -> File {
    // Strides that share no factor with the moduli: scattered, but the same on every run.
    let scattered = |stride: u64, modulus: u64| n * stride % modulus;
    let size = match n {
        26 => 0, // an empty file is a file too
        _ => (1 + scattered(7, 36)).pow(2) * 1300 + scattered(389, 997),
    };
    let (kind, framing) = match n % 4 {
        3 if n == 35 => ("raw", Framing::UntilClose),
        0 | 1 => ("bin", Framing::Length),
        _ => ("dat", Framing::Chunked),
    };
    File {
        name: format!("{fruit}.{kind}"),
        size,
        think: Duration::from_millis(250 + scattered(23, 36) * 15),
        send: Duration::from_millis(150 + scattered(17, 36) * 20),
        framing,
        seed: n + 1,
    }
}

impl File {
    /// Its bytes, in pieces of [`PIECE`], the last one shorter.
    pub fn pieces(&self) -> impl Iterator<Item = Vec<u8>> + use<> {
        let mut state = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut left = self.size;
        std::iter::from_fn(move || {
            let length = left.min(PIECE as u64) as usize;
            left -= length as u64;
            (length > 0).then(|| piece(&mut state, length))
        })
    }

    pub fn sum(&self) -> Sha256Sum {
        Sha256Sum::of(self.pieces())
    }
}

/// Bytes that no compression and no mixed-up order goes unnoticed in (xorshift64*).
fn piece(state: &mut u64, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        bytes.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The list of all sums, as `sha256sum` writes it and checks it with `-c`.
pub fn sums_file(files: &[File]) -> String {
    let line = |file: &File| format!("{}  {}\n", file.sum(), file.name);
    files.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_file_has_its_size_and_always_the_same_bytes_of_its_own() {
        let files = files();
        let mut sums = HashSet::new();
        for file in files.iter().filter(|file| file.size < 100_000) {
            let bytes: usize = file.pieces().map(|piece| piece.len()).sum();
            assert_eq!(bytes as u64, file.size, "{}", file.name);
            assert_eq!(file.sum(), file.sum());
            assert!(
                sums.insert(file.sum().to_string()),
                "{} is a copy",
                file.name
            );
        }
        assert!(files.iter().any(|file| file.size == 0));
    }

    #[test]
    fn the_files_differ_in_name_and_size_and_use_every_framing() {
        let files = files();
        let names: HashSet<_> = files.iter().map(|file| &file.name).collect();
        let sizes: HashSet<_> = files.iter().map(|file| file.size).collect();
        assert_eq!((files.len(), names.len(), sizes.len()), (36, 36, 36));
        for framing in [Framing::Length, Framing::Chunked, Framing::UntilClose] {
            assert!(files.iter().any(|file| file.framing == framing));
        }
    }
}
