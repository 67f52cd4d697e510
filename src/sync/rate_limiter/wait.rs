//! Waiting for tokens: first for the turn at the bucket, then for the moment.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use super::RateLimiter;
use crate::sync::wish::Turn;
use crate::time::{Sleep, sleep_until};

/// Future of [`RateLimiter::acquire`] and [`RateLimiter::acquire_many`].
#[must_use = "futures do nothing unless awaited"]
pub struct AcquireRate<'a> {
    limiter: &'a RateLimiter,
    tokens: u32,
    turn: Turn<'a>,
    /// Was there somebody at the bucket, or in line, when this came?
    in_line: bool,
    /// Until there will be enough. Made when it is our turn and there are not.
    sleep: Option<Sleep>,
}

impl<'a> AcquireRate<'a> {
    #[track_caller]
    pub(super) fn new(limiter: &'a RateLimiter, tokens: u32) -> AcquireRate<'a> {
        AcquireRate {
            limiter,
            tokens,
            turn: Turn::new(&limiter.gate),
            in_line: false,
            sleep: None,
        }
    }

    /// For who has the turn: takes the tokens and lets the next one have it. Otherwise says
    /// when to come again.
    fn take(&mut self) -> Result<(), Instant> {
        self.limiter.take(self.tokens)?;
        self.leave_bucket();
        self.turn.end();
        Ok(())
    }

    fn come_to_bucket(&mut self) {
        if !self.in_line {
            // Nobody waited until now: nothing beyond the burst was saved up.
            self.limiter.bucket.set(self.limiter.filled());
        }
        self.limiter.wanted.set(self.tokens);
    }

    fn leave_bucket(&mut self) {
        self.limiter.wanted.set(0);
        self.limiter.sleeper.clear();
        self.sleep = None;
    }

    /// The timer, set to `deadline`.
    fn sleep(&mut self, deadline: Instant) -> &mut Sleep {
        let at = self.turn.at();
        let sleep = self.sleep.get_or_insert_with(|| {
            let mut sleep = sleep_until(deadline);
            sleep.set_place(at);
            sleep
        });
        if sleep.deadline() != deadline {
            sleep.reset(deadline);
        }
        sleep
    }
}

impl Future for AcquireRate<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.turn.is_mine() {
            let turn = self.turn.poll(cx);
            self.in_line |= turn.is_pending();
            ready!(turn);
            self.come_to_bucket();
        }
        if self.take().is_ok() {
            return Poll::Ready(());
        }
        self.limiter.sleeper.park(cx);
        // Look again: parking may have run a stranger's code, which may have changed the rate.
        while let Err(deadline) = self.take() {
            ready!(Pin::new(self.sleep(deadline)).poll(cx));
        }
        Poll::Ready(())
    }
}

impl Drop for AcquireRate<'_> {
    fn drop(&mut self) {
        if self.turn.is_mine() {
            self.leave_bucket();
        }
        // And the turn goes on, by its own drop.
    }
}
