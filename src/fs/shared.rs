//! The worker's side of a [`File`](super::File): the system's file, what is done with it there,
//! and the error that nobody has been told yet.
//!
//! Everything here but [`Late`] and [`Moved`] blocks, so it runs on workers only, one operation at a
//! time: the file's strand sees to both. (Positional reads and writes may run beside each other.)

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::positional::Place;
use crate::blocking::{Job, Strand};

/// A read brings at least so much, and a write goes to a worker once there is so much.
pub(super) const CHUNK: usize = 64 * 1024;

/// While a worker is busy, so much is gathered for it; and whoever reads on and on is read ahead for
/// by so much, into two buffers in turn. More does not pay: it would not fit into the processor's cache.
pub(super) const FULL: usize = 256 * 1024;

/// No single read or write takes more than this.
pub(super) const MOST: usize = 1024 * 1024;

/// One open file, shared by its handle and the jobs under way.
pub(super) struct Shared {
    pub(super) file: std::fs::File,
    pub(super) strand: Strand,
    pub(super) late: Late,
    /// What operations at an offset need to leave the position alone.
    pub(super) place: Place,
    /// An ordinary file, in which one can go back? Asked by the first read.
    regular: OnceLock<bool>,
    pub(super) moved: Moved,
}

/// Accepted bytes on their way to the file.
pub(super) struct Parcel {
    pub(super) bytes: Vec<u8>,
    /// So many bytes were read ahead and not used: go back before writing.
    pub(super) rewind: u64,
}

/// A lent buffer, come back.
pub(super) struct ReadBack {
    pub(super) bytes: Vec<u8>,
    /// So many of them were read.
    pub(super) result: io::Result<usize>,
}

impl Shared {
    pub(super) fn new(file: std::fs::File) -> Arc<Shared> {
        Arc::new(Shared {
            file,
            strand: Strand::new(),
            late: Late::default(),
            place: Place::default(),
            regular: OnceLock::new(),
            moved: Moved::default(),
        })
    }

    /// Has `f` run on a worker, after everything that was started before.
    pub(super) fn start<F, T>(self: &Arc<Shared>, at: &'static Location<'static>, f: F) -> Job<T>
    where
        F: FnOnce(&Shared) -> T + Send + 'static,
        T: Send + 'static,
    {
        let shared = self.clone();
        self.strand.start(at, move || f(&shared))
    }

    /// Known after the first read; until then `false`.
    pub(super) fn is_regular(&self) -> bool {
        self.regular.get().copied().unwrap_or(false)
    }

    /// Writes it all, or keeps the error for later and, until somebody has heard it, writes
    /// nothing more: a file that lacks its end is better than one with a hole. It goes back in
    /// any case, because reading and seeking go on.
    pub(super) fn write_out(&self, parcel: &Parcel) {
        let gone_back = self.go_back(parcel.rewind);
        if self.late.is_there() {
            return;
        }
        if let Err(error) = gone_back.and_then(|()| (&self.file).write_all(&parcel.bytes)) {
            self.late.put(error);
        }
    }

    /// [`Shared::write_out`] for one who writes by other means. It does not go back: its caller must
    /// have sent that before it. `None`: there was or is an error.
    #[cfg(feature = "http")]
    pub(super) fn write_by<T>(&self, f: impl FnOnce(&std::fs::File) -> io::Result<T>) -> Option<T> {
        if self.late.is_there() {
            return None;
        }
        f(&self.file).map_err(|error| self.late.put(error)).ok()
    }

    /// Reads once into a lent buffer: `len` bytes, or `ahead` if that is more and the file is one
    /// where what is too much can be given back.
    pub(super) fn read_once(&self, mut bytes: Vec<u8>, len: usize, ahead: usize) -> ReadBack {
        let regular = *self
            .regular
            .get_or_init(|| self.file.metadata().is_ok_and(|m| m.is_file()));
        let want = if regular { len.max(ahead) } else { len };
        if bytes.len() < want {
            bytes.resize(want, 0);
        }
        let result = loop {
            match (&self.file).read(&mut bytes[..want]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        if let (true, Ok(n)) = (regular, &result) {
            self.moved.0.store(*n as u64, Ordering::Relaxed);
        }
        ReadBack { bytes, result }
    }

    pub(super) fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        (&self.file).seek(to)
    }

    /// Does `f`, and keeps its error to be reported, even if nobody waits any more. Does nothing
    /// if there is an error to report already.
    pub(super) fn keep_error(
        &self,
        f: impl FnOnce(&std::fs::File) -> io::Result<()>,
    ) -> io::Result<()> {
        if !self.late.is_there()
            && let Err(error) = f(&self.file)
        {
            self.late.put(error);
        }
        Ok(())
    }

    pub(super) fn into_file(self) -> std::fs::File {
        self.file
    }

    /// A second handle, at the position of the program: goes back first if a read was under way.
    pub(super) fn try_clone(&self) -> io::Result<std::fs::File> {
        self.go_back(self.moved.take())?;
        self.file.try_clone()
    }

    /// Undoes what was read ahead.
    fn go_back(&self, rewind: u64) -> io::Result<()> {
        match i64::try_from(rewind) {
            Ok(0) => Ok(()),
            Ok(back) => self.seek(SeekFrom::Current(-back)).map(drop),
            Err(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// By how much the last read has moved the position, until somebody takes that into account: the
/// desk, when it hears of the read, or a worker that has to put the position right before.
///
/// Relaxed: the order is that of the strand, and of jobs and their results.
#[derive(Default)]
pub(super) struct Moved(AtomicU64);

impl Moved {
    pub(super) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// The error of a write that was accepted before it was done. Put there by a worker, and taken by
/// the first operation of the program that can report it: never lost, never told twice.
#[derive(Default)]
pub(super) struct Late {
    error: Mutex<Option<io::Error>>,
    /// Is there one? Asked by every small write, which should not take a lock for it.
    there: AtomicBool,
}

impl Late {
    pub(super) fn is_there(&self) -> bool {
        self.there.load(Ordering::Acquire)
    }

    /// The first one stands.
    pub(super) fn put(&self, error: io::Error) {
        let mut slot = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(error);
        self.there.store(true, Ordering::Release);
    }

    /// Reports it, if there is one, and forgets it.
    pub(super) fn take(&self) -> io::Result<()> {
        if !self.is_there() {
            return Ok(());
        }
        let mut slot = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        self.there.store(false, Ordering::Release);
        slot.take().map_or(Ok(()), Err)
    }
}

impl Drop for Late {
    /// The file was dropped, and nobody asked. The log is all that is left to tell.
    fn drop(&mut self) {
        if let Err(error) = self.take() {
            log::error!("a file was dropped, and its last write failed: {error}");
        }
    }
}
