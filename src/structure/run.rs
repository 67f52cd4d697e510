//! The life of a scope, phase by phase: the future behind [`scope()`](crate::scope()) and its
//! relatives.
//!
//! ```text
//!            first poll            all ended                    all cleanups ended
//!   (new) ───────────────► Open ──────────────► Cleanup ──────────────────────────► Over
//!                           │                     ▲    └── their limit: drop the rest ──┘
//!                           │ cancelled           │
//!                           └────────► Grace ─────┘
//!                                      all ended, or its limit: drop the rest
//! ```
//!
//! - *Open*: the body and the children run; more may be born.
//! - *Grace*: the token is cancelled and says why. Nothing more is born, and what was born and
//!   not polled yet never is. Who holds the token may finish what it is at. If nobody ever got
//!   hold of it, nobody can hear, and this phase takes no time.
//! - *Cleanup*: what was deferred runs, the last first, one after the other.
//!
//! The body is a child like the others. It is polled when it was woken and not whenever one
//! of its 100,000 siblings is, it has a budget of its own, and it is cancelled as they are.
//! Price: a task more, and one allocation for each scope.
//!
//! Dropped in any phase but the last, the future ends it all at once: see [`scope()`](crate::scope()).

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::children::{Children, Cleanup, ToHandle, ToScope};
use super::error::{Failure, ScopeError};
use super::handle::Scope;
use crate::executor::{self, Executor, JoinHandle};
use crate::join_error::JoinError;
use crate::sync::{CancelReason, CancelledOwned};
use crate::time::{self, Sleep};
use crate::trace::{self, WaitKind};
use crate::{caught, coop};

/// Future of [`scope`](crate::scope()), [`try_scope`](crate::try_scope) and
/// [`scope_with_deadline`](crate::scope_with_deadline).
#[must_use = "a scope does nothing until it is awaited"]
pub struct ScopeFuture<'env, T, E = Infallible> {
    pub(super) children: Rc<Children<'env, E>>,
    phase: Phase<'env, T, E>,
    /// Of the phase: the deadline, the end of the grace, the limit of the cleanups.
    timer: Option<Sleep>,
    /// Was anything dropped because a deadline had passed?
    cut_by_deadline: bool,
    at: &'static Location<'static>,
}

type Body<'env, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + 'env>>;

enum Phase<'env, T, E> {
    /// Never polled.
    New(Body<'env, T, E>),
    /// The second one is ready when somebody cancels the token.
    Open(JoinHandle<T>, CancelledOwned),
    Grace(JoinHandle<T>),
    Cleanup(JoinHandle<T>),
    Over,
}

impl<'env, T: 'env, E: 'env> ScopeFuture<'env, T, E> {
    pub(super) fn new<F, B>(body: F, at: &'static Location<'static>) -> ScopeFuture<'env, T, E>
    where
        F: FnOnce(Scope<'env, E>) -> B + 'env,
        B: Future<Output = Result<T, E>> + 'env,
    {
        let children = Children::new();
        let handle = Scope::new(children.clone());
        ScopeFuture {
            children,
            phase: Phase::New(Box::pin(async move { body(handle).await })),
            timer: None,
            cut_by_deadline: false,
            at,
        }
    }

    /// For the wait record.
    fn body_id(&self) -> u64 {
        match &self.phase {
            Phase::Open(body, _) | Phase::Grace(body) | Phase::Cleanup(body) => body.id().0,
            Phase::New(_) | Phase::Over => 0,
        }
    }

    /// The first poll: the body is born.
    fn begin(&mut self, body: Body<'env, T, E>) -> Phase<'env, T, E> {
        let scope = self.children.clone();
        let to = |cell| ToScope(ToHandle { cell, scope });
        let body = self.children.bear(body, None, self.at, to);
        let cancelled = self.children.token().clone().cancelled_owned();
        Phase::Open(body, cancelled)
    }

    /// Goes on as far as it can without waiting.
    fn advance(&mut self, executor: &Rc<Executor>, cx: &mut Context<'_>) -> Poll<Outcome<T, E>> {
        loop {
            self.poll_due(executor, cx);
            self.phase = match std::mem::replace(&mut self.phase, Phase::Over) {
                Phase::New(body) => self.begin(body),
                Phase::Open(body, mut cancelled) => {
                    if self.poll_deadline(cx) {
                        self.children.token().cancel_for(CancelReason::Deadline);
                    }
                    if coop::poll_unconstrained(Pin::new(&mut cancelled), cx).is_ready() {
                        self.start_grace();
                        Phase::Grace(body)
                    } else if self.children.is_done() {
                        self.start_cleanup();
                        Phase::Cleanup(body)
                    } else {
                        self.phase = Phase::Open(body, cancelled);
                        return Poll::Pending;
                    }
                }
                Phase::Grace(body) => {
                    if self.children.is_empty() {
                        self.start_cleanup();
                        Phase::Cleanup(body)
                    } else if self.poll_timer(cx) {
                        self.cut(|_| true);
                        Phase::Grace(body)
                    } else {
                        self.phase = Phase::Grace(body);
                        return Poll::Pending;
                    }
                }
                Phase::Cleanup(body) => {
                    if self.children.is_empty() && !self.next_cleanup(executor) {
                        return Poll::Ready(self.finish(&body));
                    }
                    if self.poll_timer(cx) {
                        // One by one: a second panic within one drop would abort.
                        let unrun = self.children.cleanups.take();
                        unrun.into_iter().for_each(caught::drop);
                        self.children.cut(|_| true);
                        self.children.fail(Failure::CleanupTooLong);
                    } else {
                        self.phase = Phase::Cleanup(body);
                        return Poll::Pending;
                    }
                    Phase::Cleanup(body)
                }
                Phase::Over => panic!("a scope was polled again after it was ready"),
            };
        }
    }

    /// Polls exactly those that the loop noted. That is one, but where a combinator stands in
    /// between that polls the scope with a waker of its own, thousands may be due at once: then
    /// the rest waits where the budget of this poll ends, and the kernel gets its turn.
    fn poll_due(&self, executor: &Executor, cx: &mut Context<'_>) {
        let due = &self.children.due;
        while let Some((key, place)) = due.pop() {
            self.children.poll_one(executor, key, place as usize);
            coop::spend();
            if !coop::has_budget_remaining() && !due.is_empty() {
                return coop::wake_after_kernel(cx);
            }
        }
    }

    /// Has the earliest deadline passed that anybody asked for?
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.children.deadline.get() else {
            return false;
        };
        if self.timer.as_ref().map(Sleep::deadline) != Some(deadline) {
            self.timer = Some(time::sleep_until(deadline));
        }
        self.poll_timer(cx)
    }

    /// Is the time of this phase over? Outside of the budget: it has to be seen (trap 30).
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let timer = self.timer.as_mut();
        timer.is_some_and(|timer| coop::poll_unconstrained(Pin::new(timer), cx).is_ready())
    }

    fn start_grace(&mut self) {
        let heard = self.children.token().was_handed_out();
        let grace = match heard {
            true => self.children.grace.get(),
            false => Duration::ZERO,
        };
        // Who has not begun does not begin (trap 44).
        self.cut(|started| grace.is_zero() || !started);
        self.timer = Some(time::sleep(grace));
    }

    fn cut(&mut self, which: impl Fn(bool) -> bool) {
        let cut = self.children.cut(which);
        let reason = self.children.token().reason();
        self.cut_by_deadline |= cut > 0 && reason == Some(CancelReason::Deadline);
    }

    fn start_cleanup(&mut self) {
        self.timer = Some(time::sleep(self.children.cleanup_limit.get()));
    }

    /// Starts the cleanup that was deferred last; false if there is none left.
    fn next_cleanup(&self, executor: &Rc<Executor>) -> bool {
        let Some(cleanup) = self.children.cleanups.borrow_mut().pop() else {
            return false;
        };
        let scope = self.children.clone();
        let future = match cleanup {
            Cleanup::Borrowing(future) => future,
            Cleanup::Static(future) => self.as_a_task(executor, future),
        };
        let to = |cell| ToHandle { cell, scope };
        drop(
            self.children
                .bear(future, Some("cleanup".into()), self.at, to),
        );
        true
    }

    /// A cleanup that has begun, and goes on if the scope's future is dropped meanwhile.
    fn as_a_task(
        &self,
        executor: &Rc<Executor>,
        cleanup: Pin<Box<dyn Future<Output = ()>>>,
    ) -> Pin<Box<dyn Future<Output = ()> + 'env>> {
        let limit = self.timer.as_ref().expect("set with the phase").deadline();
        let cleanup = time::timeout_at(limit, cleanup);
        let task = executor.spawn(cleanup, Some("cleanup".into()), self.at);
        Box::pin(async move {
            match task.await.map_err(JoinError::try_into_panic) {
                Ok(Ok(())) => {}
                // The scope's own timer says so in the same moment, and tells it as a failure.
                Ok(Err(_)) | Err(Err(_)) => std::future::pending().await,
                Err(Ok(payload)) => std::panic::resume_unwind(payload),
            }
        })
    }

    fn finish(&mut self, body: &JoinHandle<T>) -> Outcome<T, E> {
        self.children.close();
        self.timer = None;
        let failures = self.children.failures.take();
        match body.take_result() {
            Some(Ok(value)) if failures.is_empty() && !self.cut_by_deadline => Ok(value),
            _ => {
                let reason = self.children.token().reason();
                let reason = reason.unwrap_or(CancelReason::Failure);
                Err(ScopeError::new(failures, reason))
            }
        }
    }
}

type Outcome<T, E> = Result<T, ScopeError<E>>;

impl<'env, T: 'env, E: 'env> Future for ScopeFuture<'env, T, E> {
    type Output = Result<T, ScopeError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let Some(executor) = executor::current() else {
            panic!(
                "a scope was polled outside of a running loop: await it inside of hob::block_on"
            );
        };
        this.children.bind(&executor);
        executor.adopt(&this.children.due, cx);
        let outcome = this.advance(&executor, cx);
        if outcome.is_pending() {
            trace::waits(WaitKind::Join, this.body_id(), this.at);
        }
        outcome
    }
}

/// Nothing in it is pinned: what has to be is in a box of its own.
impl<T, E> Unpin for ScopeFuture<'_, T, E> {}

impl<T, E> Drop for ScopeFuture<'_, T, E> {
    fn drop(&mut self) {
        // Not "never polled": what is spawned in a group is there before the group's first poll.
        if !self.children.is_bound() || self.children.is_over() {
            return;
        }
        self.children.token().cancel_for(CancelReason::Dropped);
        self.children.close();
        let cleanups = self.children.cleanups.take();
        let go_on: Vec<_> = cleanups
            .into_iter()
            .rev()
            .filter_map(Cleanup::into_static)
            .collect();
        if let Some(executor) = self.children.executor().filter(|_| !go_on.is_empty()) {
            let limit = self.children.cleanup_limit.get();
            // The limit counts from the first poll: here it may be the clock of nobody, or of
            // another runtime, that rules.
            let cleanup = async move { time::timeout(limit, one_by_one(go_on)).await };
            drop(executor.spawn(cleanup, Some("cleanup".into()), self.at));
        }
    }
}

/// A panic of one does not cost the others their turn.
async fn one_by_one(futures: Vec<Pin<Box<dyn Future<Output = ()>>>>) {
    for mut future in futures {
        std::future::poll_fn(|cx| {
            caught::catch(|| future.as_mut().poll(cx)).unwrap_or_else(|payload| {
                caught::drop_payload(payload);
                Poll::Ready(())
            })
        })
        .await;
        caught::drop(future);
    }
}

impl<T, E> fmt::Debug for ScopeFuture<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeFuture")
            .field("children", &self.children.len())
            .finish_non_exhaustive()
    }
}
