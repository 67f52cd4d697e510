//! The futures of a [`Notify`], and their common part: one place in its line.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use super::{Called, Notify, Waiter};
use crate::coop;
use crate::executor::Parked;
use crate::sync::address_of;
use crate::sync::wait_list::WaitKey;
use crate::trace::{self, WaitKind};

/// What both futures are, but for who owns the `Notify`.
#[derive(Debug)]
pub(super) struct Waiting {
    /// `broadcasts` when this was made: any other number means that it was called since.
    made_at: u64,
    state: State,
    at: &'static Location<'static>,
}

/// New ─poll, enable▶ Waiting ─called, polled▶ Done; or New ─poll, enable▶ Done at once.
#[derive(Debug)]
enum State {
    New,
    Waiting(WaitKey),
    Done,
}

impl Waiting {
    #[track_caller]
    pub(super) fn new(notify: &Notify) -> Waiting {
        Waiting {
            made_at: notify.broadcasts.get(),
            state: State::New,
            at: Location::caller(),
        }
    }

    /// Has a notification arrived for one who is not in the line?
    fn take(&self, notify: &Notify) -> bool {
        self.made_at != notify.broadcasts.get() || notify.stored.take()
    }

    /// Takes what is there, or joins the line.
    fn join(&mut self, notify: &Notify, cx: &Context<'_>) -> Poll<()> {
        if self.take(notify) {
            return Poll::Ready(());
        }
        let parked = Parked::new(cx);
        // Look again: the clone (if it was one) may have run a stranger's code.
        if self.take(notify) {
            return Poll::Ready(());
        }
        let waiter = Waiter {
            made_at: self.made_at,
            called: Called::No,
        };
        self.state = State::Waiting(notify.line.push(waiter, parked));
        Poll::Pending
    }

    fn look(&mut self, notify: &Notify, cx: &Context<'_>) -> Poll<()> {
        let answer = match self.state {
            State::New => self.join(notify, cx),
            State::Waiting(key) => notify.line.poll(key, cx).map(drop),
            State::Done => Poll::Ready(()),
        };
        if answer.is_ready() {
            self.state = State::Done;
        }
        answer
    }

    fn poll(&mut self, notify: &Notify, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        if self.look(notify, cx).is_pending() {
            trace::waits(WaitKind::Permit, address_of(notify), self.at);
            return Poll::Pending;
        }
        coop::spend();
        Poll::Ready(())
    }

    /// A place in the line without a task: the waker that stands there does nothing, and the
    /// first poll brings the real one.
    fn enable(&mut self, notify: &Notify) -> bool {
        match self.state {
            State::New => self
                .look(notify, &Context::from_waker(Waker::noop()))
                .is_ready(),
            State::Waiting(key) => notify.line.is_called(key),
            State::Done => true,
        }
    }

    #[inline]
    fn cancel(&mut self, notify: &Notify) {
        if let State::Waiting(key) = self.state {
            Waiting::leave(key, notify);
        }
    }

    /// The rare half of [`cancel`](Waiting::cancel): it had not been ready.
    #[cold]
    fn leave(key: WaitKey, notify: &Notify) {
        // Bound, so that the waker is dropped last.
        let left = notify.line.leave(key);
        match left.data.called {
            Called::ByOne => notify.notify_one(), // I2
            Called::ByLast => notify.notify_last(),
            Called::No | Called::ByAll => {}
        }
    }
}

/// Future of [`Notify::notified`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Notified<'a> {
    notify: &'a Notify,
    waiting: Waiting,
}

impl<'a> Notified<'a> {
    pub(super) fn new(notify: &'a Notify, waiting: Waiting) -> Notified<'a> {
        Notified { notify, waiting }
    }

    /// Joins the line now, without waiting: from here on a [`notify_one`](Notify::notify_one)
    /// may call it, too. True if it was called already; then awaiting it is ready at once.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let notify = hob::sync::Notify::new();
    /// let (mut first, second) = (notify.notified(), notify.notified());
    /// assert!(!first.enable());
    /// notify.notify_one();
    /// assert!(first.enable(), "it stood in line");
    /// first.await;
    /// assert!(futures_lite::future::poll_once(second).await.is_none());
    /// # });
    /// ```
    pub fn enable(&mut self) -> bool {
        self.waiting.enable(self.notify)
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let notify = self.notify;
        self.waiting.poll(notify, cx)
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        self.waiting.cancel(self.notify);
    }
}

/// Future of [`Notify::notified_owned`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct OwnedNotified {
    notify: Rc<Notify>,
    waiting: Waiting,
}

impl OwnedNotified {
    pub(super) fn new(notify: Rc<Notify>, waiting: Waiting) -> OwnedNotified {
        OwnedNotified { notify, waiting }
    }

    /// As [`Notified::enable`].
    pub fn enable(&mut self) -> bool {
        self.waiting.enable(&self.notify)
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.waiting.poll(&this.notify, cx)
    }
}

impl Drop for OwnedNotified {
    fn drop(&mut self) {
        self.waiting.cancel(&self.notify);
    }
}
