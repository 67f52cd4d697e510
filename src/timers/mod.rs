//! The timers: deadlines, and who waits for them. One of the four organs of the runtime.
//!
//! Pure data: no clock and no thread. The runtime asks for the next deadline before it sleeps
//! ([`Timers::next`]) and tells the time afterwards ([`Timers::expire`]); at the beginning of
//! a turn it has us look into the mailbox ([`Timers::take_mail`]). What a program
//! awaits (`sleep`, `timeout`, `interval`) lives in `time/` and holds nothing but a
//! [`TimerKey`], a few plain numbers: that is why it is `Send`, and why nothing dangles when
//! the runtime goes first.
//!
//! **Law**: nearly every timer is a timeout, and nearly every timeout is cancelled, because
//! the answer came in time. **Consequence**: making and cancelling must be cheap; firing may
//! cost more. **Choice**: a queue of small entries ([`queue`]) beside a slab of
//! who waits ([`slots`]). To cancel is to vacate the slot; the entry stays in the queue, dead, and is
//! thrown away when it comes to the top, or with all the others when the dead outnumber the
//! living. **Price**: the queue may be twice as long as it need be.
//!
//! ```text
//!   queue                                slots
//!   deadline  number  slot               slot  number  waiter
//!   12:00:01     7      2   ──────────►    2      7     W
//!   12:00:01     9      0   ──── ✗         0     12     V      9 is dead, 12 lives there now
//!   12:00:04    12      0   ──────────►    0
//! ```
//!
//! The *number* is drawn anew by each insert and reset. It does three things at once: timers
//! of one deadline fire in its order, it is the generation of the slot, and an entry or a key
//! whose number is not that of its slot is dead.
//!
//! ```text
//!              insert            expire: handed out, to be woken
//!     nothing ────────► waiting ───────────────────────────► fired
//!                        │  ▲ │
//!                  reset └──┘ └── remove, close: its waiter is dropped ──► nothing
//! ```
//!
//! Roads not taken. A timer wheel does all of this in O(1), but it rounds deadlines and moves
//! a timer from level to level on its way down; with 100,000 timers spread over ten seconds
//! this was ahead of the wheel of tokio 1.54 in making, cancelling and firing. A heap that
//! knows where each timer stands in it could really remove, and would have to write to a slot
//! for each step of each sift. A map from number to waker needs no slots, and took twice as
//! long.
//!
//! Invariants:
//! - I1: each live slot has exactly one entry in the queue that bears its number. So there
//!   are `queue.len() - slots.live()` dead entries.
//! - I2: a number is drawn once, hence a stale key never finds somebody else's timer.
//! - I3: no waker is cloned, called or dropped while [`State`] is borrowed: each of these may
//!   run code of the user, which may come back here.
//! - I4: nothing enters the queue with a deadline before the time that we were last told, so
//!   a timer made during `expire` stands behind all that is due, and delays none of it.

mod mailbox;
mod queue;
mod slots;
mod state;
mod waiter;

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Instant;

use crate::caught;
use crate::current::{self, Current, Entered};
use crate::trace::{self, Event};
use mailbox::Mailbox;
use slots::Place;
use state::{State, Tick};

pub(crate) use waiter::Waiter;

thread_local! {
    static CURRENT: Current<Timers> = const { Current::new() };
}

/// The timers of one runtime.
pub(crate) struct Timers {
    /// Never reused by any other `Timers` of the process: a key tells by it whose it is.
    id: u64,
    /// Borrowed only for calls that run nothing of the user's (I3).
    state: RefCell<State>,
    /// Keys that were let go of where these timers could not be reached.
    mailbox: Arc<Mailbox>,
}

/// Which timer. It may go to any thread, but means something only to the `Timers` that gave
/// it out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerKey {
    owner: u64,
    place: Place,
}

impl TimerKey {
    /// A name for the timer, to be shown in a wait record.
    pub(crate) fn number(self) -> u64 {
        self.place.number
    }
}

/// What became of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its deadline has not come, or the loop has not looked at the clock since, or a crowd stands
    /// in front of it.
    Waiting,
    /// Its deadline passed, and whoever waits was woken.
    Fired,
    /// The runtime has ended. It will never fire.
    Closed,
}

impl Timers {
    /// No deadline before `start` needs to be told from `start` itself: it has passed.
    ///
    /// `bell` ends the sleep of the loop: for a timer that is reset on another thread.
    pub(crate) fn new(start: Instant, bell: Waker) -> Rc<Timers> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Rc::new(Timers {
            id,
            state: RefCell::new(State::new(start)),
            mailbox: mailbox::open(id, bell),
        })
    }

    /// Sees to it that whoever is polled with `cx` is woken by the first
    /// [`expire`](Timers::expire) at or after `deadline`. After [`close`](Timers::close) nothing is
    /// kept, and the key is dead.
    pub(crate) fn insert(&self, deadline: Instant, cx: &Context<'_>) -> TimerKey {
        let waiter = Waiter::new(cx); // I3
        let inserted = self.state.borrow_mut().insert(deadline, waiter);
        let place = inserted.unwrap_or_else(|refused| {
            caught::drop(refused); // I3
            Place::NOWHERE
        });
        let owner = self.id;
        TimerKey { owner, place }
    }

    /// Sees to it that whoever is polled with `cx` will be woken, and tells what became of the
    /// timer. A future may be polled with another waker each time; the last one counts (trap 13).
    pub(crate) fn update(&self, key: TimerKey, cx: &Context<'_>) -> Fate {
        let place = key.place;
        let same = self.state.borrow().is_awaited_by(place, cx);
        if same == Some(true) {
            return Fate::Waiting;
        }
        if same == Some(false) {
            let waiter = Waiter::new(cx); // I3
            let former = self.state.borrow_mut().slots.replace(place, waiter);
            caught::drop(former); // I3
        }
        // Asked last: the clone and the drop may have ended the timer.
        self.state.borrow().fate(place)
    }

    /// Moves a timer to another deadline, with who waits for it; `None` if it is gone. It
    /// queues up behind the timers that have this deadline already.
    pub(crate) fn reset(&self, key: TimerKey, deadline: Instant) -> Option<TimerKey> {
        let place = self.state.borrow_mut().reset(key.place, deadline)?;
        Some(TimerKey { place, ..key })
    }

    /// Forgets a timer. Harmless if it fired already.
    pub(crate) fn remove(&self, key: TimerKey) {
        let waiter = self.state.borrow_mut().take(key.place);
        caught::drop(waiter); // I3
    }

    /// The earliest deadline that anybody still waits for. Runs no code of the user, so the
    /// loop may ask for it after it has seen that no task is ready.
    #[inline]
    pub(crate) fn next(&self) -> Option<Instant> {
        self.state.borrow_mut().first()
    }

    /// Has `wake` wake whoever's deadline is `now` or earlier, the earliest first, but no more than
    /// `most` of them; and tells how many that were. The others come in the next tick.
    ///
    /// Law: whom we wake is polled once everybody in front of it was, and by then what the wake
    /// touched has left the processor's cache, if 100,000 others were woken meanwhile; and
    /// whoever a socket wakes stands in line behind all of them. Consequence: the loop asks for
    /// as many as it polls in a turn. Price: one more reading of the clock for each portion; that
    /// all fired at once nobody was promised.
    ///
    /// One at a time, so that a timer which is removed by the wake of another does not fire
    /// (trap 34). Timers made during the call have to wait for the next one: a waker that
    /// makes a timer cannot keep us here (I4).
    pub(crate) fn expire(&self, now: Instant, most: usize, wake: impl Fn(Waiter)) -> usize {
        let tick = self.state.borrow_mut().begin_tick(now);
        for fired in 0..most {
            let Some(waiter) = self.take_due(tick) else {
                return fired;
            };
            wake(waiter);
            trace::emit(Event::TimerFired);
        }
        most
    }

    /// A method of its own, so that the borrow has ended when it returns (I3).
    fn take_due(&self, tick: Tick) -> Option<Waiter> {
        self.state.borrow_mut().take_due(tick)
    }

    /// How many timers are waiting. Those whose end lies in the mailbox still count.
    pub(crate) fn live(&self) -> usize {
        self.state.borrow().slots.live()
    }

    /// The end: drops every waiter, and takes no further timers. A waker may be the last thing
    /// that holds a task, which holds a `Sleep`, which comes back here to remove its timer:
    /// that circle is broken now (trap 35).
    pub(crate) fn close(&self) {
        mailbox::close(self.id);
        let slots = self.state.borrow_mut().close();
        slots.into_waiters().for_each(caught::drop); // I3
    }

    /// Ends the timers whose futures were dropped where they could not reach us. Called at the
    /// beginning of each turn; in all but the rarest turns it is one relaxed load.
    #[inline]
    pub(crate) fn take_mail(&self, wake: impl Fn(Waiter)) {
        if self.mailbox.is_empty() {
            return;
        }
        for key in self.mailbox.take() {
            let waiter = self.state.borrow_mut().take(key.place);
            // Woken, not dropped: perhaps the future was not dropped there, but reset.
            waiter.into_iter().for_each(&wake);
        }
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.close();
    }
}

/// Makes these the timers of this thread until the guard is dropped.
pub(crate) fn enter(timers: Rc<Timers>) -> Entered<Timers> {
    current::enter(&CURRENT, timers)
}

/// [`Timers::insert`] on the current ones. `at` is where the future was made.
#[track_caller]
pub(crate) fn insert(deadline: Instant, cx: &Context<'_>, at: &Location<'_>) -> TimerKey {
    match current::get(&CURRENT) {
        Some(timers) => timers.insert(deadline, cx),
        None => nobody_would_wake_it(at),
    }
}

/// [`Timers::update`] on the current ones, which must be the key's own.
#[track_caller]
pub(crate) fn update(key: TimerKey, cx: &Context<'_>, at: &Location<'_>) -> Fate {
    match owner(key) {
        Some(timers) => timers.update(key, cx),
        None => polled_elsewhere(at),
    }
}

/// [`Timers::reset`]. Where the key's own timers cannot be reached, the timer is ended by
/// mail: that wakes its task, which then finds the new deadline.
pub(crate) fn reset(key: TimerKey, deadline: Instant) -> Option<TimerKey> {
    match owner(key) {
        Some(timers) => timers.reset(key, deadline),
        None => {
            mailbox::send(key, true);
            None
        }
    }
}

/// [`Timers::remove`], directly or by mail. Works anywhere, even while the thread ends.
pub(crate) fn remove(key: TimerKey) {
    match owner(key) {
        Some(timers) => timers.remove(key),
        None => mailbox::send(key, false),
    }
}

/// The current timers, if they are the ones that gave out `key`. An `Rc` of its own, because
/// what is done with it may run code of the user.
fn owner(key: TimerKey) -> Option<Rc<Timers>> {
    current::get(&CURRENT).filter(|timers| timers.id == key.owner)
}

#[cold]
#[track_caller]
fn nobody_would_wake_it(at: &Location<'_>) -> ! {
    panic!(
        "the timer made at {at} was polled where no hob runtime runs, so nobody would ever \
         wake it: await it inside of `hob::block_on` or of a task"
    );
}

#[cold]
#[track_caller]
fn polled_elsewhere(at: &Location<'_>) -> ! {
    panic!(
        "the timer made at {at} was first polled in one runtime and is now polled outside of \
         it. It may be sent and dropped anywhere, but must be polled where it was polled \
         first: make the `sleep` in the task that awaits it"
    );
}

#[cfg(test)]
mod tests;
