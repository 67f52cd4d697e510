//! A file that is ours: opened without following a link, locked, and known again.
//!
//! Law: a name is no file. Whoever may write to the folder can take a file's name away and
//! give it to another one, and we, holding only the path, would not see it. Consequence: who
//! means a file keeps it open, and compares before it acts on the name. Choice: device and
//! inode; while our file is open, no other file is given its inode. Price: one more
//! descriptor for each download.
//!
//! Two fetches must not write one file, either. An exclusive lock (`flock`) says that somebody
//! does, and the kernel takes it away when that process ends, however it ends: so a half file
//! without a lock is one that was left behind. (std has locks since Rust 1.89; we ask for less.)
//!
//! On Windows std does not tell the number of a file, so there the name is believed; and in
//! place of a lock, nobody else may open our file for writing.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Creates the file at `path`, which must not be there, not even as a link (`O_EXCL`).
pub fn create_new(path: &Path) -> io::Result<File> {
    options().create_new(true).open(path)
}

/// Opens the file at `path`, unless that is a link.
pub fn open(path: &Path) -> io::Result<File> {
    options().open(path)
}

/// Opens the file at `path`, or creates it, so that each write goes behind what is there by then,
/// whoever wrote that. It may not be a link.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    options().append(true).create(true).open(path)
}

#[cfg(unix)]
fn options() -> OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    options.read(true).write(true).mode(0o666);
    // A pipe in our place must not make us wait for its other end.
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    options
}

#[cfg(not(unix))]
fn options() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        const FILE_SHARE_READ_AND_DELETE: u32 = 1 | 4;
        options.share_mode(FILE_SHARE_READ_AND_DELETE);
    }
    options
}

/// May a file that is there be one that we made? Not if it has a second name, whose owner would
/// lose it with ours; nor if it is another user's.
#[cfg(unix)]
pub fn is_by_us(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    !has_other_names(found) && found.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
pub fn is_by_us(_found: &Metadata) -> bool {
    true
}

/// Do other names lead to the same bytes?
#[cfg(unix)]
pub fn has_other_names(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    found.nlink() > 1
}

#[cfg(not(unix))]
pub fn has_other_names(_found: &Metadata) -> bool {
    false
}

/// Takes the lock, until the file and all its clones are closed. False: another one has it.
#[cfg(unix)]
pub fn lock(file: &File) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

#[cfg(not(unix))]
pub fn lock(_file: &File) -> io::Result<bool> {
    Ok(true)
}

/// A file that is ours, kept open to know it again.
#[cfg(unix)]
#[derive(Debug)]
pub struct Own(File);

#[cfg(unix)]
impl Own {
    pub fn of(file: &File) -> io::Result<Own> {
        file.try_clone().map(Own)
    }

    /// Is it this file that `path` names now?
    pub fn is_at(&self, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        match (self.0.metadata(), path.symlink_metadata()) {
            (Ok(own), Ok(there)) => (own.dev(), own.ino()) == (there.dev(), there.ino()),
            _ => false,
        }
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
pub struct Own;

#[cfg(not(unix))]
impl Own {
    pub fn of(_file: &File) -> io::Result<Own> {
        Ok(Own)
    }

    pub fn is_at(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok()
    }
}
