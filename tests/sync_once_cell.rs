//! The value is made once; who fails, panics or gives up while making it lets the next one try.

mod sync_support;

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use hob::sync::{OnceCell, SetError};
use sync_support::Count;

fn poll<F: Future>(future: Pin<&mut F>, count: &Arc<Count>) -> Poll<F::Output> {
    let waker = Waker::from(count.clone());
    future.poll(&mut Context::from_waker(&waker))
}

#[test]
fn a_hundred_tasks_make_it_once() {
    hob::block_on(async {
        let cell = Rc::new(OnceCell::new());
        let made = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let (cell, made) = (cell.clone(), made.clone());
                hob::spawn(async move {
                    let make = async || {
                        hob::yield_now().await;
                        made.set(made.get() + 1);
                        n
                    };
                    *cell.get_or_init(make).await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 0, "the first one made it");
        }
        assert_eq!(made.get(), 1);
    });
}

/// Trap 41. Broken by: taking `end` out of the drop of `Turn`.
#[test]
fn who_gives_up_while_making_it_passes_the_right_on() {
    let cell = OnceCell::new();
    let counts = [Count::new(), Count::new(), Count::new()];
    let mut first = Box::pin(cell.get_or_init(pending));
    let mut second = Box::pin(cell.get_or_init(|| ready(2)));
    let mut third = Box::pin(cell.get_or_init(|| ready(3)));
    assert!(poll(first.as_mut(), &counts[0]).is_pending());
    assert!(poll(second.as_mut(), &counts[1]).is_pending());
    assert!(poll(third.as_mut(), &counts[2]).is_pending());
    assert_eq!(cell.set(9), Err(SetError::Initializing(9)));
    drop(first);
    assert_eq!(counts[1].get(), 1);
    // Called, and gives up before it begins.
    drop(second);
    assert_eq!(counts[2].get(), 1);
    assert_eq!(poll(third.as_mut(), &counts[2]), Poll::Ready(&3));
}

/// Broken by: keeping the turn after a failure until the future is dropped.
#[test]
fn who_fails_keeps_the_error_and_lets_the_next_one_try() {
    let cell = OnceCell::new();
    let count = Count::new();
    let fail = Cell::new(false);
    let mut first = pin!(cell.get_or_try_init(|| poll_fn(|_| match fail.get() {
        true => Poll::Ready(Err("failed")),
        false => Poll::Pending,
    })));
    let mut second = pin!(cell.get_or_try_init(|| ready(Ok::<_, ()>(2))));
    assert!(poll(first.as_mut(), &count).is_pending());
    assert!(poll(second.as_mut(), &count).is_pending());
    fail.set(true);
    assert_eq!(poll(first.as_mut(), &count), Poll::Ready(Err("failed")));
    assert_eq!(count.get(), 1);
    assert_eq!(poll(second.as_mut(), &count), Poll::Ready(Ok(&2)));
    assert_eq!(cell.set(9), Err(SetError::AlreadyInitialized(9)));
}

/// Broken by: letting go of the turn only where `init` returned.
#[test]
fn a_panic_while_making_it_lets_the_next_one_try() {
    for panics_at_once in [true, false] {
        let cell = OnceCell::new();
        let panics = AssertUnwindSafe(|| {
            let make = || {
                assert!(!panics_at_once, "when called");
                poll_fn(|_| panic!("when polled"))
            };
            let mut making = pin!(cell.get_or_init(make));
            let _ = poll(making.as_mut(), &Count::new());
        });
        assert!(catch_unwind(panics).is_err());
        assert_eq!(cell.get(), None);
        let mut second = pin!(cell.get_or_init(|| ready(2)));
        assert_eq!(poll(second.as_mut(), &Count::new()), Poll::Ready(&2));
    }
}

/// Trap 51. Broken by: handing the right to make it on after success, which would wake one
/// after the other, or waking everybody when one fails.
#[test]
fn ten_thousand_who_wait_are_each_called_once() {
    let cell = OnceCell::new();
    let count = Count::new();
    let go = Cell::new(false);
    let mut first = pin!(cell.get_or_init(|| poll_fn(|_| match go.get() {
        true => Poll::Ready(1),
        false => Poll::Pending,
    })));
    assert!(poll(first.as_mut(), &Count::new()).is_pending());
    let mut others: Vec<_> = (0..10_000)
        .map(|_| Box::pin(cell.get_or_init(|| ready(2))))
        .collect();
    for other in &mut others {
        assert!(poll(other.as_mut(), &count).is_pending());
    }
    go.set(true);
    assert!(poll(first.as_mut(), &Count::new()).is_ready());
    assert_eq!(count.get(), 10_000);
    for other in &mut others {
        assert_eq!(poll(other.as_mut(), &count), Poll::Ready(&1));
    }
}
