//! The oneshot beside two flags and an `Option`: each end learns of the other what it should,
//! once, and a value that was sent is received or dropped, never lost.

mod channel_support;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use channel_support::{Count, config, poll};
use hob::sync::oneshot::{self, TryRecvError};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Call {
    Send,
    DropSender,
    PollClosed,
    CancelClosed,
    Recv,
    TryRecv,
    Close,
    DropReceiver,
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        1 => Just(Call::Send),
        1 => Just(Call::DropSender),
        3 => Just(Call::PollClosed),
        2 => Just(Call::CancelClosed),
        4 => Just(Call::Recv),
        2 => Just(Call::TryRecv),
        1 => Just(Call::Close),
        1 => Just(Call::DropReceiver),
    ]
}

struct Run {
    sender: Option<oneshot::Sender<Arc<()>>>,
    receiver: Option<oneshot::Receiver<Arc<()>>>,
    /// The model: is the value on its way, and has the receiver closed?
    is_in: bool,
    closed: bool,
    /// Whose waker was left by the last poll of each end.
    receiver_parked: Option<Arc<Count>>,
    sender_parked: Option<Arc<Count>>,
    value: Arc<()>,
}

impl Run {
    fn may_come(&self) -> bool {
        self.sender.is_some() && !self.closed
    }

    fn step(&mut self, call: Call) {
        match call {
            Call::Send => {
                let Some(sender) = self.sender.take() else {
                    return;
                };
                let answer = sender.send(self.value.clone());
                assert_eq!(answer.is_err(), self.closed);
                self.is_in = !self.closed;
                self.sender_parked = None;
            }
            Call::DropSender => {
                self.sender = None;
                self.sender_parked = None;
            }
            Call::PollClosed | Call::CancelClosed => self.poll_closed(call),
            Call::Recv | Call::TryRecv => self.recv(call),
            Call::Close => {
                if let Some(receiver) = &mut self.receiver {
                    receiver.close();
                    self.closed = true;
                }
            }
            Call::DropReceiver => {
                self.receiver = None;
                self.receiver_parked = None;
                self.closed = true;
                self.is_in = false;
            }
        }
    }

    fn poll_closed(&mut self, call: Call) {
        let Some(sender) = &mut self.sender else {
            return;
        };
        let count = Count::new();
        let answer = match call {
            Call::PollClosed => {
                let waker = Waker::from(count.clone());
                sender.poll_closed(&mut Context::from_waker(&waker))
            }
            _ => poll(&mut sender.closed(), &count), // and dropped
        };
        assert_eq!(answer.is_ready(), self.closed);
        let stays = answer.is_pending() && matches!(call, Call::PollClosed);
        self.sender_parked = stays.then_some(count);
    }

    fn recv(&mut self, call: Call) {
        let may_come = self.may_come();
        let Some(receiver) = &mut self.receiver else {
            return;
        };
        assert_eq!(receiver.is_empty(), !self.is_in);
        assert_eq!(receiver.is_terminated(), !self.is_in && !may_come);
        let count = Count::new();
        let answer = match call {
            Call::Recv => poll(receiver, &count).map(|answer| answer.map_err(drop)),
            _ => match receiver.try_recv() {
                Ok(value) => Poll::Ready(Ok(value)),
                Err(TryRecvError::Closed) => Poll::Ready(Err(())),
                Err(TryRecvError::Empty) => Poll::Pending,
            },
        };
        match answer {
            Poll::Ready(Ok(_)) => assert!(std::mem::take(&mut self.is_in)),
            Poll::Ready(Err(())) => assert!(!self.is_in && !may_come),
            Poll::Pending => {
                assert!(!self.is_in && may_come);
                if let Call::Recv = call {
                    self.receiver_parked = Some(count);
                }
            }
        }
    }

    fn check(&mut self) {
        assert_eq!(Arc::strong_count(&self.value), 1 + usize::from(self.is_in));
        if let Some(sender) = &self.sender {
            assert_eq!(sender.is_closed(), self.closed);
        }
        if self.closed
            && let Some(count) = self.sender_parked.take()
        {
            assert_eq!(count.get(), 1, "the sender is woken, once");
        }
        if self.sender.is_none()
            && let Some(count) = self.receiver_parked.take()
        {
            assert_eq!(count.get(), 1, "the receiver is woken, once");
        }
    }
}

proptest! {
    #![proptest_config(config())]

    /// Trap 42. Broken by: `take` asking `closed` before the value, no `wake` in `close` or in
    /// the drop of `Sender`.
    #[test]
    fn the_oneshot_and_the_model_tell_the_same(
        calls in prop::collection::vec(call(), 1..30),
    ) {
        let (sender, receiver) = oneshot::channel();
        let mut run = Run {
            sender: Some(sender),
            receiver: Some(receiver),
            is_in: false,
            closed: false,
            receiver_parked: None,
            sender_parked: None,
            value: Arc::new(()),
        };
        for call in calls {
            run.step(call);
            run.check();
        }
        run.step(Call::DropSender);
        run.step(Call::DropReceiver);
        prop_assert_eq!(Arc::strong_count(&run.value), 1);
    }
}
