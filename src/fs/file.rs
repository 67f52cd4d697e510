//! An open file.
//!
//! The handle of a [`Shared`] file and its [`Desk`]. What is here: how one is made, the operations
//! that need only a shared reference, and how it ends. Reading, writing and seeking by position
//! are in `file_io`.
//!
//! Operations on `&self` are all the same: what has been written so far is handed over, then
//! the operation stands behind it in the file's strand. So the order of the program is the order on
//! the disk, whoever awaits what.

use std::cell::RefCell;
use std::fs::{FileTimes, Metadata, Permissions};
use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::desk::{Desk, send};
use super::open::{OpenOptions, Opening};
use super::operation::Operation;
use super::shared::{MOST, Shared};

/// An open file whose operations run on worker threads.
///
/// Small writes are gathered and small reads are answered from what was read ahead, so that a
/// worker is asked once for some 64 KiB or more. That means:
///
/// - What `write` accepted may not be in the file yet. [`flush`](File::flush) waits until it is. An
///   error of such a late write is never lost: the next `write`, `flush`, `sync_all`,
///   `sync_data` or `close` reports it, and what was accepted after it is dropped, so that
///   the file has no hole.
/// - Dropping a `File` writes what was accepted, in the background; the end of the runtime waits for
///   it. But nobody hears of its errors then, except the log: [`close`](File::close) does.
/// - Whoever reads on and on is read ahead for, by up to 512 KiB, or by two of the pieces that are
///   asked for if those are larger: what others write there meanwhile may not be seen.
/// - All operations happen in the order in which they are first polled, except that
///   [`read_at`](File::read_at) and [`write_at`](File::write_at) have none among themselves.
///
/// *Cancel safety*: dropping a future never loses a byte that `write` accepted, nor one that was
/// read for [`read`](File::read). What reads more than once or all the rest (`read_exact`,
/// `read_to_end`, `read_to_string`) is not cancel safe. An operation that has begun may still
/// happen, in its place in the order.
///
/// ```
/// # hob::block_on(async {
/// # let path = std::env::temp_dir().join(format!("hob-doc-file-{}", std::process::id()));
/// let mut file = hob::fs::File::create(&path).await?;
/// file.write_all(b"fresh from the hob").await?;
/// file.close().await?;
/// assert_eq!(hob::fs::read_to_string(&path).await?, "fresh from the hob");
/// # hob::fs::remove_file(&path).await
/// # }).unwrap();
/// ```
pub struct File {
    pub(super) shared: Arc<Shared>,
    /// Borrowed only for moments in which nothing of the user's can run.
    pub(super) desk: RefCell<Desk>,
    /// Stands in wait records where the caller is not known.
    pub(super) opened_at: &'static Location<'static>,
}

impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied` and what else [`std::fs::File::open`] says.
    #[track_caller]
    pub fn open(path: impl AsRef<Path>) -> Opening {
        OpenOptions::new().read(true).open(path)
    }

    /// Opens a file for writing: a new one, or an old one of which nothing is left.
    #[track_caller]
    pub fn create(path: impl AsRef<Path>) -> Opening {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).open(path)
    }

    /// Makes a file that was not there, for reading and writing.
    ///
    /// # Errors
    /// `AlreadyExists`, if it was.
    #[track_caller]
    pub fn create_new(path: impl AsRef<Path>) -> Opening {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).open(path)
    }

    /// For any other way to open a file.
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Takes over a file of std's. Do not keep a duplicate of it that reads or writes by the
    /// position: what is read ahead moves that.
    #[track_caller]
    pub fn from_std(file: std::fs::File) -> File {
        File::opened(file, Location::caller())
    }

    pub(super) fn opened(file: std::fs::File, opened_at: &'static Location<'static>) -> File {
        File {
            shared: Shared::new(file),
            desk: RefCell::default(),
            opened_at,
        }
    }

    /// Gives back std's file, at the position where the program is.
    ///
    /// Waits until everything accepted is written.
    ///
    /// # Errors
    /// That of a late write.
    #[track_caller]
    pub fn into_std(self) -> impl Future<Output = io::Result<std::fs::File>> {
        let at = Location::caller();
        async move {
            let mut file = self;
            file.settle(at).await;
            Operation::new(&file, at, |_| Ok(())).reporting().await?;
            let shared = file.shared.clone();
            drop(file);
            match Arc::try_unwrap(shared) {
                Ok(shared) => Ok(shared.into_file()),
                // Every job on it is over, so this cannot be; if it were, this would serve as well.
                Err(shared) => shared.file.try_clone(),
            }
        }
    }

    /// A second handle to the same open file. Both share one position, so neither reads ahead any
    /// more; what each has gathered for writing is its own.
    #[track_caller]
    pub fn try_clone(&self) -> impl Future<Output = io::Result<File>> {
        let at = Location::caller();
        {
            let mut desk = self.desk.borrow_mut();
            desk.forget_ahead(&self.shared);
            desk.shares_position = true;
        }
        let clone = Operation::new(self, at, Shared::try_clone);
        async move {
            let file = File::opened(clone.await?, at);
            file.desk.borrow_mut().shares_position = true;
            Ok(file)
        }
    }

    /// Cuts the file off at `size` bytes, or fills it up with zeros. The position stays.
    #[track_caller]
    pub fn set_len(&self, size: u64) -> impl Future<Output = io::Result<()>> {
        self.desk.borrow_mut().forget_ahead(&self.shared);
        self.ordered(move |shared| shared.file.set_len(size))
    }

    /// Waits until the file's data and metadata are on the disk (`fsync(2)`).
    ///
    /// # Errors
    /// Also that of a late write.
    #[track_caller]
    pub fn sync_all(&self) -> impl Future<Output = io::Result<()>> {
        self.ordered(|shared| shared.keep_error(std::fs::File::sync_all))
            .reporting()
    }

    /// Like [`sync_all`](File::sync_all), but spares metadata that nobody needs to read the data
    /// (`fdatasync(2)`).
    #[track_caller]
    pub fn sync_data(&self) -> impl Future<Output = io::Result<()>> {
        self.ordered(|shared| shared.keep_error(std::fs::File::sync_data))
            .reporting()
    }

    /// Size, times, permissions. What was accepted for writing is in the size.
    #[track_caller]
    pub fn metadata(&self) -> impl Future<Output = io::Result<Metadata>> {
        self.ordered(|shared| shared.file.metadata())
    }

    /// Changes the permissions of the open file.
    #[track_caller]
    pub fn set_permissions(&self, to: Permissions) -> impl Future<Output = io::Result<()>> {
        self.ordered(move |shared| shared.file.set_permissions(to))
    }

    /// Changes when the file was last read and written, as it says of itself.
    #[track_caller]
    pub fn set_times(&self, times: FileTimes) -> impl Future<Output = io::Result<()>> {
        self.ordered(move |shared| shared.file.set_times(times))
    }

    /// [`set_times`](File::set_times) for the time of the last write alone.
    #[track_caller]
    pub fn set_modified(&self, time: SystemTime) -> impl Future<Output = io::Result<()>> {
        self.set_times(FileTimes::new().set_modified(time))
    }

    /// Reads at `offset`, whatever the position is, and gives the number of bytes: 0 at the end.
    ///
    /// Any number of tasks may read and write at their offsets at once, in no order among
    /// themselves. An operation behind a `write` waits for that, and sees it; and any other
    /// operation waits for those at offsets before it. (On Windows they run one after another.)
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let path = std::env::temp_dir().join(format!("hob-doc-at-{}", std::process::id()));
    /// let file = hob::fs::File::create_new(&path).await?;
    /// let (there, here) = (file.write_at(b"there", 6), file.write_at(b"hello ", 0));
    /// futures_lite::future::try_zip(there, here).await?;
    /// let mut buf = [0; 11];
    /// assert_eq!(file.read_at(&mut buf, 0).await?, 11);
    /// assert_eq!(&buf, b"hello there");
    /// # hob::fs::remove_file(&path).await
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> impl Future<Output = io::Result<usize>> {
        let mut bytes = vec![0; buf.len().min(MOST)];
        let reading = self.ordered(move |shared| {
            let n = shared.place.read_at(&shared.file, &mut bytes, offset)?;
            bytes.truncate(n);
            Ok(bytes)
        });
        async move {
            let bytes = reading.apart().await?;
            buf[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        }
    }

    /// Writes all of `buf` at `offset`, whatever the position is. See [`read_at`](File::read_at).
    /// It is written when this is ready, and its error is given here.
    #[track_caller]
    pub fn write_at(&self, buf: &[u8], offset: u64) -> impl Future<Output = io::Result<()>> {
        self.desk.borrow_mut().forget_ahead(&self.shared);
        let bytes = buf.to_vec();
        self.ordered(move |shared| shared.place.write_all_at(&shared.file, &bytes, offset))
            .apart()
    }

    /// Writes what was accepted and closes the file.
    ///
    /// # Errors
    /// That of a late write, which otherwise nobody would hear of.
    #[track_caller]
    pub fn close(self) -> impl Future<Output = io::Result<()>> {
        let at = Location::caller();
        async move {
            self.send_out(at);
            let (shared, strand) = (self.shared.clone(), self.shared.strand.clone());
            drop(self);
            // The last one to hold the file is the worker: closing may block.
            let closing = strand.start(at, move || shared.late.take());
            closing.await?
        }
    }

    /// Has a worker write by other means: `f` does it at the file's position, behind all that was
    /// written before. Its error is that of a write: told here, or by who comes next if this
    /// future is dropped, and until it was told nothing more is written.
    ///
    /// *Cancel safety*: once it was polled, `f` runs, unless the program had just been reading the
    /// file: then the end of that is waited for first.
    #[cfg(feature = "http")]
    pub(crate) async fn write_by<F, T>(&mut self, f: F) -> io::Result<T>
    where
        F: FnOnce(&std::fs::File) -> io::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let at = self.opened_at;
        self.settle(at).await;
        self.send_out(at);
        let job = self.shared.start(at, |shared| shared.write_by(f));
        self.desk.get_mut().unheard = true;
        let written = job.await;
        self.desk.get_mut().unheard = false;
        match written? {
            Some(value) => Ok(value),
            None => Err(self.shared.late.take().err().unwrap_or_else(|| {
                io::Error::other("nothing was written because of an earlier error")
            })),
        }
    }

    /// Hands over what was written so far.
    pub(super) fn send_out(&self, at: &'static Location<'static>) {
        let parcel = self.desk.borrow_mut().pack();
        if let Some(parcel) = parcel {
            let job = send(&self.shared, at, parcel);
            let former = self.desk.borrow_mut().sent(job);
            drop(former);
        }
    }

    #[track_caller]
    fn ordered<F, T>(&self, f: F) -> Operation<'_, F, T>
    where
        F: FnOnce(&Shared) -> io::Result<T> + Send + Unpin + 'static,
        T: Send + 'static,
    {
        Operation::new(self, Location::caller(), f)
    }
}

impl Drop for File {
    /// Late is better than never: a worker writes what was accepted, also when the runtime ends.
    /// With no runtime at all it is written right here.
    fn drop(&mut self) {
        if let Some(parcel) = self.desk.get_mut().pack() {
            let shared = self.shared.clone();
            let strand = shared.strand.clone();
            strand.run_surely(move || shared.write_out(&parcel));
        }
    }
}

impl From<std::fs::File> for File {
    #[track_caller]
    fn from(file: std::fs::File) -> File {
        File::from_std(file)
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shared.file.fmt(f)
    }
}

#[cfg(all(test, feature = "http"))]
mod tests;
