//! One source, as its owner sees it: [`Source`].
//!
//! `net` (and whoever else has a thing that can be ready) wraps each of its sockets into a
//! `Source` and reaches the kernel only through it. It owns the socket and its slot:
//! it is made by [`Source::new`] or [`Source::take_over`], and ends in its drop or in
//! [`Source::into_inner`].
//!
//! Every operation is one of three:
//!
//! | | waits as | for |
//! |---|---|---|
//! | [`Source::poll_io`], [`Source::poll_bytes`] | the last one who polled | the traits of futures-io |
//! | [`Waiter`] (made by [`Source::waiter`]) | itself, any number | futures of `&self` methods |
//! | [`Source::try_io`] | does not wait | `try_*` methods |
//!
//! Beside them stands [`Source::probe`], which believes nobody but the kernel.

use std::fmt;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use mio::{Interest, Token};

use super::backend::{self, Io};
use super::side::{Direction, Side, Slot};
use super::waiter::Waiter;
use super::{CURRENT, Reactor, ended};
use crate::{coop, current, trace};

/// A socket together with its slot.
pub(crate) struct Source<S: Io> {
    /// `None` only on the way out of [`Source::into_inner`].
    io: Option<S>,
    /// The other `Rc` of it is in the reactor's table until this is dropped.
    slot: Rc<Slot>,
    /// Kept alive by its sources, so that they can leave it whenever they go.
    reactor: Rc<Reactor>,
    /// Where it was made: what a wait record says of a task that waits in a `poll_*` method.
    at: &'static Location<'static>,
}

impl<S: Io> Source<S> {
    /// Makes a source of `io`, which must be non-blocking and a socket that was *made here*: no
    /// other descriptor of it is known to anybody. For both directions.
    ///
    /// # Errors
    /// Where no runtime runs on this thread. `io` is closed then, and nothing stays behind.
    #[cfg_attr(
        not(unix),
        allow(
            dead_code,
            reason = "only Unix sockets are made at once, elsewhere by tests alone"
        )
    )]
    #[track_caller]
    pub(crate) fn new(io: S) -> io::Result<Source<S>> {
        Source::new_for(io, Location::caller())
    }

    /// [`Source::new`] on behalf of a future that has kept its place.
    pub(crate) fn new_for(io: S, at: &'static Location<'static>) -> io::Result<Source<S>> {
        if !backend::LATE_IS_EARLY_ENOUGH {
            return Source::take_over(io, at);
        }
        let reactor = current::get(&CURRENT).ok_or_else(no_runtime)?;
        let slot = reactor.reserve(backend::BOTH)?;
        let io = Some(io);
        Ok(Source {
            io,
            slot,
            reactor,
            at,
        })
    }

    /// [`Source::new`] for what comes from elsewhere, where a duplicate of it may live. It is
    /// listed at once, so that what cannot be waited for is refused here.
    ///
    /// # Errors
    /// Those of `new`, and whatever the kernel has against it.
    pub(crate) fn take_over(io: S, at: &'static Location<'static>) -> io::Result<Source<S>> {
        Source::new_at(io, backend::BOTH, at)
    }

    /// [`Source::take_over`] for things that may have one direction only, such as an end of a
    /// pipe.
    pub(crate) fn new_at(
        mut io: S,
        interest: Interest,
        at: &'static Location<'static>,
    ) -> io::Result<Self> {
        let reactor = current::get(&CURRENT).ok_or_else(no_runtime)?;
        let slot = reactor.reserve_listed(&mut io, interest)?;
        slot.set_shared();
        let io = Some(io);
        Ok(Source {
            io,
            slot,
            reactor,
            at,
        })
    }

    /// The socket, for somebody who may duplicate its descriptor.
    pub(crate) fn lend(&self) -> &S {
        self.slot.set_shared();
        self.get_ref()
    }

    pub(crate) fn get_ref(&self) -> &S {
        self.io
            .as_ref()
            .expect("only into_inner takes it, and it takes self too")
    }

    /// Tries `op`; parks the task if it is refused. `op` must answer `WouldBlock` only where
    /// the kernel did, through mio's own I/O or a type's `try_io`.
    pub(crate) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        op: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        ready!(coop::poll_budget(cx));
        match self.attempt(direction, op) {
            Attempt::Over(result) => Poll::Ready(result),
            Attempt::Refused => self.poll_park(cx, direction),
        }
    }

    /// [`Source::poll_io`] for an `op` that moves up to `wanted` bytes of a *stream*: if it
    /// moves fewer, then the next one may park without asking the kernel. Not for `peek`,
    /// which leaves the bytes where they are (trap 3), and not for datagrams.
    pub(crate) fn poll_bytes(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        wanted: usize,
        op: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let result = ready!(self.poll_io(cx, direction, op));
        self.judge_length(direction, wanted, &result);
        Poll::Ready(result)
    }

    /// A seat for a future that waits for this side: see [`Waiter`].
    pub(crate) fn waiter(
        &self,
        direction: Direction,
        at: &'static Location<'static>,
    ) -> Waiter<'_, S> {
        Waiter::new(self, direction, at)
    }

    /// Tries `op` and answers at once, with `WouldBlock` where it would have to wait. A side
    /// that is known to be drained is not asked again before there was an event.
    pub(crate) fn try_io<R>(
        &self,
        direction: Direction,
        op: impl FnMut(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        if self.reactor.closed.get() {
            return Err(ended());
        }
        // After a short read "drained" may be said of a source that the kernel does not know
        // yet. Then no event will ever deny it.
        let side = self.side(direction);
        if side.is_drained() && self.slot.is_listed() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        match self.attempt_anyway(direction, op) {
            Attempt::Over(result) => result,
            Attempt::Refused => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// [`Source::try_io`] with the rule of [`Source::poll_bytes`].
    pub(crate) fn try_bytes(
        &self,
        direction: Direction,
        wanted: usize,
        op: impl FnMut(&S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let result = self.try_io(direction, op);
        self.judge_length(direction, wanted, &result);
        result
    }

    /// Asks the kernel, whatever is known about the side. `op` must go through mio's own I/O,
    /// which re-arms where that is needed. It may take bytes: then more is hoped for than
    /// there is, which costs one try in vain and no wake.
    ///
    /// Law: "drained" is the kernel's last word, as old as the loop's last visit. For one who
    /// then sleeps that is enough: what came since will wake him. Consequence: one who does
    /// not sleep, and needs to know how it is *now*, must ask anew. Price: a system call.
    ///
    /// # Errors
    /// Those of `op`, and where this source could not be waited for here.
    pub(crate) fn probe<R>(&self, op: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        self.check_home()?;
        self.ask(op)
    }

    /// Strikes the socket off the kernel's list and gives it back, still non-blocking.
    pub(crate) fn into_inner(mut self) -> io::Result<S> {
        let mut io = self.io.take().expect("nobody else takes it");
        self.reactor.strike_off(&mut io, &self.slot)?;
        Ok(io)
    }

    pub(super) fn token(&self) -> Token {
        self.slot.token()
    }

    pub(super) fn side(&self, direction: Direction) -> &Side {
        self.slot.side(direction)
    }

    /// One try, unless it is known to be in vain, or guessed.
    pub(super) fn attempt<R>(
        &self,
        direction: Direction,
        op: impl FnMut(&S) -> io::Result<R>,
    ) -> Attempt<R> {
        let side = self.side(direction);
        if side.begin_to_guess() {
            self.reactor.guesses.push(self.slot.guess());
        }
        match side.is_drained() || side.is_guessed() {
            true => Attempt::Refused,
            false => self.attempt_anyway(direction, op),
        }
    }

    fn attempt_anyway<R>(
        &self,
        direction: Direction,
        op: impl FnMut(&S) -> io::Result<R>,
    ) -> Attempt<R> {
        match self.ask(op) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock || backend::is_lost(&e) => {
                self.refused(self.side(direction))
            }
            result => {
                if result.is_ok() {
                    self.slot.succeeded(direction);
                }
                // An error is spent too: a loop that ignores errors must not starve others.
                coop::spend();
                Attempt::Over(result)
            }
        }
    }

    fn ask<R>(&self, mut op: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        loop {
            match op(self.get_ref()) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// The kernel said no: from here on the next edge is what counts.
    fn refused<R>(&self, side: &Side) -> Attempt<R> {
        side.refused();
        match self.reactor.rearm(self.get_ref(), &self.slot) {
            Ok(()) => Attempt::Refused,
            Err(e) => Attempt::Over(Err(e)),
        }
    }

    /// Fewer bytes than wanted: is that as good as a refusal? Only where every later byte
    /// makes an edge of its own, and while nothing but bytes was ever announced (traps 2, 54).
    /// Zero bytes are the end, not a refusal: whoever asks again shall be told so again.
    pub(super) fn judge_length(
        &self,
        direction: Direction,
        wanted: usize,
        moved: &io::Result<usize>,
    ) {
        let short = matches!(*moved, Ok(n) if 0 < n && n < wanted);
        let side = self.side(direction);
        if short && backend::EDGES_COME_BY_THEMSELVES && !side.is_hinted() {
            side.set_drained();
        }
    }

    /// May the running task sleep on this source? Only if the loop that runs it will visit
    /// the very kernel queue that the source is listed in; else it would sleep for ever.
    fn check_home(&self) -> io::Result<()> {
        if self.reactor.closed.get() {
            Err(ended())
        } else if !self.reactor.is_current() {
            Err(io::Error::other(
                "this socket belongs to another hob runtime and cannot wait in this one: take \
                 it along with into_std() there and from_std() here",
            ))
        } else {
            Ok(())
        }
    }

    /// What has to be so before a task may sleep on this source.
    pub(super) fn prepare_park(&self) -> io::Result<()> {
        self.check_home()?;
        self.reactor.enlist(self.get_ref(), &self.slot)
    }

    fn poll_park<R>(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<R>> {
        self.prepare_park()?;
        self.side(direction).park_polled(cx.waker());
        trace::waits(direction.wait_kind(), self.token().0 as u64, self.at);
        Poll::Pending
    }
}

/// What became of a try.
pub(super) enum Attempt<R> {
    Over(io::Result<R>),
    /// The side is drained now, and nothing was lost.
    Refused,
}

fn no_runtime() -> io::Error {
    io::Error::other(
        "no hob runtime runs on this thread: make sockets inside hob::block_on or a task of it",
    )
}

impl<S: Io> Drop for Source<S> {
    fn drop(&mut self) {
        if let Some(mut io) = self.io.take()
            && let Err(error) = self.reactor.strike_off_closing(&mut io, &self.slot)
        {
            log::debug!("closing a socket that the kernel no longer had in its list: {error}");
        }
    }
}

impl<S: Io + fmt::Debug> fmt::Debug for Source<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get_ref().fmt(f)
    }
}
