//! What is in a folder, some entries at a time.
//!
//! A folder may hold millions, so they are not read all at once, and a job for each would be slow:
//! so the system's reader is lent to a worker, and comes back with up to [`BATCH`] of them.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{FileType, Metadata};
use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::Op;

/// So many entries a job.
const BATCH: usize = 128;

/// The entries of a folder, in the system's order, without `.` and `..`.
///
/// # Errors
/// `NotFound`, `NotADirectory` and the like.
///
/// ```
/// # hob::block_on(async {
/// let mut names = Vec::new();
/// let mut entries = hob::fs::read_dir("src").await?;
/// while let Some(entry) = entries.next_entry().await? {
///     names.push(entry.file_name());
/// }
/// assert!(names.contains(&"lib.rs".into()));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn read_dir(path: impl AsRef<Path>) -> impl Future<Output = io::Result<ReadDir>> {
    let opening = Op::on(path.as_ref(), |path| {
        let mut batch = Batch {
            reader: Some(std::fs::read_dir(path)?),
            entries: VecDeque::new(),
        };
        batch.fill();
        Ok(batch)
    });
    let at = Location::caller();
    async move {
        Ok(ReadDir {
            batch: opening.await?,
            filling: None,
            at,
        })
    }
}

/// Entries, and where the next come from.
#[derive(Debug, Default)]
struct Batch {
    /// `None`: there are no more, or a worker has it.
    reader: Option<std::fs::ReadDir>,
    entries: VecDeque<io::Result<std::fs::DirEntry>>,
}

impl Batch {
    /// Blocks.
    fn fill(&mut self) {
        let Some(reader) = &mut self.reader else {
            return;
        };
        self.entries.extend(reader.take(BATCH));
        if self.entries.len() < BATCH {
            self.reader = None;
        }
    }
}

/// Gives the entries of a folder: see [`read_dir`]. Also a stream of them.
#[derive(Debug)]
pub struct ReadDir {
    batch: Batch,
    /// A batch under way.
    filling: Option<Op<Batch>>,
    /// Where it was asked for, for wait records.
    at: &'static Location<'static>,
}

impl ReadDir {
    /// The next entry; `None` after the last.
    ///
    /// *Cancel safety*: no entry is lost.
    pub fn next_entry(&mut self) -> impl Future<Output = io::Result<Option<DirEntry>>> {
        std::future::poll_fn(|cx| self.poll_entry(cx).map(Option::transpose))
    }

    fn poll_entry(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<DirEntry>>> {
        loop {
            if let Some(entry) = self.batch.entries.pop_front() {
                return Poll::Ready(Some(entry.map(DirEntry::new)));
            }
            if self.filling.is_none() {
                if self.batch.reader.is_none() {
                    return Poll::Ready(None);
                }
                let mut batch = std::mem::take(&mut self.batch);
                self.filling = Some(Op::asked_at(self.at, move || {
                    batch.fill();
                    Ok(batch)
                }));
            }
            let filling = self.filling.as_mut().expect("set above");
            let filled = ready!(Pin::new(filling).poll(cx));
            self.filling = None;
            match filled {
                Ok(batch) => self.batch = batch,
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_entry(cx)
    }
}

/// One entry of a folder.
#[derive(Clone, Debug)]
pub struct DirEntry(Arc<std::fs::DirEntry>);

impl DirEntry {
    fn new(entry: std::fs::DirEntry) -> DirEntry {
        DirEntry(Arc::new(entry))
    }

    /// The folder's path with the entry's name.
    pub fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// Its name alone.
    pub fn file_name(&self) -> OsString {
        self.0.file_name()
    }

    /// File, folder or link? Most systems tell that with the name, so it seldom costs anything;
    /// still it is a job, because some do not.
    #[track_caller]
    pub fn file_type(&self) -> Op<FileType> {
        let entry = self.0.clone();
        Op::new(move || entry.file_type())
    }

    /// Size, times and permissions, of a link itself.
    #[track_caller]
    pub fn metadata(&self) -> Op<Metadata> {
        let entry = self.0.clone();
        Op::new(move || entry.metadata())
    }
}
