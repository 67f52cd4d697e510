//! The budget of a poll: how a task that never has to wait still lets the others run.
//!
//! Law: a future that always finds data ready never returns `Pending`, and a loop around it
//! never gives the thread back. Consequence: each leaf operation (one read, one message
//! received, one permit taken) spends a unit, and when all are spent it answers `Pending` as
//! if it had nothing, having woken its own task first. Price: a thread-local counter for each
//! operation, and one more poll for every 128 of them.
//!
//! A leaf does two things:
//!
//! ```text
//! ready!(coop::poll_budget(cx));   // nothing left? then come again after the kernel's turn
//! …try the operation…
//! coop::spend();                   // it succeeded: that was one unit
//! ```
//!
//! Whoever yields, of its own will or because the budget is gone, is polled again only after
//! the kernel was asked for events. The executor learns of it in one of two ways. A task that
//! the loop polls yields by a mark, which the loop finds when the poll is over (`end`): no
//! waker is called, for nobody but the loop could act on it before. Whoever else yields (a child
//! of a scope, what has a waker of its own, any spawned task once the thread has used
//! task-locals) is woken as ever, and whoever wakes it asks `is_yielding`.
//!
//! And since this file knows with whose waker the loop polls, it also says *who* that is:
//! `polled`, for who waits by name.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::num::NonZeroU64;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, Waker};

/// Units for each poll of a task. Of the order of 100 µs of small operations.
pub(crate) const BUDGET: u32 = 128;

/// More than any poll spends: no limit. Rules outside of tasks and in [`unconstrained`].
const UNLIMITED: u32 = u32::MAX;

/// The last address there is, where no waker can have its data. (Null would be taken for that of
/// a waker without data; to ask for it costs each yield a percent.)
const NOBODYS: *const () = ptr::without_provenance(usize::MAX);

thread_local! {
    /// What is left for the poll that is running. Set by the executor before each poll.
    static LEFT: Cell<u32> = const { Cell::new(UNLIMITED) };
    /// True only during the wake that a yield gives itself.
    static YIELDING: Cell<bool> = const { Cell::new(false) };
    /// With whose waker the loop polls: its data, only ever compared. [`NOBODYS`] between such
    /// polls, and within one from when the task has yielded.
    static POLLED: Cell<*const ()> = const { Cell::new(NOBODYS) };
    /// Which task that is; means something only beside a `POLLED` that is not `NOBODYS`.
    static NAME: Cell<Option<Name>> = const { Cell::new(None) };
}

/// What an executor calls a task: its key, in one word. (Not the name that a program gave it.)
pub(crate) type Name = NonZeroU64;

/// A poll by the loop begins, outside of which nothing is limited: see [`start_poll`].
#[inline]
pub(crate) fn begin(waker: &Waker, name: Name) {
    LEFT.set(BUDGET);
    POLLED.set(waker.data());
    NAME.set(Some(name));
}

/// The name of the task that the loop polls, if `cx` has its waker and no other.
#[inline]
pub(crate) fn polled(cx: &Context<'_>) -> Option<Name> {
    match is_polled(cx) {
        true => NAME.get(),
        false => None,
    }
}

/// Does `cx` have the waker with which the loop polls?
#[inline]
fn is_polled(cx: &Context<'_>) -> bool {
    // The waker lives as long as the poll, so no other can have its address.
    ptr::eq(cx.waker().data(), POLLED.get())
}

/// How a poll by the loop went.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    /// It spent its budget.
    pub(crate) spent: bool,
    /// It is to be polled again, behind the next kernel visit.
    pub(crate) yielded: bool,
}

/// The poll is over.
#[inline]
pub(crate) fn end() -> Ended {
    Ended {
        spent: LEFT.replace(UNLIMITED) == 0,
        yielded: POLLED.replace(NOBODYS) == NOBODYS,
    }
}

/// Gives the poll that is about to start a full budget. The guard, dropped after the poll,
/// puts back what ruled before.
pub(crate) fn start_poll() -> PollBudget {
    PollBudget {
        former: LEFT.replace(BUDGET),
    }
}

/// Guard of [`start_poll`].
pub(crate) struct PollBudget {
    former: u32,
}

impl PollBudget {
    /// Did the poll use up all it had? Then it took long, and the kernel should get its turn.
    pub(crate) fn is_spent(&self) -> bool {
        LEFT.get() == 0
    }
}

impl Drop for PollBudget {
    fn drop(&mut self) {
        LEFT.set(self.former);
    }
}

/// What [`begin`] says of who is polled, for a poll that may panic, within a [`start_poll`]. The
/// guard takes it back.
pub(crate) fn name(waker: &Waker, name: Name) -> Named {
    POLLED.set(waker.data());
    NAME.set(Some(name));
    Named
}

/// Guard of [`name`].
pub(crate) struct Named;

impl Named {
    /// Has the task yielded, by a mark?
    pub(crate) fn has_yielded(&self) -> bool {
        POLLED.get() == NOBODYS
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        POLLED.set(NOBODYS);
    }
}

/// Ready while there is budget left. Otherwise wakes its own task and is `Pending`.
#[inline]
pub(crate) fn poll_budget(cx: &mut Context<'_>) -> Poll<()> {
    if LEFT.get() > 0 {
        return Poll::Ready(());
    }
    wake_after_kernel(cx);
    Poll::Pending
}

/// One operation succeeded.
#[inline]
pub(crate) fn spend() {
    let left = LEFT.get();
    if left != UNLIMITED {
        LEFT.set(left.saturating_sub(1));
    }
}

/// What ran within this poll took as long as a poll may take.
pub(crate) fn spend_all() {
    if LEFT.get() != UNLIMITED {
        LEFT.set(0);
    }
}

/// Wakes the running task in such a way that it is polled behind the next kernel visit.
#[inline]
pub(crate) fn wake_after_kernel(cx: &mut Context<'_>) {
    if is_polled(cx) {
        POLLED.set(NOBODYS);
    } else {
        wake_as_yielding(cx);
    }
}

#[cold]
fn wake_as_yielding(cx: &mut Context<'_>) {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            YIELDING.set(self.0);
        }
    }
    // A guard, because the waker may be a stranger's and may panic.
    let _restore = Restore(YIELDING.replace(true));
    cx.waker().wake_by_ref();
}

/// Is the wake that is happening right now that of a task which yields? Asked by the
/// executor, which then sets the task aside until the kernel was visited.
#[inline]
pub(crate) fn is_yielding() -> bool {
    YIELDING.get()
}

/// Tells whether the running task may go on with operations in this poll.
///
/// ```
/// # hob::block_on(async {
/// assert!(hob::coop::has_budget_remaining());
/// # });
/// ```
#[inline]
pub fn has_budget_remaining() -> bool {
    LEFT.get() > 0
}

/// Spends one unit of the budget, and yields if none was left. For loops that compute and
/// never touch a leaf operation of hob.
///
/// *Cancel safety*: nothing is lost.
///
/// ```
/// # hob::block_on(async {
/// let mut sum = 0_u64;
/// for n in 0..1_000 {
///     sum += n;
///     hob::coop::consume_budget().await;
/// }
/// assert_eq!(sum, 499_500);
/// # });
/// ```
pub async fn consume_budget() {
    poll_fn(|cx| {
        let ready = poll_budget(cx);
        if ready.is_ready() {
            spend();
        }
        ready
    })
    .await;
}

/// Runs `future` without a budget: it yields only where it really has to wait. A loop inside
/// that is always ready then starves everything else on the thread.
///
/// *Cancel safety*: that of `future`.
///
/// ```
/// # hob::block_on(async {
/// let n = hob::coop::unconstrained(async { 7 }).await;
/// assert_eq!(n, 7);
/// # });
/// ```
pub async fn unconstrained<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    poll_fn(|cx| poll_unconstrained(future.as_mut(), cx)).await
}

/// One poll without a budget. `timeout` looks at its deadline this way, so that an inner
/// future which ate the budget cannot keep the deadline from being seen (trap 30).
pub(crate) fn poll_unconstrained<F: Future>(
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<F::Output> {
    let _restore = PollBudget {
        former: LEFT.replace(UNLIMITED),
    };
    future.poll(cx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn a_poll_may_do_so_many_operations_and_no_more() {
        let mut cx = Context::from_waker(Waker::noop());
        let poll = start_poll();
        for _ in 0..BUDGET {
            assert!(poll_budget(&mut cx).is_ready());
            spend();
        }
        assert!(poll.is_spent());
        assert!(poll_budget(&mut cx).is_pending());
        drop(poll);
        assert!(
            poll_budget(&mut cx).is_ready(),
            "outside of a task: no limit"
        );
    }
}
