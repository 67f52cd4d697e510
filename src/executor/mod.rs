//! The executor: which tasks there are, which of them are ready, and polling those.
//!
//! It makes wakers and calls futures. It knows nothing of sockets, timers or threads: to be
//! heard while the loop sleeps it holds one waker, given to it, that interrupts the sleep.
//! [`runtime`](crate::runtime) calls `take_mail`, `run_ready` and `release_yielded` once a
//! turn, and asks around its sleep whether anybody is ready; nearly everything else is called by
//! tasks. Who stays on this thread may wait by its key alone: [`parked`].
//!
//! ```text
//!             wake() here                   run_ready: pop, poll
//!   parked ──────────────────► ready queue ──────────────────────► polled ──► parked, or ended
//!     │                          ▲      ▲                             │
//!     │ wake() elsewhere         │      │ release_yielded             │ yields
//!     └────────► inbox ──────────┘      └────────── set aside ◄───────┘
//!                    take_mail                      (until the kernel was visited)
//! ```
//!
//! Law: a waker may be called at any time, also by the task that is being polled, also from a
//! destructor, also for a task that has ended. Consequence: `wake` puts a key into a queue (and
//! rings, if the loop sleeps); it never polls or drops a task (traps 8 and 9).
//!
//! I1: no code of the user runs while `core` is borrowed: not poll, not drop, not a waker's
//! wake, clone or drop.
//! I2: whoever sets the flag `queued` of a slot adds the task's key to `ready` or `yielded`, once;
//! the flag comes down when the key is popped. (Who is polled because a child of its scope is due
//! may stand in line besides: its key stays there, and the flag up.)
//! I3: a task that is woken while it is polled is polled again.

mod queued;
mod inbox;
mod waker;
mod parked;
mod waker_cell;
mod abort;
mod join;
mod inherited;
mod task;
mod slab;
mod birth;
mod child;
mod wake;
mod poll;
mod info;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::current::{self, Current, Entered};

pub use abort::AbortHandle;
pub(crate) use birth::RootSlot;
pub(crate) use child::Due;
pub use info::TaskInfo;
pub(crate) use inherited::{Heritage, heritage, rule, rule_nothing};
pub(crate) use join::JoinCell;
pub use join::JoinHandle;
pub(crate) use parked::{Parked, wake_named};
pub(crate) use task::{Destination, Joinable, TaskKey, Why, Work};
pub(crate) use waker::Remote;
pub(crate) use waker_cell::WakerCell;

use slab::TaskSlab;
use task::Body;

thread_local! {
    static CURRENT: Current<Executor> = const { Current::new() };
}

/// What arrives from other threads.
enum Mail {
    /// A task was woken.
    Wake(TaskKey),
    /// A task is to be aborted.
    Abort(TaskKey),
    /// Work that is to be started here.
    Run(Box<dyn FnOnce() + Send>),
}

/// How a batch of polls ended.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Ran {
    /// The main future is ready.
    RootDone,
    /// The batch is spent, or nobody is ready.
    Enough,
}

/// All tasks of one loop.
pub(crate) struct Executor {
    core: RefCell<Core>,
    remote: Arc<Remote>,
    /// The task whose `poll` is on the stack, or [`TaskKey::NOBODY`].
    running: Cell<TaskKey>,
    /// After this, new tasks are dropped unpolled.
    closed: Cell<bool>,
    /// Reused for every reading of the inbox.
    mail: Cell<Vec<Mail>>,
}

struct Core {
    tasks: TaskSlab,
    /// Woken, in this order. May hold stale keys: the slab tells.
    ready: VecDeque<TaskKey>,
    /// Woken by their own yielding: not before the kernel was visited (trap 29).
    yielded: VecDeque<TaskKey>,
}

/// A key from the ready queue.
enum Popped {
    Nobody,
    /// Of a task that is to be polled.
    Task(TaskKey, Pin<Box<dyn Work>>, Waker),
    /// Of something else: see [`Next`].
    Other(TaskKey),
}

/// What to do with a key from the ready queue that is not that of a task to be polled.
enum Next {
    Nothing,
    Root(TaskKey),
    /// It was that of a child: the task that polls its scope is polled now.
    Owner(TaskKey, Pin<Box<dyn Work>>, Waker),
    Abort(TaskKey, Pin<Box<dyn Work>>),
}

/// The main future, as `run_ready` sees it: true when it is done.
pub(crate) type Root<'a> = &'a mut dyn FnMut(&mut Context<'_>) -> bool;

impl Executor {
    /// `interrupt` is called from other threads when the loop sleeps and there is mail.
    pub(crate) fn new(interrupt: Waker) -> Rc<Executor> {
        let executor = Rc::new(Executor {
            core: RefCell::new(Core {
                tasks: TaskSlab::new(),
                ready: VecDeque::new(),
                yielded: VecDeque::new(),
            }),
            remote: Arc::new(Remote::new(interrupt)),
            running: Cell::new(TaskKey::NOBODY),
            closed: Cell::new(false),
            mail: Cell::new(Vec::new()),
        });
        parked::introduce(&executor);
        executor
    }

    /// Polls ready tasks in the order in which they were woken: at most `limit` polls, and no
    /// more once one of them has used up its budget (it took long; the kernel gets its turn).
    pub(crate) fn run_ready(&self, limit: u32, root: (&Waker, Root<'_>)) -> Ran {
        let (root_waker, root) = root;
        let mut polls = 0;
        while polls < limit {
            // Nearly every one is a task to be polled: that is looked for first.
            let spent = match self.pop() {
                Popped::Nobody => return Ran::Enough,
                Popped::Task(key, work, waker) => self.poll_task(key, work, waker),
                Popped::Other(key) => match self.next(key) {
                    Next::Nothing => continue,
                    Next::Owner(key, work, waker) => self.poll_owner(key, work, waker),
                    Next::Root(key) => {
                        let (done, spent) = self.poll_root(key, root_waker, root);
                        if done {
                            return Ran::RootDone;
                        }
                        spent
                    }
                    Next::Abort(key, work) => {
                        self.end_task(key, work, Why::Aborted);
                        false
                    }
                },
            };
            polls += 1;
            if spent {
                return Ran::Enough;
            }
        }
        Ran::Enough
    }

    /// Takes the next key; and with it the task's future and waker out of their slot, if there
    /// is nothing to do but to poll it.
    #[inline]
    fn pop(&self) -> Popped {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(key) = core.ready.pop_front() else {
            return Popped::Nobody;
        };
        let Some(slot) = core.tasks.get(key) else {
            return Popped::Other(key);
        };
        // (One branch for the two flags, which stand side by side.)
        if !matches!(slot.body, Body::Task) || slot.aborted | slot.set_aside {
            return Popped::Other(key);
        }
        let work = slot.work.take().expect("in its slot while nobody polls");
        slot.queued = false;
        let waker = match slot.waker.take() {
            Some(waker) => waker,
            None => core.tasks.lend(&self.remote, key),
        };
        Popped::Task(key, work, waker)
    }

    /// What is to be done with a key that was popped, other than to poll its future at once.
    #[cold]
    fn next(&self, key: TaskKey) -> Next {
        if !self.leave_line(key) {
            return Next::Nothing;
        }
        let mut key = key;
        while let Some((place, due)) = self.as_child(key) {
            // Its scope's turn, in its place in line; and that may be a child, too.
            match self.note_due(key, place, &due) {
                Some(owner) => key = owner,
                None => return Next::Nothing,
            }
        }
        self.take(key)
    }

    /// A key was popped. False if it is only set aside, or finds nobody.
    fn leave_line(&self, key: TaskKey) -> bool {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(slot) = core.tasks.get(key) else {
            return false; // it ended while its key was in the queue
        };
        if std::mem::replace(&mut slot.set_aside, false) {
            core.yielded.push_back(key); // still queued: only its place is another
            return false;
        }
        slot.queued = false;
        true
    }

    /// Takes a task to be polled, or to be ended, out of its slot. The flag `queued` stays: of an
    /// owner whose child is due, the key may stand in line (I2).
    fn take(&self, key: TaskKey) -> Next {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(slot) = core.tasks.get(key) else {
            return Next::Nothing; // an owner that has ended
        };
        match slot.body {
            Body::Root => return Next::Root(key),
            Body::Task => {}
            Body::Ended => return Next::Nothing, // an abort that came too late
            Body::Child { .. } => unreachable!("`next` has gone on to its owner"),
            Body::Free => unreachable!("`get` finds none that is free"),
        }
        let work = slot.work.take().expect("in its slot while nobody polls");
        if slot.aborted {
            return Next::Abort(key, work);
        }
        let waker = slot.waker.take();
        let waker = waker.unwrap_or_else(|| core.tasks.lend(&self.remote, key));
        Next::Owner(key, work, waker)
    }
}

/// Makes `executor` the one that `spawn` and wakers find on this thread.
pub(crate) fn enter(executor: Rc<Executor>) -> Entered<Executor> {
    current::enter(&CURRENT, executor)
}

/// The executor whose loop this thread is inside of, if any.
pub(crate) fn current() -> Option<Rc<Executor>> {
    current::get(&CURRENT)
}
