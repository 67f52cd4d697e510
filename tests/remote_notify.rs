//! A remote notification reaches exactly those it is meant for, in whichever thread, and is
//! never lost; and virtual time stands still for who holds a handle, and for nobody else.

mod sync_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use hob::sync::remote::{Notify, oneshot};
use sync_support::{Count, poll, poll_now};

#[test]
fn a_call_that_finds_nobody_waits_for_the_next_once() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_last();
    assert_eq!(poll_now(&mut notify.notified()), Poll::Ready(()));
    assert_eq!(poll_now(&mut notify.notified()), Poll::Pending);
}

/// Trap 41. Broken by: an empty `drop` of `Notified`, or `cancel` not passing the call on.
#[test]
fn who_was_called_and_goes_passes_the_call_on_from_the_same_end() {
    let notify = Notify::new();
    let counts = [(); 4].map(|()| Count::new());
    let mut waiters: Vec<_> = counts.iter().map(|_| notify.notified()).collect();
    for (waiter, count) in waiters.iter_mut().zip(&counts) {
        assert!(poll(waiter, count).is_pending());
    }
    let woken = || counts.each_ref().map(|count| count.get());
    notify.notify_one();
    notify.notify_last();
    assert_eq!(woken(), [1, 0, 0, 1]);
    drop(waiters.pop());
    assert_eq!(woken(), [1, 0, 1, 1]);
    drop(waiters.remove(0));
    assert_eq!(woken(), [1, 1, 1, 1]);
    assert!(waiters.iter_mut().all(|waiter| poll_now(waiter).is_ready()));
    assert!(
        poll_now(&mut notify.notified()).is_pending(),
        "none was stored"
    );
}

/// Broken by: `call_all` calling only who is in line.
#[test]
fn all_are_called_who_were_made_before_and_nobody_after() {
    let notify = Notify::new();
    let (mut polled, mut unpolled) = (notify.notified(), notify.notified());
    assert!(poll_now(&mut polled).is_pending());
    notify.notify_waiters();
    assert!(poll_now(&mut notify.notified()).is_pending());
    assert!(poll_now(&mut polled).is_ready() && poll_now(&mut unpolled).is_ready());
}

/// Trap 5: a count goes back and forth between a thread and a loop; one lost call would end it.
/// Broken by: storing nothing when nobody waits, or looking for the stored call outside of the
/// lock (hangs).
#[test]
fn a_thread_and_a_loop_call_each_other_ten_thousand_times() {
    const ROUNDS: usize = 10_000;
    let calls = Arc::new([Notify::new(), Notify::new()]);
    let rounds = Arc::new(AtomicUsize::new(0));
    let theirs = (calls.clone(), rounds.clone());
    let thread = thread::spawn(move || {
        for round in 0..ROUNDS {
            theirs.0[0].blocking_wait();
            assert_eq!(theirs.1.load(Ordering::Relaxed), round + 1);
            theirs.0[1].notify_one();
        }
    });
    hob::block_on(async {
        for round in 0..ROUNDS {
            rounds.store(round + 1, Ordering::Relaxed);
            calls[0].notify_one();
            calls[1].notified().await;
        }
    });
    thread.join().unwrap();
}

/// Trap 51. Broken by: `call_one` waking everybody.
#[test]
fn one_call_wakes_one_of_ten_thousand() {
    let notify = Notify::new();
    let count = Count::new();
    let mut waiters: Vec<_> = (0..10_000).map(|_| notify.notified()).collect();
    for waiter in &mut waiters {
        assert!(poll(waiter, &count).is_pending());
    }
    for called in 1..=100 {
        notify.notify_one();
        assert_eq!(count.get(), called);
    }
}

/// Virtual time cannot know that a thread will answer, unless that thread has a handle.
#[test]
fn a_handle_beside_the_sender_keeps_virtual_time_from_jumping() {
    for with_handle in [true, false] {
        let runtime = hob::Builder::new().virtual_time().build().unwrap();
        let handle = with_handle.then(|| runtime.handle());
        let (sender, receiver) = oneshot::channel();
        let (over, is_over) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            match handle {
                Some(_) => thread::sleep(Duration::from_millis(20)),
                None => is_over.recv().unwrap(),
            }
            let answered = sender.send(()).is_ok();
            drop(handle);
            answered
        });
        let answer = runtime.block_on(hob::time::timeout(Duration::from_secs(3600), receiver));
        let _ = over.send(());
        assert_eq!(
            answer.is_ok(),
            with_handle,
            "an hour is nothing without a handle"
        );
        assert_eq!(thread.join().unwrap(), with_handle);
    }
}

/// Broken by: `PLACES` as a `usize` that is counted down where nothing was counted up.
#[test]
fn who_waits_on_one_thread_may_be_dropped_on_another() {
    let notify = Arc::new(Notify::new());
    let waits = notify.clone();
    let mut notified = Box::pin(async move { waits.notified().await });
    assert_eq!(poll_now(&mut notified), Poll::Pending);
    let waiters = thread::spawn(move || {
        drop(notified);
        hob::block_on(async { hob::testing::ledger().waiters })
    });
    assert_eq!(waiters.join().unwrap(), 0);
    notify.notify_one();
    assert_eq!(poll_now(&mut notify.notified()), Poll::Ready(()), "stored");
}
