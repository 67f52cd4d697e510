//! What a held [`RwLock`] is held by. Each guard is a way to the value and the permits for it,
//! declared in this order, so that the value is free before the permits go on (I1).

use std::cell::{Ref, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::{ALL, ALONE, HOME, RwLock};
use crate::sync::gate::Gate;

/// Permits of a lock that is borrowed, given back when this is dropped.
struct Permits<'a> {
    gate: &'a Gate,
    count: usize,
}

impl Drop for Permits<'_> {
    fn drop(&mut self) {
        self.gate.release(self.count);
    }
}

/// The same for a lock of which the guard owns a count.
struct OwnedPermits<T> {
    lock: Rc<RwLock<T>>,
    count: usize,
}

impl<T> Drop for OwnedPermits<T> {
    fn drop(&mut self) {
        self.lock.gate.release(self.count);
    }
}

/// The lock, held for reading.
#[must_use = "a lock that is dropped at once protects nothing"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    value: Ref<'a, T>,
    permit: Permits<'a>,
}

impl<'a, T> RwLockReadGuard<'a, T> {
    /// For who has just been given one permit.
    pub(super) fn new(lock: &'a RwLock<T>) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard {
            value: Ref::map(lock.value.borrow(), |value| &**value.as_ref().expect(HOME)),
            permit: Permits {
                gate: &lock.gate,
                count: 1,
            },
        }
    }
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// A guard of one part of the value. The lock stays held as a whole.
    ///
    /// (A function, not a method: the value may have a `map` of its own.)
    ///
    /// ```
    /// # hob::block_on(async {
    /// use hob::sync::{RwLock, RwLockReadGuard};
    ///
    /// let lock = RwLock::new((1, "one"));
    /// let name = RwLockReadGuard::map(lock.read().await, |pair| pair.1);
    /// assert_eq!(&*name, "one");
    /// # });
    /// ```
    pub fn map<U: ?Sized>(
        this: RwLockReadGuard<'a, T>,
        part: impl FnOnce(&T) -> &U,
    ) -> RwLockReadGuard<'a, U> {
        let RwLockReadGuard { value, permit } = this;
        RwLockReadGuard {
            value: Ref::map(value, part),
            permit,
        }
    }
}

/// The lock, held for writing.
#[must_use = "a lock that is dropped at once protects nothing"]
pub struct RwLockWriteGuard<'a, T> {
    value: RefMut<'a, T>,
    permits: Permits<'a>,
    lock: &'a RwLock<T>,
}

impl<'a, T> RwLockWriteGuard<'a, T> {
    /// For who has just been given all permits.
    pub(super) fn new(lock: &'a RwLock<T>) -> RwLockWriteGuard<'a, T> {
        let value = RefMut::map(lock.value.borrow_mut(), |value| {
            Rc::get_mut(value.as_mut().expect(HOME)).expect(ALONE)
        });
        RwLockWriteGuard {
            value,
            permits: Permits {
                gate: &lock.gate,
                count: ALL,
            },
            lock,
        }
    }

    /// From writing to reading, with nobody in between: what this one wrote is what it reads.
    /// Readers at the front of the line are let in.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let lock = hob::sync::RwLock::new(0);
    /// let mut writing = lock.write().await;
    /// *writing = 5;
    /// let reading = writing.downgrade();
    /// assert!(lock.try_read().is_ok() && lock.try_write().is_err());
    /// assert_eq!(*reading, 5);
    /// # });
    /// ```
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        let RwLockWriteGuard {
            value,
            mut permits,
            lock,
        } = self;
        drop(value); // I1
        // One permit is kept, so from here on nobody can write.
        permits.count = ALL - 1;
        let reading = RwLockReadGuard::new(lock);
        drop(permits);
        reading
    }
}

/// The lock, held for reading by one who owns a count of it, and so may move into a task.
#[must_use = "a lock that is dropped at once protects nothing"]
pub struct OwnedRwLockReadGuard<T> {
    value: Rc<T>,
    permit: OwnedPermits<T>,
}

impl<T> OwnedRwLockReadGuard<T> {
    /// For who has just been given one permit.
    pub(super) fn new(lock: Rc<RwLock<T>>) -> OwnedRwLockReadGuard<T> {
        let value = lock.value.borrow().clone().expect(HOME);
        OwnedRwLockReadGuard {
            value,
            permit: OwnedPermits { lock, count: 1 },
        }
    }

    /// The lock that is held.
    pub fn rwlock(this: &OwnedRwLockReadGuard<T>) -> &Rc<RwLock<T>> {
        &this.permit.lock
    }
}

/// The lock, held for writing by one who owns a count of it, and so may move into a task.
#[must_use = "a lock that is dropped at once protects nothing"]
pub struct OwnedRwLockWriteGuard<T> {
    /// Taken out of the lock. `None` only while it is put back.
    value: Option<Rc<T>>,
    permits: OwnedPermits<T>,
}

impl<T> OwnedRwLockWriteGuard<T> {
    /// For who has just been given all permits.
    pub(super) fn new(lock: Rc<RwLock<T>>) -> OwnedRwLockWriteGuard<T> {
        let value = lock.value.take();
        debug_assert!(value.is_some(), "{HOME}");
        OwnedRwLockWriteGuard {
            value,
            permits: OwnedPermits { lock, count: ALL },
        }
    }

    /// [`RwLockWriteGuard::downgrade`] for a guard that owns a count of its lock.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let lock = std::rc::Rc::new(hob::sync::RwLock::new(0));
    /// let mut writing = lock.clone().write_owned().await;
    /// *writing = 5;
    /// let reading = writing.downgrade();
    /// assert!(lock.try_read().is_ok() && lock.try_write().is_err());
    /// assert_eq!(*reading, 5);
    /// # });
    /// ```
    pub fn downgrade(mut self) -> OwnedRwLockReadGuard<T> {
        self.go_home();
        // One permit is kept, so from here on nobody can write.
        self.permits.count = ALL - 1;
        OwnedRwLockReadGuard::new(self.permits.lock.clone())
    }

    /// The lock that is held.
    pub fn rwlock(this: &OwnedRwLockWriteGuard<T>) -> &Rc<RwLock<T>> {
        &this.permits.lock
    }

    /// Puts the value back.
    fn go_home(&mut self) {
        if let Some(value) = self.value.take() {
            self.permits.lock.value.replace(Some(value));
        }
    }
}

impl<T> Drop for OwnedRwLockWriteGuard<T> {
    fn drop(&mut self) {
        self.go_home(); // and then the permits go on, by their own drop
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Deref for OwnedRwLockReadGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("put back only at the end")
    }
}

impl<T> DerefMut for OwnedRwLockWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        let value = self.value.as_mut().expect("put back only at the end");
        Rc::get_mut(value).expect(ALONE)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedRwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
