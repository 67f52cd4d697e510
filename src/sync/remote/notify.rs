//! `remote::Notify`: [`sync::Notify`](crate::sync::Notify) for any thread.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::calls::{Calls, End, Waiting};
use crate::coop;
use crate::sync::address_of;
use crate::trace::{self, WaitKind};

/// Tells one waiter, or all, that something has changed: tasks of any loop, and threads.
///
/// The something is the caller's own, an atomic say. The rules are those of
/// [`sync::Notify`](crate::sync::Notify): a call that finds nobody is stored, once, and a
/// future hears of every [`notify_waiters`](Notify::notify_waiters) since it was made.
///
/// ```
/// use std::sync::Arc;
/// use hob::sync::remote::Notify;
///
/// let (ready, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
/// let theirs = (ready.clone(), go.clone());
/// let thread = std::thread::spawn(move || {
///     theirs.0.notify_one();
///     theirs.1.blocking_wait();
/// });
/// hob::block_on(async {
///     ready.notified().await;
///     go.notify_one();
/// });
/// thread.join().unwrap();
/// ```
pub struct Notify {
    calls: Calls,
}

impl Notify {
    /// Nobody waits, and nothing is stored.
    pub fn new() -> Notify {
        Notify {
            calls: Calls::new(),
        }
    }

    /// Waits for a notification, or takes the one that is stored.
    ///
    /// *Cancel safety*: dropping the future gives up the place in the line, and passes on the
    /// notification of one that it was called by and never saw.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let notify = hob::sync::remote::Notify::new();
    /// notify.notify_one();
    /// notify.notified().await; // stored: ready at once
    /// # });
    /// ```
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        Notified {
            notify: self,
            waiting: self.calls.wait(),
            at: Location::caller(),
        }
    }

    /// [`notified`](Notify::notified) for a thread: blocks it.
    ///
    /// # Panics
    /// On the thread of a running loop: await [`notified`](Notify::notified) there.
    ///
    /// ```
    /// let notify = hob::sync::remote::Notify::new();
    /// notify.notify_one();
    /// notify.blocking_wait(); // stored: returns at once
    /// ```
    #[track_caller]
    pub fn blocking_wait(&self) {
        let mut waiting = self.calls.wait();
        super::block("Notify::blocking_wait", "await `notified` there", |cx| {
            self.calls.poll(&mut waiting, cx)
        });
    }

    /// Calls the first in line. If nobody waits, the next who comes need not wait; several
    /// such calls are stored as one.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let notify = hob::sync::remote::Notify::new();
    /// notify.notify_one();
    /// notify.notify_one();
    /// notify.notified().await;
    /// assert!(futures_lite::future::poll_once(notify.notified()).await.is_none());
    /// # });
    /// ```
    pub fn notify_one(&self) {
        self.calls.call_one(End::First);
    }

    /// Calls the last in line. Otherwise like [`notify_one`](Notify::notify_one).
    ///
    /// ```
    /// let notify = hob::sync::remote::Notify::new();
    /// notify.notify_last();
    /// notify.blocking_wait(); // nobody waited, so it was stored
    /// ```
    pub fn notify_last(&self) {
        self.calls.call_one(End::Last);
    }

    /// Calls everybody who waits, and every [`Notified`] that was made already. Nothing is
    /// stored for those who come later.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let notify = hob::sync::remote::Notify::new();
    /// let (first, second) = (notify.notified(), notify.notified());
    /// notify.notify_waiters();
    /// first.await;
    /// second.await;
    /// # });
    /// ```
    pub fn notify_waiters(&self) {
        self.calls.call_all();
    }
}

impl Default for Notify {
    fn default() -> Notify {
        Notify::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify")
            .field("waiting", &self.calls.waiting())
            .finish_non_exhaustive()
    }
}

/// Future of [`Notify::notified`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Notified<'a> {
    notify: &'a Notify,
    waiting: Waiting,
    at: &'static Location<'static>,
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        let notify = self.notify;
        if notify.calls.poll(&mut self.waiting, cx).is_pending() {
            trace::waits(WaitKind::Permit, address_of(notify), self.at);
            return Poll::Pending;
        }
        coop::spend();
        Poll::Ready(())
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        self.notify.calls.cancel(&mut self.waiting);
    }
}
