//! A file while it is not whole: `NAME.part`, and beside it `NAME.part.meta`.
//!
//! ```text
//!              claim                             publish
//!   nothing ───────────▶ NAME.part ─────────────────────────▶ NAME
//!   NAME.part ─────────▶  │    ▲ begin, go_on, write
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
//!   opened only if it is a plain file, and written only under its lock (see [`own`]).
//! * I2: the final name appears by one system call, and only for a whole file.
//! * I3: without `--force` that call is `link`, which fails if the name exists, however late
//!   it came to exist. (A rename would replace it: std offers none that would not.)
//! * I4: `NAME.part` is published and removed only while it is the file that we opened: a
//!   stranger's half file never gets a name from us (not on Windows).
//! * I5: a half file of more than [`SMALL`] bytes has its sidecar before it has those bytes; a
//!   shorter one, when it is left behind to go on with. So a short `.part` without one is what
//!   a kill left of ours, and is begun again; a long one is not ours, and is left alone.
//!
//! Price of I3: where a file system has no hard links (FAT, some network mounts), the name
//! is looked up and then renamed to; what appears between the two calls is replaced. Price of
//! I4: between our look at the name and the call that uses it there are microseconds, as std
//! has no call that gives a name to an open file. Price of I5: a stranger's `.part` that is
//! short, has no other name and belongs to the same user looks like one of ours, and is lost.
//! It buys that a small file that comes at once costs no call for its sidecar.

mod claim;
mod paths;

use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hob::http::Resume;

use super::check::{Hashes, Mismatch, Wanted};
use super::own::Own;
use super::sidecar::Sidecar;

pub use claim::Claim;
pub use paths::{meta_path, part_path};

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
    /// May the target be replaced, if it exists?
    force: bool,
    /// Does the sidecar survive a power cut, and what it speaks of?
    sync: bool,
    /// So many bytes, from the first on, are good.
    length: u64,
    /// Set by the head of a response, or found beside the half file.
    sidecar: Option<Sidecar>,
    /// Is that what the sidecar on the disk says?
    noted: bool,
    /// Is there one at all? That of the last run may be there still.
    beside: bool,
    wanted: Wanted,
    hashes: Hashes,
    piece: Hashes,
    /// Nothing is to be done when it is dropped: it has come to its end, or was there before
    /// and is as it was found.
    settled: bool,
}

impl Part {
    /// How to ask for the rest, if what is there can be gone on with.
    pub fn resume(&self) -> Option<Resume> {
        self.sidecar.as_ref()?.resume(self.length)
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    /// How long the whole is, as far as anybody said.
    pub fn total(&self) -> Option<u64> {
        self.sidecar.as_ref()?.total
    }

    /// The digests that were promised for the whole when it was begun.
    pub fn promised(&self) -> hob::http::Digests {
        let fields = self.sidecar.as_ref().map(|sidecar| &sidecar.fields);
        fields
            .map(hob::http::Digests::of_representation)
            .unwrap_or_default()
    }

    /// Whatever is there is dropped: a response brings the whole.
    pub fn begin(&mut self, sidecar: Sidecar, wanted: Wanted) -> io::Result<()> {
        self.cut(0)?;
        self.noted = false; // what is there speaks of bytes that are gone; `write` replaces it
        (self.hashes, self.piece) = (wanted.hashes(), wanted.piece_hashes());
        (self.sidecar, self.wanted) = (Some(sidecar), wanted);
        Ok(())
    }

    /// A response brings what follows the first `at` bytes.
    pub fn go_on(&mut self, at: u64, total: Option<u64>, wanted: Wanted) -> io::Result<()> {
        let (whole, hashed) = (wanted.hashes(), self.length);
        self.cut(at)?;
        if let Some(sidecar) = &mut self.sidecar {
            sidecar.total = sidecar.total.or(total);
        }
        if hashed != at || !self.hashes.cover(&whole) {
            self.hashes = whole;
            self.hash_what_is_there()?;
        }
        self.piece = wanted.piece_hashes();
        self.wanted = wanted;
        Ok(())
    }

    /// The one second read: of bytes that an earlier run wrote.
    fn hash_what_is_there(&mut self) -> io::Result<()> {
        if self.hashes.is_empty() {
            return Ok(());
        }
        let length = self.length;
        let file = self.file.as_mut().expect("open until it is published");
        file.rewind()?;
        let (mut bytes, mut buffer) = (file.take(length), vec![0; 256 * 1024]);
        loop {
            match bytes.read(&mut buffer)? {
                0 => break,
                count => self.hashes.update(&buffer[..count]),
            }
        }
        self.seek(length)
    }

    fn cut(&mut self, at: u64) -> io::Result<()> {
        self.settled = false;
        self.length = at.min(self.length);
        self.file().set_len(at)?;
        self.seek(at)
    }

    fn seek(&mut self, to: u64) -> io::Result<()> {
        self.file().seek(SeekFrom::Start(to)).map(drop)
    }

    fn file(&mut self) -> &mut File {
        self.file.as_mut().expect("open until it is published")
    }

    /// Puts `bytes` behind what is there.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let after = self.length + bytes.len() as u64;
        // I5. And one that is there speaks of other bytes than these.
        if !self.noted && (after > SMALL || self.beside) {
            self.note()?;
        }
        self.file().write_all(bytes)?;
        self.hashes.update(bytes);
        self.piece.update(bytes);
        self.length = after;
        let safe = self.sidecar.as_ref().map_or(0, |sidecar| sidecar.safe);
        if self.sync && after - safe.min(after) >= SYNC_EVERY {
            self.note_what_is_safe()?;
        }
        Ok(())
    }

    /// Writes the sidecar.
    fn note(&mut self) -> io::Result<()> {
        if let Some(sidecar) = &self.sidecar {
            sidecar.write(&self.meta, self.sync)?;
            (self.noted, self.beside) = (true, true);
        }
        Ok(())
    }

    /// Hands all that was written to the disk, and then says so.
    fn note_what_is_safe(&mut self) -> io::Result<()> {
        let (length, sync) = (self.length, self.sync);
        if sync {
            self.file().sync_data()?;
        }
        if let Some(sidecar) = self.sidecar.as_mut().filter(|_| sync) {
            sidecar.safe = length;
        }
        self.note()
    }

    /// Are these the right bytes?
    pub fn check(&self) -> Result<(), Mismatch> {
        self.wanted.check(&self.hashes, &self.piece)
    }

    /// What they were compared by.
    pub fn algorithms(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.wanted.algorithms()
    }

    /// Removes it whatever could be done with it: its bytes are wrong.
    pub fn discard(mut self) {
        self.settled = true;
        self.remove();
    }

    pub fn is_large(&self) -> bool {
        self.length > SMALL
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
        self.force = false;
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the whole file its final name.
    pub fn publish(mut self) -> io::Result<()> {
        if !self.own.is_at(&self.path) {
            self.settled = true;
            return Err(self.replaced()); // I4
        }
        self.file = None;
        self.settled = true;
        let published = self.name_it();
        // Published or not: if it failed, then because of a name that is another's.
        self.remove();
        published
    }

    fn name_it(&self) -> io::Result<()> {
        if self.force {
            return fs::rename(&self.path, &self.target); // I2
        }
        // I2, I3.
        match fs::hard_link(&self.path, &self.target) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(self.too_late()),
            Err(_no_hard_links) => self.rename_if_free(),
            Ok(()) => Ok(()),
        }
    }

    fn replaced(&self) -> io::Error {
        let part = self.path.display();
        io::Error::other(format!("somebody replaced {part}, or removed it"))
    }

    fn too_late(&self) -> io::Error {
        let how = "exists by now, and was left as it is (--force replaces it)";
        exists(&self.target, how)
    }

    fn rename_if_free(&self) -> io::Result<()> {
        match self.target.symlink_metadata() {
            Ok(_) => Err(self.too_late()),
            Err(_) => fs::rename(&self.path, &self.target),
        }
    }

    /// I4. After a rename the name is nobody's, or already another's. An error has nobody to
    /// go to: the file stays, and the next run will speak of it.
    fn remove(&mut self) {
        self.file = None;
        if self.own.is_at(&self.path) {
            let _ = fs::remove_file(&self.path);
        }
        // After it: a long one without its sidecar would be taken for a stranger's (I5).
        if self.beside {
            let _ = fs::remove_file(&self.meta);
        }
    }

    /// Leaves behind what can be gone on with. False: nothing can.
    fn keep(&mut self) -> bool {
        if self.resume().is_none() || !self.own.is_at(&self.path) {
            return false;
        }
        // A write that failed in the middle wrote more than counts.
        let length = self.length;
        let cut = self.file().set_len(length);
        cut.and_then(|()| self.note_what_is_safe()).is_ok()
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
    match Part::claim(target, "", force, false)? {
        Claim::There(_) => Err(exists(target, "exists already (--force replaces it)")),
        Claim::Ours(mut part) => {
            part.cut(0)?;
            part.write(content)?;
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
