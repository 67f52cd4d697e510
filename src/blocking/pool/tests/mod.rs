//! The pool by itself: no loop and no tasks. A thread that parks stands in for both.
//!
//! Here is what all of these tests use; then `jobs` is about one job and its awaiter, `threads`
//! about who runs it, `strands` about jobs that keep their order, `end` about the exit.

mod jobs;
mod threads;
mod strands;
mod end;

use super::super::cell;
use super::super::lazy::{self, LazyPool};
use super::super::{Job, Strand, run, spawn_blocking, start};
use super::*;
use crate::current::Entered;
use std::future::Future;
use std::panic::{self, Location};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Wake};
use std::time::Instant;

fn pool(threads: usize) -> Rc<Pool> {
    Pool::new(PoolConfig {
        threads,
        keep_alive: Duration::from_secs(10),
        name: "\0t".into(), // a NUL would make `thread::Builder` panic
    })
}

fn enter(pool: Rc<Pool>) -> Entered<LazyPool> {
    lazy::enter(LazyPool::around(pool))
}

/// No test waits that long unless it has failed already.
const HANG: Duration = Duration::from_secs(30);

/// A stopper that nobody releases ends by itself after so long: whoever waits for it wrongly is
/// found out, rather than hanging.
const GIVE_UP: Duration = Duration::from_secs(15);

/// Waits for `future`, but not for ever: a worker that died is a failure, not a hang.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = std::pin::pin!(future);
    let begin = Instant::now();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(begin.elapsed() < HANG, "it never ends");
        thread::park_timeout(HANG);
    }
}

/// Spins until `condition` holds, but not for ever.
fn until(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < HANG, "it never comes to that");
        thread::yield_now();
    }
}

/// Keeps a worker busy until told to go on, or until its sender is gone.
struct Stopper {
    go_on: mpsc::Sender<()>,
    job: Job<()>,
}

impl Stopper {
    /// Returns once a worker of `lane` has begun it.
    fn on(lane: Lane) -> Stopper {
        let (go_on, told) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let job = start(Location::caller(), lane, Class::Free, move || {
            begun.send(()).expect("the test waits for it");
            let _ = told.recv_timeout(GIVE_UP);
        });
        has_begun.recv_timeout(HANG).expect("a worker is free");
        Stopper { go_on, job }
    }

    fn release(self) {
        drop(self.go_on);
        block_on(self.job).expect("it only waited");
    }
}

/// Counts its wakes.
#[derive(Default)]
struct CountingWaker(AtomicUsize);

impl CountingWaker {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

struct PanicsInDrop;
impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("panics in drop");
    }
}

#[test]
fn outside_of_a_runtime_the_panic_says_what_to_do() {
    let payload = panic::catch_unwind(|| drop(spawn_blocking(|| ()))).unwrap_err();
    let message = payload
        .downcast_ref::<String>()
        .expect("a formatted message");
    assert!(message.contains("hob::spawn_blocking()") && message.contains("hob::block_on"));
}
