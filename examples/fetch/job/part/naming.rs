//! How a half file ends: with its final name, or without any. I2 to I4 of `part` are kept here.

use std::fs;
use std::io;

use super::{Part, Replace, exists};

impl Part {
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
        if self.replace != Replace::Nothing {
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

    pub(super) fn rename_if_free(&self) -> io::Result<()> {
        match self.target.symlink_metadata() {
            Ok(_) => Err(self.too_late()),
            Err(_) => fs::rename(&self.path, &self.target),
        }
    }

    /// I4. After a rename the name is nobody's, or already another's. An error has nobody to
    /// go to: the file stays, and the next run will speak of it.
    pub(super) fn remove(&mut self) {
        self.file = None;
        if self.own.is_at(&self.path) {
            let _ = fs::remove_file(&self.path);
        }
        // After it: a long one without its sidecar would be taken for a stranger's (I5).
        if self.beside {
            let _ = fs::remove_file(&self.meta);
        }
    }
}
