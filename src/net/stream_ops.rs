//! The operations that all byte streams share, written once: TCP and Unix streams and their
//! halves are thin coats around these.
//!
//! Each is an [`operation`](Source::operation) of a source: a closure that tries, with what
//! it has done so far in its captures. The traits of `futures-io` go another way, since they
//! bring no future of their own to wait in: `poll_read` and its kin at the end.

use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::task::{Context, Poll, ready};

use crate::reactor::{Direction, Io, Source};

/// How much `read_to_end` asks for at once, from the first time to every later one.
const CHUNKS: std::ops::RangeInclusive<usize> = 1024..=64 * 1024;

/// A socket of mio's that moves bytes through a shared reference.
pub(super) trait Bytes: Io {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize>;
    fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize>;
    fn write(&self, buf: &[u8]) -> io::Result<usize>;
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl<S> Bytes for S
where
    S: Io,
    for<'a> &'a S: Read + Write,
{
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        Read::read(&mut { self }, buf)
    }

    fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        Read::read_vectored(&mut { self }, bufs)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        Write::write(&mut { self }, buf)
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Write::write_vectored(&mut { self }, bufs)
    }
}

#[track_caller]
pub(super) fn read<'a, S: Bytes>(
    source: &'a Source<S>,
    buf: &'a mut [u8],
) -> impl Future<Output = io::Result<usize>> + Unpin {
    source.operation(Direction::Read, move |waiter, cx| {
        waiter.poll_bytes(cx, buf.len(), |io| io.read(buf))
    })
}

#[track_caller]
pub(super) fn read_vectored<'a, S: Bytes>(
    source: &'a Source<S>,
    bufs: &'a mut [IoSliceMut<'_>],
) -> impl Future<Output = io::Result<usize>> + Unpin {
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.operation(Direction::Read, move |waiter, cx| {
        waiter.poll_bytes(cx, wanted, |io| io.read_vectored(bufs))
    })
}

#[track_caller]
pub(super) fn read_exact<'a, S: Bytes>(
    source: &'a Source<S>,
    buf: &'a mut [u8],
) -> impl Future<Output = io::Result<()>> + Unpin {
    let mut filled = 0;
    source.operation(Direction::Read, move |waiter, cx| {
        while filled < buf.len() {
            let rest = &mut buf[filled..];
            match ready!(waiter.poll_bytes(cx, rest.len(), |io| io.read(rest)))? {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                n => filled += n,
            }
        }
        Poll::Ready(Ok(()))
    })
}

#[track_caller]
pub(super) fn read_to_end<'a, S: Bytes>(
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
            let polled = waiter.poll_bytes(cx, chunk, |io| io.read(&mut buf[filled..]));
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
pub(super) fn write<'a, S: Bytes>(
    source: &'a Source<S>,
    buf: &'a [u8],
) -> impl Future<Output = io::Result<usize>> + Unpin {
    source.operation(Direction::Write, move |waiter, cx| {
        waiter.poll_bytes(cx, buf.len(), |io| io.write(buf))
    })
}

#[track_caller]
pub(super) fn write_vectored<'a, S: Bytes>(
    source: &'a Source<S>,
    bufs: &'a [IoSlice<'_>],
) -> impl Future<Output = io::Result<usize>> + Unpin {
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.operation(Direction::Write, move |waiter, cx| {
        waiter.poll_bytes(cx, wanted, |io| io.write_vectored(bufs))
    })
}

#[track_caller]
pub(super) fn write_all<'a, S: Bytes>(
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

pub(super) fn try_read<S: Bytes>(source: &Source<S>, buf: &mut [u8]) -> io::Result<usize> {
    source.try_bytes(Direction::Read, buf.len(), |io| io.read(buf))
}

pub(super) fn try_read_vectored<S: Bytes>(
    source: &Source<S>,
    bufs: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.try_bytes(Direction::Read, wanted, |io| io.read_vectored(bufs))
}

pub(super) fn try_write<S: Bytes>(source: &Source<S>, buf: &[u8]) -> io::Result<usize> {
    source.try_bytes(Direction::Write, buf.len(), |io| io.write(buf))
}

pub(super) fn try_write_vectored<S: Bytes>(
    source: &Source<S>,
    bufs: &[IoSlice<'_>],
) -> io::Result<usize> {
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.try_bytes(Direction::Write, wanted, |io| io.write_vectored(bufs))
}

pub(super) fn poll_read<S: Bytes>(
    source: &Source<S>,
    cx: &mut Context<'_>,
    buf: &mut [u8],
) -> Poll<io::Result<usize>> {
    source.poll_bytes(cx, Direction::Read, buf.len(), |io| io.read(buf))
}

pub(super) fn poll_read_vectored<S: Bytes>(
    source: &Source<S>,
    cx: &mut Context<'_>,
    bufs: &mut [IoSliceMut<'_>],
) -> Poll<io::Result<usize>> {
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.poll_bytes(cx, Direction::Read, wanted, |io| io.read_vectored(bufs))
}

pub(super) fn poll_write<S: Bytes>(
    source: &Source<S>,
    cx: &mut Context<'_>,
    buf: &[u8],
) -> Poll<io::Result<usize>> {
    source.poll_bytes(cx, Direction::Write, buf.len(), |io| io.write(buf))
}

pub(super) fn poll_write_vectored<S: Bytes>(
    source: &Source<S>,
    cx: &mut Context<'_>,
    bufs: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let wanted = bufs.iter().map(|buf| buf.len()).sum();
    source.poll_bytes(cx, Direction::Write, wanted, |io| io.write_vectored(bufs))
}

/// Ends one half of a stream or both. A peer that has gone already is no error: that half is
/// as shut as it can be, and only some systems complain (macOS does).
pub(super) fn shut(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(e) if e.kind() == io::ErrorKind::NotConnected => Ok(()),
        done => done,
    }
}
