//! The broadcast beside a `VecDeque` for each receiver, cut at the front when it is too long:
//! whoever comes, goes, waits, gives up or is too slow, both tell the same.

#![allow(
    clippy::await_holding_refcell_ref,
    reason = "the future is the only one that uses its receiver; the cell gives it back"
)]

mod channel_support;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use channel_support::{Count, Waiting, config, poll};
use hob::sync::broadcast::{self, RecvError, SendError, TryRecvError};
use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Clone, Debug)]
enum Call {
    Send,
    Subscribe,
    Resubscribe(Index),
    DropReceiver(Index),
    Recv(Index),
    CancelRecv(Index),
    TryRecv(Index),
    CloneSender,
    DropSender,
    Closed,
    CancelClosed,
}

fn call() -> impl Strategy<Value = Call> {
    let at = any::<Index>;
    prop_oneof![
        8 => Just(Call::Send),
        2 => Just(Call::Subscribe),
        1 => at().prop_map(Call::Resubscribe),
        2 => at().prop_map(Call::DropReceiver),
        8 => at().prop_map(Call::Recv),
        3 => at().prop_map(Call::CancelRecv),
        5 => at().prop_map(Call::TryRecv),
        1 => Just(Call::CloneSender),
        1 => Just(Call::DropSender),
        2 => Just(Call::Closed),
        1 => Just(Call::CancelClosed),
    ]
}

type Recv = Waiting<Result<u32, RecvError>>;

/// One receiver, and the model of it.
struct Listener {
    receiver: Rc<RefCell<broadcast::Receiver<u32>>>,
    /// A `recv` that waits, and its waker.
    wait: Option<(Recv, Arc<Count>)>,
    left: VecDeque<u32>,
    missed: u64,
}

impl Listener {
    fn new(receiver: broadcast::Receiver<u32>) -> Listener {
        Listener {
            receiver: Rc::new(RefCell::new(receiver)),
            wait: None,
            left: VecDeque::new(),
            missed: 0,
        }
    }

    fn hear(&mut self, message: u32, capacity: usize) {
        self.left.push_back(message);
        if self.left.len() > capacity {
            self.left.pop_front();
            self.missed += 1;
        }
    }

    fn has_something(&self) -> bool {
        self.missed > 0 || !self.left.is_empty()
    }

    fn next(&mut self, over: bool) -> Result<u32, TryRecvError> {
        match std::mem::take(&mut self.missed) {
            0 => self.left.pop_front().ok_or(match over {
                true => TryRecvError::Closed,
                false => TryRecvError::Empty,
            }),
            missed => Err(TryRecvError::Lagged(missed)),
        }
    }

    /// Goes on with the `recv` that waits, or starts one.
    fn recv(&mut self, over: bool) {
        let (mut future, _old): (Recv, _) = self.wait.take().unwrap_or_else(|| {
            let receiver = self.receiver.clone();
            let future = async move { receiver.borrow_mut().recv().await };
            (Box::pin(future), Count::new())
        });
        let count = Count::new();
        let answer = poll(&mut future, &count);
        match self.next(over) {
            Err(TryRecvError::Empty) => {
                assert_eq!(answer, Poll::Pending);
                self.wait = Some((future, count));
            }
            Ok(message) => assert_eq!(answer, Poll::Ready(Ok(message))),
            Err(TryRecvError::Closed) => assert_eq!(answer, Poll::Ready(Err(RecvError::Closed))),
            Err(TryRecvError::Lagged(missed)) => {
                assert_eq!(answer, Poll::Ready(Err(RecvError::Lagged(missed))));
            }
        }
    }
}

struct Run {
    capacity: usize,
    /// Empty when the channel is over. The futures of `closed` hold theirs too.
    senders: Vec<Rc<broadcast::Sender<u32>>>,
    listeners: Vec<Listener>,
    closed: Vec<(Waiting<()>, Arc<Count>)>,
    next: u32,
}

impl Run {
    fn is_over(&self) -> bool {
        self.senders.is_empty() && self.closed.is_empty()
    }

    fn pick(&mut self, at: &Index) -> Option<&mut Listener> {
        match self.listeners.len() {
            0 => None,
            many => Some(&mut self.listeners[at.index(many)]),
        }
    }

    fn send(&mut self) {
        self.next += 1;
        let Some(sender) = self.senders.first() else {
            return;
        };
        let answer = sender.send(self.next);
        match self.listeners.len() {
            0 => assert_eq!(answer, Err(SendError(self.next))),
            many => assert_eq!(answer, Ok(many)),
        }
        for listener in &mut self.listeners {
            listener.hear(self.next, self.capacity);
        }
    }

    fn step(&mut self, call: &Call) {
        let over = self.is_over();
        match call {
            Call::Send => self.send(),
            Call::Subscribe => {
                if let Some(sender) = self.senders.first() {
                    self.listeners.push(Listener::new(sender.subscribe()));
                }
            }
            Call::Resubscribe(at) => {
                let old = self.pick(at).filter(|old| old.wait.is_none());
                let fresh = old.map(|old| old.receiver.borrow().resubscribe());
                self.listeners.extend(fresh.map(Listener::new));
            }
            Call::DropReceiver(at) if !self.listeners.is_empty() => {
                let at = at.index(self.listeners.len());
                let mut listener = self.listeners.swap_remove(at);
                listener.wait = None;
                drop(listener);
                if self.listeners.is_empty() {
                    for (_, count) in &self.closed {
                        assert_eq!(count.get(), 1, "woken when nobody is left");
                    }
                }
            }
            Call::Recv(at) => {
                if let Some(listener) = self.pick(at) {
                    listener.recv(over);
                }
            }
            Call::CancelRecv(at) => {
                if let Some(listener) = self.pick(at) {
                    listener.wait = None;
                }
            }
            Call::TryRecv(at) => {
                if let Some(listener) = self.pick(at).filter(|one| one.wait.is_none()) {
                    let answer = listener.receiver.borrow_mut().try_recv();
                    assert_eq!(answer, listener.next(over));
                }
            }
            Call::CloneSender => {
                let again = self
                    .senders
                    .first()
                    .map(|sender| Rc::new((**sender).clone()));
                self.senders.extend(again);
            }
            Call::DropSender => drop(self.senders.pop()),
            Call::Closed => self.poll_closed(),
            Call::CancelClosed => drop(self.closed.pop()),
            _ => {}
        }
    }

    /// Goes on with all that wait for the last receiver to go, or starts one.
    fn poll_closed(&mut self) {
        if let Some(sender) = self.senders.first().cloned() {
            let future = async move { sender.closed().await };
            self.closed.push((Box::pin(future), Count::new()));
        }
        let nobody = self.listeners.is_empty();
        self.closed.retain_mut(|(future, count)| {
            *count = Count::new();
            assert_eq!(poll(future, count).is_ready(), nobody);
            !nobody
        });
    }

    fn check(&self) {
        let over = self.is_over();
        for listener in &self.listeners {
            if let Some((_, count)) = &listener.wait {
                let called = listener.has_something() || over;
                assert_eq!(
                    count.get(),
                    usize::from(called),
                    "woken for something, once"
                );
            } else {
                let receiver = listener.receiver.borrow();
                assert_eq!(receiver.len(), listener.left.len());
                assert_eq!(receiver.is_closed(), over);
            }
        }
        if let Some(sender) = self.senders.first() {
            let most = self.listeners.iter().map(|one| one.left.len()).max();
            assert_eq!(
                sender.len(),
                most.unwrap_or(0),
                "kept as long as it is wanted"
            );
            assert_eq!(sender.receiver_count(), self.listeners.len());
        }
    }
}

proptest! {
    #![proptest_config(config())]

    /// Trap 42. Broken by: `Ring::forget` without its loop, `Ring::push` counting `wanted` wrong,
    /// no `call_all` in `remove_sender`.
    #[test]
    fn the_broadcast_and_the_model_tell_the_same(
        capacity in 1..5_usize,
        calls in prop::collection::vec(call(), 1..120),
    ) {
        let (sender, receiver) = broadcast::channel(capacity);
        let mut run = Run {
            capacity,
            senders: vec![Rc::new(sender)],
            listeners: vec![Listener::new(receiver)],
            closed: Vec::new(),
            next: 0,
        };
        for call in &calls {
            run.step(call);
            run.check();
        }
    }
}
