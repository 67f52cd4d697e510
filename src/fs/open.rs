//! How a file is to be opened, and the opening.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::file::File;
use crate::blocking::{Class, Lane, Run};

/// In what way to open a file: std's [`OpenOptions`](std::fs::OpenOptions), but opening does not
/// block. For what only one system has (`mode`, `custom_flags`), set it on std's and convert:
/// `OpenOptions::from(std_options)`.
///
/// ```
/// # hob::block_on(async {
/// # let path = std::env::temp_dir().join(format!("hob-doc-options-{}", std::process::id()));
/// # hob::fs::write(&path, "one").await?;
/// let mut log = hob::fs::OpenOptions::new().append(true).open(&path).await?;
/// log.write_all(b", two").await?;
/// log.close().await?;
/// assert_eq!(hob::fs::read_to_string(&path).await?, "one, two");
/// # hob::fs::remove_file(&path).await
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions(std::fs::OpenOptions);

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions::new()
    }
}

impl OpenOptions {
    /// Nothing is allowed yet.
    pub fn new() -> OpenOptions {
        OpenOptions(std::fs::OpenOptions::new())
    }

    /// For reading.
    pub fn read(&mut self, yes: bool) -> &mut OpenOptions {
        self.0.read(yes);
        self
    }

    /// For writing, from the beginning.
    pub fn write(&mut self, yes: bool) -> &mut OpenOptions {
        self.0.write(yes);
        self
    }

    /// For writing, each time at what is the end then.
    pub fn append(&mut self, yes: bool) -> &mut OpenOptions {
        self.0.append(yes);
        self
    }

    /// Drops what is in it.
    pub fn truncate(&mut self, yes: bool) -> &mut OpenOptions {
        self.0.truncate(yes);
        self
    }

    /// Makes it if it is not there.
    pub fn create(&mut self, yes: bool) -> &mut OpenOptions {
        self.0.create(yes);
        self
    }

    /// Makes it, and fails if it is there.
    pub fn create_new(&mut self, yes: bool) -> &mut OpenOptions {
        self.0.create_new(yes);
        self
    }

    /// Opens the file at `path`.
    ///
    /// *Cancel safety*: dropped after it began, the file may be opened, and is closed again.
    ///
    /// # Errors
    /// What [`std::fs::OpenOptions::open`] says.
    #[track_caller]
    pub fn open(&self, path: impl AsRef<Path>) -> Opening {
        let at = Location::caller();
        let (options, path) = (self.0.clone(), path.as_ref().to_owned());
        Opening {
            run: Run::on(at, Lane::General, Class::Free, move || options.open(path)),
            at,
        }
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> OpenOptions {
        OpenOptions(options)
    }
}

/// The future of [`OpenOptions::open`].
#[derive(Debug)]
#[must_use = "nothing is opened unless it is awaited"]
pub struct Opening {
    run: Run<io::Result<std::fs::File>>,
    at: &'static Location<'static>,
}

impl Future for Opening {
    type Output = io::Result<File>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<File>> {
        let file = ready!(Pin::new(&mut self.run).poll(cx))?;
        Poll::Ready(Ok(File::opened(file, self.at)))
    }
}
