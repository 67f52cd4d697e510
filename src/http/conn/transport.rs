//! What a connection stands on: [`Transport`].

use std::io;

use futures_io::{AsyncRead, AsyncWrite};

use crate::http::conn::TlsSession;

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
