//! What a held [`Mutex`] is held by: a guard that borrows it, or one that owns a count of it.
//!
//! Law: safe Rust gives no `&mut T` into an `Rc` that others hold too. Consequence: a guard
//! that owns its mutex takes the *value* out of it, and puts it back when it is dropped.
//! Price: two moves of a `T` for each [`lock_owned`](Mutex::lock_owned), so what is large
//! belongs into a `Box`. The guard that borrows pays nothing.
//!
//! Both let go in the same order: first the value is free again, then the permit goes to the
//! next in line, whose waker may come back at once.

use std::cell::RefMut;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::{HOME, Mutex};
use crate::sync::gate::Gate;

/// The lock, held. Dropping it lets go.
#[must_use = "a lock that is dropped at once protects nothing"]
pub struct MutexGuard<'a, T: ?Sized> {
    /// I1: declared first, so it is dropped first.
    value: RefMut<'a, T>,
    permit: LockPermit<'a>,
}

impl<'a, T> MutexGuard<'a, T> {
    /// For who has just been given the permit.
    pub(super) fn new(mutex: &'a Mutex<T>) -> MutexGuard<'a, T> {
        let value = mutex.value.borrow_mut();
        MutexGuard {
            value: RefMut::map(value, |value| value.as_mut().expect(HOME)),
            permit: LockPermit(&mutex.gate),
        }
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// A guard of one part of the value. The lock stays held as a whole.
    ///
    /// (A function, not a method: the value may have a `map` of its own.)
    ///
    /// ```
    /// # hob::block_on(async {
    /// use hob::sync::{Mutex, MutexGuard};
    ///
    /// let mutex = Mutex::new((1, "one"));
    /// let mut name = MutexGuard::map(mutex.lock().await, |pair| &mut pair.1);
    /// *name = "uno";
    /// drop(name);
    /// assert_eq!(mutex.into_inner(), (1, "uno"));
    /// # });
    /// ```
    pub fn map<U: ?Sized>(
        this: MutexGuard<'a, T>,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MutexGuard<'a, U> {
        let MutexGuard { value, permit } = this;
        MutexGuard {
            value: RefMut::map(value, part),
            permit,
        }
    }
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

/// The lock, held by one who owns a count of the mutex, and so may move into a task.
#[must_use = "a lock that is dropped at once protects nothing"]
pub struct OwnedMutexGuard<T> {
    /// Taken out of the mutex. `None` only inside of `drop`.
    value: Option<T>,
    mutex: Rc<Mutex<T>>,
}

impl<T> OwnedMutexGuard<T> {
    /// For who has just been given the permit.
    pub(super) fn new(mutex: Rc<Mutex<T>>) -> OwnedMutexGuard<T> {
        let value = mutex.value.take();
        debug_assert!(value.is_some(), "{HOME}");
        OwnedMutexGuard { value, mutex }
    }

    /// The mutex that is held.
    pub fn mutex(this: &OwnedMutexGuard<T>) -> &Rc<Mutex<T>> {
        &this.mutex
    }
}

impl<T> Deref for OwnedMutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("put back only by drop")
    }
}

impl<T> DerefMut for OwnedMutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("put back only by drop")
    }
}

impl<T> Drop for OwnedMutexGuard<T> {
    fn drop(&mut self) {
        // I1: the value is home before anybody is called.
        let nothing = self.mutex.value.replace(self.value.take());
        debug_assert!(nothing.is_none(), "I1: nobody else put a value there");
        self.mutex.gate.release(1);
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
