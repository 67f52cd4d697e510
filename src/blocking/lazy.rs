//! [`LazyPool`]: the pool of one runtime, which is made by the first job.
//!
//! The runtime holds one of these and asks it a few questions at each turn; futures that have a
//! job find the pool itself by way of [`current()`].
//!
//! **Law:** a linker keeps what can be reached from `main`, not what is called; and how many
//! processors a process may use is told by half a dozen files of the system. **Consequence:** with
//! a pool in each runtime, a program that never hands in a job would hold the code of lanes,
//! threads and their end all the same (some 35 kB), and would read those files when it starts.
//! **Choice:** the loop knows the pool as a `dyn` [`LoopSide`], and only who has a job knows of
//! what kind it is. **Price:** a virtual call for each question, once there is a pool.

use std::cell::{Cell, OnceCell};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use super::pool::{Pool, PoolConfig};
use crate::current::{self, Current, Entered};

thread_local! {
    static POOL: Current<LazyPool> = const { Current::new() };
}

/// What the loop asks of a pool; `Pool` has the answers, under the same names.
pub(super) trait LoopSide {
    fn live(&self) -> usize;
    fn tell_ended(&self);
    fn wake_when_quiet(&self, waker: &Waker) -> bool;
    fn has_job_for_loop(&self) -> bool;
    fn run_one_here(&self);
    fn shutdown(&self, deadline: Duration);
    /// The way back, for who has a job.
    fn itself(self: Rc<Self>) -> Rc<Pool>;
}

/// The worker pool of one runtime, or what is needed to make it.
pub(crate) struct LazyPool {
    /// The most threads of the general lane; `None`: as many as there are processors, at least 4.
    threads: Option<usize>,
    keep_alive: Duration,
    name: String,
    /// Set by the first job.
    made: OnceCell<Rc<dyn LoopSide>>,
    /// The runtime has ended. A pool that is made after that refuses its job.
    closed: Cell<bool>,
}

impl LazyPool {
    /// `keep_alive` and `name` are those of [`PoolConfig`].
    pub(crate) fn new(threads: Option<usize>, keep_alive: Duration, name: String) -> Rc<LazyPool> {
        Rc::new(LazyPool {
            threads,
            keep_alive,
            name,
            made: OnceCell::new(),
            closed: Cell::new(false),
        })
    }

    /// Around a pool that is there already.
    #[cfg(test)]
    pub(crate) fn around(pool: Rc<Pool>) -> Rc<LazyPool> {
        let lazy = LazyPool::new(None, Duration::ZERO, String::new());
        let made: Rc<dyn LoopSide> = pool;
        assert!(lazy.made.set(made).is_ok(), "it was empty");
        lazy
    }

    /// The pool, for somebody who has a job.
    fn pool(&self) -> Rc<Pool> {
        let made = self.made.get_or_init(|| self.make());
        made.clone().itself()
    }

    #[cold]
    fn make(&self) -> Rc<dyn LoopSide> {
        let as_many_as_processors = || {
            thread::available_parallelism()
                .map_or(1, NonZeroUsize::get)
                .max(4)
        };
        let pool = Pool::new(PoolConfig {
            threads: self.threads.unwrap_or_else(as_many_as_processors),
            keep_alive: self.keep_alive,
            name: self.name.clone(),
        });
        if self.closed.get() {
            pool.shutdown(Duration::ZERO);
        }
        pool
    }

    /// Is this the pool that was made here?
    fn is(&self, pool: &Pool) -> bool {
        let made = self.made.get();
        made.is_some_and(|made| std::ptr::addr_eq(&raw const **made, pool))
    }

    /// [`Pool::live`].
    pub(crate) fn live(&self) -> usize {
        self.made.get().map_or(0, |pool| pool.live())
    }

    /// [`Pool::tell_ended`].
    pub(crate) fn tell_ended(&self) {
        if let Some(pool) = self.made.get() {
            pool.tell_ended();
        }
    }

    /// [`Pool::wake_when_quiet`].
    pub(crate) fn wake_when_quiet(&self, waker: &Waker) -> bool {
        let made = self.made.get();
        made.is_some_and(|pool| pool.wake_when_quiet(waker))
    }

    /// [`Pool::has_job_for_loop`].
    #[inline]
    pub(crate) fn has_job_for_loop(&self) -> bool {
        let made = self.made.get();
        made.is_some_and(|pool| pool.has_job_for_loop())
    }

    /// [`Pool::run_one_here`].
    #[inline]
    pub(crate) fn run_one_here(&self) {
        if let Some(pool) = self.made.get() {
            pool.run_one_here();
        }
    }

    /// [`Pool::shutdown`].
    pub(crate) fn shutdown(&self, deadline: Duration) {
        self.closed.set(true);
        if let Some(pool) = self.made.get() {
            pool.shutdown(deadline);
        }
    }
}

impl LoopSide for Pool {
    fn live(&self) -> usize {
        self.live()
    }

    fn tell_ended(&self) {
        self.tell_ended();
    }

    fn wake_when_quiet(&self, waker: &Waker) -> bool {
        self.wake_when_quiet(waker)
    }

    fn has_job_for_loop(&self) -> bool {
        self.has_job_for_loop()
    }

    fn run_one_here(&self) {
        self.run_one_here();
    }

    fn shutdown(&self, deadline: Duration) {
        self.shutdown(deadline);
    }

    fn itself(self: Rc<Pool>) -> Rc<Pool> {
        self
    }
}

/// Makes this the pool that jobs go to, until the guard is dropped.
pub(crate) fn enter(pool: Rc<LazyPool>) -> Entered<LazyPool> {
    current::enter(&POOL, pool)
}

/// The pool in charge. `what` names, for the panic, whatever cannot do without one.
#[track_caller]
pub(super) fn current(what: &str) -> Rc<Pool> {
    try_current().unwrap_or_else(|| {
        panic!(
            "{what} needs a running hob runtime on this thread: use it inside of \
             `hob::block_on(async {{ … }})`, and not on a worker thread"
        )
    })
}

/// The pool in charge, if any.
pub(super) fn try_current() -> Option<Rc<Pool>> {
    current::with(&POOL, |lazy| lazy.pool())
}

/// Is this the pool in charge?
pub(super) fn is_current(pool: &Pool) -> bool {
    current::with(&POOL, |lazy| lazy.is(pool)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocking::spawn_blocking;

    /// Broken by: making the pool in `live`, `shutdown` or any other question of the loop.
    #[test]
    fn only_a_job_makes_a_pool() {
        let lazy = LazyPool::new(None, Duration::ZERO, String::from("t"));
        let _in_charge = enter(lazy.clone());
        assert!(!lazy.has_job_for_loop() && !lazy.wake_when_quiet(Waker::noop()));
        lazy.run_one_here();
        lazy.tell_ended();
        assert_eq!(lazy.live(), 0);
        assert!(lazy.made.get().is_none());
        drop(spawn_blocking(|| ()));
        let pool = lazy.pool();
        assert!(lazy.is(&pool) && is_current(&pool));
        assert!(pool.threads() >= 4);
        lazy.shutdown(Duration::from_secs(60));
        assert_eq!(lazy.live(), 0);
    }

    /// Broken by: leaving out `closed`: a thread would be started that nobody ends.
    #[test]
    fn a_job_that_comes_after_the_end_is_refused() {
        let lazy = LazyPool::new(Some(1), Duration::ZERO, String::from("t"));
        let _in_charge = enter(lazy.clone());
        lazy.shutdown(Duration::from_secs(60));
        let job = spawn_blocking(|| ());
        assert!(job.is_finished());
        assert_eq!(lazy.live(), 0);
    }
}
