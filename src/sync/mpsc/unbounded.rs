//! The unbounded channel: `send` never waits. A bounded channel with more room than memory.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::chan::Chan;
use super::error::{SendError, TryRecvError};
use super::wait::{Closed, Recv, RecvMany};
use super::weak::WeakUnboundedSender;

/// A channel without a limit.
///
/// If messages come faster than they are received, it grows until there is no memory left.
/// Its memory is given back when the receiver catches up.
///
/// ```
/// # hob::block_on(async {
/// let (sender, mut receiver) = hob::sync::mpsc::unbounded_channel();
/// for n in 0..1000 {
///     sender.send(n).expect("the receiver lives");
/// }
/// assert_eq!(receiver.len(), 1000);
/// assert_eq!(receiver.recv().await, Some(0));
/// # });
/// ```
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let chan = Rc::new(Chan::new(usize::MAX, Location::caller()));
    (
        UnboundedSender { chan: chan.clone() },
        UnboundedReceiver { chan },
    )
}

/// The end that sends. Clone it for each task that sends.
pub struct UnboundedSender<T> {
    pub(super) chan: Rc<Chan<T>>,
}

impl<T> UnboundedSender<T> {
    /// Sends, without ever waiting.
    ///
    /// # Errors
    /// [`SendError`] with the message, if the receiver is gone or closed the channel.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::mpsc::unbounded_channel();
    /// assert_eq!(sender.send("one"), Ok(()));
    /// drop(receiver);
    /// assert_eq!(sender.send("two").unwrap_err().0, "two");
    /// ```
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        // Refused can only mean closed: memory ends before `usize::MAX` places do.
        let sent = self.chan.try_send(message);
        sent.map_err(|(_closed, message)| SendError(message))
    }

    /// Waits until the receiver is gone or has closed the channel.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, receiver) = hob::sync::mpsc::unbounded_channel::<u32>();
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

    /// Do both send into the same channel?
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::mpsc::unbounded_channel::<u32>();
    /// let (other, _receiver) = hob::sync::mpsc::unbounded_channel::<u32>();
    /// assert!(sender.same_channel(&sender.clone()));
    /// assert!(!sender.same_channel(&other));
    /// ```
    pub fn same_channel(&self, other: &UnboundedSender<T>) -> bool {
        Rc::ptr_eq(&self.chan, &other.chan)
    }

    /// A handle that can become a sender again, and until then does not keep the channel open.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::mpsc::unbounded_channel::<u32>();
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some_and(|again| again.same_channel(&sender)));
    /// drop(sender);
    /// assert!(receiver.is_closed() && weak.upgrade().is_none());
    /// ```
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender::new(&self.chan)
    }

    /// Senders that keep the channel open, this one included.
    pub fn strong_count(&self) -> usize {
        self.chan.senders()
    }

    /// [`WeakUnboundedSender`]s of the channel.
    pub fn weak_count(&self) -> usize {
        Rc::weak_count(&self.chan)
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> UnboundedSender<T> {
        self.chan.add_sender();
        UnboundedSender {
            chan: self.chan.clone(),
        }
    }
}

impl<T> Drop for UnboundedSender<T> {
    fn drop(&mut self) {
        self.chan.remove_sender();
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender")
            .field("is_closed", &self.is_closed())
            .finish()
    }
}

/// The end that receives.
pub struct UnboundedReceiver<T> {
    chan: Rc<Chan<T>>,
}

impl<T> UnboundedReceiver<T> {
    /// Waits for the next message. `None` means that the channel is over: it is empty, and no
    /// sender is left or [`close`](UnboundedReceiver::close) was called.
    ///
    /// *Cancel safety*: no message is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::unbounded_channel();
    /// hob::spawn(async move { sender.send("hello") });
    /// assert_eq!(receiver.recv().await, Some("hello"));
    /// assert_eq!(receiver.recv().await, None);
    /// # });
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv::new(&self.chan)
    }

    /// Waits until there is a message, then moves all that are there to the end of `buffer`,
    /// but no more than `limit`, and says how many. 0 means that the channel is over, as `None`
    /// does for [`recv`](UnboundedReceiver::recv), or that `limit` is 0.
    ///
    /// One call costs one unit of the budget: it is cheaper than as many `recv`s.
    ///
    /// *Cancel safety*: no message is lost, and the buffer is not touched before it is ready.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::unbounded_channel();
    /// for n in 1..=3 {
    ///     sender.send(n).expect("the receiver lives");
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
    /// let (sender, mut receiver) = hob::sync::mpsc::unbounded_channel();
    /// sender.send("one").expect("open");
    /// assert_eq!(receiver.try_recv(), Ok("one"));
    /// assert!(receiver.try_recv().is_err());
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.chan.try_recv() {
            Poll::Ready(Some(message)) => Ok(message),
            Poll::Ready(None) => Err(TryRecvError::Disconnected),
            Poll::Pending => Err(TryRecvError::Empty),
        }
    }

    /// [`recv`](UnboundedReceiver::recv) for futures written by hand. The task polled last is
    /// the one that is woken.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::unbounded_channel();
    /// sender.send(1).expect("open, and there is a place");
    /// let message = std::future::poll_fn(|cx| receiver.poll_recv(cx)).await;
    /// assert_eq!(message, Some(1));
    /// # });
    /// ```
    #[track_caller]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.chan.poll_recv(cx, Location::caller())
    }

    /// Takes no more messages; what is in the channel can still be received.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::mpsc::unbounded_channel();
    /// sender.send("one").expect("open");
    /// receiver.close();
    /// assert!(sender.send("two").is_err());
    /// assert_eq!(receiver.try_recv(), Ok("one"));
    /// ```
    pub fn close(&mut self) {
        self.chan.close();
    }

    /// True after [`close`](UnboundedReceiver::close), or when no sender is left. There may be
    /// messages in it all the same.
    pub fn is_closed(&self) -> bool {
        self.chan.has_ended()
    }

    /// Messages in the channel.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::mpsc::unbounded_channel();
    /// sender.send("x").expect("the receiver lives");
    /// assert_eq!((receiver.len(), receiver.is_empty()), (1, false));
    /// ```
    pub fn len(&self) -> usize {
        self.chan.len()
    }

    /// True if there is no message in the channel now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Senders that keep the channel open.
    pub fn sender_strong_count(&self) -> usize {
        self.chan.senders()
    }

    /// [`WeakUnboundedSender`]s of the channel.
    pub fn sender_weak_count(&self) -> usize {
        Rc::weak_count(&self.chan)
    }
}

impl<T> Stream for UnboundedReceiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.chan.poll_recv(cx, self.chan.made_at)
    }
}

impl<T> Drop for UnboundedReceiver<T> {
    fn drop(&mut self) {
        self.chan.abandon();
    }
}

impl<T> fmt::Debug for UnboundedReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedReceiver")
            .field("len", &self.len())
            .field("is_closed", &self.is_closed())
            .finish()
    }
}
