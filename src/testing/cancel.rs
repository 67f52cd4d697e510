//! `cancel_at_every_poll`: a future is dropped wherever it can be, and the books must balance.
//!
//! Law: a future can be dropped in two conditions that differ: while it waits, and after it was
//! woken and before it is polled again. In the second it may have been handed something that it
//! never saw: a permit, a message, a notification (trap 41). So each poll is tried twice.
//!
//! Each trial has a runtime of its own, with virtual time, so that no deadline is waited for, and
//! without worker threads, so that jobs run on the loop and each run is like the one before.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::ledger::{Ledger, ledger};
use crate::future;
use crate::runtime::{Builder, Runtime};
use crate::task::yield_now;

/// A future that needs more polls is taken for one that never ends.
const MOST_POLLS: u32 = 10_000;

/// Turns of the loop that whatever was dropped may take to go: aborted tasks, files to close.
const TURNS: u32 = 1_000;

/// When a future is dropped.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Right after a poll that was `Pending`.
    Waiting,
    /// After the wake that followed, instead of the next poll.
    Woken,
}

/// Runs a future again and again, each time on a runtime of its own, and drops it after its
/// first poll, after its second, and so on until it completes; and the same once more, each time
/// after the wake that follows the poll. After each, and after the complete run, the runtime's
/// [`ledger`](super::ledger()) must be what it was before. Returns how many polls the future takes.
///
/// `make` is called inside of the runtime, and everything that the future needs of it belongs
/// into the future: both ends of a connection, say, as two arms of a [`join!`](crate::join!).
/// Time is virtual, and jobs run on the loop.
///
/// # Panics
/// If something is left behind; the message says what, and after which poll. If the future panics,
/// or is not complete after 10,000 polls.
///
/// ```
/// use std::time::Duration;
/// use hob::{sync::oneshot, time::{sleep, timeout}};
///
/// let polls = hob::testing::cancel_at_every_poll(|| async {
///     let (sender, receiver) = oneshot::channel();
///     let answer = hob::join!(
///         async { sleep(Duration::from_secs(1)).await; sender.send(42) },
///         timeout(Duration::from_secs(2), receiver),
///     );
///     assert_eq!(answer.1, Ok(Ok(42)));
/// });
/// assert!(polls >= 2);
/// ```
#[track_caller]
pub fn cancel_at_every_poll<M, F>(mut make: M) -> u32
where
    M: FnMut() -> F,
    F: Future,
{
    cancel_at_every_poll_with(async || {}, async |()| drop(make().await), |()| {})
}

/// [`cancel_at_every_poll`] for what outlives its waiters: `setup` makes a semaphore, a pair of
/// sockets and the like, `run` is the future that uses them and is dropped, and then the ledger
/// must be what it was after the setup, while they still live. At last `check` looks at them.
///
/// # Panics
/// As [`cancel_at_every_poll`], and where `check` does.
///
/// ```
/// use hob::sync::Semaphore;
///
/// hob::testing::cancel_at_every_poll_with(
///     async || Semaphore::new(1),
///     async |semaphore| {
///         let work = async || {
///             let _permit = semaphore.acquire().await;
///             hob::yield_now().await;
///         };
///         hob::join!(work(), work());
///     },
///     |semaphore| assert_eq!(semaphore.available_permits(), 1),
/// );
/// ```
#[track_caller]
pub fn cancel_at_every_poll_with<S>(
    mut setup: impl AsyncFnMut() -> S,
    mut run: impl AsyncFnMut(&S),
    mut check: impl FnMut(&S),
) -> u32 {
    for polls in 1..=MOST_POLLS {
        for moment in [Moment::Waiting, Moment::Woken] {
            let runtime = runtime();
            future::rewind();
            let trial = runtime.block_on(async {
                let kept = setup().await;
                let trial = try_once(|| run(&kept), polls, moment).await;
                check(&kept);
                trial
            });
            drop(runtime);
            if trial.before != trial.after {
                complain(&trial, polls, moment);
            }
            if trial.completed {
                return polls;
            }
        }
    }
    panic!("the future was not complete after {MOST_POLLS} polls");
}

fn runtime() -> Runtime {
    let builder = Builder::new().virtual_time().worker_threads(0);
    builder
        .build()
        .expect("the system has descriptors for a reactor")
}

/// What one trial came to.
struct Trial {
    completed: bool,
    before: Ledger,
    after: Ledger,
}

async fn try_once<F: Future>(make: impl FnOnce() -> F, polls: u32, moment: Moment) -> Trial {
    let before = ledger();
    let completed = {
        let mut future = pin!(make());
        let mut left = polls;
        poll_fn(|cx| {
            if left == 0 {
                return Poll::Ready(false); // it was woken
            }
            left -= 1;
            match (future.as_mut().poll(cx), moment) {
                (Poll::Ready(_), _) => Poll::Ready(true),
                (Poll::Pending, Moment::Waiting) if left == 0 => Poll::Ready(false),
                (Poll::Pending, _) => Poll::Pending,
            }
        })
        .await
        // The future is dropped here.
    };
    let mut turns = 0;
    while ledger() != before && turns < TURNS {
        turns += 1;
        yield_now().await;
    }
    Trial {
        completed,
        before,
        after: ledger(),
    }
}

#[track_caller]
fn complain(trial: &Trial, polls: u32, moment: Moment) -> ! {
    let left = trial.after.differences(&trial.before);
    match (trial.completed, moment) {
        (true, _) => panic!("complete after poll {polls}, it left something behind: {left}"),
        (false, Moment::Waiting) => {
            panic!("dropped after poll {polls}, it left something behind: {left}")
        }
        (false, Moment::Woken) => {
            panic!("dropped when woken after poll {polls}, it left something behind: {left}")
        }
    }
}
