//! Pipes on Unix: descriptors like any other, set non-blocking and given to the reactor.

use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use mio::Interest;
use mio::unix::pipe::{Receiver, Sender};

use crate::net::stream_ops::{self, ReadEnd};
use crate::reactor::Source;

/// A child may put its end into packet mode (`O_DIRECT` of `pipe(2)`). Then a read stops behind
/// each packet, and what lies behind it makes no further edge.
impl ReadEnd for Receiver {
    const SHORT_READ_IS_ALL: bool = false;
}

pub(super) struct Writer(Source<Sender>);

impl Writer {
    pub(super) fn new(
        pipe: std::process::ChildStdin,
        at: &'static Location<'static>,
    ) -> io::Result<Writer> {
        let pipe = Sender::from(pipe);
        // The flag is that of our end: the child's stays blocking.
        pipe.set_nonblocking(true)?;
        Source::new_at(pipe, Interest::WRITABLE, at).map(Writer)
    }

    #[track_caller]
    pub(super) fn write<'a>(
        &'a mut self,
        buf: &'a [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::write(&self.0, buf)
    }

    #[track_caller]
    pub(super) fn write_all<'a>(
        &'a mut self,
        buf: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Unpin {
        stream_ops::write_all(&self.0, buf)
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        stream_ops::poll_write(&self.0, cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        stream_ops::poll_write_vectored(&self.0, cx, bufs)
    }

    /// What was written is in the pipe: nothing is held back here.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

pub(super) struct Reader(Source<Receiver>);

impl Reader {
    pub(super) fn new<P: Into<Receiver>>(
        pipe: P,
        at: &'static Location<'static>,
    ) -> io::Result<Reader> {
        let pipe = pipe.into();
        pipe.set_nonblocking(true)?;
        Source::new_at(pipe, Interest::READABLE, at).map(Reader)
    }

    /// Blocking again: another program expects its stdin to be so.
    pub(super) fn into_stdio(self) -> io::Result<Stdio> {
        let pipe = self.0.into_inner()?;
        pipe.set_nonblocking(false)?;
        Ok(Stdio::from(OwnedFd::from(pipe)))
    }

    #[track_caller]
    pub(super) fn read<'a>(
        &'a mut self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::read(&self.0, buf)
    }

    #[track_caller]
    pub(super) fn read_exact<'a>(
        &'a mut self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<()>> + Unpin {
        stream_ops::read_exact(&self.0, buf)
    }

    #[track_caller]
    pub(super) fn read_to_end<'a>(
        &'a mut self,
        buf: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::read_to_end(&self.0, buf)
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        stream_ops::poll_read(&self.0, cx, buf)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        stream_ops::poll_read_vectored(&self.0, cx, bufs)
    }
}
