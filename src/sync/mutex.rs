//! `Mutex`: a lock that may be held across an `.await`.
//!
//! A gate with one permit, and a value that only the permit's holder may touch. Within one
//! stretch between two `.await`s a `RefCell` does the same for nothing: no other task runs
//! there. This lock is for what must stay untouched *while* its holder waits.
//!
//! Law: `&mut T` out of a shared lock is a promise that no other reference exists, and
//! without `unsafe` only a `RefCell` can make it. Consequence: the value sits in one, and the
//! guard holds its `RefMut`. That is the one place where a `RefCell` of ours stays borrowed
//! while the user's code runs; the gate sees to it that nobody else asks (I1).
//!
//! - I1: the value is borrowed only by who holds the permit, and the borrow ends first.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::address_of;
use super::gate::Gate;
use super::wait_list::WaitKey;
use crate::coop;
use crate::trace::{self, WaitKind};

/// A value that one task at a time may use, also across an `.await`.
///
/// Who waits first gets the lock first, handed over by who lets it go. It is not reentrant:
/// a task that locks it twice waits for itself, for ever. A panic while it is held only lets
/// go of it (there is no poisoning).
///
/// ```
/// # hob::block_on(async {
/// use std::rc::Rc;
///
/// let log = Rc::new(hob::sync::Mutex::new(Vec::new()));
/// let other = log.clone();
/// let task = hob::spawn(async move { other.lock().await.push("task") });
/// log.lock().await.push("main");
/// task.await.unwrap();
/// assert_eq!(log.lock().await.len(), 2);
/// # });
/// ```
pub struct Mutex<T: ?Sized> {
    /// Its only permit is the right to borrow `value`.
    gate: Gate,
    value: RefCell<T>,
}

impl<T> Mutex<T> {
    /// A lock around `value`, free.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex {
            gate: Gate::new(1),
            value: RefCell::new(value),
        }
    }

    /// The value, out of the lock.
    ///
    /// ```
    /// assert_eq!(hob::sync::Mutex::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock, which is held until the guard is dropped.
    ///
    /// *Cancel safety*: dropping the future gives up the place in the line; a lock that was
    /// already on its way goes to the next.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let count = hob::sync::Mutex::new(0);
    /// *count.lock().await += 1;
    /// assert_eq!(*count.lock().await, 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn lock(&self) -> Lock<'_, T> {
        Lock {
            mutex: self,
            place: None,
            at: Location::caller(),
        }
    }

    /// Takes the lock if it is free and nobody waits for it.
    ///
    /// # Errors
    /// [`TryLockError`] if it is held, or promised to somebody who waits.
    ///
    /// ```
    /// let mutex = hob::sync::Mutex::new(0);
    /// let guard = mutex.try_lock().expect("it is free");
    /// assert!(mutex.try_lock().is_err());
    /// # drop(guard);
    /// ```
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        match self.gate.try_acquire(1) {
            Ok(()) => Ok(self.guard()),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// The value, without any waiting: `&mut self` proves that nobody holds the lock.
    ///
    /// ```
    /// let mut mutex = hob::sync::Mutex::new(0);
    /// *mutex.get_mut() += 1;
    /// assert_eq!(mutex.into_inner(), 1);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// For who has just been given the permit.
    fn guard(&self) -> MutexGuard<'_, T> {
        MutexGuard {
            value: self.value.borrow_mut(),
            _permit: LockPermit(&self.gate),
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mutex = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(value) => mutex.field("value", &&*value),
            Err(_) => mutex.field("value", &format_args!("<locked>")),
        };
        mutex.finish()
    }
}

/// Future of [`Mutex::lock`].
#[must_use = "futures do nothing unless awaited"]
pub struct Lock<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    place: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl<'a, T: ?Sized> Future for Lock<'a, T> {
    type Output = MutexGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<MutexGuard<'a, T>> {
        ready!(coop::poll_budget(cx));
        let mutex = self.mutex;
        let Poll::Ready(open) = mutex.gate.poll_acquire(1, &mut self.place, cx) else {
            trace::waits(WaitKind::Permit, address_of(&mutex.gate), self.at);
            return Poll::Pending;
        };
        debug_assert!(open, "nobody closes the gate of a mutex");
        coop::spend();
        Poll::Ready(mutex.guard())
    }
}

impl<T: ?Sized> Drop for Lock<'_, T> {
    fn drop(&mut self) {
        self.mutex.gate.cancel(&mut self.place);
    }
}

/// The lock, held. Dropping it lets go.
#[must_use = "a lock that is dropped at once protects nothing"]
pub struct MutexGuard<'a, T: ?Sized> {
    /// I1: declared first, so it is dropped first.
    value: RefMut<'a, T>,
    _permit: LockPermit<'a>,
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Hands the gate's one permit on when it is dropped.
struct LockPermit<'a>(&'a Gate);

impl Drop for LockPermit<'_> {
    fn drop(&mut self) {
        self.0.release(1);
    }
}

/// The mutex is held by somebody, or promised to somebody.
#[derive(Debug, PartialEq, Eq)]
pub struct TryLockError(());

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mutex is locked")
    }
}

impl std::error::Error for TryLockError {}
