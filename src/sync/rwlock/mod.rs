//! `RwLock`: many may read, or one may write, also across an `.await`.
//!
//! A gate once more: a reader takes one permit, a writer takes all there are. That the gate
//! lets nobody overtake makes the lock fair without a word more: a writer who waits stands in
//! front of every reader who comes later, so readers that come and go cannot keep it out.
//! Price: a task that reads, and asks to read once more while a writer waits, waits for itself.
//!
//! Law: as for a mutex, only a `RefCell` can promise that a `&mut T` is alone. And guards that
//! own a count of the lock cannot borrow from it: readers share the value, so it lives in an
//! `Rc`, of which each owned reader has a count and an owned writer the only one. Price: one
//! allocation for each lock, and one step more to the value.
//!
//! - I1: the value is borrowed, counted or taken out only by who holds permits, and it is free
//!   again before they go on. Hence, whoever holds *all* permits finds a count of one.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::gate::Gate;
use super::mutex::TryLockError;
use super::wish::Wish;

mod guard;
mod wait;

pub use guard::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLockReadGuard, RwLockWriteGuard};
pub use wait::{RwLockRead, RwLockReadOwned, RwLockWrite, RwLockWriteOwned};

/// What a writer takes: every permit there is. More readers than this do not fit into memory.
const ALL: usize = usize::MAX >> 3;

/// Why a value can be expected in its place.
const HOME: &str = "the value is at home while permits are free (I1)";
/// Why nobody else can have a count of it.
const ALONE: &str = "who holds all permits is alone with the value (I1)";

/// A value that many may read at the same time, or one may change.
///
/// The line is first come, first served: a waiting writer stops readers who come after it.
/// Readers who stand next to each other in the line are let in together. A panic while it is
/// held only lets go of it (there is no poisoning).
///
/// ```
/// # hob::block_on(async {
/// let prices = hob::sync::RwLock::new(vec![3, 5]);
/// {
///     let (mine, yours) = (prices.read().await, prices.read().await);
///     assert_eq!(mine.len(), yours.len());
/// }
/// prices.write().await.push(8);
/// assert_eq!(*prices.read().await, [3, 5, 8]);
/// # });
/// ```
pub struct RwLock<T> {
    /// One of [`ALL`] permits to read, all of them to write.
    gate: Gate,
    /// `None` while an [`OwnedRwLockWriteGuard`] has it.
    value: RefCell<Option<Rc<T>>>,
}

impl<T> RwLock<T> {
    /// A lock around `value`, free.
    pub fn new(value: T) -> RwLock<T> {
        RwLock {
            gate: Gate::new(ALL),
            value: RefCell::new(Some(Rc::new(value))),
        }
    }

    /// The value, out of the lock.
    ///
    /// ```
    /// assert_eq!(hob::sync::RwLock::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        let value = self.value.into_inner().expect(HOME);
        Rc::into_inner(value).expect(ALONE)
    }

    /// The value, without any waiting: `&mut self` proves that nobody holds the lock.
    ///
    /// ```
    /// let mut lock = hob::sync::RwLock::new(0);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 1);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        let value = self.value.get_mut().as_mut().expect(HOME);
        Rc::get_mut(value).expect(ALONE)
    }

    /// Waits until nobody writes, nor waited before us to write.
    ///
    /// *Cancel safety*: dropping the future gives up the place in the line; a lock that was
    /// already on its way goes to the next.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let lock = hob::sync::RwLock::new("hello");
    /// let guard = lock.read().await;
    /// assert!(lock.try_read().is_ok() && lock.try_write().is_err());
    /// assert_eq!(*guard, "hello");
    /// # });
    /// ```
    #[track_caller]
    pub fn read(&self) -> RwLockRead<'_, T> {
        RwLockRead {
            lock: self,
            wish: Wish::new(1),
        }
    }

    /// Waits until nobody reads or writes.
    ///
    /// *Cancel safety*: dropping the future gives up the place in the line; a lock that was
    /// already on its way goes to the next, and readers who stood behind it are let in.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let lock = hob::sync::RwLock::new(0);
    /// *lock.write().await += 1;
    /// assert_eq!(lock.into_inner(), 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn write(&self) -> RwLockWrite<'_, T> {
        RwLockWrite {
            lock: self,
            wish: Wish::new(ALL),
        }
    }

    /// [`read`](RwLock::read) with a guard that can move into a task.
    ///
    /// *Cancel safety*: as for [`read`](RwLock::read).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let lock = std::rc::Rc::new(hob::sync::RwLock::new(7));
    /// let guard = lock.clone().read_owned().await;
    /// assert_eq!(hob::spawn(async move { *guard }).await.unwrap(), 7);
    /// assert!(lock.try_write().is_ok());
    /// # });
    /// ```
    #[track_caller]
    pub fn read_owned(self: Rc<Self>) -> RwLockReadOwned<T> {
        RwLockReadOwned {
            lock: self,
            wish: Wish::new(1),
        }
    }

    /// [`write`](RwLock::write) with a guard that can move into a task.
    ///
    /// *Cancel safety*: as for [`write`](RwLock::write).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let lock = std::rc::Rc::new(hob::sync::RwLock::new(7));
    /// let mut guard = lock.clone().write_owned().await;
    /// hob::spawn(async move { *guard += 1 }).await.unwrap();
    /// assert_eq!(*lock.read().await, 8);
    /// # });
    /// ```
    #[track_caller]
    pub fn write_owned(self: Rc<Self>) -> RwLockWriteOwned<T> {
        RwLockWriteOwned {
            lock: self,
            wish: Wish::new(ALL),
        }
    }

    /// Reads if nobody writes, nor waits in line.
    ///
    /// # Errors
    /// [`TryLockError`] otherwise.
    ///
    /// ```
    /// let lock = hob::sync::RwLock::new(1);
    /// assert_eq!(*lock.try_read().expect("nobody writes"), 1);
    /// ```
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.try_take(1)?;
        Ok(RwLockReadGuard::new(self))
    }

    /// Writes if nobody has the lock or waits for it.
    ///
    /// # Errors
    /// [`TryLockError`] otherwise.
    ///
    /// ```
    /// let lock = hob::sync::RwLock::new(1);
    /// *lock.try_write().expect("it is free") += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.try_take(ALL)?;
        Ok(RwLockWriteGuard::new(self))
    }

    /// [`try_read`](RwLock::try_read) with a guard that can move into a task.
    ///
    /// ```
    /// let lock = std::rc::Rc::new(hob::sync::RwLock::new(1));
    /// assert_eq!(*lock.try_read_owned().expect("nobody writes"), 1);
    /// ```
    pub fn try_read_owned(self: Rc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        self.try_take(1)?;
        Ok(OwnedRwLockReadGuard::new(self))
    }

    /// [`try_write`](RwLock::try_write) with a guard that can move into a task.
    ///
    /// ```
    /// let lock = std::rc::Rc::new(hob::sync::RwLock::new(1));
    /// *lock.clone().try_write_owned().expect("it is free") += 1;
    /// assert_eq!(*lock.try_read().expect("free again"), 2);
    /// ```
    pub fn try_write_owned(self: Rc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        self.try_take(ALL)?;
        Ok(OwnedRwLockWriteGuard::new(self))
    }

    fn try_take(&self, permits: usize) -> Result<(), TryLockError> {
        self.gate
            .try_acquire(permits)
            .map_err(|_busy| TryLockError(()))
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lock = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(value) => lock.field("value", &&*value),
            Err(_) => lock.field("value", &format_args!("<locked>")),
        };
        lock.finish()
    }
}
