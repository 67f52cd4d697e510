//! A strand: jobs that run one after another, in the order in which they were handed in.
//!
//! **Law:** the pool runs jobs in any order and several at once. **Consequence:** two writes to
//! one file, each a job, could change places. **Choice:** each file has a line of its own, and
//! *that line* is the job: at each turn in the pool it runs its oldest entry, then goes back
//! to the end of the pool's line, if there is more. So order costs no worker that waits for
//! another, and a hundred busy files share four workers fairly. **Price:** one more lock.
//!
//! ```text
//!              start(f): a worker is asked for          the last entry was run
//!   idle ───────────────────(1)───────────────▶ active ──────────(2)──────────▶ idle
//!                                                │  ▲
//!                                                └──┘ an entry was run, more are left
//! ```
//!
//! (1) `push`, (2) `run`. While it is active, it stands in the pool's line exactly once, or a
//! worker is in `run`, or the caller of `push` is about to hand it in.
//!
//! What was handed in *is run*: also when the runtime ends, and also with no runtime at all. It
//! is what files promise of accepted data.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cell::{Cell, Work};
use super::job::Job;
use super::line::Class;
use super::pool::{Lane, current, try_current};

/// A line that was longer gives its memory back when it is empty.
const KEPT_CAPACITY: usize = 64;

/// See the module's documentation.
#[derive(Clone)]
pub(crate) struct Strand {
    line: Arc<Line>,
}

struct Line {
    state: Mutex<State>,
}

struct State {
    entries: VecDeque<Arc<dyn Work>>,
    /// Set by `push`, cleared by the `run` that finds nothing more.
    active: bool,
}

impl Strand {
    pub(crate) fn new() -> Strand {
        let state = State {
            entries: VecDeque::new(),
            active: false,
        };
        Strand {
            line: Arc::new(Line {
                state: Mutex::new(state),
            }),
        }
    }

    /// Runs `f` after everything that was started here before. `at` is where the program asked
    /// for it.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[track_caller]
    pub(crate) fn start<F, T>(&self, at: &'static Location<'static>, f: F) -> Job<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let pool = current("an operation on a hob::fs::File");
        let cell = Cell::new(f);
        pool.count_one();
        if self.line.push(cell.clone()) {
            pool.put_in_line(Lane::General, Class::Mandatory, self.line.clone());
        }
        Job::new(cell, pool, Lane::General, None, at)
    }

    /// [`Strand::start`] for destructors: gives no handle, and works without a runtime, too.
    /// Then `f` runs right here.
    pub(crate) fn run_surely<F>(&self, f: F)
    where
        F: FnOnce() + Send + 'static,
    {
        if try_current().is_some() {
            return drop(self.start(Location::caller(), f));
        }
        let uncounted = AtomicU64::new(0);
        if self.line.push(Cell::new(f)) {
            while self.line.run(&uncounted) {}
        }
    }

    /// Is everything done that was started here?
    pub(crate) fn is_idle(&self) -> bool {
        !self.line.lock().active
    }
}

impl Line {
    /// True: nobody is on the way yet, and the caller has to send somebody.
    fn push(&self, work: Arc<dyn Work>) -> bool {
        let mut state = self.lock();
        state.entries.push_back(work);
        !std::mem::replace(&mut state.active, true)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work for Line {
    /// One entry, and whether there are more.
    fn run(&self, ended: &AtomicU64) -> bool {
        let entry = self.lock().entries.pop_front();
        if let Some(entry) = entry {
            entry.run(ended);
        }
        let mut state = self.lock();
        state.active = !state.entries.is_empty();
        if !state.active && state.entries.capacity() > KEPT_CAPACITY {
            state.entries = VecDeque::new();
        }
        state.active
    }

    /// The pool cancels nothing that is mandatory.
    fn cancel(&self, _ended: &AtomicU64) {
        debug_assert!(false, "a strand is handed in as mandatory");
    }
}
