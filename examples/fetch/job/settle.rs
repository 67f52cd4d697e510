//! From a whole half file to a file that stays: written out, and named.
//!
//! What survives what, with each `--fsync`:
//!
//! | | `never` | `auto` | `always` |
//! |---|---|---|---|
//! | the program is killed | whole or not there | the same | the same |
//! | power cut while it runs | a name may come to have an empty file | whole or not there | the same |
//! | power cut after the line "ok" | the same | whole | whole |
//! | half files after a power cut | begun again | gone on with, but for the last 64 MiB | the same |
//!
//! A power cut may also take the sidecar of a long half file and leave its bytes. Then nobody
//! can tell whose they are, and the next run leaves them alone and says so.
//!
//! SIGKILL needs only the rename: the kernel lives on, and with it all that was written. A
//! power cut needs the bytes on the disk *before* the name is (`fsync` of the file), and then
//! the name (`fsync` of the folder).
//!
//! Law: an `fsync` waits for the disk, and a thousand small files would wait a thousand times.
//! Consequence: with `auto`, small files are settled in groups. Whoever comes while a group is
//! on its way to the disk joins the next one; the first of those takes all of them along. So a
//! single file waits for nobody, and the more there are, the more share one wait. `always`
//! settles each file by itself.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hob::blocking;
use hob::sync::Mutex;

use super::part::Part;

/// `--fsync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    Auto,
    Always,
    Never,
}

impl Fsync {
    pub fn is_on(self) -> bool {
        self != Fsync::Never
    }
}

/// How one file's naming ended; empty until it did.
type Slot = Rc<RefCell<Option<io::Result<()>>>>;

/// Where small files meet.
#[derive(Debug)]
pub struct Settle {
    fsync: Fsync,
    waiting: RefCell<Vec<(Part, Slot)>>,
    /// Held by the one that has a group on its way.
    turn: Mutex<()>,
}

impl Settle {
    pub fn new(fsync: Fsync) -> Settle {
        Settle {
            fsync,
            waiting: RefCell::default(),
            turn: Mutex::new(()),
        }
    }

    /// Returns once `part` has its name, and as safely as `--fsync` says.
    ///
    /// *Cancel safety*: a group that is on its way is named; one that waits is left behind as
    /// half files.
    pub async fn publish(&self, part: Part) -> io::Result<()> {
        match self.fsync {
            Fsync::Never => one(blocking::run(move || all(vec![part], false)).await),
            Fsync::Auto if !part.is_large() => self.in_a_group(part).await,
            Fsync::Auto | Fsync::Always => one(blocking::run(move || all(vec![part], true)).await),
        }
    }

    async fn in_a_group(&self, part: Part) -> io::Result<()> {
        let slot = Slot::default();
        self.waiting.borrow_mut().push((part, slot.clone()));
        let _turn = self.turn.lock().await;
        // Did somebody take us along?
        if let Some(result) = slot.take() {
            return result;
        }
        let (parts, slots): (Vec<_>, Vec<_>) = self.waiting.take().into_iter().unzip();
        let results = blocking::run(move || all(parts, true)).await;
        for (slot, result) in slots.iter().zip(results) {
            slot.replace(Some(result));
        }
        let stopped = || Err(io::Error::other("stopped before it had its name"));
        slot.take().unwrap_or_else(stopped)
    }
}

fn one(mut results: Vec<io::Result<()>>) -> io::Result<()> {
    results.pop().expect("one part, one result")
}

/// Blocks. A result for each part.
fn all(mut parts: Vec<Part>, sync: bool) -> Vec<io::Result<()>> {
    let synced: Vec<_> = parts
        .iter_mut()
        .map(|part| if sync { part.sync() } else { Ok(()) })
        .collect();
    let folders: BTreeSet<PathBuf> = parts.iter().map(|part| folder(part.target())).collect();
    // One whose bytes are not safe gets no name, and is dropped here.
    let named = parts.into_iter().zip(synced);
    let named: Vec<_> = named
        .map(|(part, synced)| synced.and_then(|()| part.publish()))
        .collect();
    let folders = folders
        .iter()
        .try_for_each(|folder| if sync { sync_folder(folder) } else { Ok(()) });
    let named = named.into_iter();
    named
        .map(|named| named.and_then(|()| copy(&folders)))
        .collect()
}

fn folder(target: &Path) -> PathBuf {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes the names in it survive. Windows opens no folders, and needs none of this.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        // Some file systems of a network have no such thing.
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

/// An error for each of those that met it.
fn copy(result: &io::Result<()>) -> io::Result<()> {
    match result {
        Ok(()) => Ok(()),
        Err(e) => Err(io::Error::new(e.kind(), e.to_string())),
    }
}
