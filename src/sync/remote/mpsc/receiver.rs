//! The end that receives: one type for both kinds of channel, since the receiver of an
//! unbounded one can do just the same.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{Recv, TryRecvError, wait};
use crate::sync::remote::chan::Chan;

/// The end that receives. It may be sent to another thread, or another runtime, at any time.
pub struct Receiver<T> {
    chan: Arc<Chan<T>>,
    /// Where the channel was made: where a receiver that is polled as a stream waits.
    made_at: &'static Location<'static>,
}

/// The receiver of an [`unbounded_channel`](super::unbounded_channel).
pub type UnboundedReceiver<T> = Receiver<T>;

impl<T> Receiver<T> {
    pub(super) fn new(chan: Arc<Chan<T>>, made_at: &'static Location<'static>) -> Receiver<T> {
        Receiver { chan, made_at }
    }

    /// Waits for the next message. `None` means that the channel is over: it is empty, and no
    /// sender is left or [`close`](Receiver::close) was called.
    ///
    /// *Cancel safety*: no message is lost. One that arrives while nobody receives stays in
    /// the channel.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::remote::mpsc::channel(8);
    /// std::thread::spawn(move || sender.blocking_send("last"));
    /// assert_eq!(receiver.recv().await, Some("last"));
    /// assert_eq!(receiver.recv().await, None);
    /// # });
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv::new(&self.chan)
    }

    /// [`recv`](Receiver::recv) for a thread: blocks it until there is a message.
    ///
    /// # Panics
    /// On the thread of a running loop: await [`recv`](Receiver::recv) there.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::remote::mpsc::channel(8);
    /// hob::block_on(async { sender.send(1).await.expect("the receiver lives") });
    /// drop(sender);
    /// assert_eq!(receiver.blocking_recv(), Some(1));
    /// assert_eq!(receiver.blocking_recv(), None);
    /// ```
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<T> {
        super::super::block(
            "mpsc::Receiver::blocking_recv",
            "await `recv` there",
            |cx| self.chan.poll_recv(cx),
        )
    }

    /// The next message, if there is one now.
    ///
    /// # Errors
    /// [`TryRecvError`] says whether one may still come.
    ///
    /// ```
    /// use hob::sync::remote::mpsc::{self, TryRecvError};
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
    /// let (sender, mut receiver) = hob::sync::remote::mpsc::channel(1);
    /// sender.try_send(1).expect("open, and there is a place");
    /// let message = std::future::poll_fn(|cx| receiver.poll_recv(cx)).await;
    /// assert_eq!(message, Some(1));
    /// # });
    /// ```
    #[track_caller]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        wait::poll_recv(&self.chan, cx, Location::caller())
    }

    /// Takes no more messages; what is in the channel can still be received. Senders that
    /// wait get their message back.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::remote::mpsc::channel(2);
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

    /// Messages in the channel at this moment.
    pub fn len(&self) -> usize {
        self.chan.len()
    }

    /// True if there is no message in the channel at this moment.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        wait::poll_recv(&self.chan, cx, self.made_at)
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
