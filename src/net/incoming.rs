//! What all listeners do with what `accept(2)` answers, and the connections as a stream:
//! [`Incoming`].
//!
//! Two errors of `accept(2)` are not the listener's fault. A connection that was gone before
//! it was accepted (`ECONNABORTED`) is skipped. Running out of descriptors (`EMFILE`) goes to
//! the caller, and here the edge-triggered law bites: the connection still waits in the
//! kernel, and no event will tell of it again. Consequence: an error leaves the listener
//! worth a try, so the next `accept` asks the kernel instead of sleeping for ever (trap 21).
//! Price: a server that tries again at once would spin; it should rest first, as [`Incoming`]
//! does by itself.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use super::connection::Connection;
use super::tcp_stream::TcpStream;
use crate::reactor::{Direction, Source, Waiter};
use crate::time::{Sleep, sleep};

/// How long [`Incoming`] waits after an error. Long enough that a server without descriptors
/// costs next to nothing, short enough that nobody notices once it has some again.
const REST: Duration = Duration::from_millis(100);

/// Leaves out the connections that were gone before they were accepted. Each of them has
/// left the kernel's queue by that, so this ends.
pub(super) fn skip_aborted<T>(mut accept: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match accept() {
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
            done => return done,
        }
    }
}

/// Stream of the connections to a listener: see
/// [`TcpListener::incoming`](super::TcpListener::incoming).
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a, S: Connection = TcpStream> {
    waiter: Waiter<'a, S::Listener>,
    /// Where it was asked for: the place of each connection, too.
    at: &'static Location<'static>,
    /// Set by an error; the next poll waits for it before it tries again.
    rest: Option<Sleep>,
}

impl<'a, S: Connection> Incoming<'a, S> {
    #[track_caller]
    pub(super) fn new(listener: &'a Source<S::Listener>) -> Incoming<'a, S> {
        let at = Location::caller();
        Incoming {
            waiter: listener.waiter(Direction::Read, at),
            at,
            rest: None,
        }
    }
}

impl<S: Connection> Stream for Incoming<'_, S> {
    type Item = io::Result<S>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(rest) = &mut this.rest {
            ready!(Pin::new(rest).poll(cx));
            this.rest = None;
        }
        let accept = |io: &S::Listener| S::accept_from(io, this.at);
        let accepted = ready!(this.waiter.poll_io(cx, accept));
        if accepted.is_err() {
            this.rest = Some(sleep(REST));
        }
        Poll::Ready(Some(accepted))
    }
}

impl<S: Connection> fmt::Debug for Incoming<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trap 21. Broken by: `skip_aborted` returning the first answer. (Linux itself never
    /// says `ECONNABORTED`, so no real socket can be made to.)
    #[test]
    fn a_connection_that_went_before_it_was_accepted_is_skipped_and_no_other_error_is() {
        use io::ErrorKind::{ConnectionAborted, Other, WouldBlock};
        let mut answers = [ConnectionAborted, ConnectionAborted, Other, WouldBlock].into_iter();
        let mut next = || Err::<(), _>(answers.next().unwrap().into());
        assert_eq!(skip_aborted(&mut next).unwrap_err().kind(), Other);
        assert_eq!(skip_aborted(&mut next).unwrap_err().kind(), WouldBlock);
    }
}
