//! A thread-local that points at the thing of its kind that is in charge right now.
//!
//! Each organ of the runtime (executor, reactor, timers, worker pool) can be reached from
//! anywhere on the loop's thread, so that `sleep(d)` needs no handle passed to it. Each has
//! its *own* `Current`, set while a runtime runs and put back afterwards. That is why no
//! organ needs to know another: there is no shared "context" struct that names them all.
//!
//! Law: a thread-local hands out a reference only for the length of a closure, and may be
//! gone already while the thread ends. Consequence: everything here takes a closure, and
//! "nothing is current" is an ordinary answer, never a panic. Whoever cannot do without one
//! panics itself, with a message that says what to do.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread::LocalKey;

/// One slot for the current `T`, to be put into a `thread_local!`.
pub(crate) struct Current<T: 'static> {
    /// Replaced only by [`enter`] and by the drop of its guard; between the two it is only
    /// read, so that `with` inside of `with` is fine.
    slot: RefCell<Option<Rc<T>>>,
}

impl<T> Current<T> {
    pub(crate) const fn new() -> Current<T> {
        Current {
            slot: RefCell::new(None),
        }
    }
}

/// Makes `value` the current one until the guard is dropped, which puts the former one back.
pub(crate) fn enter<T>(key: &'static LocalKey<Current<T>>, value: Rc<T>) -> Entered<T> {
    // While a thread ends its locals may be gone already; then nobody is current, and a
    // runtime that is dropped there ends without being found.
    let former = key.try_with(|current| current.slot.replace(Some(value)));
    Entered {
        key,
        former: former.ok().flatten(),
    }
}

/// Calls `f` with the current `T`; `None` where there is none (also while the thread's locals
/// are being torn down). `f` must not run code of the user: see the rule "no user code under
/// a borrow" in DESIGN.md.
#[inline]
pub(crate) fn with<T, R>(
    key: &'static LocalKey<Current<T>>,
    f: impl FnOnce(&Rc<T>) -> R,
) -> Option<R> {
    key.try_with(|current| current.slot.borrow().as_ref().map(f))
        .ok()
        .flatten()
}

/// The current `T`, as a handle of its own that outlives any borrow.
pub(crate) fn get<T>(key: &'static LocalKey<Current<T>>) -> Option<Rc<T>> {
    with(key, Rc::clone)
}

/// Guard of [`enter`].
pub(crate) struct Entered<T: 'static> {
    key: &'static LocalKey<Current<T>>,
    former: Option<Rc<T>>,
}

impl<T> Drop for Entered<T> {
    fn drop(&mut self) {
        let former = self.former.take();
        // Taken out first, dropped after: the last `Rc` may run a destructor that asks who
        // is current.
        let mine = self.key.try_with(|current| current.slot.replace(former));
        drop(mine);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static NUMBER: Current<u32> = const { Current::new() };
    }

    fn number() -> Option<u32> {
        get(&NUMBER).map(|n| *n)
    }

    #[test]
    fn the_former_one_comes_back_when_the_guard_goes() {
        assert_eq!(number(), None);
        let outer = enter(&NUMBER, Rc::new(1));
        {
            let _inner = enter(&NUMBER, Rc::new(2));
            assert_eq!(number(), Some(2));
        }
        assert_eq!(number(), Some(1));
        drop(outer);
        assert_eq!(number(), None);
    }
}
