//! `join_all` and `try_join_all`: many futures of one type, to the end.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::children::Children;

/// Awaits all futures at once, in this task, and gives their results in the order of the
/// futures.
///
/// Each has a waker of its own (from nine futures on), so that a wake costs one poll, however
/// many there are. Nothing is spawned: the futures may borrow, and stand still while this one is
/// not polled. To have them go on meanwhile, [`spawn`](crate::spawn) them.
///
/// *Cancel safety*: dropping it drops all futures, and the results of those that were done.
///
/// # Panics
/// If it is polled again after it gave its results.
///
/// ```
/// # hob::block_on(async {
/// let words = ["a", "hob", "cooks"];
/// let lengths = hob::future::join_all(words.iter().map(|word| async { word.len() })).await;
/// assert_eq!(lengths, [1, 3, 5]);
/// # });
/// ```
pub fn join_all<I>(futures: I) -> JoinAll<I::Item>
where
    I: IntoIterator,
    I::Item: Future,
{
    JoinAll {
        children: Some(Children::new(futures.into_iter())),
    }
}

/// The future of [`join_all()`].
#[must_use = "futures do nothing unless awaited"]
pub struct JoinAll<F: Future> {
    /// `None` once the results were given.
    children: Option<Children<F>>,
}

/// What is pinned stands in boxes, and does not move with this.
impl<F: Future> Unpin for JoinAll<F> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let children = &mut self.children;
        let running = children.as_mut().map(|children| {
            let _: Poll<()> = children.poll(cx, |_, _| ControlFlow::Continue(()));
            children.running()
        });
        match running {
            Some(0) => Poll::Ready(results(children.take())),
            Some(_) => Poll::Pending,
            None => panic!("a JoinAll was polled again after it had given its results"),
        }
    }
}

/// All results, when all are there.
fn results<F: Future>(children: Option<Children<F>>) -> Vec<F::Output> {
    let Some(mut children) = children else {
        return Vec::new();
    };
    let all = (0..children.len()).map(|index| children.take(index).expect("none is running"));
    all.collect()
}

impl<F: Future> fmt::Debug for JoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("JoinAll", self.children.as_ref(), f)
    }
}

/// Awaits all futures at once, in this task, until all gave `Ok` or one of them `Err`.
///
/// With the first error it ends: the other futures are dropped, and so are results that had come
/// already. Otherwise as [`join_all()`].
///
/// *Cancel safety*: dropping it drops all futures, and the results of those that were done.
///
/// # Panics
/// If it is polled again after it gave its result.
///
/// ```
/// # hob::block_on(async {
/// let parse = |text: &'static str| async move { text.parse::<u32>() };
/// let good = hob::future::try_join_all(["1", "2"].map(parse)).await;
/// assert_eq!(good, Ok(vec![1, 2]));
/// assert!(hob::future::try_join_all(["1", "two"].map(parse)).await.is_err());
/// # });
/// ```
pub fn try_join_all<I, T, E>(futures: I) -> TryJoinAll<I::Item>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
{
    TryJoinAll {
        children: Some(Children::new(futures.into_iter())),
    }
}

/// The future of [`try_join_all()`].
#[must_use = "futures do nothing unless awaited"]
pub struct TryJoinAll<F: Future> {
    /// `None` once the result was given.
    children: Option<Children<F>>,
}

/// What is pinned stands in boxes, and does not move with this.
impl<F: Future> Unpin for TryJoinAll<F> {}

impl<F, T, E> Future for TryJoinAll<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(children) = &mut self.children else {
            panic!("a TryJoinAll was polled again after it had given its result");
        };
        let failed = children.poll(cx, |children, index| match children.take_error(index) {
            Some(error) => ControlFlow::Break(error),
            None => ControlFlow::Continue(()),
        });
        if let Poll::Ready(error) = failed {
            // Dropped before the error is told: who has it knows that nothing goes on.
            drop(self.children.take());
            return Poll::Ready(Err(error));
        }
        ready!(match children.running() {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        });
        let all = results(self.children.take()).into_iter();
        Poll::Ready(all.collect())
    }
}

impl<F: Future> fmt::Debug for TryJoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("TryJoinAll", self.children.as_ref(), f)
    }
}

fn debug<F: Future>(
    name: &str,
    children: Option<&Children<F>>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    f.debug_struct(name)
        .field("running", &children.map_or(0, Children::running))
        .finish_non_exhaustive()
}
