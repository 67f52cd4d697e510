//! The ends of a broadcast that send: the sender, and the one that keeps nothing open.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use super::chan::Chan;
use super::error::SendError;
use super::receiver::Receiver;
use crate::coop;
use crate::sync::address_of;
use crate::sync::wait_list::WaitKey;
use crate::trace::{self, WaitKind};

/// The end that sends. Clone it for each task that does.
pub struct Sender<T> {
    chan: Rc<Chan<T>>,
}

impl<T> Sender<T> {
    /// A channel without a receiver yet: see [`subscribe`](Sender::subscribe).
    ///
    /// # Panics
    /// If `capacity` is 0: every message would be lost at once.
    ///
    /// ```
    /// let sender = hob::sync::broadcast::Sender::<u32>::new(8);
    /// assert_eq!(sender.receiver_count(), 0);
    /// ```
    #[track_caller]
    pub fn new(capacity: usize) -> Sender<T> {
        assert!(
            capacity > 0,
            "a broadcast of capacity 0 would lose every message: take at least 1"
        );
        Sender {
            chan: Rc::new(Chan::new(capacity)),
        }
    }

    /// Sends to every receiver that is there, without waiting, and says how many they are. If
    /// the channel is full, its oldest message goes, although somebody has not received it.
    ///
    /// # Errors
    /// [`SendError`] with the message, if there is no receiver now.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::broadcast::channel(4);
    /// assert_eq!(sender.send(7), Ok(1));
    /// assert_eq!(receiver.try_recv(), Ok(7));
    /// ```
    pub fn send(&self, message: T) -> Result<usize, SendError<T>> {
        self.chan.send(message).map_err(SendError)
    }

    /// Another receiver, for what is sent from now on.
    ///
    /// ```
    /// let (sender, _first) = hob::sync::broadcast::channel(4);
    /// sender.send("early").expect("one is there");
    /// let mut late = sender.subscribe();
    /// sender.send("late").expect("two are there");
    /// assert_eq!(late.try_recv(), Ok("late"));
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(self.chan.clone())
    }

    /// Messages that somebody has not received yet.
    ///
    /// ```
    /// let (sender, mut first) = hob::sync::broadcast::channel(4);
    /// let second = sender.subscribe();
    /// sender.send(1).expect("two are there");
    /// assert_eq!((first.try_recv(), sender.len()), (Ok(1), 1));
    /// drop(second);
    /// assert!(sender.is_empty());
    /// ```
    pub fn len(&self) -> usize {
        self.chan.len()
    }

    /// True if everybody has received everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Receivers alive.
    pub fn receiver_count(&self) -> usize {
        self.chan.receivers()
    }

    /// Waits until no receiver is left. It is ready at a poll that finds none; if all went and
    /// another came between two polls, it goes on waiting.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, receiver) = hob::sync::broadcast::channel::<u32>(4);
    /// hob::spawn(async move { drop(receiver) });
    /// sender.closed().await;
    /// assert!(sender.send(1).is_err());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed {
            chan: &self.chan,
            place: None,
            at: Location::caller(),
        }
    }

    /// Do both send to the same receivers?
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Rc::ptr_eq(&self.chan, &other.chan)
    }

    /// A handle that can become a sender again, and until then does not keep the channel open.
    ///
    /// ```
    /// # hob::block_on(async {
    /// use hob::sync::broadcast::{self, RecvError};
    ///
    /// let (sender, mut receiver) = broadcast::channel::<u32>(4);
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert_eq!(receiver.recv().await, Err(RecvError::Closed));
    /// assert!(weak.upgrade().is_none());
    /// # });
    /// ```
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            chan: Rc::downgrade(&self.chan),
        }
    }

    /// Senders that keep the channel open, this one included.
    pub fn strong_count(&self) -> usize {
        self.chan.senders.get()
    }

    /// [`WeakSender`]s of the channel.
    pub fn weak_count(&self) -> usize {
        Rc::weak_count(&self.chan)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.chan.senders.set(self.strong_count() + 1);
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
            .field("len", &self.len())
            .field("receivers", &self.receiver_count())
            .finish()
    }
}

/// A [`Sender`] that does not keep the channel open. Made by [`Sender::downgrade`].
pub struct WeakSender<T> {
    chan: Weak<Chan<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, if there is still another one. A channel whose last sender went is over, and
    /// nothing opens it again.
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::broadcast::channel::<u32>(1);
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let chan = self.chan.upgrade().filter(|chan| !chan.is_over())?;
        chan.senders.set(chan.senders.get() + 1);
        Some(Sender { chan })
    }

    /// Senders that keep the channel open.
    pub fn strong_count(&self) -> usize {
        let chan = self.chan.upgrade();
        chan.map_or(0, |chan| chan.senders.get())
    }

    /// Senders that do not, this one included.
    pub fn weak_count(&self) -> usize {
        self.chan.weak_count()
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender {
            chan: self.chan.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakSender")
    }
}

/// Future of [`Sender::closed`].
#[must_use = "futures do nothing unless awaited"]
pub struct Closed<'a, T> {
    chan: &'a Chan<T>,
    place: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        let chan = self.chan;
        let nobody = || match chan.receivers() {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        };
        let answer = chan.closing.poll_until(&mut self.place, cx, nobody);
        match answer {
            Poll::Ready(()) => coop::spend(),
            Poll::Pending => trace::waits(WaitKind::Channel, address_of(chan), self.at),
        }
        answer
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        self.chan.closing.leave(&mut self.place);
    }
}
