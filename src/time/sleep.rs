//! [`Sleep`]: one deadline to wait for. The only file of `time` that touches the timers.
//!
//! ```text
//!            poll, deadline ahead: timers::insert        poll, it has fired
//!      New ──────────────────────────────────► Waiting ────────────────────► Elapsed
//!       │ ▲                                      │  │ ▲                         │
//!       │ └──────────────────────────────────────│──│─│─────── reset ───────────┘
//!       │                     reset: timers::reset  └─┘
//!       └── poll, deadline passed ──► Elapsed    └── drop: timers::remove
//! ```
//!
//! The deadline is fixed when the future is made, so that work done between making and
//! awaiting it counts. The timer is made only by a poll that has to wait: a `timeout` around
//! something that is ready at once costs no timer.
//!
//! Whether a waiting one is over is not asked of the clock but of the timers: has it fired?
//! That is cheaper, and the loop has just looked at the clock for all of them.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use crate::clock;
use crate::coop;
use crate::timers::{self, Fate, TimerKey};
use crate::trace::{self, WaitKind};

/// Waits until `wait` has passed, counted from this call (not from the first poll).
///
/// *Cancel safety*: dropping it ends the timer, and nothing else happens.
///
/// # Panics
/// When polled where no hob runtime runs, or in another one than at first. Only a deadline
/// that lies ahead needs a runtime.
///
/// ```
/// use std::time::Duration;
/// # hob::Builder::new().virtual_time().block_on(async {
/// let start = hob::time::now();
/// hob::time::sleep(Duration::from_millis(250)).await;
/// assert_eq!(hob::time::now() - start, Duration::from_millis(250));
/// # });
/// ```
#[track_caller]
pub fn sleep(wait: Duration) -> Sleep {
    sleep_until(clock::after(wait))
}

/// Waits until `deadline`. One that has passed already is ready at the first poll. (If the loop was
/// kept from its next turn for more than a second, one that passed meanwhile may be seen a turn late.)
///
/// *Cancel safety*: dropping it ends the timer, and nothing else happens.
///
/// # Panics
/// As [`sleep`] does.
///
/// ```
/// use std::time::Duration;
/// # hob::Builder::new().virtual_time().block_on(async {
/// let deadline = hob::time::now() + Duration::from_secs(1);
/// hob::time::sleep_until(deadline).await;
/// assert_eq!(hob::time::now(), deadline);
/// # });
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep {
        deadline,
        state: State::New,
        at: Location::caller(),
    }
}

/// Future of [`sleep`] and [`sleep_until`].
///
/// It is `Unpin`, so it may be polled in a loop through `&mut sleep`, and once it is over it
/// stays ready until it is [`reset`](Sleep::reset).
#[derive(Debug)]
#[must_use = "a Sleep does nothing until it is awaited"]
pub struct Sleep {
    deadline: Instant,
    state: State,
    /// Where it was made; for an interval, where its tick is awaited. Shown by `hob::tasks`.
    at: &'static Location<'static>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// No timer has been made for this deadline.
    New,
    /// The timer, which may have fired meanwhile.
    Waiting(TimerKey),
    /// The deadline passed, and a poll has seen it.
    Elapsed,
}

impl Sleep {
    /// When it ends.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Has the deadline passed? It may have, and the task not been polled since.
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Elapsed) || clock::now() >= self.deadline
    }

    /// Gives it another deadline, whether or not it was over. A task that waits for it goes on
    /// waiting, without a poll in between, until the new one.
    ///
    /// ```
    /// use hob::time::{now, sleep};
    /// use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let start = now();
    /// let mut idle = sleep(Duration::from_secs(10));
    /// idle.reset(start + Duration::from_secs(60));
    /// idle.await;
    /// assert_eq!(now() - start, Duration::from_secs(60));
    /// # });
    /// ```
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        self.state = match self.state {
            State::Waiting(key) => timers::reset(key, deadline).map_or(State::New, State::Waiting),
            State::New | State::Elapsed => State::New,
        };
    }

    /// From now on it is `at` that waits.
    pub(crate) fn set_place(&mut self, at: &'static Location<'static>) {
        self.at = at;
    }

    fn look(&self, cx: &Context<'_>) -> State {
        match self.state {
            State::Elapsed => State::Elapsed,
            State::New if clock::has_passed(self.deadline) => State::Elapsed,
            State::New => State::Waiting(timers::insert(self.deadline, cx, self.at)),
            State::Waiting(key) => match timers::update(key, cx, self.at) {
                Fate::Fired => State::Elapsed,
                // In a runtime that has ended, forever.
                Fate::Waiting | Fate::Closed => State::Waiting(key),
            },
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        self.state = self.look(cx);
        if let State::Waiting(key) = self.state {
            trace::waits(WaitKind::Timer, key.number(), self.at);
            return Poll::Pending;
        }
        coop::spend();
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let State::Waiting(key) = self.state {
            timers::remove(key);
        }
    }
}
