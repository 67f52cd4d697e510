//! What both ends of a remote channel share: one state behind one lock.
//!
//! The same figure as the channel of one thread (`sync::mpsc`): senders take a place, put their
//! message in and wake the receiver; the receiver takes it out and hands the place to the first
//! sender in line. An unbounded channel has more places than there is memory; a oneshot has one
//! place and a sender that is used up.
//!
//! Law: the clone, the wake and the drop of a waker, and the drop of a message, are code of the
//! user, which may come back to this very channel; a `Mutex` would then wait for itself.
//! Consequence: each step is a *look* under the lock, which takes and leaves wakers but runs
//! nothing of theirs, and the rest happens after the lock is let go. A step that has to wait
//! looks twice: once in the hope that it need not, then with a clone of its waker to leave.
//!
//! Invariants:
//! - I1: places free + messages + places granted but not used yet = capacity, until the channel
//!   closes; then nothing goes in any more, and places do not matter.
//! - I2: while a sender waits, no place is free.
//! - I3: the receiver's waker is left only under the lock under which the queue was seen empty;
//!   whatever ends that (a message, the last sender's end) takes the waker under the same lock.

use std::collections::VecDeque;
use std::mem;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use crate::caught;
use crate::executor::Parked;
use crate::prims::{Mutex, MutexGuard};
use crate::sync::wait_list::{WaitKey, WaitList, wake_each};

/// Places that are not worth giving back (trap 43).
const KEPT: usize = 256;

pub(super) struct Chan<T> {
    state: Mutex<State<T>>,
    /// Places in all.
    pub(super) capacity: usize,
}

struct State<T> {
    queue: VecDeque<T>,
    /// Places that hold nothing and are promised to nobody.
    free: usize,
    /// Senders that wait for a place; true once one is granted.
    line: WaitList<bool>,
    /// Parked while the receiver waits (I3).
    receiver: Option<Waker>,
    /// Who waits for the channel to close.
    closing: WaitList<()>,
    /// Senders alive. At 0 no message can come any more.
    senders: usize,
    /// Set by the receiver, never unset.
    closed: bool,
}

/// Why there was no place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    Closed,
}

impl<T> Chan<T> {
    /// A channel with one sender, which is the caller's to make.
    pub(super) fn new(capacity: usize) -> Chan<T> {
        Chan {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                free: capacity,
                line: WaitList::new(),
                receiver: None,
                closing: WaitList::new(),
                senders: 1,
                closed: false,
            }),
            capacity,
        }
    }

    // ---- the senders' side

    /// Sends if there is a place. Otherwise the message comes back.
    pub(super) fn try_send(&self, message: T) -> Result<(), (Refused, T)> {
        let mut state = self.lock();
        if state.closed {
            return Err((Refused::Closed, message));
        }
        if state.free == 0 {
            return Err((Refused::Full, message));
        }
        state.free -= 1;
        push(state, message);
        Ok(())
    }

    /// Sends, or takes a place in the line, which is kept in `place`. False when ready: the
    /// channel is closed, and the message still there.
    ///
    /// `place` starts as `None` and is `None` again when this is ready. Who gives up before
    /// that owes a [`cancel_send`](Chan::cancel_send).
    pub(super) fn poll_send(
        &self,
        message: &mut Option<T>,
        place: &mut Option<WaitKey>,
        cx: &Context<'_>,
    ) -> Poll<bool> {
        let answer = self.look_send(message, place, &mut None);
        if answer.is_ready() {
            return answer;
        }
        let mut waker = Some(cx.waker().clone());
        // What is left in `waker` is dropped behind the lock: the clone, or one displaced.
        self.look_send(message, place, &mut waker)
    }

    fn look_send(
        &self,
        message: &mut Option<T>,
        place: &mut Option<WaitKey>,
        waker: &mut Option<Waker>,
    ) -> Poll<bool> {
        let mut state = self.lock();
        let granted = match *place {
            Some(key) => match state.line.poll_swap(key, waker) {
                Poll::Ready(granted) => {
                    *place = None;
                    granted && !state.closed
                }
                Poll::Pending => return Poll::Pending,
            },
            None if state.closed => false,
            None if state.free > 0 => {
                state.free -= 1;
                true
            }
            None => {
                *place = waker
                    .take()
                    .map(|waker| state.line.push(false, Parked::by_waker(waker)));
                return Poll::Pending;
            }
        };
        if granted {
            push(
                state,
                message.take().expect("polled again after it was sent"),
            );
        }
        Poll::Ready(granted)
    }

    /// Gives up a place in the line, if there is one, and passes on what it was granted (trap
    /// 41).
    pub(super) fn cancel_send(&self, place: &mut Option<WaitKey>) {
        let Some(key) = place.take() else {
            return;
        };
        let mut state = self.lock();
        let left = state.line.leave(key);
        let next = match left.data {
            true => state.give_place_back(),
            false => None,
        };
        drop(state);
        next.into_iter().for_each(Parked::wake_caught);
    }

    pub(super) fn add_sender(&self) {
        self.lock().senders += 1;
    }

    pub(super) fn remove_sender(&self) {
        let mut state = self.lock();
        state.senders -= 1;
        let receiver = match state.senders {
            0 => state.receiver.take(), // I3
            _ => None,
        };
        drop(state);
        wake(receiver);
    }

    /// Ready when the channel is closed. Who gives up before owes a
    /// [`cancel_closed`](Chan::cancel_closed).
    pub(super) fn poll_closed(&self, place: &mut Option<WaitKey>, cx: &Context<'_>) -> Poll<()> {
        let mut waker = Some(cx.waker().clone());
        let state = self.lock();
        if let Some(key) = *place {
            let answer = state.closing.poll_swap(key, &mut waker);
            if answer.is_ready() {
                *place = None;
            }
            drop(state); // before a waker that was displaced
            return answer;
        }
        if state.closed {
            return Poll::Ready(());
        }
        *place = waker
            .take()
            .map(|waker| state.closing.push((), Parked::by_waker(waker)));
        Poll::Pending
    }

    pub(super) fn cancel_closed(&self, place: &mut Option<WaitKey>) {
        if let Some(key) = place.take() {
            let left = self.lock().closing.leave(key);
            drop(left); // a waker, behind the lock
        }
    }

    // ---- the receiver's side

    /// The next message; `None` if the channel is over; pending if it is only empty.
    pub(super) fn try_recv(&self) -> Poll<Option<T>> {
        self.look_recv(&mut None)
    }

    /// [`try_recv`](Chan::try_recv), and parks if the channel is empty.
    pub(super) fn poll_recv(&self, cx: &Context<'_>) -> Poll<Option<T>> {
        let answer = self.try_recv();
        if answer.is_ready() {
            return answer;
        }
        let mut waker = Some(cx.waker().clone());
        self.look_recv(&mut waker)
    }

    fn look_recv(&self, waker: &mut Option<Waker>) -> Poll<Option<T>> {
        let mut state = self.lock();
        let Some(message) = state.queue.pop_front() else {
            if state.senders == 0 || state.closed {
                return Poll::Ready(None);
            }
            if waker.is_some() {
                mem::swap(&mut state.receiver, waker); // I3
            }
            return Poll::Pending;
        };
        let room = state.queue.capacity();
        if room > KEPT && state.queue.len() < room / 8 {
            state.queue.shrink_to(room / 2);
        }
        let sender = state.give_place_back();
        drop(state);
        sender.into_iter().for_each(Parked::wake_caught);
        Poll::Ready(Some(message))
    }

    /// The receiver waits no longer.
    pub(super) fn unpark(&self) {
        let waker = self.lock().receiver.take();
        drop(waker);
    }

    /// No message goes in any more. Those that are in can still be received.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        // One at a time, each woken without the lock. Nobody joins any more.
        wake_each(|| self.lock().line.call_front(|_refused| true));
        wake_each(|| self.lock().closing.call_front(|()| true));
    }

    /// The receiver has gone: nobody will ever take what is in.
    pub(super) fn abandon(&self) {
        self.close();
        let mut state = self.lock();
        let waker = state.receiver.take();
        let messages = mem::take(&mut state.queue);
        drop(state);
        drop((waker, messages));
    }

    // ---- both

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(super) fn len(&self) -> usize {
        self.lock().queue.len()
    }

    pub(super) fn free(&self) -> usize {
        self.lock().free
    }

    /// Nothing of the user's runs under this lock, so no panic leaves it half done.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// A place is free: the first in line has it, and is to be woken.
    fn give_place_back(&mut self) -> Option<Parked> {
        let next = self.line.call_front(|granted| {
            *granted = true;
            true
        });
        if next.is_none() {
            self.free += 1;
        }
        next
    }
}

/// Puts a message into a place that the caller has taken, and lets go of the lock.
fn push<T>(mut state: MutexGuard<'_, State<T>>, message: T) {
    state.queue.push_back(message);
    let receiver = state.receiver.take(); // I3
    drop(state);
    wake(receiver);
}

/// What a waker does is none of our caller's business: a message that is in is in.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        caught::wake(waker);
    }
}
