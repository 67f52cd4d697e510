//! How fast a download is now, and how long it will take: by its last few seconds.
//!
//! Since the beginning would be steadier, but wrong for minutes after a line went from slow
//! to fast; since the last look would be right, but jump about.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far back it looks.
const MEMORY: Duration = Duration::from_secs(3);

/// Before this much was seen, nothing can be said.
const ENOUGH: Duration = Duration::from_millis(150);

/// When how many bytes had come.
#[derive(Debug, Default)]
pub struct Pace {
    /// Oldest first; one older than [`MEMORY`] is kept, as the point to measure from.
    marks: VecDeque<(Instant, u64)>,
}

impl Pace {
    pub fn mark(&mut self, now: Instant, received: u64) {
        self.marks.push_back((now, received));
        while self
            .marks
            .get(1)
            .is_some_and(|&(then, _)| now - then >= MEMORY)
        {
            self.marks.pop_front();
        }
    }

    /// Bytes in each second; `None` while it is too early to say.
    pub fn bytes_per_second(&self) -> Option<f64> {
        let (&(from, before), &(to, after)) = (self.marks.front()?, self.marks.back()?);
        let time = to - from;
        (time >= ENOUGH).then(|| (after - before) as f64 / time.as_secs_f64())
    }

    /// How long `rest` more bytes would take; `None` if nothing moves.
    pub fn time_for(&self, rest: u64) -> Option<Duration> {
        let seconds = rest as f64 / self.bytes_per_second()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.bytes_per_second(), None);
        pace.mark(start, 0);
        pace.mark(start + Duration::from_millis(100), 1_000_000);
        assert_eq!(pace.bytes_per_second(), None, "too early");
        for second in 1..=10 {
            pace.mark(
                start + Duration::from_secs(second),
                1_000_000 + second * 500,
            );
        }
        assert_eq!(pace.bytes_per_second(), Some(500.0));
        assert_eq!(pace.time_for(1000), Some(Duration::from_secs(2)));
        assert_eq!(pace.marks.len(), 4, "what is long past is forgotten");
    }

    #[test]
    fn what_stands_still_takes_nobody_knows_how_long() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.mark(start, 7);
        pace.mark(start + Duration::from_secs(1), 7);
        assert_eq!(
            (pace.bytes_per_second(), pace.time_for(1)),
            (Some(0.0), None)
        );
        assert_eq!(pace.time_for(0), None);
    }
}
