//! The executor by itself: no reactor, no timers, turned by hand.

mod children;
mod memory;
mod wakers;
mod yields;

use super::*;
use crate::coop;
use crate::trace::TaskId;
use std::future::Future;
use std::future::{pending, poll_fn};
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

/// An executor, entered, with a main future that is never ready.
fn with_executor(test: impl FnOnce(&Rc<Executor>, &dyn Fn())) {
    let executor = Executor::new(Waker::noop().clone());
    let _entered = enter(executor.clone());
    let root = executor.enter_root(Location::caller());
    let turn = || {
        executor.take_mail();
        let ran = executor.run_ready(1000, (&root.waker, &mut |_| false));
        assert_eq!(ran, Ran::Enough);
        executor.release_yielded();
    };
    test(&executor, &turn);
    drop(root);
    assert!(!executor.is_closed());
    executor.close();
    assert!(executor.is_closed());
    assert_eq!(executor.live(), 0);
}

fn spawn<F: Future + 'static>(executor: &Rc<Executor>, future: F) -> JoinHandle<F::Output> {
    executor.spawn(future, None, Location::caller())
}
