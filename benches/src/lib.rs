//! hob beside another runtime: the same programs, the same process, by turns.
//!
//! `workloads.rs` holds the programs. It is compiled once for each contender, against a
//! module `rt` that gives the contender's own things the same names; so nobody's program
//! is written with more care than the other's. `measure.rs` runs two contenders by turns and
//! tells median, spread and ratio. `sockets.rs` makes pairs of loopback sockets, the same for
//! everybody. What each row means and does not mean is in README.md beside this.

#![forbid(unsafe_code)]
#![allow(
    clippy::duplicate_mod,
    reason = "compiled once for each contender: see above"
)]

pub mod measure;
pub mod sockets;
pub mod with_hob;
pub mod with_tokio;
