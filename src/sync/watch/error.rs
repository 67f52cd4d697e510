//! Why a value was not sent, or no other will come.

use std::fmt;

/// Nobody watches: here is the value back.
///
/// ```
/// let (sender, receiver) = hob::sync::watch::channel(1);
/// drop(receiver);
/// assert_eq!(sender.send(2).unwrap_err().0, 2);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

// By hand, and without the value: it need not be `Debug` for `expect` to work.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody watches this value")
    }
}

impl<T> std::error::Error for SendError<T> {}

/// No sender is left: the value stays what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError(pub(super) ());

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no sender of this value is left")
    }
}

impl std::error::Error for RecvError {}
