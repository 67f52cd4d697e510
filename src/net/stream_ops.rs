//! The operations that all byte streams share, written once: TCP and Unix streams and their
//! halves are thin coats around these, and so are the pipes of `process`, which can do one half
//! of it each.
//!
//! Each is an [`operation`](Source::operation) of a source: a closure that tries, with what
//! it has done so far in its captures. The traits of `futures-io` go another way, since they
//! bring no future of their own to wait in: `poll_read` and its kin at the end.

use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};

use crate::reactor::{Direction, Io, Source};

/// How much `read_to_end` asks for at once, from the first time to every later one.
const CHUNKS: std::ops::RangeInclusive<usize> = 1024..=64 * 1024;

/// Where bytes can be read from: a socket of mio's, or the reading end of a pipe.
pub(crate) trait ReadEnd: Io {
    /// Does a read that gives less than it could say that nothing more is there? Then the next
    /// one may park at once, where the kernel allows that conclusion at all (trap 2).
    const SHORT_READ_IS_ALL: bool;
}

/// TCP is bytes and nothing else: a read takes all there are.
impl ReadEnd for mio::net::TcpStream {
    const SHORT_READ_IS_ALL: bool = true;
}

/// Unix streams carry more than bytes. A read stops short behind a piece with which the peer
/// passed a descriptor, or where the sender changes (`unix(7)`), and what lies behind it makes
/// no further edge. So a sleep costs one read that is refused, but where the reactor has learned
/// that it always is.
#[cfg(unix)]
impl ReadEnd for mio::net::UnixStream {
    const SHORT_READ_IS_ALL: bool = false;
}

/// Reads bytes through a shared reference.
pub(crate) trait Readable: Io {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize>;
    fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize>;

    /// What a read of up to `wanted` bytes is measured against. None is short of 0.
    fn measure(wanted: usize) -> usize;
}

impl<S: ReadEnd> Readable for S
where
    for<'a> &'a S: Read,
{
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        Read::read(&mut { self }, buf)
    }

    fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        Read::read_vectored(&mut { self }, bufs)
    }

    fn measure(wanted: usize) -> usize {
        if S::SHORT_READ_IS_ALL { wanted } else { 0 }
    }
}

/// Writes bytes through a shared reference.
pub(crate) trait Writable: Io {
    fn write(&self, buf: &[u8]) -> io::Result<usize>;
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl<S: Io> Writable for S
where
    for<'a> &'a S: Write,
{
    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        Write::write(&mut { self }, buf)
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Write::write_vectored(&mut { self }, bufs)
    }
}

/// Both directions, and the end of each: a stream socket.
pub(super) trait Bytes: Readable + Writable {
    /// `shutdown(2)`.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

impl Bytes for mio::net::TcpStream {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

#[cfg(unix)]
impl Bytes for mio::net::UnixStream {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

#[track_caller]
pub(crate) fn read<'a, S: Readable>(
    source: &'a Source<S>,
    buf: &'a mut [u8],
) -> impl Future<Output = io::Result<usize>> + Unpin {
    source.operation(Direction::Read, move |waiter, cx| {
        waiter.poll_bytes(cx, S::measure(buf.len()), |io| io.read(buf))
    })
}

#[track_caller]
pub(super) fn read_vectored<'a, S: Readable>(
    source: &'a Source<S>,
    bufs: &'a mut [IoSliceMut<'_>],
) -> impl Future<Output = io::Result<usize>> + Unpin {
    let wanted = S::measure(bufs.iter().map(|buf| buf.len()).sum());
    source.operation(Direction::Read, move |waiter, cx| {
        waiter.poll_bytes(cx, wanted, |io| io.read_vectored(bufs))
    })
}

#[track_caller]
pub(crate) fn read_exact<'a, S: Readable>(
    source: &'a Source<S>,
    buf: &'a mut [u8],
) -> impl Future<Output = io::Result<()>> + Unpin {
    let mut filled = 0;
    source.operation(Direction::Read, move |waiter, cx| {
        while filled < buf.len() {
            let rest = &mut buf[filled..];
            match ready!(waiter.poll_bytes(cx, S::measure(rest.len()), |io| io.read(rest)))? {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                n => filled += n,
            }
        }
        Poll::Ready(Ok(()))
    })
}

#[track_caller]
pub(crate) fn read_to_end<'a, S: Readable>(
    source: &'a Source<S>,
    buf: &'a mut Vec<u8>,
) -> impl Future<Output = io::Result<usize>> + Unpin {
    let start = buf.len();
    source.operation(Direction::Read, move |waiter, cx| {
        loop {
            // Twice as much each time, within limits. Safe Rust must write zeros first; at
            // 64 KiB that costs a tenth of what the copy out of the kernel does.
            let filled = buf.len();
            let chunk = (filled - start).clamp(*CHUNKS.start(), *CHUNKS.end());
            buf.resize(filled + chunk, 0);
            let polled = waiter.poll_bytes(cx, S::measure(chunk), |io| io.read(&mut buf[filled..]));
            // In every case, so that whoever drops the future finds no zeros at the end.
            let got = match &polled {
                Poll::Ready(Ok(n)) => *n,
                _ => 0,
            };
            buf.truncate(filled + got);
            if ready!(polled)? == 0 {
                return Poll::Ready(Ok(filled - start));
            }
        }
    })
}

#[track_caller]
pub(crate) fn write<'a, S: Writable>(
    source: &'a Source<S>,
    buf: &'a [u8],
) -> impl Future<Output = io::Result<usize>> + Unpin {
    source.operation(Direction::Write, move |waiter, cx| {
        waiter.poll_bytes(cx, buf.len(), |io| io.write(buf))
    })
}

#[track_caller]
pub(super) fn write_vectored<'a, S: Writable>(
    source: &'a Source<S>,
    bufs: &'a [IoSlice<'_>],
) -> impl Future<Output = io::Result<usize>> + Unpin {
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.operation(Direction::Write, move |waiter, cx| {
        waiter.poll_bytes(cx, wanted, |io| io.write_vectored(bufs))
    })
}

#[track_caller]
pub(crate) fn write_all<'a, S: Writable>(
    source: &'a Source<S>,
    buf: &'a [u8],
) -> impl Future<Output = io::Result<()>> + Unpin {
    let mut rest = buf;
    source.operation(Direction::Write, move |waiter, cx| {
        while !rest.is_empty() {
            match ready!(waiter.poll_bytes(cx, rest.len(), |io| io.write(rest)))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => rest = &rest[n..],
            }
        }
        Poll::Ready(Ok(()))
    })
}

pub(super) fn try_read<S: Readable>(source: &Source<S>, buf: &mut [u8]) -> io::Result<usize> {
    source.try_bytes(Direction::Read, S::measure(buf.len()), |io| io.read(buf))
}

/// Reads what is there at this moment, whatever the loop knows of it: see [`Source::probe`].
pub(super) fn read_now<S: Readable>(source: &Source<S>, buf: &mut [u8]) -> io::Result<usize> {
    source.probe(|io| io.read(buf))
}

pub(super) fn try_read_vectored<S: Readable>(
    source: &Source<S>,
    bufs: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    let wanted = S::measure(bufs.iter().map(|buf| buf.len()).sum());
    source.try_bytes(Direction::Read, wanted, |io| io.read_vectored(bufs))
}

pub(super) fn try_write<S: Writable>(source: &Source<S>, buf: &[u8]) -> io::Result<usize> {
    source.try_bytes(Direction::Write, buf.len(), |io| io.write(buf))
}

pub(super) fn try_write_vectored<S: Writable>(
    source: &Source<S>,
    bufs: &[IoSlice<'_>],
) -> io::Result<usize> {
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.try_bytes(Direction::Write, wanted, |io| io.write_vectored(bufs))
}

pub(crate) fn poll_read<S: Readable>(
    source: &Source<S>,
    cx: &mut Context<'_>,
    buf: &mut [u8],
) -> Poll<io::Result<usize>> {
    source.poll_bytes(cx, Direction::Read, S::measure(buf.len()), |io| {
        io.read(buf)
    })
}

pub(crate) fn poll_read_vectored<S: Readable>(
    source: &Source<S>,
    cx: &mut Context<'_>,
    bufs: &mut [IoSliceMut<'_>],
) -> Poll<io::Result<usize>> {
    let wanted = S::measure(bufs.iter().map(|buf| buf.len()).sum());
    source.poll_bytes(cx, Direction::Read, wanted, |io| io.read_vectored(bufs))
}

pub(crate) fn poll_write<S: Writable>(
    source: &Source<S>,
    cx: &mut Context<'_>,
    buf: &[u8],
) -> Poll<io::Result<usize>> {
    source.poll_bytes(cx, Direction::Write, buf.len(), |io| io.write(buf))
}

pub(crate) fn poll_write_vectored<S: Writable>(
    source: &Source<S>,
    cx: &mut Context<'_>,
    bufs: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.poll_bytes(cx, Direction::Write, wanted, |io| io.write_vectored(bufs))
}

/// Ends one direction or both. A peer that has gone already is no error: that direction is as
/// shut as it can be, and only some systems complain (macOS does).
pub(super) fn shutdown<S: Bytes>(source: &Source<S>, how: Shutdown) -> io::Result<()> {
    match source.get_ref().shutdown(how) {
        Err(e) if e.kind() == io::ErrorKind::NotConnected => Ok(()),
        done => done,
    }
}

/// `AsyncRead` for a type with a `source()`: a stream, a reference to one, a half. It is a
/// macro because the orphan rule allows no `impl<T: …> AsyncRead for T`.
macro_rules! async_read {
    ([$($generics:tt)*] $Type:ty) => {
        impl<$($generics)*> futures_io::AsyncRead for $Type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                stream_ops::poll_read(self.source(), cx, buf)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                stream_ops::poll_read_vectored(self.source(), cx, bufs)
            }
        }
    };
}

/// `AsyncWrite` for a type with a `source()`. Nothing is ever held back, so there is nothing
/// to flush; closing tells the peer that no more will come, and reading goes on.
macro_rules! async_write {
    ([$($generics:tt)*] $Type:ty) => {
        impl<$($generics)*> futures_io::AsyncWrite for $Type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                stream_ops::poll_write(self.source(), cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                stream_ops::poll_write_vectored(self.source(), cx, bufs)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(stream_ops::shutdown(self.source(), Shutdown::Write))
            }
        }
    };
}

pub(super) use {async_read, async_write};
