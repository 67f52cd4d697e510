//! The rows: for each what is done, how often, who takes part, and where hob wants to be.
//!
//! Who does not take part has no such thing, or has it only in a form that would not be the same
//! work; the notes say so.

use crate::Options;
use crate::apart::apart;
use hob_benches::with_tokio_local as tokio_local;
use hob_benches::{limit, map};
#[cfg(target_os = "linux")]
use hob_benches::{with_compio as compio, with_monoio as monoio};
use hob_benches::{with_hob as hob, with_smol as smol, with_tokio as tokio};
use hob_judge::outcome::quantile;
use hob_judge::row::Row;
use std::time::Duration;

/// All rows, in the order of the table. What is timed here runs in children, as downloads do.
pub(crate) fn all(options: &Options) -> Vec<Row> {
    let quick = options.quick;
    let timed = rows_that_are_timed(quick).into_iter();
    let mut rows: Vec<Row> = match options.alone {
        Some(_) => timed.collect(),
        None => timed.map(|row| apart(row, quick)).collect(),
    };
    rows.extend(crate::downloads::rows(quick));
    rows.extend(crate::footprint::rows(quick));
    rows.extend(crate::counted::rows());
    rows
}

/// The rows whose programs are functions of this very program.
pub(crate) fn rows_that_are_timed(quick: bool) -> Vec<Row> {
    let mut rows = tasks(quick);
    rows.extend(together(quick));
    rows.extend(timers(quick));
    rows.extend(sockets(quick));
    rows.extend(threads(quick));
    rows.extend(files(quick));
    rows
}

/// Nanoseconds for one of `operations`.
fn each(took: Duration, operations: usize) -> f64 {
    took.as_secs_f64() * 1e9 / operations as f64
}

/// Puts the same function of several contenders into a row, with the same numbers. Behind the
/// second semicolon stand those that live on io_uring.
macro_rules! contenders {
    ($row:expr, $operations:expr, $file:ident::$function:ident $numbers:tt;
     $($who:ident)*; $($uring:ident)*) => {{
        let row = $row;
        let operations = $operations;
        $(let row = row.with(stringify!($who), move || {
            each($who::$file::$function $numbers, operations)
        });)*
        #[cfg(target_os = "linux")]
        let row = { row $(.with(stringify!($uring), move || {
            each($uring::$file::$function $numbers, operations)
        }))* };
        row
    }};
}

fn tasks(quick: bool) -> Vec<Row> {
    let n = 100_000;
    let (times, sets) = if quick { (100, 20) } else { (1_000, 100) };
    vec![
        contenders!(Row::new("spawn_join", "spawn 100,000 tasks, then join them"),
            n, tasks::spawn_then_join(n); hob tokio tokio_local smol; monoio compio)
        .mark("tokio", 0.22)
        .mark("smol", 0.9),
        contenders!(Row::new("spawn_one", "spawn a task and join it, one after another"),
            n, tasks::spawn_and_join(n); hob tokio tokio_local smol; monoio compio),
        contenders!(Row::new("yield", "yield, 1,000 tasks in turn"),
            1_000 * times, tasks::yields(1_000, times); hob tokio tokio_local smol; monoio compio)
        .mark("tokio", 0.5),
        contenders!(Row::new("join_set", "a task of a JoinSet of 1,000"),
            sets * 1_000, choices::join_sets(sets, 1_000); hob tokio;)
        .mark("tokio", 0.5),
    ]
}

fn together(quick: bool) -> Vec<Row> {
    let n = if quick { 20_000 } else { 100_000 };
    let many = 10 * n;
    let times = if quick { 200 } else { 1_000 };
    let sets = if quick { 20 } else { 100 };
    vec![
        contenders!(Row::new("mpsc_ping_pong", "a message to another task and one back"),
            n, channels::ping_pong(n); hob tokio tokio_local smol;)
        .mark("tokio", 0.25),
        contenders!(Row::new("mpsc_stream", "a message through a channel with room for 64"),
            many, channels::stream(many, 64); hob tokio tokio_local smol;)
        .mark("tokio", 0.35),
        contenders!(Row::new("oneshot", "ask another task, and its answer through a oneshot"),
            n, choices::oneshots(n); hob tokio;)
        .mark("tokio", 0.5),
        contenders!(Row::new("mutex", "a free Mutex taken and let go"),
            many, channels::mutex_free(many); hob tokio tokio_local smol;)
        .mark("tokio", 0.35),
        contenders!(Row::new("mutex_line", "a Mutex with 64 tasks in line"),
            64 * times, channels::mutex_in_line(64, times); hob tokio tokio_local smol;)
        .mark("tokio", 0.35),
        contenders!(Row::new("semaphore", "a Semaphore of 8 permits with 64 tasks in line"),
            64 * times, channels::semaphore(64, times); hob tokio tokio_local smol;)
        .mark("tokio", 0.35),
        contenders!(Row::new("notify", "a notification there and one back"),
            n, choices::notify(n); hob tokio;)
        .mark("tokio", 0.35),
        contenders!(Row::new("select", "select! of 4 branches, one of them ready"),
            n, choices::select(n); hob tokio;)
        .mark("tokio", 0.5),
        contenders!(Row::new("join_all", "a future of a join_all of 1,000"),
            sets * 1_000, choices::join_all(1_000, sets); hob tokio;)
        .mark("tokio", 0.5)
        .note("tokio has no join_all: on its side it is the one of futures-util"),
    ]
}

fn timers(quick: bool) -> Vec<Row> {
    let n = 100_000;
    let late = if quick { 60 } else { 300 };
    vec![
        contenders!(Row::new("timers_dropped", "a timer made and dropped, 100,000 live"),
            n, tasks::timers_dropped(n); hob tokio tokio_local smol; monoio compio)
        .mark("tokio", 0.25),
        contenders!(Row::new("timers_fired", "a task whose timer fires, 100,000 of them"),
            n, tasks::timers_fired(n); hob tokio tokio_local smol; compio)
        .note("monoio is left out: in this program it never ends, and why was not found out")
        .mark("tokio", 0.5)
        .rounds(7),
        Row::new(
            "lateness_idle",
            "how late a timer is while nothing else goes on, 99th percentile",
        )
        .unit("ms")
        .with("hob", move || p99(hob::lateness::idle(late)))
        .with("tokio", move || p99(tokio::lateness::idle(late)))
        .with("smol", move || p99(smol::lateness::idle(late)))
        .at_most(1.2)
        .rounds(5),
        Row::new(
            "lateness_busy",
            "how late a timer is beside a socket that is always ready, 99th percentile",
        )
        .unit("ms")
        .with("hob", move || p99(hob::lateness::busy(late)))
        .with("tokio", move || p99(tokio::lateness::busy(late)))
        .note("smol is left out: its sockets have no budget, so the timer never fires")
        .mark("tokio", 1.0)
        .at_most(5.0)
        .rounds(5),
    ]
}

fn p99(mut late: Vec<f64>) -> f64 {
    late.sort_by(f64::total_cmp);
    quantile(&late, 0.99)
}

fn sockets(quick: bool) -> Vec<Row> {
    let trips = if quick { 2_000 } else { 10_000 };
    let conns = if quick { 300 } else { 1_000 };
    let (t64, t512) = (trips / 40, trips / 200);
    vec![
        contenders!(Row::new("echo_1", "64 bytes there and back over TCP, 1 connection"),
            trips, streams::echo(1, trips); hob tokio tokio_local smol limit; monoio compio)
        .mark("tokio", 0.95)
        .mark("limit", 1.04),
        contenders!(Row::new("echo_64", "the same, 64 connections"),
            64 * t64, streams::echo(64, t64); hob tokio tokio_local smol limit; monoio compio)
        .mark("tokio", 0.95)
        .mark("limit", 1.04),
        contenders!(Row::new("echo_512", "the same, 512 connections"),
            512 * t512, streams::echo(512, t512); hob tokio tokio_local smol limit; monoio compio)
        .mark("tokio", 0.95)
        .mark("limit", 1.04),
        contenders!(Row::new("connect", "connect, accept, and both hang up"),
            conns, streams::connect(conns); hob tokio tokio_local smol limit; monoio compio)
        .mark("tokio", 0.97),
        contenders!(Row::new("udp", "64 bytes there and back in UDP datagrams"),
            trips, streams::udp(trips); hob tokio tokio_local smol limit; monoio compio)
        .mark("tokio", 0.97)
        .mark("limit", 1.05),
        contenders!(Row::new("unix", "64 bytes there and back over a Unix socket"),
            trips, streams::unix(trips); hob tokio tokio_local smol limit; monoio compio)
        .mark("tokio", 0.97)
        .mark("limit", 1.05),
    ]
}

fn threads(quick: bool) -> Vec<Row> {
    let n = if quick { 1_000 } else { 5_000 };
    let jobs = if quick { 40 } else { 200 };
    vec![
        contenders!(Row::new("wake", "from a wake on another thread until the task is polled"),
            n, workers::wakes(n); hob tokio smol limit;)
        .mark("tokio", 0.9),
        contenders!(Row::new("spawn_blocking", "a closure to a worker, and its result"),
            n, workers::round_trips(n); hob tokio smol;)
        .mark("tokio", 0.9),
        Row::new(
            "blocking_map",
            "a millisecond of CPU work, many on all processors",
        )
        .with("hob", move || each(map::hob(jobs), jobs))
        .with("tokio", move || each(map::tokio(jobs), jobs))
        .with("limit", move || each(map::limit(jobs), jobs))
        .mark("limit", 1.03),
    ]
}

fn files(quick: bool) -> Vec<Row> {
    const MIB: usize = 1 << 20;
    let mib = if quick { 64 } else { 1024 };
    let count = if quick { 300 } else { 1_000 };
    let large = contenders!(Row::new("file_large", "a MiB written and read in pieces of 64 KiB"),
        mib, files::sequential(mib * MIB); hob tokio smol; monoio compio);
    vec![
        large
            .with("limit", move || each(limit::files::sequential(mib * MIB), mib))
            .mark("tokio", 0.5)
            .mark("limit", 1.15)
            .rounds(5),
        contenders!(Row::new("file_small", "a file of 4 KiB written, read and removed, 16 at once"),
            count, files::small(count, 16); hob tokio smol;)
            .with("limit", move || each(limit::files::small(count), count))
            .mark("tokio", 0.5)
            .mark("limit", 1.15),
    ]
}
