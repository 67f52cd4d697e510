//! `Mutex`: a lock that may be held across an `.await`.
//!
//! A gate with one permit, and a value that only the permit's holder may touch. Within one
//! stretch between two `.await`s a `RefCell` does the same for nothing: no other task runs
//! there. This lock is for what must stay untouched *while* its holder waits.
//!
//! Law: `&mut T` out of a shared lock is a promise that no other reference exists, and
//! without `unsafe` only a `RefCell` can make it. Consequence: the value sits in one, and the
//! guard holds its `RefMut`, or has taken the value out ([`guard`]). That is the one place
//! where a `RefCell` of ours stays borrowed while the user's code runs; the gate sees to it
//! that nobody else asks (I1).
//!
//! - I1: the value is borrowed or taken out only by who holds the permit, and it is free and at
//!   home again before the permit goes on.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::gate::Gate;
use super::wish::Wish;

mod guard;

pub use guard::{MutexGuard, OwnedMutexGuard};

/// Why a value can be expected in its place.
const HOME: &str = "the value is at home while the permit is free (I1)";

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
pub struct Mutex<T> {
    /// Its only permit is the right to touch `value`.
    gate: Gate,
    /// `None` while an [`OwnedMutexGuard`] has it.
    value: RefCell<Option<T>>,
}

impl<T> Mutex<T> {
    /// A lock around `value`, free.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex {
            gate: Gate::new(1),
            value: RefCell::new(Some(value)),
        }
    }

    /// The value, out of the lock.
    ///
    /// ```
    /// assert_eq!(hob::sync::Mutex::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner().expect(HOME)
    }

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
            wish: Wish::new(1),
        }
    }

    /// [`lock`](Mutex::lock) with a guard that can move into a task. It moves the value out
    /// and back again, so put a large one into a `Box`.
    ///
    /// *Cancel safety* as for [`lock`](Mutex::lock).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let count = std::rc::Rc::new(hob::sync::Mutex::new(0));
    /// let mut guard = count.clone().lock_owned().await;
    /// hob::spawn(async move { *guard += 1 }).await.unwrap();
    /// assert_eq!(*count.lock().await, 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn lock_owned(self: Rc<Self>) -> LockOwned<T> {
        LockOwned {
            mutex: self,
            wish: Wish::new(1),
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
            Ok(()) => Ok(MutexGuard::new(self)),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// [`try_lock`](Mutex::try_lock) with a guard that can move into a task.
    ///
    /// # Errors
    /// [`TryLockError`] if it is held, or promised to somebody who waits.
    ///
    /// ```
    /// let mutex = std::rc::Rc::new(hob::sync::Mutex::new(0));
    /// *mutex.clone().try_lock_owned().expect("it is free") += 1;
    /// assert_eq!(*mutex.try_lock().expect("free again"), 1);
    /// ```
    pub fn try_lock_owned(self: Rc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        match self.gate.try_acquire(1) {
            Ok(()) => Ok(OwnedMutexGuard::new(self)),
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
        self.value.get_mut().as_mut().expect(HOME)
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

impl<T: fmt::Debug> fmt::Debug for Mutex<T> {
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
pub struct Lock<'a, T> {
    mutex: &'a Mutex<T>,
    wish: Wish,
}

impl<'a, T> Future for Lock<'a, T> {
    type Output = MutexGuard<'a, T>;

    // Or the guard, three words, comes back through memory, where it is read in larger pieces than
    // those in which it was written, and for that a processor waits: a tenth of a lock in line.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<MutexGuard<'a, T>> {
        let mutex = self.mutex;
        let open = ready!(self.wish.poll(&mutex.gate, cx));
        debug_assert!(open, "nobody closes the gate of a mutex");
        Poll::Ready(MutexGuard::new(mutex))
    }
}

impl<T> Drop for Lock<'_, T> {
    fn drop(&mut self) {
        self.wish.cancel(&self.mutex.gate);
    }
}

/// Future of [`Mutex::lock_owned`].
#[must_use = "futures do nothing unless awaited"]
pub struct LockOwned<T> {
    mutex: Rc<Mutex<T>>,
    wish: Wish,
}

impl<T> Future for LockOwned<T> {
    type Output = OwnedMutexGuard<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<OwnedMutexGuard<T>> {
        let this = &mut *self;
        let open = ready!(this.wish.poll(&this.mutex.gate, cx));
        debug_assert!(open, "nobody closes the gate of a mutex");
        Poll::Ready(OwnedMutexGuard::new(this.mutex.clone()))
    }
}

impl<T> Drop for LockOwned<T> {
    fn drop(&mut self) {
        self.wish.cancel(&self.mutex.gate);
    }
}

/// The lock is held by somebody, or promised to somebody who waits.
#[derive(Debug, PartialEq, Eq)]
pub struct TryLockError(pub(super) ());

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held, or promised to somebody who waits")
    }
}

impl std::error::Error for TryLockError {}
