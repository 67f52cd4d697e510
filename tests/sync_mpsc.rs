//! A channel keeps order, its limit and every message, however its senders and its receiver
//! come, wait, give up and go: by hand, and beside a model.

mod sync_support;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_lite::StreamExt;
use hob::sync::mpsc::{self, SendError, TryRecvError, TrySendError};
use sync_support::{Count, Random, poll, poll_now};

/// Trap 48. Broken by: taking the `assert!` out of `channel`.
#[test]
#[should_panic(expected = "take a capacity of at least 1")]
fn a_channel_without_any_room_is_refused_at_once() {
    let _ = mpsc::channel::<()>(0);
}

#[test]
fn senders_that_wait_get_their_places_in_the_order_in_which_they_came() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(0).expect("there is a place");
    let mut sends: Vec<_> = (1..4).map(|n| sender.send(n)).collect();
    for send in &mut sends {
        assert!(poll_now(send).is_pending());
    }
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    for (expected, send) in sends.iter_mut().enumerate() {
        assert_eq!(receiver.try_recv(), Ok(expected));
        assert_eq!(
            sender.try_send(9),
            Err(TrySendError::Full(9)),
            "nobody overtakes"
        );
        assert_eq!(poll_now(send), Poll::Ready(Ok(())));
    }
    assert_eq!(receiver.try_recv(), Ok(3));
}

/// Trap 41. Broken by: an empty `drop` of `Send`.
#[test]
fn a_send_dropped_in_the_same_moment_as_its_grant_passes_the_place_on() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send("full").expect("there is a place");
    let count = Count::new();
    let mut first = sender.send("never sent");
    let mut second = sender.send("sent");
    assert!(poll_now(&mut first).is_pending());
    assert!(poll(&mut second, &count).is_pending());
    assert_eq!(receiver.try_recv(), Ok("full"));
    drop(first);
    assert_eq!(count.get(), 1);
    assert_eq!(poll_now(&mut second), Poll::Ready(Ok(())));
    assert_eq!(receiver.try_recv(), Ok("sent"));
}

/// Trap 42. Broken by: asking only `granted`, not `is_closed`, in the poll of `Send`.
#[test]
fn when_the_receiver_goes_every_sender_gets_its_message_back() {
    let (sender, mut receiver) = mpsc::channel(1);
    let count = Count::new();
    sender.try_send(0).expect("there is a place");
    let mut granted = sender.send(1);
    let mut waiting = sender.send(2);
    let mut late = sender.send(3);
    assert!(poll(&mut granted, &count).is_pending());
    assert!(poll(&mut waiting, &count).is_pending());
    receiver.try_recv().expect("one is in");
    drop(receiver);
    assert_eq!(count.get(), 2);
    assert_eq!(poll_now(&mut granted), Poll::Ready(Err(SendError(1))));
    assert_eq!(poll_now(&mut waiting), Poll::Ready(Err(SendError(2))));
    assert_eq!(poll_now(&mut late), Poll::Ready(Err(SendError(3))));
    assert_eq!(sender.try_send(4), Err(TrySendError::Closed(4)));
}

/// Trap 42. Broken by: `try_recv` asking `is_closed` before the backlog.
#[test]
fn a_closed_channel_still_gives_what_is_in_it() {
    let (sender, mut receiver) = mpsc::channel(4);
    sender.try_send(1).expect("there is a place");
    sender.try_send(2).expect("there is a place");
    receiver.close();
    assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    assert_eq!(receiver.len(), 2);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(poll_now(&mut receiver.recv()), Poll::Ready(Some(2)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(poll_now(&mut receiver.recv()), Poll::Ready(None));
}

/// Trap 42. Broken by: taking `receiver.wake()` out of `remove_sender`.
#[test]
fn the_end_of_the_last_sender_wakes_the_receiver() {
    let (sender, mut receiver) = mpsc::channel::<()>(1);
    let other = sender.clone();
    let count = Count::new();
    let mut recv = receiver.recv();
    assert!(poll(&mut recv, &count).is_pending());
    drop(sender);
    assert_eq!(count.get(), 0);
    drop(other);
    assert_eq!(count.get(), 1);
    assert_eq!(poll(&mut recv, &count), Poll::Ready(None));
}

/// Trap 42. Broken by: taking `receiver.wake()` out of `close`.
#[test]
fn a_receiver_that_is_closed_between_two_polls_is_woken() {
    let (sender, mut receiver) = mpsc::channel::<()>(1);
    let count = Count::new();
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(receiver.poll_recv(&mut cx).is_pending());
    receiver.close();
    assert_eq!(count.get(), 1);
    assert_eq!(receiver.poll_recv(&mut cx), Poll::Ready(None));
    assert!(sender.is_closed());
}

/// Trap 42. Broken by: an empty `drop` of `Recv`, and no `clear` in `abandon`.
#[test]
fn a_receiver_that_waits_no_longer_keeps_no_waker() {
    let (_sender, mut receiver) = mpsc::channel::<()>(1);
    let count = Count::new();
    let mut recv = receiver.recv();
    assert!(poll(&mut recv, &count).is_pending());
    assert_eq!(Arc::strong_count(&count), 2);
    drop(recv);
    assert_eq!(Arc::strong_count(&count), 1);
    let waker = Waker::from(count.clone());
    assert!(
        receiver
            .poll_recv(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&count), 1);
}

/// The promise of `recv`: cancel-safe. Broken by: taking the message in `Recv::new`.
#[test]
fn a_recv_that_is_dropped_loses_no_message() {
    let (sender, mut receiver) = mpsc::channel(3);
    for n in 0..3 {
        assert!(poll_now(&mut receiver.recv()).is_pending());
        sender.try_send(n).expect("there is a place");
        drop(receiver.recv());
        assert_eq!(poll_now(&mut receiver.recv()), Poll::Ready(Some(n)));
    }
}

#[test]
fn the_messages_left_are_dropped_with_the_receiver_and_may_send_from_their_drop() {
    struct Echo(mpsc::UnboundedSender<Echo>, Rc<RefCell<Vec<bool>>>);
    impl Drop for Echo {
        fn drop(&mut self) {
            let again = Echo(self.0.clone(), Rc::default());
            let sent = self
                .0
                .send(again)
                .map_err(|refused| std::mem::forget(refused.0));
            self.1.borrow_mut().push(sent.is_ok());
        }
    }
    let (sender, receiver) = mpsc::unbounded_channel();
    let log = Rc::new(RefCell::new(Vec::new()));
    sender
        .send(Echo(sender.clone(), log.clone()))
        .expect("open");
    sender
        .send(Echo(sender.clone(), log.clone()))
        .expect("open");
    drop(receiver);
    assert_eq!(*log.borrow(), [false, false]);
}

#[test]
fn closed_is_ready_when_the_receiver_goes_even_if_nobody_polled_it_before() {
    let (sender, receiver) = mpsc::unbounded_channel::<()>();
    let count = Count::new();
    let mut early = sender.closed();
    let mut unpolled = sender.closed();
    assert!(poll(&mut early, &count).is_pending());
    drop(receiver);
    assert_eq!(count.get(), 1);
    assert!(poll_now(&mut early).is_ready());
    assert!(poll_now(&mut unpolled).is_ready());
    assert!(poll_now(&mut sender.closed()).is_ready());
}

#[test]
fn a_receiver_is_a_stream() {
    let (sender, receiver) = mpsc::channel(3);
    let (endless, more) = mpsc::unbounded_channel();
    for n in 0..3 {
        sender.try_send(n).expect("there is a place");
        endless.send(n + 3).expect("open");
    }
    drop((sender, endless));
    let mut all = receiver.chain(more).collect::<Vec<_>>();
    assert_eq!(poll_now(&mut all), Poll::Ready(vec![0, 1, 2, 3, 4, 5]));
}

// ---- beside a model

/// A channel as one would write it with no thought of speed.
#[derive(Default)]
struct Model {
    capacity: usize,
    messages: VecDeque<u32>,
    /// The messages of those who wait for a place.
    waiting: VecDeque<u32>,
    /// The messages of those who have a place and have not used it.
    granted: Vec<u32>,
    closed: bool,
}

impl Model {
    fn free(&self) -> usize {
        self.capacity - self.messages.len() - self.granted.len()
    }

    fn hand_out(&mut self) {
        while self.free() > 0 && !self.closed {
            let Some(message) = self.waiting.pop_front() else {
                break;
            };
            self.granted.push(message);
        }
    }

    fn recv(&mut self) -> Option<u32> {
        let message = self.messages.pop_front();
        self.hand_out();
        message
    }

    /// The sender of `message` is ready, or gives up.
    fn leave(&mut self, message: u32) {
        self.waiting.retain(|waiting| *waiting != message);
        self.granted.retain(|granted| *granted != message);
    }
}

struct Run<'a> {
    sender: &'a mpsc::Sender<u32>,
    receiver: mpsc::Receiver<u32>,
    model: Model,
    /// Sends that are not ready, each with its message and its waker.
    sends: Vec<(u32, mpsc::Send<'a, u32>, Arc<Count>)>,
    next: u32,
    /// The receiver's waker, and whether it should have been called.
    awake: Arc<Count>,
    parked: bool,
}

impl Run<'_> {
    fn send(&mut self) {
        let message = self.next;
        self.next += 1;
        let count = Count::new();
        let mut send = self.sender.send(message);
        let answer = poll(&mut send, &count);
        if self.model.closed {
            assert_eq!(answer, Poll::Ready(Err(SendError(message))));
        } else if self.model.free() > 0 && self.model.waiting.is_empty() {
            assert_eq!(answer, Poll::Ready(Ok(())));
            self.model.messages.push_back(message);
        } else {
            assert_eq!(answer, Poll::Pending);
            self.model.waiting.push_back(message);
            self.sends.push((message, send, count));
        }
    }

    fn poll_send(&mut self, at: usize) {
        let (message, send, count) = &mut self.sends[at];
        let message = *message;
        let answer = poll(send, count);
        if self.model.closed {
            assert_eq!(answer, Poll::Ready(Err(SendError(message))));
        } else if self.model.granted.contains(&message) {
            assert_eq!(answer, Poll::Ready(Ok(())));
            self.model.messages.push_back(message);
        } else {
            assert_eq!(answer, Poll::Pending);
            return;
        }
        self.model.leave(message);
        drop(self.sends.swap_remove(at));
    }

    fn recv(&mut self) {
        let waker = Waker::from(self.awake.clone());
        let answer = self.receiver.poll_recv(&mut Context::from_waker(&waker));
        let expected = self.model.recv();
        match answer {
            Poll::Ready(message) => {
                assert_eq!(message, expected);
                assert!(message.is_some() || self.model.closed);
            }
            Poll::Pending => {
                assert_eq!(expected, None);
                self.awake = Count::new();
                let waker = Waker::from(self.awake.clone());
                let mut cx = Context::from_waker(&waker);
                assert!(self.receiver.poll_recv(&mut cx).is_pending());
                self.parked = true;
            }
        }
    }

    fn step(&mut self, random: &mut Random) {
        match random.below(16) {
            0..=3 => self.send(),
            4..=6 if !self.sends.is_empty() => self.poll_send(random.below(self.sends.len())),
            7..=8 if !self.sends.is_empty() => {
                let (message, send, _) = self.sends.swap_remove(random.below(self.sends.len()));
                drop(send);
                self.model.leave(message);
                self.model.hand_out();
            }
            9..=11 => self.recv(),
            12 => {
                let answer = self.receiver.try_recv();
                assert_eq!(answer.ok(), self.model.recv());
            }
            13 => {
                let answer = self.sender.try_send(self.next);
                if self.model.closed {
                    assert_eq!(answer, Err(TrySendError::Closed(self.next)));
                } else if self.model.free() > 0 && self.model.waiting.is_empty() {
                    assert_eq!(answer, Ok(()));
                    self.model.messages.push_back(self.next);
                } else {
                    assert_eq!(answer, Err(TrySendError::Full(self.next)));
                }
                self.next += 1;
            }
            14 => drop(self.sender.clone()),
            15 if random.below(25) == 0 => {
                self.receiver.close();
                self.model.closed = true;
            }
            _ => {}
        }
    }

    fn check(&mut self) {
        assert_eq!(self.receiver.len(), self.model.messages.len());
        assert_eq!(self.receiver.is_closed(), self.model.closed);
        if !self.model.closed {
            assert_eq!(self.sender.capacity(), self.model.free());
        }
        for (message, _, count) in &self.sends {
            let is_called = self.model.closed || self.model.granted.contains(message);
            assert_eq!(
                count.get() > 0,
                is_called,
                "woken when there is a place, or none will be"
            );
        }
        if self.parked && !self.model.messages.is_empty() {
            assert_eq!(self.awake.get(), 1, "woken by the first message, once");
            self.parked = false;
        }
    }
}

/// Traps 41 and 42, in every order that chance finds. Broken by: `call_back` for `call_front`
/// in `Gate::pass_on`, or taking `room.release` out of `Chan::try_recv`.
#[test]
fn the_channel_agrees_with_a_model_whatever_is_cancelled_when() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let capacity = 1 + random.below(4);
        let (sender, receiver) = mpsc::channel(capacity);
        let mut run = Run {
            sender: &sender,
            receiver,
            model: Model {
                capacity,
                ..Model::default()
            },
            sends: Vec::new(),
            next: 0,
            awake: Count::new(),
            parked: false,
        };
        for _ in 0..300 {
            run.step(&mut random);
            run.check();
        }
    }
}
