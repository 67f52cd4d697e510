//! The response's way in: its head, and its body piece by piece.

use std::io;
use std::task::{Context, Poll, ready};

use ::http::{HeaderMap, StatusCode};

use crate::http::body::{self, Body, Step};
use crate::http::conn::Conn;
use crate::http::error::{ErrorKind, Phase};
use crate::http::head::{Found, Head};
use crate::http::pipe::Pipe;

impl Conn {
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

    /// So many bytes of the body are still to come and mean nothing but themselves, with none of
    /// them in our buffer: they may go by [`Conn::poll_pass`].
    pub(crate) fn passable(&mut self) -> u64 {
        self.take_back();
        match self.buffer.is_empty() && self.may_pass {
            true => self.now.body.plain_left(),
            false => 0,
        }
    }

    /// Waits for bytes of the body and puts up to [`Conn::passable`] of them into an empty
    /// pipe. Says how many. 0: it must be asked of [`Conn::poll_chunk`] what comes now, be it that
    /// this is the end of the connection, be it that the kernel does not do this.
    pub(crate) fn poll_pass(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &Pipe,
    ) -> Poll<Result<usize, ErrorKind>> {
        let most = usize::try_from(self.passable()).unwrap_or(usize::MAX);
        // The kernel takes no more than this at once (`read(2)`).
        let most = most.min(1 << 30);
        let passed = match ready!(self.io.poll_pass(cx, pipe, most)) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                self.pass_no_more();
                0
            }
            passed => passed.map_err(|error| ErrorKind::broken(Phase::Body, error))?,
        };
        self.now.body.skip(passed as u64);
        self.now.moved += passed as u64;
        Poll::Ready(Ok(passed))
    }

    /// From now on [`Conn::passable`] is 0.
    pub(crate) fn pass_no_more(&mut self) {
        self.may_pass = false;
    }

    /// An end that may be a cut is an end like any other where length or chunks will tell
    /// whether all is there (RFC 9112 §9.8).
    fn is_end(&self, read: Result<usize, ErrorKind>) -> Result<bool, ErrorKind> {
        match read {
            Err(error) if error.is_cut() && !self.now.body.is_until_close() => Ok(true),
            read => Ok(read? == 0),
        }
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

    /// Drops the body as it comes, up to about `most` bytes; `dropped` counts them. Ready at
    /// once where that cannot save the connection.
    pub(crate) fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        dropped: &mut usize,
        most: usize,
    ) -> Poll<()> {
        while self.now.keep && *dropped < most {
            match ready!(self.poll_chunk(cx)) {
                Ok(true) => *dropped += self.lent().len(),
                Ok(false) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }

    pub(crate) fn trailers(&self) -> Option<&HeaderMap> {
        self.now.body.trailers()
    }
}
