//! When the runtime ends, so do its timers, whatever circle they are part of.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hob::time::{Sleep, interval, sleep, timeout};
use hob::{Runtime, spawn};

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
        let _ = spawn(timeout(HOUR, async move {
            pending::<()>().await;
            drop(in_timeout);
        }));
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

/// Sleeps again when it is dropped, as a careless destructor might.
struct SleepsInDrop(Rc<RefCell<Vec<Poll<()>>>>);

impl Drop for SleepsInDrop {
    fn drop(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let poll = Pin::new(&mut sleep(HOUR)).poll(&mut cx);
        self.0.borrow_mut().push(poll);
    }
}

/// Traps 35 and 38. Broken by: closing the timers before the tasks.
#[test]
fn a_destructor_may_make_timers_while_the_runtime_ends() {
    let runtime = Runtime::new().unwrap();
    let polls = Rc::new(RefCell::new(Vec::new()));
    let guard = SleepsInDrop(polls.clone());
    runtime.block_on(async {
        let mut guard = Some(guard);
        let mut long = sleep(HOUR);
        let _ = spawn(poll_fn(move |cx| match Pin::new(&mut long).poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(drop(guard.take())),
        }));
        hob::yield_now().await;
    });
    drop(runtime);
    assert_eq!(*polls.borrow(), [Poll::Pending]);
}
