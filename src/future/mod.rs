//! Several futures at once *inside of one task*: all of them, the first of them, or a choice.
//!
//! | you want | take |
//! |---|---|
//! | all results of a few different futures | [`join!`](crate::join) |
//! | the same, but stop at the first error | [`try_join!`](crate::try_join) |
//! | all results of many futures of one type | [`join_all()`], [`try_join_all()`] |
//! | whichever is ready first, each with a handler of its own | [`select!`](crate::select) |
//! | whichever is ready first, of many of one type | [`race()`] |
//!
//! Nothing is spawned here: these futures poll others, so they may borrow, and they stand still
//! whenever the task that awaits them does. For work that should go on meanwhile there are
//! [`spawn`](crate::spawn) and what is built on it.
//!
//! Inside, in reading order: `fair` says who begins; `maybe_done` is a future or its result;
//! `join` and `select` are the macros; `child_waker` and `children` see to it that of a thousand
//! children only those are polled that were woken; `join_all` and `race` are built on them.

mod fair;
mod maybe_done;
mod join;
mod select;
mod child_waker;
mod children;
mod join_all;
mod race;

pub(crate) use fair::rewind;
pub use join_all::{JoinAll, TryJoinAll, join_all, try_join_all};
pub use race::{Race, race};

/// What the macros need of us at the place where they are expanded. Not for anybody else: it
/// changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use super::fair::{Order, start};
    pub use super::maybe_done::MaybeDone;
    pub use super::select::no_branch_left;
    pub use std::future::{Future, IntoFuture, poll_fn};
    pub use std::option::Option::{self, None, Some};
    pub use std::pin::pin;
    pub use std::result::Result::{Err, Ok};
    pub use std::task::Poll::{self, Pending, Ready};
    pub use std::unreachable;
}
