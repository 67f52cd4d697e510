//! What is counted: the programs of `versus`, smaller.

use crate::{allocations, live};
use hob_benches::{limit, sockets};
use hob_benches::{with_hob as hob, with_tokio as tokio};

/// A program, who runs it, and what is counted of it.
pub(crate) struct Program {
    pub(crate) row: &'static str,
    pub(crate) contenders: &'static [&'static str],
    pub(crate) counts: &'static [&'static str],
    /// A run with few operations, and one with more.
    pub(crate) times: [usize; 2],
}

const BOTH: &[&str] = &["hob", "tokio"];
const LIMIT: &[&str] = &["hob", "tokio", "limit"];
const WORK: &[&str] = &["allocations", "instructions"];
const CALLS: &[&str] = &["syscalls", "allocations", "instructions"];

/// All of them.
pub(crate) fn programs() -> Vec<Program> {
    let program = |row, contenders, counts, times| Program {
        row,
        contenders,
        counts,
        times,
    };
    vec![
        program("spawn_join", BOTH, WORK, [5_000, 10_000]),
        program("spawn_one", BOTH, WORK, [5_000, 10_000]),
        program("yield", BOTH, WORK, [50, 100]),
        program("join_set", BOTH, WORK, [5, 10]),
        program("mpsc_ping_pong", BOTH, WORK, [5_000, 10_000]),
        program("mpsc_stream", BOTH, WORK, [6_400, 12_800]),
        program("oneshot", BOTH, WORK, [5_000, 10_000]),
        program("mutex", BOTH, WORK, [10_000, 20_000]),
        program("mutex_line", BOTH, WORK, [100, 200]),
        program("semaphore", BOTH, WORK, [100, 200]),
        program("notify", BOTH, WORK, [5_000, 10_000]),
        program("select", BOTH, WORK, [6_200, 12_400]),
        program("join_all", BOTH, WORK, [5, 10]),
        program("timers_dropped", BOTH, WORK, [5_000, 10_000]),
        program("echo_1", LIMIT, CALLS, [500, 1_000]),
        program("echo_64", LIMIT, CALLS, [10, 20]),
        program("connect", LIMIT, CALLS, [200, 400]),
        program("udp", LIMIT, CALLS, [500, 1_000]),
        program("unix", LIMIT, CALLS, [500, 1_000]),
        program("parked_task", BOTH, &["bytes"], [10_000, 0]),
        program("sleeping_task", BOTH, &["bytes"], [10_000, 0]),
        program("idle_stream", BOTH, &["bytes"], [1_000, 0]),
    ]
}

/// How many operations a program makes when it is asked for `times`.
pub(crate) fn operations(row: &str, times: usize) -> usize {
    match row {
        "yield" | "join_set" | "join_all" => 1_000 * times,
        "mutex_line" | "semaphore" | "echo_64" => 64 * times,
        _ => times,
    }
}

/// The same function of hob, tokio and the limit.
macro_rules! run {
    ($who:expr, $file:ident::$function:ident $numbers:tt) => {
        match $who {
            "hob" => drop(hob::$file::$function $numbers),
            _ => drop(tokio::$file::$function $numbers),
        }
    };
    ($who:expr, $file:ident::$function:ident $numbers:tt, limit) => {
        match $who {
            "limit" => drop(limit::$file::$function $numbers),
            who => run!(who, $file::$function $numbers),
        }
    };
}

/// Runs it, in this process. Gives how often memory was asked for, or, if it is about that, how
/// many bytes each of what waits holds.
pub(crate) fn run(row: &str, who: &str, times: usize) -> f64 {
    sockets::many_files();
    let before = allocations();
    match row {
        "spawn_join" => run!(who, tasks::spawn_then_join(times)),
        "spawn_one" => run!(who, tasks::spawn_and_join(times)),
        "yield" => run!(who, tasks::yields(1_000, times)),
        "join_set" => run!(who, choices::join_sets(times, 1_000)),
        "mpsc_ping_pong" => run!(who, channels::ping_pong(times)),
        "mpsc_stream" => run!(who, channels::stream(times, 64)),
        "oneshot" => run!(who, choices::oneshots(times)),
        "mutex" => run!(who, channels::mutex_free(times)),
        "mutex_line" => run!(who, channels::mutex_in_line(64, times)),
        "semaphore" => run!(who, channels::semaphore(64, times)),
        "notify" => run!(who, choices::notify(times)),
        "select" => run!(who, choices::select(times)),
        "join_all" => run!(who, choices::join_all(1_000, times)),
        "timers_dropped" => run!(who, tasks::timers_dropped(times)),
        "echo_1" => run!(who, streams::echo(1, times), limit),
        "echo_64" => run!(who, streams::echo(64, times), limit),
        "connect" => run!(who, streams::connect(times), limit),
        "udp" => run!(who, streams::udp(times), limit),
        "unix" => run!(who, streams::unix(times), limit),
        _ => return bytes(row, who, times),
    }
    (allocations() - before) as f64
}

fn bytes(row: &str, who: &str, count: usize) -> f64 {
    match (row, who) {
        ("parked_task", "hob") => hob::heap::parked(count, live),
        ("parked_task", _) => tokio::heap::parked(count, live),
        ("sleeping_task", "hob") => hob::heap::sleeping(count, live),
        ("sleeping_task", _) => tokio::heap::sleeping(count, live),
        (_, "hob") => hob::heap::idle_streams(count, live),
        _ => tokio::heap::idle_streams(count, live),
    }
}
