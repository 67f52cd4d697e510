//! The end of a broadcast that receives.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::chan::Chan;
use super::error::{Lagged, RecvError, TryRecvError};
use crate::sync::wait_list::WaitKey;

/// The end that receives every message sent since it was made.
///
/// It has no `Clone`, for it would have to be said where the clone begins:
/// [`resubscribe`](Receiver::resubscribe) makes one that begins now. As a [`Stream`] it gives
/// `Err(`[`Lagged`]`)` in the place of what it missed, and ends when no sender is left.
pub struct Receiver<T> {
    chan: Rc<Chan<T>>,
    /// The number of the message that it gets next.
    next: u64,
    /// The place in the line, while it waits. At most one wait at a time: all of them take
    /// `&mut self`.
    place: Option<WaitKey>,
}

impl<T> Receiver<T> {
    pub(super) fn new(chan: Rc<Chan<T>>) -> Receiver<T> {
        let next = chan.add_receiver();
        Receiver {
            chan,
            next,
            place: None,
        }
    }

    /// Waits for the next message.
    ///
    /// *Cancel safety*: no message is lost.
    ///
    /// # Errors
    /// [`RecvError::Lagged`] if this receiver was too slow: the next call goes on with the
    /// oldest message that is left. [`RecvError::Closed`] if no sender is left and all was
    /// received.
    ///
    /// ```
    /// # hob::block_on(async {
    /// use hob::sync::broadcast::{self, RecvError};
    ///
    /// let (sender, mut receiver) = broadcast::channel(1);
    /// hob::spawn(async move {
    ///     sender.send("lost").expect("one is there");
    ///     sender.send("found").expect("one is there");
    /// });
    /// assert_eq!(receiver.recv().await, Err(RecvError::Lagged(1)));
    /// assert_eq!(receiver.recv().await, Ok("found"));
    /// assert_eq!(receiver.recv().await, Err(RecvError::Closed));
    /// # });
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T>
    where
        T: Clone,
    {
        Recv {
            receiver: self,
            at: Location::caller(),
        }
    }

    /// The next message, if there is one now.
    ///
    /// # Errors
    /// [`TryRecvError`]: none now, none ever, or so many missed.
    ///
    /// ```
    /// use hob::sync::broadcast::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = broadcast::channel::<u32>(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError>
    where
        T: Clone,
    {
        match self.chan.try_recv(&mut self.next) {
            Poll::Ready(answer) => Ok(Rc::unwrap_or_clone(answer?)),
            Poll::Pending => Err(TryRecvError::Empty),
        }
    }

    /// Another receiver, for what is sent from now on: what this one has not received is not
    /// for the new one. If no sender is left, that is nothing.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::broadcast::channel(4);
    /// sender.send(1).expect("one is there");
    /// let mut fresh = receiver.resubscribe();
    /// sender.send(2).expect("two are there");
    /// assert_eq!(fresh.try_recv(), Ok(2));
    /// assert_eq!(receiver.len(), 2);
    /// ```
    #[must_use = "a receiver that is dropped receives nothing"]
    pub fn resubscribe(&self) -> Receiver<T> {
        Receiver::new(self.chan.clone())
    }

    /// Messages that this receiver can still get. What it missed is not among them.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::broadcast::channel(4);
    /// sender.send(1).expect("the receiver lives");
    /// sender.send(2).expect("the receiver lives");
    /// assert_eq!(receiver.len(), 2);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.chan.left_for(self.next)
    }

    /// True if there is no message for this receiver now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if no sender is left. There may be messages all the same.
    pub fn is_closed(&self) -> bool {
        self.chan.is_over()
    }

    /// Do both receive from the same channel?
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Rc::ptr_eq(&self.chan, &other.chan)
    }

    /// Senders that keep the channel open.
    pub fn sender_strong_count(&self) -> usize {
        self.chan.senders.get()
    }

    /// [`WeakSender`](super::WeakSender)s of the channel.
    pub fn sender_weak_count(&self) -> usize {
        Rc::weak_count(&self.chan)
    }

    fn poll_recv_at(
        &mut self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
    ) -> Poll<Result<T, RecvError>>
    where
        T: Clone,
    {
        let answer = self.chan.poll_recv(&mut self.next, &mut self.place, cx, at);
        // The clone is code of the user; by now nothing is borrowed, and we have moved on.
        answer.map_ok(Rc::unwrap_or_clone)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.chan.leave(&mut self.place);
        self.chan.remove_receiver(self.next);
    }
}

impl<T: Clone> Stream for Receiver<T> {
    type Item = Result<T, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let at = self.chan.made_at;
        Poll::Ready(match ready!(self.poll_recv_at(cx, at)) {
            Ok(message) => Some(Ok(message)),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(RecvError::Closed) => None,
        })
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .field("is_closed", &self.is_closed())
            .finish()
    }
}

/// Future of [`Receiver::recv`].
#[must_use = "futures do nothing unless awaited"]
pub struct Recv<'a, T> {
    receiver: &'a mut Receiver<T>,
    at: &'static Location<'static>,
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let at = self.at;
        self.receiver.poll_recv_at(cx, at)
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        let receiver = &mut *self.receiver;
        receiver.chan.leave(&mut receiver.place);
    }
}
