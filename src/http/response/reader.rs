//! A response's body as a reader of `futures-io`, buffered as it is.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead};

use crate::http::response::Response;

/// The body of a response: made by [`Response::into_reader`].
///
/// It is an [`AsyncRead`], and an [`AsyncBufRead`] that lends out the connection's own buffer
/// and copies nothing. Each error it gives is an [`io::Error`] with an
/// [`http::Error`](crate::http::Error) inside.
#[derive(Debug)]
pub struct BodyReader {
    response: Response,
}

impl BodyReader {
    pub(super) fn new(response: Response) -> BodyReader {
        BodyReader { response }
    }

    /// The response that is being read.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// Brings a next piece unless there is something left of the last one.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.response.lent().is_empty() {
            ready!(self.response.poll_advance(cx))?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for BodyReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_piece(cx))?;
        let piece = self.response.lent();
        let count = piece.len().min(into.len());
        into[..count].copy_from_slice(&piece[..count]);
        self.response.give_back(count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncBufRead for BodyReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_piece(cx))?;
        Poll::Ready(Ok(this.response.lent()))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.response.give_back(count);
    }
}
