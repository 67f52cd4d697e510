//! One file by several requests at once, each for a range of it.
//!
//! `attempt` reads the one response that every download begins with. When that has taken a
//! while and a further range may help ([`growth`]), it hands the response over to a [`Spread`],
//! which stays until all bytes are there or nobody brings any more of them.
//!
//! ```text
//!   a task for each range                        the download's task
//!   ask ─▶ Head ─┐
//!   body ─▶ Bytes ├──▶ news ──▶ Spread: plan (whose are they?) ──▶ writer ──▶ worker
//!   body ─▶ End  ─┘              └──▶ growth (one more? one less?)
//! ```
//!
//! All decisions are made in one place, by the order of the news. The tasks only wait for a
//! server and pass on what it says; the channel is short, so a slow disk, or `--limit-rate`,
//! slows every one of them down.
//!
//! * R1: a range is asked for with the validators of the bytes that are there, and its answer is
//!   compared with them: another version, or a server without ranges, ends that range only. What
//!   it was given is again of the range that it was taken from, whose response has it anyway.
//! * R2: a further range never makes a download fail. Only when none is left does the failure of
//!   the last one count, and it is dealt with as that of a download with one.
//! * R3: a range counts as one more download of the run: while as many files run as may, no
//!   further range is opened ([`Session::one_more`](super::Session::one_more)). A file that
//!   starts later waits for none.
//!
//! *Cancel safety*: dropped, it takes its tasks along; what was written stays.

mod ask;
mod growth;
mod plan;
mod spread;

use hob::http::Response;

pub use ask::advised;
pub use growth::{Advice, Growth};
pub use spread::Spread;

/// How it went.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// All bytes are there.
    Whole,
    /// The server has another version by now.
    Changed,
}

/// A response that brings bytes from here to there.
pub struct First {
    pub response: Response,
    pub at: u64,
    pub end: u64,
}
