//! TLS over any transport: the [`Machine`] driven by polls.
//!
//! rustls knows no sockets. One shows it ciphertext, and it says what that calls for. Here are
//! the rules for when to read, when to write, and what the caller hears of it.
//!
//! ```text
//!   ┌─────────────┐  1. keys  ┌──────┐  2. close_notify ┌───────┐
//!   │ Handshaking ├──────────▶│ Open ├─────────────────▶│ Ended │  reads give 0
//!   └──────┬──────┘           └──┬──┬┘                  └───────┘
//!          │                     │  └──3. the socket's end alone──▶ Cut: reads give Truncated
//!          └───── 4. error ──────┴──▶ Failed: the same error each time
//! ```
//!
//! 1 is made by [`TlsStream::poll_handshake`]; 2, 3 and 4 by whoever looks at what came, most
//! of all `poll_read`.
//!
//! - T1: what is to go out goes out before anything is waited for. The peer may be waiting
//!   for just that, and a key update must be answered although the program only reads.
//! - T2: nothing is held without limit. `outgoing` takes more only when it is empty, `incoming`
//!   is filled only when nothing in it can be decrypted, and `spare` holds at most what one
//!   full `incoming` decrypts to.
//! - T3: messages that are not data (session tickets, key updates) are digested wherever
//!   bytes are looked at, and look like nothing to the caller.
//!
//! An end of the socket without TLS's own goodbye is not an end: `UnexpectedEof`, with
//! [`TlsError::Truncated`] inside. Whoever knows the length of what he reads may ignore it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use futures_io::{AsyncRead, AsyncWrite};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::machine::{Machine, Want};
use super::reasons;
use crate::http::conn::TlsSession;
use crate::http::conn::Transport;
use crate::http::error::TlsError;

/// Reads that [`Transport::read_now`] makes at most for messages that are no data.
const MOST_NEWS: usize = 4;

pub(super) struct TlsStream {
    io: Box<dyn Transport>,
    machine: Machine,
    /// The socket ended.
    is_ended: bool,
}

impl TlsStream {
    pub(super) fn new(
        io: Box<dyn Transport>,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<TlsStream, TlsError> {
        Ok(TlsStream {
            io,
            machine: Machine::new(config, name)?,
            is_ended: false,
        })
    }

    /// Waits until the keys are agreed upon and our last word on it is with the kernel.
    ///
    /// # Errors
    /// [`TlsError`] inside of an `io::Error`, or what the socket said.
    pub(super) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let (_, want) = self.digest(&mut [])?;
            ready!(self.poll_send(cx))?; // T1
            if want == Want::Data {
                return Poll::Ready(Ok(()));
            }
            if ready!(self.poll_fill(cx))? == 0 {
                let what = "the peer closed the connection";
                let error = io::Error::new(io::ErrorKind::UnexpectedEof, what);
                return Poll::Ready(Err(error));
            }
        }
    }

    /// [`Machine::digest`]. If that fails, the peer is told why. One try: it is a courtesy to
    /// whoever reads the server's log.
    fn digest(&mut self, into: &mut [u8]) -> io::Result<(usize, Want)> {
        let result = self.machine.digest(into);
        if result.is_err() {
            self.send_now();
        }
        result
    }

    /// Sends all there is to send.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.machine.to_send().is_empty() {
            let sent = Pin::new(&mut self.io).poll_write(cx, self.machine.to_send());
            match ready!(sent)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.machine.sent(count),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what the kernel takes at once, for one who will not come back.
    fn send_now(&mut self) {
        let _ = self.poll_send(&mut Context::from_waker(Waker::noop()));
    }

    /// Reads some ciphertext. 0 is the end of the socket.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.is_ended {
            return Poll::Ready(Ok(0));
        }
        let count = ready!(Pin::new(&mut self.io).poll_read(cx, self.machine.room()))?;
        self.filled(count);
        Poll::Ready(Ok(count))
    }

    fn filled(&mut self, count: usize) {
        self.machine.add(count);
        self.is_ended = count == 0;
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            let (filled, _) = this.digest(into)?;
            if filled > 0 || this.machine.is_closed() {
                return Poll::Ready(Ok(filled));
            }
            if let Poll::Ready(Err(_)) = this.poll_send(cx) {
                // T1, but the peer may have said something before it stopped listening. That
                // explains it better.
                this.machine.sent(this.machine.to_send().len());
            }
            if ready!(this.poll_fill(cx))? == 0 {
                return Poll::Ready(Err(reasons::io_error(TlsError::Truncated)));
            }
        }
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?; // T2
        let taken = this.machine.encrypt(slices)?;
        // What the kernel does not take now goes with the next call, or before the next read.
        match this.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.machine.close();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.io).poll_close(cx)
    }
}

impl Transport for TlsStream {
    fn has_news(&self) -> bool {
        self.machine.has_news() || self.is_ended || self.io.has_news()
    }

    fn read_now(&mut self, into: &mut [u8]) -> io::Result<usize> {
        for _ in 0..MOST_NEWS {
            let (filled, _) = self.digest(into)?; // T3
            if filled > 0 || self.machine.is_closed() || self.is_ended {
                return Ok(filled);
            }
            let count = self.io.read_now(self.machine.room())?;
            self.filled(count);
        }
        // Whoever has so much to say about nothing is no peer to go on with.
        Err(reasons::io_error(TlsError::Misbehaved))
    }

    fn expect_much(&mut self) {
        self.machine.expect_much();
    }

    fn rest(&mut self) {
        self.machine.rest();
        self.io.rest();
    }

    fn tls(&self) -> Option<TlsSession> {
        self.machine.session()
    }
}

impl Drop for TlsStream {
    /// Says goodbye if it can be said at once (RFC 8446 §6.1: each side must).
    fn drop(&mut self) {
        self.machine.close();
        self.send_now();
    }
}
