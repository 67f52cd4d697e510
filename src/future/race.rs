//! `race`: the first result of many futures of one type.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::children::Children;

/// Awaits many futures at once, in this task, until the first is ready; the others are dropped.
///
/// Where several are ready at once none is preferred: who is polled first changes each time. For
/// futures of different types, and a handler for each, see [`select!`](crate::select).
///
/// *Cancel safety*: the futures that lose, and all of them when this is dropped, are dropped at
/// the `.await` where they stand; what that loses, each of them has to say.
///
/// # Panics
/// If there are none: that would wait for ever. And if it is polled again after its result.
///
/// ```
/// use std::time::Duration;
/// # hob::block_on(async {
/// let mirrors = [("far", 60_000), ("near", 1)].map(|(name, ms)| async move {
///     hob::time::sleep(Duration::from_millis(ms)).await;
///     name
/// });
/// assert_eq!(hob::future::race(mirrors).await, "near");
/// # });
/// ```
#[track_caller]
pub fn race<I>(futures: I) -> Race<I::Item>
where
    I: IntoIterator,
    I::Item: Future,
{
    let children = Children::new(futures.into_iter());
    assert!(
        children.len() > 0,
        "a race of no futures would wait for ever"
    );
    Race { children }
}

/// The future of [`race()`].
#[must_use = "futures do nothing unless awaited"]
pub struct Race<F: Future> {
    /// Empty once the result was given.
    children: Children<F>,
}

/// What is pinned stands in boxes, and does not move with this.
impl<F: Future> Unpin for Race<F> {}

impl<F: Future> Future for Race<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        assert!(
            self.children.len() > 0,
            "a Race was polled again after it had given its result"
        );
        let first = self.children.poll(cx, |children, index| {
            ControlFlow::Break(children.take(index).expect("it is done"))
        });
        if first.is_ready() {
            // Dropped before the result is told: who has it knows that nothing goes on.
            self.children.clear();
        }
        first
    }
}

impl<F: Future> fmt::Debug for Race<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Race")
            .field("running", &self.children.running())
            .finish_non_exhaustive()
    }
}
