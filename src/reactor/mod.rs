//! The reactor: one sleep in the kernel, and from each event to the wakers that wait for it.
//!
//! What lives here is the kernel wait and the table of sources. How a socket gets into the table
//! and into the kernel's list, and out again, is in [`list`], what a source is to its owner in
//! [`source`], one direction of it in [`side`], who waits there in [`seats`], the futures that do
//! in [`waiter`], reads that are spared in [`guess`], and what one kernel does differently in
//! [`backend`]. The reactor knows wakers, never tasks; how long to sleep is told to it by
//! `runtime`.
//!
//! Law: mio is edge-triggered: it tells us *once* that a socket became ready, and again only
//! after an operation was refused (`WouldBlock`). Consequence: we try the operation first and
//! park only when it is refused; nobody asks the kernel "is it ready?". Price: one refused
//! system call for each socket that is quiet, unless that has become a habit ([`guess`]). The
//! other choice, level-triggered polling, would ask the kernel twice for each wait (arm, disarm).
//!
//! ```text
//!  Source::new ──1──▶ [slot in the table] ──2──▶ operation tried: done
//!                                  ▲                  │ refused
//!                                  │                  3  listed, waker parked, side Drained
//!                                  │                  ▼
//!           wake everybody ◀──4── event in `wait` ── asleep
//!  1 Reactor::reserve   2 Source::attempt   3 Reactor::enlist, Side::park
//!  4 Reactor::note, caught::wake
//! ```
//!
//! Invariants:
//! - I1: a waker is parked on a side only while that side is not `Ready`; the event that
//!   makes it `Ready` takes them all along. So nobody sleeps on a side that can be tried.
//! - I2: an event speaks for the slot only if its whole token matches, generation included.
//! - I3: no waker is called, cloned or dropped, and no observer told, while a `RefCell` of
//!   this folder is borrowed; and in one visit *all* events are noted before the first waker
//!   is called, so that one that panics costs no other event.
//! - I4: the loop does not sleep while any side is `Guessed`.

mod backend;
mod guess;
mod list;
mod seats;
mod side;
mod source;
mod waiter;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use mio::{Events, Poll, Token};
use slab::Slab;

use crate::caught;
use crate::current::{self, Current, Entered};
use crate::trace::{self, Event};

use side::Slot;

pub(crate) use backend::Io;
use guess::{Guess, Guesses};
pub(crate) use side::Direction;
pub(crate) use source::Source;
pub(crate) use waiter::Waiter;

thread_local! {
    static CURRENT: Current<Reactor> = const { Current::new() };
}

/// Makes `reactor` the one whose sources new sockets become, until the guard is dropped.
pub(crate) fn enter(reactor: Rc<Reactor>) -> Entered<Reactor> {
    current::enter(&CURRENT, reactor)
}

/// Events taken in one visit. What is ready beyond that is told at the next one (trap 31).
const CAPACITY: usize = 1024;

/// A table or queue larger than this gives its memory back when it runs empty (trap 59).
const KEEP: usize = 1024;

/// Half of a token says which slot, the other half which of its tenants.
const HALF: u32 = usize::BITS / 2;

/// The most sources at once, and the index that no source has: four billion, or 65,535 where
/// a `usize` has 32 bits.
const MAX_SOURCES: usize = (1 << HALF) - 1;

/// The token of [`Reactor::waker`].
const INTERRUPT: Token = Token(usize::MAX);

/// The kernel wait and the table of sources. One for each runtime.
pub(crate) struct Reactor {
    /// Borrowed mutably only around the system call in [`Reactor::wait`].
    poll: RefCell<Poll>,
    /// Where the kernel writes. Taken out during a visit; `None` also after a visit that
    /// ended in a panic.
    events: Cell<Option<Events>>,
    /// How many events one visit takes.
    capacity: usize,
    /// The queue of the wakers to call, empty between visits, kept for its memory.
    wakes: Cell<Vec<Waker>>,
    /// The table: a slot for each source, which holds it, too, and removes it here.
    slots: RefCell<Slab<Rc<Slot>>>,
    /// The guesses that are open, or were until just now: while there are any, the loop does not
    /// sleep (I4).
    guesses: Guesses,
    /// Counts the slots there have been: the next one's generation.
    generation: Cell<usize>,
    /// How many sources there were when the table was last cut; `MAX` while it is well filled.
    tried_at: Cell<usize>,
    /// What [`Reactor::waker`] hands out.
    interrupt: Waker,
    /// Set once, by [`Reactor::close`].
    closed: Cell<bool>,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Rc<Reactor>> {
        Reactor::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> io::Result<Rc<Reactor>> {
        let poll = Poll::new()?;
        let interrupt = mio::Waker::new(poll.registry(), INTERRUPT)?;
        Ok(Rc::new(Reactor {
            poll: RefCell::new(poll),
            events: Cell::new(None),
            capacity,
            wakes: Cell::default(),
            slots: RefCell::default(),
            guesses: Guesses::default(),
            generation: Cell::new(0),
            tried_at: Cell::new(usize::MAX),
            interrupt: Arc::new(Interrupt(interrupt)).into(),
            closed: Cell::new(false),
        }))
    }

    /// A waker that ends the sleep in [`Reactor::wait`], or makes the next one return at
    /// once. Of use from any thread, and harmless after the reactor has gone.
    pub(crate) fn waker(&self) -> Waker {
        self.interrupt.clone()
    }

    /// May the loop sleep in [`Reactor::wait`]? Else it may only look there, with a timeout of
    /// zero, because a [`guess`] may be open.
    pub(crate) fn may_sleep(&self) -> bool {
        self.guesses.is_empty()
    }

    /// One visit to the kernel: sleeps until something happens or `timeout` has passed, then
    /// wakes everyone concerned. Answers how many events there were, an interrupt included;
    /// a signal may cut the sleep short.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> io::Result<usize> {
        let kept = self.events.take();
        let mut events = kept.unwrap_or_else(|| Events::with_capacity(self.capacity));
        debug_assert!(
            timeout == Some(Duration::ZERO) || self.may_sleep(),
            "I4: nobody sleeps while a guess is open"
        );
        self.ask_kernel(&mut events, timeout)?;

        // I3: every event is noted before any code that is not ours runs.
        let mut wakes = self.wakes.take();
        let mut count = 0;
        for event in &events {
            self.note(event.token(), Signs::of(event), &mut wakes);
            count += 1;
        }
        self.end_guesses(count, &mut wakes);
        trace::emit(Event::KernelVisited);
        for event in events.iter().filter(|event| event.token() != INTERRUPT) {
            trace::emit(Event::IoEvent(event.token().0));
        }
        // In the order of the events. One that panics costs no other its wake: the others'
        // edges will not come again.
        wakes.drain(..).for_each(caught::wake);
        if wakes.capacity() > KEEP {
            wakes = Vec::new();
        }
        self.wakes.set(wakes);
        self.events.set(Some(events));
        Ok(count)
    }

    /// A visit that does not sleep. Where there is no source the kernel has nothing to say, so
    /// it is not asked: a system call is of the order of a hundred nanoseconds, and a loop whose
    /// tasks only talk to each other comes by here every few microseconds.
    pub(crate) fn look(&self) -> io::Result<()> {
        // (The guesses of those who are gone are forgotten in a visit.)
        if self.slots.borrow().is_empty() && self.may_sleep() {
            trace::emit(Event::KernelVisited);
            return Ok(());
        }
        self.wait(Some(Duration::ZERO)).map(|_events| ())
    }

    /// The system call. A signal ends it early and without events, though there may be some
    /// (the process was stopped, say, and bytes came meanwhile). Who looks at the time next
    /// must not take that for silence: so we ask again, without sleeping (trap 23).
    ///
    /// epoll and poll(2) count in milliseconds, and mio rounds up: a wait may end up to 1 ms
    /// late and never early, so that no turn is spent on finding out that it is too soon (trap
    /// 33). kqueue counts in nanoseconds.
    fn ask_kernel(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let mut poll = self.poll.borrow_mut();
        let mut timeout = timeout;
        loop {
            match poll.poll(events, timeout) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => timeout = Some(Duration::ZERO),
                done => return done,
            }
        }
    }

    /// Writes down what the kernel said about one source and takes its wakers along.
    fn note(&self, token: Token, signs: Signs, wakes: &mut Vec<Waker>) {
        self.with_slot(token, |slot| slot.note(signs, wakes));
    }

    /// A visit that brought `events` is over: gives up the guesses that are not to stand longer.
    fn end_guesses(&self, events: usize, wakes: &mut Vec<Waker>) {
        self.guesses.visited();
        let next = || {
            self.guesses
                .next_to_give_up(events, |guess| self.is_open(guess))
        };
        while let Some(guess) = next() {
            self.with_slot(guess.token, |slot| slot.give_up(wakes));
        }
    }

    fn is_open(&self, guess: Guess) -> bool {
        self.with_slot(guess.token, |slot| slot.is_guessed(guess.epoch)) == Some(true)
    }

    /// Calls `f`, which runs no code of the user, with the slot that `token` names, if it is
    /// still there.
    fn with_slot<R>(&self, token: Token, f: impl FnOnce(&Slot) -> R) -> Option<R> {
        let slots = self.slots.borrow();
        // I2: the index alone may already belong to somebody else (trap 14). The token of
        // the interrupt has the index that no slot has.
        let slot = slots.get(token.0 & MAX_SOURCES);
        slot.filter(|slot| slot.token() == token)
            .map(|slot| f(slot))
    }

    /// How many sources there are.
    pub(crate) fn live(&self) -> usize {
        self.slots.borrow().len()
    }

    /// The runtime's end: forgets everyone who waits. Sources that live on can be dropped or
    /// turned back into std's sockets, but every operation that would wait is an error.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        let slots: Vec<Rc<Slot>> = self.slots.borrow().iter().map(|(_, s)| s.clone()).collect();
        let mut wakers = Vec::new();
        for slot in slots {
            slot.close(&mut wakers);
        }
        // Dropped here, not called: the tasks are gone already, and no borrow is held.
        wakers.into_iter().for_each(caught::drop);
    }

    /// Is this the reactor that the loop on this thread sleeps in?
    fn is_current(self: &Rc<Reactor>) -> bool {
        current::with(&CURRENT, |reactor| Rc::ptr_eq(reactor, self)).unwrap_or(false)
    }
}

/// The answer of a socket whose runtime is no more.
fn ended() -> io::Error {
    io::Error::other("the runtime of this socket has ended")
}

/// What one event says. All of it is hints (trap 19): it decides who is woken and whether a
/// short read can be trusted, never what an operation answers.
#[derive(Clone, Copy, Debug, Default)]
struct Signs {
    readable: bool,
    writable: bool,
    /// The peer will send no more, or something urgent is in the stream.
    read_hint: bool,
    write_hint: bool,
    /// Concerns both directions.
    error: bool,
}

impl Signs {
    fn of(event: &mio::event::Event) -> Signs {
        Signs {
            readable: event.is_readable(),
            writable: event.is_writable(),
            read_hint: event.is_read_closed() || event.is_priority(),
            write_hint: event.is_write_closed(),
            error: event.is_error(),
        }
    }
}

/// The waker that `std` knows, around the one that mio knows.
struct Interrupt(mio::Waker);

impl Wake for Interrupt {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Err(error) = self.0.wake() {
            // Nobody here could do better, and the loop may be awake anyway.
            log::error!("could not interrupt the kernel wait: {error}");
        }
    }
}
