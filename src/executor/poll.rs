//! One poll: a future that was taken out of the slab meets its context, and what comes of it.
//!
//! ```text
//!                      ┌─ Pending ──► put_back
//!   poll_task ─ poll ──┼─ Ready ────► finish ──► kept for the handle, or freed
//!                      └─ panic ────► give_up, finish
//! ```
//!
//! Polls and drops of futures run within `poll_alone` or a [`Polling`], under the task's name.
//! Everything of the user's, those or not, runs with nothing borrowed (I1 of [`super`]).

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::inherited::{self, Ruled};
use super::task::{TaskKey, Why, Work};
use super::{Executor, Root};
use crate::trace::{self, Event, TaskId};
use crate::{caught, coop};

impl Executor {
    /// Polls one task and puts it back, or ends it. True if it spent its whole budget.
    #[inline(always)] // or 35 instructions more for each poll, as it has two callers
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
            Ok(Poll::Ready(())) => self.finish(key, work, Some(waker), true),
            Err(payload) => {
                self.give_up(key, work.as_mut(), Why::Panicked(payload));
                self.finish(key, work, Some(waker), true);
            }
        }
        ended.spent
    }

    /// [`poll_task`](Executor::poll_task), for one whose child is due.
    #[cold]
    pub(super) fn poll_owner(&self, key: TaskKey, work: Pin<Box<dyn Work>>, waker: Waker) -> bool {
        self.poll_task(key, work, waker)
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
        coop::begin(waker, key.name());
        let polled = poll();
        let ended = coop::end();
        self.running.set(TaskKey::NOBODY);
        (polled, ended)
    }

    /// Polls the main future; true if it is done, and if it spent its whole budget. A panic of it
    /// goes on through the loop and out of `block_on`.
    #[inline(never)] // or the loop has fewer registers for its tasks
    pub(super) fn poll_root(&self, key: TaskKey, waker: &Waker, root: Root<'_>) -> (bool, bool) {
        let polling = self.start_poll(key);
        let named = coop::name(waker, key.name());
        let done = root(&mut Context::from_waker(waker));
        let yielded = named.has_yielded();
        drop(named);
        if yielded && !done {
            coop::wake_after_kernel(&mut Context::from_waker(waker)); // nobody is polled: a wake
        }
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
        let heritage = core.tasks.get(key).and_then(|slot| slot.heritage());
        drop(core);
        inherited::rule(heritage)
    }

    /// Back into its slot, to be woken; or in line at once, if it yielded.
    #[inline(always)] // as `poll_task`
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
        let slot = core.tasks.put_back(key, work, waker);
        if wait.is_some() {
            slot.set_wait(wait);
        }
        let id = slot.id;
        // I2
        let woken = yielded && slot.queue();
        if woken {
            core.yielded.push_back(key);
        } else if yielded {
            // Queued already, as in `queue`.
            slot.set_aside = core.yielded.back() != Some(&key);
        }
        drop(borrowed);
        if woken {
            trace::emit(Event::Woken);
        }
        id
    }

    /// Ends a task that was aborted, or whose loop ends.
    pub(super) fn end_task(&self, key: TaskKey, mut work: Pin<Box<dyn Work>>, why: Why) {
        self.give_up(key, work.as_mut(), why);
        self.finish(key, work, None, false);
    }

    /// Drops a future that has not returned.
    fn give_up(&self, key: TaskKey, work: Pin<&mut dyn Work>, why: Why) {
        // In this task's name: a destructor may ask which task it runs in.
        let _polling = self.start_poll(key);
        work.give_up(why);
    }

    /// A task has ended, and its future is gone. Keeps the result for the handle, and wakes who
    /// awaits that; or drops it, still in the task's name, if nobody will ever ask. The task's
    /// waker, if it is out, goes back. Then observers hear of it all.
    fn finish(&self, key: TaskKey, work: Pin<Box<dyn Work>>, waker: Option<Waker>, polled: bool) {
        let mut core = self.core.borrow_mut();
        if let Some(waker) = waker {
            core.tasks.put_waker(key, waker);
        }
        let slot = core.tasks.get(key).expect("a task that ends has its slot");
        let id = slot.id;
        if slot.joined {
            let (joiner, extra) = (slot.joiner.take(), slot.extra.take());
            core.tasks.end(key, work);
            drop(core);
            trace::take_wait();
            if extra.is_some() {
                caught::drop(extra); // values of the user's, as in `free`
            }
            if let Some(joiner) = joiner {
                caught::wake(joiner);
            }
        } else {
            drop(core);
            // The result is the user's value and may panic (trap 60), or ask which task this is.
            let polling = self.start_poll(key);
            caught::drop(work);
            drop(polling);
            self.free(key);
        }
        if polled {
            trace::emit(Event::Polled(id));
        }
        trace::emit(Event::Ended(id));
    }

    /// Frees a slot that holds no future any more.
    pub(super) fn free(&self, key: TaskKey) {
        let removed = self.core.borrow_mut().tasks.remove(key);
        if let Some((_, Some(extra))) = removed {
            caught::drop(extra); // a heritage: values of the user's, if it is the last
        }
        trace::take_wait();
    }

    pub(super) fn note_wait(&self, key: TaskKey) {
        let wait = trace::take_wait();
        let mut core = self.core.borrow_mut();
        let Some(slot) = core.tasks.get(key) else {
            return;
        };
        let id = slot.id;
        if wait.is_some() {
            slot.set_wait(wait);
        }
        drop(core);
        trace::emit(Event::Polled(id));
    }
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
