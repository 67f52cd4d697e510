//! Is the file what it should be? Digests, computed as the bytes come by.
//!
//! Law: what was written and what came are the same bytes, or the write failed. So nothing is
//! read back: each piece is hashed by the worker that writes it, off the loop's thread. Only
//! a file that is gone on with costs a second read, of what was there before.
//!
//! Two kinds of sums are compared at the end: the user's own (`--sha256`, `--checksums`, a list,
//! or a Metalink), and the server's (`Repr-Digest`, `Content-Digest`, RFC 9530). The user's say
//! that the file is the right one; the server's only that it is the one that the server sent.
//! The sums of single blocks are compared sooner, and in [`blocks`](super::blocks).

use std::fmt;

use hob::http::Digests;
use ring::digest::{Context, SHA256, SHA512, digest};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256Sum(pub [u8; 32]);

impl Sha256Sum {
    pub fn of(pieces: impl Iterator<Item = Vec<u8>>) -> Sha256Sum {
        let mut hash = Context::new(&SHA256);
        pieces.for_each(|piece| hash.update(&piece));
        Sha256Sum(
            hash.finish()
                .as_ref()
                .try_into()
                .expect("SHA-256 has 32 bytes"),
        )
    }

    pub fn from_hex(hex: &str) -> Option<Sha256Sum> {
        unhex(hex).ok().map(Sha256Sum)
    }
}

/// As many bytes as there are to be, each of two hexadecimal digits.
pub fn unhex<const N: usize>(hex: &str) -> Result<[u8; N], ()> {
    let mut bytes = [0; N];
    if hex.len() != 2 * N || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(());
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| ())?;
    }
    Ok(bytes)
}

/// What the bytes should hash to, by whose word.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    pub users: Digests,
    /// Of the whole file.
    pub whole: Digests,
    /// Of what this one response brings.
    pub piece: Digests,
}

impl Wanted {
    /// The first that disagrees.
    pub fn check(&self, whole: &Hashes, piece: &Hashes) -> Result<(), Mismatch> {
        let (whole, piece) = (whole.so_far(), piece.so_far());
        compare("", &self.users, &whole)?;
        compare("by its Repr-Digest", &self.whole, &whole)?;
        compare("by its Content-Digest", &self.piece, &piece)
    }

    /// By which algorithms, as RFC 9530 calls them.
    pub fn algorithms(&self) -> impl Iterator<Item = &'static str> + use<> {
        let sha256 = self.users.sha256.is_some() || self.whole.sha256.is_some();
        let sha512 = self.users.sha512.is_some() || self.whole.sha512.is_some();
        let both = [
            ("sha-256", sha256 || self.piece.sha256.is_some()),
            ("sha-512", sha512 || self.piece.sha512.is_some()),
        ];
        both.into_iter()
            .filter_map(|(name, is_wanted)| is_wanted.then_some(name))
    }

    /// Fresh hashes for what is wanted of the whole.
    pub fn hashes(&self) -> Hashes {
        Hashes::new(
            self.users.sha256.is_some() || self.whole.sha256.is_some(),
            self.users.sha512.is_some() || self.whole.sha512.is_some(),
        )
    }

    /// Fresh hashes for what is wanted of the piece.
    pub fn piece_hashes(&self) -> Hashes {
        Hashes::new(self.piece.sha256.is_some(), self.piece.sha512.is_some())
    }
}

fn compare(whose: &'static str, wanted: &Digests, found: &Digests) -> Result<(), Mismatch> {
    let differ = |name, wanted: Option<&[u8]>, found: Option<&[u8]>| match wanted {
        Some(wanted) if found != Some(wanted) => Err(Mismatch {
            name,
            whose,
            wanted: hex(wanted),
            found: found.map_or_else(|| "unknown".to_owned(), hex),
        }),
        _ => Ok(()),
    };
    differ("SHA-256", slice(&wanted.sha256), slice(&found.sha256))?;
    differ("SHA-512", slice(&wanted.sha512), slice(&found.sha512))
}

fn slice<const N: usize>(digest: &Option<[u8; N]>) -> Option<&[u8]> {
    digest.as_ref().map(|digest| &digest[..])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes are not the ones that they should be.
#[derive(Debug, PartialEq)]
pub struct Mismatch {
    name: &'static str,
    whose: &'static str,
    wanted: String,
    found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch {
            name,
            whose,
            wanted,
            found,
        } = self;
        let space = if whose.is_empty() { "" } else { " " };
        write!(f, "{name} is {found}, but{space}{whose} should be {wanted}")
    }
}

impl Mismatch {
    /// As RFC 9530 calls it.
    pub fn algorithm(&self) -> String {
        self.name.to_ascii_lowercase()
    }
}

/// Those of the bytes so far that somebody asks for.
#[derive(Clone, Default)]
pub struct Hashes {
    sha256: Option<Context>,
    sha512: Option<Context>,
}

impl Hashes {
    fn new(sha256: bool, sha512: bool) -> Hashes {
        Hashes {
            sha256: sha256.then(|| Context::new(&SHA256)),
            sha512: sha512.then(|| Context::new(&SHA512)),
        }
    }

    /// CPU work: for a worker.
    pub fn update(&mut self, bytes: &[u8]) {
        let both = [&mut self.sha256, &mut self.sha512];
        both.into_iter()
            .flatten()
            .for_each(|hash| hash.update(bytes));
    }

    /// Is there everything in it that is in `wanted`?
    pub fn cover(&self, wanted: &Hashes) -> bool {
        (self.sha256.is_some() || wanted.sha256.is_none())
            && (self.sha512.is_some() || wanted.sha512.is_none())
    }

    pub fn is_empty(&self) -> bool {
        self.sha256.is_none() && self.sha512.is_none()
    }

    fn so_far(&self) -> Digests {
        let finish = |hash: &Context| hash.clone().finish();
        let bytes = "ring knows how long its digests are";
        Digests {
            sha256: self
                .sha256
                .as_ref()
                .map(|h| finish(h).as_ref().try_into().expect(bytes)),
            sha512: self
                .sha512
                .as_ref()
                .map(|h| finish(h).as_ref().try_into().expect(bytes)),
        }
    }
}

impl fmt::Debug for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashes").finish_non_exhaustive()
    }
}

/// The lines of a list of sums: as `sha256sum` writes it (digest, two spaces, or a space and
/// a star for "binary", name) or as `shasum --tag` does (`SHA256 (name) = digest`). The error
/// is the number of the first line that is something else.
pub fn sums(text: &str) -> Result<Vec<(Sha256Sum, &str)>, usize> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(index, line)| sum_line(line).ok_or(index + 1))
        .collect()
}

fn sum_line(line: &str) -> Option<(Sha256Sum, &str)> {
    if let Some(tagged) = line.strip_prefix("SHA256 (") {
        let (name, hex) = tagged.rsplit_once(") = ")?;
        return Some((Sha256Sum::from_hex(hex)?, name));
    }
    let (hex, rest) = line.split_at_checked(64)?;
    let name = rest
        .strip_prefix("  ")
        .or_else(|| rest.strip_prefix(" *"))?;
    Some((Sha256Sum::from_hex(hex)?, name))
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Sum({self})")
    }
}

/// A number for the pseudo-random: the first bytes of a digest of anything.
pub fn scatter(seed: &[u8]) -> u64 {
    let bytes = digest(&SHA256, seed);
    u64::from_be_bytes(bytes.as_ref()[..8].try_into().expect("there are 32"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn abc() -> Sha256Sum {
        Sha256Sum::of([b"a".to_vec(), b"bc".to_vec()].into_iter())
    }

    #[test]
    fn a_list_of_sums_is_read_as_sha256sum_writes_it() {
        assert_eq!(abc().to_string(), ABC);
        let list = format!("# mine\n{ABC}  a file\n\n{ABC} *b\nSHA256 (c (1)) = {ABC}\n");
        assert_eq!(
            sums(&list).unwrap(),
            [(abc(), "a file"), (abc(), "b"), (abc(), "c (1)")]
        );
        for bad in [
            &ABC[1..],
            &format!("{ABC} x"),
            &ABC.replace('b', "+"),
            "<html>",
        ] {
            assert_eq!(sums(&format!("\n{bad}\n")), Err(2), "{bad}");
        }
    }

    /// Broken by: leaving any `compare` out of `check`.
    #[test]
    fn each_sum_is_compared_with_its_own_bytes() {
        let right = Digests {
            sha256: Some(abc().0),
            sha512: None,
        };
        let none = Digests::default();
        let by = |users, whole, piece| Wanted {
            users,
            whole,
            piece,
        };
        for wanted in [
            by(right, none, none),
            by(none, right, none),
            by(none, none, right),
        ] {
            let hash = |bytes: &[u8]| {
                let (mut whole, mut piece) = (wanted.hashes(), wanted.piece_hashes());
                whole.update(bytes);
                piece.update(bytes);
                wanted.check(&whole, &piece)
            };
            assert_eq!(hash(b"abc"), Ok(()));
            let error = hash(b"abd").unwrap_err().to_string();
            assert!(
                error.starts_with("SHA-256 is a52d1") && error.contains(ABC),
                "{error}"
            );
            let unknown = wanted.check(&Hashes::default(), &Hashes::default());
            assert!(unknown.is_err(), "what was not hashed does not agree");
        }
    }
}
