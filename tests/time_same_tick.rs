//! Several things at one deadline: timers equal to now, dropped or reset while they fire,
//! made early and awaited late.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hob::time::{Sleep, now, sleep, sleep_until, timeout_at};
use hob::{Builder, metrics, spawn};

const SECOND: Duration = Duration::from_secs(1);

/// A sleep that two tasks can reach.
type Shared = Rc<RefCell<Option<Sleep>>>;

/// Waits for a shared sleep; gives `false` if somebody took it away.
async fn wait_for(shared: Shared) -> bool {
    poll_fn(|cx| match shared.borrow_mut().as_mut() {
        Some(sleep) => Pin::new(sleep).poll(cx).map(|()| true),
        None => Poll::Ready(false),
    })
    .await
}

/// Trap 34. Broken by: `>` instead of `>=` in `Sleep::look`.
#[test]
fn a_deadline_equal_to_now_is_over_and_makes_no_timer() {
    Builder::new().virtual_time().block_on(async {
        let mut sleep = sleep_until(now());
        assert!(sleep.is_elapsed());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut sleep).poll(&mut cx).is_ready());
        assert_eq!(metrics().live_timers, 0);
    });
}

/// Trap 34. Broken by: `Timers::take_due` leaving the slot in place.
#[test]
fn a_timer_dropped_in_the_tick_that_fires_it_leaves_nothing_behind() {
    Builder::new().virtual_time().block_on(async {
        let victim: Shared = Rc::new(RefCell::new(Some(sleep(SECOND))));
        let theirs = victim.clone();
        let dropper = spawn(async move {
            sleep(SECOND).await;
            theirs.borrow_mut().take();
        });
        // Both timers fire in one tick; the dropper, whose timer was made first, runs first.
        hob::yield_now().await;
        let waiting = spawn(wait_for(victim));
        dropper.await.unwrap();
        assert!(!waiting.await.unwrap());
        assert_eq!(metrics().live_timers, 0);
    });
}

/// Trap 34. Broken by: `Sleep::reset` keeping `Elapsed`, or the key of a timer that fired.
#[test]
fn a_timer_reset_in_the_tick_that_fires_it_is_not_lost_and_not_early() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let shared: Shared = Rc::new(RefCell::new(Some(sleep(SECOND))));
        let theirs = shared.clone();
        let resetter = spawn(async move {
            sleep(SECOND).await;
            let again = now() + SECOND;
            theirs.borrow_mut().as_mut().unwrap().reset(again);
        });
        hob::yield_now().await;
        let waiting = spawn(wait_for(shared));
        resetter.await.unwrap();
        assert_eq!(now(), start + SECOND);
        assert!(waiting.await.unwrap());
        assert_eq!(now(), start + 2 * SECOND);
    });
}

/// Trap 34. Broken by: counting the wait from the first poll (`deadline` made in `look`).
#[test]
fn a_sleep_made_early_and_awaited_late_ends_at_its_first_deadline() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let long = sleep(3 * SECOND);
        let short = sleep(SECOND);
        sleep(2 * SECOND).await;
        short.await;
        assert_eq!(now(), start + 2 * SECOND, "over before it was polled");
        long.await;
        assert_eq!(now(), start + 3 * SECOND);
    });
}

/// Trap 34. Broken by: ordering the entries of one deadline by anything but their number.
#[test]
fn sleeps_of_one_deadline_end_in_the_order_in_which_they_were_begun() {
    Builder::new().virtual_time().block_on(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let deadline = now() + SECOND;
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let order = order.clone();
                spawn(async move {
                    sleep_until(deadline).await;
                    order.borrow_mut().push(n);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.borrow(), (0..100).collect::<Vec<_>>());
    });
}

/// Broken by: making the timer when the `Timeout` is made, or before the inner poll.
#[test]
fn a_timeout_around_something_ready_makes_no_timer() {
    Builder::new().virtual_time().block_on(async {
        let deadline = now() + SECOND;
        let inner = async { metrics().live_timers };
        assert_eq!(timeout_at(deadline, inner).await, Ok(0));
        let mut slow = Box::pin(timeout_at(deadline, sleep(9 * SECOND)));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(slow.as_mut().poll(&mut cx).is_pending());
        assert_eq!(metrics().live_timers, 2);
        drop(slow);
        assert_eq!(metrics().live_timers, 0);
    });
}
