//! The body of a request on its way out: a piece at a time, framed, from memory or a reader.
//!
//! ```text
//!                      a byte came           as many as announced             its end
//!   Fresh ──────────────────────────▶ Reading ────────────────────▶ Ending ───────────▶ Done
//!     ▲                                  │      its end, in chunks                       ▲
//!     │                                  └───────────────────────────────────────────────┤
//!     └────────────────────── rewind (from memory, or made anew) ────────────────────────┘
//! ```
//!
//! Only when a piece is sent is the reader asked for the next: so it is held up by the socket,
//! and what is in memory is one buffer of 64 KiB, whatever the length of the body.
//!
//! - U1: the server never sees a whole request with a wrong body. If the length was announced,
//!   the last piece is held back until the reader says that it is at its end, and one that
//!   ends early or goes on fails the request. In chunks, the last one is written only then.
//!   Where no byte was announced, the head is the last piece.
//! - U2: a reader that gave a byte is never taken for one that did not: what cannot be rewound
//!   is not sent twice.
//!
//! The reader is the caller's code: it is polled here, and wherever it fails or ends wrongly
//! the connection goes, for half a request lies on it.

use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::HeaderMap;
use futures_io::AsyncRead;

use crate::http::error::ErrorKind;
use crate::http::request::{self, Length};

/// Room for one piece. Larger ones gain nothing that can be measured.
const ROOM: usize = 64 * 1024;

/// In front of a chunk: its size and a line end, of 10 bytes at most.
const FRONT: usize = 10;

/// Behind a chunk: a line end.
const BEHIND: usize = 2;

pub(crate) type Reader = Pin<Box<dyn AsyncRead>>;

/// The fields behind the last chunk, made when all of it was sent.
pub(crate) type Trailers = Box<dyn FnMut() -> HeaderMap>;

pub(crate) struct Upload {
    source: Source,
    length: Length,
    state: State,
    /// Bytes that came from the source so far.
    got: u64,
    /// One piece, with its frame. Allocated for the first one.
    piece: Vec<u8>,
    /// What of the piece, or of the memory, was not sent yet.
    unsent: Range<usize>,
    trailers: Option<Trailers>,
}

enum Source {
    Memory(Vec<u8>),
    /// Can be read once.
    Once(Reader),
    /// Can be made again. `None` before the first time.
    Again(Box<dyn Make>, Option<Reader>),
}

/// See the module's doc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    Reading,
    Ending,
    Done,
}

/// Makes a reader, as often as the body is to be sent.
pub(crate) trait Make {
    fn make(&mut self) -> Pin<Box<dyn Future<Output = io::Result<Reader>> + '_>>;

    /// Can it make a second one?
    fn can_repeat(&self) -> bool {
        true
    }
}

/// A function that makes readers of one type.
pub(crate) struct Maker<F, R> {
    make: F,
    of: PhantomData<fn() -> R>,
}

impl<F, R> Maker<F, R> {
    pub(crate) fn new(make: F) -> Maker<F, R> {
        let of = PhantomData;
        Maker { make, of }
    }
}

impl<F, R> Make for Maker<F, R>
where
    F: AsyncFnMut() -> io::Result<R>,
    R: AsyncRead + 'static,
{
    fn make(&mut self) -> Pin<Box<dyn Future<Output = io::Result<Reader>> + '_>> {
        Box::pin(async { Ok(Box::pin((self.make)().await?) as Reader) })
    }
}

impl Upload {
    /// No body at all.
    pub(crate) fn nothing() -> Upload {
        Upload::new(Source::Memory(Vec::new()), Length::Nothing)
    }

    pub(crate) fn memory(bytes: Vec<u8>) -> Upload {
        let length = Length::Known(bytes.len() as u64);
        Upload::new(Source::Memory(bytes), length)
    }

    /// Of `length` bytes, or in chunks.
    pub(crate) fn once(reader: impl AsyncRead + 'static, length: Option<u64>) -> Upload {
        let length = length.map_or(Length::Chunked, Length::Known);
        Upload::new(Source::Once(Box::pin(reader)), length)
    }

    /// The same, of what can be made again.
    pub(crate) fn again(make: impl Make + 'static, length: Option<u64>) -> Upload {
        let length = length.map_or(Length::Chunked, Length::Known);
        Upload::new(Source::Again(Box::new(make), None), length)
    }

    fn new(source: Source, length: Length) -> Upload {
        let mut upload = Upload {
            source,
            length,
            state: State::Fresh,
            got: 0,
            piece: Vec::new(),
            unsent: 0..0,
            trailers: None,
        };
        upload.reset();
        upload
    }

    pub(crate) fn length(&self) -> Length {
        self.length
    }

    /// Bytes of it that are on their way, or were.
    pub(crate) fn so_far(&self) -> u64 {
        match &self.source {
            Source::Memory(bytes) => bytes.len() as u64,
            Source::Once(_) | Source::Again(..) => self.got,
        }
    }

    pub(crate) fn set_trailers(&mut self, trailers: Trailers) {
        self.trailers = Some(trailers);
    }

    /// Can it be sent from its beginning (U2)?
    pub(crate) fn can_repeat(&self) -> bool {
        let again = match &self.source {
            Source::Memory(_) => true,
            Source::Once(_) => false,
            Source::Again(make, _) => make.can_repeat(),
        };
        again || self.state == State::Fresh
    }

    /// Prepares it to be sent from its beginning, which may have been done before.
    pub(crate) async fn rewind(&mut self) -> Result<(), ErrorKind> {
        debug_assert!(self.can_repeat(), "U2");
        let is_begun = self.state != State::Fresh;
        if let Source::Again(make, reader) = &mut self.source
            && (is_begun || reader.is_none())
        {
            *reader = Some(make.make().await.map_err(ErrorKind::Read)?);
        }
        self.reset();
        Ok(())
    }

    fn reset(&mut self) {
        self.got = 0;
        (self.state, self.unsent) = match &self.source {
            // A slice of it is all the pieces at once.
            Source::Memory(bytes) => (State::Done, 0..bytes.len()),
            Source::Once(_) | Source::Again(..) => (State::Fresh, 0..0),
        };
    }

    /// Is the head by itself the whole request, if the reader keeps its word (U1)?
    pub(crate) fn holds_back_head(&self) -> bool {
        self.length == Length::Known(0) && !self.is_done()
    }

    /// Is there nothing left to send?
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done && self.unsent.is_empty()
    }

    /// What can be sent now.
    pub(crate) fn ready(&self) -> &[u8] {
        match &self.source {
            _ if self.state == State::Ending => &[], // U1
            Source::Memory(bytes) => &bytes[self.unsent.clone()],
            Source::Once(_) | Source::Again(..) => &self.piece[self.unsent.clone()],
        }
    }

    /// So many bytes of it were sent.
    pub(crate) fn sent(&mut self, count: usize) {
        self.unsent.start += count;
        debug_assert!(self.unsent.start <= self.unsent.end);
    }

    /// Waits until something can be sent, or it is done.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ErrorKind>> {
        while self.ready().is_empty() && self.state != State::Done {
            match (self.state, self.length) {
                (State::Ending, _) => ready!(self.poll_end(cx))?,
                (_, Length::Known(all)) => ready!(self.poll_known(cx, all))?,
                (_, _) => ready!(self.poll_chunk(cx))?,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The next piece of a body of `all` bytes.
    fn poll_known(&mut self, cx: &mut Context<'_>, all: u64) -> Poll<Result<(), ErrorKind>> {
        let left = all - self.got;
        // One byte more than is left, so that a reader with more is found out.
        let most = usize::try_from(left).map_or(ROOM, |left| left.saturating_add(1).min(ROOM));
        let count = ready!(self.poll_read(cx, 0..most))?;
        self.got += count as u64;
        if count == 0 && left > 0 || self.got > all {
            return Poll::Ready(Err(self.wrong_length()));
        }
        self.unsent = 0..count;
        self.state = match self.got == all {
            true if count == 0 => State::Done,
            true => State::Ending,
            false => State::Reading,
        };
        Poll::Ready(Ok(()))
    }

    /// All that was announced is there. Is the reader of the same opinion (U1)?
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ErrorKind>> {
        let end = self.unsent.end;
        let count = ready!(self.poll_read(cx, end..end + 1))?;
        if count > 0 {
            self.got += count as u64;
            return Poll::Ready(Err(self.wrong_length()));
        }
        self.state = State::Done;
        Poll::Ready(Ok(()))
    }

    /// The next chunk, or the last one.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ErrorKind>> {
        let count = ready!(self.poll_read(cx, FRONT..ROOM - BEHIND))?;
        self.got += count as u64;
        if count == 0 {
            self.piece = self.last_chunk()?;
            self.unsent = 0..self.piece.len();
            self.state = State::Done;
            return Poll::Ready(Ok(()));
        }
        let size = format!("{count:x}\r\n");
        let (start, end) = (FRONT - size.len(), FRONT + count);
        self.piece[start..FRONT].copy_from_slice(size.as_bytes());
        self.piece[end..end + BEHIND].copy_from_slice(b"\r\n");
        self.unsent = start..end + BEHIND;
        self.state = State::Reading;
        Poll::Ready(Ok(()))
    }

    /// RFC 9112 §7.1: size 0, the trailers, a blank line.
    fn last_chunk(&mut self) -> Result<Vec<u8>, ErrorKind> {
        let trailers = self.trailers.as_mut().map(|make| make());
        let mut out = b"0\r\n".to_vec();
        request::write_trailers(&mut out, &trailers.unwrap_or_default())?;
        out.extend_from_slice(b"\r\n");
        Ok(out)
    }

    /// Reads into this part of the piece.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        part: Range<usize>,
    ) -> Poll<Result<usize, ErrorKind>> {
        let reader = match &mut self.source {
            Source::Once(reader) | Source::Again(_, Some(reader)) => reader,
            Source::Memory(_) | Source::Again(_, None) => return Poll::Ready(Ok(0)),
        };
        if self.piece.len() < part.end + BEHIND {
            self.piece.resize(part.end + BEHIND, 0);
        }
        let read = ready!(reader.as_mut().poll_read(cx, &mut self.piece[part.clone()]));
        let count = read.map_err(ErrorKind::Read)?;
        assert!(
            count <= part.len(),
            "a reader gave more than it had room for"
        );
        Poll::Ready(Ok(count))
    }

    fn wrong_length(&self) -> ErrorKind {
        let announced = match self.length {
            Length::Known(all) => all,
            Length::Nothing | Length::Chunked => 0,
        };
        let got = self.got;
        ErrorKind::WrongLength { got, announced }
    }
}
