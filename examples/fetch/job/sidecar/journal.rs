//! The lines behind a sidecar that lists what is there: one for each write since. Why, and what
//! is believed of them, stands in [`sidecar`](super).

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use crate::job::{own, stretches};

/// A journal of so many bytes is long.
const LONG: usize = 16 * 1024;

/// Where lines are added behind a sidecar that lists what is there.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// How much was added.
    length: usize,
}

impl Journal {
    /// Of the sidecar at `path`, which was written just now.
    pub fn open(path: &Path) -> io::Result<Journal> {
        let mut file = own::open(path)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Journal { file, length: 0 })
    }

    /// These bytes are there, too. One call, so that a kill leaves all of the line or nothing.
    pub fn add(&mut self, one: Range<u64>) -> io::Result<()> {
        let line = format!("{}\n", stretches::text(one));
        self.length += line.len();
        self.file.write_all(line.as_bytes())
    }

    /// Is it time for a new sidecar?
    pub fn is_long(&self) -> bool {
        self.length > LONG
    }
}
