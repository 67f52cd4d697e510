//! How a half file becomes ours: nothing is there, or one that nobody writes any more.
//!
//! What a killed run leaves is known by what stands beside it, or by being short (I5), and
//! tidied up here, as nobody else comes by: half files are gone on with or begun again; where
//! the file has its name already, what is left of its half file goes.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{Part, Replace, SMALL, exists, meta_path, part_path};
use crate::job::check::{Hashes, Wanted};
use crate::job::own::{self, Own};
use crate::job::sidecar::{self, Beside, Sidecar};
use crate::job::stretches::Stretches;

/// What was found where a file is to be.
#[derive(Debug)]
pub enum Claim {
    /// The file is there, so many bytes long, and may not be replaced.
    There(u64),
    /// Nobody else writes it now.
    Ours(Box<Part>),
}

impl Part {
    /// Creates the half file of `target`, or takes over one that nobody writes any more.
    pub fn claim(target: &Path, url: &str, replace: Replace, sync: bool) -> io::Result<Claim> {
        let force = replace == Replace::All;
        let (path, meta) = (part_path(target), meta_path(target));
        if replace == Replace::TheFile {
            tidy(&path, target, url);
        }
        // A name can come and go while we look at it; three times it does not by chance.
        for _ in 0..3 {
            if replace == Replace::Nothing
                && let Some(length) = length_of(target)?
            {
                tidy(&path, target, url);
                return Ok(Claim::There(length));
            }
            refuse_what_is_no_file(target)?;
            let file = match own::create_new(&path) {
                // A file system without locks: nobody else can have created it (I1).
                Ok(file) => own::lock(&file).unwrap_or(true).then_some((file, true)),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    take_over(&path, force)?.map(|file| (file, false))
                }
                Err(e) => return Err(e),
            };
            let Some((file, is_new)) = file else { continue };
            let own = Own::of(&file).inspect_err(|_| {
                if is_new {
                    let _ = fs::remove_file(&path);
                }
            })?;
            if !own.is_at(&path) {
                continue; // published or removed while we opened it
            }
            if own::has_other_names(&file.metadata()?) && (force || is_noted(&meta, url)?) {
                // What a kill left between naming a file and tidying up: whole, under its final
                // name, and not to be written over in place. Only this name of it goes.
                fs::remove_file(&path)?;
                continue;
            }
            let mut part = Part {
                path,
                meta,
                target: target.to_owned(),
                file: Some(file),
                own,
                replace,
                sync,
                there: Stretches::default(),
                scattered: false,
                position: 0,
                sidecar: None,
                noted: false,
                beside: false,
                journal: None,
                wanted: Wanted::default(),
                hashes: Hashes::default(),
                hashed: 0,
                piece: Hashes::default(),
                known: None,
                old_blocks_are_good: false,
                bad: Vec::new(),
                settled: !is_new,
            };
            part.look(url)?;
            return Ok(Claim::Ours(Box::new(part)));
        }
        Err(exists(
            &path,
            "comes and goes: another program uses this name",
        ))
    }

    /// What does the file hold that we opened?
    fn look(&mut self, url: &str) -> io::Result<()> {
        let found = self.file().metadata()?;
        let sidecar = Sidecar::read(&self.meta)?;
        self.beside = matches!(sidecar, Beside::Empty | Beside::Sidecar(_));
        match sidecar {
            Beside::Sidecar(sidecar) if sidecar.url == url => {
                self.there = sidecar.believed(found.len());
                self.scattered = !self.there.is_prefix();
                // Else it is replaced before anything is written: its gaps are filled.
                self.noted = self.scattered || sidecar.there.is_none();
                self.sidecar = Some(*sidecar);
            }
            _ if self.replace == Replace::All => {}
            Beside::Empty => {} // a power cut may leave the sidecar without its text
            Beside::Other => {
                let how = "exists, and is not this fetch's; rename or delete it, or let \
                           --force replace it";
                return Err(exists(&self.meta, how));
            }
            _ if found.len() == 0 => {}
            Beside::Sidecar(_) => {
                let how = "is half of another URL's file (--force begins it again)";
                return Err(exists(&self.path, how));
            }
            Beside::Nothing if found.len() <= SMALL && own::is_by_us(&found) => {} // I5
            Beside::Nothing => {
                let how = "exists, and fetch did not leave it there; rename or delete it, or \
                           let --force replace it";
                return Err(exists(&self.path, how));
            }
        }
        // What was there before we came has its lock, which is ours now. Beside a new half file
        // there is nothing unfinished, and no call is spent on looking.
        if self.settled {
            sidecar::remove_unfinished(&self.meta);
        }
        Ok(())
    }
}

/// Does the sidecar speak of this URL?
fn is_noted(meta: &Path, url: &str) -> io::Result<bool> {
    let beside = Sidecar::read(meta)?;
    Ok(matches!(beside, Beside::Sidecar(sidecar) if sidecar.url == url))
}

/// Opens a half file that is there. `None`: it was removed in this moment.
fn take_over(path: &Path, force: bool) -> io::Result<Option<File>> {
    let found = match path.symlink_metadata() {
        Ok(found) => found,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    if found.is_symlink() && force {
        return fs::remove_file(path).map(|()| None);
    }
    if found.is_symlink() {
        return Err(exists(
            path,
            "is a link; delete it, or let --force replace it",
        ));
    }
    if !found.is_file() {
        return Err(exists(path, "exists, and is no file"));
    }
    let busy = || exists(path, "is being written by another fetch");
    let file = match own::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(_in_use) if cfg!(windows) => return Err(busy()),
        Err(e) => return Err(e),
    };
    match own::lock(&file)? {
        true => Ok(Some(file)),
        false => Err(busy()),
    }
}

/// The file is there: what a kill after its naming left of its half file goes. That is the
/// same file under two names; or, one step later, a sidecar without its half file.
fn tidy(path: &Path, target: &Path, url: &str) {
    let meta = meta_path(target);
    if let Ok(file) = own::open(path) {
        let both = Own::of(&file).is_ok_and(|own| own.is_at(path) && own.is_at(target));
        if !both || !cfg!(unix) {
            return; // another run is at it, or a stranger's
        }
        let _ = fs::remove_file(path);
    }
    if path.symlink_metadata().is_ok() {
        return;
    }
    if let Ok(Beside::Sidecar(sidecar)) = Sidecar::read(&meta)
        && sidecar.url == url
    {
        let _ = fs::remove_file(&meta);
    }
    sidecar::remove_unfinished(&meta);
}

/// How long is the file, or link, at `path`? `None`: there is nothing.
fn length_of(path: &Path) -> io::Result<Option<u64>> {
    refuse_what_is_no_file(path)?;
    Ok(path.symlink_metadata().ok().map(|found| found.len()))
}

/// A folder or a device is not for us to replace, whatever the user forces. Nor is a link to
/// one: who writes to `/dev/stdout` does not want a plain file to stand there from then on.
fn refuse_what_is_no_file(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() && leads_to_no_file(path) => {
            let how = "is a link, and leads to no file (-o - is standard output)";
            Err(exists(path, how))
        }
        Ok(found) if !found.is_file() && !found.is_symlink() => {
            Err(exists(path, "exists, and is no file"))
        }
        _ => Ok(()),
    }
}

/// Does this link lead to a folder or a device? One that leads nowhere does not. Links of the
/// system itself do, though standard output may be a file just now.
fn leads_to_no_file(link: &Path) -> bool {
    let folder = link.parent().map(fs::canonicalize);
    let is_the_systems = folder.is_some_and(|folder| {
        folder.is_ok_and(|folder| folder == Path::new("/dev") || folder.starts_with("/proc"))
    });
    is_the_systems || fs::metadata(link).is_ok_and(|found| !found.is_file())
}
