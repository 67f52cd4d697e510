//! `as_completed`: many tasks, a few at a time, and their results as they come.
//!
//! Law: a stream that polls its futures itself (`buffered` and its like) polls them only while
//! somebody waits for the next result; while the body of the loop runs they stand still, miss
//! their deadlines, and hold on to what they have locked. Consequence: here they are tasks, which
//! run whenever the thread is free. Choice: a new one is spawned in the moment in which a result
//! is handed over, so that `limit` of them are under way while the body runs. Results that nobody
//! took count as under way too. Price: at most `limit` results wait; beyond that a slow body slows
//! the whole, as it should.
//!
//! How does it know who is done? Each task has a guard in it that, when the task's future is
//! dropped, in whatever way it ended, puts its number into a list.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use slab::Slab;

use crate::executor::JoinHandle;
use crate::executor::WakerCell;
use crate::join_error::JoinError;
use crate::task::spawn_at;
use crate::trace::{self, WaitKind};

/// Spawns the futures as tasks, at most `limit` at a time, and gives their results in the order in
/// which they are done: as a [`Stream`], or with [`next`](AsCompleted::next).
///
/// Nothing is spawned before the first poll. From then on `limit` tasks are kept going: with each
/// result that is handed over the next one is spawned, and all of them run while the body of your
/// loop does. A result that was not taken yet counts, so a slow body holds up the spawning, and
/// memory stays bounded.
///
/// *Cancel safety*: dropping it aborts the tasks that are not done, spawns no more, and drops
/// results that were not taken.
///
/// # Panics
/// If `limit` is 0: nothing would ever run. When it is polled, outside of a running loop.
///
/// ```
/// use std::time::Duration;
/// # hob::block_on(async {
/// let sleeps = [30, 10, 20].map(|ms| async move {
///     hob::time::sleep(Duration::from_millis(ms)).await;
///     ms
/// });
/// let mut done = hob::as_completed(sleeps, 3);
/// let mut order = Vec::new();
/// while let Some(result) = done.next().await {
///     order.push(result.unwrap());
/// }
/// assert_eq!(order, [10, 20, 30]);
/// # });
/// ```
#[track_caller]
pub fn as_completed<I>(
    futures: I,
    limit: usize,
) -> AsCompleted<I::IntoIter, <I::Item as Future>::Output>
where
    I: IntoIterator,
    I::Item: Future + 'static,
{
    assert!(
        limit > 0,
        "as_completed with a limit of 0 would never run anything"
    );
    AsCompleted {
        futures: Some(futures.into_iter()),
        limit,
        tasks: Slab::new(),
        finished: Rc::default(),
        next: None,
        at: Location::caller(),
    }
}

/// The results of [`as_completed`].
#[must_use = "it does nothing unless polled, and dropping it aborts its tasks"]
pub struct AsCompleted<I, T> {
    /// Those that were not spawned yet. `None` after the last, so that it is not asked again.
    futures: Option<I>,
    limit: usize,
    /// Those whose result was not handed over.
    tasks: Slab<JoinHandle<T>>,
    finished: Rc<Finished>,
    /// Taken from `finished`, and its result not: the budget was gone.
    next: Option<usize>,
    /// Where it was made.
    at: &'static Location<'static>,
}

/// Who is done, in that order.
#[derive(Default)]
struct Finished {
    order: RefCell<VecDeque<usize>>,
    /// Who waits for the next one.
    waiter: WakerCell,
}

/// In each task; tells of its end.
struct Guard {
    number: usize,
    finished: Rc<Finished>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.finished.order.borrow_mut().push_back(self.number);
        self.finished.waiter.wake();
    }
}

/// The iterator and the results are values here, never pinned.
impl<I, T> Unpin for AsCompleted<I, T> {}

impl<I> AsCompleted<I, <I::Item as Future>::Output>
where
    I: Iterator,
    I::Item: Future + 'static,
{
    /// The next result, or `None` after the last. A panic, or an abort, of a task arrives as its
    /// [`JoinError`].
    ///
    /// *Cancel safety*: nothing is lost; the tasks go on, and their results wait.
    #[allow(
        clippy::should_implement_trait,
        reason = "it is what every stream calls this"
    )]
    pub fn next(&mut self) -> NextCompleted<'_, I, <I::Item as Future>::Output> {
        NextCompleted { tasks: self }
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Option<TaskResult<I>>> {
        self.fill();
        if self.next.is_none() {
            self.next = self.take_finished(cx);
        }
        let Some(number) = self.next else {
            if self.tasks.is_empty() {
                return Poll::Ready(None);
            }
            trace::waits(WaitKind::Join, 0, self.at);
            return Poll::Pending;
        };
        let result = ready!(Pin::new(&mut self.tasks[number]).poll(cx));
        self.next = None;
        drop(self.tasks.remove(number));
        // Now, and not at the next poll: so it runs while the body of the loop does.
        self.fill();
        Poll::Ready(Some(result))
    }

    /// Spawns until `limit` are under way.
    fn fill(&mut self) {
        while self.tasks.len() < self.limit
            && let Some(future) = self.futures.as_mut().and_then(Iterator::next)
        {
            let place = self.tasks.vacant_entry();
            let guard = Guard {
                number: place.key(),
                finished: self.finished.clone(),
            };
            let guarded = async move {
                let _guard = guard;
                future.await
            };
            place.insert(spawn_at(guarded, None, self.at));
        }
        if self.tasks.len() < self.limit {
            drop(self.futures.take());
        }
    }

    fn take_finished(&self, cx: &Context<'_>) -> Option<usize> {
        let first = || self.finished.order.borrow_mut().pop_front();
        first().or_else(|| {
            self.finished.waiter.park(cx);
            first() // parking may have run a stranger's code
        })
    }
}

/// What one task gives.
type TaskResult<I> = Result<<<I as Iterator>::Item as Future>::Output, JoinError>;

impl<I> Stream for AsCompleted<I, <I::Item as Future>::Output>
where
    I: Iterator,
    I::Item: Future + 'static,
{
    type Item = TaskResult<I>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<TaskResult<I>>> {
        self.poll_result(cx)
    }
}

impl<I, T> Drop for AsCompleted<I, T> {
    fn drop(&mut self) {
        self.finished.waiter.clear();
        for (_, handle) in &self.tasks {
            handle.abort();
        }
    }
}

impl<I, T> fmt::Debug for AsCompleted<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("limit", &self.limit)
            .field("under_way", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

/// The future of [`AsCompleted::next`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct NextCompleted<'a, I, T> {
    tasks: &'a mut AsCompleted<I, T>,
}

impl<I> Future for NextCompleted<'_, I, <I::Item as Future>::Output>
where
    I: Iterator,
    I::Item: Future + 'static,
{
    type Output = Option<TaskResult<I>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.tasks.poll_result(cx)
    }
}

impl<I, T> Drop for NextCompleted<'_, I, T> {
    fn drop(&mut self) {
        self.tasks.finished.waiter.clear();
    }
}
