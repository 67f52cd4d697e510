//! A file while it is not whole: `NAME.part`, and beside it `NAME.part.meta`.
//!
//! ```text
//!              claim                             publish
//!   nothing ───────────▶ NAME.part ─────────────────────────▶ NAME
//!   NAME.part ─────────▶  │    ▲ begin, go_on, scatter, write
//!   of another day        │
//!                         │ dropped: failed, or stopped by Ctrl-C
//!                         ├─────────▶ NAME.part and NAME.part.meta, to go on with
//!                         └─────────▶ nothing, where nobody could go on
//! ```
//!
//! Everything here blocks, and is called on a worker. A [`Part`] goes to the worker and comes
//! back with each job; if nobody waits for it any more, it is dropped there, and its drop
//! leaves behind what is worth it. A guard that stayed on the loop would come too late.
//!
//! * I1: a new `.part` is created with `O_EXCL`: no link is followed. One that is there is
//!   opened only if it is a plain file, and written only under its lock
//!   (see [`own`](super::own)).
//! * I2: the final name appears by one system call, and only for a whole file.
//! * I3: without `--force` that call is `link`, which fails if the name exists, however late
//!   it came to exist. (A rename would replace it: std offers none that would not.)
//! * I4: `NAME.part` is published and removed only while it is the file that we opened: a
//!   stranger's half file never gets a name from us (not on Windows).
//! * I5: a half file of more than [`SMALL`] bytes has its sidecar before it has those bytes; a
//!   shorter one, when it is left behind to go on with. So a short `.part` without one is what
//!   a kill left of ours, and is begun again; a long one is not ours, and is left alone.
//! * I6: as long as a half file has no gaps, what is there is as much as it is long. Before the
//!   first byte is written behind a gap ([`scatter`](Part::scatter)) its sidecar becomes one
//!   that lists what is there; and a byte is listed only after it was written.
//! * I7: nobody hashes twice what comes in its order. Bytes behind a gap are read again, once
//!   the gap is filled: a little with each write, so that not all of it is left for the end.
//!
//! Price of I3: where a file system has no hard links (FAT, some network mounts), the name
//! is looked up and then renamed to; what appears between the two calls is replaced. Price of
//! I4: between our look at the name and the call that uses it there are microseconds, as std
//! has no call that gives a name to an open file. Price of I5: a stranger's `.part` that is
//! short, has no other name and belongs to the same user looks like one of ours, and is lost.
//! It buys that a small file that comes at once costs no call for its sidecar.

mod claim;
mod naming;
mod notes;
mod paths;
mod rest;
mod sums;

use std::fs::{File, FileTimes};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use hob::http::{Digests, Validators};

use super::check::{Hashes, Mismatch, Wanted};
use super::metalink::Known;
use super::own::Own;
use super::sidecar::{Journal, Sidecar};
use super::stretches::Stretches;

pub use claim::Claim;
pub use paths::{meta_path, part_path};
pub use rest::Rest;

/// Up to here a file is cheaply begun again, and has no sidecar while all goes well.
pub const SMALL: u64 = 1 << 20;

/// What a power cut can cost of a large file.
const SYNC_EVERY: u64 = 64 << 20;

/// A half file that only we write. Whoever drops it leaves it behind if it can be gone on
/// with, and else removes it.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    meta: PathBuf,
    target: PathBuf,
    /// Closed just before the file gets its name: an older Windows would else keep the former.
    file: Option<File>,
    /// What `path` named when we made it.
    own: Own,
    replace: Replace,
    /// Does the sidecar survive a power cut, and what it speaks of?
    sync: bool,
    /// These bytes are good.
    there: Stretches,
    /// Are there gaps, or were there when a run began to fill them? Then I6 holds.
    scattered: bool,
    /// Where the next byte would go without a seek.
    position: u64,
    /// Set by the head of a response, or found beside the half file.
    sidecar: Option<Sidecar>,
    /// Is that what the sidecar on the disk says?
    noted: bool,
    /// Is there one at all? That of the last run may be there still.
    beside: bool,
    /// Open behind a sidecar of ours that lists what is there.
    journal: Option<Journal>,
    wanted: Wanted,
    hashes: Hashes,
    /// So many bytes, from the first on, are in `hashes`.
    hashed: u64,
    piece: Hashes,
    /// What a Metalink says of the file, if there is one.
    known: Option<Arc<Known>>,
    /// Were the blocks that an earlier run left looked at?
    old_blocks_are_good: bool,
    /// Blocks that came and were wrong, until somebody asks for them.
    bad: Vec<Range<u64>>,
    /// Nothing is to be done when it is dropped: it has come to its end, or was there before
    /// and is as it was found.
    settled: bool,
}

/// What may be replaced, if it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    Nothing,
    /// The file itself, once a newer version of it is whole.
    TheFile,
    /// That, and half files of others (`--force`).
    All,
}

impl Replace {
    pub fn of(force: bool) -> Replace {
        match force {
            true => Replace::All,
            false => Replace::Nothing,
        }
    }
}

impl Part {
    /// The URL that its version is known from.
    pub fn from(&self) -> Option<&str> {
        let sidecar = self.sidecar.as_ref()?;
        Some(sidecar.from.as_ref().unwrap_or(&sidecar.url))
    }

    /// So many bytes are there, from the first on.
    pub fn length(&self) -> u64 {
        self.there.prefix()
    }

    pub fn there(&self) -> &Stretches {
        &self.there
    }

    /// Which version it is of, as far as anybody said.
    pub fn validators(&self) -> Validators {
        let sidecar = self.sidecar.as_ref();
        sidecar.map_or_else(Validators::default, |sidecar| {
            Validators::of(&sidecar.fields)
        })
    }

    /// How long the whole is, as far as anybody said.
    pub fn total(&self) -> Option<u64> {
        self.sidecar.as_ref()?.total
    }

    /// The digests that were promised for the whole when it was begun.
    pub fn promised(&self) -> Digests {
        let fields = self.sidecar.as_ref().map(|sidecar| &sidecar.fields);
        fields.map(Digests::of_representation).unwrap_or_default()
    }

    /// Whatever is there is dropped: a response brings the whole.
    pub fn begin(&mut self, sidecar: Sidecar, wanted: Wanted) -> io::Result<()> {
        (self.scattered, self.journal) = (false, None);
        self.cut(0)?;
        self.noted = false; // what is there speaks of bytes that are gone; `write` replaces it
        (self.hashes, self.piece) = (wanted.hashes(), wanted.piece_hashes());
        (self.hashed, self.old_blocks_are_good) = (0, true);
        (self.sidecar, self.wanted) = (Some(sidecar), wanted);
        Ok(())
    }

    /// A response brings bytes from `at` on: what follows those that are there or, in a file
    /// with gaps, some of those that are missing.
    pub fn go_on(&mut self, at: u64, total: Option<u64>, wanted: Wanted) -> io::Result<()> {
        let whole = wanted.hashes();
        self.settled = false;
        if self.there.is_prefix() {
            // A list is of no use any more, and is replaced before anything is written.
            self.noted &= !self.scattered;
            (self.scattered, self.journal) = (false, None);
            self.cut(at)?;
        }
        if let Some(sidecar) = &mut self.sidecar {
            sidecar.total = sidecar.total.or(total);
        }
        if self.hashed > self.there.prefix() || !self.hashes.cover(&whole) {
            (self.hashes, self.hashed) = (whole, 0);
        }
        self.check_old_blocks()?;
        // The one second read: of bytes that an earlier run wrote.
        self.hash_what_is_there(u64::MAX)?;
        self.piece = wanted.piece_hashes();
        self.wanted = wanted;
        Ok(())
    }

    /// What is there is wrong, and so is what is known of it.
    pub fn forget_all(&mut self) {
        self.there = Stretches::default();
        self.sidecar = None;
    }

    /// From now on bytes may come out of their order (I6).
    pub fn scatter(&mut self) -> io::Result<()> {
        // It is of a piece that will not come whole.
        (self.wanted.piece, self.piece) = (Digests::default(), Hashes::default());
        self.scattered = true;
        self.note()
    }

    fn cut(&mut self, at: u64) -> io::Result<()> {
        self.settled = false;
        self.there.remove(at..u64::MAX);
        self.file().set_len(at)?;
        self.seek(at)
    }

    fn seek(&mut self, to: u64) -> io::Result<()> {
        self.position = self.file().seek(SeekFrom::Start(to))?;
        Ok(())
    }

    fn file(&mut self) -> &mut File {
        self.file.as_mut().expect("open until it is published")
    }

    /// Puts `bytes` where they belong. Without [`scatter`](Part::scatter), that is behind what
    /// is there.
    pub fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        debug_assert!(self.scattered || at == self.length(), "I6");
        let after = at + bytes.len() as u64;
        // I5. And one that is there speaks of other bytes than these.
        if !self.scattered && !self.noted && (after > SMALL || self.beside) {
            self.note()?;
        }
        self.put(at, bytes)?;
        self.there.add(at..after);
        if at == self.hashed {
            self.hashes.update(bytes);
            self.hashed = after;
        }
        self.piece.update(bytes);
        if self.scattered {
            self.hash_what_is_there(2 * bytes.len() as u64)?; // I7
        }
        let are_good = self.check_blocks(at..after)?;
        if self.scattered && are_good {
            self.list(at..after)?;
        }
        self.make_safe_now_and_then()
    }

    fn put(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if self.position != at {
            self.seek(at)?;
        }
        self.position = u64::MAX; // nobody knows, until it has worked
        self.file().write_all(bytes)?;
        self.position = at + bytes.len() as u64;
        Ok(())
    }

    /// All bytes are there.
    pub fn finish(&mut self) -> io::Result<()> {
        let length = self.length();
        if self.scattered {
            self.file().set_len(length)?;
        }
        self.hash_what_is_there(u64::MAX)
    }

    /// Removes it whatever could be done with it: its bytes are wrong.
    pub fn discard(mut self) {
        self.settled = true;
        self.remove();
    }

    pub fn is_large(&self) -> bool {
        self.there.sum() > SMALL
    }

    pub fn sync(&mut self) -> io::Result<()> {
        self.file().sync_all()
    }

    /// Says when the file was changed, in place of when it came.
    pub fn set_modified(&mut self, at: SystemTime) -> io::Result<()> {
        self.file().set_times(FileTimes::new().set_modified(at))
    }

    /// The server proposes another name, which must not replace anything.
    pub fn rename_target(&mut self, target: PathBuf) {
        self.target = target;
        self.replace = Replace::Nothing;
    }

    pub fn target(&self) -> &Path {
        &self.target
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.settled && !self.keep() {
            self.remove();
        }
    }
}

/// A small file in the way of all the others: whole or not at all, and over another one only
/// with `force`.
pub fn save(target: &Path, content: &[u8], force: bool) -> io::Result<()> {
    match Part::claim(target, "", Replace::of(force), false)? {
        Claim::There(_) => Err(exists(target, "exists already (--force replaces it)")),
        Claim::Ours(mut part) => {
            part.cut(0)?;
            part.write(0, content)?;
            part.publish()
        }
    }
}

/// Errors of this kind name the file themselves.
fn exists(path: &Path, how: &str) -> io::Error {
    let words = format!("{} {how}", path.display());
    io::Error::new(io::ErrorKind::AlreadyExists, words)
}

#[cfg(test)]
mod tests;
