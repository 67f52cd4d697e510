//! The watch beside a number and a list of who has seen which: whatever is sent, seen, waited
//! for or given up, both tell the same.

#![allow(
    clippy::await_holding_refcell_ref,
    reason = "the future is the only one that uses its receiver; the cell gives it back"
)]

mod channel_support;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use channel_support::{Count, Waiting, config, poll};
use hob::sync::watch;
use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Clone, Debug)]
enum Call {
    Send,
    SendReplace,
    SendModify,
    SendIfModified(bool),
    Subscribe,
    CloneReceiver(Index),
    DropReceiver(Index),
    Changed(Index),
    WaitFor(Index, u32),
    Poll(Index),
    Cancel(Index),
    Borrow(Index),
    BorrowAndUpdate(Index),
    MarkChanged(Index),
    MarkUnchanged(Index),
    CloneSender,
    DropSender,
    Closed,
    CancelClosed,
}

fn call() -> impl Strategy<Value = Call> {
    let at = any::<Index>;
    prop_oneof![
        6 => Just(Call::Send),
        1 => Just(Call::SendReplace),
        1 => Just(Call::SendModify),
        2 => any::<bool>().prop_map(Call::SendIfModified),
        2 => Just(Call::Subscribe),
        1 => at().prop_map(Call::CloneReceiver),
        2 => at().prop_map(Call::DropReceiver),
        4 => at().prop_map(Call::Changed),
        4 => (at(), 1..6_u32).prop_map(|(at, divisor)| Call::WaitFor(at, divisor)),
        8 => at().prop_map(Call::Poll),
        3 => at().prop_map(Call::Cancel),
        2 => at().prop_map(Call::Borrow),
        2 => at().prop_map(Call::BorrowAndUpdate),
        1 => at().prop_map(Call::MarkChanged),
        1 => at().prop_map(Call::MarkUnchanged),
        1 => Just(Call::CloneSender),
        1 => Just(Call::DropSender),
        2 => Just(Call::Closed),
        1 => Just(Call::CancelClosed),
    ]
}

/// A `changed` or a `wait_for` that waits.
struct Wait {
    future: Waiting<Result<Option<u32>, ()>>,
    count: Arc<Count>,
    /// For `wait_for`: the number that the value must be a multiple of.
    divisor: Option<u32>,
    /// The version that it would be no use to be woken for.
    known: Option<u32>,
}

/// One receiver, and the model of it.
struct Watcher {
    receiver: Rc<RefCell<watch::Receiver<u32>>>,
    wait: Option<Wait>,
    /// The last version seen.
    seen: Option<u32>,
}

impl Watcher {
    fn new(receiver: watch::Receiver<u32>, seen: Option<u32>) -> Watcher {
        Watcher {
            receiver: Rc::new(RefCell::new(receiver)),
            wait: None,
            seen,
        }
    }

    fn changed(&mut self) {
        let receiver = self.receiver.clone();
        let future = async move {
            let answer = receiver.borrow_mut().changed().await;
            answer.map(|()| None).map_err(drop)
        };
        self.wait = Some(Wait {
            future: Box::pin(future),
            count: Count::new(),
            divisor: None,
            known: self.seen,
        });
    }

    fn wait_for(&mut self, divisor: u32) {
        let receiver = self.receiver.clone();
        let future = async move {
            let mut receiver = receiver.borrow_mut();
            let answer = receiver.wait_for(|value| value.is_multiple_of(divisor));
            answer.await.map(|value| Some(*value)).map_err(drop)
        };
        self.wait = Some(Wait {
            future: Box::pin(future),
            count: Count::new(),
            divisor: Some(divisor),
            known: None,
        });
    }

    fn poll(&mut self, value: u32, version: u32, over: bool) {
        let Some(mut wait) = self.wait.take() else {
            return;
        };
        wait.count = Count::new();
        let answer = poll(&mut wait.future, &wait.count);
        let fits = wait
            .divisor
            .is_none_or(|divisor| value.is_multiple_of(divisor));
        if wait.known != Some(version) && fits {
            assert_eq!(answer, Poll::Ready(Ok(wait.divisor.map(|_| value))));
            self.seen = Some(version);
        } else if over {
            assert_eq!(answer, Poll::Ready(Err(())));
        } else {
            assert_eq!(answer, Poll::Pending);
            wait.known = Some(version);
            self.wait = Some(wait);
        }
    }
}

struct Run {
    /// Empty when nothing changes any more. The futures of `closed` hold theirs too.
    senders: Vec<Rc<watch::Sender<u32>>>,
    watchers: Vec<Watcher>,
    closed: Vec<(Waiting<()>, Arc<Count>)>,
    value: u32,
    version: u32,
}

impl Run {
    fn is_over(&self) -> bool {
        self.senders.is_empty() && self.closed.is_empty()
    }

    /// The watcher at `at`, if it waits or not as `waits` says.
    fn pick(&mut self, at: &Index, waits: bool) -> Option<&mut Watcher> {
        match self.watchers.len() {
            0 => None,
            many => Some(&mut self.watchers[at.index(many)]),
        }
        .filter(|one| one.wait.is_some() == waits)
    }

    fn send(&mut self, call: &Call) {
        let Some(sender) = self.senders.first() else {
            return;
        };
        let new = self.value + 1;
        let is_new = match call {
            Call::Send => {
                let refused = sender.send(new).is_err();
                assert_eq!(refused, self.watchers.is_empty());
                !refused
            }
            Call::SendReplace => {
                assert_eq!(*sender.send_replace(new), self.value);
                true
            }
            Call::SendModify => {
                sender.send_modify(|value| *value += 1);
                true
            }
            Call::SendIfModified(modified) => {
                let answer = sender.send_if_modified(|value| {
                    *value += 1;
                    *modified
                });
                assert_eq!(answer, *modified);
                *modified
            }
            _ => unreachable!("these send"),
        };
        if is_new {
            self.value = new;
            self.version += 1;
        }
        assert_eq!(*sender.borrow(), self.value);
    }

    fn step(&mut self, call: &Call) {
        let (value, version, over) = (self.value, self.version, self.is_over());
        match call {
            Call::Send | Call::SendReplace | Call::SendModify | Call::SendIfModified(_) => {
                self.send(call);
            }
            Call::Subscribe => {
                if let Some(sender) = self.senders.first() {
                    self.watchers
                        .push(Watcher::new(sender.subscribe(), Some(version)));
                }
            }
            Call::CloneReceiver(at) => {
                let old = self.pick(at, false);
                let clone = old.map(|old| Watcher::new(old.receiver.borrow().clone(), old.seen));
                self.watchers.extend(clone);
            }
            Call::DropReceiver(at) if !self.watchers.is_empty() => {
                let at = at.index(self.watchers.len());
                let mut watcher = self.watchers.swap_remove(at);
                watcher.wait = None;
                drop(watcher);
                if self.watchers.is_empty() {
                    for (_, count) in &self.closed {
                        assert_eq!(count.get(), 1, "woken when nobody is left");
                    }
                }
            }
            Call::Changed(at) => {
                if let Some(watcher) = self.pick(at, false) {
                    watcher.changed();
                    watcher.poll(value, version, over);
                }
            }
            Call::WaitFor(at, divisor) => {
                if let Some(watcher) = self.pick(at, false) {
                    watcher.wait_for(*divisor);
                    watcher.poll(value, version, over);
                }
            }
            Call::Poll(at) => {
                if let Some(watcher) = self.pick(at, true) {
                    watcher.poll(value, version, over);
                }
            }
            Call::Cancel(at) => {
                if let Some(watcher) = self.pick(at, true) {
                    watcher.wait = None;
                }
            }
            Call::Borrow(at) => {
                if let Some(watcher) = self.pick(at, false) {
                    let seen = watcher.receiver.borrow().borrow();
                    assert_eq!(
                        (*seen, seen.has_changed()),
                        (value, watcher.seen != Some(version))
                    );
                }
            }
            Call::BorrowAndUpdate(at) => {
                if let Some(watcher) = self.pick(at, false) {
                    let seen = watcher.receiver.borrow_mut().borrow_and_update();
                    assert_eq!(
                        (*seen, seen.has_changed()),
                        (value, watcher.seen != Some(version))
                    );
                    watcher.seen = Some(version);
                }
            }
            Call::MarkChanged(at) => {
                if let Some(watcher) = self.pick(at, false) {
                    watcher.receiver.borrow_mut().mark_changed();
                    watcher.seen = None;
                }
            }
            Call::MarkUnchanged(at) => {
                if let Some(watcher) = self.pick(at, false) {
                    watcher.receiver.borrow_mut().mark_unchanged();
                    watcher.seen = Some(version);
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
            Call::DropReceiver(_) => {}
        }
    }

    /// Goes on with all that wait for the last receiver to go, or starts one.
    fn poll_closed(&mut self) {
        if let Some(sender) = self.senders.first().cloned() {
            let future = async move { sender.closed().await };
            self.closed.push((Box::pin(future), Count::new()));
        }
        let nobody = self.watchers.is_empty();
        self.closed.retain_mut(|(future, count)| {
            *count = Count::new();
            assert_eq!(poll(future, count).is_ready(), nobody);
            !nobody
        });
    }

    fn check(&self) {
        let over = self.is_over();
        for watcher in &self.watchers {
            if let Some(wait) = &watcher.wait {
                let called = wait.known != Some(self.version) || over;
                assert_eq!(
                    wait.count.get(),
                    usize::from(called),
                    "woken for a value, once"
                );
            } else {
                let has_changed = watcher.receiver.borrow().has_changed();
                assert_eq!(has_changed.is_err(), over);
                if let Ok(has_changed) = has_changed {
                    assert_eq!(has_changed, watcher.seen != Some(self.version));
                }
            }
        }
        if let Some(sender) = self.senders.first() {
            assert_eq!(sender.receiver_count(), self.watchers.len());
        }
    }
}

proptest! {
    #![proptest_config(config())]

    /// Trap 42. Broken by: `poll_other` asking `is_over` first, `mark_unchanged` in a drop, no
    /// `call_all` in `announce` or in the drop of `Sender`.
    #[test]
    fn the_watch_and_the_model_tell_the_same(
        calls in prop::collection::vec(call(), 1..120),
    ) {
        let (sender, receiver) = watch::channel(0);
        let mut run = Run {
            senders: vec![Rc::new(sender)],
            watchers: vec![Watcher::new(receiver, Some(0))],
            closed: Vec::new(),
            value: 0,
            version: 0,
        };
        for call in &calls {
            run.step(call);
            run.check();
        }
    }
}
