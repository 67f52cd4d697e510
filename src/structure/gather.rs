//! `gather`: many tasks at once, and every result and every error of them, in order.
//!
//! The handles are awaited one after the other. That loses no time, because the tasks run by
//! themselves meanwhile; and it costs no waker for each of them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::executor::JoinHandle;
use crate::join_error::JoinError;
use crate::task::spawn;

/// Spawns all futures as tasks, at once, and gives every result and every error in the order of
/// the futures.
///
/// It waits for all of them, also where some panic or are aborted: those have a [`JoinError`] in
/// their place. To stop at the first error use [`try_join_all`](crate::future::try_join_all()),
/// which polls in this task and can borrow.
///
/// *Cancel safety*: dropping it aborts the tasks that are not done, and drops the results of those
/// that are. `&mut gather` may be given up and awaited again.
///
/// # Panics
/// Outside of a running loop, and if it is polled again after it gave its results.
///
/// ```
/// # hob::block_on(async {
/// let results = hob::gather((0..3).map(|n| async move { 10 / n })).await;
/// assert!(results[0].as_ref().is_err_and(|error| error.is_panic()));
/// assert_eq!((results[1].as_ref().ok(), results[2].as_ref().ok()), (Some(&10), Some(&5)));
/// # });
/// ```
#[track_caller]
pub fn gather<I>(futures: I) -> Gather<<I::Item as Future>::Output>
where
    I: IntoIterator,
    I::Item: Future + 'static,
{
    // There from the beginning: should the iterator panic, its drop aborts what was spawned.
    let mut gather = Gather {
        results: Vec::new(),
        handles: Vec::new(),
        given: false,
    };
    // No closure: in one, each task would be said to be spawned here.
    for future in futures {
        gather.handles.push(spawn(future));
    }
    gather.results.reserve_exact(gather.handles.len());
    gather
}

/// The future of [`gather`].
#[must_use = "dropping it aborts its tasks"]
pub struct Gather<T> {
    /// All of them; the first `results.len()` have given theirs.
    handles: Vec<JoinHandle<T>>,
    results: Vec<Result<T, JoinError>>,
    given: bool,
}

/// Results are values here, never pinned.
impl<T> Unpin for Gather<T> {}

impl<T> Future for Gather<T> {
    type Output = Vec<Result<T, JoinError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Gather {
            handles,
            results,
            given,
        } = &mut *self;
        assert!(
            !*given,
            "a Gather was polled again after it had given its results"
        );
        while let Some(handle) = handles.get_mut(results.len()) {
            results.push(ready!(Pin::new(handle).poll(cx)));
        }
        *given = true;
        handles.clear();
        Poll::Ready(std::mem::take(results))
    }
}

impl<T> Drop for Gather<T> {
    fn drop(&mut self) {
        for handle in &self.handles[self.results.len().min(self.handles.len())..] {
            handle.abort();
        }
    }
}

impl<T> fmt::Debug for Gather<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = self.handles.iter().filter(|handle| !handle.is_finished());
        f.debug_struct("Gather")
            .field("running", &running.count())
            .finish_non_exhaustive()
    }
}
