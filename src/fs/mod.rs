//! Files and folders, for tasks that must not block.
//!
//! **Law:** no kernel tells when a file is "ready": `epoll` refuses files, and `read(2)` of a cold
//! one blocks for as long as the disk takes. **Consequence:** everything here runs on the worker
//! pool. **Choice:** few and large jobs: a whole-file function is one job, a [`File`] gathers small
//! writes and reads ahead. **Not taken:** `io_uring`, which would need no workers, but on one
//! system only.
//!
//! The functions are std's of the same names: see there for what each does in detail and which
//! errors it gives. Each is lazy, is one job, and *cancel safe* in this sense: dropped before a
//! worker began it, nothing happens; dropped afterwards, it still happens.
//!
//! | file | holds |
//! |---|---|
//! | `mod` | functions on paths |
//! | `open`, `file`, `file_io` | [`OpenOptions`]; [`File`]: what it is, how it ends; reading, writing, seeking |
//! | `ahead` | what was read and not yet asked for |
//! | `desk` | the loop's side of a file: buffers, and jobs under way |
//! | `shared`, `positional` | the worker's side; the error not told yet |
//! | `operation` | one operation on a shared file |
//! | `read_dir` | what is in a folder |

mod shared;
mod positional;
mod ahead;
mod desk;
mod file;
mod file_io;
mod open;
mod operation;
mod read_dir;

use std::fs::{Metadata, Permissions};
use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::blocking::{Class, Lane, Run};

pub use file::File;
pub use open::{OpenOptions, Opening};
pub use read_dir::{DirEntry, ReadDir, read_dir};

/// The future of the functions on paths.
#[derive(Debug)]
#[must_use = "nothing happens unless it is awaited"]
pub struct Op<T>(Run<io::Result<T>>);

impl<T: Send + 'static> Op<T> {
    #[track_caller]
    fn new(f: impl FnOnce() -> io::Result<T> + Send + 'static) -> Op<T> {
        Op::asked_at(Location::caller(), f)
    }

    fn asked_at(
        at: &'static Location<'static>,
        f: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Op<T> {
        Op(Run::on(at, Lane::General, Class::Free, f))
    }

    /// One on a path, which is copied.
    #[track_caller]
    fn on(path: &Path, f: impl FnOnce(&Path) -> io::Result<T> + Send + 'static) -> Op<T> {
        let path = path.to_owned();
        Op::new(move || f(&path))
    }

    /// One on two paths.
    #[track_caller]
    fn between(
        from: &Path,
        to: &Path,
        f: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
    ) -> Op<T> {
        let (from, to) = (from.to_owned(), to.to_owned());
        Op::new(move || f(&from, &to))
    }
}

impl<T> Future for Op<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// The whole content of a file.
///
/// ```
/// # hob::block_on(async {
/// let manifest = hob::fs::read("Cargo.toml").await?;
/// assert!(manifest.starts_with(b"[package]"));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> Op<Vec<u8>> {
    Op::on(path.as_ref(), |path| std::fs::read(path))
}

/// The whole content of a file, as text.
///
/// # Errors
/// `InvalidData`, if it is not UTF-8.
///
/// ```
/// # hob::block_on(async {
/// let manifest = hob::fs::read_to_string("Cargo.toml").await?;
/// assert!(manifest.contains("name = \"hob\""));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn read_to_string(path: impl AsRef<Path>) -> Op<String> {
    Op::on(path.as_ref(), |path| std::fs::read_to_string(path))
}

/// Makes a file with this content, in the place of what was there.
///
/// ```
/// # hob::block_on(async {
/// # let path = std::env::temp_dir().join(format!("hob-doc-write-{}", std::process::id()));
/// hob::fs::write(&path, "three pans").await?;
/// assert_eq!(hob::fs::read(&path).await?, b"three pans");
/// # hob::fs::remove_file(&path).await
/// # }).unwrap();
/// ```
#[track_caller]
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Op<()> {
    let contents = contents.as_ref().to_vec();
    Op::on(path.as_ref(), move |path| std::fs::write(path, contents))
}

/// Copies a file's content and permissions, and gives the number of bytes.
///
/// ```
/// # hob::block_on(async {
/// # let path = std::env::temp_dir().join(format!("hob-doc-copy-{}", std::process::id()));
/// let bytes = hob::fs::copy("Cargo.toml", &path).await?;
/// assert_eq!(bytes, hob::fs::metadata("Cargo.toml").await?.len());
/// # hob::fs::remove_file(&path).await
/// # }).unwrap();
/// ```
#[track_caller]
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Op<u64> {
    Op::between(from.as_ref(), to.as_ref(), |from, to| {
        std::fs::copy(from, to)
    })
}

/// Gives a file another name, at once and whole, in the place of what had that name.
///
/// ```
/// # hob::block_on(async {
/// # let path = std::env::temp_dir().join(format!("hob-doc-rename-{}", std::process::id()));
/// let part = path.with_extension("part");
/// hob::fs::write(&part, "whole").await?;
/// hob::fs::rename(&part, &path).await?;
/// assert!(!hob::fs::try_exists(&part).await?);
/// # hob::fs::remove_file(&path).await
/// # }).unwrap();
/// ```
#[track_caller]
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Op<()> {
    Op::between(from.as_ref(), to.as_ref(), |from, to| {
        std::fs::rename(from, to)
    })
}

/// Gives a file a second name.
#[track_caller]
pub fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Op<()> {
    Op::between(original.as_ref(), link.as_ref(), |original, link| {
        std::fs::hard_link(original, link)
    })
}

/// Removes a file.
///
/// ```
/// # hob::block_on(async {
/// # let path = std::env::temp_dir().join(format!("hob-doc-remove-{}", std::process::id()));
/// hob::fs::write(&path, "").await?;
/// hob::fs::remove_file(&path).await?;
/// assert!(!hob::fs::try_exists(&path).await?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn remove_file(path: impl AsRef<Path>) -> Op<()> {
    Op::on(path.as_ref(), |path| std::fs::remove_file(path))
}

/// Removes an empty folder.
#[track_caller]
pub fn remove_dir(path: impl AsRef<Path>) -> Op<()> {
    Op::on(path.as_ref(), |path| std::fs::remove_dir(path))
}

/// Removes a folder with all that is in it. Symbolic links are removed, not followed.
#[track_caller]
pub fn remove_dir_all(path: impl AsRef<Path>) -> Op<()> {
    Op::on(path.as_ref(), |path| std::fs::remove_dir_all(path))
}

/// Makes a folder, in one that is there.
#[track_caller]
pub fn create_dir(path: impl AsRef<Path>) -> Op<()> {
    Op::on(path.as_ref(), |path| std::fs::create_dir(path))
}

/// Makes a folder and those above it, as far as they are not there.
///
/// ```
/// # hob::block_on(async {
/// # let top = std::env::temp_dir().join(format!("hob-doc-dirs-{}", std::process::id()));
/// hob::fs::create_dir_all(top.join("a/b")).await?;
/// assert!(hob::fs::metadata(top.join("a")).await?.is_dir());
/// # hob::fs::remove_dir_all(&top).await
/// # }).unwrap();
/// ```
#[track_caller]
pub fn create_dir_all(path: impl AsRef<Path>) -> Op<()> {
    Op::on(path.as_ref(), |path| std::fs::create_dir_all(path))
}

/// Size, kind, times and permissions. Follows symbolic links.
///
/// ```
/// # hob::block_on(async {
/// assert!(hob::fs::metadata("Cargo.toml").await?.is_file());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn metadata(path: impl AsRef<Path>) -> Op<Metadata> {
    Op::on(path.as_ref(), |path| std::fs::metadata(path))
}

/// [`metadata`] of a symbolic link itself.
#[track_caller]
pub fn symlink_metadata(path: impl AsRef<Path>) -> Op<Metadata> {
    Op::on(path.as_ref(), |path| std::fs::symlink_metadata(path))
}

/// Changes permissions.
#[track_caller]
pub fn set_permissions(path: impl AsRef<Path>, to: Permissions) -> Op<()> {
    Op::on(path.as_ref(), move |path| {
        std::fs::set_permissions(path, to)
    })
}

/// Where a symbolic link leads.
#[track_caller]
pub fn read_link(path: impl AsRef<Path>) -> Op<PathBuf> {
    Op::on(path.as_ref(), |path| std::fs::read_link(path))
}

/// The absolute path without links and dots.
///
/// ```
/// # hob::block_on(async {
/// let path = hob::fs::canonicalize("src/../Cargo.toml").await?;
/// assert!(path.is_absolute() && path.ends_with("Cargo.toml"));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn canonicalize(path: impl AsRef<Path>) -> Op<PathBuf> {
    Op::on(path.as_ref(), |path| std::fs::canonicalize(path))
}

/// Is there anything at this path? An error if that cannot be told.
///
/// ```
/// # hob::block_on(async {
/// assert!(hob::fs::try_exists("Cargo.toml").await?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn try_exists(path: impl AsRef<Path>) -> Op<bool> {
    Op::on(path.as_ref(), |path| std::fs::exists(path))
}
