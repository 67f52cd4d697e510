//! The bounded channel's receiver. The unbounded one's says the same about a channel without
//! an end: see `unbounded`.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::chan::Chan;
use super::error::TryRecvError;
use super::wait::{Recv, RecvMany};

/// The end that receives.
pub struct Receiver<T> {
    chan: Rc<Chan<T>>,
}

impl<T> Receiver<T> {
    /// The other end of a channel that was just made.
    pub(super) fn new(chan: Rc<Chan<T>>) -> Receiver<T> {
        Receiver { chan }
    }

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

    /// Waits until there is a message, then moves all that are there to the end of `buffer`,
    /// but no more than `limit`, and says how many. 0 means that the channel is over, as `None`
    /// does for [`recv`](Receiver::recv), or that `limit` is 0.
    ///
    /// One call costs one unit of the budget and gives all its places back at once, so it is
    /// cheaper than as many `recv`s.
    ///
    /// *Cancel safety*: no message is lost, and the buffer is not touched before it is ready.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(3);
    /// for n in 1..=3 {
    ///     sender.send(n).await.expect("the receiver lives");
    /// }
    /// let mut buffer = Vec::new();
    /// assert_eq!(receiver.recv_many(&mut buffer, 2).await, 2);
    /// assert_eq!(receiver.recv_many(&mut buffer, 2).await, 1);
    /// assert_eq!(buffer, [1, 2, 3]);
    /// # });
    /// ```
    #[track_caller]
    pub fn recv_many<'a>(&'a mut self, buffer: &'a mut Vec<T>, limit: usize) -> RecvMany<'a, T> {
        RecvMany::new(&self.chan, buffer, limit)
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
    /// wait get their message back. A [`Permit`](super::Permit) that was given out stays good,
    /// and the channel is over only when it is used or dropped.
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

    /// True after [`close`](Receiver::close), or when no sender is left. There may be messages
    /// in it all the same.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::mpsc::channel::<u32>(1);
    /// assert!(!receiver.is_closed() && !sender.is_closed());
    /// receiver.close();
    /// assert!(receiver.is_closed() && sender.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.chan.has_ended()
    }

    /// Messages in the channel.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::mpsc::channel(5);
    /// sender.try_send("x").expect("there is a place");
    /// assert_eq!((receiver.len(), receiver.is_empty()), (1, false));
    /// assert_eq!((receiver.capacity(), receiver.max_capacity()), (4, 5));
    /// ```
    pub fn len(&self) -> usize {
        self.chan.len()
    }

    /// True if there is no message in the channel now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places free now: neither filled nor reserved.
    pub fn capacity(&self) -> usize {
        self.chan.room.free()
    }

    /// Places in all, as given to [`channel`](super::channel).
    pub fn max_capacity(&self) -> usize {
        self.chan.capacity
    }

    /// Senders that keep the channel open.
    pub fn sender_strong_count(&self) -> usize {
        self.chan.senders()
    }

    /// [`WeakSender`](super::WeakSender)s of the channel.
    pub fn sender_weak_count(&self) -> usize {
        Rc::weak_count(&self.chan)
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
