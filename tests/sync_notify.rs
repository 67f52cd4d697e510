//! A notification reaches exactly those it is meant for, and is never lost: not by one who
//! gives up, and not between looking and waiting.

mod sync_support;

use std::rc::Rc;
use std::task::Poll;

use hob::sync::Notify;
use sync_support::{Count, poll, poll_now};

#[test]
fn a_notification_that_finds_nobody_waits_for_the_next() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_last();
    assert_eq!(poll_now(&mut notify.notified()), Poll::Ready(()));
    assert_eq!(poll_now(&mut notify.notified()), Poll::Pending);
}

#[test]
fn one_calls_the_first_in_line_and_last_the_last() {
    let notify = Notify::new();
    let mut waiters: Vec<_> = (0..3).map(|_| (notify.notified(), Count::new())).collect();
    for (waiter, count) in &mut waiters {
        assert!(poll(waiter, count).is_pending());
    }
    notify.notify_one();
    notify.notify_last();
    let woken: Vec<_> = waiters.iter().map(|(_, count)| count.get()).collect();
    assert_eq!(woken, [1, 0, 1]);
    assert!(poll_now(&mut waiters[1].0).is_pending());
    assert!(poll_now(&mut waiters[2].0).is_ready());
}

/// Trap 41. Broken by: `Called::ByOne => {}` in the drop of `Notified`.
#[test]
fn a_waiter_dropped_in_the_same_moment_as_its_call_passes_it_on() {
    let notify = Notify::new();
    let (mut first, mut second) = (notify.notified(), notify.notified());
    let count = Count::new();
    assert!(poll_now(&mut first).is_pending());
    assert!(poll(&mut second, &count).is_pending());
    notify.notify_one();
    drop(first);
    assert_eq!(count.get(), 1);
    drop(second);
    assert!(
        poll_now(&mut notify.notified()).is_ready(),
        "nobody waits: stored"
    );
}

/// Trap 41. Broken by: passing on a `Called::ByLast` with `notify_one`.
#[test]
fn a_call_of_the_last_is_passed_on_to_the_last() {
    let notify = Notify::new();
    let mut waiters: Vec<_> = (0..3).map(|_| (notify.notified(), Count::new())).collect();
    for (waiter, count) in &mut waiters {
        assert!(poll(waiter, count).is_pending());
    }
    notify.notify_last();
    waiters.pop();
    assert_eq!((waiters[0].1.get(), waiters[1].1.get()), (0, 1));
}

#[test]
fn all_who_were_there_are_called_and_nothing_is_stored() {
    let notify = Notify::new();
    let count = Count::new();
    let mut waiting = notify.notified();
    let mut not_yet = notify.notified();
    assert!(poll(&mut waiting, &count).is_pending());
    notify.notify_waiters();
    let mut after = notify.notified();
    assert_eq!(count.get(), 1);
    assert!(poll_now(&mut waiting).is_ready());
    assert!(poll_now(&mut not_yet).is_ready());
    assert!(poll_now(&mut after).is_pending());
}

/// Trap 41, the other way round. Broken by: passing on a `Called::ByAll`.
#[test]
fn a_call_of_all_is_not_passed_on() {
    let notify = Notify::new();
    let mut waiter = notify.notified();
    assert!(poll_now(&mut waiter).is_pending());
    notify.notify_waiters();
    drop(waiter);
    assert!(poll_now(&mut notify.notified()).is_pending());
}

/// Trap 42. Broken by: an empty `drop` of `Notified`.
#[test]
fn a_waiter_that_gave_up_takes_no_call_with_it() {
    let notify = Notify::new();
    let mut gone = notify.notified();
    let mut stays = notify.notified();
    assert!(poll_now(&mut gone).is_pending());
    assert!(poll_now(&mut stays).is_pending());
    drop(gone);
    notify.notify_one();
    assert!(poll_now(&mut stays).is_ready());
}

/// Trap 41. Broken by: an empty `drop` of `OwnedNotified`.
#[test]
fn who_stands_in_line_without_a_task_is_called_and_passes_the_call_on() {
    let notify = Rc::new(Notify::new());
    let mut first = notify.notified();
    let mut second = notify.clone().notified_owned();
    let mut third = notify.notified();
    assert!(!first.enable());
    assert!(!second.enable() && !second.enable(), "twice is once");
    notify.notify_one();
    assert!(poll_now(&mut third).is_pending());
    assert!(first.enable());
    drop(first);
    assert!(second.enable());
    drop(second);
    assert!(poll_now(&mut third).is_ready());
}

/// Trap 13. Broken by: keeping the waker that `enable` left in the line.
#[test]
fn a_task_that_comes_after_its_place_is_woken() {
    let notify = Notify::new();
    let mut notified = notify.notified();
    assert!(!notified.enable());
    let count = Count::new();
    assert!(poll(&mut notified, &count).is_pending());
    notify.notify_last();
    assert_eq!(count.get(), 1);
    assert!(poll_now(&mut notified).is_ready());
    notify.notify_one();
    assert!(notify.notified().enable(), "stored: no place is needed");
}
