//! One task: the future with the place for its result, and the slot it lives in.
//!
//! A task costs two allocations: a `Box` for the future ([`Joinable`]) and an `Rc` for the
//! result ([`JoinCell`](super::join::JoinCell)), which must outlive the future. One allocation
//! for both would need either `unsafe` or a result that lives as long as the future's memory.
//!
//! ```text
//!            spawn               popped                 Pending
//!   Free ───────────► Owned ───────────────► Out ───────────────► Owned
//!    ▲                  │                     │
//!    │                  │ aborted: cancel     │ Ready, or a panic
//!    └──────────────────┴─────────────────────┘
//! ```
//!
//! While a task is polled its future is *out* of the slab, so that no borrow is held while
//! code of the user runs.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::child::Due;
use super::inherited::Heritage;
use super::waker::SlotWaker;
use crate::caught;
use crate::join_error::JoinError;
use crate::trace::{TaskId, Wait};

/// Names one task in the slab. `generation` is never the same for two tasks of one slot that
/// could be confused, so a key that has gone stale finds nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TaskKey {
    pub(super) index: u32,
    pub(super) generation: u32,
}

impl TaskKey {
    /// Finds nobody: for a task that never was.
    pub(super) const NOBODY: TaskKey = TaskKey {
        index: u32::MAX,
        generation: 0,
    };
}

/// What the slab knows how to do with a future, whatever it returns.
pub(crate) trait Work {
    /// Polls once. A panic of the future comes out.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the future without its having returned, and tells the handle why.
    fn give_up(self: Pin<&mut Self>, why: Why);
}

/// Why a task ends without a result.
pub(crate) enum Why {
    Aborted,
    Panicked(Box<dyn Any + Send>),
}

/// Where the result of a task goes: to a handle, into a set, to a scope and a handle.
pub(crate) trait Destination<T> {
    /// Whose result it is.
    fn id(&self) -> TaskId;
    /// Called once, when the future has been dropped.
    fn arrive(&self, result: Result<T, JoinError>);
}

pin_project! {
    /// A future, and where its result goes.
    pub(crate) struct Joinable<F, D> {
        // `None` once it has ended. Emptied *before* the result is handed over (join, I1).
        #[pin]
        future: Option<F>,
        to: D,
    }
}

impl<F: Future, D: Destination<F::Output>> Joinable<F, D> {
    pub(crate) fn new(future: F, to: D) -> Joinable<F, D> {
        Joinable {
            future: Some(future),
            to,
        }
    }
}

impl<F: Future, D: Destination<F::Output>> Work for Joinable<F, D> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let Poll::Ready(output) = future.poll(cx) else {
            return Poll::Pending;
        };
        // A destructor that panics turns the result into a panic, as it would in a thread.
        let result = match caught::catch(|| this.future.set(None)) {
            Ok(()) => Ok(output),
            Err(payload) => {
                caught::drop(output);
                Err(JoinError::panic(Some(this.to.id()), payload))
            }
        };
        this.to.arrive(result);
        Poll::Ready(())
    }

    fn give_up(self: Pin<&mut Self>, why: Why) {
        let mut this = self.project();
        let id = Some(this.to.id());
        let dropped = caught::catch(|| this.future.set(None));
        let error = match (why, dropped) {
            (Why::Aborted, Ok(())) => JoinError::cancelled(id),
            (Why::Panicked(payload), Ok(())) => JoinError::panic(id, payload),
            (Why::Aborted, Err(payload)) => JoinError::panic(id, payload),
            (Why::Panicked(first), Err(second)) => {
                // Two panics, one error: the first is the cause, the second was reported.
                caught::drop_payload(second);
                JoinError::panic(id, first)
            }
        };
        this.to.arrive(Err(error));
    }
}

/// What a slot holds.
pub(super) enum Body {
    /// Nothing; the slot waits to be used again.
    Free,
    /// The future of `block_on`, which lives on `block_on`'s stack.
    Root,
    /// A spawned task.
    Owned(Pin<Box<dyn Work>>),
    /// A child of a scope. Its future lives in the scope, so that it may borrow; to poll it,
    /// the loop notes its `place` in `due` and wakes whoever polls the scope, and the scope
    /// then polls exactly that child.
    Child { place: u32, due: Rc<Due> },
    /// Being polled right now.
    Out,
}

/// What is known of a task besides its future.
pub(super) struct Meta {
    pub(super) id: TaskId,
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) spawned_at: &'static Location<'static>,
    /// What its last poll waits for; kept until a later poll says otherwise.
    pub(super) wait: Option<Wait>,
    /// Taken over from whoever ruled when it was born; rules while it is polled.
    pub(super) heritage: Heritage,
}

/// A place in the slab. Its waker is made once and serves all tasks that live here in turn.
pub(super) struct Slot {
    pub(super) shared: Arc<SlotWaker>,
    /// Made from `shared`. Out together with the future while the task is polled.
    pub(super) waker: Option<Waker>,
    pub(super) generation: u32,
    pub(super) aborted: bool,
    /// It yielded while its key stood in the ready queue: when that is popped, it has to be
    /// set aside first.
    pub(super) set_aside: bool,
    pub(super) body: Body,
    pub(super) meta: Meta,
}
