//! The loop. It owns the four organs, and is the only file that knows them all.
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
//! 3. How long may we sleep? Not at all if a task is ready; else until the next deadline;
//!    else until woken. If no timer is armed, no clock is read.
//! 4. Sleep in the kernel. A socket, a deadline or another thread ends it. Each of them only
//!    calls `wake()`. Then those who had yielded are ready again.
//! 5. Wake whoever's deadline has passed.
//!
//! # Who owns what
//!
//! ```text
//!   Runtime ──► Executor   tasks, wakers         one waker of the reactor's
//!           ──► Reactor    sockets → wakers
//!           ──► Timers     deadlines → wakers
//!           ──► Pool       worker threads → wakers
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

mod builder;
mod handle;

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::blocking::{self, Pool};
use crate::clock::{self, Clock, ClockGuard};
use crate::current::{self, Current, Entered};
use crate::executor::{self, Executor, Ran, TaskInfo};
use crate::reactor::{self, Reactor};
use crate::timers::{self, Timers};
use crate::trace::{self, Counters, Ledger, LedgerGuard};

pub use builder::Builder;
pub use handle::{Handle, RemoteJoinHandle};

use builder::Config;
pub(crate) use builder::Interrupt;

thread_local! {
    /// The running runtime, for `Handle::current`, `metrics` and `tasks`.
    static CURRENT: Current<Inner> = const { Current::new() };
}

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

/// A loop with its organs. Most programs need only [`block_on`](crate::block_on).
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
}

/// What the loop needs at each turn.
pub(crate) struct Inner {
    executor: Rc<Executor>,
    reactor: Rc<Reactor>,
    timers: Rc<Timers>,
    pool: Rc<Pool>,
    clock: Clock,
    ledger: Rc<Ledger>,
    config: Config,
    /// Held by each [`Handle`]: more than one count means that somebody elsewhere may still
    /// hand in work.
    handles: Arc<()>,
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

// ---------------------------------------------------------------------------------------
// The loop

impl Inner {
    /// Turns until the main future is done.
    fn run(&self, root: &executor::RootSlot<'_>, main: executor::Root<'_>) -> io::Result<()> {
        loop {
            // 1. Read the inbox.
            self.executor.take_mail();
            self.timers.take_mail();

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
            self.executor.release_yielded();

            // 5. Wake whoever's deadline has passed. No timer armed: no clock is read.
            if self.timers.next().is_some() {
                self.timers.expire(clock::now());
            }
        }
    }

    /// Step 3.
    fn rest(&self) -> Rest {
        if !self.executor.is_idle() || self.pool.has_job_for_loop() {
            return Rest::None;
        }
        if let Some(hook) = &self.config.on_park {
            hook();
            // The hook may have spawned or woken somebody: look again (trap 11).
            if !self.executor.is_idle() {
                return Rest::None;
            }
        }
        match self.timers.next() {
            None => Rest::UntilWoken,
            Some(deadline) if self.clock.is_virtual() => Rest::Jump(deadline),
            Some(deadline) => match deadline.saturating_duration_since(clock::now()) {
                Duration::ZERO => Rest::None,
                wait => Rest::AtMost(wait),
            },
        }
    }

    /// Step 4.
    fn sleep(&self, rest: Rest) -> io::Result<()> {
        let timeout = match rest {
            Rest::None => Some(Duration::ZERO),
            Rest::AtMost(wait) => Some(wait),
            Rest::UntilWoken => None,
            Rest::Jump(deadline) => {
                if self.reactor.wait(Some(Duration::ZERO))? > 0 {
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
        if timeout == Some(Duration::ZERO) {
            self.reactor.wait(timeout)?;
            return Ok(());
        }
        // From here on a foreign wake rings; mail that came before keeps us from sleeping.
        let may_sleep = self.executor.prepare_sleep();
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

    /// With virtual time, while no job runs: is the next deadline the next thing that can
    /// happen? Not if somebody holds a [`Handle`] through which work may come in.
    fn nobody_else_can_wake(&self) -> bool {
        Arc::strong_count(&self.handles) == 1 && !self.executor.has_mail()
    }

    fn metrics(&self, counters: Counters) -> Metrics {
        Metrics {
            counters,
            live_tasks: self.executor.live(),
            live_sources: self.reactor.live(),
            live_timers: self.timers.live(),
            live_jobs: self.pool.live(),
        }
    }
}

/// The answer of step 3.
enum Rest {
    /// Only look at what the kernel has.
    None,
    AtMost(Duration),
    UntilWoken,
    /// Virtual time: if nothing else happens, make it that late.
    Jump(std::time::Instant),
}

// ---------------------------------------------------------------------------------------
// Beginning and end

impl Runtime {
    /// A runtime with the defaults of [`Builder::new`].
    ///
    /// # Errors
    /// If the system gives no descriptor for the reactor.
    pub fn new() -> io::Result<Runtime> {
        Builder::new().build()
    }

    fn with_config(config: Config) -> io::Result<Runtime> {
        let reactor = Reactor::new()?;
        let clock = match config.virtual_time {
            true => Clock::virtual_time(),
            false => Clock::real(),
        };
        let patience = Cell::new(config.patience);
        let inner = Inner {
            executor: Executor::new(reactor.waker()),
            reactor,
            timers: Timers::new(),
            pool: Pool::new(config.pool()),
            clock,
            ledger: Rc::new(Ledger::new(config.observer.clone())),
            config,
            handles: Arc::new(()),
        };
        Ok(Runtime {
            inner: Rc::new(inner),
            patience,
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
    /// events.
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
        if is_running(&self.inner) {
            metrics()
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
        self.end();
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
    _pool: Entered<Pool>,
    _timers: Entered<Timers>,
    _reactor: Entered<Reactor>,
    _executor: Entered<Executor>,
    _inner: Entered<Inner>,
}

/// Has the interrupt come? Asked before each poll of the main future, which it also wakes.
fn is_interrupted(
    interrupt: &mut Option<Pin<Box<dyn Future<Output = ()>>>>,
    cx: &mut Context<'_>,
) -> bool {
    match interrupt {
        None => false,
        Some(future) => future.as_mut().poll(cx).is_ready(),
    }
}

/// A loop inside of a loop would stop the outer one for as long as the inner runs, and hang
/// where the inner waits for the outer (trap 40).
#[track_caller]
fn refuse_nesting() {
    if let Some(executor) = executor::current() {
        panic!(
            "block_on was called inside of a running loop, by {}: await the future there, or \
             give it to hob::spawn; code that must block belongs into hob::spawn_blocking",
            executor.describe_running(),
        );
    }
}

// ---------------------------------------------------------------------------------------
// Asking

/// Numbers about a runtime at one moment.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// How often each thing has happened since the runtime began.
    pub counters: Counters,
    /// Tasks that have not ended, the main future included.
    pub live_tasks: usize,
    /// Sockets and other sources that are registered.
    pub live_sources: usize,
    /// Timers that have neither fired nor been dropped.
    pub live_timers: usize,
    /// Jobs that were handed to workers and are not over.
    pub live_jobs: usize,
}

/// Numbers about the runtime that is running here.
///
/// # Panics
/// Outside of a runtime: use [`Runtime::metrics`] there.
///
/// ```
/// # hob::block_on(async {
/// assert_eq!(hob::metrics().live_tasks, 1);
/// # });
/// ```
#[track_caller]
pub fn metrics() -> Metrics {
    let inner = current_inner("metrics");
    inner.pool.tell_ended();
    inner.metrics(trace::counted())
}

/// All tasks of the runtime that is running here, with what each of them waits for.
///
/// # Panics
/// Outside of a runtime.
///
/// ```
/// # hob::block_on(async {
/// let _task = hob::spawn_named("sleeper", hob::time::sleep(std::time::Duration::MAX));
/// hob::yield_now().await;
/// let tasks = hob::tasks();
/// let sleeper = tasks.iter().find(|t| t.name.as_deref() == Some("sleeper")).unwrap();
/// assert_eq!(sleeper.wait.unwrap().kind, hob::WaitKind::Timer);
/// # });
/// ```
#[track_caller]
pub fn tasks() -> Vec<TaskInfo> {
    current_inner("tasks").executor.infos()
}

#[track_caller]
fn current_inner(asked: &str) -> Rc<Inner> {
    match current::get(&CURRENT) {
        Some(inner) => inner,
        None => panic!(
            "hob::{asked} was called outside of a running loop: call it inside of hob::block_on"
        ),
    }
}

fn is_running(inner: &Rc<Inner>) -> bool {
    current::with(&CURRENT, |running| Rc::ptr_eq(running, inner)).unwrap_or(false)
}
