//! A place can be taken ahead of its message; whoever holds one is never let down, whoever
//! gives one up holds up nobody, and a channel is over exactly when nothing can come any more.

mod sync_support;

use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use hob::sync::mpsc::{self, SendError, SendTimeoutError, TryRecvError, TrySendError};
use hob::time::now;
use sync_support::{Count, poll, poll_now};

/// Trap 42. Broken by: `is_over` asking `is_closed` and not `reserved`.
#[test]
fn a_closed_channel_is_not_over_while_a_permit_is_out() {
    let (sender, mut receiver) = mpsc::channel(2);
    let used = sender.try_reserve().expect("there is a place");
    let unused = sender.try_reserve().expect("there is a place");
    receiver.close();
    assert_eq!(sender.try_reserve().unwrap_err(), TrySendError::Closed(()));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let count = Count::new();
    assert!(poll(&mut receiver.recv(), &count).is_pending());
    used.send("promised");
    assert_eq!(receiver.try_recv(), Ok("promised"));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(unused);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(receiver.capacity(), 2, "no place was lost");
}

/// Trap 42. Broken by: taking `receiver.wake()` out of `Chan::unreserve`.
#[test]
fn the_last_permit_of_a_closed_channel_wakes_the_receiver_when_it_is_dropped() {
    let (sender, mut receiver) = mpsc::channel::<()>(3);
    let one = sender.try_reserve().expect("there is a place");
    let two = sender.try_reserve_many(2).expect("there are places");
    receiver.close();
    let count = Count::new();
    let mut recv = receiver.recv();
    assert!(poll(&mut recv, &count).is_pending());
    drop(one);
    assert!(poll(&mut recv, &count).is_pending());
    drop(two);
    assert!(count.get() > 0);
    assert_eq!(poll(&mut recv, &count), Poll::Ready(None));
}

/// Trap 42. Broken by: `push_reserved` not asking `abandoned`.
#[test]
fn what_a_permit_sends_to_a_receiver_that_has_gone_is_dropped_at_once() {
    let (sender, receiver) = mpsc::channel(1);
    let permit = sender.try_reserve().expect("there is a place");
    drop(receiver);
    let message = Rc::new(());
    permit.send(message.clone());
    assert_eq!(Rc::strong_count(&message), 1);
    assert!(poll_now(&mut sender.reserve()).ready_and(|answer| answer.is_err()));
}

/// Says so in one line above.
trait ReadyAnd<T> {
    fn ready_and(self, test: impl FnOnce(T) -> bool) -> bool;
}

impl<T> ReadyAnd<T> for Poll<T> {
    fn ready_and(self, test: impl FnOnce(T) -> bool) -> bool {
        match self {
            Poll::Ready(answer) => test(answer),
            Poll::Pending => false,
        }
    }
}

/// Trap 41. Broken by: an empty `drop` of `Reserve`, of `ReserveMany` or of `ReserveOwned`.
#[test]
fn a_reservation_dropped_in_the_same_moment_as_its_grant_passes_the_place_on() {
    let (sender, mut receiver) = mpsc::channel(1);
    for way in 0..3 {
        sender.try_send(way).expect("there is a place");
        let count = Count::new();
        let mut one = sender.reserve();
        let mut many = sender.reserve_many(1);
        let mut owned = sender.clone().reserve_owned();
        match way {
            0 => assert!(poll_now(&mut one).is_pending()),
            1 => assert!(poll_now(&mut many).is_pending()),
            _ => assert!(poll_now(&mut owned).is_pending()),
        }
        let mut next = sender.reserve();
        assert!(poll(&mut next, &count).is_pending());
        assert_eq!(receiver.try_recv(), Ok(way));
        assert_eq!(count.get(), 0, "it is not its turn");
        drop((one, many, owned));
        assert_eq!(count.get(), 1);
        assert!(poll_now(&mut next).ready_and(|permit| permit.is_ok()));
        assert_eq!(sender.strong_count(), 1);
    }
}

#[test]
fn permits_and_sends_stand_in_one_line() {
    let (sender, mut receiver) = mpsc::channel(2);
    let permits = sender.try_reserve_many(2).expect("both are free");
    let mut first = sender.reserve_many(2);
    let mut second = sender.send(3);
    assert!(poll_now(&mut first).is_pending());
    assert!(poll_now(&mut second).is_pending());
    for (n, permit) in (1..).zip(permits) {
        permit.send(n);
    }
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(poll_now(&mut second).is_pending(), "nobody overtakes");
    assert_eq!(receiver.try_recv(), Ok(2));
    let Poll::Ready(Ok(mut permits)) = poll_now(&mut first) else {
        panic!("both places are free");
    };
    assert_eq!((permits.len(), sender.capacity()), (2, 0));
    permits.next().expect("two").send(4);
    assert!(poll_now(&mut second).is_pending());
    drop(permits);
    assert_eq!(poll_now(&mut second), Poll::Ready(Ok(())));
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(4), Ok(3)));
}

/// Trap 48. Broken by: taking `assert_could_hold` out of `reserve_many`.
#[test]
#[should_panic(expected = "there would never be enough")]
fn more_places_than_there_are_is_refused_at_once() {
    let (sender, _receiver) = mpsc::channel::<()>(2);
    drop(sender.reserve_many(3));
}

#[test]
fn no_places_at_all_are_there_at_once_unless_the_channel_is_closed() {
    let (sender, mut receiver) = mpsc::channel::<()>(1);
    sender.try_send(()).expect("there is a place");
    let none = poll_now(&mut sender.reserve_many(0));
    assert!(none.ready_and(|none| none.expect("open").len() == 0));
    receiver.close();
    let none = poll_now(&mut sender.reserve_many(0));
    assert!(none.ready_and(|none| none.is_err()));
}

#[test]
fn an_owned_permit_keeps_the_channel_open_and_gives_its_sender_back() {
    let (sender, mut receiver) = mpsc::channel(1);
    let permit = sender.try_reserve_owned().expect("there is a place");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(receiver.sender_strong_count(), 1);
    let sender = permit.release();
    assert_eq!(sender.capacity(), 1);
    let permit = sender.try_reserve_owned().expect("there is a place");
    let sender = permit.send(1);
    let Err(TrySendError::Full(sender)) = sender.try_reserve_owned() else {
        panic!("the one place is filled");
    };
    drop(sender);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

/// Trap 42. Broken by: `revive` not asking for `senders`.
#[test]
fn a_weak_sender_keeps_nothing_open_and_opens_nothing_again() {
    let (sender, mut receiver) = mpsc::channel::<u32>(1);
    let weak = sender.downgrade();
    let twin = weak.clone();
    assert_eq!((weak.strong_count(), weak.weak_count()), (1, 2));
    assert_eq!((sender.weak_count(), receiver.sender_weak_count()), (2, 2));
    let again = weak.upgrade().expect("a sender lives");
    assert!(again.same_channel(&sender));
    assert_eq!(sender.strong_count(), 2);
    drop(sender);
    again.try_send(1).expect("there is a place");
    let count = Count::new();
    drop(again);
    assert!(twin.upgrade().is_none());
    assert!(receiver.is_closed());
    assert_eq!(poll(&mut receiver.recv(), &count), Poll::Ready(Some(1)));
    assert_eq!(poll(&mut receiver.recv(), &count), Poll::Ready(None));
    drop(receiver);
    assert_eq!((twin.strong_count(), twin.upgrade().is_none()), (0, true));

    let (sender, mut receiver) = mpsc::unbounded_channel::<u32>();
    let weak = sender.downgrade();
    assert!(weak.upgrade().is_some());
    assert_eq!((weak.strong_count(), receiver.sender_weak_count()), (1, 1));
    drop(sender);
    assert!(weak.clone().upgrade().is_none());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn a_send_with_a_limit_gives_the_message_back_when_the_time_is_over() {
    hob::Builder::new().virtual_time().block_on(async {
        let (sender, mut receiver) = mpsc::channel(1);
        let limit = Duration::from_secs(2);
        let start = now();
        assert_eq!(sender.send_timeout(1, limit).await, Ok(()));
        let late = sender.send_timeout(2, limit).await;
        assert_eq!(late, Err(SendTimeoutError::Timeout(2)));
        assert_eq!(now() - start, limit);
        // It left the line: nobody is before this one.
        let mut next = sender.send(3);
        assert!(poll_now(&mut next).is_pending());
        assert_eq!(receiver.recv().await, Some(1));
        assert_eq!(poll_now(&mut next), Poll::Ready(Ok(())));
        receiver.close();
        let closed = sender.send_timeout(4, limit).await;
        assert_eq!(closed, Err(SendTimeoutError::Closed(4)));
        assert_eq!(now() - start, limit, "that one did not wait");
    });
}

/// Both in the same turn. Broken by: looking at the sleep first in the poll of `SendTimeout`.
#[test]
fn a_place_that_comes_at_the_last_moment_is_taken() {
    hob::Builder::new().virtual_time().block_on(async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.try_send(1).expect("there is a place");
        let mut send = sender.send_timeout(2, Duration::from_secs(1));
        assert!(poll_now(&mut send).is_pending());
        hob::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(receiver.recv().await, Some(1));
        assert_eq!(send.await, Ok(()));
    });
}

/// Trap 41. Broken by: `give_up` without its `cancel`, which leaves the place to the drop.
#[test]
fn a_send_that_was_late_is_in_nobodys_way_even_before_it_is_dropped() {
    hob::Builder::new().virtual_time().block_on(async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.try_send(1).expect("there is a place");
        let mut late = sender.send_timeout(2, Duration::from_secs(1));
        let answer = (&mut late).await;
        assert_eq!(answer, Err(SendTimeoutError::Timeout(2)));
        assert_eq!(receiver.recv().await, Some(1));
        assert_eq!(sender.try_send(3), Ok(()));
        drop(late);
        assert_eq!(sender.capacity(), 0);
    });
}

#[test]
fn many_messages_come_in_one_go_and_their_places_are_free_at_once() {
    let (sender, mut receiver) = mpsc::channel(4);
    for n in 0..4 {
        sender.try_send(n).expect("there is a place");
    }
    let counts = [Count::new(), Count::new(), Count::new()];
    let mut sends = [sender.send(4), sender.send(5), sender.send(6)];
    for (send, count) in sends.iter_mut().zip(&counts) {
        assert!(poll(send, count).is_pending());
    }
    let mut buffer = vec![9];
    let some = poll_now(&mut receiver.recv_many(&mut buffer, 2));
    assert_eq!((some, &buffer[..]), (Poll::Ready(2), &[9, 0, 1][..]));
    assert_eq!(counts.each_ref().map(|count| count.get()), [1, 1, 0]);
    let [first, second, third] = &mut sends;
    assert_eq!(poll_now(first), Poll::Ready(Ok(())));
    assert_eq!(poll_now(second), Poll::Ready(Ok(())));
    let rest = poll_now(&mut receiver.recv_many(&mut buffer, 100));
    assert_eq!(rest, Poll::Ready(4));
    assert_eq!(buffer, [9, 0, 1, 2, 3, 4, 5]);
    assert_eq!(poll_now(third), Poll::Ready(Ok(())));
}

#[test]
fn to_receive_many_waits_for_one_and_ends_with_none() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let (mut buffer, count) = (Vec::new(), Count::new());
    let none = poll_now(&mut receiver.recv_many(&mut buffer, 0));
    assert_eq!(none, Poll::Ready(0), "a limit of none is reached at once");
    let mut many = receiver.recv_many(&mut buffer, 10);
    assert!(poll(&mut many, &count).is_pending());
    sender.send(1).expect("open");
    assert_eq!(count.get(), 1);
    assert_eq!(poll(&mut many, &count), Poll::Ready(1));
    drop(many);
    let mut many = receiver.recv_many(&mut buffer, 10);
    assert!(poll(&mut many, &count).is_pending());
    drop(many);
    assert_eq!(std::sync::Arc::strong_count(&count), 1, "no waker is left");
    drop(sender);
    let over = poll_now(&mut receiver.recv_many(&mut buffer, 10));
    assert_eq!(over, Poll::Ready(0));
    assert_eq!(buffer, [1]);
}

#[test]
fn an_end_while_somebody_reserves_is_told_to_everybody() {
    let (sender, mut receiver) = mpsc::channel(1);
    let wakes = Count::new();
    let mut granted = sender.reserve();
    let mut waiting = sender.reserve_many(1);
    let mut owned = sender.clone().reserve_owned();
    sender.try_send(1).expect("there is a place");
    assert!(poll(&mut granted, &wakes).is_pending());
    assert!(poll(&mut waiting, &wakes).is_pending());
    assert!(poll(&mut owned, &wakes).is_pending());
    assert_eq!(receiver.try_recv(), Ok(1));
    receiver.close();
    assert_eq!(wakes.get(), 3);
    assert!(poll_now(&mut granted).ready_and(|answer| answer.err() == Some(SendError(()))));
    assert!(poll_now(&mut waiting).ready_and(|answer| answer.is_err()));
    assert!(poll_now(&mut owned).ready_and(|answer| answer.is_err()));
    assert_eq!(sender.strong_count(), 1, "the refused sender went");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

/// Trap 51. Broken by: `Gate::pass_on` waking without a grant.
#[test]
fn ten_thousand_who_reserve_cost_ten_thousand_polls() {
    const WAITERS: u32 = 10_000;
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::channel(1);
        let polls = Rc::new(Cell::new(0));
        for n in 0..WAITERS {
            let (sender, polls) = (sender.clone(), polls.clone());
            hob::spawn(async move {
                let mut reserve = std::pin::pin!(sender.reserve());
                let permit = std::future::poll_fn(|cx| {
                    polls.set(polls.get() + 1);
                    reserve.as_mut().poll(cx)
                });
                permit.await.expect("the receiver lives").send(n);
            });
        }
        drop(sender);
        let mut expected = 0..WAITERS;
        while let Some(n) = receiver.recv().await {
            assert_eq!(Some(n), expected.next(), "in order");
        }
        assert!(expected.next().is_none());
        assert!(polls.get() <= 2 * WAITERS, "{} polls", polls.get());
    });
}
