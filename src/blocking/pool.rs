//! The pool of one runtime: its three lanes, their threads, and how it ends.
//!
//! This is the only file that starts threads. The first job of a runtime makes its [`Pool`]
//! ([`lazy`]); the loop asks that a few questions at each turn.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::cell::Work;
use super::lazy;
use super::line::{Class, Place};
use super::queue::{Pushed, Queue};
use crate::trace::{self, Event};

/// Names are looked up by at most so many threads at once.
const DNS_THREADS: usize = 4;

/// What a pool is made from.
#[derive(Clone, Debug)]
pub(crate) struct PoolConfig {
    /// The most threads of the general lane. 0: no threads in any lane.
    pub(crate) threads: usize,
    /// An idle thread leaves after so long.
    pub(crate) keep_alive: Duration,
    /// Threads are called `NAME-worker-1`, `NAME-dns-1`, `NAME-stdin-1` and so on.
    pub(crate) name: String,
}

/// Who may hold up whom: jobs of different lanes never wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    General,
    Dns,
    Stdin,
}

/// The worker pool of one runtime.
pub(crate) struct Pool {
    /// By `Lane as usize`.
    lanes: [Track; 3],
    config: PoolConfig,
    /// Jobs handed in so far.
    accepted: Cell<u64>,
    /// Jobs over, counted by whoever ends them.
    ended: Arc<AtomicU64>,
    /// How many of `ended` the trace was told about: see [`Pool::tell_ended`].
    told: Cell<u64>,
    /// May there be jobs that no thread will come for? True for ever with no threads at all,
    /// and while the system refuses us one.
    short_of_threads: Cell<bool>,
    /// Whose job [`Pool::run_one_here`] runs next, so that no lane starves another.
    next_lane: Cell<usize>,
    /// The general lane's threads, to be joined at the end. Those that left are let go of when
    /// the next is started.
    joinable: RefCell<Vec<JoinHandle<()>>>,
}

/// One lane.
struct Track {
    queue: Arc<Queue<Arc<dyn Work>>>,
    /// What its threads are called.
    label: &'static str,
    /// Threads started so far, for their names.
    started: Cell<usize>,
}

impl Pool {
    pub(crate) fn new(mut config: PoolConfig) -> Rc<Pool> {
        // The one character that a thread's name must not have: `thread::Builder` would panic.
        config.name.retain(|c| c != '\0');
        let track = |label, most: usize| Track {
            queue: Arc::new(Queue::new(if config.threads == 0 { 0 } else { most })),
            label,
            started: Cell::new(0),
        };
        Rc::new(Pool {
            lanes: [
                track("worker", config.threads),
                track("dns", DNS_THREADS),
                track("stdin", 1),
            ],
            short_of_threads: Cell::new(config.threads == 0),
            config,
            accepted: Cell::new(0),
            ended: Arc::default(),
            told: Cell::new(0),
            next_lane: Cell::new(0),
            joinable: RefCell::default(),
        })
    }

    /// Puts a job into its lane. `None` if the pool is closed: then the job is over already, run
    /// on the spot if it was mandatory, else cancelled.
    pub(super) fn submit(&self, lane: Lane, class: Class, work: Arc<dyn Work>) -> Option<Place> {
        self.count_one();
        self.put_in_line(lane, class, work)
    }

    /// A job was accepted, here or by a strand.
    pub(super) fn count_one(&self) {
        self.accepted.set(self.accepted.get() + 1);
        trace::emit(Event::JobStarted);
    }

    pub(super) fn put_in_line(
        &self,
        lane: Lane,
        class: Class,
        work: Arc<dyn Work>,
    ) -> Option<Place> {
        let track = &self.lanes[lane as usize];
        match track.queue.push(work, class) {
            Pushed::InLine(place) => Some(place),
            Pushed::StartWorker(place) => {
                self.start_worker(track);
                Some(place)
            }
            Pushed::Closed(work) => {
                match class {
                    Class::Mandatory => while work.run(&self.ended).tell() {},
                    Class::Free | Class::Bounded => work.cancel(&self.ended),
                }
                self.tell_ended();
                None
            }
        }
    }

    /// Starts a thread that the queue has counted already.
    fn start_worker(&self, track: &Track) {
        let number = track.started.get() + 1;
        let name = format!("{}-{}-{number}", self.config.name, track.label);
        let queue = track.queue.clone();
        let ended = self.ended.clone();
        let keep_alive = self.config.keep_alive;
        let thread = thread::Builder::new()
            .name(name)
            .spawn(move || queue.work(keep_alive, |job| job.run(&ended)));
        match thread {
            Ok(thread) => {
                track.started.set(number);
                self.remember(track, thread);
            }
            Err(error) => self.do_without(track, &error),
        }
    }

    /// The system refused a thread (`EAGAIN`: too many). Then the lane goes on with those it
    /// has; if it has none, the loop itself runs its jobs, as with `worker_threads(0)`, and each
    /// new job tries for a thread again. Slow, but nothing hangs and nothing is lost.
    fn do_without(&self, track: &Track, error: &io::Error) {
        if !track.queue.worker_did_not_start() {
            self.short_of_threads.set(true);
        }
        log::warn!("hob could not start a worker thread: {error}");
    }

    /// Keeps the thread to be joined, unless it belongs to a lane that is never waited for.
    fn remember(&self, track: &Track, thread: JoinHandle<()>) {
        if std::ptr::eq(track, &self.lanes[Lane::General as usize]) {
            let mut threads = self.joinable.borrow_mut();
            threads.retain(|thread| !thread.is_finished());
            threads.push(thread);
        }
    }

    /// Cancels a job that is still in line.
    pub(super) fn withdraw(&self, lane: Lane, place: Place) {
        if let Some(work) = self.lanes[lane as usize].queue.withdraw(place) {
            work.cancel(&self.ended);
            self.tell_ended();
        }
    }

    /// Tells the trace of the jobs that ended since it was last told.
    ///
    /// Jobs end on other threads, but events are told on the loop's. So `JobEnded` comes late:
    /// when somebody takes a result, when a job is cancelled, or when the runtime asks. A job
    /// whose result was taken is always counted by then.
    ///
    /// Told only to the trace of our own runtime: a job may be awaited in another one.
    pub(crate) fn tell_ended(&self) {
        if !lazy::is_current(self) {
            return;
        }
        let ended = self.ended.load(Ordering::Relaxed);
        while self.told.get() < ended {
            self.told.set(self.told.get() + 1);
            trace::emit(Event::JobEnded);
        }
    }

    /// Jobs handed in and not over: what a person would count. A job whose result somebody has
    /// is not among them.
    pub(crate) fn live(&self) -> usize {
        let ended = self.ended.load(Ordering::Relaxed);
        usize::try_from(self.accepted.get().saturating_sub(ended)).unwrap_or(usize::MAX)
    }

    #[cfg(test)]
    pub(crate) fn busy(&self) -> usize {
        self.lanes.iter().map(|track| track.queue.busy()).sum()
    }

    /// For a loop that must know when nothing runs any more (virtual time may jump then): has
    /// `waker` woken when a lane's last job is over. `false`, and no wake, if no lane is busy:
    /// then every awaiter of a job has been woken already, and no wake of the pool's is on its
    /// way.
    pub(crate) fn wake_when_quiet(&self, waker: &Waker) -> bool {
        // No short-circuit: every lane that is busy has to know.
        let busy = self
            .lanes
            .each_ref()
            .map(|track| track.queue.wake_when_quiet(waker));
        busy.contains(&true)
    }

    /// False with `worker_threads(0)`.
    pub(super) fn has_threads(&self) -> bool {
        self.threads() > 0
    }

    /// The most threads that the general lane may have.
    pub(super) fn threads(&self) -> usize {
        self.config.threads
    }

    /// Is there a job for [`Pool::run_one_here`]? One load, unless the pool lacks threads.
    #[inline]
    pub(crate) fn has_job_for_loop(&self) -> bool {
        self.short_of_threads.get() && self.look_for_job()
    }

    #[cold]
    fn look_for_job(&self) -> bool {
        let found = self.lanes.iter().any(|track| track.queue.wants_the_loop());
        // Refused a thread once, and now the jobs are done: the next may get one.
        self.short_of_threads.set(found || self.config.threads == 0);
        found
    }

    /// Runs one job on the caller's thread, if there is one that no thread will come for.
    pub(crate) fn run_one_here(&self) -> bool {
        if !self.short_of_threads.get() {
            return false;
        }
        let next = self.next_lane.get();
        for lane in next..next + self.lanes.len() {
            let lane = lane % self.lanes.len();
            if self.lanes[lane].queue.run_here(|job| job.run(&self.ended)) {
                self.next_lane.set(lane + 1);
                self.tell_ended();
                return true;
            }
        }
        false
    }

    /// The end, in this order: no more jobs are accepted; those that no worker has started are
    /// cancelled, except for the mandatory ones, which run; threads of the general lane are
    /// waited for until `deadline` has passed. Those of the other lanes leave when they can: a
    /// thread inside of `getaddrinfo` or `read(0)` cannot be stopped, and must not hold the exit
    /// (trap 39).
    pub(crate) fn shutdown(&self, deadline: Duration) {
        for track in &self.lanes {
            for work in track.queue.close() {
                work.cancel(&self.ended);
            }
            while track.queue.run_here(|job| job.run(&self.ended)) {}
        }
        let threads = self.joinable.take();
        if self.lanes[Lane::General as usize].queue.wait_gone(deadline) {
            for thread in threads {
                // They have left their loop. What panics now is a thread-local's destructor.
                let _ = thread.join();
            }
        } else if !deadline.is_zero() {
            log::warn!("a job was still running {deadline:?} after its runtime had ended");
        }
        self.tell_ended();
    }
}

impl Drop for Pool {
    /// A pool that nobody shut down sends its workers home, and waits for none.
    fn drop(&mut self) {
        self.shutdown(Duration::ZERO);
    }
}

#[cfg(test)]
mod tests;
