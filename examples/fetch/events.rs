//! What happened, one [`Event`] after the other: for programs that watch, and for the pictures
//! that are drawn of a run afterwards.
//!
//! - V1: `at` never goes back from one event to the next, and counts from the beginning of the
//!   run. Only [`What::Began`] knows the time of day.
//! - V2: a *step* (standing in line, looking up, connecting, the talk with a proxy, shaking
//!   hands) is one event, told at its end, with what it took; so it began at `at - took`. What
//!   has no such event at the end of a run was cut off in the middle.
//! - V3: each file is [`What::Queued`] first and [`What::Done`] last, once each, also where the
//!   run was stopped. The run is [`What::Began`] first of all and [`What::Ended`] last of all.
//! - V4: no event has a password, a cookie, or anything that could steer a terminal in it.
//!
//! Three numbers say what belongs together: a *file* is a line of the list, a *request* is one
//! message to one server (a redirect, another try and a further range are further requests), and
//! a *connection* carries one request after the other. Steps bear the number of the request that
//! they were made for, and, from looking up on, that of the connection that was to come of them.
//! A request made by another's connection has no such steps, only `reused`.
//!
//! | file        | answers the question                                                     |
//! |-------------|--------------------------------------------------------------------------|
//! | `log`       | who is told, and by whom?                                                |
//! | `file`      | how do the many tasks of one file speak with one voice?                  |
//! | `request`   | what do the client's own events mean here?                               |
//! | `run`       | what is written when all is over, however it ends?                       |
//! | `sink`      | whereto?                                                                 |
//! | `json`      | `--events`: in which words?                                              |
//! | `summary`   | `--summary`: what became of each URL?                                    |
//! | `write_out` | `-w`: and in the user's own words?                                       |

mod log;
mod file;
mod request;
mod run;
mod sink;
mod json;
mod summary;
mod write_out;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

pub use file::FileLog;
pub use log::Log;
pub use request::observe;
pub use run::{Run, stopped_by};
pub use write_out::Format;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Since the run began, by a clock that never goes back.
    pub at: Duration,
    /// From 1, in the order of the list. 0: the run as a whole.
    pub file: u64,
    /// From 1, in the order in which they were made. `None`: about no request by itself.
    pub request: Option<u64>,
    /// From 1, in the order in which they were begun: one that failed has a number, too.
    pub connection: Option<u64>,
    pub what: What,
}

/// And which of all things it was.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The run: how many files are to come, and how many may run at once.
    Began {
        time: SystemTime,
        files: u64,
        jobs: u64,
    },
    Queued {
        url: String,
        target: PathBuf,
    },
    /// It was its turn.
    Started,
    /// Standing in line for a connection, as no more were allowed. Only where it had to wait.
    Wait {
        took: Duration,
    },
    /// Looking up the host. `cached`: no question was asked. An IP address is not looked up.
    Dns {
        took: Duration,
        host: String,
        addresses: Vec<SocketAddr>,
        cached: bool,
        error: Option<String>,
    },
    /// One attempt to connect; several may run at the same time, and one of them wins.
    Connect {
        took: Duration,
        address: String,
        error: Option<String>,
    },
    /// Having a proxy open the way to the host (`CONNECT`, SOCKS).
    Tunnel {
        took: Duration,
        /// Without its password.
        proxy: String,
        error: Option<String>,
    },
    Tls {
        took: Duration,
        version: Option<String>,
        cipher: Option<String>,
        error: Option<String>,
    },
    /// A request begins to go out. `reused`: over a connection that was there already.
    Request {
        method: String,
        url: String,
        reused: bool,
        /// First and last byte asked for; the last may be left to the server.
        range: Option<(u64, Option<u64>)>,
        /// As it went out, secrets left out.
        headers: Vec<(String, String)>,
    },
    /// The whole request is out, with so many bytes of a body.
    Sent {
        body: u64,
    },
    /// The head of the answer was there.
    FirstByte {
        /// `HTTP/1.1`, say.
        version: String,
        status: u16,
        /// Of this body, as announced.
        length: Option<u64>,
        headers: Vec<(String, String)>,
    },
    /// Now and then while bytes come, at most four times a second for each file, and once at
    /// the end of each body, whole or cut.
    Progress {
        /// Of this body so far.
        received: u64,
        /// Of the file so far, with what earlier runs brought.
        size: u64,
        /// Of the whole file, if that is known.
        total: Option<u64>,
    },
    /// Nothing has come for so long, though something should. Told while it lasts, each time
    /// that it has doubled, and once more at its end; all of one stall begin at `at - silent`.
    Stall {
        silent: Duration,
    },
    /// It failed in a way that may pass, and is tried again after `wait`. A connection that had
    /// been idle and was closed by the time it was needed is replaced without any.
    Retry {
        why: String,
        wait: Duration,
        /// How many tries there were.
        tries: u32,
    },
    /// What follows is another request.
    Redirect {
        status: u16,
        to: String,
    },
    /// It goes on with what is there.
    Resume {
        from: u64,
        total: Option<u64>,
    },
    /// The bytes are there, and were compared with a sum of the user's or the server's.
    Verify {
        /// `sha-256`, say.
        algorithm: String,
        good: bool,
    },
    Done {
        outcome: Outcome,
        /// Why not; empty if it arrived.
        why: String,
        /// As an exit status.
        code: u8,
        /// Over the network, in all tries.
        received: u64,
        /// Of the file that is there now.
        size: u64,
        /// Its final name, if it has one.
        target: Option<PathBuf>,
    },
    /// The run, with its exit status; what a shell makes of it where a signal stopped it (130).
    Ended {
        code: u8,
    },
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Arrived,
    /// It was there before, and nothing was fetched.
    There,
    /// The server says that what is there is what there is.
    NotModified,
    Failed,
    /// The run was stopped before its end, or this file was dropped from it.
    Stopped,
}
