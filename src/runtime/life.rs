//! A runtime's beginning and end, and one run of its loop in between.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::builder::{Builder, Config, Interrupting};
use super::handle::Handle;
use super::{CURRENT, Inner, Metrics, ask};
use crate::blocking::{self, LazyPool};
use crate::clock::{Clock, ClockGuard};
use crate::current::{self, Entered};
use crate::executor::{self, Executor};
use crate::reactor::{self, Reactor};
use crate::timers::{self, Timers};
use crate::trace::{Ledger, LedgerGuard};

/// Runs `main` to its end on a runtime of its own, with everything it spawns.
///
/// When `main` is done, tasks that still run are dropped, as they are when
/// `asyncio.run` returns. This is [`Builder::new`] with nothing changed.
///
/// # Panics
/// If it is called inside of a running loop (await the future there, or
/// [`spawn`](crate::spawn) it), or if the system has no descriptor left for the reactor: to
/// handle that, use [`Runtime::new`].
///
/// ```
/// let answer = hob::block_on(async { 6 * 7 });
/// assert_eq!(answer, 42);
/// ```
#[track_caller]
pub fn block_on<F: Future>(main: F) -> F::Output {
    refuse_nesting();
    match Runtime::new() {
        Ok(runtime) => runtime.block_on(main),
        Err(error) => panic!("hob could not start its reactor: {error}"),
    }
}

/// A loop with its organs. Most programs need only [`block_on`].
///
/// It stays on its thread (`!Send`). Several may live on one thread, one running at a time,
/// and any number on several threads. Tasks spawned in one `block_on` go on in the next.
///
/// ```
/// let runtime = hob::Runtime::new()?;
/// let task = runtime.block_on(async { hob::spawn(async { 1 }) });
/// assert_eq!(runtime.block_on(task).unwrap(), 1);
/// # std::io::Result::Ok(())
/// ```
pub struct Runtime {
    inner: Rc<Inner>,
    /// How long the end may wait for jobs that are running on workers.
    patience: Cell<Duration>,
    /// The process that made it: see [`Runtime::is_copy`].
    process: u32,
}

/// What `cancel_on_ctrl_c` gives instead of the main future's output: see
/// [`Runtime::try_block_on`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "interrupted (Ctrl-C)")
    }
}

impl std::error::Error for Interrupted {}

impl Runtime {
    /// A runtime with the defaults of [`Builder::new`].
    ///
    /// # Errors
    /// If the system gives no descriptor for the reactor.
    pub fn new() -> io::Result<Runtime> {
        Builder::new().build()
    }

    pub(super) fn with_config(config: Config) -> io::Result<Runtime> {
        let reactor = Reactor::new()?;
        let clock = match config.virtual_time {
            true => Clock::virtual_time(),
            false => Clock::real(),
        };
        let patience = Cell::new(config.patience);
        let inner = Inner {
            executor: Executor::new(reactor.waker()),
            timers: Timers::new(clock.start(), reactor.waker()),
            reactor,
            pool: config.pool(),
            clock,
            ledger: Rc::new(Ledger::new(config.observer.clone())),
            config,
            handles: RefCell::default(),
        };
        Ok(Runtime {
            inner: Rc::new(inner),
            patience,
            process: std::process::id(),
        })
    }

    /// Runs `main` to its end, and in between everything that was spawned.
    ///
    /// What is still running when `main` is done stands still until the next `block_on`, or is
    /// dropped with the runtime.
    ///
    /// If [`Builder::cancel_on_ctrl_c`] was asked for and Ctrl-C comes, `main` is dropped, the
    /// runtime ends in its usual order, and then the process ends as the signal would have
    /// ended it. To go on instead, use [`Runtime::try_block_on`].
    ///
    /// # Panics
    /// If called inside of a running loop; if `main` panics; if the kernel refuses to wait for
    /// events; in a process that was forked from the one that made the runtime.
    #[track_caller]
    pub fn block_on<F: Future>(&self, main: F) -> F::Output {
        match self.try_block_on(main) {
            Ok(output) => output,
            Err(Interrupted) => {
                self.end();
                match &self.inner.config.interrupt {
                    Some(interrupt) => (interrupt.die)(),
                    None => unreachable!("only an interrupt gives `Interrupted`"),
                }
            }
        }
    }

    /// [`block_on`](Runtime::block_on), but Ctrl-C (under [`Builder::cancel_on_ctrl_c`]) drops
    /// `main` and comes back here as an error.
    ///
    /// ```
    /// let runtime = hob::Runtime::new()?;
    /// assert_eq!(runtime.try_block_on(async { 5 }), Ok(5));
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, main: F) -> Result<F::Output, Interrupted> {
        refuse_nesting();
        self.refuse_copy();
        let at = Location::caller();
        let _entered = self.enter();
        let mut interrupt = self.inner.config.start_interrupt();
        let root = self.inner.executor.enter_root(at);
        let mut output = None;
        {
            let mut main = pin!(main);
            let mut poll = |cx: &mut Context<'_>| {
                if is_interrupted(&mut interrupt, cx) {
                    return true;
                }
                match main.as_mut().poll(cx) {
                    Poll::Pending => false,
                    Poll::Ready(value) => {
                        output = Some(value);
                        true
                    }
                }
            };
            let ran = self.inner.run(&root, &mut poll);
            if let Err(error) = ran {
                panic!("the kernel refused to wait for events: {error}");
            }
            // `main` is dropped here, while the organs are still entered.
        }
        output.ok_or(Interrupted)
    }

    /// Numbers about this runtime. Inside of it use [`metrics`](crate::metrics).
    ///
    /// ```
    /// let runtime = hob::Runtime::new()?;
    /// runtime.block_on(hob::yield_now());
    /// assert_eq!(runtime.metrics().counters.polls, 2);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn metrics(&self) -> Metrics {
        if ask::is_running(&self.inner) {
            ask::metrics()
        } else {
            self.inner.metrics(self.inner.ledger.kept())
        }
    }

    /// A handle to start work here from other threads.
    pub fn handle(&self) -> Handle {
        self.inner.handle()
    }

    /// Ends the runtime, waiting no longer than `patience` for jobs that run on workers.
    ///
    /// ```
    /// let runtime = hob::Runtime::new()?;
    /// runtime.shutdown_timeout(std::time::Duration::from_millis(10));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn shutdown_timeout(self, patience: Duration) {
        self.patience.set(patience);
    }

    /// Is this not the runtime, but its copy in a process that was forked without an `exec`?
    ///
    /// Law: a forked process has the descriptors of its parent, and the kernel's list behind the
    /// reactor is one and the same for both. What the copy waits for it takes from the original,
    /// and what it deregisters the original loses. Consequence: a copy refuses to run, and its
    /// drop does nothing (trap 47). Choice: we look where a run begins and at the end, not at
    /// each turn, which would cost a system call. So a `fork` out of the middle of a task is not
    /// noticed; it takes `unsafe` code, and whoever writes it has to `exec` or to exit.
    fn is_copy(&self) -> bool {
        self.process != std::process::id()
    }

    #[track_caller]
    fn refuse_copy(&self) {
        if self.is_copy() {
            panic!(
                "this hob runtime was made in process {}, and this is process {}, forked from \
                 it: make a new runtime here, or exec",
                self.process,
                std::process::id(),
            );
        }
    }

    /// The end, in its order. Each step leaves the later organs working, because destructors
    /// use them.
    fn end(&self) {
        let _entered = self.enter();
        // Tasks: every destructor runs, here, and may still wake, send and look at the time.
        self.inner.executor.close();
        // Timers and I/O: what outlives the tasks (a socket in a thread-local, say) wakes
        // nobody from now on.
        self.inner.timers.close();
        self.inner.reactor.close();
        // Workers last: a task's destructor may have handed in its last write.
        self.inner.pool.shutdown(self.patience.get());
    }

    fn enter(&self) -> Guards {
        Guards {
            _inner: current::enter(&CURRENT, self.inner.clone()),
            _executor: executor::enter(self.inner.executor.clone()),
            _reactor: reactor::enter(self.inner.reactor.clone()),
            _timers: timers::enter(self.inner.timers.clone()),
            _pool: blocking::enter(self.inner.pool.clone()),
            _clock: self.inner.clock.enter(),
            _ledger: self.inner.ledger.enter(),
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        match self.is_copy() {
            false => self.end(),
            // Everything in there would take leave of the kernel in the original's name.
            true => std::mem::forget(self.inner.clone()),
        }
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("metrics", &self.metrics())
            .finish_non_exhaustive()
    }
}

/// While this lives, the runtime's organs are the current ones on this thread.
struct Guards {
    _ledger: LedgerGuard,
    _clock: ClockGuard,
    _pool: Entered<LazyPool>,
    _timers: Entered<Timers>,
    _reactor: Entered<Reactor>,
    _executor: Entered<Executor>,
    _inner: Entered<Inner>,
}

/// Has the interrupt come? Asked before each poll of the main future, which it also wakes.
fn is_interrupted(interrupt: &mut Option<Interrupting>, cx: &mut Context<'_>) -> bool {
    match interrupt {
        None => false,
        Some(future) => future.as_mut().poll(cx).is_ready(),
    }
}

/// A loop inside of a loop would stop the outer one for as long as the inner runs, and hang
/// where the inner waits for the outer (trap 40).
#[track_caller]
pub(super) fn refuse_nesting() {
    if let Some(executor) = executor::current() {
        panic!(
            "block_on was called inside of a running loop, by {}: await the future there, or \
             give it to hob::spawn; code that must block belongs into hob::spawn_blocking",
            executor.describe_running(),
        );
    }
}
