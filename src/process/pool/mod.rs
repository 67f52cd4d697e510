//! [`Pool`]: work for processes that are this same program, started again.
//!
//! For isolation, not for speed: threads serve CPU work just as well (see
//! [`blocking`](crate::blocking)), but a thread that reads a null pointer in a C library, eats
//! all memory or never comes back takes the program with it. A process does not.
//!
//! ```text
//!   this program                                  the same program, as a worker
//!   Pool::run ─▶ frame ──┐   a socket pair   ┌──▶ worker_main ─▶ Registry ─▶ the function
//!        ▲               └───────────────────┘                                   │
//!        └────────────── frame ◀─────────────────────────────────────────────────┘
//! ```
//!
//! **Law:** a new process begins at `main`, with what it inherits and nothing else: no memory,
//! no closure. **Consequence:** work is named, and the names must mean the same on both sides:
//! that is the [`Registry`], which both build from the same code. And `main` must find out
//! which side it is on, before it does anything else: that is [`worker_main`].
//!
//! **Law:** in safe Rust, a child can be given three descriptors: stdin, stdout and stderr.
//! **Consequence:** the channel is one end of a socket pair, given as stdin. **Choice:** the
//! worker moves it elsewhere at once and puts `/dev/null` in its place, so the function sees
//! an empty stdin, and stdout and stderr are those of this program. **Price:** Unix only.
//!
//! | file | holds |
//! |---|---|
//! | `builder` | what can be chosen |
//! | `error` | what can go wrong with a job |
//! | `frame` | what goes through the channel |
//! | `mark` | how a process knows that it is a worker |
//! | `registry` | the functions, by name |
//! | `serve` | [`worker_main`]: the worker's side |
//! | `worker` | one worker, as seen from here |
//! | `map` | many requests, their answers in order |

mod builder;
mod error;
mod frame;
mod mark;
mod registry;
mod serve;
mod worker;
mod map;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use crate::clock;
use crate::executor::JoinHandle;
use crate::runtime::Handle;
use crate::sync::Semaphore;
use crate::task;
use crate::time::sleep_until;

pub use builder::PoolBuilder;
pub use error::PoolError;
pub use map::Map;
pub use registry::Registry;
pub use serve::worker_main;

use builder::Config;
use worker::Worker;

/// Worker processes that run named functions.
///
/// A worker is started when a job finds none idle, and kept for the next. It runs one job at a
/// time. One whose job panicked, was killed, ran out of memory or was given up is thrown away;
/// the next job that needs a worker starts another. Dropping the pool ends all of them, and so
/// does the end of this process, however it comes.
///
/// Jobs should not depend on what an earlier job left in the worker's memory.
///
/// ```standalone_crate
/// use hob::process::{Pool, Registry, worker_main};
///
/// fn main() {
///     let registry = Registry::new().job("add", |(a, b): (u32, u32)| a + b);
///     worker_main(&registry); // first of all
///
///     hob::block_on(async {
///         let pool = Pool::new(2);
///         let sum: u32 = pool.run("add", &(40, 2)).await?;
///         assert_eq!(sum, 42);
///         Ok::<(), hob::process::PoolError>(())
///     })
///     .unwrap();
/// }
/// ```
pub struct Pool {
    shared: Rc<Shared>,
}

struct Shared {
    config: Config,
    /// One permit for each worker that may be busy.
    permits: Semaphore,
    /// Workers without a job, the one that was busy last at the back, and since when they are.
    idle: RefCell<VecDeque<(Worker, Instant)>>,
    /// The task that ends workers which were idle for too long, once there were any.
    keeper: RefCell<Option<JoinHandle<()>>>,
}

impl Pool {
    /// A pool of up to `workers` processes.
    ///
    /// # Panics
    /// If `workers` is 0; and in a worker, which must not have workers of its own: a program
    /// that forgot [`worker_main`] would start itself without end.
    #[track_caller]
    pub fn new(workers: usize) -> Pool {
        Pool::builder().workers(workers).build()
    }

    /// All that can be chosen, with its defaults.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }

    fn with_config(config: Config) -> Pool {
        let shared = Shared {
            permits: Semaphore::new(config.workers),
            config,
            idle: RefCell::default(),
            keeper: RefCell::default(),
        };
        Pool {
            shared: Rc::new(shared),
        }
    }

    /// Runs the function `name` of the registry on `request`, in a worker.
    ///
    /// Waits while all workers are busy; who waits first is served first. Virtual time stands
    /// still meanwhile.
    ///
    /// *Cancel safety*: a job that has not begun never does. One that runs is stopped, by killing
    /// its worker: whatever the function had begun outside of its process stays half done.
    ///
    /// # Errors
    /// [`PoolError`]. All of them concern this job only; the pool can be used on.
    ///
    /// # Panics
    /// Outside of a running loop, when it is polled.
    pub fn run<Req, Resp>(&self, name: &str, request: &Req) -> Run<'_, Resp>
    where
        Req: Serialize + ?Sized,
        Resp: DeserializeOwned,
    {
        let request = frame::request(name, request, self.shared.config.max_frame_bytes);
        let shared = self.shared.clone();
        Run {
            answer: Box::pin(async move { shared.ask(request?).await }),
            _pool: PhantomData,
            _answer: PhantomData,
        }
    }

    /// Runs the function `name` on each of `requests`, and gives the answers in their order, as
    /// a stream.
    ///
    /// The iterator is asked for no more than twice as many requests as there are workers,
    /// beyond what was taken out of the stream. What was asked for goes on while you handle an
    /// answer.
    ///
    /// *Cancel safety*: dropping the stream gives up every job that was begun, as dropping
    /// [`Pool::run`] does. Between two answers nothing is lost.
    ///
    /// ```standalone_crate
    /// use futures_lite::StreamExt;
    /// use hob::process::{Pool, Registry, worker_main};
    ///
    /// fn main() {
    ///     worker_main(&Registry::new().job("square", |n: u64| n * n));
    ///     hob::block_on(async {
    ///         let pool = Pool::new(2);
    ///         let squares = pool.map::<_, u64, _>("square", 1..=5_u64);
    ///         let squares: Result<Vec<u64>, _> = squares.try_collect().await;
    ///         assert_eq!(squares.unwrap(), [1, 4, 9, 16, 25]);
    ///     });
    /// }
    /// ```
    pub fn map<Req, Resp, I>(&self, name: &str, requests: I) -> Map<'_, I::IntoIter, Resp>
    where
        I: IntoIterator<Item = Req>,
        Req: Serialize,
        Resp: DeserializeOwned,
    {
        Map::new(&self.shared, name, requests.into_iter())
    }

    /// Starts all workers now, so that no job has to wait for one; and hears now, if the program
    /// has forgotten [`worker_main`].
    ///
    /// *Cancel safety*: those that were started stay.
    ///
    /// # Errors
    /// [`PoolError::NotServing`], and what the system says.
    pub async fn start(&self) -> Result<(), PoolError> {
        let shared = &self.shared;
        let _clock = Handle::current();
        while shared.idle.borrow().len() < shared.permits.available_permits() {
            let worker = Worker::start(&shared.config).await?;
            shared.give_back(worker);
        }
        Ok(())
    }

    /// How many workers there may be.
    pub fn workers(&self) -> usize {
        self.shared.config.workers
    }

    /// The process ids of the workers that have no job.
    pub fn idle_workers(&self) -> Vec<u32> {
        let idle = self.shared.idle.borrow();
        idle.iter().filter_map(|(worker, _)| worker.id()).collect()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("workers", &self.workers())
            .field("idle", &self.shared.idle.borrow().len())
            .finish_non_exhaustive()
    }
}

/// Future of [`Pool::run`].
#[must_use = "futures do nothing unless awaited"]
pub struct Run<'a, Resp> {
    answer: Pin<Box<dyn Future<Output = Result<Vec<u8>, PoolError>>>>,
    /// The pool is borrowed, so that it cannot end first.
    _pool: PhantomData<&'a Pool>,
    _answer: PhantomData<fn() -> Resp>,
}

impl<Resp: DeserializeOwned> Future for Run<'_, Resp> {
    type Output = Result<Resp, PoolError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = self.answer.as_mut().poll(cx);
        answer.map(|answer| frame::decode(&answer?))
    }
}

impl<Resp> fmt::Debug for Run<'_, Resp> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}

impl Shared {
    /// Sends an encoded request to a worker, and gives back the encoded answer.
    async fn ask(self: &Rc<Shared>, request: Vec<u8>) -> Result<Vec<u8>, PoolError> {
        let permit = self.permits.acquire().await;
        let _permit = permit.expect("the pool never closes its semaphore");
        // A live handle keeps virtual time from jumping: a worker lives in real time.
        let _clock = Handle::current();
        let mut worker = match self.take_idle() {
            Some(worker) => worker,
            None => Worker::start(&self.config).await?,
        };
        // Given up or failed from here on: the worker is dropped, and that kills it.
        let answer = worker.ask(request, &self.config).await;
        if answer
            .as_ref()
            .map_or_else(PoolError::spares_worker, |_| true)
        {
            self.give_back(worker);
        }
        answer
    }

    /// The worker that was busy last: its memory is warm, and the others may become too idle.
    /// One that died meanwhile is passed over.
    fn take_idle(&self) -> Option<Worker> {
        loop {
            let (mut worker, _) = self.idle.borrow_mut().pop_back()?;
            if worker.is_alive() {
                return Some(worker);
            }
        }
    }

    fn give_back(self: &Rc<Shared>, worker: Worker) {
        self.idle.borrow_mut().push_back((worker, clock::now()));
        let Some(limit) = self.config.idle_timeout else {
            return;
        };
        let is_over = |keeper: &JoinHandle<()>| keeper.is_finished();
        if self.keeper.borrow().as_ref().is_none_or(is_over) {
            let keep = keep(Rc::downgrade(self), limit);
            let keeper = task::spawn_named("keeper of a process pool", keep);
            drop(self.keeper.replace(Some(keeper)));
        }
    }

    /// Ends the workers that were idle for `limit`. Answers when the next one will have been.
    fn end_idle(&self, limit: Duration) -> Option<Instant> {
        let now = clock::now();
        loop {
            let mut idle = self.idle.borrow_mut();
            let since = idle.front()?.1;
            let until = clock::later(since, limit);
            if until > now {
                return Some(until);
            }
            let ended = idle.pop_front();
            drop(idle);
            drop(ended);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.get_mut() {
            keeper.abort();
        }
    }
}

/// The keeper's task: there only while somebody is idle.
async fn keep(pool: Weak<Shared>, limit: Duration) {
    let next = || pool.upgrade()?.end_idle(limit);
    while let Some(next) = next() {
        sleep_until(next).await;
    }
}
