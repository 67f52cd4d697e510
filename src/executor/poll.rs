//! One poll: a future that was taken out of the slab meets its context, and what comes of it.
//!
//! ```text
//!                      ┌─ Pending ──► put_back
//!   poll_task ─ poll ──┼─ Ready ────► settle ──► kept for the handle, or freed
//!                      └─ panic ────► drop_future ──► give_up, settle
//! ```
//!
//! All code of the user runs between `start_poll` and the drop of its guard, with nothing
//! borrowed (I1 of [`super`]).

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::inherited::{self, Heritage, Ruled};
use super::task::{TaskKey, Why, Work};
use super::{Executor, Root};
use crate::trace::{self, Event, TaskId};
use crate::{caught, coop};

impl Executor {
    /// Polls one task and puts it back, or ends it. True if it spent its whole budget.
    pub(super) fn poll_task(
        &self,
        key: TaskKey,
        mut work: Pin<Box<dyn Work>>,
        waker: Waker,
    ) -> bool {
        let mut cx = Context::from_waker(&waker);
        let mut poll = || caught::catch(|| work.as_mut().poll(&mut cx));
        let (polled, ended) = match inherited::is_used() {
            false => self.poll_alone(key, &waker, poll),
            true => {
                let polling = self.start_poll(key);
                let polled = poll();
                let spent = polling.is_spent();
                // Who yielded has been set aside by its wake.
                let yielded = false;
                (polled, coop::Ended { spent, yielded })
            }
        };
        // Observers are told when all is in its place again: they may panic.
        match polled {
            Ok(Poll::Pending) => {
                let id = self.put_back(key, work, waker, ended.yielded);
                trace::emit(Event::Polled(id));
            }
            Ok(Poll::Ready(())) => {
                let (id, settled) = self.settle(key, work, Some(waker));
                self.tell(key, id, settled, true);
            }
            Err(payload) => {
                // Its slot gets a new one with the next task: panics are rare.
                drop(waker);
                let (id, settled) = self.drop_future(key, work, Why::Panicked(payload));
                self.tell(key, id, settled, true);
            }
        }
        ended.spent
    }

    /// What a [`Polling`] does around a poll, for the loop: before and after there is no task,
    /// so nothing needs to be kept and put back, and `poll` does not panic.
    #[inline]
    fn poll_alone<R>(
        &self,
        key: TaskKey,
        waker: &Waker,
        mut poll: impl FnMut() -> R,
    ) -> (R, coop::Ended) {
        debug_assert_eq!(self.running.get(), TaskKey::NOBODY);
        self.running.set(key);
        coop::begin(waker);
        let polled = poll();
        let ended = coop::end();
        self.running.set(TaskKey::NOBODY);
        (polled, ended)
    }

    /// Polls the main future. A panic of it goes on through the loop and out of `block_on`.
    pub(super) fn poll_root(&self, key: TaskKey, waker: &Waker, root: Root<'_>) -> (bool, bool) {
        let polling = self.start_poll(key);
        let done = root(&mut Context::from_waker(waker));
        let spent = polling.is_spent();
        drop(polling);
        self.note_wait(key);
        (done, spent)
    }

    pub(super) fn start_poll(&self, key: TaskKey) -> Polling<'_> {
        Polling {
            executor: self,
            former: self.running.replace(key),
            budget: coop::start_poll(),
            _ruled: inherited::is_used().then(|| self.rule_for(key)),
        }
    }

    /// What the task inherited rules from now on, also if that is nothing.
    #[cold]
    fn rule_for(&self, key: TaskKey) -> Ruled {
        let mut core = self.core.borrow_mut();
        let heritage = core
            .tasks
            .get(key)
            .and_then(|slot| slot.meta.heritage.clone());
        drop(core);
        inherited::rule(heritage)
    }

    /// Back into its slot, to be woken; or in line at once, if it yielded.
    fn put_back(
        &self,
        key: TaskKey,
        work: Pin<Box<dyn Work>>,
        waker: Waker,
        yielded: bool,
    ) -> TaskId {
        let wait = trace::take_wait();
        let mut borrowed = self.core.borrow_mut();
        let core = &mut *borrowed;
        let slot = core.tasks.get(key).expect("a polled task keeps its slot");
        slot.put(work);
        slot.waker = Some(waker);
        if wait.is_some() {
            slot.meta.wait = wait;
        }
        let id = slot.meta.id;
        if !yielded {
            return id;
        }
        // I2
        if !slot.shared.queued.queue_here() {
            // Woken besides, in this very poll: it is among those who yielded, or in the ready
            // queue, from where it goes on to them.
            slot.set_aside = core.yielded.last() != Some(&key);
            return id;
        }
        core.yielded.push(key);
        drop(borrowed);
        trace::emit(Event::Woken);
        id
    }

    /// Ends a task that was aborted, or whose loop ends.
    pub(super) fn end_task(&self, key: TaskKey, work: Pin<Box<dyn Work>>, why: Why) {
        let (id, settled) = self.drop_future(key, work, why);
        self.tell(key, id, settled, false);
    }

    /// Drops a future that has not returned.
    fn drop_future(
        &self,
        key: TaskKey,
        mut work: Pin<Box<dyn Work>>,
        why: Why,
    ) -> (TaskId, Settled) {
        // In this task's name: a destructor may ask which task it runs in.
        let _polling = self.start_poll(key);
        work.as_mut().give_up(why);
        self.settle(key, work, None)
    }

    /// A task has ended, and its future is gone. Keeps the result for the handle; or drops it,
    /// still in the task's name, if nobody will ever ask. The task's waker, if it is out, goes
    /// back into the slot for the next one.
    fn settle(
        &self,
        key: TaskKey,
        work: Pin<Box<dyn Work>>,
        waker: Option<Waker>,
    ) -> (TaskId, Settled) {
        let mut core = self.core.borrow_mut();
        let slot = core.tasks.get(key).expect("a task that ends has its slot");
        if let Some(waker) = waker {
            slot.waker = Some(waker);
        }
        let id = slot.meta.id;
        if slot.joined {
            let (joiner, heritage) = core.tasks.end(key, work);
            return (id, Settled::Kept { joiner, heritage });
        }
        drop(core);
        // The result is the user's value and may panic (trap 60), or ask which task this is.
        let _polling = self.start_poll(key);
        caught::drop(work);
        (id, Settled::Unwanted)
    }

    /// The task runs no more: whoever awaits the handle is woken, and observers hear of it.
    fn tell(&self, key: TaskKey, id: TaskId, settled: Settled, polled: bool) {
        match settled {
            Settled::Kept { joiner, heritage } => {
                trace::take_wait();
                if heritage.is_some() {
                    caught::drop(heritage); // values of the user's, as in `free`
                }
                if let Some(joiner) = joiner {
                    caught::wake(joiner);
                }
            }
            Settled::Unwanted => self.free(key),
        }
        if polled {
            trace::emit(Event::Polled(id));
        }
        trace::emit(Event::Ended(id));
    }

    /// Frees a slot that holds no future any more.
    pub(super) fn free(&self, key: TaskKey) {
        let removed = self.core.borrow_mut().tasks.remove(key);
        if let Some((_, Some(heritage))) = removed {
            caught::drop(heritage); // values of the user's, if it is the last to hold them
        }
        trace::take_wait();
    }

    pub(super) fn note_wait(&self, key: TaskKey) {
        let wait = trace::take_wait();
        let mut core = self.core.borrow_mut();
        let Some(slot) = core.tasks.get(key) else {
            return;
        };
        let id = slot.meta.id;
        if wait.is_some() {
            slot.meta.wait = wait;
        }
        drop(core);
        trace::emit(Event::Polled(id));
    }
}

/// What became of a task that has ended.
enum Settled {
    /// It stays in its slot for the handle, which `joiner` awaits.
    Kept {
        joiner: Option<Waker>,
        heritage: Heritage,
    },
    /// It is gone, and its slot is to be freed.
    Unwanted,
}

/// While this lives, a task is being polled: it is the running one and has a budget. Both are
/// put back when it goes, also by a panic.
pub(super) struct Polling<'a> {
    executor: &'a Executor,
    former: TaskKey,
    budget: coop::PollBudget,
    _ruled: Option<Ruled>,
}

impl Polling<'_> {
    pub(super) fn is_spent(&self) -> bool {
        self.budget.is_spent()
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.executor.running.set(self.former);
    }
}
