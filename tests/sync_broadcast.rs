//! A broadcast brings every message to every receiver, tells the slow ones what they missed,
//! keeps nothing that nobody wants, and is open for as long as there is a sender.

mod sync_support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use futures_lite::StreamExt;
use hob::sync::broadcast::{self, Lagged, RecvError, SendError, TryRecvError};
use sync_support::{Count, poll, poll_now};

/// Trap 48. Broken by: taking the `assert!` out of `Sender::new`.
#[test]
#[should_panic(expected = "take at least 1")]
fn a_broadcast_that_could_hold_nothing_is_refused_at_once() {
    let _ = broadcast::channel::<()>(0);
}

#[test]
fn every_receiver_gets_every_message_in_order_and_is_woken_once() {
    let (sender, receiver) = broadcast::channel(4);
    let mut receivers = [receiver.resubscribe(), receiver];
    let counts = [Count::new(), Count::new()];
    let [one, two] = &mut receivers;
    let mut waits = [one.recv(), two.recv()];
    for (wait, count) in waits.iter_mut().zip(&counts) {
        assert!(poll(wait, count).is_pending());
    }
    assert_eq!(sender.send(1), Ok(2));
    assert_eq!(sender.send(2), Ok(2));
    for (wait, count) in waits.iter_mut().zip(&counts) {
        assert_eq!(count.get(), 1);
        assert_eq!(poll(wait, count), Poll::Ready(Ok(1)));
    }
    drop(waits);
    for receiver in &mut receivers {
        assert_eq!(receiver.try_recv(), Ok(2));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_slow_receiver_is_told_how_many_it_missed_and_goes_on_with_the_oldest_left() {
    let (sender, mut slow) = broadcast::channel(3);
    let mut quick = sender.subscribe();
    for n in 0..10 {
        assert_eq!(sender.send(n), Ok(2));
        assert_eq!(quick.try_recv(), Ok(n));
    }
    assert_eq!((sender.len(), slow.len(), quick.len()), (3, 3, 0));
    assert_eq!(
        poll_now(&mut slow.recv()),
        Poll::Ready(Err(RecvError::Lagged(7)))
    );
    sender.send(10).expect("two are there");
    assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(1)));
    drop(sender);
    assert_eq!(
        (slow.try_recv(), slow.try_recv(), slow.try_recv()),
        (Ok(8), Ok(9), Ok(10))
    );
    assert_eq!(slow.try_recv(), Err(TryRecvError::Closed));
    let mut rest = quick.collect::<Vec<_>>();
    assert_eq!(poll_now(&mut rest), Poll::Ready(vec![Ok(10)]));
}

/// The promise of `recv`: cancel-safe. Broken by: an empty `drop` of `Recv`.
#[test]
fn a_recv_that_is_dropped_loses_no_message_and_leaves_no_waker() {
    let (sender, mut receiver) = broadcast::channel(4);
    let count = Count::new();
    for n in 0..3 {
        assert!(poll(&mut receiver.recv(), &count).is_pending());
        assert_eq!(Arc::strong_count(&count), 1);
        let mut wait = receiver.recv();
        assert!(poll(&mut wait, &count).is_pending());
        sender.send(n).expect("one is there");
        drop(wait);
        assert_eq!(poll_now(&mut receiver.recv()), Poll::Ready(Ok(n)));
    }
    let mut closed = sender.closed();
    assert!(poll(&mut closed, &count).is_pending());
    drop(closed);
    assert_eq!(Arc::strong_count(&count), 1);
}

/// Trap 42. Broken by: `try_recv` asking `is_over` before the ring, or no `call_all` in
/// `remove_sender`.
#[test]
fn the_end_of_the_last_sender_comes_behind_the_last_message() {
    let (sender, mut receiver) = broadcast::channel(4);
    let mut idle = receiver.resubscribe();
    let other = sender.clone();
    let count = Count::new();
    let mut wait = idle.recv();
    assert!(poll(&mut wait, &count).is_pending());
    drop(sender);
    assert_eq!(count.get(), 0, "one is left");
    other.send(1).expect("two are there");
    assert_eq!(poll(&mut wait, &count), Poll::Ready(Ok(1)));
    assert!(poll(&mut wait, &count).is_pending());
    drop(other);
    assert_eq!(count.get(), 2);
    assert_eq!(poll(&mut wait, &count), Poll::Ready(Err(RecvError::Closed)));
    assert!(receiver.is_closed() && !receiver.is_empty());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(receiver.resubscribe().try_recv(), Err(TryRecvError::Closed));
}

/// Trap 42. Broken by: a flag "closed" set by the last receiver and not taken back.
#[test]
fn a_channel_that_all_receivers_left_can_be_heard_again() {
    let (sender, mut first) = broadcast::channel(4);
    let count = Count::new();
    let mut closed = sender.closed();
    assert!(poll(&mut closed, &count).is_pending());
    sender.send(1).expect("one is there");
    first.try_recv().expect("it was sent");
    sender.send(2).expect("one is there");
    drop(first);
    assert_eq!((count.get(), sender.len()), (1, 0));
    assert_eq!(sender.send(3), Err(SendError(3)));
    let mut second = sender.subscribe();
    assert!(poll(&mut closed, &count).is_pending(), "one is there again");
    drop(closed);
    let mut wait = second.recv();
    assert!(poll(&mut wait, &count).is_pending());
    assert_eq!(sender.send(4), Ok(1));
    assert_eq!(poll(&mut wait, &count), Poll::Ready(Ok(4)));
    drop(wait);
    drop(second);
    assert!(poll_now(&mut sender.closed()).is_ready());
    assert_eq!(sender.receiver_count(), 0);
}

/// Trap 42. Broken by: `upgrade` not asking `is_over`.
#[test]
fn a_weak_sender_keeps_nothing_open_and_opens_nothing_again() {
    let (sender, mut receiver) = broadcast::channel::<u32>(4);
    let weak = sender.downgrade();
    let twin = weak.clone();
    assert_eq!((twin.strong_count(), twin.weak_count()), (1, 2));
    assert_eq!(
        (sender.strong_count(), receiver.sender_weak_count()),
        (1, 2)
    );
    let again = weak.upgrade().expect("a sender lives");
    assert!(again.same_channel(&sender));
    drop((sender, again));
    assert_eq!(receiver.sender_strong_count(), 0);
    assert!(weak.upgrade().is_none());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    drop(receiver);
    assert_eq!((weak.strong_count(), weak.upgrade().is_none()), (0, true));
}

/// Clones counted.
#[derive(Debug)]
struct Copied(Rc<Cell<u32>>);

impl Clone for Copied {
    fn clone(&self) -> Copied {
        self.0.set(self.0.get() + 1);
        Copied(self.0.clone())
    }
}

#[test]
fn a_message_is_cloned_for_all_but_the_last_and_kept_for_nobody() {
    let clones = Rc::new(Cell::new(0));
    let (sender, mut first) = broadcast::channel(8);
    let mut others = [sender.subscribe(), sender.subscribe()];
    let unread = sender.subscribe();
    sender.send(Copied(clones.clone())).expect("four are there");
    drop(unread);
    drop(first.try_recv().expect("it was sent"));
    drop(others[0].try_recv().expect("it was sent"));
    assert_eq!((clones.get(), sender.len()), (2, 1));
    drop(others[1].try_recv().expect("it was sent"));
    assert_eq!((clones.get(), sender.len()), (2, 0));
    assert_eq!(Rc::strong_count(&clones), 1);
    sender
        .send(Copied(clones.clone()))
        .expect("three are there");
    drop((first, others));
    assert_eq!(Rc::strong_count(&clones), 1, "nobody is left to want it");
}

/// Trap 10. Broken by: `Ring::take` popping by itself what is wanted no more: with a message of
/// the receiver that is going still in front, it would pop (and drop) that one, borrowed.
#[test]
fn a_message_may_use_the_channel_from_its_drop_and_its_clone() {
    type Ends = Rc<RefCell<Option<broadcast::Receiver<Nosy>>>>;
    struct Nosy(u32, broadcast::WeakSender<Nosy>, Ends, Rc<Cell<u32>>);
    impl Clone for Nosy {
        fn clone(&self) -> Nosy {
            assert!(self.1.upgrade().is_some_and(|sender| !sender.is_empty()));
            Nosy(self.0, self.1.clone(), self.2.clone(), self.3.clone())
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            // Would panic, if this were dropped while the ring is borrowed.
            self.1.upgrade().map(|sender| sender.len());
            let other = self.2.borrow_mut().take();
            if let Some(mut other) = other {
                let heard = other.try_recv().expect("one is left for it");
                self.3.set(self.3.get() + heard.0);
            }
        }
    }
    let (sender, going) = broadcast::channel(8);
    let (ends, heard) = (Ends::default(), Rc::new(Cell::new(0)));
    let message = |n| Nosy(n, sender.downgrade(), ends.clone(), heard.clone());
    let mut staying = sender.subscribe();
    for n in 1..=3 {
        sender
            .send(message(n))
            .map_err(drop)
            .expect("two are there");
    }
    assert!(staying.try_recv().is_ok_and(|first| first.0 == 1));
    assert!(staying.try_recv().is_ok_and(|second| second.0 == 2));
    *ends.borrow_mut() = Some(staying);
    drop(going); // the drop of 1 receives 3, while 2 is still in front of it
    assert_eq!(heard.get(), 3);
    assert_eq!(sender.len(), 0);
}

#[test]
fn a_receiver_is_a_stream_that_says_what_it_missed() {
    let (sender, receiver) = broadcast::channel(2);
    for n in 0..4 {
        sender.send(n).expect("one is there");
    }
    drop(sender);
    let mut all = receiver.collect::<Vec<_>>();
    assert_eq!(
        poll_now(&mut all),
        Poll::Ready(vec![Err(Lagged(2)), Ok(2), Ok(3)])
    );
}

/// Trap 51. Broken by: leaving those who were called in the line of `Crowd`.
#[test]
fn ten_thousand_receivers_cost_ten_thousand_polls_for_each_message() {
    const RECEIVERS: u64 = 10_000;
    hob::block_on(async {
        let (sender, receiver) = broadcast::channel(8);
        let tasks: Vec<_> = (0..RECEIVERS)
            .map(|_| {
                let mut receiver = receiver.resubscribe();
                hob::spawn(async move {
                    let mut sum = 0;
                    while let Ok(n) = receiver.recv().await {
                        sum += n;
                    }
                    sum
                })
            })
            .collect();
        drop(receiver);
        let polls = || hob::metrics().counters.polls;
        while polls() < RECEIVERS {
            hob::yield_now().await;
        }
        hob::yield_now().await;
        let before = polls();
        for n in 1..=3 {
            sender.send(n).expect("all are there");
            while !sender.is_empty() {
                hob::yield_now().await;
            }
        }
        let spent = polls() - before;
        assert!((3 * RECEIVERS..4 * RECEIVERS).contains(&spent), "{spent}");
        drop(sender);
        for task in tasks {
            assert_eq!(task.await.expect("it ends"), 6);
        }
    });
}
