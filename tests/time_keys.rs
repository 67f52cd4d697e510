//! Futures of time are keys: they may be sent, shared and dropped anywhere, and say what to do
//! when they are polled in the wrong place.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use hob::time::{Elapsed, Interval, Sleep, Tick, Timeout, interval, now, sleep, timeout};
use hob::{Builder, Runtime, block_on, metrics, spawn};

const HOUR: Duration = Duration::from_secs(3600);

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The message with which polling `future` panics.
fn panic_of<F: Future + Unpin>(mut future: F) -> String {
    let poll = AssertUnwindSafe(|| poll(&mut future).is_ready());
    let payload = catch_unwind(poll).expect_err("it should have panicked");
    *payload.downcast::<String>().expect("a formatted message")
}

/// Trap 49: `hyper::rt::Sleep` demands it. Broken by: an `Rc` in `Sleep`.
#[test]
fn futures_of_time_are_send_and_sync_by_type() {
    fn is_send_and_sync<T: Send + Sync + Unpin + 'static>() {}
    is_send_and_sync::<Sleep>();
    is_send_and_sync::<Timeout<Sleep>>();
    is_send_and_sync::<Interval>();
    is_send_and_sync::<Tick<'static>>();
    is_send_and_sync::<Elapsed>();
}

/// Broken by: `timers::remove` doing nothing where the owner is not the current one, or the
/// loop not calling `take_mail`.
#[test]
fn a_sleep_dropped_on_another_thread_ends_its_timer() {
    block_on(async {
        let mut sleeps: Vec<_> = (0..100).map(|_| sleep(HOUR)).collect();
        assert!(sleeps.iter_mut().all(|sleep| poll(sleep).is_pending()));
        assert_eq!(metrics().live_timers, 100);
        thread::spawn(move || drop(sleeps)).join().unwrap();
        hob::yield_now().await;
        assert_eq!(metrics().live_timers, 0);
    });
}

/// Broken by: reading the mail only after the time was jumped.
#[test]
fn a_sleep_dropped_between_two_runs_of_its_loop_ends_its_timer() {
    let runtime = Builder::new().virtual_time().build().unwrap();
    let start = runtime.block_on(async { now() });
    let mut left_over = sleep(HOUR);
    runtime.block_on(async { assert!(poll(&mut left_over).is_pending()) });
    assert_eq!(runtime.metrics().live_timers, 1);
    drop(left_over);
    runtime.block_on(async move {
        sleep(2 * HOUR).await;
        assert_eq!(now(), start + 2 * HOUR);
    });
    assert_eq!(runtime.metrics().counters.timers_fired, 1);
    assert_eq!(runtime.metrics().live_timers, 0);
}

/// Broken by: `take_mail` dropping the waker of a timer instead of waking it.
#[test]
fn a_sleep_reset_between_two_runs_of_its_loop_ends_at_its_new_deadline() {
    let runtime = Builder::new().virtual_time().build().unwrap();
    let shared = Rc::new(RefCell::new(sleep(10 * HOUR)));
    let theirs = shared.clone();
    let mut task = None;
    runtime.block_on(async {
        let wait = poll_fn(move |cx| Pin::new(&mut *theirs.borrow_mut()).poll(cx));
        task = Some(spawn(wait));
        hob::yield_now().await;
    });
    let soon = shared.borrow().deadline() - 9 * HOUR;
    shared.borrow_mut().reset(soon);
    runtime.block_on(async {
        let ended = timeout(20 * HOUR, task.unwrap()).await;
        ended.expect("it was woken").unwrap();
        assert_eq!(now(), soon);
    });
}

/// Broken by: leaving the panic out of `timers::insert`.
#[test]
fn a_sleep_polled_outside_of_a_runtime_says_so_and_where_it_was_made() {
    let line = line!() + 1;
    let message = panic_of(sleep(HOUR));
    let place = format!("{}:{line}:", file!());
    assert!(message.contains(&place), "{message}");
    assert!(message.contains("no hob runtime runs"), "{message}");
    assert!(message.contains("hob::block_on"), "{message}");
    panic_of(Box::pin(timeout(HOUR, pending::<()>())));
    let mut over = sleep(Duration::ZERO);
    assert!(
        poll(&mut over).is_ready(),
        "this one has nothing to wait for"
    );
}

/// Broken by: not comparing the owner in `timers::update`.
#[test]
fn a_sleep_polled_outside_of_its_runtime_says_what_to_do() {
    let began_here = || {
        let mut sleep = sleep(HOUR);
        assert!(poll(&mut sleep).is_pending());
        sleep
    };
    let (one, two, three) = block_on(async { (began_here(), began_here(), began_here()) });
    let in_another_thread = thread::spawn(move || block_on(async { panic_of(one) }));
    let in_another_runtime = block_on(async { panic_of(two) });
    for message in [
        in_another_thread.join().unwrap(),
        in_another_runtime,
        panic_of(three),
    ] {
        assert!(
            message.contains("must be polled where it was polled first"),
            "{message}"
        );
        assert!(message.contains(file!()), "{message}");
    }
}

/// Broken by: binding a sleep to the runtime that runs while it is made.
#[test]
fn a_sleep_made_elsewhere_belongs_to_the_runtime_that_polls_it_first() {
    let millisecond = Duration::from_millis(1);
    let made_outside = sleep(millisecond);
    let (send, receive) = std::sync::mpsc::channel();
    let other = thread::spawn(move || block_on(async { send.send(sleep(millisecond)).unwrap() }));
    other.join().unwrap();
    block_on(async {
        made_outside.await;
        receive.recv().unwrap().await;
    });
}

/// Broken by: letters to runtimes that are gone being kept (see the unit tests), or a panic.
#[test]
fn futures_of_time_may_outlive_their_runtime() {
    let runtime = Runtime::new().unwrap();
    let (mut sleep, mut beat) = (sleep(HOUR), interval(HOUR));
    runtime.block_on(async {
        beat.tick().await;
        assert!(poll(&mut beat.tick()).is_pending());
        assert!(poll(&mut sleep).is_pending());
    });
    drop(runtime);
    sleep.reset(now() + HOUR);
    beat.reset();
    assert!(!sleep.is_elapsed());
    drop((sleep, beat));
}
