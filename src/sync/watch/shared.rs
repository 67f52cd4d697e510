//! What both ends of a watch share: the value, its number, and who waits for the next.
//!
//! Law: code of the user reads the value (a closure, a `clone`) and ends it (its `drop`), and
//! may come back to this channel from there. Consequence: the value sits in an `Rc`, and
//! whoever reads it takes a handle of it first; the cell around it is borrowed only for moves
//! and counts. Price: a handle is a count up and a count down, and a value that somebody still
//! holds when the next one comes costs an allocation.
//!
//! Invariants:
//! - I1: `version` grows by one with each value. A receiver has seen the value if it has seen
//!   its number.
//! - I2: with no sender left nothing changes any more: only a sender makes a sender.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::rc::Rc;

use crate::sync::crowd::Crowd;

/// One watch. Senders and receivers hold an `Rc` of it.
pub(super) struct Shared<T> {
    value: RefCell<Rc<T>>,
    /// I1. Starts at 0.
    version: Cell<u64>,
    pub(super) senders: Cell<usize>,
    pub(super) receivers: Cell<usize>,
    /// Receivers that wait for another value: called for each, and when the last sender goes.
    pub(super) changing: Crowd,
    /// Senders that wait until nobody watches.
    pub(super) closing: Crowd,
    /// Where the channel was made: where a receiver that is polled as a stream waits.
    pub(super) made_at: &'static Location<'static>,
}

impl<T> Shared<T> {
    /// With one sender, which is the caller's to make.
    #[track_caller]
    pub(super) fn new(value: T) -> Shared<T> {
        Shared {
            value: RefCell::new(Rc::new(value)),
            version: Cell::new(0),
            senders: Cell::new(1),
            receivers: Cell::new(0),
            changing: Crowd::new(),
            closing: Crowd::new(),
            made_at: Location::caller(),
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.version.get()
    }

    /// A handle of the value of now.
    pub(super) fn value(&self) -> Rc<T> {
        self.value.borrow().clone()
    }

    /// Puts another value in and calls those who wait for it. The former one is dropped last,
    /// when nothing is borrowed and everybody was called.
    pub(super) fn publish(&self, value: T) {
        let former = self.put(value);
        self.announce();
        drop(former);
    }

    /// [`publish`](Shared::publish) that gives the former value to the caller.
    pub(super) fn replace(&self, value: T) -> Rc<T> {
        let former = self.value.replace(Rc::new(value));
        self.announce();
        former
    }

    /// Gives the former value, in its `Rc` if somebody else holds it too. Only then does this
    /// allocate.
    fn put(&self, value: T) -> Result<T, Rc<T>> {
        let mut cell = self.value.borrow_mut();
        match Rc::get_mut(&mut cell) {
            Some(place) => Ok(std::mem::replace(place, value)),
            None => Err(std::mem::replace(&mut *cell, Rc::new(value))),
        }
    }

    fn announce(&self) {
        self.version.set(self.version.get() + 1);
        self.changing.call_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.senders.get() == 0
    }
}

/// A value of a watch as it was when `borrow` was called. It stays what it is, whatever is sent
/// meanwhile, and holds up nobody, however long it is kept.
///
/// ```
/// let (sender, receiver) = hob::sync::watch::channel(1);
/// let held = receiver.borrow();
/// sender.send(2).expect("the receiver lives");
/// assert_eq!((*held, *receiver.borrow()), (1, 2));
/// ```
pub struct Ref<T> {
    value: Rc<T>,
    has_changed: bool,
}

impl<T> Ref<T> {
    pub(super) fn new(value: Rc<T>, has_changed: bool) -> Ref<T> {
        Ref { value, has_changed }
    }

    /// Had the receiver it was borrowed from not seen this value before? Always false for one
    /// borrowed from a [`Sender`](super::Sender).
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::watch::channel(1);
    /// sender.send(2).expect("the receiver lives");
    /// assert!(receiver.borrow_and_update().has_changed());
    /// assert!(!receiver.borrow_and_update().has_changed());
    /// ```
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
