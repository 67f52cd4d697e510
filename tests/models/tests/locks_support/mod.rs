//! For the models of locks and limits: wakers that count, and polling by hand.

#![allow(dead_code, reason = "each model uses a part of it")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Counts its wakes.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A future, who it is to the model, and how often it was woken since it last had to wait.
pub(crate) struct Waiter<F> {
    pub(crate) id: usize,
    pub(crate) future: Pin<Box<F>>,
    count: Arc<Count>,
    was_polled: bool,
}

impl<F: Future> Waiter<F> {
    pub(crate) fn new(id: usize, future: F) -> Waiter<F> {
        Waiter {
            id,
            future: Box::pin(future),
            count: Arc::default(),
            was_polled: false,
        }
    }

    /// Polls with a fresh waker, which is the one to be woken from now on.
    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        self.was_polled = true;
        self.count = Arc::default();
        let waker = Waker::from(self.count.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    pub(crate) fn was_polled(&self) -> bool {
        self.was_polled
    }

    pub(crate) fn wakes(&self) -> usize {
        self.count.0.load(Ordering::Relaxed)
    }
}

/// Which of `len` things a random number means.
pub(crate) fn pick(number: usize, len: usize) -> Option<usize> {
    (len > 0).then(|| number % len)
}
