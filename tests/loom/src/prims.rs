//! What hob's own `prims` gives, made of loom's parts.
//!
//! Loom knows no time, so its `wait_timeout` never times out. Here a timeout of zero does, always:
//! it lets go of the lock, lets the others run, takes the lock again and says "timed out". Any
//! other timeout is too long to be seen. That is why the mutex is wrapped, too: a guard has to
//! know its lock.

// Each of the files under test takes its part of these.
#![allow(unused_imports, dead_code)]

use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError};
use std::time::Duration;

pub(crate) use loom::sync::Arc;
pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};

pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// Empty only inside of a wait.
    guard: Option<loom::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex(loom::sync::Mutex::new(value))
    }

    /// Never poisoned: loom ends the model at the first panic.
    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let guard = self.0.lock().expect("not poisoned");
        Ok(MutexGuard {
            mutex: self,
            guard: Some(guard),
        })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_ref().expect("not waiting")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().expect("not waiting")
    }
}

pub(crate) struct Condvar(loom::sync::Condvar);

pub(crate) struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub(crate) fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    pub(crate) fn new() -> Condvar {
        Condvar(loom::sync::Condvar::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    pub(crate) fn wait<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let inner = guard.guard.take().expect("not waiting");
        guard.guard = Some(self.0.wait(inner).expect("not poisoned"));
        Ok(guard)
    }

    pub(crate) fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let inner = guard.guard.take().expect("not waiting");
        if timeout.is_zero() {
            drop(inner);
            loom::thread::yield_now();
            let guard = guard.mutex.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok((guard, WaitTimeoutResult(true)));
        }
        guard.guard = Some(self.0.wait(inner).expect("not poisoned"));
        Ok((guard, WaitTimeoutResult(false)))
    }
}

/// There is no time here: it looks once.
pub(crate) fn look_out(_time: Duration, seen: impl Fn() -> bool) -> bool {
    seen()
}
