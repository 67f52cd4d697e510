//! The ends of a child's pipes that stay with us: [`ChildStdin`], [`ChildStdout`],
//! [`ChildStderr`]. How bytes get through one is the platform's: `unix` or `windows`.
//! This file is long because there are three types, and each method has its promise.
//!
//! Law: a pipe holds some 64 KiB. Who writes more than that to a child which waits to be read
//! from waits for ever, if it does not read meanwhile. Consequence: [`Child::wait`] closes
//! stdin first, and [`Child::wait_with_output`] reads both others while it waits; who talks to
//! a child by hand should read and write in two futures that run beside each other.
//!
//! [`Child::wait`]: super::Child::wait
//! [`Child::wait_with_output`]: super::Child::wait_with_output

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice, IoSliceMut};
use std::panic::Location;
use std::pin::Pin;
use std::process;
use std::process::Stdio;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

#[cfg(unix)]
use unix::{Reader, Writer};
#[cfg(windows)]
use windows::{Reader, Writer};

/// The way into a child: what is written here, it reads from its stdin.
///
/// Dropping it, or [`close`](ChildStdin::close), tells the child that no more will come.
///
/// ```
/// # #[cfg(unix)] hob::block_on(async {
/// use hob::process::{Command, Stdio};
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// let mut stdin = child.stdin.take().expect("it was asked for");
/// stdin.write_all(b"through a cat").await?;
/// stdin.close();
/// let output = child.wait_with_output().await?;
/// assert_eq!(output.stdout, b"through a cat");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct ChildStdin {
    /// `None` once it was closed.
    writer: Option<Writer>,
}

impl ChildStdin {
    pub(super) fn new(
        pipe: process::ChildStdin,
        at: &'static Location<'static>,
    ) -> io::Result<Self> {
        let writer = Some(Writer::new(pipe, at)?);
        Ok(ChildStdin { writer })
    }

    /// Writes some of `buf`, as much as the pipe takes, and waits while it takes none.
    ///
    /// *Cancel safety*: bytes go only in the poll that answers how many.
    ///
    /// # Errors
    /// `BrokenPipe` if the child has closed its stdin or has ended, or if this was closed.
    #[track_caller]
    pub fn write<'a>(
        &'a mut self,
        buf: &'a [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        or_closed(self.writer.as_mut().map(|writer| writer.write(buf)))
    }

    /// Writes the whole of `buf`.
    ///
    /// *Cancel safety*: some of it may have gone, and how much is not known.
    ///
    /// # Errors
    /// As for [`write`](ChildStdin::write).
    #[track_caller]
    pub fn write_all<'a>(
        &'a mut self,
        buf: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Unpin {
        or_closed(self.writer.as_mut().map(|writer| writer.write_all(buf)))
    }

    /// Tells the child that no more will come. Nothing can be written afterwards.
    pub fn close(&mut self) {
        self.writer = None;
    }

    fn writer(&mut self) -> io::Result<Pin<&mut Writer>> {
        self.writer.as_mut().map(Pin::new).ok_or_else(closed)
    }
}

fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::BrokenPipe,
        "this pipe was closed on our side",
    )
}

/// The future, or the error of a pipe that was closed.
fn or_closed<T>(
    mut future: Option<impl Future<Output = io::Result<T>> + Unpin>,
) -> impl Future<Output = io::Result<T>> + Unpin {
    poll_fn(move |cx| match &mut future {
        Some(future) => Pin::new(future).poll(cx),
        None => Poll::Ready(Err(closed())),
    })
}

impl AsyncWrite for ChildStdin {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writer()?.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writer()?.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.writer() {
            Ok(writer) => writer.poll_flush(cx),
            Err(_closed) => Poll::Ready(Ok(())),
        }
    }

    /// Closes the pipe: see [`ChildStdin::close`].
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.as_mut().poll_flush(cx);
        if flushed.is_ready() {
            self.close();
        }
        flushed
    }
}

impl fmt::Debug for ChildStdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildStdin")
            .field("closed", &self.writer.is_none())
            .finish_non_exhaustive()
    }
}

/// A way out of a child, by name: both are the same but for where they come from.
macro_rules! way_out {
    ($(#[$doc:meta])* $Type:ident) => {
        $(#[$doc])*
        pub struct $Type {
            reader: Reader,
        }

        impl $Type {
            pub(super) fn new(
                pipe: process::$Type,
                at: &'static Location<'static>,
            ) -> io::Result<Self> {
                let reader = Reader::new(pipe, at)?;
                Ok($Type { reader })
            }

            /// Reads into `buf` what is there, and waits while there is nothing. 0 says that
            /// nobody has the other end open any more (or that `buf` is empty).
            ///
            /// *Cancel safety*: bytes are taken only in the poll that gives them to you.
            #[track_caller]
            pub fn read<'a>(
                &'a mut self,
                buf: &'a mut [u8],
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                self.reader.read(buf)
            }

            /// Fills the whole of `buf`.
            ///
            /// *Cancel safety*: what was read until then is in `buf`, but how much that is, is
            /// lost.
            ///
            /// # Errors
            /// `UnexpectedEof` if the pipe ends first.
            #[track_caller]
            pub fn read_exact<'a>(
                &'a mut self,
                buf: &'a mut [u8],
            ) -> impl Future<Output = io::Result<()>> + Unpin {
                self.reader.read_exact(buf)
            }

            /// Appends everything that comes to `buf`, until the pipe ends, and answers how
            /// much it was. There is no limit, and the end is not that of the child if it
            /// handed the pipe on to a child of its own.
            ///
            /// *Cancel safety*: what was read until then is in `buf`, and nothing else.
            #[track_caller]
            pub fn read_to_end<'a>(
                &'a mut self,
                buf: &'a mut Vec<u8>,
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                self.reader.read_to_end(buf)
            }
        }

        impl AsyncRead for $Type {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.reader).poll_read(cx, buf)
            }

            fn poll_read_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.reader).poll_read_vectored(cx, bufs)
            }
        }

        /// Makes it the stdin of another child, which then reads it without us.
        impl TryFrom<$Type> for Stdio {
            type Error = io::Error;

            fn try_from(pipe: $Type) -> io::Result<Stdio> {
                pipe.reader.into_stdio()
            }
        }

        impl fmt::Debug for $Type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Type)).finish_non_exhaustive()
            }
        }
    };
}

way_out! {
    /// The way out of a child: what it writes to its stdout is read here.
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// use futures_lite::{AsyncBufReadExt, StreamExt};
    /// use hob::process::{Command, Stdio};
    ///
    /// let mut child = Command::new("printf").arg("one\ntwo\n").stdout(Stdio::piped()).spawn()?;
    /// let stdout = child.stdout.take().expect("it was asked for");
    /// let mut lines = hob::io::BufReader::new(stdout).lines();
    /// assert_eq!(lines.next().await.unwrap()?, "one");
    /// assert_eq!(lines.next().await.unwrap()?, "two");
    /// assert!(lines.next().await.is_none());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    ChildStdout
}

way_out! {
    /// What a child writes to its stderr is read here.
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// use hob::process::{Command, Stdio};
    ///
    /// let script = "echo oh no >&2";
    /// let mut child = Command::new("sh").args(["-c", script]).stderr(Stdio::piped()).spawn()?;
    /// let mut said = Vec::new();
    /// child.stderr.take().expect("it was asked for").read_to_end(&mut said).await?;
    /// assert_eq!(said, b"oh no\n");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    ChildStderr
}
