//! What the bytes of a half file hash to. I7 of `part` is kept here.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use super::{Known, Mismatch, Part};
use crate::job::blocks::Blocks;

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

    /// What a Metalink says of it.
    pub fn expect(&mut self, known: Option<Arc<Known>>) {
        self.known = known;
    }

    /// The blocks that were wrong since the last call, and so are not there.
    pub fn take_bad(&mut self) -> Vec<Range<u64>> {
        std::mem::take(&mut self.bad)
    }

    /// Those that an earlier run left: nobody knows whether it came to look at them. They are
    /// nobody's fault.
    pub(super) fn check_old_blocks(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.old_blocks_are_good, true) {
            self.check_blocks(0..u64::MAX)?;
            self.bad.clear();
        }
        Ok(())
    }

    /// Looks at the blocks that are whole now and have a byte of `stretch`. False: one of them
    /// was wrong, and all of it is forgotten, also by the sidecar.
    pub(super) fn check_blocks(&mut self, stretch: Range<u64>) -> io::Result<bool> {
        let known = self.known.clone();
        let known = known
            .as_ref()
            .and_then(|known| known.blocks.as_ref().zip(known.size));
        let Some((blocks, size)) = known else {
            return Ok(true);
        };
        let stretch = stretch.start..stretch.end.min(size);
        let mut are_good = true;
        for block in blocks.within(stretch, size) {
            if self.there.cover(block.clone()) && !self.is_good(blocks, block.clone())? {
                are_good = false;
                self.forget(block)?;
            }
        }
        Ok(are_good)
    }

    fn is_good(&mut self, blocks: &Blocks, block: Range<u64>) -> io::Result<bool> {
        let mut hash = blocks.hash();
        self.read(block.clone(), |bytes| hash.update(bytes))?;
        Ok(blocks.is_good(block.start, hash))
    }

    fn forget(&mut self, block: Range<u64>) -> io::Result<()> {
        if block.start < self.hashed {
            (self.hashes, self.hashed) = (self.wanted.hashes(), 0);
        }
        self.there.remove(block.clone());
        self.bad.push(block);
        self.scatter()
    }

    /// Reads what is in the file there.
    fn read(&mut self, stretch: Range<u64>, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        self.seek(stretch.start)?;
        self.position = u64::MAX;
        let mut bytes = self.file().take(stretch.end - stretch.start);
        let mut buffer = vec![0; bytes.limit().min(BUFFER) as usize];
        while bytes.limit() > 0 {
            match bytes.read(&mut buffer)? {
                0 => return Err(io::Error::other("somebody cut it short")),
                count => each(&buffer[..count]),
            }
        }
        Ok(())
    }

    /// Hashes up to `most` bytes of those that are there and were not hashed as they came.
    pub(super) fn hash_what_is_there(&mut self, most: u64) -> io::Result<()> {
        let end = self.length().min(self.hashed.saturating_add(most));
        if self.hashes.is_empty() || self.hashed >= end {
            self.hashed = self.hashed.max(end);
            return Ok(());
        }
        let mut hashes = std::mem::take(&mut self.hashes);
        let read = self.read(self.hashed..end, |bytes| hashes.update(bytes));
        (self.hashes, self.hashed) = (hashes, end);
        read?;
        Ok(())
    }
}
