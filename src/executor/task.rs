//! One task: the future with the place that its result goes to, and the slot it lives in.
//!
//! A task costs one allocation, a `Box` for [`Joinable`]. A result that a handle waits for stays
//! in there beside the emptied place of the future, until the handle fetches it. Price: the
//! memory of a future stays as long as its result is wanted. (A place of its own for the
//! result would cost every task what only a big future with a patient handle gains.)
//!
//! ```text
//!            spawn               popped                  Pending
//!   Free ───────────► Task ────────────────► out ───────────────────► Task
//!    ▲                  │                     │
//!    │                  │ aborted             │ Ready, or a panic
//!    │                  ▼                     ▼
//!    ├─────────────── the future is dropped: is there a handle? ──► Ended
//!    │                                     no                         │
//!    └────────────────────────────────────────────────────────────────┘
//!                                              the handle is polled, or dropped
//! ```
//!
//! While a task is polled its future is *out* of the slab, so that no borrow is held while
//! code of the user runs.

use std::any::Any;
use std::borrow::Cow;
use std::cell::Cell;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::child::Due;
use super::inherited::{self, Heritage};
use super::waker::SlotWaker;
use crate::caught;
use crate::coop::Name;
use crate::join_error::JoinError;
use crate::trace::{TaskId, Wait, WaitKind};

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

    /// The key in one word, for `coop` and for who waits.
    #[inline]
    pub(super) fn name(self) -> Name {
        let word = (u64::from(self.index) + 1) << 32 | u64::from(self.generation);
        Name::new(word).expect("no slot has the index of `NOBODY`")
    }

    #[inline]
    pub(super) fn named(name: Name) -> TaskKey {
        TaskKey {
            index: ((name.get() >> 32) as u32).wrapping_sub(1),
            generation: name.get() as u32,
        }
    }
}

/// What the slab knows how to do with a future, whatever it returns.
pub(crate) trait Work {
    /// Polls once. A panic of the future comes out.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the future without its having returned, and tells the handle why.
    fn give_up(self: Pin<&mut Self>, why: Why);
    /// Moves a result that was [`Kept`] into `into`, an `Option<Result<T, JoinError>>` for the
    /// `T` of the handle.
    fn hand_over(&self, into: &mut dyn Any);
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
    /// See [`Work::hand_over`]: only where results are kept.
    fn hand_over(&self, _into: &mut dyn Any) {
        unreachable!("the result went elsewhere when it arrived")
    }
}

/// The destination of an ordinary task: here, until its handle asks.
pub(super) struct Kept<T> {
    id: TaskId,
    result: Cell<Option<Result<T, JoinError>>>,
}

impl<T> Kept<T> {
    pub(super) fn new(id: TaskId) -> Kept<T> {
        let result = Cell::new(None);
        Kept { id, result }
    }
}

impl<T: 'static> Destination<T> for Kept<T> {
    fn id(&self) -> TaskId {
        self.id
    }

    fn arrive(&self, result: Result<T, JoinError>) {
        let former = self.result.replace(Some(result));
        debug_assert!(former.is_none(), "called once");
    }

    fn hand_over(&self, into: &mut dyn Any) {
        let into: &mut Option<Result<T, JoinError>> =
            into.downcast_mut().expect("the task of this very handle");
        *into = self.result.take();
    }
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

    fn hand_over(&self, into: &mut dyn Any) {
        self.to.hand_over(into);
    }
}

/// What lives in a slot.
pub(super) enum Body {
    /// Nothing; the slot waits to be used again.
    Free,
    /// The future of `block_on`, which lives on `block_on`'s stack.
    Root,
    /// A spawned task. Its future is in [`Slot::work`], or out.
    Task,
    /// A child of a scope. Its future lives in the scope, so that it may borrow; to poll it,
    /// the loop notes its `place` in `due` and wakes whoever polls the scope, and the scope
    /// then polls exactly that child.
    Child { place: u32, due: Rc<Due> },
    /// A spawned task that has ended; its handle has not fetched the result, which is in
    /// [`Slot::work`].
    Ended,
}

/// What few tasks have, apart, so that the slots of all the others are small. Price: one
/// allocation more for those that have it.
pub(super) struct Extra {
    pub(super) name: Option<Cow<'static, str>>,
    /// Taken over from whoever ruled when it was born; rules while it is polled.
    pub(super) heritage: Heritage,
}

impl Extra {
    /// For a task that is born now.
    #[inline]
    pub(super) fn of(name: Option<Cow<'static, str>>) -> Option<Box<Extra>> {
        if name.is_none() && !inherited::is_used() {
            return None;
        }
        let heritage = inherited::heritage();
        Some(Box::new(Extra { name, heritage }))
    }
}

/// A place in the slab: 120 bytes, since each step in a task's life comes by here.
pub(super) struct Slot {
    /// The future of a task, or the result of one that has ended. `None` while it is polled.
    pub(super) work: Option<Pin<Box<dyn Work>>>,
    /// Made from `shared`. Out while the task is polled; a child's is with its scope until it ends.
    pub(super) waker: Option<Waker>,
    /// Behind every waker of the task. `None` until a poll has left a clone of the waker it was
    /// lent: see [`TaskSlab`](super::slab::TaskSlab).
    pub(super) shared: Option<Arc<SlotWaker>>,
    /// Its low half serves as generation, see [`Slot::generation`].
    pub(super) id: TaskId,
    pub(super) body: Body,
    /// Who awaits the handle. Set by its polls, taken when the task ends.
    pub(super) joiner: Option<Waker>,
    pub(super) aborted: bool,
    /// A [`JoinHandle`](super::JoinHandle) exists, and wants the result that is kept.
    pub(super) joined: bool,
    /// It yielded while its key stood in the ready queue: when that is popped, it has to be
    /// set aside first.
    pub(super) set_aside: bool,
    /// Is its key in the ready queue, or among those who yielded? See [`queued`](super::queued).
    pub(super) queued: bool,
    /// What its last poll waits for; kept until a later poll says otherwise. In two parts, which
    /// takes less room: see [`Slot::wait`].
    wait_kind: Option<WaitKind>,
    wait_for: (u64, &'static Location<'static>),
    pub(super) extra: Option<Box<Extra>>,
    pub(super) spawned_at: &'static Location<'static>,
}

impl Slot {
    /// For a spawned task, unless its `body` is changed.
    #[inline]
    pub(super) fn new(id: TaskId, spawned_at: &'static Location<'static>) -> Slot {
        Slot {
            work: None,
            waker: None,
            shared: None,
            id,
            body: Body::Task,
            joiner: None,
            aborted: false,
            joined: false,
            set_aside: false,
            queued: false,
            wait_kind: None,
            wait_for: (0, spawned_at),
            extra: None,
            spawned_at,
        }
    }

    /// Ids only grow, and the same low half comes back to the same slot only 4,294,967,296
    /// tasks later.
    pub(super) fn generation(&self) -> u32 {
        self.id.0 as u32
    }

    /// True if the caller now has to put the key into the ready queue.
    #[inline]
    pub(super) fn queue(&mut self) -> bool {
        !std::mem::replace(&mut self.queued, true)
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.extra.as_ref()?.name.as_deref()
    }

    pub(super) fn heritage(&self) -> Heritage {
        self.extra.as_ref()?.heritage.clone()
    }

    /// What its last poll waits for.
    pub(super) fn wait(&self) -> Option<Wait> {
        let (resource, at) = self.wait_for;
        self.wait_kind.map(|kind| Wait { kind, resource, at })
    }

    #[inline]
    pub(super) fn set_wait(&mut self, wait: Option<Wait>) {
        self.wait_kind = wait.map(|wait| wait.kind);
        if let Some(wait) = wait {
            self.wait_for = (wait.resource, wait.at);
        }
    }
}

/// Puts something back into the place out of which it was taken.
#[inline]
pub(super) fn put<T>(place: &mut Option<T>, value: T) {
    let empty = place.replace(value);
    debug_assert!(empty.is_none());
    // It holds nothing, and to drop it would be a call for each poll.
    std::mem::forget(empty);
}
