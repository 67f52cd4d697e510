//! How many may ask one host at once, when it says that there are too many. No waiting here.
//!
//! Law: a host that answers 429 or 503 says "not now", and who goes on as before is told so
//! again, or locked out. How many it would take nobody says. Consequence: it is found by trying,
//! as TCP finds the speed of a path (AIMD): after a refusal half as many, after as many files as
//! may run at once one more.
//!
//! ```text
//!  free ──refused──▶ half of those that ran, and a rest ──as many arrived──▶ one more ─ ─▶ free
//!                          ▲                                    │
//!                          └────────────refused again───────────┘
//! ```
//!
//! - Requests that were under way when the limit fell are refused, too, perhaps. That is the
//!   same news and not worse news: each [`Ticket`] counts once, for the limit it was given under.
//! - In the rest nobody begins. It is as long as the host asks (`Retry-After`), else a second,
//!   doubled with each refusal since anything arrived; and chance adds to it, so that those who
//!   were sent away together do not come back together.

use std::time::{Duration, Instant};

/// The first rest of a host that asks for none.
const REST: Duration = Duration::from_secs(1);

/// After so many rests in which nothing arrived there is no hope that it is the crowd. That is
/// once more than 64 can be halved, and about a minute.
const HOPE: u32 = 7;

/// A host's limit.
#[derive(Debug)]
pub struct Limit {
    /// `--per-host`, or all that may run.
    most: usize,
    /// At most `most`, at least 1.
    now: usize,
    /// Files that arrived since `now` grew.
    arrived: usize,
    /// Has anything ever?
    has_served: bool,
    /// How often it fell since anything arrived.
    in_a_row: u32,
    /// How often it fell.
    falls: u64,
    /// Nobody begins before.
    rests_until: Option<Instant>,
}

/// Under which limit somebody began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ticket(u64);

/// What a host said besides "no".
#[derive(Debug, Clone, Copy, Default)]
pub struct Refusal {
    /// Its `Retry-After`.
    pub asked: Option<Duration>,
    /// From 0 to 1, by chance.
    pub chance: f64,
}

impl Limit {
    pub fn new(most: usize) -> Limit {
        Limit {
            most,
            now: most,
            arrived: 0,
            has_served: false,
            in_a_row: 0,
            falls: 0,
            rests_until: None,
        }
    }

    /// May one more begin, where so many run?
    pub fn has_room(&self, running: usize) -> bool {
        running < self.now
    }

    pub fn ticket(&self) -> Ticket {
        Ticket(self.falls)
    }

    pub fn now(&self) -> usize {
        self.now
    }

    /// How long nobody may begin, if that is so.
    pub fn rests_until(&self) -> Option<Instant> {
        self.rests_until
    }

    /// The rest is over.
    pub fn wake(&mut self) {
        self.rests_until = None;
    }

    /// It refused one of `running`. Returns until when it rests now; `None` if that is not about
    /// how many they are: there is only one, and nobody was ever given anything; or it helped
    /// nobody to be fewer.
    pub fn refused(
        &mut self,
        ticket: Ticket,
        running: usize,
        refusal: Refusal,
        now: Instant,
    ) -> Option<Instant> {
        if self.in_a_row >= HOPE || (running <= 1 && !self.has_served) {
            return None;
        }
        let rest = refusal.asked.unwrap_or(match ticket == self.ticket() {
            true => REST * 2_u32.pow(self.in_a_row),
            false => Duration::ZERO, // told already
        });
        if ticket == self.ticket() {
            self.now = (self.now.min(running) / 2).max(1);
            self.falls += 1;
            self.in_a_row += 1;
            self.arrived = 0;
        }
        let until = now + rest + rest.min(REST).mul_f64(refusal.chance);
        let until = self.rests_until.map_or(until, |before| before.max(until));
        self.rests_until = Some(until);
        self.rests_until
    }

    /// Somebody got what they came for.
    pub fn served(&mut self) {
        self.has_served = true;
        self.in_a_row = 0;
        self.arrived += 1;
        if self.now < self.most && self.arrived >= self.now {
            self.now += 1;
            self.arrived = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn asked(asked: Option<Duration>) -> Refusal {
        Refusal { asked, chance: 0.0 }
    }

    /// Broken by: halving for every refusal.
    #[test]
    fn many_refused_at_once_halve_it_once() {
        let (mut limit, now) = (Limit::new(usize::MAX), Instant::now());
        let before = limit.ticket();
        for _ in 0..64 {
            limit.refused(before, 64, Refusal::default(), now);
        }
        assert_eq!(limit.now(), 32);
        limit.refused(limit.ticket(), 10, Refusal::default(), now);
        assert_eq!(limit.now(), 5, "half of those that ran");
        for _ in 0..3 {
            limit.refused(limit.ticket(), 5, Refusal::default(), now);
        }
        assert_eq!(limit.now(), 1);
        assert!(limit.has_room(0) && !limit.has_room(1));
    }

    /// Broken by: adding one for each that arrived.
    #[test]
    fn it_grows_by_one_after_as_many_as_may_run_and_no_further_than_it_was() {
        let mut limit = Limit::new(4);
        limit.refused(limit.ticket(), 4, Refusal::default(), Instant::now());
        assert_eq!(limit.now(), 2);
        let grown = std::iter::repeat_with(|| {
            limit.served();
            limit.now()
        });
        assert_eq!(grown.take(7).collect::<Vec<_>>(), [2, 3, 3, 3, 4, 4, 4]);
    }

    /// Broken by: not counting in a row; or counting on after something arrived.
    #[test]
    fn the_rest_is_what_is_asked_for_or_doubles_until_something_arrives() {
        let (mut limit, now) = (Limit::new(8), Instant::now());
        let rest = |limit: &mut Limit, asked_for| {
            limit.wake();
            let until = limit.refused(limit.ticket(), 8, asked(asked_for), now);
            until.map(|until| until - now)
        };
        let rests = [None; 6].map(|none| rest(&mut limit, none).unwrap().as_secs());
        assert_eq!(rests, [1, 2, 4, 8, 16, 32]);
        assert_eq!(rest(&mut limit, Some(SECOND * 7)), Some(SECOND * 7));
        assert_eq!(rest(&mut limit, Some(SECOND * 7)), None, "there is no hope");
        limit.served();
        assert_eq!(rest(&mut limit, None), Some(SECOND));
        assert_eq!(rest(&mut limit, Some(Duration::ZERO)), Some(Duration::ZERO));
    }

    #[test]
    fn who_is_alone_is_refused_for_another_reason_unless_it_worked_before() {
        let (mut limit, now) = (Limit::new(8), Instant::now());
        assert_eq!(
            limit.refused(limit.ticket(), 1, Refusal::default(), now),
            None
        );
        assert_eq!((limit.now(), limit.rests_until()), (8, None));
        limit.served();
        assert!(
            limit
                .refused(limit.ticket(), 1, Refusal::default(), now)
                .is_some()
        );
    }

    #[test]
    fn the_longest_wish_counts_and_chance_adds_to_it() {
        let (mut limit, now) = (Limit::new(8), Instant::now());
        let before = limit.ticket();
        limit.refused(before, 8, asked(Some(SECOND * 5)), now);
        let five = Some(now + SECOND * 5);
        assert_eq!(limit.refused(before, 8, asked(Some(SECOND * 2)), now), five);
        assert_eq!(limit.refused(before, 8, asked(None), now), five);
        let refusal = Refusal {
            asked: Some(SECOND * 9),
            chance: 0.5,
        };
        let nine = now + SECOND * 9 + SECOND / 2;
        assert_eq!(limit.refused(before, 8, refusal, now), Some(nine));
    }
}
