//! Reading, writing and seeking a [`File`] at its own position: methods, and futures-io's traits.
//!
//! Both come down to the `poll_` methods of its [`Desk`]. All take `&mut self`, so one at a time is
//! under way, and one waker is enough for each job.

use std::future::Future;
use std::io::{self, SeekFrom};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};

use super::desk::Desk;
use super::file::File;
use super::shared::Shared;

type At = &'static Location<'static>;

/// An operation that is a question asked again at each poll.
struct Steps<'a, S> {
    file: &'a mut File,
    at: At,
    step: S,
}

impl<S, T> Future for Steps<'_, S>
where
    S: FnMut(&mut Desk, &Arc<Shared>, At, &mut Context<'_>) -> Poll<T> + Unpin,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Steps { file, at, step } = &mut *self;
        step(file.desk.get_mut(), &file.shared, at, cx)
    }
}

impl File {
    #[track_caller]
    fn steps<S, T>(&mut self, step: S) -> Steps<'_, S>
    where
        S: FnMut(&mut Desk, &Arc<Shared>, At, &mut Context<'_>) -> Poll<T>,
    {
        let at = Location::caller();
        Steps {
            file: self,
            at,
            step,
        }
    }

    /// Reads into `buf` and gives the number of bytes: 0 only at the end, or if `buf` is empty.
    ///
    /// *Cancel safety*: what was read for a dropped future is there for the next.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut file = hob::fs::File::open("Cargo.toml").await?;
    /// let mut buf = [0; 9];
    /// let n = file.read(&mut buf).await?;
    /// assert_eq!(&buf[..n], b"[package]");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn read(&mut self, buf: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        self.steps(move |desk, shared, at, cx| desk.poll_read(shared, at, cx, buf))
    }

    /// Reads until `buf` is full.
    ///
    /// *Cancel safety*: none: what has been read is in `buf`, and the number of bytes is lost.
    ///
    /// # Errors
    /// `UnexpectedEof`, if the file ends before.
    #[track_caller]
    pub fn read_exact(&mut self, buf: &mut [u8]) -> impl Future<Output = io::Result<()>> {
        let mut filled = 0;
        self.steps(move |desk, shared, at, cx| {
            while filled < buf.len() {
                match ready!(desk.poll_read(shared, at, cx, &mut buf[filled..]))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                    n => filled += n,
                }
            }
            Poll::Ready(Ok(()))
        })
    }

    /// Reads all that is left, appends it to `bytes`, and gives its length. One job.
    ///
    /// *Cancel safety*: none: what a dropped future has read is lost.
    #[track_caller]
    pub fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> impl Future<Output = io::Result<usize>> {
        let rest = self.rest();
        async move {
            let mut rest = rest.await?;
            let n = rest.len();
            match bytes.is_empty() {
                true => *bytes = rest,
                false => bytes.append(&mut rest),
            }
            Ok(n)
        }
    }

    /// [`read_to_end`](File::read_to_end) for text.
    ///
    /// *Cancel safety*: none, as there.
    ///
    /// # Errors
    /// `InvalidData`, if it is not UTF-8; `text` is unchanged then, and what was read is lost.
    #[track_caller]
    pub fn read_to_string(&mut self, text: &mut String) -> impl Future<Output = io::Result<usize>> {
        let rest = self.rest();
        async move {
            let rest = String::from_utf8(rest.await?)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            text.push_str(&rest);
            Ok(rest.len())
        }
    }

    /// All that is left.
    #[track_caller]
    fn rest(&mut self) -> impl Future<Output = io::Result<Vec<u8>>> {
        let mut job = None;
        self.steps(move |desk, shared, at, cx| {
            if job.is_none() {
                ready!(desk.poll_reading(shared, cx))?;
                job = Some(desk.start_reading_rest(shared, at));
            }
            let job = job.as_mut().expect("started above");
            Poll::Ready(ready!(Pin::new(job).poll(cx))?)
        })
    }

    /// Accepts bytes to be written, and gives their number. Waits only if a worker is behind by
    /// more than 256 KiB. See [`File`] for when they are written.
    ///
    /// *Cancel safety*: dropped before it was ready, nothing was accepted.
    ///
    /// # Errors
    /// That of an earlier write. This one's comes later.
    #[track_caller]
    pub fn write(&mut self, buf: &[u8]) -> impl Future<Output = io::Result<usize>> {
        self.steps(move |desk, shared, at, cx| desk.poll_write(shared, at, cx, buf))
    }

    /// [`write`](File::write), until all of `buf` was accepted.
    ///
    /// *Cancel safety*: a part may have been accepted.
    #[track_caller]
    pub fn write_all(&mut self, buf: &[u8]) -> impl Future<Output = io::Result<()>> {
        let mut rest = buf;
        self.steps(move |desk, shared, at, cx| {
            while !rest.is_empty() {
                let n = ready!(desk.poll_write(shared, at, cx, rest))?;
                rest = &rest[n..];
            }
            Poll::Ready(Ok(()))
        })
    }

    /// Waits until everything accepted was given to the system (not yet to the disk: see
    /// [`sync_all`](File::sync_all)).
    ///
    /// # Errors
    /// That of a late write.
    #[track_caller]
    pub fn flush(&mut self) -> impl Future<Output = io::Result<()>> {
        self.steps(Desk::poll_flush)
    }

    /// Moves the position, and gives it, counted from the beginning.
    ///
    /// ```
    /// # hob::block_on(async {
    /// use std::io::SeekFrom;
    /// let mut file = hob::fs::File::open("Cargo.toml").await?;
    /// file.read_exact(&mut [0; 4]).await?;
    /// assert_eq!(file.seek(SeekFrom::Current(-3)).await?, 1);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn seek(&mut self, to: SeekFrom) -> impl Future<Output = io::Result<u64>> {
        self.steps(move |desk, shared, at, cx| desk.poll_seek(shared, at, cx, to))
    }

    /// Brings the worker's position to where the program is.
    pub(super) fn settle(&mut self, at: At) -> impl Future<Output = ()> {
        Steps {
            file: self,
            at,
            step: |desk: &mut Desk, shared: &Arc<Shared>, _, cx: &mut Context<'_>| {
                let _ = ready!(desk.poll_reading(shared, cx));
                desk.forget_ahead(shared);
                Poll::Ready(())
            },
        }
    }
}

impl File {
    /// For the traits, which do not know their caller.
    fn parts(&mut self) -> (&mut Desk, &Arc<Shared>, At) {
        (self.desk.get_mut(), &self.shared, self.opened_at)
    }
}

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let (desk, shared, at) = self.parts();
        desk.poll_read(shared, at, cx, buf)
    }
}

impl AsyncWrite for File {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (desk, shared, at) = self.parts();
        desk.poll_write(shared, at, cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (desk, shared, at) = self.parts();
        desk.poll_flush(shared, at, cx)
    }

    /// Flushes. The file itself is closed when it is dropped, or by [`File::close`].
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl AsyncSeek for File {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let (desk, shared, at) = self.parts();
        desk.poll_seek(shared, at, cx, to)
    }
}
