//! Where jobs cross from the loop's thread to the workers': lines and workers under one lock.
//!
//! Called by the pool (`push`, `withdraw`, `close` …) on the loop's thread, and by each worker
//! ([`Queue::work`], its whole life) on its own. It is generic over what a job is: it never
//! runs, drops or looks into one while it holds the lock. Locks come by way of
//! [`crate::prims`], so that the model checker can try this very file in every interleaving.
//!
//! **Law:** waking a thread costs a system call, and a thread that wakes only to find the
//! lock taken pays a second one. **Consequence:** the queue knows who is idle; it calls at most
//! one of them for each job, rings only if that one sleeps, and rings after letting go of the
//! lock. **Choice:** a mutex, held for a few instructions, instead of a lock-free queue: one job
//! costs microseconds anyway. **Price:** about 20 ns for each lock.
//!
//! The same law at a job's end: whoever awaits it is woken, and mostly has a next job at once. So
//! a worker that finds nobody in line lies down *before* it wakes the awaiter
//! ([`Queue::wake_lying_down`]). It can be called from then on, and if that happens before it
//! sleeps, it costs no system call. Woken first, the awaiter would find nobody idle, and start or
//! call a second worker for what the first could have done. **Price:** a waker that takes its
//! time (ours do not) may hold up one job, for which somebody else sleeps.
//!
//! A worker's life:
//!
//! ```text
//!   push wants a thread           no job left          push or close calls it
//!  ───────(1)─────────▶ awake ────────(2)──────▶ idle ────────(3)──────────┐
//!                       ▲  │                     │  │  nobody did, it looks │
//!                       │  │ closed, no job      │  └─────────(4)───────────┤
//!                       │  └────────▶ gone ◀─(5)─┘                          │
//!                       │               keep_alive over                     │
//!                       └───────────────────────────────────────────────────┘
//! ```
//!
//! (1) `push`, (2) `wake_lying_down`, `rest`, (3) `push`, `close`, (4) `wake_lying_down`, when its
//! watch is over, (5) `rest`. The caller takes a worker out of [`Idle`] at once, not when it wakes:
//! so a second push in between starts or calls somebody else.
//!
//! - **I1** A job in line while the queue is open has somebody on the way to it: a worker
//!   that is not idle. Or there is no worker, and then the loop runs it here.
//! - **I2** A worker that sleeps is idle, or its bell is being rung. `workers` counts those
//!   who are idle plus all others.
//! - **I3** `busy` counts jobs that were accepted and are not over. It falls only after the
//!   job ran to its end, its awaiter's wake included: "not busy" means that no wake of ours is
//!   still to come.

use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::idle::{Bell, Called, Idle, Worker};
use super::leftover::Leftover;
use super::line::{Class, Lines, Place};
use crate::caught;
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
    /// `wait_gone` sleeps here; the last worker to leave calls it.
    gone: Condvar,
}

struct State<J> {
    lines: Lines<J>,
    /// As many threads as there may be. 0: the loop runs every job itself.
    max_workers: usize,
    /// Threads that live or are being started (I2).
    workers: usize,
    /// Those of them that rest and were not called (I2).
    idle: Idle,
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
                lines: Lines::new(),
                max_workers,
                workers: 0,
                idle: Idle::new(),
                busy: 0,
                closed: false,
                when_quiet: None,
            }),
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
        match state.idle.call() {
            Called::Asleep(bell) => {
                drop(state);
                bell.ring();
            }
            Called::Nobody if state.workers < state.max_workers => {
                state.workers += 1;
                return Pushed::StartWorker(place);
            }
            Called::Awake | Called::Nobody => {}
        }
        Pushed::InLine(place)
    }

    /// Takes a job out of line that no worker has taken yet. Constant time.
    pub(crate) fn withdraw(&self, place: Place) -> Option<J> {
        let mut state = self.lock();
        let job = state.lines.withdraw(place)?;
        // Nobody sleeps until quiet while it withdraws: both happen on the loop's thread.
        state.busy -= 1;
        Some(job)
    }

    /// A worker's life: runs jobs as they come, rests when there are none, and returns when
    /// there was nothing for `keep_alive`, or when the queue is closed and empty.
    ///
    /// `run` must not panic.
    pub(crate) fn work(&self, keep_alive: Duration, mut run: impl FnMut(&J) -> Leftover) {
        let mut worker = Worker::new();
        let mut state = self.lock();
        loop {
            if let Some(job) = state.lines.pop() {
                drop(state);
                let leftover = run(&job);
                state = self.over(job, leftover, Some(&mut worker));
            } else if state.closed {
                break;
            } else {
                let goes_on;
                (state, goes_on) = self.rest(state, &worker.bell, keep_alive);
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
        bell: &Arc<Bell>,
        keep_alive: Duration,
    ) -> (MutexGuard<'a, State<J>>, bool) {
        state.idle.lie_down(bell);
        debug_assert!(state.idle.len() <= state.workers, "I2");
        while state.idle.falls_asleep(bell) {
            let in_vain;
            (state, in_vain) = bell.wait(state, keep_alive);
            if in_vain && state.idle.get_up(bell) {
                // Nobody called, so there is no job for us (I1): it is safe to leave.
                return (state, false);
            }
            // Called. Or a spurious wake: then the rest starts anew.
        }
        (state, true)
    }

    /// A job has run: its awaiter is woken, and it is over (I3). Or it wants to be run again: then
    /// it is as promised as any mandatory one. `worker` is the one who calls this.
    fn over(
        &self,
        job: J,
        Leftover { more, waker }: Leftover,
        worker: Option<&mut Worker>,
    ) -> MutexGuard<'_, State<J>> {
        // Otherwise it is dropped here, before the lock is taken.
        let again = more.then_some(job);
        let mut state = self.lock();
        if let Some(job) = again {
            state.put_in_line(job, Class::Mandatory);
        }
        let resting = worker.filter(|_| state.lines.is_empty() && !state.closed);
        if let Some(worker) = resting {
            state = self.wake_lying_down(state, waker, worker);
        } else if let Some(waker) = waker {
            drop(state);
            caught::wake(waker);
            state = self.lock();
        }
        state.busy -= 1;
        if state.busy == 0
            && let Some(waker) = state.when_quiet.take()
        {
            drop(state);
            waker.wake();
            return self.lock();
        }
        state
    }

    /// Wakes who awaits the worker's job, while it can be called already, and keeps watch: the next
    /// job is for it. See the module's documentation.
    fn wake_lying_down<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<J>>,
        waker: Option<Waker>,
        worker: &mut Worker,
    ) -> MutexGuard<'a, State<J>> {
        let Worker { bell, watch } = worker;
        state.idle.lie_down(bell);
        let is_alone = state.busy == 1;
        drop(state);
        waker.into_iter().for_each(caught::wake);
        if is_alone {
            watch.keep(|| bell.look_out());
        }
        state = self.lock();
        // Called or not, we look at the line next (I1).
        state.idle.get_up(bell);
        state
    }

    /// Runs one job on the caller's thread, if there is one and no worker to do it (I1).
    pub(crate) fn run_here(&self, run: impl FnOnce(&J) -> Leftover) -> bool {
        let mut state = self.lock();
        if state.workers > 0 {
            return false;
        }
        let Some(job) = state.lines.pop() else {
            return false;
        };
        drop(state);
        let leftover = run(&job);
        drop(self.over(job, leftover, None));
        true
    }

    /// Is there a job that [`Queue::run_here`] would run?
    pub(crate) fn wants_the_loop(&self) -> bool {
        let state = self.lock();
        state.workers == 0 && !state.lines.is_empty()
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
        let unwanted = state.lines.take_unless_mandatory();
        state.busy -= unwanted.len();
        let mut asleep = Vec::new();
        loop {
            match state.idle.call() {
                Called::Asleep(bell) => asleep.push(bell),
                Called::Awake => {}
                Called::Nobody => break,
            }
        }
        drop(state);
        for bell in asleep {
            bell.ring();
        }
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

    /// Slots that the lines hold memory for.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.lock().lines.capacity()
    }

    /// No job runs under the lock, so nothing can poison it but a bug of this file's.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    fn put_in_line(&mut self, job: J, class: Class) -> Place {
        self.busy += 1;
        self.lines.push(job, class)
    }
}
