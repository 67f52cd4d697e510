//! A oneshot carries one value, once, and each end learns when the other has gone.

mod sync_support;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use hob::sync::oneshot::{self, TryRecvError};
use sync_support::{Count, poll, poll_now};

#[test]
fn sending_wakes_the_receiver_once() {
    let (sender, mut receiver) = oneshot::channel();
    let count = Count::new();
    assert!(poll(&mut receiver, &count).is_pending());
    assert_eq!(sender.send("value"), Ok(()));
    assert_eq!(count.get(), 1);
    assert_eq!(poll(&mut receiver, &count), Poll::Ready(Ok("value")));
}

#[test]
fn a_sender_dropped_without_sending_wakes_the_receiver() {
    let (sender, mut receiver) = oneshot::channel::<()>();
    let count = Count::new();
    assert!(poll(&mut receiver, &count).is_pending());
    drop(sender);
    assert_eq!(count.get(), 1);
    assert!(matches!(poll(&mut receiver, &count), Poll::Ready(Err(_))));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

/// Trap 42. Broken by: taking `sender.wake()` out of `close`.
#[test]
fn the_sender_learns_that_nobody_waits_for_the_value() {
    let (mut sender, receiver) = oneshot::channel::<u32>();
    let count = Count::new();
    let mut closed = sender.closed();
    assert!(poll(&mut closed, &count).is_pending());
    drop(receiver);
    assert_eq!(count.get(), 1);
    assert!(poll(&mut closed, &count).is_ready());
    drop(closed);
    assert_eq!(sender.send(1), Err(1));
}

/// Trap 42. Broken by: `take` asking `closed` before the value.
#[test]
fn a_value_sent_before_the_receiver_closed_can_still_be_received() {
    let (sender, mut receiver) = oneshot::channel();
    assert_eq!(sender.send(1), Ok(()));
    receiver.close();
    assert_eq!(poll_now(&mut receiver), Poll::Ready(Ok(1)));
}

/// Trap 42. Broken by: an empty `drop` of `Receiver`, and of `Closed`.
#[test]
fn neither_end_keeps_a_waker_of_who_waits_no_longer() {
    let (mut sender, mut receiver) = oneshot::channel::<()>();
    let count = Count::new();
    assert!(poll(&mut sender.closed(), &count).is_pending());
    assert_eq!(Arc::strong_count(&count), 1);
    assert!(poll(&mut receiver, &count).is_pending());
    assert_eq!(Arc::strong_count(&count), 2);
    drop(receiver);
    assert_eq!(Arc::strong_count(&count), 1);
}

/// Trap 42. Broken by: taking `sender.clear()` out of the drop of `Sender`.
#[test]
fn a_sender_that_was_polled_by_hand_leaves_no_waker_behind() {
    let (mut sender, receiver) = oneshot::channel::<()>();
    let count = Count::new();
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(sender.poll_closed(&mut cx).is_pending());
    assert_eq!(Arc::strong_count(&count), 3);
    drop(sender);
    assert_eq!(Arc::strong_count(&count), 2);
    drop(receiver);
    assert_eq!(count.get(), 0);
}

#[test]
fn a_receiver_knows_whether_a_value_is_there_and_whether_one_may_come() {
    let (sender, mut receiver) = oneshot::channel();
    assert_eq!(
        (receiver.is_empty(), receiver.is_terminated()),
        (true, false)
    );
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!(
        (receiver.is_empty(), receiver.is_terminated()),
        (false, false)
    );
    receiver.close();
    assert_eq!(
        (receiver.is_empty(), receiver.is_terminated()),
        (false, false)
    );
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(
        (receiver.is_empty(), receiver.is_terminated()),
        (true, true)
    );
}
