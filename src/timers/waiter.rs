//! Who waits for a timer: a task of ours by its name, anybody else by a waker.
//!
//! Law: a task that waits by a waker needs one of its own, which is an allocation, and to fire it
//! is one more place of memory to fetch. Consequence: with 100,000 tasks asleep, a sixth of the
//! time of firing. Choice: a task that is polled by the loop is noted by its name ([`coop::polled`]),
//! as channels and locks do; whoever has a waker of its own is held by that. Price: what a name
//! means is known to the executor, a stranger to us; so who is due is handed to the runtime, which
//! wakes it. And a waker stands in a box, so that a name takes no more room than it needs.
//!
//! Only `timers` makes one.

use std::task::{Context, Waker};

use crate::coop::{self, Name};

#[derive(Debug)]
pub(crate) enum Waiter {
    /// A task of this thread.
    Task(Name),
    /// Anybody. Its clone, its wake and its drop may run code of the user.
    Stranger(Box<Waker>),
}

impl Waiter {
    /// Whoever is polled with `cx`.
    #[inline]
    pub(super) fn new(cx: &Context<'_>) -> Waiter {
        match coop::polled(cx) {
            Some(name) => Waiter::Task(name),
            None => Waiter::Stranger(Box::new(cx.waker().clone())),
        }
    }

    /// Is it whoever is polled with `cx`?
    #[inline]
    pub(super) fn is_polled(&self, cx: &Context<'_>) -> bool {
        match self {
            Waiter::Task(name) => coop::polled(cx) == Some(*name),
            Waiter::Stranger(waker) => waker.will_wake(cx.waker()),
        }
    }
}
