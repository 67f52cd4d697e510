//! Hashes of a file's blocks: so a byte that is wrong is found before all of it is there, and
//! only its block has to come again.
//!
//! Blocks are the pieces of a Metalink, all of one length but for the last one.

use std::ops::Range;

use ring::digest::{Algorithm, Context, SHA256, SHA512};

/// What each block hashes to, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    length: u64,
    sums: Sums,
}

#[derive(Debug, Clone, PartialEq)]
enum Sums {
    Sha256(Vec<[u8; 32]>),
    Sha512(Vec<[u8; 64]>),
}

impl Blocks {
    pub fn sha256(length: u64, sums: Result<Vec<[u8; 32]>, ()>) -> Option<Blocks> {
        let sums = Sums::Sha256(sums.ok()?);
        Some(Blocks { length, sums })
    }

    pub fn sha512(length: u64, sums: Result<Vec<[u8; 64]>, ()>) -> Option<Blocks> {
        let sums = Sums::Sha512(sums.ok()?);
        Some(Blocks { length, sums })
    }

    /// Of all but the last.
    pub fn length(&self) -> u64 {
        self.length
    }

    pub fn count(&self) -> u64 {
        match &self.sums {
            Sums::Sha256(sums) => sums.len() as u64,
            Sums::Sha512(sums) => sums.len() as u64,
        }
    }

    /// Where the blocks lie that have a byte of `stretch`, in a file of `total` bytes.
    pub fn within(&self, stretch: Range<u64>, total: u64) -> impl Iterator<Item = Range<u64>> {
        let length = self.length;
        let end = stretch.end.min(total);
        let numbers = stretch.start / length..end.div_ceil(length).min(self.count());
        numbers.map(move |number| number * length..((number + 1) * length).min(total))
    }

    /// A hash to be fed with the bytes of one block.
    pub fn hash(&self) -> Context {
        let algorithm: &'static Algorithm = match self.sums {
            Sums::Sha256(_) => &SHA256,
            Sums::Sha512(_) => &SHA512,
        };
        Context::new(algorithm)
    }

    /// Is this the hash of the block that begins at `start`?
    pub fn is_good(&self, start: u64, hash: Context) -> bool {
        let (number, found) = ((start / self.length) as usize, hash.finish());
        let wanted = match &self.sums {
            Sums::Sha256(sums) => sums.get(number).map(|sum| &sum[..]),
            Sums::Sha512(sums) => sums.get(number).map(|sum| &sum[..]),
        };
        wanted == Some(found.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_lie_one_behind_the_other_and_the_last_is_shorter() {
        let blocks = Blocks::sha256(10, Ok(vec![[0; 32]; 3])).unwrap();
        let within = |stretch| blocks.within(stretch, 25).collect::<Vec<_>>();
        assert_eq!(within(0..25), [0..10, 10..20, 20..25]);
        assert_eq!(within(9..11), [0..10, 10..20]);
        assert_eq!(within(20..21), std::slice::from_ref(&(20..25)));
        assert_eq!(within(10..20), std::slice::from_ref(&(10..20)));
        assert_eq!(within(24..40), std::slice::from_ref(&(20..25)));
    }
}
