//! The same between threads: channels and notifications with one end in a loop and the other
//! anywhere.
//!
//! | you want | take |
//! |---|---|
//! | a stream of values into the loop, or out of it | [`mpsc`] |
//! | one value, once: the answer of another thread | [`oneshot`] |
//! | "something has changed, look again" | [`Notify`] |
//!
//! Everything here is `Send` and `Sync` (if the values are `Send`), so it costs a lock for
//! each operation. Between tasks of one thread take what stands one floor up, in
//! [`sync`](super). To start *work* on another loop and await its result, see
//! [`Handle::spawn`](crate::Handle::spawn).
//!
//! ```
//! use hob::sync::remote::mpsc;
//!
//! let (sender, mut receiver) = mpsc::channel(2);
//! let thread = std::thread::spawn(move || {
//!     for n in 1..=4 {
//!         sender.blocking_send(n).expect("the loop still receives");
//!     }
//! });
//! let sum = hob::block_on(async {
//!     let mut sum = 0;
//!     while let Some(n) = receiver.recv().await {
//!         sum += n;
//!     }
//!     sum
//! });
//! thread.join().unwrap();
//! assert_eq!(sum, 10);
//! ```
//!
//! **Blocking.** Each end may be in any thread and any runtime, or in none: what is awaited in
//! a loop is waited for in a plain thread by its twin whose name begins with `blocking_`. On a
//! loop's own thread these panic: they would stop the loop, and often just the task that they
//! wait for.
//!
//! **Virtual time.** Nobody can tell in which thread the other end of a channel is, so under
//! [`Builder::virtual_time`](crate::Builder::virtual_time) a wait for another thread does not
//! stop the clock by itself. Give that thread a [`Handle`](crate::Handle) of the runtime beside
//! its end of the channel: while a handle lives, the clock does not jump.
//!
//! Inside: `park` lets a thread wait as if it were a task; `chan` and `calls` are the states of
//! the channels and of `Notify`, each behind one lock. They know nothing of loops: those three
//! are what `tests/loom` tries in every interleaving. The rest gives them names, budgets and
//! wait records.

mod park;
mod chan;
mod calls;
pub mod mpsc;
pub mod oneshot;
mod notify;

pub use notify::{Notified, Notify};

use std::task::{Context, Poll};

use crate::executor;

/// Blocks this thread until `poll` is ready; panics if a loop runs on it.
#[track_caller]
fn block<R>(name: &str, remedy: &str, poll: impl FnMut(&Context<'_>) -> Poll<R>) -> R {
    if let Some(executor) = executor::current() {
        panic!(
            "{name} was called on the thread of a running loop, by {}, and would stop it: \
             {remedy}; code that must block belongs into hob::spawn_blocking",
            executor.describe_running(),
        );
    }
    park::block(poll)
}
