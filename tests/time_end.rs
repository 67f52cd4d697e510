//! When the runtime ends, so do its timers, whatever circle they are part of.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hob::time::{Sleep, interval, sleep, timeout};
use hob::{Builder, Runtime, metrics, spawn};

const HOUR: Duration = Duration::from_secs(3600);

/// Trap 35. Broken by: `Timers::close` not dropping the wakers *and* a waker that holds its
/// task, or `Runtime::end` not dropping the tasks.
#[test]
fn tasks_that_wait_for_time_are_dropped_with_their_runtime() {
    let runtime = Runtime::new().unwrap();
    let token = Rc::new(());
    let weak = Rc::downgrade(&token);
    runtime.block_on(async move {
        let in_sleep = token.clone();
        spawn(async move {
            sleep(HOUR).await;
            drop(in_sleep);
        });
        let in_timeout = token.clone();
        drop(spawn(timeout(HOUR, async move {
            pending::<()>().await;
            drop(in_timeout);
        })));
        spawn(async move {
            let mut beat = interval(HOUR);
            loop {
                beat.tick().await;
                assert_eq!(Rc::strong_count(&token), 3);
            }
        });
        for _ in 0..3 {
            hob::yield_now().await;
        }
    });
    assert_eq!(weak.strong_count(), 3);
    assert_eq!(runtime.metrics().live_timers, 3);
    drop(runtime);
    assert_eq!(weak.strong_count(), 0);
}

/// A waker that owns the very sleep that is to wake it.
#[derive(Default)]
struct Circle(Mutex<Option<Sleep>>);

impl Wake for Circle {
    fn wake(self: Arc<Circle>) {}
}

/// Trap 35. Broken by: leaving out `into_wakers` in `Timers::close` (the circle lives on), or
/// dropping the wakers under the borrow there (the sleep's own drop finds it borrowed).
#[test]
fn a_circle_of_waker_and_sleep_is_broken_by_the_end_of_the_runtime() {
    let runtime = Runtime::new().unwrap();
    let circle = Arc::new(Circle::default());
    let weak = Arc::downgrade(&circle);
    runtime.block_on(async move {
        let mut sleep = sleep(HOUR);
        let waker = Waker::from(circle.clone());
        let poll = Pin::new(&mut sleep).poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
        *circle.0.lock().unwrap() = Some(sleep);
    });
    assert!(weak.upgrade().is_some(), "the timer holds it");
    drop(runtime);
    assert!(weak.upgrade().is_none());
}

/// Makes a timer when it is dropped, as a careless destructor might, and notes what came of it.
struct SleepsInDrop(Rc<RefCell<Notes>>);

/// What a poll gave, and how many timers there were then.
type Notes = Vec<(Poll<()>, usize)>;

impl Drop for SleepsInDrop {
    fn drop(&mut self) {
        let mut sleep = sleep(HOUR);
        let poll = Pin::new(&mut sleep).poll(&mut Context::from_waker(Waker::noop()));
        self.0.borrow_mut().push((poll, metrics().live_timers));
    }
}

/// Traps 35 and 38. Broken by: closing the timers before the tasks in `Runtime::end`.
#[test]
fn a_destructor_may_make_timers_while_the_runtime_ends() {
    let runtime = Runtime::new().unwrap();
    let noted = Rc::new(RefCell::new(Notes::new()));
    let guard = SleepsInDrop(noted.clone());
    runtime.block_on(async {
        spawn(async move {
            pending::<()>().await;
            drop(guard);
        });
        hob::yield_now().await;
    });
    drop(runtime);
    assert_eq!(*noted.borrow(), [(Poll::Pending, 1)]);
}

/// Polls a sleep when it is dropped.
struct PollsInDrop(Sleep, Arc<AtomicBool>);

impl Drop for PollsInDrop {
    fn drop(&mut self) {
        let poll = Pin::new(&mut self.0).poll(&mut Context::from_waker(Waker::noop()));
        self.1.store(poll.is_pending(), Ordering::SeqCst);
    }
}

/// Trap 35. Broken by: taking `Fate::Closed` for `Fate::Fired` in `Sleep::look`, which would
/// end the sleep an hour early.
#[test]
fn a_sleep_polled_after_the_timers_were_closed_is_not_over() {
    let runtime = Builder::new().worker_threads(0).build().unwrap();
    let was_pending = Arc::new(AtomicBool::new(false));
    let theirs = was_pending.clone();
    runtime.block_on(async {
        let mut sleep = sleep(HOUR);
        let poll = Pin::new(&mut sleep).poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        // Never run, for this is the last poll; dropped with the workers, after the timers.
        let job = PollsInDrop(sleep, theirs);
        drop(hob::spawn_blocking(move || drop(job)));
    });
    drop(runtime);
    assert!(was_pending.load(Ordering::SeqCst));
}
