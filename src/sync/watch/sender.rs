//! The end of a watch that changes the value.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::error::SendError;
use super::receiver::Receiver;
use super::shared::{Ref, Shared};
use crate::coop;
use crate::sync::address_of;
use crate::sync::wait_list::WaitKey;
use crate::trace::{self, WaitKind};

/// The end that sends. Clone it for each task that does.
pub struct Sender<T> {
    pub(super) shared: Rc<Shared<T>>,
}

impl<T> Sender<T> {
    /// A watch that nobody watches yet: see [`subscribe`](Sender::subscribe).
    ///
    /// ```
    /// let sender = hob::sync::watch::Sender::new("first");
    /// assert!(sender.is_closed());
    /// assert_eq!(*sender.subscribe().borrow(), "first");
    /// ```
    #[track_caller]
    pub fn new(value: T) -> Sender<T> {
        Sender {
            shared: Rc::new(Shared::new(value)),
        }
    }

    /// Puts another value in the place of the one that is there, without waiting, and calls
    /// every receiver that waits.
    ///
    /// # Errors
    /// [`SendError`] with the value if nobody watches. The old value then stays; to replace it
    /// all the same, see [`send_replace`](Sender::send_replace).
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::watch::channel(1);
    /// assert_eq!(sender.send(2), Ok(()));
    /// assert_eq!(*receiver.borrow(), 2);
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        self.shared.publish(value);
        Ok(())
    }

    /// [`send`](Sender::send) that never fails, and gives the former value. It comes in an
    /// `Rc`, because somebody may hold a [`Ref`] of it.
    ///
    /// ```
    /// let sender = hob::sync::watch::Sender::new(1);
    /// let former = sender.send_replace(2);
    /// assert_eq!((*former, *sender.borrow()), (1, 2));
    /// ```
    pub fn send_replace(&self, value: T) -> Rc<T> {
        self.shared.replace(value)
    }

    /// Changes a copy of the value and sends that, also when nobody watches.
    ///
    /// `modify` may use this very channel: what it sees there is the former value. If it sends,
    /// its own result comes after that and counts. If it panics, nothing has changed.
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::watch::channel(vec!["a"]);
    /// sender.send_modify(|words| words.push("b"));
    /// assert_eq!(*receiver.borrow(), ["a", "b"]);
    /// ```
    pub fn send_modify(&self, modify: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// [`send_modify`](Sender::send_modify), but only if `modify` says true, which is given
    /// back. At false it is as if it had never been called: nobody is called, and the copy is
    /// dropped with whatever was changed in it. (Here tokio keeps the change and tells nobody.)
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::watch::channel(5);
    /// let raise_to = |new| move |value: &mut i32| std::mem::replace(value, new) < new;
    /// assert!(sender.send_if_modified(raise_to(7)));
    /// assert!(!sender.send_if_modified(raise_to(6)));
    /// assert_eq!(*receiver.borrow(), 7);
    /// ```
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        let mut copy = T::clone(&self.shared.value());
        let is_modified = modify(&mut copy);
        if is_modified {
            self.shared.publish(copy);
        }
        is_modified
    }

    /// The value of now: see [`Ref`].
    pub fn borrow(&self) -> Ref<T> {
        Ref::new(self.shared.value(), false)
    }

    /// Another receiver, which counts the value of now as seen. It opens a watch again that
    /// nobody watched.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let sender = hob::sync::watch::Sender::new(1);
    /// let mut receiver = sender.subscribe();
    /// sender.send(2).expect("one watches");
    /// receiver.changed().await.expect("the sender lives");
    /// assert_eq!(*receiver.borrow(), 2);
    /// # });
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(self.shared.clone(), self.shared.version())
    }

    /// Waits until nobody watches. It is ready at a poll that finds no receiver; one that
    /// came and went between two polls is not noticed.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, receiver) = hob::sync::watch::channel(1);
    /// hob::spawn(async move { drop(receiver) });
    /// sender.closed().await;
    /// assert!(sender.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed {
            shared: &self.shared,
            place: None,
            at: Location::caller(),
        }
    }

    /// True if nobody watches now.
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Receivers alive.
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers.get()
    }

    /// Senders alive, this one included.
    pub fn sender_count(&self) -> usize {
        self.shared.senders.get()
    }

    /// Do both send to the same receivers?
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.shared.senders.set(self.sender_count() + 1);
        Sender {
            shared: self.shared.clone(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.senders.set(self.sender_count() - 1);
        if self.shared.is_over() {
            self.shared.changing.call_all();
        }
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Sender<T> {
        Sender::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("value", &self.borrow())
            .field("receivers", &self.receiver_count())
            .finish()
    }
}

/// Future of [`Sender::closed`].
#[must_use = "futures do nothing unless awaited"]
pub struct Closed<'a, T> {
    shared: &'a Shared<T>,
    place: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        let shared = self.shared;
        let nobody = || match shared.receivers.get() {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        };
        let answer = shared.closing.poll_until(&mut self.place, cx, nobody);
        match answer {
            Poll::Ready(()) => coop::spend(),
            Poll::Pending => trace::waits(WaitKind::Channel, address_of(shared), self.at),
        }
        answer
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        self.shared.closing.leave(&mut self.place);
    }
}
