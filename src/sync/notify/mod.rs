//! `Notify`: "something has changed, look again", without saying what.
//!
//! The something is the caller's own: a flag in a `Cell`, a list in a `RefCell`. `Notify`
//! carries no value, it only makes sure that who waits looks again, and that no notification
//! falls between looking and waiting:
//!
//! ```text
//! notify_one       nobody waits:  stored, and the next `notified` is ready at once (once)
//!                  some wait:     the first in line is called; notify_last: the last
//! notify_waiters   every `Notified` made before is called, waiting or not yet; none is stored
//! ```
//!
//! Invariants:
//! - I1: nothing is stored while somebody waits.
//! - I2: a waiter that was called by `notify_one` or `notify_last` and is dropped before it
//!   was polled passes the call on (trap 41). One of `notify_waiters` was called along with
//!   everybody, so there is nobody to pass it on to.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use super::wait_list::{WaitList, wake_each};
use crate::executor::Parked;

mod notified;

use notified::Waiting;
pub use notified::{Notified, OwnedNotified};

/// Tells one task, or all, that something has changed.
///
/// ```
/// # hob::block_on(async {
/// use std::{cell::Cell, rc::Rc};
/// use hob::sync::Notify;
///
/// let done = Rc::new((Cell::new(false), Notify::new()));
/// let other = done.clone();
/// hob::spawn(async move {
///     other.0.set(true);
///     other.1.notify_one();
/// });
/// done.1.notified().await;
/// assert!(done.0.get());
/// # });
/// ```
pub struct Notify {
    line: WaitList<Waiter>,
    /// A `notify_one` that found nobody (I1).
    stored: Cell<bool>,
    /// How often `notify_waiters` was called. A `Notified` remembers what it was when it was
    /// made.
    broadcasts: Cell<u64>,
    /// What wakes tasks of one thread stays on it.
    _not_send: PhantomData<Rc<()>>,
}

/// One in the line.
#[derive(Clone, Copy)]
struct Waiter {
    /// What `broadcasts` was when its future was made.
    made_at: u64,
    called: Called,
}

/// By whom a waiter was called.
#[derive(Clone, Copy)]
enum Called {
    /// By nobody yet.
    No,
    ByOne,
    ByLast,
    ByAll,
}

impl Notify {
    /// Nobody waits, and nothing is stored.
    pub const fn new() -> Notify {
        Notify {
            line: WaitList::new(),
            stored: Cell::new(false),
            broadcasts: Cell::new(0),
            _not_send: PhantomData,
        }
    }

    /// Waits for a notification, or takes the one that is stored.
    ///
    /// Whoever waits for a condition makes the future first, then looks at the condition, and
    /// then awaits: a [`notify_waiters`](Notify::notify_waiters) in between reaches the future
    /// although nobody has polled it yet.
    ///
    /// *Cancel safety*: dropping the future gives up the place in the line, and passes on the
    /// notification of one that it was called by and never saw.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let notify = hob::sync::Notify::new();
    /// notify.notify_one();
    /// notify.notified().await; // stored: ready at once
    /// let early = notify.notified();
    /// notify.notify_waiters();
    /// early.await; // made before: ready as well
    /// assert!(futures_lite::future::poll_once(notify.notified()).await.is_none());
    /// # });
    /// ```
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        Notified::new(self, Waiting::new(self))
    }

    /// [`notified`](Notify::notified) as a future that owns a count of the `Notify`, and so can
    /// move into a task.
    ///
    /// *Cancel safety*: as for [`notified`](Notify::notified).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let notify = std::rc::Rc::new(hob::sync::Notify::new());
    /// let task = hob::spawn(notify.clone().notified_owned());
    /// notify.notify_waiters(); // it was made before, so it is called
    /// task.await.unwrap();
    /// # });
    /// ```
    #[track_caller]
    pub fn notified_owned(self: Rc<Self>) -> OwnedNotified {
        let waiting = Waiting::new(&self);
        OwnedNotified::new(self, waiting)
    }

    /// Calls the first in line. If nobody waits, the next who comes need not wait; several
    /// such calls are stored as one.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let notify = hob::sync::Notify::new();
    /// notify.notify_one();
    /// notify.notify_one();
    /// notify.notified().await;
    /// assert!(futures_lite::future::poll_once(notify.notified()).await.is_none(), "stored as one");
    /// # });
    /// ```
    pub fn notify_one(&self) {
        let first = self.line.call_front(|waiter| waiter.call(Called::ByOne));
        self.wake_or_store(first);
    }

    /// Calls the last in line: the one whose memory is most likely still warm. Otherwise like
    /// [`notify_one`](Notify::notify_one).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let notify = hob::sync::Notify::new();
    /// notify.notify_last();
    /// notify.notified().await; // nobody waited, so it was stored
    /// # });
    /// ```
    pub fn notify_last(&self) {
        let last = self.line.call_back(|waiter| waiter.call(Called::ByLast));
        self.wake_or_store(last);
    }

    fn wake_or_store(&self, called: Option<Parked>) {
        match called {
            Some(parked) => parked.wake(),
            None => self.stored.set(true), // I1: the line is empty
        }
    }

    /// Calls everybody who waits, and every [`Notified`] that was made already. Nothing is
    /// stored for those who come later.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let notify = hob::sync::Notify::new();
    /// let (first, second) = (notify.notified(), notify.notified());
    /// notify.notify_waiters();
    /// first.await;
    /// second.await;
    /// # });
    /// ```
    pub fn notify_waiters(&self) {
        self.broadcasts.set(self.broadcasts.get().wrapping_add(1));
        // A wake may run a stranger's code, which may join the line. Whoever does so was made
        // after this call, and all behind it too: there the line ends for us.
        wake_each(|| {
            self.line.call_front(|waiter| {
                waiter.made_at != self.broadcasts.get() && waiter.call(Called::ByAll)
            })
        });
    }
}

impl Waiter {
    /// Says by whom it is called, and that it is.
    fn call(&mut self, by: Called) -> bool {
        self.called = by;
        true
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
            .field("waiting", &self.line.len())
            .field("stored", &self.stored.get())
            .finish()
    }
}
