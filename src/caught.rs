//! Runs code of strangers in places where an unwinding panic would do harm.
//!
//! Law: a destructor, a waker and the payload of a panic are all code of the user, and all of
//! it may panic. Consequence: a loop that is about to wake fifty tasks must not stop at the
//! third. Choice: such calls go through here; a panic has been reported by the panic hook
//! already, and what is left of it is dropped. Price: none until a panic happens.
//!
//! (A destructor that panics *while its thread is unwinding already* aborts the process. That
//! is the language's rule, and no library can catch it.)

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Drops `value`; a panic in its destructor ends here.
pub(crate) fn drop<T>(value: T) {
    if let Err(payload) = catch(|| std::mem::drop(value)) {
        drop_payload(payload);
    }
}

/// Wakes; a panic in a hand-made waker ends here.
pub(crate) fn wake(waker: Waker) {
    if let Err(payload) = catch(|| waker.wake()) {
        drop_payload(payload);
    }
}

/// Calls `f` and gives back what it returned, or the payload with which it panicked.
///
/// `AssertUnwindSafe` is justified by what callers do: after a panic they drop what `f` was
/// working on and never look at it again.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(f))
}

/// A payload is a value of the user's too, and its destructor may panic with a payload whose
/// destructor panics… The second one is leaked: that ends the chain.
pub(crate) fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch(|| std::mem::drop(payload)) {
        std::mem::forget(second);
    }
}

#[cfg(test)]
mod tests {
    struct Bomb(u32);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                std::panic::panic_any(Bomb(self.0 - 1));
            }
        }
    }

    /// Trap 60. Broken by: `std::mem::drop(payload)` uncaught in `drop_payload`.
    #[test]
    fn a_panic_whose_payload_panics_ends_here() {
        super::drop(Bomb(2));
    }
}
