//! What a connection stands on: [`Transport`].

use std::io;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::http::conn::TlsSession;
use crate::http::pipe::Pipe;

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

    /// Much will be read, for somebody who likes large pieces. Until [`Transport::rest`].
    fn expect_much(&mut self) {}

    /// The connection will be idle: gives memory back that only a busy one needs.
    fn rest(&mut self) {}

    /// Can it put bytes into a pipe without looking at them? Then [`Transport::poll_pass`] does.
    fn can_pass(&self) -> bool {
        false
    }

    /// Reads up to `most` bytes into an empty pipe. 0 is the end, as of any read.
    fn poll_pass(
        &mut self,
        _cx: &mut Context<'_>,
        _pipe: &Pipe,
        _most: usize,
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// How it is protected, if it is.
    fn tls(&self) -> Option<TlsSession> {
        None
    }
}
