//! A file while it is not whole: `NAME.part`.
//!
//! ```text
//!            create                    publish
//!  nothing ──────────▶ NAME.part ──────────────────▶ NAME
//!                          │ dropped: failed, or stopped by Ctrl-C
//!                          ▼
//!                       nothing
//! ```
//!
//! Everything here blocks, and is called on a worker. That is why `create` gives the file
//! and its guard together, as the result of *one* job: if the download is dropped while
//! the job still runs, the result is dropped with nobody to take it, and the guard in it
//! removes the file all the same. A guard that the loop made afterwards would come too late.
//!
//! * I1: a `.part` is created with `O_EXCL`: it was not there, and no link was followed. Two
//!   runs of fetch in one folder cannot write into each other's file.
//! * I2: the final name appears by one system call, and only for a whole file.
//! * I3: without `--force` that call is `link`, which fails if the name exists, however late
//!   it came to exist. (A rename would replace it: std offers none that would not.)
//!
//! * I4: `NAME.part` is published and removed only while it is the file that we opened: a
//!   stranger's half file never gets a name from us (see [`Own`]; not on Windows).
//!
//! Price of I3: where a file system has no hard links (FAT, some network mounts), the name
//! is looked up and then renamed to; what appears between the two calls is replaced.
//!
//! Price of I4: `--force` takes a `.part` away even if another fetch is writing it just now,
//! as nothing tells that from one left behind (locks need a newer std than ours). The other
//! fetch then fails, and says why. And between our look at the name and the call that uses it
//! there are microseconds: std has no call that gives a name to an open file.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::own::Own;
use crate::names;

const SUFFIX: &str = ".part";

/// The half file of `target`. A name so long that the suffix does not fit is cut.
pub fn part_path(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    let mut part = match name.to_str() {
        Some(name) => OsString::from(names::shorten(name, names::LONGEST - SUFFIX.len())),
        None => name.to_owned(),
    };
    part.push(SUFFIX);
    target.with_file_name(part)
}

/// The guard of a half file: whoever drops it, removes it.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    target: PathBuf,
    /// What `path` named when we made it.
    own: Own,
    /// May the target be replaced, if it exists?
    force: bool,
}

impl Part {
    /// Creates the half file. With `force`, one that is left over from a run that was killed
    /// is removed first.
    pub fn create(target: &Path, force: bool) -> io::Result<(Part, File)> {
        let path = part_path(target);
        if is_there(target)? && !force {
            return Err(exists(target, "exists already (--force replaces it)"));
        }
        if force && is_there(&path)? {
            fs::remove_file(&path)?;
        }
        let file = File::create_new(&path).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => exists(
                &path,
                "exists already: another fetch writes it, or one that was killed left it there; \
                 if no other fetch runs, delete it, or let --force replace it",
            ),
            _ => e,
        })?; // I1
        let own = Own::of(&file).inspect_err(|_| {
            let _ = fs::remove_file(&path);
        })?;
        let target = target.to_owned();
        let part = Part {
            path,
            target,
            own,
            force,
        };
        Ok((part, file))
    }

    /// Gives the whole file its final name.
    pub fn publish(self) -> io::Result<()> {
        if !self.own.is_at(&self.path) {
            return Err(self.replaced()); // I4
        }
        if self.force {
            return fs::rename(&self.path, &self.target); // I2
        }
        // I2, I3. The drop of `self` then takes the old name away.
        match fs::hard_link(&self.path, &self.target) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(self.too_late()),
            Err(_no_hard_links) => self.rename_if_free(),
            Ok(()) => Ok(()),
        }
    }

    fn replaced(&self) -> io::Error {
        let part = self.path.display();
        io::Error::other(format!(
            "somebody replaced {part}, or removed it (another fetch with --force?)"
        ))
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
}

impl Drop for Part {
    fn drop(&mut self) {
        // I4. After a rename the name is nobody's, or already another's. An error has nobody
        // to go to: the file stays, and the next run will speak of it.
        if self.own.is_at(&self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A small file in the way of all the others: whole or not at all, and over another one only
/// with `force`.
pub fn save(target: &Path, content: &[u8], force: bool) -> io::Result<()> {
    let (part, mut file) = Part::create(target, force)?;
    file.write_all(content)?;
    part.publish()
}

/// Is there a file, or a link? Anything else is an error: a folder or a device is not for us
/// to replace, whatever the user forces.
fn is_there(path: &Path) -> io::Result<bool> {
    let Ok(found) = path.symlink_metadata() else {
        return Ok(false);
    };
    if found.is_file() || found.is_symlink() {
        return Ok(true);
    }
    Err(exists(path, "exists, and is no file"))
}

/// Errors of this kind name the file themselves.
fn exists(path: &Path, how: &str) -> io::Error {
    let words = format!("{} {how}", path.display());
    io::Error::new(io::ErrorKind::AlreadyExists, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes away with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let name = format!("fetch-part-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Folder(path)
        }

        fn names(&self) -> Vec<String> {
            let names = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> = names
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_has_its_name_only_once_it_is_published() {
        for force in [false, true] {
            let folder = Folder::new(&format!("whole-{force}"));
            let (part, mut file) = Part::create(&folder.0.join("a"), force).unwrap();
            file.write_all(b"whole").unwrap();
            assert_eq!(folder.names(), ["a.part"]);
            drop(file); // or else an older Windows keeps the former name for it
            part.publish().unwrap();
            assert_eq!(folder.names(), ["a"]);
            assert_eq!(fs::read(folder.0.join("a")).unwrap(), b"whole");
        }
    }

    #[test]
    fn a_dropped_part_leaves_nothing() {
        let folder = Folder::new("dropped");
        let made = Part::create(&folder.0.join("a"), false).unwrap();
        drop(made);
        assert!(folder.names().is_empty());
    }

    /// Broken by: publishing with `rename` instead of `hard_link`.
    #[test]
    fn a_file_that_came_to_exist_meanwhile_is_not_replaced() {
        let folder = Folder::new("late");
        let target = folder.0.join("a");
        let (part, file) = Part::create(&target, false).unwrap();
        drop(file);
        fs::write(&target, "theirs").unwrap();
        let refused = part.publish().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
        assert_eq!(folder.names(), ["a"], "and the half file is gone");
    }

    #[test]
    fn without_hard_links_an_existing_file_is_still_not_replaced() {
        let folder = Folder::new("fat");
        let target = folder.0.join("a");
        let (part, _file) = Part::create(&target, false).unwrap();
        part.rename_if_free().unwrap();
        assert_eq!(folder.names(), ["a"]);
        fs::write(&part.path, "second").unwrap();
        assert!(part.rename_if_free().is_err());
        assert_eq!(fs::read(&target).unwrap(), b"");
    }

    #[test]
    fn an_existing_file_or_part_is_refused_and_force_replaces_both() {
        let folder = Folder::new("force");
        let target = folder.0.join("a");
        fs::write(&target, "old").unwrap();
        assert!(Part::create(&target, false).is_err());
        fs::remove_file(&target).unwrap();
        fs::write(folder.0.join("a.part"), "left over").unwrap();
        assert!(Part::create(&target, false).is_err());
        assert_eq!(
            folder.names(),
            ["a.part"],
            "a refusal removes nothing of others"
        );

        fs::write(&target, "old").unwrap();
        let (part, mut file) = Part::create(&target, true).unwrap();
        file.write_all(b"new").unwrap();
        part.publish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(folder.names(), ["a"]);
    }

    /// Broken by: `is_at` answering true, in `publish` or in the drop.
    #[cfg(unix)]
    #[test]
    fn a_part_that_somebody_replaced_is_neither_published_nor_removed() {
        let folder = Folder::new("replaced");
        let target = folder.0.join("a");
        for force in [false, true] {
            let (ours, file) = Part::create(&target, force).unwrap();
            drop(file); // our inode is not given away all the same
            let (theirs, mut file) = Part::create(&target, true).unwrap();
            file.write_all(b"half").unwrap();
            let refused = ours.publish().unwrap_err().to_string();
            assert!(refused.contains("somebody replaced"), "{refused}");
            assert_eq!(folder.names(), ["a.part"]);
            assert_eq!(fs::read(&theirs.path).unwrap(), b"half");
        }
        assert!(folder.names().is_empty());
    }

    #[test]
    fn the_longest_name_leaves_room_for_the_suffix() {
        let part = part_path(Path::new(&("a".repeat(251) + ".txt")));
        let name = part.to_str().unwrap();
        assert!(
            name.len() == names::LONGEST && name.ends_with("a.txt.part"),
            "{name}"
        );
    }
}
