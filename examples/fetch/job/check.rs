//! Is the file what it should be? SHA-256, of the file on the disk.
//!
//! The file is read back rather than hashed as it comes by: so the check covers the whole
//! way, the writing included. Hashing is CPU work, and a loop that computes does not listen,
//! so [`Sha256Sum::of_file`] is called on a worker. Price: each file is read twice.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256Sum([u8; 32]);

impl Sha256Sum {
    /// Reads the file to its end. Blocks.
    pub fn of_file(path: &Path) -> io::Result<Sha256Sum> {
        let mut file = File::open(path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Sha256Sum(hash.finalize().into())),
                length => hash.update(&buffer[..length]),
            }
        }
    }

    pub fn of(pieces: impl Iterator<Item = Vec<u8>>) -> Sha256Sum {
        let mut hash = Sha256::new();
        pieces.for_each(|piece| hash.update(&piece));
        Sha256Sum(hash.finalize().into())
    }

    fn from_hex(hex: &str) -> Option<Sha256Sum> {
        let mut sum = [0; 32];
        if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, at) in sum.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
        }
        Some(Sha256Sum(sum))
    }
}

/// The lines of a `SHA256SUMS` file, as `sha256sum` writes it: digest, two spaces (or a space
/// and a star), name. `None` if any line is something else.
pub fn sums(text: &str) -> Option<Vec<(Sha256Sum, &str)>> {
    text.lines().map(sum_line).collect()
}

fn sum_line(line: &str) -> Option<(Sha256Sum, &str)> {
    let (hex, rest) = line.split_at_checked(64)?;
    let name = rest
        .strip_prefix("  ")
        .or_else(|| rest.strip_prefix(" *"))?;
    Some((Sha256Sum::from_hex(hex)?, name))
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Sum({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_list_of_sums_is_read_as_sha256sum_writes_it() {
        let abc = Sha256Sum::of([b"a".to_vec(), b"bc".to_vec()].into_iter());
        assert_eq!(abc.to_string(), ABC);
        let list = format!("{ABC}  a file\n{ABC} *b\n");
        assert_eq!(sums(&list).unwrap(), [(abc, "a file"), (abc, "b")]);
        for bad in [&ABC[1..], "", &format!("{ABC} x"), &ABC.replace('b', "+")] {
            assert_eq!(sums(&format!("{bad}\n")), None, "{bad}");
        }
    }
}
