//! Is a further range worth it? By what the last one brought. No clock: the time is handed in.
//!
//! Law: who asks a server twice for one file takes from others what the server gives each of
//! its guests, and gains nothing where the way there, the disk, or we ourselves are the narrow
//! place. Consequence: nobody knows beforehand; so it is tried, one range at a time, and what
//! did not help is ended.
//!
//! ```text
//!            for `after`                     for `after` more
//!   watch ──────────────▶ Open, if the rest ────────────────▶ a tenth faster? then Open again
//!     ▲                   takes long enough                   else Close, and rest for longer
//!     └───────────────────────────────────────────────────────────────┘  each time
//! ```
//!
//! With an `after` of zero nothing is measured: all ranges that may be are opened at once, and
//! none is ended.

use std::time::{Duration, Instant};

/// A range that brings less than this much more is not worth it.
const GAIN: f64 = 1.1;

/// After one that was not worth it, so many times `after` pass until the next is tried; and
/// twice as long after each further one.
const REST: u32 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    Stay,
    /// Open a further range.
    Open,
    /// End the last one that was opened.
    Close,
}

#[derive(Debug)]
pub struct Growth {
    /// At most so many ranges, the first one included.
    most: usize,
    after: Duration,
    /// Bytes in a second that we do not want to exceed.
    limit: Option<f64>,
    /// From where the speed is measured: when, and how much had come.
    mark: (Instant, u64),
    /// The speed before the range that is on trial.
    trial: Option<f64>,
    /// Nothing is opened before.
    resting_until: Instant,
    /// How many were not worth it.
    failed: u32,
}

impl Growth {
    pub fn new(most: usize, after: Duration, limit: Option<u32>, now: Instant) -> Growth {
        Growth {
            most,
            after,
            limit: limit.map(f64::from),
            mark: (now, 0),
            trial: None,
            resting_until: now,
            failed: 0,
        }
    }

    /// When to ask again.
    pub fn due(&self) -> Instant {
        self.mark.0 + self.after
    }

    /// So much has come, with so many ranges, and so much is missing.
    pub fn advise(&mut self, now: Instant, received: u64, running: usize, rest: u64) -> Advice {
        if self.after.is_zero() {
            if running < self.most {
                return Advice::Open;
            }
            self.mark = (now + Duration::from_secs(1), received);
            return Advice::Stay;
        }
        if now < self.due() {
            return Advice::Stay;
        }
        let (since, before) = self.mark;
        let speed = (received - before) as f64 / (now - since).as_secs_f64();
        self.mark = (now, received);
        if let Some(former) = self.trial.take()
            && speed <= former * GAIN
        {
            self.rest(now);
            return Advice::Close;
        }
        let is_held_back = self.limit.is_some_and(|limit| speed > 0.8 * limit);
        let takes_long = rest as f64 > speed * 2.0 * self.after.as_secs_f64();
        if running < self.most && takes_long && !is_held_back && now >= self.resting_until {
            self.trial = Some(speed);
            return Advice::Open;
        }
        Advice::Stay
    }

    /// The range on trial begins to bring bytes: from now on they are counted.
    pub fn has_begun(&mut self, now: Instant, received: u64) {
        if self.trial.is_some() {
            self.mark = (now, received);
        }
    }

    /// A range was refused, or broke: what it would have brought says nothing.
    pub fn was_refused(&mut self, now: Instant) {
        self.trial = None;
        if self.after.is_zero() {
            self.most = self.most.saturating_sub(1).max(1);
        }
        self.rest(now);
    }

    fn rest(&mut self, now: Instant) {
        let times = REST.saturating_mul(2_u32.saturating_pow(self.failed));
        self.failed += 1;
        self.resting_until = now + self.after.saturating_mul(times).max(Duration::from_secs(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(3);
    const HUGE: u64 = u64::MAX / 2;

    /// What is advised every three seconds, on a way that gives each range `each` bytes a
    /// second, and all of them `all`.
    fn advised(most: usize, each: u64, all: u64, rounds: usize) -> (Vec<Advice>, usize) {
        let mut now = Instant::now();
        let mut growth = Growth::new(most, AFTER, None, now);
        let (mut received, mut running) = (0, 1);
        let advice = (0..rounds).map(|_| {
            now += AFTER;
            received += (each * running as u64).min(all) * 3;
            let advice = growth.advise(now, received, running, HUGE);
            match advice {
                Advice::Stay => {}
                Advice::Open => running += 1,
                Advice::Close => running -= 1,
            }
            advice
        });
        (advice.collect(), running)
    }

    #[test]
    fn ranges_are_added_one_by_one_while_each_makes_it_faster() {
        use Advice::{Open, Stay};
        let (advice, running) = advised(4, 100, 100_000, 6);
        assert_eq!(
            (advice, running),
            (vec![Open, Open, Open, Stay, Stay, Stay], 4)
        );
    }

    /// Broken by: leaving the comparison with the former speed out.
    #[test]
    fn the_one_that_did_not_help_is_ended_and_tried_again_ever_more_rarely() {
        use Advice::{Close, Open};
        let (advice, running) = advised(9, 100, 250, 60);
        assert_eq!(advice[..4], [Open, Open, Open, Close]);
        assert_eq!(running, 3, "two do not reach what there is, and three do");
        let tried: Vec<_> = (0..60).filter(|n| advice[*n] == Open).collect();
        assert_eq!(tried[..5], [0, 1, 2, 11, 28]);
    }

    #[test]
    fn nothing_is_opened_for_what_is_nearly_there_or_held_back_by_ourselves() {
        let now = Instant::now();
        let mut growth = Growth::new(4, AFTER, None, now);
        assert_eq!(growth.advise(now + AFTER, 300, 1, 590), Advice::Stay);
        assert_eq!(
            growth.advise(now + AFTER, 300, 1, HUGE),
            Advice::Stay,
            "too early"
        );
        assert_eq!(growth.advise(now + AFTER * 2, 600, 1, 610), Advice::Open);
        let mut growth = Growth::new(4, AFTER, Some(100), now);
        assert_eq!(growth.advise(now + AFTER, 300, 1, HUGE), Advice::Stay);
        let mut silent = Growth::new(4, AFTER, None, now);
        assert_eq!(silent.advise(now + AFTER, 0, 1, 10), Advice::Open);
    }

    #[test]
    fn without_a_wait_all_are_opened_at_once_and_none_is_ended() {
        let now = Instant::now();
        let mut growth = Growth::new(3, Duration::ZERO, None, now);
        assert_eq!(growth.due(), now);
        assert_eq!(growth.advise(now, 0, 1, 10), Advice::Open);
        assert_eq!(growth.advise(now, 0, 2, 10), Advice::Open);
        assert_eq!(growth.advise(now, 0, 3, 10), Advice::Stay);
        assert!(growth.due() > now);
    }

    #[test]
    fn the_trial_begins_with_the_first_byte() {
        let start = Instant::now();
        let mut growth = Growth::new(2, AFTER, None, start);
        assert_eq!(growth.advise(start + AFTER, 300, 1, HUGE), Advice::Open);
        let head = start + AFTER * 2;
        growth.has_begun(head, 600);
        assert_eq!(growth.advise(head + AFTER / 2, 700, 2, HUGE), Advice::Stay);
        assert_eq!(
            growth.advise(head + AFTER, 1200, 2, HUGE),
            Advice::Stay,
            "it is worth it"
        );
    }
}
