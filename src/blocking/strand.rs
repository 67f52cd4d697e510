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
//! worker is in `run`, or the caller of `push` is about to hand it in; or jobs run *apart*.
//!
//! Those are jobs that need no order among themselves (reads and writes at an offset). If the
//! line is idle, each goes to the pool by itself, and any number of them run at once. Whoever
//! comes next in line waits for all: then nobody is sent for it, but the last job apart goes
//! on as the line. And what is started behind that stands in line, apart or not.
//!
//! - **S1** Nobody runs an entry while there are jobs apart, and none is added while active.
//!
//! What was handed in *is run*: also when the runtime ends, and also with no runtime at all. It
//! is what files promise of accepted data.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cell::{Cell, Work};
use super::job::Job;
use super::lazy::{current, try_current};
use super::leftover::Leftover;
use super::line::Class;
use super::pool::Lane;

/// For the panic of whoever has no runtime.
const WHAT: &str = "an operation on a hob::fs::File";

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
    /// Jobs that run apart and are not over.
    apart: usize,
}

/// A job apart; and after it, maybe, the line.
struct Apart {
    work: Arc<dyn Work>,
    /// Set when `work` is run.
    begun: AtomicBool,
    line: Arc<Line>,
}

impl Strand {
    pub(crate) fn new() -> Strand {
        let state = State {
            entries: VecDeque::new(),
            active: false,
            apart: 0,
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
        let pool = current(WHAT);
        let cell = Cell::new(f);
        pool.count_one();
        if self.line.push(cell.clone()) {
            pool.put_in_line(Lane::General, Class::Mandatory, self.line.clone());
        }
        Job::new(cell, pool, Lane::General, None, at)
    }

    /// Like [`Strand::start`], but `f` may run beside others that were started in this way.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[track_caller]
    pub(crate) fn start_apart<F, T>(&self, at: &'static Location<'static>, f: F) -> Job<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let pool = current(WHAT);
        if !self.line.lets_pass() {
            return self.start(at, f);
        }
        let cell = Cell::new(f);
        let work = Apart {
            work: cell.clone(),
            begun: AtomicBool::new(false),
            line: self.line.clone(),
        };
        pool.submit(Lane::General, Class::Mandatory, Arc::new(work));
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
            while self.line.run(&uncounted).tell() {}
        }
    }

    /// Does it run beside the program? Without threads the loop runs it, and both wait for it.
    pub(crate) fn runs_aside(&self) -> bool {
        current(WHAT).has_threads()
    }

    /// Is everything done that was started here?
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        let state = self.line.lock();
        !state.active && state.apart == 0
    }
}

impl Line {
    /// True: nobody is on the way yet, and the caller has to send somebody.
    fn push(&self, work: Arc<dyn Work>) -> bool {
        let mut state = self.lock();
        state.entries.push_back(work);
        let first = !std::mem::replace(&mut state.active, true);
        first && state.apart == 0
    }

    /// True: the line is idle, and one more job apart is counted (S1).
    fn lets_pass(&self) -> bool {
        let mut state = self.lock();
        state.apart += usize::from(!state.active);
        !state.active
    }

    /// One job apart is over. True: it was the last, and has to go on as the line.
    fn one_less_apart(&self) -> bool {
        let mut state = self.lock();
        state.apart -= 1;
        state.apart == 0 && state.active
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work for Line {
    /// One entry, and whether there are more.
    fn run(&self, ended: &AtomicU64) -> Leftover {
        let mut state = self.lock();
        debug_assert!(state.active && state.apart == 0, "S1");
        let entry = state.entries.pop_front();
        drop(state);
        let waker = entry.and_then(|entry| entry.run(ended).waker);
        let mut state = self.lock();
        state.active = !state.entries.is_empty();
        if !state.active && state.entries.capacity() > KEPT_CAPACITY {
            state.entries = VecDeque::new();
        }
        let more = state.active;
        Leftover { more, waker }
    }

    /// The pool cancels nothing that is mandatory.
    fn cancel(&self, _ended: &AtomicU64) {
        debug_assert!(false, "a strand is handed in as mandatory");
    }
}

impl Work for Apart {
    fn run(&self, ended: &AtomicU64) -> Leftover {
        // Nobody runs it twice at once, and between two turns it goes through the pool's lock.
        if self.begun.swap(true, Ordering::Relaxed) {
            return self.line.run(ended);
        }
        let waker = self.work.run(ended).waker;
        let more = self.line.one_less_apart();
        Leftover { more, waker }
    }

    /// The pool cancels nothing that is mandatory.
    fn cancel(&self, _ended: &AtomicU64) {
        debug_assert!(false, "handed in as mandatory");
    }
}
