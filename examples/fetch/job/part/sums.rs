//! What the bytes of a half file hash to. I7 of `part` is kept here.

use std::io::{self, Read};

use super::{Mismatch, Part};

/// So much is read at once.
const BUFFER: u64 = 256 * 1024;

impl Part {
    /// Are these the right bytes?
    pub fn check(&self) -> Result<(), Mismatch> {
        self.wanted.check(&self.hashes, &self.piece)
    }

    /// What they were compared by.
    pub fn algorithms(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.wanted.algorithms()
    }

    /// Hashes up to `most` bytes of those that are there and were not hashed as they came.
    pub(super) fn hash_what_is_there(&mut self, most: u64) -> io::Result<()> {
        let end = self.length().min(self.hashed.saturating_add(most));
        if self.hashes.is_empty() || self.hashed >= end {
            self.hashed = self.hashed.max(end);
            return Ok(());
        }
        self.seek(self.hashed)?;
        self.position = u64::MAX;
        let file = self.file.as_mut().expect("open until it is published");
        let mut bytes = file.take(end - self.hashed);
        let mut buffer = vec![0; bytes.limit().min(BUFFER) as usize];
        while self.hashed < end {
            match bytes.read(&mut buffer)? {
                0 => return Err(io::Error::other("somebody cut it short")),
                count => self.hashes.update(&buffer[..count]),
            }
            self.hashed = end - bytes.limit();
        }
        if !self.scattered {
            self.seek(end)?;
        }
        Ok(())
    }
}
