//! The futures of a [`RwLock`]: four, for reading and writing, borrowed and owned.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use crate::sync::wish::Wish;

/// Future of [`RwLock::read`].
#[must_use = "futures do nothing unless awaited"]
pub struct RwLockRead<'a, T> {
    pub(super) lock: &'a RwLock<T>,
    pub(super) wish: Wish,
}

impl<'a, T> Future for RwLockRead<'a, T> {
    type Output = RwLockReadGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let lock = self.lock;
        ready!(self.wish.poll(&lock.gate, cx)); // nobody closes the gate of a lock
        Poll::Ready(RwLockReadGuard::new(lock))
    }
}

impl<T> Drop for RwLockRead<'_, T> {
    fn drop(&mut self) {
        self.wish.cancel(&self.lock.gate);
    }
}

/// Future of [`RwLock::read_owned`].
#[must_use = "futures do nothing unless awaited"]
pub struct RwLockReadOwned<T> {
    pub(super) lock: Rc<RwLock<T>>,
    pub(super) wish: Wish,
}

impl<T> Future for RwLockReadOwned<T> {
    type Output = OwnedRwLockReadGuard<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(this.wish.poll(&this.lock.gate, cx));
        Poll::Ready(OwnedRwLockReadGuard::new(this.lock.clone()))
    }
}

impl<T> Drop for RwLockReadOwned<T> {
    fn drop(&mut self) {
        self.wish.cancel(&self.lock.gate);
    }
}

/// Future of [`RwLock::write`].
#[must_use = "futures do nothing unless awaited"]
pub struct RwLockWrite<'a, T> {
    pub(super) lock: &'a RwLock<T>,
    pub(super) wish: Wish,
}

impl<'a, T> Future for RwLockWrite<'a, T> {
    type Output = RwLockWriteGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let lock = self.lock;
        ready!(self.wish.poll(&lock.gate, cx)); // nobody closes the gate of a lock
        Poll::Ready(RwLockWriteGuard::new(lock))
    }
}

impl<T> Drop for RwLockWrite<'_, T> {
    fn drop(&mut self) {
        self.wish.cancel(&self.lock.gate);
    }
}

/// Future of [`RwLock::write_owned`].
#[must_use = "futures do nothing unless awaited"]
pub struct RwLockWriteOwned<T> {
    pub(super) lock: Rc<RwLock<T>>,
    pub(super) wish: Wish,
}

impl<T> Future for RwLockWriteOwned<T> {
    type Output = OwnedRwLockWriteGuard<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(this.wish.poll(&this.lock.gate, cx));
        Poll::Ready(OwnedRwLockWriteGuard::new(this.lock.clone()))
    }
}

impl<T> Drop for RwLockWriteOwned<T> {
    fn drop(&mut self) {
        self.wish.cancel(&self.lock.gate);
    }
}
