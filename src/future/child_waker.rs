//! A waker for each of many children of one future, so that only those are polled which were
//! woken.
//!
//! Law: a `Waker` says *that* somebody is to be polled, and to tell children apart each needs one
//! of its own. A parent that lends all of them its own waker has to poll a thousand children
//! because one was woken: a square, if they are woken one by one. Consequence: an `Arc` for each
//! child, with its index. Choice: to wake a child is to push its index into the list of the
//! woken, under a lock that nobody ever contends on one thread, and then to wake the parent, but
//! only the first time since the parent was polled. Price: some memory and one more step for
//! each wake; for a handful of children it costs more than it saves, see `children`.
//!
//! ```text
//!   child's waker ── wake ──▶ queued? ──no──▶ [woken: 3, 7, …] ──first──▶ parent's waker
//!                                                    │
//!                               begin: takes them all ──▶ polled in the order of their wakes
//! ```
//!
//! I1: `queued` is true for exactly the children whose index is in `woken`, or in the batch that
//! `begin` took out of it. It comes down *before* the poll, so a wake meanwhile counts.
//! I2: while the parent is parked and a child is in `woken`, the parent has been woken: its waker
//! is taken, not cloned, by the first who pushes.
//! I3: no waker is cloned, called or dropped under the lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

use crate::coop;

/// The wakers of all children, and who of them was woken.
pub(super) struct ChildWakers {
    shared: Arc<Shared>,
    children: Vec<(Arc<Child>, Waker)>,
}

/// What the wakers reach.
struct Shared {
    state: Mutex<State>,
}

struct State {
    /// I1. In the order of their wakes.
    woken: Vec<u32>,
    /// Set by `begin`, taken by the first wake after it (I2).
    parent: Option<Waker>,
    /// A child yielded, after the parent had been woken for another reason.
    yielded: bool,
}

/// What is behind the waker of one child.
struct Child {
    shared: Arc<Shared>,
    index: u32,
    queued: AtomicBool,
}

impl ChildWakers {
    /// All of them are woken to begin with.
    pub(super) fn new(children: u32) -> ChildWakers {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                woken: (0..children).collect(),
                parent: None,
                yielded: false,
            }),
        });
        let child = |index| {
            let child = Arc::new(Child {
                shared: shared.clone(),
                index,
                queued: AtomicBool::new(true),
            });
            (child.clone(), Waker::from(child))
        };
        ChildWakers {
            children: (0..children).map(child).collect(),
            shared,
        }
    }

    /// A poll of the parent begins: adds to `batch` who was woken. From now on a wake reaches
    /// the waker of `cx` (trap 13).
    pub(super) fn begin(&self, cx: &Context<'_>, batch: &mut Vec<u32>) {
        let mut fresh = Some(cx.waker().clone());
        let mut state = self.shared.lock();
        std::mem::swap(&mut state.parent, &mut fresh);
        if batch.is_empty() {
            std::mem::swap(&mut state.woken, batch);
        } else {
            batch.append(&mut state.woken);
        }
        drop(state);
        drop(fresh); // I3
    }

    /// The waker with which a child of the batch is to be polled now.
    #[inline]
    pub(super) fn take(&self, index: u32) -> &Waker {
        let (child, waker) = &self.children[index as usize];
        // I1. A swap, not a store: it acquires what was done before a wake that found the flag up.
        child.queued.swap(false, Ordering::AcqRel);
        waker
    }

    /// The poll of the parent ends without a result.
    pub(super) fn end(&self, cx: &mut Context<'_>) {
        let yielded = std::mem::replace(&mut self.shared.lock().yielded, false);
        if yielded {
            coop::wake_after_kernel(cx);
        }
    }
}

impl Shared {
    /// Nothing of the user's runs under this lock, so it is never poisoned.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Child {
    fn wake(self: Arc<Child>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Child>) {
        let yields = coop::is_yielding();
        let queued = self.queued.swap(true, Ordering::AcqRel);
        if queued && !yields {
            return;
        }
        let mut state = self.shared.lock();
        if !queued {
            state.woken.push(self.index);
        }
        let parent = state.parent.take(); // I2
        state.yielded |= yields && parent.is_none();
        drop(state);
        if let Some(parent) = parent {
            parent.wake();
        }
    }
}

/// The parent is gone: its waker must not stay behind with a stranger who keeps a child's.
impl Drop for ChildWakers {
    fn drop(&mut self) {
        let parent = self.shared.lock().parent.take();
        drop(parent);
    }
}
