//! Readiness as programs see it: [`Interest`] to ask for, [`Ready`] as the answer.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::ops::BitOr;
use std::panic::Location;
use std::task::{Context, Poll};

use crate::reactor::{Direction, Io, Source, Waiter};

/// Which directions of a socket an operation is about. Joined with `|`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interest {
    readable: bool,
    writable: bool,
}

impl Interest {
    /// Something to read, or a connection to accept.
    pub const READABLE: Interest = Interest {
        readable: true,
        writable: false,
    };

    /// Room to write.
    pub const WRITABLE: Interest = Interest {
        readable: false,
        writable: true,
    };

    /// Does it contain [`Interest::READABLE`]?
    pub const fn is_readable(self) -> bool {
        self.readable
    }

    /// Does it contain [`Interest::WRITABLE`]?
    pub const fn is_writable(self) -> bool {
        self.writable
    }

    fn directions(self) -> impl Iterator<Item = Direction> {
        let read = self.readable.then_some(Direction::Read);
        read.into_iter()
            .chain(self.writable.then_some(Direction::Write))
    }
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, other: Interest) -> Interest {
        Interest {
            readable: self.readable | other.readable,
            writable: self.writable | other.writable,
        }
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.readable, self.writable) {
            (true, true) => "READABLE | WRITABLE",
            (true, false) => "READABLE",
            _ => "WRITABLE",
        })
    }
}

/// Which directions of a socket may be worth a try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ready {
    readable: bool,
    writable: bool,
}

impl Ready {
    /// May there be something to read: bytes, the end, an error, a connection?
    pub const fn is_readable(self) -> bool {
        self.readable
    }

    /// May the kernel take bytes, or the connection be broken?
    pub const fn is_writable(self) -> bool {
        self.writable
    }
}

/// Waits until at least one of `interest`'s directions may be worth a try.
#[track_caller]
pub(super) fn ready<S: Io>(
    source: &Source<S>,
    interest: Interest,
) -> impl Future<Output = io::Result<Ready>> + Unpin {
    let at = Location::caller();
    let mut read = interest
        .readable
        .then(|| source.waiter(Direction::Read, at));
    let mut write = interest
        .writable
        .then(|| source.waiter(Direction::Write, at));
    poll_fn(move |cx| {
        // Both are asked, so that both are waited for.
        let ready = Ready {
            readable: is_ready(&mut read, cx)?,
            writable: is_ready(&mut write, cx)?,
        };
        if ready == Ready::default() {
            return Poll::Pending;
        }
        Poll::Ready(Ok(ready))
    })
}

fn is_ready<S: Io>(waiter: &mut Option<Waiter<'_, S>>, cx: &mut Context<'_>) -> io::Result<bool> {
    match waiter.as_mut().map(|waiter| waiter.poll_ready(cx)) {
        Some(Poll::Ready(result)) => result.map(|()| true),
        Some(Poll::Pending) | None => Ok(false),
    }
}

/// Does `op` unless every direction of `interest` is known to be drained. If it is refused,
/// all of them are from then on.
pub(super) fn try_io<S: Io, R>(
    source: &Source<S>,
    interest: Interest,
    mut op: impl FnMut(&S) -> io::Result<R>,
) -> io::Result<R> {
    let mut last = Err(io::ErrorKind::WouldBlock.into());
    for direction in interest.directions() {
        last = source.try_io(direction, &mut op);
        match &last {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            _ => break,
        }
    }
    last
}
