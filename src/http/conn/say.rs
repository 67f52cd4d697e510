//! The request's way out: head and body to the socket, with an ear for an early answer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;

use crate::http::conn::Conn;
use crate::http::error::ErrorKind;
use crate::http::upload::Upload;

impl Conn {
    /// Is there nothing left to say, or nobody to hear it?
    pub(crate) fn is_said(&self, body: &Upload) -> bool {
        let is_all = self.now.sent == self.now.ask.head.len() && body.is_done();
        is_all || self.now.unsent.is_some() || self.now.early.is_some()
    }

    /// Did the kernel take all of it?
    pub(crate) fn has_said_all(&self, body: &Upload) -> bool {
        let is_whole = self.now.unsent.is_none() && self.now.early.is_none();
        is_whole && self.is_said(body)
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
}
