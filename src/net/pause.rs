//! Waiting for what the kernel announces to nobody: [`Pauses`].
//!
//! Law: an event tells that *our* socket can go on. Two things that a Unix socket may lack are
//! another's: room in the backlog of a listener that we connect to, and room in the queue of
//! a datagram socket that we send to without being connected to it. The kernel refuses
//! (`EAGAIN`), and makes no event when there is room.
//! Consequence: try again, after a pause. The first is just a visit to the kernel, since
//! whoever has to make room may be a task of this very loop; then 1 ms, and each twice as long
//! as the one before.
//! Choice: the alternative is to hand that error to the program, which could do no better. The
//! kernel does the same where TCP meets a full backlog: it sends its SYN again, after 1 s.
//! Price: up to [`LONGEST`] of lateness, and no order among those who wait.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::coop;
use crate::time::{Sleep, sleep};
use crate::trace::{self, WaitKind};

const FIRST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(64);

/// The pauses of one operation that is tried again and again.
pub(super) struct Pauses {
    /// Where the operation was called: goes into the wait record.
    at: &'static Location<'static>,
    /// How long the next one is; zero: until the kernel was visited.
    next: Duration,
    /// The one that is going on.
    now: Option<Pause>,
}

enum Pause {
    Visit,
    Sleep(Sleep),
}

impl Pauses {
    pub(super) fn new(at: &'static Location<'static>) -> Pauses {
        Pauses {
            at,
            next: Duration::ZERO,
            now: None,
        }
    }

    /// The next pause.
    pub(super) fn pause(&mut self) -> impl Future<Output = ()> {
        poll_fn(|cx| self.poll(cx))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.now {
            None => self.begin(cx),
            Some(Pause::Visit) => self.end(),
            Some(Pause::Sleep(sleep)) => {
                ready!(Pin::new(sleep).poll(cx));
                self.end()
            }
        }
    }

    fn begin(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.next.is_zero() {
            self.now = Some(Pause::Visit);
            trace::waits(WaitKind::Yield, 0, self.at);
            coop::wake_after_kernel(cx);
            return Poll::Pending;
        }
        let mut sleep = sleep(self.next);
        sleep.set_place(self.at);
        self.now = Some(Pause::Sleep(sleep));
        self.poll(cx)
    }

    fn end(&mut self) -> Poll<()> {
        self.now = None;
        self.next = (self.next * 2).clamp(FIRST, LONGEST);
        Poll::Ready(())
    }
}
