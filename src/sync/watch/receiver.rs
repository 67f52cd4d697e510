//! The end of a watch that sees the value, and waits for another.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::error::RecvError;
use super::shared::{Ref, Shared};
use crate::coop;
use crate::sync::address_of;
use crate::sync::wait_list::WaitKey;
use crate::trace::{self, WaitKind};

/// The end that receives. Clone it for each task that watches.
///
/// As a [`Stream`] it gives each value that it has not seen, the newest only, and ends when no
/// sender is left.
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
    /// The number of the last value seen. `None` after `mark_changed`: whatever is there is
    /// new.
    seen: Option<u64>,
    /// The place in the line of those who wait for another value. There is at most one wait at
    /// a time, since all of them take `&mut self`.
    place: Option<WaitKey>,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Rc<Shared<T>>, seen: u64) -> Receiver<T> {
        shared.receivers.set(shared.receivers.get() + 1);
        Receiver {
            shared,
            seen: Some(seen),
            place: None,
        }
    }

    /// The value of now, which is not counted as seen: see [`Ref`].
    ///
    /// ```
    /// let (sender, receiver) = hob::sync::watch::channel("old");
    /// sender.send("new").expect("the receiver lives");
    /// assert_eq!(*receiver.borrow(), "new");
    /// assert_eq!(receiver.has_changed(), Ok(true));
    /// ```
    pub fn borrow(&self) -> Ref<T> {
        Ref::new(self.shared.value(), self.is_unseen())
    }

    /// The value of now, seen with that: [`changed`](Receiver::changed) waits for another.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::watch::channel("old");
    /// sender.send("new").expect("the receiver lives");
    /// assert_eq!(*receiver.borrow_and_update(), "new");
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// ```
    pub fn borrow_and_update(&mut self) -> Ref<T> {
        let value = self.borrow();
        self.mark_unchanged();
        value
    }

    /// Waits for a value that this receiver has not seen, and counts it as seen. Ready at once
    /// if there is one.
    ///
    /// *Cancel safety*: nothing is lost. A value counts as seen only when this was ready.
    ///
    /// # Errors
    /// [`RecvError`] if no sender is left and the last value was seen.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::watch::channel(0);
    /// sender.send(1).expect("the receiver lives");
    /// drop(sender);
    /// assert!(receiver.changed().await.is_ok());
    /// assert!(receiver.changed().await.is_err());
    /// assert_eq!(*receiver.borrow(), 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn changed(&mut self) -> Changed<'_, T> {
        Changed {
            receiver: self,
            at: Location::caller(),
        }
    }

    /// Waits until the value is as `test` wants it, and counts that one as seen. The value of
    /// now is tested too, seen or not.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// # Errors
    /// [`RecvError`] if no sender is left and the last value does not pass.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::watch::channel(0);
    /// hob::spawn(async move {
    ///     for progress in 1..=100 {
    ///         sender.send(progress).expect("the receiver lives");
    ///         hob::yield_now().await;
    ///     }
    /// });
    /// let half = receiver.wait_for(|progress| *progress >= 50).await.expect("it comes that far");
    /// assert!(*half >= 50);
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_for<F: FnMut(&T) -> bool>(&mut self, test: F) -> WaitFor<'_, T, F> {
        WaitFor {
            receiver: self,
            test,
            tested: None,
            at: Location::caller(),
        }
    }

    /// Is there a value that this receiver has not seen?
    ///
    /// # Errors
    /// [`RecvError`] if no sender is left, whatever was seen.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::watch::channel(0);
    /// sender.send(1).expect("the receiver lives");
    /// assert_eq!(receiver.has_changed(), Ok(true));
    /// receiver.mark_unchanged();
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// drop(sender);
    /// assert!(receiver.has_changed().is_err() && receiver.is_closed());
    /// ```
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        match self.shared.is_over() {
            true => Err(RecvError(())),
            false => Ok(self.is_unseen()),
        }
    }

    /// Forgets that the value of now was seen: [`changed`](Receiver::changed) is ready at once.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (_sender, mut receiver) = hob::sync::watch::channel(1);
    /// receiver.mark_changed();
    /// receiver.changed().await.expect("the sender lives");
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// # });
    /// ```
    pub fn mark_changed(&mut self) {
        self.seen = None;
    }

    /// Counts the value of now as seen, without a look at it.
    pub fn mark_unchanged(&mut self) {
        self.seen = Some(self.shared.version());
    }

    /// True if no sender is left: the value stays what it is.
    pub fn is_closed(&self) -> bool {
        self.shared.is_over()
    }

    /// Do both watch the same value?
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }

    fn is_unseen(&self) -> bool {
        self.seen != Some(self.shared.version())
    }

    /// Ready when there is a value other than number `known`, or none will come.
    fn poll_other(
        &mut self,
        known: Option<u64>,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
    ) -> Poll<Result<(), RecvError>> {
        ready!(coop::poll_budget(cx));
        let shared = &*self.shared;
        let look = || match known != Some(shared.version()) {
            true => Poll::Ready(Ok(())),
            false if shared.is_over() => Poll::Ready(Err(RecvError(()))),
            false => Poll::Pending,
        };
        let answer = shared.changing.poll_until(&mut self.place, cx, look);
        match answer {
            Poll::Ready(_) => coop::spend(),
            Poll::Pending => trace::waits(WaitKind::Channel, address_of(shared), at),
        }
        answer
    }

    /// Whoever waited waits no longer.
    fn leave(&mut self) {
        self.shared.changing.leave(&mut self.place);
    }
}

impl<T> Clone for Receiver<T> {
    /// The clone has seen what this one has.
    fn clone(&self) -> Receiver<T> {
        let mut clone = Receiver::new(self.shared.clone(), 0);
        clone.seen = self.seen;
        clone
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.leave();
        self.shared.receivers.set(self.shared.receivers.get() - 1);
        if self.shared.receivers.get() == 0 {
            self.shared.closing.call_all();
        }
    }
}

impl<T> Stream for Receiver<T> {
    type Item = Ref<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Ref<T>>> {
        let (seen, at) = (self.seen, self.shared.made_at);
        Poll::Ready(match ready!(self.poll_other(seen, cx, at)) {
            Ok(()) => Some(self.borrow_and_update()),
            Err(RecvError(())) => None,
        })
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("value", &self.borrow())
            .field("has_changed", &self.has_changed())
            .finish()
    }
}

/// Future of [`Receiver::changed`].
#[must_use = "futures do nothing unless awaited"]
pub struct Changed<'a, T> {
    receiver: &'a mut Receiver<T>,
    at: &'static Location<'static>,
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<(), RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (seen, at) = (self.receiver.seen, self.at);
        ready!(self.receiver.poll_other(seen, cx, at))?;
        self.receiver.mark_unchanged();
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for Changed<'_, T> {
    fn drop(&mut self) {
        self.receiver.leave();
    }
}

/// Future of [`Receiver::wait_for`].
#[must_use = "futures do nothing unless awaited"]
pub struct WaitFor<'a, T, F> {
    receiver: &'a mut Receiver<T>,
    test: F,
    /// The number of the value that failed the test last: each is tested once.
    tested: Option<u64>,
    at: &'static Location<'static>,
}

// The closure is only ever called, never pinned.
impl<T, F> Unpin for WaitFor<'_, T, F> {}

impl<T, F: FnMut(&T) -> bool> Future for WaitFor<'_, T, F> {
    type Output = Result<Ref<T>, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            ready!(this.receiver.poll_other(this.tested, cx, this.at))?;
            // The test is code of the user: it gets a handle, and nothing is borrowed. Should
            // it send, then what it tested is no longer the newest, and the next round comes.
            let number = this.receiver.shared.version();
            let value = this.receiver.borrow();
            if (this.test)(&value) {
                this.receiver.seen = Some(number);
                return Poll::Ready(Ok(value));
            }
            this.tested = Some(number);
        }
    }
}

impl<T, F> Drop for WaitFor<'_, T, F> {
    fn drop(&mut self) {
        self.receiver.leave();
    }
}
