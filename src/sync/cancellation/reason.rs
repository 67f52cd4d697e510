//! Why something was cancelled: told with the cancellation, to all who hear of it.

use std::borrow::Cow;
use std::fmt;

/// Why a token, and with it a [`scope`](crate::scope()), was cancelled.
///
/// ```
/// use hob::sync::CancelReason;
/// assert_eq!(CancelReason::Requested("moving".into()).to_string(), "cancelled: moving");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Somebody asked for it, in these words (or without any).
    Requested(Cow<'static, str>),
    /// The deadline of a scope has passed.
    Deadline,
    /// Something in the scope returned an error or panicked; the
    /// [`ScopeError`](crate::ScopeError) has it.
    Failure,
    /// The guard, the group or the future of the scope was dropped.
    Dropped,
    /// Ctrl-C.
    CtrlC,
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CancelReason::Requested(words) if words.is_empty() => f.write_str("cancelled"),
            CancelReason::Requested(words) => write!(f, "cancelled: {words}"),
            CancelReason::Deadline => f.write_str("cancelled: the deadline has passed"),
            CancelReason::Failure => f.write_str("cancelled: a part of it failed"),
            CancelReason::Dropped => f.write_str("cancelled: its owner was dropped"),
            CancelReason::CtrlC => f.write_str("cancelled: Ctrl-C"),
        }
    }
}
