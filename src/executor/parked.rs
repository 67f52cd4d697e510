//! One who waits for something that stays on this thread: a task of ours by its name, anybody
//! else by a waker.
//!
//! Law: a waker may travel to other threads, so to clone it and to drop it are two atomic
//! operations, and to call it is a call through a table. Consequence: a channel or a lock that
//! never leaves the thread would pay, at each wait, for what it cannot do. Choice: if the waker at
//! hand is that of the task that is being polled, its key is noted. Whatever else stands in a
//! context (the waker of a combinator, of a child of a scope, of another runtime, a test's; and on a
//! thread that has used task-locals, that of any spawned task) is cloned, as ever. Price: two
//! kinds of waiting, here and among the timers, which may not know this file (`timers/waiter.rs`).
//!
//! A key may have gone stale by the time of the wake, as that in a waker may: the loop looks
//! before it believes. Nor does it say whose loop: ids of tasks are unique in the process, and the
//! key holds half of one, so the other loops of this thread do not know it (unless 4,294,967,296
//! tasks lie between, and the slot is the same). The loop that runs is asked first, and nearly
//! always it is the one.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};

use super::task::TaskKey;
use super::wake::Woke;
use super::{CURRENT, Executor};
use crate::coop::{self, Name};
use crate::trace::{self, Event};
use crate::{caught, current};

thread_local! {
    /// How many wait by name, for `testing::ledger`.
    static NAMED: Cell<usize> = const { Cell::new(0) };
    /// The loops of this thread, also those that are not running now.
    static LOOPS: RefCell<Vec<Weak<Executor>>> = const { RefCell::new(Vec::new()) };
}

/// How many wait by name, on this thread.
pub(super) fn named() -> usize {
    NAMED.get()
}

/// From now on, `executor` is asked for names that the running loop does not know.
pub(super) fn introduce(executor: &Rc<Executor>) {
    // While a thread ends, its locals may be gone: then nobody waits here for long.
    let _ = LOOPS.try_with(|loops| {
        let mut loops = loops.borrow_mut();
        loops.retain(|known| known.strong_count() > 0);
        loops.push(Rc::downgrade(executor));
    });
}

/// Stands for a name where one waits by a waker. No task has it: no slab has so many slots.
const STRANGER: Name = Name::MAX;

/// One who is to be woken, from this thread; or nobody.
///
/// A word that says who, and a waker that is looked at only if the word says so: no enum, because
/// that would be written to memory in parts and read back as a whole, and for that a processor
/// waits (5 ns each time: as much as was to be saved).
#[derive(Default)]
pub(crate) struct Parked {
    /// Its name; [`STRANGER`] if it waits by `waker`.
    who: Option<Name>,
    waker: Option<Waker>,
}

impl Parked {
    /// Whoever is polled with `cx`. May run a stranger's `clone`.
    #[inline]
    pub(crate) fn new(cx: &Context<'_>) -> Parked {
        match coop::polled(cx) {
            Some(name) => Parked::by_name(name),
            None => Parked::by_waker(cx.waker().clone()),
        }
    }

    /// A task of this thread: it runs nobody's code to make this, or to drop it.
    #[inline]
    pub(crate) fn by_name(name: Name) -> Parked {
        NAMED.set(NAMED.get() + 1);
        Parked {
            who: Some(name),
            waker: None,
        }
    }

    /// One who is to be woken by a waker, whosever it is, from any thread.
    pub(crate) fn by_waker(waker: Waker) -> Parked {
        Parked {
            who: Some(STRANGER),
            waker: Some(waker),
        }
    }

    #[inline]
    pub(crate) fn is_nobody(&self) -> bool {
        self.who.is_none()
    }

    /// Leaves nobody.
    #[inline]
    pub(crate) fn take(&mut self) -> Parked {
        let who = self.who.take();
        Parked {
            who,
            waker: match who {
                Some(STRANGER) => self.waker.take(),
                _ => None,
            },
        }
    }

    /// Puts one where nobody is.
    #[inline]
    pub(crate) fn put(&mut self, mut parked: Parked) {
        debug_assert!(self.is_nobody());
        self.who = parked.who.take();
        if self.who == Some(STRANGER) {
            self.waker = parked.waker.take();
        }
    }

    /// [`take`](Parked::take) for one that lies in parts.
    #[inline]
    pub(super) fn take_from(who: &Cell<Option<Name>>, waker: &Cell<Option<Waker>>) -> Parked {
        let who = who.take();
        Parked {
            who,
            waker: match who {
                Some(STRANGER) => waker.take(),
                _ => None,
            },
        }
    }

    /// [`put`](Parked::put), likewise.
    #[inline]
    pub(super) fn put_into(mut self, who: &Cell<Option<Name>>, waker: &Cell<Option<Waker>>) {
        who.set(self.who);
        if self.who.take() == Some(STRANGER) {
            waker.set(self.waker.take());
        }
    }

    /// Changes the waker of one who waits by one.
    pub(crate) fn swap_waker(&mut self, fresh: &mut Option<Waker>) {
        debug_assert_eq!(self.who, Some(STRANGER));
        std::mem::swap(&mut self.waker, fresh);
    }

    /// Would [`wake`](Parked::wake) do what the waker of `cx` does?
    #[inline]
    pub(crate) fn will_wake(&self, cx: &Context<'_>) -> bool {
        match &self.waker {
            Some(waker) => waker.will_wake(cx.waker()),
            None => self.who.is_some() && self.who == coop::polled(cx),
        }
    }

    /// Wakes it. May run a stranger's `wake`, which may panic.
    #[inline(always)] // or it goes through memory
    pub(crate) fn wake(mut self) {
        match self.who.take() {
            None => {}
            Some(STRANGER) => self.waker.take().into_iter().for_each(Waker::wake),
            Some(name) => {
                NAMED.set(NAMED.get() - 1);
                wake_named(name);
            }
        }
    }

    /// Wakes it; a panic in a hand-made waker ends here.
    #[inline(always)]
    pub(crate) fn wake_caught(mut self) {
        match self.who.take() {
            None => {}
            Some(STRANGER) => self.waker.take().into_iter().for_each(caught::wake),
            Some(name) => {
                NAMED.set(NAMED.get() - 1);
                wake_named(name);
            }
        }
    }
}

impl Drop for Parked {
    #[inline]
    fn drop(&mut self) {
        if self.who.is_some_and(|who| who != STRANGER) {
            NAMED.set(NAMED.get() - 1);
        }
    }
}

/// Wakes a task of this thread.
#[inline(never)] // once, for all
pub(crate) fn wake_named(name: Name) {
    let key = TaskKey::named(name);
    match current::with(&CURRENT, |executor| executor.queue(key)) {
        Some(Woke::Queued) => trace::emit(Event::Woken),
        Some(Woke::Already) => {}
        None | Some(Woke::Nobody | Woke::NotHere) => wake_elsewhere(key),
    }
}

/// The task has ended, or is one of a loop of this thread that is not running, or not innermost.
#[cold]
fn wake_elsewhere(key: TaskKey) {
    let _ = LOOPS.try_with(|loops| {
        let loops = loops.borrow();
        let mut loops = loops.iter().filter_map(Weak::upgrade);
        loops.any(|executor| executor.post_named(key))
    });
}

impl fmt::Debug for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.who, &self.waker) {
            (None, _) => f.write_str("Parked(nobody)"),
            (_, Some(waker)) => write!(f, "Parked({waker:?})"),
            (Some(name), None) => write!(f, "Parked({:?})", TaskKey::named(name)),
        }
    }
}
