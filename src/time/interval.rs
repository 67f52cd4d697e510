//! [`Interval`]: the same wait again and again, counted from where it should have been.
//!
//! A loop around `sleep(period)` drifts, for each round takes the period *and* the work. An
//! interval knows when its next tick is due before it hands out this one, so the work comes
//! out of the period. What is left to choose is what to do when the work takes longer than
//! that: [`MissedTickBehavior`].

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::sleep::{Sleep, sleep_until};
use crate::clock;

/// How much later than due a tick may be and still count as on time for
/// [`MissedTickBehavior::Delay`]. Without it the ordinary lateness of a loop would add up,
/// tick by tick. tokio's value, where it covers a clock of milliseconds too.
const SLACK: Duration = Duration::from_millis(5);

/// Ticks every `period`; the first tick is ready at once.
///
/// # Panics
/// If `period` is zero: it would tick without end. (For "again, but let the others run
/// first" there is [`yield_now`](crate::yield_now).)
///
/// ```
/// use std::time::Duration;
/// # hob::Builder::new().virtual_time().block_on(async {
/// let start = hob::time::now();
/// let mut beat = hob::time::interval(Duration::from_millis(100));
/// for _ in 0..3 {
///     beat.tick().await; // after 0, 100 and 200 ms
/// }
/// assert_eq!(hob::time::now() - start, Duration::from_millis(200));
/// # });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(clock::now(), period)
}

/// Ticks at `start`, and every `period` from there.
///
/// # Panics
/// If `period` is zero, as [`interval`] does.
///
/// ```
/// use std::time::Duration;
/// # hob::Builder::new().virtual_time().block_on(async {
/// let start = hob::time::now() + Duration::from_secs(10);
/// let mut beat = hob::time::interval_at(start, Duration::from_secs(1));
/// assert_eq!(beat.tick().await, start);
/// assert_eq!(beat.tick().await, start + Duration::from_secs(1));
/// # });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "the period of an interval must be longer than zero, or it would tick without end"
    );
    Interval {
        sleep: sleep_until(start),
        period,
        missed_tick_behavior: MissedTickBehavior::default(),
    }
}

/// A beat. Made by [`interval`] and [`interval_at`].
#[derive(Debug)]
pub struct Interval {
    /// Its deadline is when the next tick is due. There is a timer only while somebody waits.
    sleep: Sleep,
    /// Never zero: checked by `interval_at`.
    period: Duration,
    missed_tick_behavior: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick, and gives the moment at which it was due.
    ///
    /// *Cancel safety*: no tick is lost; the next call waits for the same one.
    ///
    /// # Panics
    /// As [`sleep`](super::sleep()) does.
    ///
    /// ```
    /// use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let mut beat = hob::time::interval(Duration::from_secs(1));
    /// let first = beat.tick().await;
    /// assert_eq!(beat.tick().await - first, Duration::from_secs(1));
    /// # });
    /// ```
    #[track_caller]
    pub fn tick(&mut self) -> Tick<'_> {
        self.sleep.set_place(Location::caller());
        Tick { interval: self }
    }

    /// [`tick`](Interval::tick) for hand-written futures.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.sleep).poll(cx));
        let due = self.sleep.deadline();
        let behavior = self.missed_tick_behavior;
        self.sleep
            .reset(behavior.next(due, clock::now(), self.period));
        Poll::Ready(due)
    }

    /// The next tick comes one period from now.
    ///
    /// ```
    /// use hob::time::{now, sleep};
    /// use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let mut beat = hob::time::interval(Duration::from_secs(10));
    /// beat.tick().await;
    /// sleep(Duration::from_secs(4)).await;
    /// beat.reset();
    /// assert_eq!(beat.tick().await, now());
    /// # let reset_at = now() - Duration::from_secs(10);
    /// # assert_eq!(beat.tick().await - reset_at, Duration::from_secs(20));
    /// # });
    /// ```
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// The next tick is ready at once.
    pub fn reset_immediately(&mut self) {
        self.reset_at(clock::now());
    }

    /// The next tick comes `wait` from now, and the further ones a period apart from there.
    pub fn reset_after(&mut self, wait: Duration) {
        self.reset_at(clock::after(wait));
    }

    /// The next tick comes at `deadline`, and the further ones a period apart from there.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.sleep.reset(deadline);
    }

    /// The time from one tick to the next.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What happens when ticks are missed.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed_tick_behavior
    }

    /// Chooses what happens when ticks are missed. Without a choice:
    /// [`Burst`](MissedTickBehavior::Burst).
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed_tick_behavior = behavior;
    }
}

/// Future of [`Interval::tick`].
#[derive(Debug)]
#[must_use = "a Tick does nothing until it is awaited"]
pub struct Tick<'a> {
    interval: &'a mut Interval,
}

impl Future for Tick<'_> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.interval.poll_tick(cx)
    }
}

/// What an [`Interval`] does when a tick was not awaited until after the next one was due.
///
/// A period of 100 ms, and somebody busy from 100 to 330 ms:
///
/// ```text
///   ms      0         100       200       300       400       500       600
///   due     |         |         |         |         |         |         |
///   Burst   x         x·········busy·········xx     x         x         x
///   Delay   x         x·········busy·········x         x         x         x
///   Skip    x         x·········busy·········x      x         x         x
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Makes up for them: tick after tick without a wait until it has caught up. The number
    /// of ticks is right, their distance is not.
    ///
    /// ```
    /// # use hob::time::{interval, sleep};
    /// # use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let mut beat = interval(Duration::from_millis(100));
    /// let start = beat.tick().await;
    /// sleep(Duration::from_millis(330)).await;
    /// for expected in [100, 200, 300] {
    ///     let tick = beat.tick().await; // all three at 330 ms
    ///     assert_eq!(tick - start, Duration::from_millis(expected));
    /// }
    /// # assert_eq!(hob::time::now() - start, Duration::from_millis(330));
    /// # });
    /// ```
    #[default]
    Burst,

    /// Begins anew: one tick now, the next one a full period later. Two ticks are never
    /// closer than a period (less 5 ms, see below), but they leave the beat.
    ///
    /// A tick that is at most 5 ms late does not count as missed, or the small lateness that
    /// every loop has would add up.
    ///
    /// ```
    /// # use hob::time::{MissedTickBehavior, interval, now, sleep};
    /// # use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let mut beat = interval(Duration::from_millis(100));
    /// beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    /// let start = beat.tick().await;
    /// sleep(Duration::from_millis(330)).await;
    /// beat.tick().await; // at 330 ms
    /// beat.tick().await;
    /// assert_eq!(now() - start, Duration::from_millis(430));
    /// # });
    /// ```
    Delay,

    /// Leaves them out: one tick now, the next one when the beat that was begun with is due
    /// again.
    ///
    /// ```
    /// # use hob::time::{MissedTickBehavior, interval, now, sleep};
    /// # use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let mut beat = interval(Duration::from_millis(100));
    /// beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    /// let start = beat.tick().await;
    /// sleep(Duration::from_millis(330)).await;
    /// beat.tick().await; // at 330 ms
    /// beat.tick().await;
    /// assert_eq!(now() - start, Duration::from_millis(400));
    /// # });
    /// ```
    Skip,
}

impl MissedTickBehavior {
    /// When the tick after the one at `due`, which is handed out `now`, shall come.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        let late = now.saturating_duration_since(due);
        match self {
            MissedTickBehavior::Delay if late > SLACK => clock::later(now, period),
            MissedTickBehavior::Burst | MissedTickBehavior::Delay => clock::later(due, period),
            MissedTickBehavior::Skip => {
                let into_the_beat = late.as_nanos() % period.as_nanos();
                let into_the_beat = u64::try_from(into_the_beat).unwrap_or(u64::MAX);
                let missed = late.saturating_sub(Duration::from_nanos(into_the_beat));
                clock::later(due, missed.saturating_add(period))
            }
        }
    }
}
