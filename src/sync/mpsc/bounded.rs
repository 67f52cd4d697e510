//! The bounded channel: `send` waits for a place.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::chan::Chan;
use super::error::{TryRecvError, TrySendError};
use super::wait::{Closed, Recv, Send};
use crate::sync::gate::Refused;

/// A channel with room for so many messages.
///
/// # Panics
/// If `capacity` is 0: there would never be a place for a message. To hand over values one
/// by one, take 1.
///
/// ```
/// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
/// sender.try_send("one").expect("there is a place");
/// assert!(sender.try_send("two").is_err(), "now it is full");
/// assert_eq!(receiver.try_recv(), Ok("one"));
/// ```
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity > 0,
        "mpsc::channel(0) could never hold a message: take a capacity of at least 1"
    );
    let chan = Rc::new(Chan::new(capacity, Location::caller()));
    (Sender { chan: chan.clone() }, Receiver { chan })
}

/// The end that sends. Clone it for each task that sends.
pub struct Sender<T> {
    chan: Rc<Chan<T>>,
}

impl<T> Sender<T> {
    /// Waits for a place and sends.
    ///
    /// *Cancel safety*: a `send` that is dropped before it is ready has not sent, and its
    /// message is dropped with it. It also loses its place in the line.
    ///
    /// # Errors
    /// [`SendError`](super::SendError) with the message, if the receiver is gone or closed the channel, also
    /// while this was waiting.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
    /// sender.send(7).await.expect("the receiver lives");
    /// assert_eq!(receiver.recv().await, Some(7));
    /// # });
    /// ```
    #[track_caller]
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send::new(&self.chan, message)
    }

    /// Sends if there is a place and nobody waits for it.
    ///
    /// # Errors
    /// [`TrySendError`] with the message: full, or closed.
    ///
    /// ```
    /// use hob::sync::mpsc::{self, TrySendError};
    ///
    /// let (sender, receiver) = mpsc::channel(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    /// ```
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.chan
            .try_send(message)
            .map_err(|refused| match refused {
                (Refused::Busy, message) => TrySendError::Full(message),
                (Refused::Closed, message) => TrySendError::Closed(message),
            })
    }

    /// Waits until the receiver is gone or has closed the channel: then what this task makes
    /// is wanted no longer.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, receiver) = hob::sync::mpsc::channel::<u32>(1);
    /// hob::spawn(async move { drop(receiver) });
    /// sender.closed().await;
    /// assert!(sender.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_> {
        Closed::new(&self.chan)
    }

    /// True if a message could no longer be sent.
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// Places free now.
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::mpsc::channel(5);
    /// sender.try_send("x").expect("there is a place");
    /// assert_eq!((sender.capacity(), sender.max_capacity()), (4, 5));
    /// ```
    pub fn capacity(&self) -> usize {
        self.chan.room.free()
    }

    /// Places in all, as given to [`channel`].
    pub fn max_capacity(&self) -> usize {
        self.chan.capacity
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.chan.add_sender();
        Sender {
            chan: self.chan.clone(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.chan.remove_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("capacity", &self.capacity())
            .field("is_closed", &self.is_closed())
            .finish()
    }
}

/// The end that receives.
pub struct Receiver<T> {
    chan: Rc<Chan<T>>,
}

impl<T> Receiver<T> {
    /// Waits for the next message. `None` means that the channel is over: it is empty, and no
    /// sender is left or [`close`](Receiver::close) was called.
    ///
    /// *Cancel safety*: no message is lost. One that arrives while nobody receives stays in
    /// the channel.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(8);
    /// sender.send("last").await.expect("the receiver lives");
    /// drop(sender);
    /// assert_eq!(receiver.recv().await, Some("last"));
    /// assert_eq!(receiver.recv().await, None);
    /// # });
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv::new(&self.chan)
    }

    /// The next message, if there is one now.
    ///
    /// # Errors
    /// [`TryRecvError`] says whether one may still come.
    ///
    /// ```
    /// use hob::sync::mpsc::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = mpsc::channel::<u32>(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.chan.try_recv() {
            Poll::Ready(Some(message)) => Ok(message),
            Poll::Ready(None) => Err(TryRecvError::Disconnected),
            Poll::Pending => Err(TryRecvError::Empty),
        }
    }

    /// [`recv`](Receiver::recv) for futures written by hand. The task polled last is the one
    /// that is woken.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
    /// sender.try_send(1).expect("open, and there is a place");
    /// let message = std::future::poll_fn(|cx| receiver.poll_recv(cx)).await;
    /// assert_eq!(message, Some(1));
    /// # });
    /// ```
    #[track_caller]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.chan.poll_recv(cx, Location::caller())
    }

    /// Takes no more messages; what is in the channel can still be received. Senders that
    /// wait get their message back.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(2);
    /// sender.send(1).await.expect("it is open");
    /// receiver.close();
    /// assert!(sender.send(2).await.is_err());
    /// assert_eq!(receiver.recv().await, Some(1));
    /// assert_eq!(receiver.recv().await, None);
    /// # });
    /// ```
    pub fn close(&mut self) {
        self.chan.close();
    }

    /// True after [`close`](Receiver::close).
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// Messages in the channel.
    pub fn len(&self) -> usize {
        self.chan.len()
    }

    /// True if there is no message in the channel now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places free now.
    pub fn capacity(&self) -> usize {
        self.chan.room.free()
    }

    /// Places in all, as given to [`channel`].
    pub fn max_capacity(&self) -> usize {
        self.chan.capacity
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.chan.poll_recv(cx, self.chan.made_at)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.chan.abandon();
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
