//! Who waits for one side of a source: [`Seats`]. Data; it knows no socket and calls nobody.

use std::task::Waker;

use slab::Slab;

/// Names a waiter's seat, until the next event.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaiterKey {
    pub(super) index: usize,
    /// The side's epoch when this waiter came in. Any other says: an event has emptied the
    /// seats since, and `index` may be somebody else's.
    pub(super) epoch: u32,
}

/// The seat of who waits alone: it is also the first that a new slab gives.
const FIRST: usize = 0;

/// Who waits for one side. There are two kinds, because there are two kinds of callers; and
/// mostly there is one of them, which needs no memory of its own.
#[derive(Default)]
pub(super) enum Seats {
    #[default]
    Nobody,
    /// For `AsyncRead` and its like, whose contract is "the last one who polled is woken": there
    /// is one place for all of them.
    Polled(Waker),
    /// For futures made by `&self` methods, of which any number may wait at once: four tasks that
    /// accept on one listener, a `readable()` beside a `read()` (trap 55). This one has the seat
    /// [`FIRST`].
    Seated(Waker),
    Several(Box<Several>),
}

/// As [`Seats::Polled`] and [`Seats::Seated`].
#[derive(Default)]
pub(super) struct Several {
    polled: Option<Waker>,
    seats: Slab<Waker>,
}

impl Seats {
    pub(super) fn polled(&self) -> Option<&Waker> {
        match self {
            Seats::Polled(waker) => Some(waker),
            Seats::Several(several) => several.polled.as_ref(),
            Seats::Nobody | Seats::Seated(_) => None,
        }
    }

    /// Gives back what it displaces.
    pub(super) fn set_polled(&mut self, waker: Waker) -> Option<Waker> {
        match self {
            Seats::Nobody => {
                *self = Seats::Polled(waker);
                None
            }
            Seats::Polled(old) => Some(std::mem::replace(old, waker)),
            Seats::Seated(_) | Seats::Several(_) => self.several().polled.replace(waker),
        }
    }

    /// The seat at `index`, if somebody sits there.
    pub(super) fn seat(&mut self, index: usize) -> Option<&mut Waker> {
        match self {
            Seats::Seated(waker) if index == FIRST => Some(waker),
            Seats::Several(several) => several.seats.get_mut(index),
            _ => None,
        }
    }

    /// Answers with the index of the new seat.
    pub(super) fn sit_down(&mut self, waker: Waker) -> usize {
        if let Seats::Nobody = self {
            *self = Seats::Seated(waker);
            return FIRST;
        }
        self.several().seats.insert(waker)
    }

    pub(super) fn stand_up(&mut self, index: usize) -> Option<Waker> {
        match self {
            Seats::Seated(_) if index == FIRST => match std::mem::take(self) {
                Seats::Seated(waker) => Some(waker),
                _ => None,
            },
            Seats::Several(several) => several.seats.try_remove(index),
            _ => None,
        }
    }

    /// Makes room for more than one.
    fn several(&mut self) -> &mut Several {
        let mut several = Box::<Several>::default();
        match std::mem::take(self) {
            Seats::Nobody => {}
            Seats::Polled(waker) => several.polled = Some(waker),
            Seats::Seated(waker) => {
                let index = several.seats.insert(waker);
                debug_assert!(index == FIRST, "so its key stays good");
            }
            Seats::Several(kept) => several = kept,
        }
        *self = Seats::Several(several);
        match self {
            Seats::Several(several) => several,
            _ => unreachable!("it was put there"),
        }
    }
}

impl Several {
    pub(super) fn take_all(&mut self, wakers: &mut Vec<Waker>) {
        wakers.extend(self.polled.take());
        wakers.extend(self.seats.drain());
    }
}
