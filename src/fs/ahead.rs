//! What of a [`File`](super::File) was read and not yet asked for, and the buffers for it.
//!
//! Plain data, owned by the [`Desk`](super::desk::Desk): it starts no job and waits for none.

use std::io;

use super::shared::{CHUNK, FULL, ReadBack};

/// Bytes read and not yet asked for: `bytes[at..end]`.
#[derive(Default)]
pub(super) struct Ahead {
    bytes: Vec<u8>,
    /// The other buffer, while no worker has it. Empty until something is read early.
    spare: Vec<u8>,
    at: usize,
    end: usize,
    /// How much the last read asked for. Doubles as long as all of it was there and was used.
    stride: usize,
}

impl Ahead {
    pub(super) fn left(&self) -> usize {
        self.end - self.at
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..self.end]
    }

    pub(super) fn give(&mut self, buf: &mut [u8]) -> usize {
        let n = self.left().min(buf.len());
        buf[..n].copy_from_slice(&self.rest()[..n]);
        self.at += n;
        n
    }

    pub(super) fn clear(&mut self) {
        (self.at, self.end) = (0, 0);
    }

    /// Takes in the lent buffer that came back. How many bytes did it bring?
    pub(super) fn land(&mut self, back: ReadBack) -> io::Result<usize> {
        debug_assert_eq!(self.left(), 0, "what is there must be used first");
        self.clear();
        let used_up = std::mem::replace(&mut self.bytes, back.bytes);
        self.take_back(used_up);
        self.end = back.result?;
        Ok(self.end)
    }

    /// A buffer to lend: this one if it is used up, else the other.
    pub(super) fn lend(&mut self) -> Vec<u8> {
        match self.left() {
            0 => {
                self.clear();
                std::mem::take(&mut self.bytes)
            }
            _ => std::mem::take(&mut self.spare),
        }
    }

    pub(super) fn take_back(&mut self, buffer: Vec<u8>) {
        if !buffer.is_empty() {
            self.spare = buffer;
        }
    }

    /// Did the last read bring all that it asked for?
    fn was_full(&self) -> bool {
        self.stride > 0 && self.end >= self.stride
    }

    /// Has the program read on for so long that it will probably want more?
    pub(super) fn goes_on(&self) -> bool {
        self.stride == FULL && self.was_full()
    }

    /// How far to read ahead next.
    pub(super) fn next_stride(&mut self) -> usize {
        self.stride = match self.was_full() {
            true => FULL.min(self.stride * 2),
            false => CHUNK,
        };
        self.stride
    }
}
