//! What a task inherits from the one that spawned it: one value, and the executor does not know
//! what it is.
//!
//! `task_local` keeps its values in it. The executor only carries it along: whoever is born takes
//! what rules at that moment, and it rules again whenever the newborn is polled or dropped.
//!
//! ```text
//!   spawn: heritage() ──▶ slot ── poll begins: rule(slot's) ──▶ RULING ──▶ read by task_local
//!                                 poll ends:   rule(former)
//! ```
//!
//! Price: nothing for who does not use it but one look at `USED` for each birth and each poll.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

/// What is inherited. Shared by all that inherited the same.
pub(crate) type Heritage = Option<Rc<dyn Any>>;

thread_local! {
    /// Has this thread ever had anything to inherit? Apart from `RULING`, because a thread-local
    /// without a destructor costs one load.
    static USED: Cell<bool> = const { Cell::new(false) };
    /// What rules now: that of the task which is being polled.
    static RULING: Cell<Heritage> = const { Cell::new(None) };
}

/// Is there any reason to care?
#[inline]
pub(crate) fn is_used() -> bool {
    USED.get()
}

/// What rules now, for a newborn, or to be looked into.
#[inline]
pub(crate) fn heritage() -> Heritage {
    if !is_used() {
        return None;
    }
    RULING
        .try_with(|ruling| {
            let value = ruling.take();
            ruling.set(value.clone());
            value
        })
        .ok()
        .flatten()
}

/// Makes `heritage` rule until the guard is dropped, which puts the former one back.
pub(crate) fn rule(heritage: Heritage) -> Ruled {
    USED.set(true);
    Ruled {
        former: swap(heritage),
    }
}

/// Makes nothing rule until the guard is dropped: for what the loop does between two polls,
/// which is nobody's task, though the loop itself may run inside of a scope.
pub(crate) fn rule_nothing() -> Option<Ruled> {
    is_used().then(|| rule(None))
}

/// Guard of [`rule`].
pub(crate) struct Ruled {
    former: Heritage,
}

impl Drop for Ruled {
    fn drop(&mut self) {
        // Swapped first, dropped after: it may be the last, and then a value of the user's goes.
        drop(swap(self.former.take()));
    }
}

fn swap(heritage: Heritage) -> Heritage {
    // While a thread ends nothing rules any more.
    let former = RULING.try_with(|ruling| ruling.replace(heritage));
    former.ok().flatten()
}
