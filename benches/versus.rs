//! hob beside tokio's current-thread runtime, in one table.
//!
//! Run with: `cargo bench`, or `cargo bench -- echo` for the rows that have `echo` in their
//! name, or `cargo bench -- --quick` for three rounds instead of fifteen. `--only-hob` and
//! `--only-tokio` run one side alone and print nothing, for `strace -c` and `perf record`.

use hob_benches::measure::Row;
use hob_benches::{sockets, with_hob, with_tokio};

/// One row: the same function of both `workloads`, with the same numbers.
macro_rules! row {
    ($name:expr, $operations:expr, $file:ident::$workload:ident($($number:expr),*)) => {
        Row {
            name: $name.into(),
            operations: $operations,
            hob: Box::new(|| with_hob::$file::$workload($($number),*)),
            other: Box::new(|| with_tokio::$file::$workload($($number),*)),
        }
    };
}

fn rows() -> Vec<Row> {
    vec![
        row!(
            "spawn 100,000, then join",
            100_000,
            workloads::spawn_then_join(100_000)
        ),
        row!(
            "spawn and join, 100,000 times",
            100_000,
            workloads::spawn_and_join(100_000)
        ),
        row!(
            "JoinSet of 1,000",
            100 * 1_000,
            workloads::join_sets(100, 1_000)
        ),
        row!(
            "yield, 1,000 tasks × 1,000",
            1_000_000,
            workloads::yields(1_000, 1_000)
        ),
        row!("echo, 1 connection", 10_000, workloads::echo(1, 10_000)),
        row!("echo, 64 connections", 64 * 300, workloads::echo(64, 300)),
        row!(
            "timers, 100,000 made and dropped",
            100_000,
            workloads::timers_dropped(100_000)
        ),
        row!(
            "timers, 100,000 fired",
            100_000,
            workloads::timers_fired(100_000)
        ),
        row!("mpsc, ping-pong", 100_000, together::ping_pong(100_000)),
        row!(
            "mpsc, a stream through room for 64",
            1_000_000,
            together::stream(1_000_000, 64)
        ),
        row!(
            "oneshot, from task to task",
            100_000,
            together::oneshots(100_000)
        ),
        row!("Mutex, free", 1_000_000, together::mutex_free(1_000_000)),
        row!(
            "Mutex, 64 tasks in line",
            64 * 1_000,
            together::mutex_in_line(64, 1_000)
        ),
        row!(
            "Semaphore, 64 tasks, 8 permits",
            64 * 1_000,
            together::semaphore(64, 1_000)
        ),
        row!("Notify, there and back", 100_000, together::notify(100_000)),
        row!("select!, 4 branches", 100_000, together::select(100_000)),
        row!(
            "join_all, 1,000 futures",
            100 * 1_000,
            together::join_all(1_000, 100)
        ),
    ]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let rounds = if has("--quick") { 3 } else { 15 };
    let mut wanted = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'));
    let wanted = wanted.next().map_or("", String::as_str);
    let mut rows = rows();
    rows.retain(|row| row.name.contains(wanted));
    if has("--only-hob") || has("--only-tokio") {
        for row in &rows {
            let alone = if has("--only-hob") {
                &row.hob
            } else {
                &row.other
            };
            for _ in 0..rounds {
                alone();
            }
        }
        return;
    }

    println!("Each number is the time of one operation: the median of {rounds} rounds, taken");
    println!("by turns in one process, ± half the distance between the quartiles.");
    println!(
        "TCP congestion control on the sockets: {}.\n",
        sockets::congestion()
    );
    println!("{:34} {:>18}   {:>18}   hob is", "", "hob", "tokio");
    for row in &rows {
        let outcome = row.run(rounds);
        println!(
            "{:34} {}   {}   {:.2} × as fast",
            row.name,
            outcome.hob,
            outcome.other,
            outcome.ratio()
        );
    }
}
