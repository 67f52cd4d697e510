//! Is the file at a path still the one that we opened there?
//!
//! Law: a name is no file. Whoever may write to the folder can take a file's name away and
//! give it to another one, and we, holding only the path, would not see it. Consequence: who
//! means a file keeps it open, and compares before it acts on the name. Choice: device and
//! inode; while our file is open, no other file is given its inode. Price: one more
//! descriptor for each download, and nothing on Windows, where std does not tell the number
//! of a file: there the name is believed.

use std::fs::File;
use std::io;
use std::path::Path;

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

    pub fn is_at(&self, _path: &Path) -> bool {
        true
    }
}
