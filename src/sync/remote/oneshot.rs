//! A channel for one value, once, between any two threads: the answer to a question that
//! somebody elsewhere works on.
//!
//! ```
//! # hob::block_on(async {
//! let (sender, receiver) = hob::sync::remote::oneshot::channel();
//! let thread = std::thread::spawn(move || sender.send(6 * 7));
//! assert_eq!(receiver.await, Ok(42));
//! # thread.join().unwrap().unwrap();
//! # });
//! ```
//!
//! Inside it is a `Chan` with one place, and a sender that is used up by sending.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::chan::Chan;
use super::mpsc::Closed;
use crate::coop;
use crate::sync::address_of;
pub use crate::sync::oneshot::TryRecvError;
use crate::trace::{self, WaitKind};

/// A sender and a receiver for one value.
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let chan = Arc::new(Chan::new(1));
    let receiver = Receiver {
        chan: chan.clone(),
        made_at: Location::caller(),
    };
    (Sender { chan }, receiver)
}

/// The end that sends, once.
pub struct Sender<T> {
    chan: Arc<Chan<T>>,
}

impl<T> Sender<T> {
    /// Sends the value, without waiting.
    ///
    /// # Errors
    /// The value itself, if the receiver is gone or has closed the channel.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::remote::oneshot::channel();
    /// drop(receiver);
    /// assert_eq!(sender.send("too late"), Err("too late"));
    /// ```
    pub fn send(self, value: T) -> Result<(), T> {
        self.chan.try_send(value).map_err(|(_closed, value)| value)
    }

    /// Waits until the receiver is gone or has closed the channel: then the answer is wanted
    /// no longer.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (mut sender, receiver) = hob::sync::remote::oneshot::channel::<u32>();
    /// std::thread::spawn(move || drop(receiver));
    /// sender.closed().await;
    /// assert!(sender.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&mut self) -> Closed<'_, T> {
        Closed::new(&self.chan)
    }

    /// True if the value would come back.
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
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
            .field("is_closed", &self.is_closed())
            .finish()
    }
}

/// The end that receives: a future that is ready when the value was sent, or never will be.
///
/// *Cancel safety*: polling `&mut receiver` and giving up loses nothing. Dropping the
/// receiver itself drops a value that was sent and not received.
///
/// # Errors
/// [`RecvError`] if the sender was dropped without sending.
///
/// ```
/// # hob::block_on(async {
/// let (sender, receiver) = hob::sync::remote::oneshot::channel::<u32>();
/// std::thread::spawn(move || drop(sender));
/// assert!(receiver.await.is_err());
/// # });
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Receiver<T> {
    chan: Arc<Chan<T>>,
    /// The receiver is itself a future and has no call of its own to be found by.
    made_at: &'static Location<'static>,
}

impl<T> Receiver<T> {
    /// Awaits the value in a thread: blocks it.
    ///
    /// # Errors
    /// [`RecvError`] if the sender was dropped without sending.
    ///
    /// # Panics
    /// On the thread of a running loop: await the receiver itself there.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::remote::oneshot::channel();
    /// let thread = std::thread::spawn(move || receiver.blocking_recv());
    /// hob::block_on(async { sender.send(1).expect("the thread waits for it") });
    /// assert_eq!(thread.join().unwrap(), Ok(1));
    /// ```
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, RecvError> {
        let answer = super::block(
            "oneshot::Receiver::blocking_recv",
            "await the receiver itself there",
            |cx| self.chan.poll_recv(cx),
        );
        answer.ok_or(RecvError(()))
    }

    /// The value, if it is there.
    ///
    /// # Errors
    /// [`TryRecvError`] says whether it may still come.
    ///
    /// ```
    /// use hob::sync::remote::oneshot::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = oneshot::channel();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1).expect("the receiver lives");
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.chan.try_recv() {
            Poll::Ready(Some(value)) => Ok(value),
            Poll::Ready(None) => Err(TryRecvError::Closed),
            Poll::Pending => Err(TryRecvError::Empty),
        }
    }

    /// Takes no value any more, except one that was sent already.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::remote::oneshot::channel();
    /// receiver.close();
    /// assert_eq!(sender.send(1), Err(1));
    /// ```
    pub fn close(&mut self) {
        self.chan.close();
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::poll_budget(cx));
        let chan = &*self.chan;
        let Poll::Ready(value) = chan.poll_recv(cx) else {
            trace::waits(WaitKind::Channel, address_of(chan), self.made_at);
            return Poll::Pending;
        };
        coop::spend();
        Poll::Ready(value.ok_or(RecvError(())))
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
            .field("is_closed", &self.chan.is_closed())
            .finish()
    }
}

/// The sender was dropped without sending, or the value was received already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError(());

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sender was dropped without sending")
    }
}

impl std::error::Error for RecvError {}
