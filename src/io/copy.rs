//! From one stream to another, through one buffer: one way ([`copy()`]) or both.
//!
//! One direction is a [`Flow`]:
//!
//! ```text
//!            something read            nothing left
//!   empty ──────────────────▶ full ──────────────────▶ empty
//!     │                        (poll_write)
//!     │ end of the reader
//!     ▼
//!   flush the writer, done
//! ```
//!
//! Law: a writer may buffer, and what it buffers leaves only when it is full or flushed. A
//! peer that waits for those bytes before it says more would wait for ever, and so would we.
//! Consequence: whenever the reader has nothing, the writer is flushed. Price: a call of
//! `poll_flush` for each pause, which does nothing for sockets.
//!
//! Not taken: reading on while the writer is busy, into a ring. It would keep both sides busy
//! where each is slow in turn; the kernel's socket buffers do that already.
//!
//! These futures are no leaves: the streams below say what the task waits for. They do spend
//! budget of their own, since a reader and a writer in memory spend none (trap 27).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use crate::coop;

/// Bytes of a buffer. Large enough that the cost of a system call is small beside that of
/// moving the bytes; memory that no read has reached is not even touched.
const BUFFER: usize = 64 * 1024;

/// Moves everything that `reader` gives to `writer`, flushes, and says how many bytes it was.
/// It does not close the writer.
///
/// Both may be given by value or as `&mut`.
///
/// *Cancel safety*: bytes that were read and not yet written are lost when the future is
/// dropped: there is no telling where it stopped.
///
/// # Errors
/// The first error of either side. [`WriteZero`](io::ErrorKind::WriteZero) if the writer takes
/// no more.
///
/// ```
/// # hob::block_on(async {
/// let mut output = Vec::new();
/// let moved = hob::io::copy(&b"all of it"[..], &mut output).await?;
/// assert_eq!((moved, &output[..]), (9, &b"all of it"[..]));
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
pub fn copy<R, W>(reader: R, writer: W) -> Transfer<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    Transfer {
        reader,
        writer,
        flow: Flow::new(),
    }
}

/// Future of [`copy()`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Transfer<R, W> {
    reader: R,
    writer: W,
    flow: Flow,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Future for Transfer<R, W> {
    type Output = io::Result<u64>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = &mut *self;
        this.flow.poll(cx, &mut this.reader, &mut this.writer)
    }
}

/// Moves bytes both ways between `a` and `b` until both have ended. Gives the number of bytes
/// from `a` to `b`, and from `b` to `a`.
///
/// The two ways end on their own: when `a` ends, `b` is told so (its writing side is closed)
/// and may go on to answer. That is how a proxy keeps a half-closed connection alive.
///
/// *Cancel safety*: as for [`copy()`], bytes on their way are lost.
///
/// # Errors
/// The first error of either side, in either direction.
///
/// ```
/// # hob::block_on(async {
/// use hob::io::{copy_bidirectional, duplex, prelude::*};
///
/// let ((mut client, a), (mut server, b)) = (duplex(64), duplex(64));
/// let proxy = hob::spawn(copy_bidirectional(a, b));
/// client.write_all(b"question").await?;
/// client.close().await?;
/// let mut asked = String::new();
/// server.read_to_string(&mut asked).await?;
/// server.write_all(b"answer").await?;
/// server.close().await?;
/// assert_eq!(proxy.await??, (8, 6));
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
pub fn copy_bidirectional<A, B>(a: A, b: B) -> Exchange<A, B>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    Exchange {
        a,
        b,
        there: Way::Flows(Flow::new()),
        back: Way::Flows(Flow::new()),
    }
}

/// Future of [`copy_bidirectional`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Exchange<A, B> {
    a: A,
    b: B,
    /// From `a` to `b`.
    there: Way,
    /// From `b` to `a`.
    back: Way,
}

impl<A, B> Future for Exchange<A, B>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    type Output = io::Result<(u64, u64)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // Both, each time: neither way waits for the other.
        let there = this.there.poll(cx, &mut this.a, &mut this.b)?;
        let back = this.back.poll(cx, &mut this.b, &mut this.a)?;
        match (there, back) {
            (Poll::Ready(there), Poll::Ready(back)) => Poll::Ready(Ok((there, back))),
            _ => Poll::Pending,
        }
    }
}

/// One way of an [`Exchange`]: Flows ─end of the reader▶ Closes ─writer closed▶ Over.
#[derive(Debug)]
enum Way {
    Flows(Flow),
    /// So many bytes went this way, and the writer is being told that it was all.
    Closes(u64),
    Over(u64),
}

impl Way {
    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            *self = match self {
                // The buffer goes with the flow: a half-closed connection needs one only.
                Way::Flows(flow) => Way::Closes(ready!(flow.poll(cx, reader, writer))?),
                Way::Closes(moved) => {
                    ready!(Pin::new(&mut *writer).poll_close(cx))?;
                    Way::Over(*moved)
                }
                Way::Over(moved) => return Poll::Ready(Ok(*moved)),
            };
        }
    }
}

/// One direction, with its buffer.
#[derive(Debug)]
struct Flow {
    /// Empty until the first poll.
    buffer: Box<[u8]>,
    /// What was read and not written yet: `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Bytes written since the last flush?
    unflushed: bool,
    /// The reader has said that it ended.
    ended: bool,
    /// Bytes written.
    moved: u64,
}

impl Flow {
    fn new() -> Flow {
        Flow {
            buffer: Box::default(),
            start: 0,
            end: 0,
            unflushed: false,
            ended: false,
            moved: 0,
        }
    }

    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        if self.buffer.is_empty() {
            self.buffer = vec![0; BUFFER].into();
        }
        loop {
            ready!(self.drain(cx, writer))?;
            if self.ended {
                ready!(self.flush(cx, writer))?;
                return Poll::Ready(Ok(self.moved));
            }
            ready!(coop::poll_budget(cx));
            match Pin::new(&mut *reader).poll_read(cx, &mut self.buffer)? {
                Poll::Ready(read) => {
                    (self.start, self.end) = (0, read);
                    self.ended = read == 0;
                    coop::spend();
                }
                Poll::Pending => {
                    ready!(self.flush(cx, writer))?;
                    return Poll::Pending;
                }
            }
        }
    }

    /// Ready when the buffer is empty.
    fn drain<W>(&mut self, cx: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        while self.start < self.end {
            ready!(coop::poll_budget(cx));
            let rest = &self.buffer[self.start..self.end];
            let written = ready!(Pin::new(&mut *writer).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.start += written;
            self.moved += written as u64;
            self.unflushed = true;
            coop::spend();
        }
        Poll::Ready(Ok(()))
    }

    fn flush<W>(&mut self, cx: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        if self.unflushed {
            ready!(Pin::new(&mut *writer).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}
