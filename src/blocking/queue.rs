//! Where jobs cross from the loop's thread to the workers': two lines under one lock.
//!
//! Called by the pool (`push`, `withdraw`, `close` …) on the loop's thread, and by each worker
//! ([`Queue::work`], its whole life) on its own. It is generic over what a job is: it never
//! runs, drops or looks into one while it holds the lock. Locks come by way of
//! [`crate::prims`], so that the model checker can try this very file in every interleaving.
//!
//! **Law:** waking a thread costs a system call, and a thread that wakes only to find the
//! lock taken pays a second one. **Consequence:** the queue counts who sleeps; it calls at
//! most one sleeper for each job, none if nobody sleeps, and calls after letting go of the
//! lock. **Choice:** a mutex and a condition variable, held for a few instructions, instead of
//! a lock-free queue: one job costs microseconds anyway. **Price:** about 20 ns for each lock.
//!
//! There are two lines because two kinds of callers meet here. What was *started*
//! (`spawn_blocking`, files) is accepted without limit. What is merely *awaited*
//! (`blocking::run`) is bounded: workers take from the two lines in turn, so that ten
//! thousand awaited jobs delay a file write by one of them and not by all.
//!
//! A worker's life, as the counters of `State` see it:
//!
//! ```text
//!   push wants a thread          no job left            push calls it
//!  ───────(1)─────────▶ awake ───────(2)──────▶ idle ───────(3)──────▶ called
//!                       ▲  │                     │                      │
//!                       │  │ closed, no job      │ (5) keep_alive over  │
//!                       │  └────────▶ gone ◀─────┘                      │
//!                       └───────────────────(4) it really wakes ────────┘
//! ```
//!
//! (1) `push`, (2, 4, 5) `rest`, (3) `push`. The caller moves a sleeper from *idle* to *called* at
//! once, not when it wakes: so a second push in between starts or calls somebody else.
//!
//! - **I1** A job in line while the queue is open has somebody on the way to it: a worker
//!   that is awake or called. Or there is no worker, and then the loop runs it here.
//! - **I2** `idle + called` is the number of workers inside of `Condvar::wait`; `workers`
//!   counts those plus the ones that are awake.
//! - **I3** `busy` counts jobs that were accepted and are not over. It falls only after the
//!   job ran to its end, its awaiter's wake included: "not busy" means that no wake of ours is
//!   still to come.

use std::sync::PoisonError;
use std::task::Waker;
use std::time::Duration;

use super::line::{Class, Entry, Line, Place};
use crate::prims::{Condvar, Mutex, MutexGuard};

/// What `push` made of a job.
pub(crate) enum Pushed<J> {
    /// It is in line and somebody will come for it.
    InLine(Place),
    /// It is in line, and the caller should start a worker, which is counted already. If it
    /// cannot: [`Queue::worker_did_not_start`].
    StartWorker(Place),
    /// The queue is closed; here is the job back.
    Closed(J),
}

/// One lane's jobs and workers.
pub(crate) struct Queue<J> {
    state: Mutex<State<J>>,
    /// Idle workers sleep here.
    work: Condvar,
    /// `wait_gone` sleeps here; the last worker to leave calls it.
    gone: Condvar,
}

struct State<J> {
    /// `Free` and `Mandatory` jobs.
    free: Line<J>,
    /// `Bounded` jobs.
    bounded: Line<J>,
    /// Whose turn it is when both lines have somebody.
    bounded_next: bool,
    /// As many threads as there may be. 0: the loop runs every job itself.
    max_workers: usize,
    /// Threads that live or are being started (I2).
    workers: usize,
    /// Asleep, and nobody called them (I2).
    idle: usize,
    /// Called, but not yet awake (I2).
    called: usize,
    /// Jobs accepted and not over (I3).
    busy: usize,
    /// No more jobs but mandatory ones that are in line already. Set once, by `close`.
    closed: bool,
    /// Whom to tell that `busy` fell to 0. Taken when told.
    when_quiet: Option<Waker>,
}

impl<J> Queue<J> {
    pub(crate) fn new(max_workers: usize) -> Queue<J> {
        Queue {
            state: Mutex::new(State {
                free: Line::new(),
                bounded: Line::new(),
                bounded_next: false,
                max_workers,
                workers: 0,
                idle: 0,
                called: 0,
                busy: 0,
                closed: false,
                when_quiet: None,
            }),
            work: Condvar::new(),
            gone: Condvar::new(),
        }
    }

    /// Puts a job in line and sees to it that somebody comes (I1).
    pub(crate) fn push(&self, job: J, class: Class) -> Pushed<J> {
        let mut state = self.lock();
        if state.closed {
            return Pushed::Closed(job);
        }
        let place = state.put_in_line(job, class);
        if state.idle > 0 {
            state.idle -= 1;
            state.called += 1;
            drop(state);
            self.work.notify_one();
        } else if state.workers < state.max_workers {
            state.workers += 1;
            return Pushed::StartWorker(place);
        }
        Pushed::InLine(place)
    }

    /// Takes a job out of line that no worker has taken yet. Constant time.
    pub(crate) fn withdraw(&self, place: Place) -> Option<J> {
        let mut state = self.lock();
        let line = match place.bounded {
            true => &mut state.bounded,
            false => &mut state.free,
        };
        let entry = line.withdraw(place.number)?;
        // Nobody sleeps until quiet while it withdraws: both happen on the loop's thread.
        state.busy -= 1;
        Some(entry.job)
    }

    /// A worker's life: runs jobs as they come, rests when there are none, and returns when
    /// there was nothing for `keep_alive`, or when the queue is closed and empty.
    ///
    /// `run` must not panic. It may give the job back: then that goes to the end of the line, for
    /// another turn.
    pub(crate) fn work(&self, keep_alive: Duration, mut run: impl FnMut(J) -> Option<J>) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.take_next() {
                drop(state);
                let again = run(job);
                state = self.over(again);
            } else if state.closed {
                break;
            } else {
                let goes_on;
                (state, goes_on) = self.rest(state, keep_alive);
                if !goes_on {
                    break;
                }
            }
        }
        state.workers -= 1;
        if state.workers == 0 {
            drop(state);
            self.gone.notify_all();
        }
    }

    /// Sleeps until called, or until the worker has been idle for too long: then `false`.
    fn rest<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<J>>,
        keep_alive: Duration,
    ) -> (MutexGuard<'a, State<J>>, bool) {
        state.idle += 1;
        loop {
            debug_assert!(state.idle + state.called <= state.workers, "I2");
            let timeout;
            (state, timeout) = self
                .work
                .wait_timeout(state, keep_alive)
                .unwrap_or_else(PoisonError::into_inner);
            if state.called > 0 {
                // I2: whoever called moved one of us out of `idle` already. Which of us takes
                // the call does not matter; the one it was meant for sleeps on.
                state.called -= 1;
                return (state, true);
            }
            if state.closed || timeout.timed_out() {
                // Nobody was called, so there was no job for us (I1): it is safe to leave.
                state.idle -= 1;
                let goes_on = state.closed;
                return (state, goes_on);
            }
            // A spurious wake, or our call was taken: the rest starts anew.
        }
    }

    /// Runs one job on the caller's thread, if there is one and no worker to do it (I1).
    pub(crate) fn run_here(&self, run: impl FnOnce(J) -> Option<J>) -> bool {
        let mut state = self.lock();
        if state.workers > 0 {
            return false;
        }
        let Some(job) = state.take_next() else {
            return false;
        };
        drop(state);
        let again = run(job);
        drop(self.over(again));
        true
    }

    /// Is there a job that [`Queue::run_here`] would run?
    pub(crate) fn wants_the_loop(&self) -> bool {
        let state = self.lock();
        state.workers == 0 && !(state.free.is_empty() && state.bounded.is_empty())
    }

    /// The thread that [`Pushed::StartWorker`] asked for could not be had. Says whether the
    /// lane has another worker, which will come for the job in its turn.
    pub(crate) fn worker_did_not_start(&self) -> bool {
        let mut state = self.lock();
        state.workers -= 1;
        state.workers > 0
    }

    /// Accepts no more jobs and returns those in line that need not run. The workers do what
    /// is mandatory, then leave.
    #[must_use = "their awaiters wait to be told"]
    pub(crate) fn close(&self) -> Vec<J> {
        let mut state = self.lock();
        state.closed = true;
        let mut unwanted = state.free.take_unless_mandatory();
        unwanted.append(&mut state.bounded.take_unless_mandatory());
        state.busy -= unwanted.len();
        drop(state);
        self.work.notify_all();
        unwanted
    }

    /// After `close`: waits for the last worker to leave, but no longer than `patience`.
    pub(crate) fn wait_gone(&self, patience: Duration) -> bool {
        let mut state = self.lock();
        while state.workers > 0 {
            if patience.is_zero() {
                return false;
            }
            let timeout;
            (state, timeout) = self
                .gone
                .wait_timeout(state, patience)
                .unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return state.workers == 0;
            }
            // A spurious wake: they are rare, and all it costs is that patience starts anew.
        }
        true
    }

    /// Jobs accepted and not over (I3).
    #[cfg(test)]
    pub(crate) fn busy(&self) -> usize {
        self.lock().busy
    }

    /// Has `waker` woken when `busy` next falls to 0; `false` if it is 0 already.
    pub(crate) fn wake_when_quiet(&self, waker: &Waker) -> bool {
        // Cloned and dropped outside of the lock: a waker may be a stranger's.
        let mut waker = Some(waker.clone());
        let mut state = self.lock();
        let busy = state.busy > 0;
        if busy {
            std::mem::swap(&mut state.when_quiet, &mut waker);
        }
        drop(state);
        drop(waker);
        busy
    }

    /// Slots that the two lines hold memory for.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        let state = self.lock();
        state.free.capacity() + state.bounded.capacity()
    }

    /// A job has run to its end (I3), or wants to be run `again`: then it is as promised as any
    /// mandatory one, and whoever calls this is the worker on its way to it (I1).
    fn over(&self, again: Option<J>) -> MutexGuard<'_, State<J>> {
        let mut state = self.lock();
        state.busy -= 1;
        if let Some(job) = again {
            state.put_in_line(job, Class::Mandatory);
            return state;
        }
        if state.busy == 0
            && let Some(waker) = state.when_quiet.take()
        {
            drop(state);
            waker.wake();
            return self.lock();
        }
        state
    }

    /// No job runs under the lock, so nothing can poison it but a bug of this file's.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    fn put_in_line(&mut self, job: J, class: Class) -> Place {
        self.busy += 1;
        let bounded = class == Class::Bounded;
        let line = match bounded {
            true => &mut self.bounded,
            false => &mut self.free,
        };
        let mandatory = class == Class::Mandatory;
        let number = line.push(Entry { job, mandatory });
        Place { bounded, number }
    }

    /// The next job: from the two lines in turn, each first come, first served.
    fn take_next(&mut self) -> Option<J> {
        let entry = match self.bounded_next {
            true => self.bounded.pop().or_else(|| self.free.pop()),
            false => self.free.pop().or_else(|| self.bounded.pop()),
        };
        self.bounded_next = !self.bounded_next;
        entry.map(|entry| entry.job)
    }
}
