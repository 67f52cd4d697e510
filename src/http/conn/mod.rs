//! One connection: owns the socket and the one buffer, and takes both through an exchange.
//!
//! This is where bytes meet meaning. The protocol files (`head`, `body`) say what bytes mean;
//! this file brings them, keeps them, and drops them when they are done with. It knows no
//! URL, no pool and no clock: whoever polls it minds the time.
//!
//! ```text
//!   begin ──▶ poll_send ──all said──▶ poll_head ──head──▶ poll_chunk … ──end──▶ is_reusable?
//!                │   the answer came before all was said      ▲
//!                └────────────────────────────────────────────┘
//! ```
//!
//! Bytes are copied once, by the kernel, into [`Buffer`]. A piece of a body is a range of it,
//! lent until the next poll ([`Conn::lent`]). So the connection reads no further while a piece
//! is being used, and that is all the backpressure there is: the kernel's window fills up, and
//! the peer waits.
//!
//! - N1: bytes of one response are never read as part of the next. A connection is reusable
//!   only if the body is whole by its own framing, nothing follows it, and both sides said
//!   all they had to say.
//! - N2: a failed exchange is never resumed. Whoever sees it fail drops the connection.
//!
//! This file is long because an exchange is told in one place, from its first byte to its last.

mod session;

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::{HeaderMap, Method, StatusCode};
use futures_io::{AsyncRead, AsyncWrite};

use crate::http::body::Step;
use crate::http::body::{self, Body, Framing};
use crate::http::buffer::Buffer;
use crate::http::deadline::Flow;
use crate::http::error::{ErrorKind, Phase};
use crate::http::head::{Found, Head, HeadReader};
use crate::http::upload::Upload;

pub use session::TlsSession;

/// Whatever carries bytes both ways: a TCP stream, TLS over one, a fake in tests.
///
/// An end that may be a cut, because the transport has a goodbye of its own and it did not
/// come, is read as the error `UnexpectedEof`.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// Reads what is there at this very moment, or says `WouldBlock`. Whoever answers must ask
    /// the kernel: what the loop last heard of it may be as old as the connection's last use.
    fn read_now(&mut self, into: &mut [u8]) -> io::Result<usize>;

    /// Is something to be read, a byte or an end, be it only for the transport itself? Takes
    /// nothing, and asks the kernel.
    fn has_news(&self) -> bool;

    /// The connection will be idle: gives memory back that only a busy one needs.
    fn rest(&mut self) {}

    /// How it is protected, if it is.
    fn tls(&self) -> Option<TlsSession> {
        None
    }
}

pub(crate) struct Conn {
    io: Box<dyn Transport>,
    /// `None`: a Unix socket, which has no address.
    peer: Option<SocketAddr>,
    buffer: Buffer,
    /// Did a first exchange begin?
    is_used: bool,
    now: Exchange,
}

/// What is to be asked, as [`Conn::begin`] needs it. The default stands where nothing was yet.
#[derive(Default)]
pub(crate) struct Ask {
    /// Decides whether the answer has a body.
    pub(crate) method: Method,
    /// The whole head, as `request.rs` wrote it.
    pub(crate) head: Vec<u8>,
    /// The head says `Connection: close`.
    pub(crate) is_last: bool,
    /// The most bytes that the answer's head may have, and its trailers again.
    pub(crate) max_head: usize,
}

/// The exchange that is going on. Made anew by [`Conn::begin`].
struct Exchange {
    ask: Ask,
    /// How much of its head the kernel took. What of the body is the [`Upload`]'s to know.
    sent: usize,
    /// Bytes that the kernel took or gave, whatever they were.
    moved: u64,
    /// Set when sending failed. The peer's answer, if one comes, explains it better.
    unsent: Option<io::Error>,
    head: HeadReader,
    /// A 100 came: the body is awaited.
    is_awaited: bool,
    /// A head that came while the request was still being sent; taken by `poll_head`.
    early: Option<Head>,
    body: Body,
    /// Did any head so far, interim ones included, frame its message in an odd way?
    is_suspect: bool,
    /// Did a single byte of the answer arrive?
    heard: bool,
    /// Bytes of the buffer that are lent to the caller; dropped when it comes for more.
    lent: Range<usize>,
    /// The end of the body was seen.
    ended: bool,
    /// Nothing so far speaks against using the connection again (N1).
    keep: bool,
}

impl Conn {
    pub(crate) fn new(io: Box<dyn Transport>, peer: Option<SocketAddr>) -> Conn {
        Conn {
            io,
            peer,
            buffer: Buffer::new(),
            is_used: false,
            now: Exchange::new(Ask::default()),
        }
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Has the peer said anything at all in this exchange?
    pub(crate) fn was_heard(&self) -> bool {
        self.now.heard
    }

    /// Starts an exchange.
    pub(crate) fn begin(&mut self, ask: Ask) {
        debug_assert!(!self.is_used || self.is_reusable(), "N1");
        self.is_used = true;
        self.now = Exchange::new(ask);
    }

    /// Is there nothing left to say, or nobody to hear it?
    pub(crate) fn is_said(&self, body: &Upload) -> bool {
        let is_all = self.now.sent == self.now.ask.head.len() && body.is_done();
        is_all || self.now.unsent.is_some() || self.now.early.is_some()
    }

    /// Sends some of the head and of `body`. Ready after each bit of progress, so that a
    /// deadline can start anew; to be called until [`Conn::is_said`].
    ///
    /// Law: a peer may answer before it has heard everything ("too large", mostly), and stop
    /// reading. Who only writes would wait for ever. So while the socket takes no more, or the
    /// body's reader has no more, we listen too.
    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut Upload,
    ) -> Poll<Result<(), ErrorKind>> {
        if let Poll::Ready(filled) = body.poll_fill(cx) {
            filled?;
        }
        match self.poll_write(cx, body) {
            Poll::Ready(Ok(0)) if self.is_said(body) => {} // The reader ended without a byte.
            Poll::Ready(Ok(0)) => self.now.unsent = Some(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(count)) => self.count_sent(count, body),
            Poll::Ready(Err(error)) => self.now.unsent = Some(error),
            Poll::Pending => self.now.early = Some(ready!(self.poll_head(cx))?),
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, body: &Upload) -> Poll<io::Result<usize>> {
        let head = &self.now.ask.head[self.now.sent..];
        let body_now = body.ready();
        match (head.is_empty(), body_now.is_empty()) {
            _ if body.holds_back_head() => Poll::Pending,
            (true, true) if body.is_done() => Poll::Ready(Ok(0)),
            (true, true) => Poll::Pending, // It waits for its reader.
            (true, false) => Pin::new(&mut self.io).poll_write(cx, body_now),
            // Both in one system call, and in one packet where they fit.
            (false, _) => {
                let slices = [IoSlice::new(head), IoSlice::new(body_now)];
                Pin::new(&mut self.io).poll_write_vectored(cx, &slices)
            }
        }
    }

    fn count_sent(&mut self, count: usize, body: &mut Upload) {
        self.now.moved += count as u64;
        let of_head = count.min(self.now.ask.head.len() - self.now.sent);
        self.now.sent += of_head;
        body.sent(count - of_head);
    }

    /// After a head that expects a 100: waits for it. `false`: an answer came in its place.
    pub(crate) fn poll_awaited(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, ErrorKind>> {
        while !self.now.is_awaited && self.now.early.is_none() && self.now.unsent.is_none() {
            self.now.early = self.look_for_head()?;
            let is_over = self.now.is_awaited || self.now.early.is_some();
            if !is_over && ready!(self.poll_fill(cx, Phase::Head))? == 0 {
                return Poll::Ready(Err(self.now.head.eof(self.buffer.filled())));
            }
        }
        Poll::Ready(Ok(self.now.early.is_none()))
    }

    /// Waits for the final response's head. The body follows: [`Conn::poll_chunk`].
    pub(crate) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, ErrorKind>> {
        if let Some(head) = self.now.early.take() {
            self.now.keep = false; // N1: we did not say all that we announced.
            return Poll::Ready(Ok(head));
        }
        loop {
            if let Some(head) = self.look_for_head()? {
                return Poll::Ready(Ok(head));
            }
            let read = ready!(self.poll_fill(cx, Phase::Head));
            let ended = match read {
                Ok(0) => Some(self.now.head.eof(self.buffer.filled())),
                Ok(_) => None,
                Err(error) => Some(error),
            };
            if let Some(ended) = ended {
                // Nothing was heard that would explain why sending failed.
                let unsent = self.now.unsent.take();
                let broken = unsent.map(|error| ErrorKind::broken(Phase::Request, error));
                return Poll::Ready(Err(broken.unwrap_or(ended)));
            }
        }
    }

    fn look_for_head(&mut self) -> Result<Option<Head>, ErrorKind> {
        while !self.buffer.is_empty() {
            self.now.heard = true;
            match self.now.head.read(self.buffer.filled())? {
                Found::Partial => return Ok(None),
                Found::Interim(length, head) => {
                    self.buffer.consume(length);
                    self.now.is_awaited |= head.status == StatusCode::CONTINUE;
                    self.now.is_suspect |= body::is_suspect(&head);
                }
                Found::Final(length, head) => {
                    self.buffer.consume(length);
                    self.start_body(&head)?;
                    return Ok(Some(head));
                }
            }
        }
        Ok(None)
    }

    fn start_body(&mut self, head: &Head) -> Result<(), ErrorKind> {
        let now = &mut self.now;
        let framing = body::framing(&now.ask.method, head)?;
        now.body = Body::new(framing, now.ask.max_head);
        now.ended = now.body.is_done();
        let both_stay = head.keeps_alive() && !now.ask.is_last;
        now.is_suspect |= body::is_suspect(head);
        now.keep = both_stay && !now.is_suspect && now.unsent.is_none();
        Ok(())
    }

    /// Waits for a piece of the body. `true`: there is one, see [`Conn::lent`]. `false`: the
    /// body is over, and was whole.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, ErrorKind>> {
        self.take_back();
        while !self.now.ended {
            match self.now.body.decode(self.buffer.filled())? {
                Step::Data(range) => {
                    self.now.lent = range;
                    return Poll::Ready(Ok(true));
                }
                Step::End(length) => {
                    self.buffer.consume(length);
                    self.now.ended = true;
                }
                Step::More(length) => {
                    self.buffer.consume(length);
                    let read = ready!(self.poll_fill(cx, Phase::Body));
                    if self.is_end(read)? {
                        self.now.body.eof()?;
                        (self.now.ended, self.now.keep) = (true, false);
                    }
                }
            }
        }
        Poll::Ready(Ok(false))
    }

    /// An end that may be a cut is an end like any other where length or chunks will tell
    /// whether all is there (RFC 9112 §9.8).
    fn is_end(&self, read: Result<usize, ErrorKind>) -> Result<bool, ErrorKind> {
        match read {
            Err(error) if error.is_cut() && !self.now.body.is_until_close() => Ok(true),
            read => Ok(read? == 0),
        }
    }

    /// How the connection is protected.
    pub(crate) fn tls(&self) -> Option<TlsSession> {
        self.io.tls()
    }

    /// The piece of the body that is lent at the moment; empty if none is.
    pub(crate) fn lent(&self) -> &[u8] {
        &self.buffer.filled()[self.now.lent.clone()]
    }

    /// Gives `count` bytes of what is lent back early: the rest stays lent.
    pub(crate) fn give_back(&mut self, count: usize) {
        self.now.lent.start = (self.now.lent.start + count).min(self.now.lent.end);
    }

    /// The caller is done with what was lent.
    pub(crate) fn take_back(&mut self) {
        let lent = std::mem::take(&mut self.now.lent);
        self.buffer.consume(lent.end);
    }

    /// Drops what has arrived of the body by now, up to about `most` bytes. Waits for nothing.
    pub(crate) fn drain(&mut self, cx: &mut Context<'_>, most: usize) {
        let mut dropped = 0;
        while dropped < most && matches!(self.poll_chunk(cx), Poll::Ready(Ok(true))) {
            dropped += self.lent().len();
        }
    }

    pub(crate) fn trailers(&self) -> Option<&HeaderMap> {
        self.now.body.trailers()
    }

    /// The caller wants no more of this response. `true`: the connection may be laid aside
    /// for another exchange. A body counts as read if its end is here already, unread: who
    /// knows the length stops after the last byte and not after the end.
    pub(crate) fn finish(&mut self) -> bool {
        self.take_back();
        let step = self.now.body.decode(self.buffer.filled());
        if let Ok(Step::End(length)) = step {
            self.buffer.consume(length);
        }
        self.buffer.shrink();
        self.io.rest();
        self.is_reusable()
    }

    /// May another exchange begin (N1)?
    fn is_reusable(&self) -> bool {
        self.now.keep && self.now.body.is_done() && self.buffer.is_empty()
    }

    /// Is nothing to be read? A peer that closed, or that speaks without being asked, is not
    /// to be asked anything (N1). Costs one system call: all of what the peer did while the
    /// connection was idle may have come unheard. What only TLS says to TLS is no news.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let would_block = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        !self.io.has_news() || self.io.read_now(&mut [0]).is_err_and(would_block)
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>, phase: Phase) -> Poll<Result<usize, ErrorKind>> {
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, self.buffer.room()));
        if let Ok(count) = read {
            self.buffer.add(count);
            self.now.moved += count as u64;
        }
        Poll::Ready(read.map_err(|error| ErrorKind::broken(phase, error)))
    }
}

impl Flow for Conn {
    fn moved(&self) -> u64 {
        self.now.moved
    }

    fn has_news(&self) -> bool {
        self.io.has_news()
    }
}

impl Exchange {
    fn new(ask: Ask) -> Exchange {
        Exchange {
            sent: 0,
            moved: 0,
            unsent: None,
            head: HeadReader::new(ask.max_head),
            is_awaited: false,
            early: None,
            body: Body::new(Framing::Nothing, ask.max_head),
            is_suspect: false,
            heard: false,
            lent: 0..0,
            ended: false,
            keep: false,
            ask,
        }
    }
}
