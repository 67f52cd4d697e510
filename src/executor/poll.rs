//! One poll: a future that was taken out of the slab meets its context, and what comes of it.
//!
//! ```text
//!                      ┌─ Pending ──► put_back
//!   poll_task ─ poll ──┼─ Ready ────► free
//!                      └─ panic ────► drop_future ──► give_up, free
//! ```
//!
//! All code of the user runs between `start_poll` and the drop of its guard, with nothing
//! borrowed (I1 of [`super`]).

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::inherited::{self, Ruled};
use super::task::{Body, TaskKey, Why, Work};
use super::{Executor, Root};
use crate::trace::{self, Event, TaskId};
use crate::{caught, coop};

impl Executor {
    /// Polls one task and puts it back, or ends it. True if it spent its whole budget.
    pub(super) fn poll_task(
        &self,
        key: TaskKey,
        id: TaskId,
        mut work: Pin<Box<dyn Work>>,
        waker: Waker,
    ) -> bool {
        let mut cx = Context::from_waker(&waker);
        let polling = self.start_poll(key);
        let polled = caught::catch(|| work.as_mut().poll(&mut cx));
        let spent = polling.is_spent();
        drop(polling);
        // Observers are told when all is in its place again: they may panic.
        match polled {
            Ok(Poll::Pending) => {
                self.put_back(key, work, waker);
                trace::emit(Event::Polled(id));
            }
            Ok(Poll::Ready(())) => {
                self.free(key, Some(waker));
                trace::emit(Event::Polled(id));
                trace::emit(Event::Ended(id));
            }
            Err(payload) => {
                // Its slot gets a new one with the next task: panics are rare.
                drop(waker);
                self.drop_future(key, work, Why::Panicked(payload));
                trace::emit(Event::Polled(id));
                trace::emit(Event::Ended(id));
            }
        }
        spent
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
            former: self.running.replace(Some(key)),
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

    /// Back into its slot, to be woken.
    pub(super) fn put_back(&self, key: TaskKey, work: Pin<Box<dyn Work>>, waker: Waker) {
        let wait = trace::take_wait();
        let mut core = self.core.borrow_mut();
        let slot = core.tasks.get(key).expect("a polled task keeps its slot");
        debug_assert!(matches!(slot.body, Body::Out));
        slot.body = Body::Owned(work);
        slot.waker = Some(waker);
        if wait.is_some() {
            slot.meta.wait = wait;
        }
    }

    /// Ends a task that was aborted, or whose loop ends.
    pub(super) fn end_task(&self, key: TaskKey, work: Pin<Box<dyn Work>>, why: Why) {
        let id = self.id_of(key);
        self.drop_future(key, work, why);
        trace::emit(Event::Ended(id));
    }

    /// Drops a future that has not returned, and frees its slot.
    fn drop_future(&self, key: TaskKey, mut work: Pin<Box<dyn Work>>, why: Why) {
        // In this task's name: a destructor may ask which task it runs in.
        let polling = self.start_poll(key);
        work.as_mut().give_up(why);
        drop(polling);
        self.free(key, None);
        caught::drop(work);
    }

    /// Frees a slot; the waker goes back into it, for the next task.
    pub(super) fn free(&self, key: TaskKey, waker: Option<Waker>) {
        let mut core = self.core.borrow_mut();
        if let (Some(slot), Some(waker)) = (core.tasks.get(key), waker) {
            slot.waker = Some(waker);
        }
        let removed = core.tasks.remove(key);
        drop(core);
        debug_assert!(
            !matches!(removed, Some((Body::Owned(_), _))),
            "its future was dropped before"
        );
        if let Some((_, Some(heritage))) = removed {
            caught::drop(heritage); // values of the user's, if it is the last to hold them
        }
        trace::take_wait();
    }

    pub(super) fn id_of(&self, key: TaskKey) -> TaskId {
        let mut core = self.core.borrow_mut();
        core.tasks.get(key).expect("alive").meta.id
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

/// While this lives, a task is being polled: it is the running one and has a budget. Both are
/// put back when it goes, also by a panic.
pub(super) struct Polling<'a> {
    executor: &'a Executor,
    former: Option<TaskKey>,
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
