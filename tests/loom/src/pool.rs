//! The queue of the worker pool: no job is forgotten, whoever sleeps, wakes, leaves or closes.

use std::task::{Wake, Waker};
use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread::{self, JoinHandle};

use crate::leftover::Leftover;
use crate::line::{Class, Place};
use crate::queue::{Pushed, Queue};

/// A job is a number; running it is counting it, and then waking `awaiter`.
struct Pool {
    queue: Arc<Queue<usize>>,
    ran: Arc<[AtomicUsize; 3]>,
    keep_alive: Duration,
    awaiter: Option<Waker>,
    workers: Vec<JoinHandle<()>>,
}

/// Too long for loom to see the end of.
const LONG: Duration = Duration::from_secs(10);

impl Pool {
    fn new(threads: usize, keep_alive: Duration) -> Pool {
        Pool {
            queue: Arc::new(Queue::new(threads)),
            ran: Arc::new([(); 3].map(|()| AtomicUsize::new(0))),
            keep_alive,
            awaiter: None,
            workers: Vec::new(),
        }
    }

    fn push(&mut self, job: usize, class: Class) -> Place {
        match self.queue.push(job, class) {
            Pushed::InLine(place) => place,
            Pushed::StartWorker(place) => {
                self.start_worker();
                place
            }
            Pushed::Closed(_) => panic!("it was not closed yet"),
        }
    }

    fn start_worker(&mut self) {
        let (queue, ran, keep_alive) = (self.queue.clone(), self.ran.clone(), self.keep_alive);
        let awaiter = self.awaiter.clone();
        self.workers.push(thread::spawn(move || {
            queue.work(keep_alive, |&job| {
                ran[job].fetch_add(1, Ordering::Relaxed);
                Leftover {
                    more: false,
                    waker: awaiter.clone(),
                }
            });
        }));
    }

    fn ran(&self, job: usize) -> usize {
        self.ran[job].load(Ordering::Relaxed)
    }

    fn join(&mut self) {
        for worker in self.workers.drain(..) {
            worker.join().expect("workers do not panic");
        }
    }
}

/// Was it woken?
struct Rung(AtomicBool);

impl Rung {
    fn new() -> std::sync::Arc<Rung> {
        std::sync::Arc::new(Rung(AtomicBool::new(false)))
    }

    fn wait(&self) {
        while !self.0.load(Ordering::Acquire) {
            thread::yield_now();
        }
    }
}

impl Wake for Rung {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// All interleavings with at most three forced switches. (Without that limit they take half a
/// minute instead of half a second, and find nothing more.)
fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// Trap 5, for workers. Broken by: leaving out `bell.ring()` in `push` or in `close`.
#[test]
fn a_job_that_comes_while_a_worker_lies_down_is_run() {
    model(|| {
        let mut pool = Pool::new(1, LONG);
        pool.push(0, Class::Mandatory);
        pool.push(1, Class::Mandatory);
        pool.push(2, Class::Mandatory);
        // Not closed before all is done: closing wakes everybody.
        while (0..3).any(|job| pool.ran(job) == 0) {
            thread::yield_now();
        }
        assert!(pool.queue.close().is_empty());
        pool.join();
        assert_eq!([0, 1, 2].map(|job| pool.ran(job)), [1, 1, 1]);
        assert_eq!(pool.queue.busy(), 0);
    });
}

/// Broken by: waking the awaiter before the worker lies down, or not getting up after it.
#[test]
fn a_job_that_comes_while_the_awaiter_is_woken_is_for_the_same_worker() {
    model(|| {
        let mut pool = Pool::new(2, LONG);
        let rung = Rung::new();
        pool.awaiter = Some(Waker::from(rung.clone()));
        pool.push(0, Class::Mandatory);
        rung.wait();
        assert!(matches!(
            pool.queue.push(1, Class::Mandatory),
            Pushed::InLine(_)
        ));
        while pool.ran(1) == 0 {
            thread::yield_now();
        }
        assert!(pool.queue.close().is_empty());
        pool.join();
        assert_eq!(pool.queue.busy(), 0);
    });
}

/// Broken by: leaving after a timeout without looking whether somebody called.
#[test]
fn a_job_that_comes_while_a_worker_leaves_is_run() {
    model(|| {
        let mut pool = Pool::new(1, Duration::ZERO);
        pool.push(0, Class::Free);
        pool.push(1, Class::Free);
        pool.join();
        assert_eq!([0, 1].map(|job| pool.ran(job)), [1, 1]);
        assert_eq!(pool.queue.busy(), 0);
    });
}

/// Broken by: leaving out `notify_all` where the last worker leaves.
#[test]
fn two_workers_share_the_jobs_and_the_calls() {
    model(|| {
        let mut pool = Pool::new(2, LONG);
        pool.push(0, Class::Mandatory);
        pool.push(1, Class::Bounded);
        let dropped = pool.queue.close();
        assert!(pool.queue.wait_gone(LONG));
        assert_eq!(pool.ran(0), 1);
        assert_eq!(pool.ran(1) + dropped.len(), 1);
        pool.join();
    });
}

/// Broken by: `busy` falling twice, or a job given out twice.
#[test]
fn a_job_is_either_withdrawn_or_run() {
    model(|| {
        let mut pool = Pool::new(1, LONG);
        pool.push(0, Class::Mandatory);
        let place = pool.push(1, Class::Bounded);
        let withdrawn = pool.queue.withdraw(place);
        assert!(pool.queue.withdraw(place).is_none());
        let dropped = pool.queue.close();
        pool.join();
        assert_eq!(pool.ran(1) + withdrawn.iter().len() + dropped.len(), 1);
        assert_eq!(pool.queue.busy(), 0);
    });
}

/// Broken by: looking at `busy` under another lock than the one under which the waker is put in its
/// place, or lowering `busy` before the job was run.
#[test]
fn whoever_waits_for_quiet_is_woken_or_told() {
    model(|| {
        let mut pool = Pool::new(1, LONG);
        pool.push(0, Class::Free);
        let rung = Rung::new();
        if pool.queue.wake_when_quiet(&Waker::from(rung.clone())) {
            rung.wait();
        }
        assert_eq!(pool.ran(0), 1);
        assert!(pool.queue.close().is_empty());
        pool.join();
    });
}
