//! For the models of channels and queues: wakers that count, polling by hand, and the plain
//! model of a line in which one waits for places.

#![allow(dead_code, reason = "each model uses a part of it")]

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use proptest::prelude::ProptestConfig;

/// Half of the usual number of programs (or of `PROPTEST_CASES`), so that a model takes about
/// two seconds. A failure is printed with its shortest program, to be made a test by hand; no
/// file of seeds is kept.
pub(crate) fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases / 2,
        failure_persistence: None,
        ..usual
    }
}

/// Counts its wakes.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    pub(crate) fn new() -> Arc<Count> {
        Arc::default()
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Polls `future` once, with wakes going to `count`.
pub(crate) fn poll<F: Future + Unpin + ?Sized>(
    future: &mut F,
    count: &Arc<Count>,
) -> Poll<F::Output> {
    let waker = Waker::from(count.clone());
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// A future that somebody waits in, of whatever kind.
pub(crate) type Waiting<R> = Pin<Box<dyn Future<Output = R>>>;

/// Names one who waits.
pub(crate) type Id = u32;

/// So many places and a line of those who want some: a gate, with no thought of speed.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) free: usize,
    pub(crate) closed: bool,
    waiting: VecDeque<(Id, usize)>,
    granted: Vec<(Id, usize)>,
}

/// What has become of one who waits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Waits,
    Granted,
    Refused,
}

impl Line {
    pub(crate) fn new(free: usize) -> Line {
        Line {
            free,
            ..Line::default()
        }
    }

    /// Takes places that are free and that nobody waits for.
    pub(crate) fn try_take(&mut self, wanted: usize) -> bool {
        let may = wanted == 0 || (self.free >= wanted && self.waiting.is_empty());
        let may = may && !self.closed;
        if may {
            self.free -= wanted;
        }
        may
    }

    pub(crate) fn join(&mut self, id: Id, wanted: usize) {
        assert!(!self.closed);
        self.waiting.push_back((id, wanted));
    }

    pub(crate) fn fate(&self, id: Id) -> Fate {
        if self.granted.iter().any(|(other, _)| *other == id) {
            Fate::Granted
        } else if self.waiting.iter().any(|(other, _)| *other == id) {
            Fate::Waits
        } else {
            Fate::Refused
        }
    }

    /// The one who waited uses what it was granted.
    pub(crate) fn use_grant(&mut self, id: Id) {
        self.granted.retain(|(other, _)| *other != id);
    }

    /// The one who waited gives up.
    pub(crate) fn leave(&mut self, id: Id) {
        self.waiting.retain(|(other, _)| *other != id);
        let granted = self.granted.iter().find(|(other, _)| *other == id);
        self.free += granted.map_or(0, |(_, wanted)| *wanted);
        self.use_grant(id);
        self.hand_out();
    }

    pub(crate) fn give(&mut self, places: usize) {
        self.free += places;
        self.hand_out();
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.waiting.clear();
    }

    fn hand_out(&mut self) {
        while let Some((id, wanted)) = self.waiting.front().copied() {
            if wanted > self.free {
                return;
            }
            self.free -= wanted;
            self.granted.push((id, wanted));
            self.waiting.pop_front();
        }
    }
}
