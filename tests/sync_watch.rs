//! A watch shows everybody its newest value, tells each receiver what it has not seen, and
//! lets the user's own code (closures, clones, drops) do what it likes meanwhile.

mod sync_support;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use futures_lite::StreamExt;
use hob::sync::watch::{self, SendError};
use sync_support::{Count, poll, poll_now};

#[test]
fn each_value_calls_everybody_who_waits_once() {
    let (sender, receiver) = watch::channel(0);
    let mut receivers: Vec<_> = (0..3).map(|_| receiver.clone()).collect();
    let counts: Vec<_> = (0..3).map(|_| Count::new()).collect();
    let mut waits: Vec<_> = receivers.iter_mut().map(|each| each.changed()).collect();
    for (wait, count) in waits.iter_mut().zip(&counts) {
        assert!(poll(wait, count).is_pending());
    }
    sender.send(1).expect("watched");
    sender.send(2).expect("watched");
    for (wait, count) in waits.iter_mut().zip(&counts) {
        assert_eq!(count.get(), 1);
        assert_eq!(poll(wait, count), Poll::Ready(Ok(())));
    }
    drop(waits);
    for each in &mut receivers {
        assert_eq!(*each.borrow(), 2);
        assert!(poll_now(&mut each.changed()).is_pending(), "seen");
    }
}

/// The promise of `changed`: cancel-safe. Broken by: `mark_unchanged` in the drop of `Changed`.
#[test]
fn a_wait_that_is_dropped_loses_no_value_and_leaves_no_waker() {
    let (sender, mut receiver) = watch::channel(0);
    let count = Count::new();
    let mut wait = receiver.changed();
    assert!(poll(&mut wait, &count).is_pending());
    sender.send(1).expect("watched");
    drop(wait);
    assert_eq!(Arc::strong_count(&count), 1);
    assert_eq!(poll_now(&mut receiver.changed()), Poll::Ready(Ok(())));
    let mut wait = receiver.changed();
    assert!(poll(&mut wait, &count).is_pending());
    drop(wait);
    assert_eq!(Arc::strong_count(&count), 1);
    let mut test = receiver.wait_for(|value| *value == 7);
    assert!(poll(&mut test, &count).is_pending());
    drop(test);
    let mut closed = sender.closed();
    assert!(poll(&mut closed, &count).is_pending());
    drop(closed);
    assert_eq!(Arc::strong_count(&count), 1);
}

/// Trap 42. Broken by: asking `is_over` before the version in `poll_other`.
#[test]
fn the_last_value_is_seen_although_its_sender_has_gone() {
    let (sender, mut receiver) = watch::channel(0);
    let other = sender.clone();
    let count = Count::new();
    let mut wait = receiver.changed();
    assert!(poll(&mut wait, &count).is_pending());
    drop(sender);
    assert_eq!(count.get(), 0, "one is left");
    other.send(1).expect("watched");
    drop(other);
    assert_eq!(poll(&mut wait, &count), Poll::Ready(Ok(())));
    drop(wait);
    assert!(poll_now(&mut receiver.changed()).is_ready_err());
    assert!(receiver.has_changed().is_err() && receiver.is_closed());
    assert_eq!(*receiver.borrow(), 1);
}

/// Trap 42. Broken by: taking `changing.call_all()` out of the drop of `Sender`.
#[test]
fn the_end_of_the_last_sender_wakes_who_waits() {
    let (sender, mut receiver) = watch::channel(0);
    let count = Count::new();
    let mut wait = receiver.changed();
    assert!(poll(&mut wait, &count).is_pending());
    drop(sender);
    assert_eq!(count.get(), 1);
    assert!(poll(&mut wait, &count).is_ready_err());
}

trait IsReadyErr {
    fn is_ready_err(&self) -> bool;
}

impl<T, E> IsReadyErr for Poll<Result<T, E>> {
    fn is_ready_err(&self) -> bool {
        matches!(self, Poll::Ready(Err(_)))
    }
}

/// Trap 42. Broken by: a flag "closed" that `subscribe` does not take back.
#[test]
fn a_watch_that_nobody_watched_can_be_watched_again() {
    let (sender, receiver) = watch::channel(0);
    let count = Count::new();
    let mut closed = sender.closed();
    assert!(poll(&mut closed, &count).is_pending());
    drop(receiver);
    assert_eq!(count.get(), 1);
    let mut receiver = sender.subscribe();
    assert!(poll(&mut closed, &count).is_pending(), "it is watched");
    drop(closed);
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!(poll_now(&mut receiver.changed()), Poll::Ready(Ok(())));
    drop(receiver);
    assert!(sender.is_closed());
    assert!(poll_now(&mut sender.closed()).is_ready());
    assert_eq!(sender.send(2), Err(SendError(2)));
    assert_eq!(*sender.borrow(), 1, "what was refused is not there");
}

#[test]
fn a_borrow_that_is_held_holds_up_nobody_and_stays_what_it_is() {
    let (sender, mut receiver) = watch::channel(String::from("first"));
    let held = receiver.borrow();
    let from_sender = sender.borrow();
    sender.send("second".into()).expect("watched");
    sender.send_modify(|text| text.push('!'));
    let former = sender.send_replace("third".into());
    assert_eq!((&**held, &**from_sender), ("first", "first"));
    assert_eq!(*former, "second!");
    let third = receiver.borrow_and_update();
    assert!(third.has_changed() && !receiver.borrow().has_changed());
    assert_eq!(format!("{third} {third:?}"), "third \"third\"");
    drop((sender, receiver));
    assert_eq!(*third, "third");
}

#[test]
fn a_value_that_nobody_holds_is_dropped_when_the_next_comes() {
    let value = Rc::new(());
    let (sender, receiver) = watch::channel(value.clone());
    let held = receiver.borrow();
    sender.send(Rc::default()).expect("watched");
    assert_eq!(Rc::strong_count(&value), 2);
    drop(held);
    assert_eq!(Rc::strong_count(&value), 1);
    sender.send(value.clone()).expect("watched");
    sender.send(Rc::default()).expect("watched");
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_change_may_use_the_very_channel_and_its_result_counts() {
    let (sender, receiver) = watch::channel(1);
    sender.send_modify(|value| {
        assert_eq!(*receiver.borrow(), 1);
        sender.send(10).expect("watched");
        assert_eq!(*receiver.borrow(), 10);
        *value += 1;
    });
    assert_eq!(*receiver.borrow(), 2);
}

/// Trap 60. Broken by: modifying the value itself in place of a copy.
#[test]
fn a_change_that_panics_or_is_taken_back_has_not_happened() {
    let (sender, mut receiver) = watch::channel(vec![1]);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        sender.send_modify(|value| {
            value.clear();
            panic!("halfway");
        });
    }));
    assert!(panic.is_err());
    let is_modified = sender.send_if_modified(|value| {
        value.clear();
        false
    });
    assert!(!is_modified);
    assert_eq!(*receiver.borrow(), [1]);
    assert!(poll_now(&mut receiver.changed()).is_pending());
    assert!(sender.send_if_modified(|value| value.pop().is_some()));
    assert_eq!(poll_now(&mut receiver.changed()), Poll::Ready(Ok(())));
}

/// Trap 10. Broken by: dropping the former value while `value` is borrowed in `put`.
#[test]
fn a_value_may_use_the_channel_from_its_drop_and_its_clone() {
    type Channel = Rc<RefCell<Option<(watch::Sender<Nosy>, watch::Receiver<Nosy>)>>>;
    struct Nosy(u32, Channel, Rc<Cell<u32>>);
    impl Nosy {
        fn look(&self) {
            if let Some((sender, receiver)) = &*self.1.borrow() {
                self.2.set(self.2.get() + 1);
                assert!(receiver.borrow().0 < 10);
                if self.0 == 1 {
                    let next = Nosy(5, self.1.clone(), self.2.clone());
                    sender.send(next).expect("watched");
                }
            }
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            self.look();
        }
    }
    impl Clone for Nosy {
        fn clone(&self) -> Nosy {
            self.look();
            Nosy(self.0, self.1.clone(), self.2.clone())
        }
    }
    let (channel, looks) = (Channel::default(), Rc::new(Cell::new(0)));
    let value = |n| Nosy(n, channel.clone(), looks.clone());
    let (sender, receiver) = watch::channel(value(0));
    *channel.borrow_mut() = Some((sender, receiver));
    let ends = channel.borrow();
    let (sender, receiver) = ends.as_ref().expect("just put there");
    sender.send(value(1)).expect("watched");
    sender.send(value(2)).expect("watched"); // the drop of 1 sends 5
    assert_eq!(receiver.borrow().0, 5);
    sender.send_modify(|value| value.0 = 6);
    assert_eq!(receiver.borrow().0, 6);
    assert_eq!(looks.get(), 5, "dropped: 0, 1, 2, 5; cloned: 5");
    drop(ends);
    drop(channel.take());
}

/// Trap 60. Broken by: dropping the former value before `announce` in `publish`.
#[test]
fn a_value_that_panics_as_it_goes_costs_nobody_the_next() {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0, "boom");
        }
    }
    let (sender, mut receiver) = watch::channel(Bomb(true));
    let count = Count::new();
    let mut wait = receiver.changed();
    assert!(poll(&mut wait, &count).is_pending());
    let panic = catch_unwind(AssertUnwindSafe(|| drop(sender.send(Bomb(false)))));
    assert!(panic.is_err());
    assert_eq!(count.get(), 1);
    assert_eq!(poll(&mut wait, &count), Poll::Ready(Ok(())));
}

#[test]
fn to_wait_for_a_value_tests_the_one_of_now_and_each_newest_once() {
    let (sender, mut receiver) = watch::channel(1);
    let tested = RefCell::new(Vec::new());
    let count = Count::new();
    let mut wait = receiver.wait_for(|value| {
        tested.borrow_mut().push(*value);
        *value >= 3
    });
    assert!(poll(&mut wait, &count).is_pending());
    assert!(poll(&mut wait, &count).is_pending(), "nothing new to test");
    sender.send(2).expect("watched");
    assert!(poll(&mut wait, &count).is_pending());
    sender.send(0).expect("watched");
    sender.send(3).expect("watched");
    assert!(matches!(poll(&mut wait, &count), Poll::Ready(Ok(value)) if *value == 3));
    drop(wait);
    assert_eq!(*tested.borrow(), [1, 2, 3]);
    assert_eq!(receiver.has_changed(), Ok(false));
    let mut at_once = receiver.wait_for(|value| *value == 3);
    assert!(poll_now(&mut at_once).is_ready());
    drop(at_once);
    drop(sender);
    assert!(poll_now(&mut receiver.wait_for(|value| *value == 4)).is_ready_err());
    assert!(poll_now(&mut receiver.wait_for(|value| *value == 3)).is_ready());
}

#[test]
fn a_test_that_panics_loses_nothing() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send(2).expect("watched");
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _ = poll_now(&mut receiver.wait_for(|_| panic!("no")));
    }));
    assert!(panic.is_err());
    assert_eq!(receiver.has_changed(), Ok(true));
    assert_eq!(*receiver.borrow_and_update(), 2);
}

#[test]
fn a_clone_has_seen_what_the_original_has_and_marks_change_that() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send(2).expect("watched");
    let mut clone = receiver.clone();
    assert_eq!(clone.has_changed(), Ok(true));
    clone.mark_unchanged();
    assert_eq!(clone.has_changed(), Ok(false));
    assert_eq!(receiver.has_changed(), Ok(true), "each for itself");
    receiver.mark_unchanged();
    receiver.mark_changed();
    assert_eq!(poll_now(&mut receiver.changed()), Poll::Ready(Ok(())));
    assert!(poll_now(&mut receiver.changed()).is_pending());
    assert_eq!((sender.receiver_count(), sender.sender_count()), (2, 1));
    assert!(clone.same_channel(&receiver) && sender.same_channel(&sender.clone()));
    assert!(!sender.same_channel(&watch::Sender::default()));
}

#[test]
fn a_receiver_is_a_stream_of_what_it_has_not_seen() {
    let (sender, mut receiver) = watch::channel(0);
    let count = Count::new();
    assert!(poll(&mut receiver.next(), &count).is_pending(), "0 is seen");
    sender.send(1).expect("watched");
    assert_eq!(count.get(), 1);
    sender.send(2).expect("watched");
    drop(sender);
    let mut rest = receiver.map(|value| *value).collect::<Vec<_>>();
    assert_eq!(poll_now(&mut rest), Poll::Ready(vec![2]));
}

/// Trap 51. Broken by: `Crowd::call_all` looking at every waiter again after each wake.
#[test]
fn ten_thousand_who_watch_cost_ten_thousand_polls_for_each_value() {
    const WATCHERS: u64 = 10_000;
    hob::block_on(async {
        let (sender, receiver) = watch::channel(0);
        for _ in 0..WATCHERS {
            let mut receiver = receiver.clone();
            hob::spawn(async move { while receiver.changed().await.is_ok() {} });
        }
        drop(receiver);
        let polls = || hob::metrics().counters.polls;
        let mut before = polls();
        for value in 1..=3 {
            while polls() - before < WATCHERS {
                hob::yield_now().await;
            }
            before = polls();
            sender.send(value).expect("watched");
        }
        while polls() - before < WATCHERS {
            hob::yield_now().await;
        }
        assert!(polls() - before <= WATCHERS + 500, "{}", polls() - before);
    });
}
