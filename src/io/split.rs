//! One stream as two halves that different tasks own, and two halves as one stream.
//!
//! Streams of `net` have a `split` of their own, which is cheaper. This one takes any stream.
//!
//! Law: polling needs `&mut` of the stream, and both halves poll the same one. Consequence:
//! whoever polls takes the stream out of the cell that both share, and puts it back
//! afterwards; the stream is in a box, so what moves is a pointer. Nothing is borrowed while a
//! stranger's `poll_read` runs. Price: one allocation for each `split`, and a panic for a
//! stream that polls its other half from inside of a poll.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite, IoSlice, IoSliceMut};
use pin_project_lite::pin_project;

/// Splits a stream into a half that reads and a half that writes, for two tasks.
///
/// The stream is dropped with the second half. Dropping the half that writes does not close
/// the stream: say `close` first, if the peer is to know.
///
/// ```
/// # hob::block_on(async {
/// use hob::io::prelude::*;
///
/// let (near, mut far) = hob::io::duplex(64);
/// let (mut reads, mut writes) = hob::io::split(near);
/// let task = hob::spawn(async move { writes.write_all(b"hello").await });
/// far.write_all(b"you too").await?;
/// let mut heard = [0; 7];
/// reads.read_exact(&mut heard).await?;
/// assert_eq!(&heard, b"you too");
/// task.await??;
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
pub fn split<S: AsyncRead + AsyncWrite>(stream: S) -> (ReadHalf<S>, WriteHalf<S>) {
    let shared = Rc::new(Shared {
        stream: Cell::new(Some(Box::pin(stream))),
    });
    let reads = ReadHalf {
        shared: shared.clone(),
    };
    (reads, WriteHalf { shared })
}

struct Shared<S> {
    /// `None` only during a poll.
    stream: Cell<Option<Pin<Box<S>>>>,
}

impl<S> Shared<S> {
    /// Lends the stream to `poll`, and takes it back even if that panics.
    fn with<T>(&self, poll: impl FnOnce(Pin<&mut S>) -> T) -> T {
        let mut lent = Lent {
            shared: self,
            stream: self.stream.take(),
        };
        let stream = lent.stream.as_mut();
        poll(
            stream
                .expect("one half of a stream was polled while the other was")
                .as_mut(),
        )
    }
}

/// The stream while it is out.
struct Lent<'a, S> {
    shared: &'a Shared<S>,
    stream: Option<Pin<Box<S>>>,
}

impl<S> Drop for Lent<'_, S> {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            self.shared.stream.set(Some(stream));
        }
    }
}

/// The half that reads.
pub struct ReadHalf<S> {
    shared: Rc<Shared<S>>,
}

impl<S: Unpin> ReadHalf<S> {
    /// Makes one stream of two halves again.
    ///
    /// # Errors
    /// The halves themselves, if they were never one.
    ///
    /// ```
    /// let (reads, writes) = hob::io::split(hob::io::Cursor::new(vec![1, 2, 3]));
    /// let (_, foreign) = hob::io::split(hob::io::Cursor::new(vec![4]));
    /// let (reads, _foreign) = reads.reunite(foreign).unwrap_err();
    /// assert_eq!(reads.reunite(writes).unwrap().into_inner(), [1, 2, 3]);
    /// ```
    pub fn reunite(self, other: WriteHalf<S>) -> Result<S, (ReadHalf<S>, WriteHalf<S>)> {
        if !Rc::ptr_eq(&self.shared, &other.shared) {
            return Err((self, other));
        }
        let stream = self.shared.stream.take();
        let stream = stream.expect("nobody polls a half that was given away");
        Ok(*Pin::into_inner(stream))
    }
}

impl<S: AsyncRead> AsyncRead for ReadHalf<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.shared.with(|stream| stream.poll_read(cx, buffer))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.shared
            .with(|stream| stream.poll_read_vectored(cx, buffers))
    }
}

impl<S> fmt::Debug for ReadHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadHalf")
    }
}

/// The half that writes.
pub struct WriteHalf<S> {
    shared: Rc<Shared<S>>,
}

impl<S: AsyncWrite> AsyncWrite for WriteHalf<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.shared.with(|stream| stream.poll_write(cx, buffer))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.shared
            .with(|stream| stream.poll_write_vectored(cx, buffers))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.with(|stream| stream.poll_flush(cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.with(|stream| stream.poll_close(cx))
    }
}

impl<S> fmt::Debug for WriteHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteHalf")
    }
}

/// Makes one stream of a reader and a writer: what is read comes from the one, what is
/// written goes to the other.
///
/// ```
/// # hob::block_on(async {
/// use hob::io::prelude::*;
///
/// let mut console = hob::io::join(&b"typed"[..], Vec::new());
/// let mut input = String::new();
/// console.read_to_string(&mut input).await?;
/// console.write_all(b"shown").await?;
/// assert_eq!((&input[..], &console.into_inner().1[..]), ("typed", &b"shown"[..]));
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
pub fn join<R: AsyncRead, W: AsyncWrite>(reader: R, writer: W) -> Join<R, W> {
    Join { reader, writer }
}

pin_project! {
    /// A stream made by [`join()`].
    #[derive(Debug)]
    pub struct Join<R, W> {
        #[pin]
        reader: R,
        #[pin]
        writer: W,
    }
}

impl<R, W> Join<R, W> {
    /// The reader and the writer.
    pub fn into_inner(self) -> (R, W) {
        (self.reader, self.writer)
    }
}

impl<R: AsyncRead, W> AsyncRead for Join<R, W> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.project().reader.poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().reader.poll_read_vectored(cx, buffers)
    }
}

impl<R: AsyncBufRead, W> AsyncBufRead for Join<R, W> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().reader.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.project().reader.consume(amount);
    }
}

impl<R, W: AsyncWrite> AsyncWrite for Join<R, W> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().writer.poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().writer.poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().writer.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().writer.poll_close(cx)
    }
}
