//! What is behind the timers' borrow: the queue and the slots, kept in step with each other.
//!
//! Nothing here runs code of the user. Who waits is moved in and handed out, and whoever had
//! borrowed the state drops or wakes it when the borrow is over (I3). The invariants I1 to
//! I4 are those of [`timers`](super).
//!
//! Only `timers` uses this file.

use std::hint;
use std::mem;
use std::task::Context;
use std::time::{Duration, Instant};

use super::Fate;
use super::queue::{Entry, Queue};
use super::slots::{Place, Slots};
use super::waiter::Waiter;

/// So many dead entries are not worth a walk over the heap.
pub(super) const FEW: usize = 64;

pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) slots: Slots,
    /// The number to be drawn next. It only grows (I2).
    next_number: u64,
    /// From when the queue counts.
    start: Instant,
    /// The time that `expire` was last told, as the queue counts it (I4).
    told: u64,
    /// Set by `close`, forever.
    closed: bool,
}

/// Who is due in a tick.
#[derive(Clone, Copy)]
pub(super) struct Tick {
    /// As the queue counts it.
    now: u64,
    /// From this number on they were made during the tick, and have to wait for the next.
    newcomers: u64,
}

impl State {
    pub(super) fn new(start: Instant) -> State {
        State {
            queue: Queue::default(),
            slots: Slots::default(),
            next_number: 0,
            start,
            told: 0,
            closed: false,
        }
    }

    /// As the queue counts it. What lies before the start has passed anyway, and what does not
    /// fit, after five hundred years, nobody waits for.
    fn count(&self, time: Instant) -> u64 {
        let since = time.saturating_duration_since(self.start);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Gives the waiter back if the runtime has ended.
    pub(super) fn insert(&mut self, deadline: Instant, waiter: Waiter) -> Result<Place, Waiter> {
        if self.closed {
            return Err(waiter);
        }
        let number = self.draw_number();
        let place = self.slots.insert(number, waiter);
        self.enqueue(deadline, place);
        Ok(place)
    }

    pub(super) fn reset(&mut self, place: Place, deadline: Instant) -> Option<Place> {
        let number = self.draw_number();
        let place = self.slots.renumber(place, number)?; // the old entry is dead now (I1)
        self.enqueue(deadline, place);
        self.tidy();
        Some(place)
    }

    fn draw_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }

    fn enqueue(&mut self, deadline: Instant, place: Place) {
        let deadline = self.count(deadline).max(self.told); // I4
        self.queue.push(Entry { deadline, place });
        debug_assert!(self.queue.len() >= self.slots.live(), "I1");
    }

    pub(super) fn take(&mut self, place: Place) -> Option<Waiter> {
        let waiter = self.slots.remove(place)?; // its entry is dead now (I1)
        self.tidy();
        Some(waiter)
    }

    pub(super) fn is_awaited_by(&self, place: Place, cx: &Context<'_>) -> Option<bool> {
        Some(self.slots.waiter(place)?.is_polled(cx))
    }

    pub(super) fn fate(&self, place: Place) -> Fate {
        match self.slots.holds(place) {
            true => Fate::Waiting,
            false if self.closed => Fate::Closed,
            false => Fate::Fired,
        }
    }

    /// The earliest deadline of a live entry. Throws away the dead ones in front of it.
    #[inline]
    pub(super) fn first(&mut self) -> Option<Instant> {
        loop {
            let first = self.queue.peek()?;
            if self.slots.holds(first.place) {
                return Some(self.start + Duration::from_nanos(first.deadline));
            }
            self.queue.pop();
        }
    }

    /// Notes the time.
    pub(super) fn begin_tick(&mut self, now: Instant) -> Tick {
        let now = self.count(now);
        self.told = self.told.max(now);
        let newcomers = self.next_number;
        Tick { now, newcomers }
    }

    pub(super) fn take_due(&mut self, tick: Tick) -> Option<Waiter> {
        let Tick { now, newcomers } = tick;
        let is_due = |entry: Entry| entry.deadline <= now && entry.place.number < newcomers;
        while let Some(entry) = self.queue.pop_due(is_due) {
            // In a burst, the slots of timers that come one after the other lie anywhere. To look
            // at one that comes soon has the processor fetch it meanwhile: a twentieth of the
            // time of firing 100,000.
            if let Some(soon) = self.queue.ahead() {
                hint::black_box(self.slots.holds(soon));
            }
            // Entry and slot go together (I1), if the entry was not dead anyway.
            if let Some(waiter) = self.take(entry.place) {
                return Some(waiter);
            }
        }
        None
    }

    /// Called whenever an entry has died: throws all dead ones out as soon as they outnumber
    /// the living, and gives memory back after a burst (trap 59).
    ///
    /// The walk over the queue comes once for about as many deaths as the queue is long, so it
    /// adds a constant to each.
    fn tidy(&mut self) {
        if self.queue.len() > 2 * self.slots.live() + FEW {
            let slots = &self.slots;
            self.queue.retain(|place| slots.holds(place));
            debug_assert_eq!(self.queue.len(), self.slots.live(), "I1");
        }
        self.queue.shrink();
    }

    /// Gives out all that was in here.
    pub(super) fn close(&mut self) -> Slots {
        self.closed = true;
        self.queue = Queue::default();
        mem::take(&mut self.slots)
    }
}
