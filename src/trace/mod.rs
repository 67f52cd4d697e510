//! What happens in the loop, said in one place: events, counters, and each task's wait record.
//!
//! `trace::emit(Event::…)` stands at the places where something happens. It adds one to a
//! counter of this thread and, only if somebody listens, calls the observer: one branch more.
//! There is no `cfg` at any call site.
//!
//! A *wait record* answers "what is this task waiting for?". A leaf future that is about to
//! return `Pending` calls [`waits`]; the executor takes the record after the poll and keeps
//! it with the task, where [`crate::tasks`] shows it.
//!
//! This file knows nobody above it: the runtime lends its counters to the thread while it
//! runs ([`Ledger::enter`]) and takes them back afterwards.

mod wait;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use crate::caught;

pub use wait::{Wait, WaitKind};

/// Names a task for as long as the process lives: never reused, not even by another runtime
/// of the same process on another thread.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub(crate) u64);

impl TaskId {
    /// The id as a number, for logs and tables.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

/// Something that happened in the loop.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A task was born.
    Spawned(TaskId),
    /// A task was polled once.
    Polled(TaskId),
    /// A task was put into the ready queue by a wake on the loop's own thread.
    Woken,
    /// A task was put into the ready queue by a wake from another thread, or from outside of
    /// the loop.
    WokenFromElsewhere,
    /// A task ended: it returned, panicked, or was aborted.
    Ended(TaskId),
    /// The kernel was asked for I/O events, whether or not the thread slept. (Where no source is
    /// registered and the thread must not sleep the answer is known, and the question spared.)
    KernelVisited,
    /// A source became ready. The number is the source's token.
    IoEvent(usize),
    /// A deadline passed and its waker was called.
    TimerFired,
    /// A job was handed to the workers.
    JobStarted,
    /// A job is over: it returned, panicked, or was dropped unrun.
    JobEnded,
}

/// Listens to what happens in a runtime: see [`crate::Builder::observer`].
///
/// It is called on the loop's thread, in the middle of things, so it should be quick. It may
/// spawn and wake; events that it causes by that are counted but not told to it again. If it
/// panics, the panic is reported as any is, and goes no further.
pub trait Observer {
    /// Called for each event, right after it happened.
    fn event(&self, event: Event);
}

/// How often each thing happened. A plain copy, taken at one moment.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Tasks born.
    pub spawns: u64,
    /// Polls of tasks, the main future included.
    pub polls: u64,
    /// Wakes on the loop's own thread that put a task into the ready queue.
    pub wakes: u64,
    /// The same from other threads.
    pub wakes_from_elsewhere: u64,
    /// Tasks ended.
    pub ends: u64,
    /// Visits to the kernel for I/O events. (Where no source is registered and the thread must not
    /// sleep, none is made, and one is counted.)
    pub kernel_visits: u64,
    /// I/O events received.
    pub io_events: u64,
    /// Timers whose deadline passed.
    pub timers_fired: u64,
    /// Jobs given to the workers.
    pub jobs_started: u64,
    /// Jobs that are over.
    pub jobs_ended: u64,
}

/// [`Counters`] as cells, one set for each thread: an `emit` is one load, add and store.
struct Cells {
    spawns: Cell<u64>,
    polls: Cell<u64>,
    wakes: Cell<u64>,
    wakes_from_elsewhere: Cell<u64>,
    ends: Cell<u64>,
    kernel_visits: Cell<u64>,
    io_events: Cell<u64>,
    timers_fired: Cell<u64>,
    jobs_started: Cell<u64>,
    jobs_ended: Cell<u64>,
    /// Is there an observer to tell?
    heard: Cell<bool>,
    /// The wait record of the poll that is running, one cell for each part: as a whole it would
    /// be copied with its padding, in pieces that are not those in which it was just written, and
    /// for that a processor waits.
    waiting: Cell<Option<WaitKind>>,
    resource: Cell<u64>,
    at: Cell<&'static Location<'static>>,
}

thread_local! {
    static CELLS: Cells = const {
        Cells {
            spawns: Cell::new(0),
            polls: Cell::new(0),
            wakes: Cell::new(0),
            wakes_from_elsewhere: Cell::new(0),
            ends: Cell::new(0),
            kernel_visits: Cell::new(0),
            io_events: Cell::new(0),
            timers_fired: Cell::new(0),
            jobs_started: Cell::new(0),
            jobs_ended: Cell::new(0),
            heard: Cell::new(false),
            waiting: Cell::new(None),
            resource: Cell::new(0),
            at: Cell::new(Location::caller()),
        }
    };
    static OBSERVER: RefCell<Option<Rc<dyn Observer>>> = const { RefCell::new(None) };
}

/// Counts `event`, and tells the observer if there is one. Never call it under a borrow: the
/// observer is code of the user.
#[inline]
pub(crate) fn emit(event: Event) {
    // The variant is known where this is inlined, so the match leaves one addition.
    CELLS.with(|cells| {
        let counter = match event {
            Event::Spawned(_) => &cells.spawns,
            Event::Polled(_) => &cells.polls,
            Event::Woken => &cells.wakes,
            Event::WokenFromElsewhere => &cells.wakes_from_elsewhere,
            Event::Ended(_) => &cells.ends,
            Event::KernelVisited => &cells.kernel_visits,
            Event::IoEvent(_) => &cells.io_events,
            Event::TimerFired => &cells.timers_fired,
            Event::JobStarted => &cells.jobs_started,
            Event::JobEnded => &cells.jobs_ended,
        };
        counter.set(counter.get().wrapping_add(1));
        if cells.heard.get() {
            tell(event);
        }
    });
}

/// The slow half of [`emit`]. Deaf while the observer runs, so that it cannot call itself.
#[cold]
fn tell(event: Event) {
    struct HearAgain;
    impl Drop for HearAgain {
        fn drop(&mut self) {
            CELLS.with(|cells| cells.heard.set(true));
        }
    }
    // Cloned out: the observer runs under no borrow.
    let observer = OBSERVER.try_with(|slot| slot.borrow().clone());
    if let Ok(Some(observer)) = observer {
        CELLS.with(|cells| cells.heard.set(false));
        let _hear_again = HearAgain;
        // Events are told in the middle of things: a panic must not leave them half done.
        if let Err(payload) = caught::catch(|| observer.event(event)) {
            caught::drop_payload(payload);
        }
    }
}

/// What one runtime has counted, and who listens to it. Its counters live in the thread's
/// cells while the runtime runs, and here while it does not.
pub(crate) struct Ledger {
    kept: Cell<Counters>,
    observer: Option<Rc<dyn Observer>>,
}

impl Ledger {
    pub(crate) fn new(observer: Option<Rc<dyn Observer>>) -> Ledger {
        Ledger {
            kept: Cell::new(Counters::default()),
            observer,
        }
    }

    /// The counters as they stand while the runtime is *not* entered.
    pub(crate) fn kept(&self) -> Counters {
        self.kept.get()
    }

    /// Lends the counters to this thread until the guard is dropped.
    pub(crate) fn enter(self: &Rc<Ledger>) -> LedgerGuard {
        LedgerGuard {
            former: swap_counters(self.kept.get()),
            former_observer: swap_observer(self.observer.clone()),
            ledger: self.clone(),
        }
    }
}

/// Guard of [`Ledger::enter`].
pub(crate) struct LedgerGuard {
    ledger: Rc<Ledger>,
    former: Counters,
    former_observer: Option<Rc<dyn Observer>>,
}

impl Drop for LedgerGuard {
    fn drop(&mut self) {
        self.ledger.kept.set(swap_counters(self.former));
        drop(swap_observer(self.former_observer.take()));
    }
}

/// The counters of the runtime that is running on this thread.
pub(crate) fn counted() -> Counters {
    CELLS.with(|c| Counters {
        spawns: c.spawns.get(),
        polls: c.polls.get(),
        wakes: c.wakes.get(),
        wakes_from_elsewhere: c.wakes_from_elsewhere.get(),
        ends: c.ends.get(),
        kernel_visits: c.kernel_visits.get(),
        io_events: c.io_events.get(),
        timers_fired: c.timers_fired.get(),
        jobs_started: c.jobs_started.get(),
        jobs_ended: c.jobs_ended.get(),
    })
}

fn swap_counters(new: Counters) -> Counters {
    let former = counted();
    CELLS.with(|c| {
        c.spawns.set(new.spawns);
        c.polls.set(new.polls);
        c.wakes.set(new.wakes);
        c.wakes_from_elsewhere.set(new.wakes_from_elsewhere);
        c.ends.set(new.ends);
        c.kernel_visits.set(new.kernel_visits);
        c.io_events.set(new.io_events);
        c.timers_fired.set(new.timers_fired);
        c.jobs_started.set(new.jobs_started);
        c.jobs_ended.set(new.jobs_ended);
    });
    former
}

fn swap_observer(new: Option<Rc<dyn Observer>>) -> Option<Rc<dyn Observer>> {
    CELLS.with(|cells| cells.heard.set(new.is_some()));
    OBSERVER
        .try_with(|slot| slot.replace(new))
        .unwrap_or_default()
}

/// Said by a leaf that is about to return `Pending`. The last one in a poll stands.
#[inline]
pub(crate) fn waits(kind: WaitKind, resource: u64, at: &'static Location<'static>) {
    CELLS.with(|cells| {
        cells.waiting.set(Some(kind));
        cells.resource.set(resource);
        cells.at.set(at);
    });
}

/// Takes the record that the poll just left, if any. Called by the executor.
#[inline]
pub(crate) fn take_wait() -> Option<Wait> {
    CELLS.with(|cells| {
        let kind = cells.waiting.take()?;
        Some(Wait {
            kind,
            resource: cells.resource.get(),
            at: cells.at.get(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(Cell<u32>);
    impl Observer for Count {
        fn event(&self, event: Event) {
            assert_eq!(event, Event::TimerFired);
            self.0.set(self.0.get() + 1);
            emit(Event::TimerFired);
        }
    }

    #[test]
    fn an_observer_hears_each_event_once_and_not_its_own() {
        let observer = Rc::new(Count(Cell::new(0)));
        let ledger = Rc::new(Ledger::new(Some(observer.clone())));
        let guard = ledger.enter();
        emit(Event::TimerFired);
        emit(Event::TimerFired);
        drop(guard);
        emit(Event::TimerFired);
        assert_eq!(observer.0.get(), 2);
        assert_eq!(ledger.kept().timers_fired, 4, "its own two are counted");
    }
}
