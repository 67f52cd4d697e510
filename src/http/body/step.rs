//! What a decoder says of the bytes it was shown: see `body` and `chunked`, which say it, and
//! `conn`, which does as they say.

use std::ops::Range;

/// What the bytes at hand are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Drop so many bytes, and come again once there are new ones.
    More(usize),
    /// This range is content. Drop up to its end when done with it.
    Data(Range<usize>),
    /// The response is whole, and ends after so many bytes. Whatever follows is not its.
    End(usize),
}

/// Takes as much of what is `left` as is there, and says how much that is.
pub(crate) fn take(left: &mut u64, there: usize) -> usize {
    let count = usize::try_from(*left).map_or(there, |left| left.min(there));
    *left -= count as u64;
    count
}
