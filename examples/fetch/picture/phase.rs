//! What a file can be doing, one thing at a time, and the spans of time in which it does.

use std::time::Duration;

pub const PHASES: usize = 11;

/// In the order in which they are usually gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Queued,
    Blocked,
    Dns,
    Connect,
    Tls,
    Sending,
    Waiting,
    Receiving,
    Stalled,
    Paused,
    Finishing,
}

impl Phase {
    pub const ALL: [Phase; PHASES] = [
        Phase::Queued,
        Phase::Blocked,
        Phase::Dns,
        Phase::Connect,
        Phase::Tls,
        Phase::Sending,
        Phase::Waiting,
        Phase::Receiving,
        Phase::Stalled,
        Phase::Paused,
        Phase::Finishing,
    ];

    /// As its class is called in `colors.css`, and its column in the table.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Queued => "queued",
            Phase::Blocked => "blocked",
            Phase::Dns => "dns",
            Phase::Connect => "connect",
            Phase::Tls => "tls",
            Phase::Sending => "sending",
            Phase::Waiting => "waiting",
            Phase::Receiving => "receiving",
            Phase::Stalled => "stalled",
            Phase::Paused => "paused",
            Phase::Finishing => "finishing",
        }
    }

    /// What it means, in the legend.
    pub fn meaning(self) -> &'static str {
        match self {
            Phase::Queued => "not its turn yet",
            Phase::Blocked => "preparing, or no connection was free",
            Phase::Dns => "looking up the host",
            Phase::Connect => "connecting, through a proxy if there is one",
            Phase::Tls => "shaking hands",
            Phase::Sending => "bytes went out",
            Phase::Waiting => "asked, no answer yet",
            Phase::Receiving => "bytes came",
            Phase::Stalled => "bytes should have come, none did",
            Phase::Paused => "pause before another try",
            Phase::Finishing => "checking, writing, naming",
        }
    }

    /// As the end of "for so long, the most that happened was …".
    pub fn happening(self) -> &'static str {
        match self {
            Phase::Queued => "waiting for a turn",
            Phase::Blocked => "preparing or waiting for a connection",
            Phase::Dns => "looking up hosts",
            Phase::Connect => "connecting",
            Phase::Tls => "shaking hands",
            Phase::Sending => "sending",
            Phase::Waiting => "waiting for an answer",
            Phase::Receiving => "receiving",
            Phase::Stalled => "waiting for bytes that did not come",
            Phase::Paused => "pausing before another try",
            Phase::Finishing => "checking and writing",
        }
    }

    /// Which of several at the same moment is the one that the time went into: the one that is
    /// furthest.
    pub fn rank(self) -> usize {
        match self {
            Phase::Queued => 0,
            Phase::Paused => 1,
            Phase::Blocked => 2,
            Phase::Stalled => 3,
            Phase::Dns => 4,
            Phase::Connect => 5,
            Phase::Tls => 6,
            Phase::Finishing => 7,
            Phase::Waiting => 8,
            Phase::Sending => 9,
            Phase::Receiving => 10,
        }
    }
}

/// One phase, from a moment to a later one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub phase: Phase,
    pub from: Duration,
    pub to: Duration,
}

impl Span {
    pub fn took(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

/// Spans one after the other, none over another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Track(pub Vec<Span>);

impl Track {
    /// Puts a span over what is there: the later painted is seen.
    pub fn paint(&mut self, phase: Phase, from: Duration, to: Duration) {
        if to <= from {
            return;
        }
        // Most are painted in order, at the end.
        if self.end().is_none_or(|end| end <= from) {
            self.0.push(Span { phase, from, to });
            return;
        }
        let mut left = Vec::with_capacity(self.0.len() + 2);
        let mut right = Vec::new();
        for span in self.0.drain(..) {
            let before = Span {
                to: span.to.min(from),
                ..span
            };
            let after = Span {
                from: span.from.max(to),
                ..span
            };
            left.extend((before.from < before.to).then_some(before));
            right.extend((after.from < after.to).then_some(after));
        }
        left.push(Span { phase, from, to });
        left.append(&mut right);
        self.0 = left;
    }

    pub fn end(&self) -> Option<Duration> {
        self.0.last().map(|span| span.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn track(spans: &[(Phase, u64, u64)]) -> Vec<(Phase, u64, u64)> {
        let mut track = Track::default();
        for (phase, from, to) in spans {
            track.paint(*phase, ms(*from), ms(*to));
        }
        let span = |s: &Span| (s.phase, s.from.as_millis() as u64, s.to.as_millis() as u64);
        track.0.iter().map(span).collect()
    }

    /// Broken by: leaving `after` out of `paint`.
    #[test]
    fn what_is_painted_later_lies_over_what_was_there() {
        use Phase::{Receiving, Stalled, Waiting};
        let painted = track(&[
            (Waiting, 0, 10),
            (Receiving, 10, 50),
            (Stalled, 20, 30),
            (Stalled, 40, 40),
        ]);
        let wanted = [
            (Waiting, 0, 10),
            (Receiving, 10, 20),
            (Stalled, 20, 30),
            (Receiving, 30, 50),
        ];
        assert_eq!(painted, wanted);
        assert_eq!(
            track(&[(Waiting, 5, 10), (Receiving, 0, 20)]),
            [(Receiving, 0, 20)]
        );
    }

    #[test]
    fn each_phase_has_a_rank_of_its_own() {
        let mut ranks = Phase::ALL.map(Phase::rank);
        ranks.sort_unstable();
        assert!(ranks.into_iter().eq(0..PHASES));
        assert!(Phase::ALL.iter().enumerate().all(|(n, p)| *p as usize == n));
    }
}
