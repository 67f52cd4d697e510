//! Every choice that a runtime leaves open, with its default.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use super::Runtime;
use crate::blocking::LazyPool;
use crate::trace::Observer;

/// Polls between two visits to the kernel: tokio's number, and for the same reason a prime.
const EVENT_INTERVAL: u32 = 61;
/// How long an idle worker waits for another job before its thread ends.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long the end of a runtime waits for jobs that are running.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sets up a [`Runtime`].
///
/// ```
/// let runtime = hob::Builder::new().worker_threads(2).name("fetcher").build()?;
/// assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
/// # std::io::Result::Ok(())
/// ```
#[must_use = "a Builder does nothing until `build` or `block_on`"]
pub struct Builder {
    config: Config,
}

/// What was chosen.
pub(super) struct Config {
    /// `None`: as many as there are processors, at least 4; they are counted when it matters.
    pub(super) worker_threads: Option<usize>,
    pub(super) keep_alive: Duration,
    pub(super) event_interval: u32,
    pub(super) name: String,
    pub(super) virtual_time: bool,
    pub(super) patience: Duration,
    pub(super) observer: Option<Rc<dyn Observer>>,
    pub(super) on_park: Option<Box<dyn Fn()>>,
    pub(super) on_unpark: Option<Box<dyn Fn()>>,
    pub(super) interrupt: Option<Interrupt>,
}

/// How a main future is cancelled from outside. The loop knows nothing of signals; whoever
/// does ([`signal`](crate::signal)) fills this in.
pub(crate) struct Interrupt {
    /// Makes the future that is ready when `main` has to be dropped. Called inside of the
    /// loop, at the beginning of each `block_on`.
    pub(crate) wait: Box<dyn Fn() -> io::Result<Interrupting>>,
    /// Ends the process, once everything was cleaned up.
    pub(crate) die: fn() -> !,
}

/// Ready when the main future has to be dropped.
pub(crate) type Interrupting = Pin<Box<dyn Future<Output = ()>>>;

impl Builder {
    /// The defaults, which each method below names.
    pub fn new() -> Builder {
        Builder {
            config: Config {
                worker_threads: None,
                keep_alive: KEEP_ALIVE,
                event_interval: EVENT_INTERVAL,
                name: String::from("hob"),
                virtual_time: false,
                patience: PATIENCE,
                observer: None,
                on_park: None,
                on_unpark: None,
                interrupt: None,
            },
        }
    }

    /// How many worker threads there may be for [`spawn_blocking`](crate::spawn_blocking),
    /// files and the like. Default: as many as there are cores, at least 4. They are started
    /// when they are needed.
    ///
    /// `0` means no threads at all: then jobs run on the loop itself, one a turn. While one
    /// runs, nothing else does: no socket is read, no timer fires. That is right where a
    /// process must have one thread only, and for tests that want one order of events.
    pub fn worker_threads(mut self, threads: usize) -> Builder {
        self.config.worker_threads = Some(threads);
        self
    }

    /// How long an idle worker waits for another job before its thread ends. Default: 10 s.
    pub fn worker_keep_alive(mut self, keep_alive: Duration) -> Builder {
        self.config.keep_alive = keep_alive;
        self
    }

    /// How many polls there may be between two visits to the kernel. Default: 61. Fewer make
    /// sockets and timers more punctual beside busy tasks, more make busy tasks cheaper.
    /// As many timers at most fire in a turn.
    ///
    /// # Panics
    /// If it is 0: then no task would ever run.
    #[track_caller]
    pub fn event_interval(mut self, polls: u32) -> Builder {
        assert!(polls > 0, "event_interval must be at least 1 poll");
        self.config.event_interval = polls;
        self
    }

    /// A name, which worker threads carry. Default: `hob`.
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.config.name = name.into();
        self
    }

    /// Time that jumps: whenever nothing else can happen, the clock moves to the next deadline
    /// at once. A test of an hour's timeout then takes no time.
    ///
    /// The clock stands still while a job runs on a worker, and while a [`Handle`](crate::Handle)
    /// lives through which other threads may hand in work. Sockets work, but a peer in another
    /// thread or process lives in real time.
    ///
    /// ```
    /// use std::time::Duration;
    /// let real = std::time::Instant::now();
    /// hob::Builder::new().virtual_time().block_on(async {
    ///     hob::time::sleep(Duration::from_secs(3600)).await;
    /// });
    /// assert!(real.elapsed() < Duration::from_secs(60));
    /// ```
    pub fn virtual_time(mut self) -> Builder {
        self.config.virtual_time = true;
        self
    }

    /// How long the end of the runtime waits for jobs that run on workers. Default: 10 s.
    pub fn shutdown_timeout(mut self, patience: Duration) -> Builder {
        self.config.patience = patience;
        self
    }

    /// Somebody who is told each [`Event`](crate::Event).
    pub fn observer(mut self, observer: impl Observer + 'static) -> Builder {
        self.config.observer = Some(Rc::new(observer));
        self
    }

    /// Called right before the loop goes to sleep. It may spawn and wake: then the loop does
    /// not sleep.
    pub fn on_park(mut self, hook: impl Fn() + 'static) -> Builder {
        self.config.on_park = Some(Box::new(hook));
        self
    }

    /// Called right after the loop slept.
    pub fn on_unpark(mut self, hook: impl Fn() + 'static) -> Builder {
        self.config.on_unpark = Some(Box::new(hook));
        self
    }

    /// The seam behind `cancel_on_ctrl_c`.
    #[cfg_attr(
        not(feature = "signal"),
        expect(dead_code, reason = "used by `signal`")
    )]
    pub(crate) fn interrupt(mut self, interrupt: Option<Interrupt>) -> Builder {
        self.config.interrupt = interrupt;
        self
    }

    /// Makes the runtime.
    ///
    /// # Errors
    /// If the system gives no descriptor for the reactor.
    pub fn build(self) -> io::Result<Runtime> {
        Runtime::with_config(self.config)
    }

    /// [`build`](Builder::build), then [`Runtime::block_on`], then the runtime's end.
    ///
    /// # Panics
    /// As [`block_on`](crate::block_on) does.
    #[track_caller]
    pub fn block_on<F: Future>(self, main: F) -> F::Output {
        super::life::refuse_nesting();
        match self.build() {
            Ok(runtime) => runtime.block_on(main),
            Err(error) => panic!("hob could not start its reactor: {error}"),
        }
    }
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("worker_threads", &self.config.worker_threads)
            .field("event_interval", &self.config.event_interval)
            .field("virtual_time", &self.config.virtual_time)
            .finish_non_exhaustive()
    }
}

impl Config {
    pub(super) fn pool(&self) -> Rc<LazyPool> {
        LazyPool::new(self.worker_threads, self.keep_alive, self.name.clone())
    }

    /// The future that cancels the main one, if it was asked for. Where the system refuses
    /// it, the program runs all the same, and Ctrl-C ends it in the system's own way.
    pub(super) fn start_interrupt(&self) -> Option<Interrupting> {
        let interrupt = self.interrupt.as_ref()?;
        match (interrupt.wait)() {
            Ok(future) => Some(future),
            Err(error) => {
                log::error!("cannot listen for Ctrl-C: {error}");
                None
            }
        }
    }
}
