//! A channel for one value, once: the answer to a question that another task works on.
//!
//! ```
//! # hob::block_on(async {
//! let (sender, receiver) = hob::sync::oneshot::channel();
//! hob::spawn(async move {
//!     sender.send(6 * 7).expect("somebody waits for the answer");
//! });
//! assert_eq!(receiver.await, Ok(42));
//! # });
//! ```
//!
//! Inside there is no borrow at all, only `Cell`s: a value goes in once and comes out once.
//! Both ends look, park, and look again, since parking may run a stranger's code.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::address_of;
use crate::coop;
use crate::executor::WakerCell;
use crate::trace::{self, WaitKind};

/// A sender and a receiver for one value.
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared {
        value: Cell::new(None),
        sender_gone: Cell::new(false),
        closed: Cell::new(false),
        receiver: WakerCell::new(),
        sender: OnceCell::new(),
    });
    let sender = shared.clone();
    let made_at = Location::caller();
    (Sender { shared: sender }, Receiver { shared, made_at })
}

struct Shared<T> {
    /// Set by `send`, taken by the receiver. One that is never taken goes with the receiver,
    /// which by then is the only end left.
    value: Cell<Option<T>>,
    /// Set when the sender has sent or was dropped: no value comes any more.
    sender_gone: Cell<bool>,
    /// Set by `close` and when the receiver is dropped: no value is taken any more.
    closed: Cell<bool>,
    /// Parked while the receiver is awaited.
    receiver: WakerCell,
    /// Parked while [`Sender::closed`] is awaited: hardly anybody does, so it is made then.
    sender: OnceCell<Box<WakerCell>>,
}

impl<T> Shared<T> {
    /// The value, or that none will come; pending if one still may.
    fn take(&self) -> Poll<Result<T, RecvError>> {
        match self.value.take() {
            Some(value) => Poll::Ready(Ok(value)),
            None if self.sender_gone.get() || self.closed.get() => Poll::Ready(Err(RecvError(()))),
            None => Poll::Pending,
        }
    }

    fn close(&self) {
        self.closed.set(true);
        if let Some(sender) = self.sender.get() {
            sender.wake();
        }
    }
}

/// The end that sends, once.
pub struct Sender<T> {
    shared: Rc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Sends the value, without waiting.
    ///
    /// # Errors
    /// The value itself, if the receiver is gone or has closed the channel.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::oneshot::channel();
    /// drop(receiver);
    /// assert_eq!(sender.send("too late"), Err("too late"));
    /// ```
    pub fn send(self, value: T) -> Result<(), T> {
        if self.shared.closed.get() {
            return Err(value);
        }
        self.shared.value.set(Some(value));
        Ok(()) // the receiver is woken by our own drop
    }

    /// Waits until the receiver is gone or has closed the channel: then the answer is wanted
    /// no longer.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (mut sender, receiver) = hob::sync::oneshot::channel::<u32>();
    /// hob::spawn(async move { drop(receiver) });
    /// sender.closed().await;
    /// assert!(sender.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&mut self) -> Closed<'_, T> {
        Closed {
            sender: self,
            at: Location::caller(),
        }
    }

    /// True if the value would come back.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.get()
    }

    /// [`closed`](Sender::closed) for futures written by hand. The task polled last is the one
    /// that is woken.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (mut sender, receiver) = hob::sync::oneshot::channel::<u32>();
    /// drop(receiver);
    /// std::future::poll_fn(|cx| sender.poll_closed(cx)).await;
    /// assert!(sender.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_closed_at(cx, Location::caller())
    }

    fn poll_closed_at(&mut self, cx: &mut Context<'_>, at: &'static Location<'static>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        let shared = &*self.shared;
        if !shared.closed.get() {
            shared.sender.get_or_init(Box::default).park(cx);
        }
        if !shared.closed.get() {
            trace::waits(WaitKind::Channel, address_of(shared), at);
            return Poll::Pending;
        }
        coop::spend();
        Poll::Ready(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.shared.sender.get() {
            sender.clear(); // left by `poll_closed`
        }
        self.shared.sender_gone.set(true);
        self.shared.receiver.wake();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("is_closed", &self.is_closed())
            .finish()
    }
}

/// Future of [`Sender::closed`].
#[must_use = "futures do nothing unless awaited"]
pub struct Closed<'a, T> {
    sender: &'a mut Sender<T>,
    at: &'static Location<'static>,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let at = self.at;
        self.sender.poll_closed_at(cx, at)
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.shared.sender.get() {
            sender.clear();
        }
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
/// let (sender, receiver) = hob::sync::oneshot::channel::<u32>();
/// drop(sender);
/// assert!(receiver.await.is_err());
/// # });
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
    /// Where it waits: it is itself a future, and has no call of its own to be found by.
    made_at: &'static Location<'static>,
}

impl<T> Receiver<T> {
    /// The value, if it is there.
    ///
    /// # Errors
    /// [`TryRecvError`] says whether it may still come.
    ///
    /// ```
    /// use hob::sync::oneshot::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = oneshot::channel();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1).expect("the receiver lives");
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.shared.take() {
            Poll::Ready(Ok(value)) => Ok(value),
            Poll::Ready(Err(_)) => Err(TryRecvError::Closed),
            Poll::Pending => Err(TryRecvError::Empty),
        }
    }

    /// Takes no value any more, except one that was sent already.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::oneshot::channel();
    /// receiver.close();
    /// assert_eq!(sender.send(1), Err(1));
    /// ```
    pub fn close(&mut self) {
        self.shared.close();
    }

    /// True if there is no value to receive now, whether or not one may still come.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::oneshot::channel();
    /// assert!(receiver.is_empty());
    /// sender.send(1).expect("the receiver lives");
    /// assert!(!receiver.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        // Taken out and put back: there is no other way to look into a `Cell`.
        let value = self.shared.value.take();
        let is_empty = value.is_none();
        self.shared.value.set(value);
        is_empty
    }

    /// True if there is no value and none will come: it was received, or never sent.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::oneshot::channel();
    /// sender.send(1).expect("the receiver lives");
    /// assert!(!receiver.is_terminated());
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert!(receiver.is_terminated());
    /// ```
    pub fn is_terminated(&self) -> bool {
        self.is_empty() && (self.shared.sender_gone.get() || self.shared.closed.get())
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::poll_budget(cx));
        let shared = &*self.shared;
        let mut answer = shared.take();
        if answer.is_pending() && shared.receiver.park_and_tell(cx) {
            answer = shared.take();
        }
        match answer {
            Poll::Ready(_) => coop::spend(),
            Poll::Pending => trace::waits(WaitKind::Channel, address_of(shared), self.made_at),
        }
        answer
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.receiver.clear();
        self.shared.close();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("is_closed", &self.shared.closed.get())
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

/// Why [`Receiver::try_recv`] received nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing was sent yet.
    Empty,
    /// Nothing will be sent, or it was received already.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "nothing was sent yet",
            TryRecvError::Closed => "nothing will be sent",
        })
    }
}

impl std::error::Error for TryRecvError {}
