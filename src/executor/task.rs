//! One task: the future with the place for its result, and the slot it lives in.
//!
//! A task costs two allocations: a `Box` for the future ([`Joinable`]) and an `Rc` for the
//! result ([`JoinCell`]), which must outlive the future. One allocation for both would need
//! either `unsafe` or a result that lives as long as the future's memory.
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
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::inherited::Heritage;
use super::join::JoinCell;
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

/// What the slab knows how to do with a future, whatever it returns.
pub(super) trait Work {
    /// Polls once. A panic of the future comes out.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the future without its having returned, and tells the handle why.
    fn give_up(self: Pin<&mut Self>, why: Why);
}

/// Why a task ends without a result.
pub(super) enum Why {
    Aborted,
    Panicked(Box<dyn Any + Send>),
}

pin_project! {
    /// A future, and where its result goes.
    pub(super) struct Joinable<F: Future> {
        // `None` once it has ended. Emptied *before* the result is handed over (join, I1).
        #[pin]
        future: Option<F>,
        cell: Rc<JoinCell<F::Output>>,
    }
}

impl<F: Future> Joinable<F> {
    pub(super) fn new(future: F, cell: Rc<JoinCell<F::Output>>) -> Joinable<F> {
        Joinable {
            future: Some(future),
            cell,
        }
    }
}

impl<F: Future> Work for Joinable<F> {
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
                Err(JoinError::panic(Some(this.cell.id), payload))
            }
        };
        this.cell.finish(result);
        Poll::Ready(())
    }

    fn give_up(self: Pin<&mut Self>, why: Why) {
        let mut this = self.project();
        let id = Some(this.cell.id);
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
        this.cell.finish(Err(error));
    }
}

/// Where the loop notes which children of one scope are due. Shared with that scope.
pub(crate) type Due = RefCell<VecDeque<TaskKey>>;

/// What a slot holds.
pub(super) enum Body {
    /// Nothing; the slot waits to be used again.
    Free,
    /// The future of `block_on`, which lives on `block_on`'s stack.
    Root,
    /// A spawned task.
    Owned(Pin<Box<dyn Work>>),
    /// A child of a scope. Its future lives in the scope, so that it may borrow; to poll it,
    /// the loop notes it in `due` and polls `owner`, whose scope then polls exactly that child.
    Child { owner: TaskKey, due: Rc<Due> },
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
