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
//! Here is what a connection is, how an exchange begins, and what is left when it is over. What
//! goes out is in `say`, what comes in is in `hear`.

mod hear;
mod say;
mod session;
mod transport;

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::Method;
use futures_io::AsyncRead;

use crate::http::body::{Body, Framing, Step};
use crate::http::buffer::Buffer;
use crate::http::deadline::Flow;
use crate::http::error::{ErrorKind, Phase};
use crate::http::head::{Head, HeadReader};

pub use session::TlsSession;
pub(crate) use transport::Transport;

pub(crate) struct Conn {
    io: Box<dyn Transport>,
    /// `None`: a Unix socket, which has no address.
    peer: Option<SocketAddr>,
    /// Among those of its client, for observers.
    number: u64,
    buffer: Buffer,
    /// Did a first exchange begin?
    is_used: bool,
    /// May bytes go by without coming through `buffer`? Cleared if the kernel refuses, that or a pipe.
    may_pass: bool,
    now: Exchange,
}

/// What is to be asked, as [`Conn::begin`] needs it. The default stands where nothing was yet.
#[derive(Default)]
pub(crate) struct Ask {
    /// Decides whether the answer has a body.
    pub(crate) method: Method,
    /// The whole head, as `request` wrote it.
    pub(crate) head: Vec<u8>,
    /// The head says `Connection: close`.
    pub(crate) is_last: bool,
    /// The most bytes that the answer's head may have, and its trailers again.
    pub(crate) max_head: usize,
}

/// The exchange that is going on. Made anew by [`Conn::begin`].
struct Exchange {
    ask: Ask,
    /// How much of its head the kernel took. What of the body is the `Upload`'s to know.
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
            may_pass: io.can_pass(),
            io,
            peer,
            number: 0,
            buffer: Buffer::new(),
            is_used: false,
            now: Exchange::new(Ask::default()),
        }
    }

    pub(crate) fn numbered(self, number: u64) -> Conn {
        Conn { number, ..self }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Did a first exchange begin?
    pub(crate) fn is_used(&self) -> bool {
        self.is_used
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

    /// The body goes to a file: the pieces that are lent may be larger. Until it is over.
    pub(crate) fn expect_much(&mut self) {
        self.buffer.expect_much();
        self.io.expect_much();
    }

    /// How the connection is protected.
    pub(crate) fn tls(&self) -> Option<TlsSession> {
        self.io.tls()
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
