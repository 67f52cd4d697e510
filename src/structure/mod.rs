//! Structured concurrency: tasks that belong together, begin under one roof, and end there.
//!
//! | you want | take |
//! |---|---|
//! | tasks that borrow from here, all over when you go on | [`scope`](scope()), [`try_scope`] |
//! | the same, over at a set time | [`scope_with_deadline`] |
//! | the same for tasks that own what they use, kept in a struct | [`TaskGroup`] |
//! | results one by one, as they come | [`JoinSet`] |
//! | every result and every error of many tasks, in order | [`gather`](gather()) |
//! | many tasks, so many at a time, and results as they come | [`as_completed`](as_completed()) |
//! | work for many items that borrows, so many at a time | [`Scope::for_each_concurrent`] |
//! | a task that ends with whoever waits for it | [`JoinHandle::abort_on_drop`] |
//! | a section that must not be dropped half way | [`shield`](shield()) |
//!
//! [`JoinHandle::abort_on_drop`]: crate::JoinHandle::abort_on_drop
//!
//! Inside, in reading order: `error` is how a scope tells what went wrong; `children` is the
//! list of a scope's children, the only place where one is born, polled and dropped; `handle` is
//! what the body and the children hold, `cancel` and `each` what else it can do; `run` is the
//! life of a scope, phase by phase; `entry` is where a program begins. `abort_on_drop` is a
//! handle that lets nothing go, and `group` a scope in a task of its own behind one. The rest
//! stands by itself.

mod error;
mod children;
mod handle;
mod cancel;
mod each;
mod run;
mod entry;
mod abort_on_drop;
mod group;
mod join_set;
mod gather;
mod as_completed;
mod shield;

pub use abort_on_drop::AbortOnDrop;
pub use as_completed::{AsCompleted, NextCompleted, as_completed};
pub use entry::{scope, scope_with_deadline, try_scope};
pub use error::{Failure, ScopeError};
pub use gather::{Gather, gather};
pub use group::{GroupJoin, TaskGroup};
pub use handle::Scope;
pub use join_set::{JoinNext, JoinNextWithId, JoinSet, SetJoinAll, SetShutdown};
pub use run::ScopeFuture;
pub use shield::{Shield, shield};
