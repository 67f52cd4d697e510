//! A stream with two ends and no network in between: for tests, and to join two parts of a
//! program that each want a stream.
//!
//! It is two [`Pipe`]s, one for each way. A pipe is a queue of bytes with a limit, and at most
//! one task parked on each side of it. It behaves as a socket does: a full pipe lets the
//! writer wait, a closed one ends the reader's stream after what is left in it, and writing to
//! an end that has gone is a broken pipe.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use crate::coop;
use crate::executor::WakerCell;
use crate::trace::{self, WaitKind};

/// Two connected streams: what is written to the one is read from the other. Each way holds at
/// most `max` bytes, then the writer waits for the reader.
///
/// At most one task may read and one may write at each end, as with any stream. Closing or
/// dropping an end lets the other read what is left, and then the end of the stream.
///
/// # Panics
/// If `max` is 0: no byte could ever get through.
///
/// ```
/// # hob::block_on(async {
/// use hob::io::prelude::*;
///
/// let (mut near, mut far) = hob::io::duplex(16);
/// near.write_all(b"ping").await?;
/// let mut heard = [0; 4];
/// far.read_exact(&mut heard).await?;
/// assert_eq!(&heard, b"ping");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn duplex(max: usize) -> (DuplexStream, DuplexStream) {
    assert!(
        max > 0,
        "io::duplex(0) could never pass a byte: take a size of at least 1"
    );
    let made_at = Location::caller();
    let there = Rc::new(Pipe::new(max));
    let back = Rc::new(Pipe::new(max));
    let near = DuplexStream {
        incoming: back.clone(),
        outgoing: there.clone(),
        made_at,
    };
    let far = DuplexStream {
        incoming: there,
        outgoing: back,
        made_at,
    };
    (near, far)
}

/// One end of a [`duplex()`].
pub struct DuplexStream {
    incoming: Rc<Pipe>,
    outgoing: Rc<Pipe>,
    /// The traits' methods know no caller: a task that waits here waits where it was made.
    made_at: &'static Location<'static>,
}

/// One way of a duplex.
struct Pipe {
    bytes: RefCell<VecDeque<u8>>,
    max: usize,
    /// Set by the writing end when it closes or goes: no byte will come any more.
    ended: Cell<bool>,
    /// Set by the reading end when it goes: no byte will be taken any more.
    broken: Cell<bool>,
    /// Parked while there is nothing to read.
    reader: WakerCell,
    /// Parked while there is no room.
    writer: WakerCell,
}

impl Pipe {
    fn new(max: usize) -> Pipe {
        Pipe {
            bytes: RefCell::new(VecDeque::new()),
            max,
            ended: Cell::new(false),
            broken: Cell::new(false),
            reader: WakerCell::new(),
            writer: WakerCell::new(),
        }
    }

    /// Moves bytes out, if there are any; 0 at the end.
    fn take(&self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut bytes = self.bytes.borrow_mut();
        if bytes.is_empty() && !self.ended.get() && !buffer.is_empty() {
            return Poll::Pending;
        }
        // `VecDeque` is a reader itself; one call gives its first contiguous part.
        let taken = io::Read::read(&mut *bytes, buffer)?;
        drop(bytes);
        if taken > 0 {
            self.writer.wake();
        }
        Poll::Ready(Ok(taken))
    }

    /// Moves bytes in, if there is room.
    fn put(&self, buffer: &[u8]) -> Poll<io::Result<usize>> {
        if self.broken.get() || self.ended.get() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let mut bytes = self.bytes.borrow_mut();
        let put = buffer.len().min(self.max - bytes.len());
        if put == 0 && !buffer.is_empty() {
            return Poll::Pending;
        }
        bytes.extend(&buffer[..put]);
        drop(bytes);
        if put > 0 {
            self.reader.wake();
        }
        Poll::Ready(Ok(put))
    }

    /// The writing end has said all it had to say.
    fn end(&self) {
        self.ended.set(true);
        self.reader.wake();
    }
}

/// Tries, parks on `cell`, and tries again: parking may run a stranger's code.
fn poll_pipe(
    cx: &mut Context<'_>,
    cell: &WakerCell,
    mut attempt: impl FnMut() -> Poll<io::Result<usize>>,
) -> Poll<io::Result<usize>> {
    ready!(coop::poll_budget(cx));
    let mut answer = attempt();
    if answer.is_pending() {
        cell.park(cx);
        answer = attempt();
    }
    if answer.is_ready() {
        coop::spend();
    }
    answer
}

impl AsyncRead for DuplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let pipe = &*self.incoming;
        let answer = poll_pipe(cx, &pipe.reader, || pipe.take(buffer));
        if answer.is_pending() {
            trace::waits(WaitKind::Readable, address_of(pipe), self.made_at);
        }
        answer
    }
}

impl AsyncWrite for DuplexStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let pipe = &*self.outgoing;
        let answer = poll_pipe(cx, &pipe.writer, || pipe.put(buffer));
        if answer.is_pending() {
            trace::waits(WaitKind::Writable, address_of(pipe), self.made_at);
        }
        answer
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // what is written is there already
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        self.incoming.reader.clear();
        self.outgoing.writer.clear();
        self.incoming.broken.set(true);
        self.incoming.writer.wake();
        self.outgoing.end();
    }
}

impl fmt::Debug for DuplexStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuplexStream")
            .field("to_read", &self.incoming.bytes.borrow().len())
            .field("to_be_read", &self.outgoing.bytes.borrow().len())
            .finish()
    }
}

/// Names a pipe in a wait record.
fn address_of(pipe: &Pipe) -> u64 {
    std::ptr::from_ref(pipe).addr() as u64
}
