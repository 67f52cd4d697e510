//! The loop. This folder owns the four organs, and is the only place that knows them all.
//!
//! # One turn
//!
//! 1. Read the inbox: what other threads woke, aborted or handed in, and the timers whose
//!    futures were dropped elsewhere.
//! 2. Run ready tasks, in the order in which they were woken, the main future among them,
//!    until `event_interval` polls are spent, or none is ready, or one of them used up its
//!    whole budget. Then the kernel gets its turn, whatever is still queued. (A visit to the
//!    kernel costs as much as a dozen polls: so not after every poll, and never so late that
//!    a socket starves.)
//! 3. How long may we sleep? Not at all if a task is ready, or while the reactor has a guess
//!    open; else until the next deadline; else until woken. If no timer is armed, no clock is
//!    read.
//! 4. Sleep in the kernel, or look whether it has events. A socket, a deadline or another thread
//!    ends the sleep; whoever waited for a socket is woken. What was read of the clock before is
//!    old now. Then those who had yielded are ready again.
//! 5. Wake whoever's deadline has passed; of a crowd, as many as a turn polls.
//!
//! The main future stands in line like any task. To poll it once a turn would be simpler, but
//! then each exchange between it and a task would cost a turn, that is a visit to the kernel.
//!
//! # Who owns what
//!
//! ```text
//!   Runtime ──► Executor   tasks, wakers         one waker of the reactor's
//!           ──► Reactor    sockets → wakers
//!           ──► Timers     deadlines → wakers
//!           ──► LazyPool   worker threads → wakers; the pool in it is made by the first job
//!           ──► Clock, Ledger
//! ```
//!
//! While `block_on` runs, each organ is the *current* one of its kind on this thread; the
//! guards of [`Runtime::enter`] put the former ones back, in the reverse order.
//!
//! # The end
//!
//! Dropping a `Runtime` ends it in this order: tasks (their destructors may still use
//! everything else), then timers, then I/O, then the workers. See [`Runtime::end`].

mod life;
mod builder;
mod handle;
mod ask;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Weak;
use std::time::{Duration, Instant};

use crate::blocking::LazyPool;
use crate::caught;
use crate::clock::{self, Clock};
use crate::current::Current;
use crate::executor::{self, Executor, Ran};
use crate::reactor::Reactor;
use crate::timers::{Timers, Waiter};
use crate::trace::Ledger;

pub(crate) use ask::live_wakers;
pub use ask::{Metrics, metrics, tasks};
pub use builder::Builder;
#[cfg(feature = "signal")]
pub(crate) use builder::{Interrupt, Interrupting};
pub use handle::{Handle, RemoteJoinHandle};
pub use life::{Interrupted, Runtime, block_on};

use builder::Config;

thread_local! {
    /// The running runtime, for `Handle::current`, `metrics` and `tasks`.
    static CURRENT: Current<Inner> = const { Current::new() };
}

/// What the loop needs at each turn.
pub(crate) struct Inner {
    executor: Rc<Executor>,
    reactor: Rc<Reactor>,
    timers: Rc<Timers>,
    pool: Rc<LazyPool>,
    clock: Clock,
    ledger: Rc<Ledger>,
    config: Config,
    /// What all live [`Handle`]s share, if there are any: then somebody elsewhere may still
    /// hand in work.
    handles: RefCell<Weak<handle::Shared>>,
}

/// Wakes who waited for a timer.
fn wake(waiter: Waiter) {
    match waiter {
        Waiter::Task(name) => executor::wake_named(name),
        Waiter::Stranger(waker) => caught::wake(*waker),
    }
}

impl Inner {
    /// Turns until the main future is done.
    fn run(&self, root: &executor::RootSlot<'_>, main: executor::Root<'_>) -> io::Result<()> {
        let _nothing_rules = executor::rule_nothing();
        clock::forget();
        loop {
            // 1. Read the inbox.
            self.executor.take_mail();
            self.timers.take_mail(wake);

            // 2. Run what is ready.
            let limit = self.config.event_interval;
            if self.executor.run_ready(limit, (&root.waker, main)) == Ran::RootDone {
                return Ok(());
            }
            // (Only with worker_threads(0): one job a turn, here.)
            self.pool.run_one_here();

            // 3. How long may we sleep?
            let rest = self.rest();

            // 4. Sleep, then let those who yielded come in again.
            self.sleep(rest)?;
            clock::forget();
            self.executor.release_yielded();

            // 5. Wake whoever's deadline has passed. No timer armed: no clock is read.
            if self.timers.next().is_some() {
                self.timers.expire(clock::now(), limit as usize, wake);
            }
        }
    }

    /// Step 3.
    fn rest(&self) -> Rest {
        if self.has_work() || !self.reactor.may_sleep() {
            return Rest::None;
        }
        if let Some(hook) = &self.config.on_park {
            hook();
            // The hook may have spawned or woken somebody: look again (trap 11).
            if self.has_work() {
                return Rest::None;
            }
        }
        match self.timers.next() {
            None => Rest::UntilWoken,
            Some(deadline) => match deadline.saturating_duration_since(clock::now()) {
                Duration::ZERO => Rest::None,
                _ if self.clock.is_virtual() => Rest::Jump(deadline),
                wait => Rest::AtMost(wait),
            },
        }
    }

    /// Step 4.
    fn sleep(&self, rest: Rest) -> io::Result<()> {
        let timeout = match rest {
            Rest::None => return self.reactor.look(),
            Rest::AtMost(wait) => Some(wait),
            Rest::UntilWoken => None,
            Rest::Jump(deadline) => {
                // An observer of the visit may have made work, too.
                if self.reactor.wait(Some(Duration::ZERO))? > 0 || self.has_work() {
                    return Ok(());
                }
                // The end of a job that nobody awaits wakes nobody: have it ring, too.
                let jobs_run = self.pool.wake_when_quiet(&self.reactor.waker());
                if !jobs_run && self.nobody_else_can_wake() {
                    self.clock.advance_to(deadline);
                    return Ok(());
                }
                None
            }
        };
        // From here on a foreign wake rings; mail that came before keeps us from sleeping.
        // I4: a hook may have guessed.
        let may_sleep = self.executor.prepare_sleep() && self.reactor.may_sleep();
        let slept = self.reactor.wait(if may_sleep {
            timeout
        } else {
            Some(Duration::ZERO)
        });
        self.executor.woke_up();
        if let Some(hook) = &self.config.on_unpark {
            hook();
        }
        slept.map(|_events| ())
    }

    /// Is there something to do in the next turn, whatever the kernel says?
    fn has_work(&self) -> bool {
        !self.executor.is_idle() || self.pool.has_job_for_loop()
    }

    /// With virtual time, while no job runs: is the next deadline the next thing that can
    /// happen? Not if somebody holds a [`Handle`] through which work may come in.
    fn nobody_else_can_wake(&self) -> bool {
        self.handles.borrow().strong_count() == 0 && !self.executor.has_mail()
    }
}

/// The answer of step 3.
enum Rest {
    /// Only look at what the kernel has.
    None,
    AtMost(Duration),
    UntilWoken,
    /// Virtual time: if nothing else happens, make it that late.
    Jump(Instant),
}
