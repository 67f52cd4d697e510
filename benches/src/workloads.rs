//! The programs that are measured. Compiled once for each contender: `super::rt` is theirs.
//!
//! Each function starts a runtime, does its work inside, and tells how long the work took.
//! Starting and ending the runtime is not in the time. The work is a spawned task and not the
//! main future: to wake the main future of tokio's current-thread runtime takes a system call,
//! which is not what any row is about.

#![allow(
    unused_imports,
    unused_mut,
    clippy::useless_conversion,
    reason = "what one contender's types need, the other's do without"
)]

use super::rt::{self, AsyncReadExt as _, AsyncWriteExt as _};
use crate::sockets;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// `count` tasks are spawned, then all are joined.
pub fn spawn_then_join(count: usize) -> Duration {
    rt::in_a_task(async move {
        let start = Instant::now();
        let handles: Vec<_> = (0..count).map(|n| rt::spawn(async move { n })).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.expect("it ends");
        }
        assert_eq!(sum, count * (count - 1) / 2);
        start.elapsed()
    })
}

/// `count` tasks, each spawned and joined before the next is born.
pub fn spawn_and_join(count: usize) -> Duration {
    rt::in_a_task(async move {
        let start = Instant::now();
        let mut sum = 0;
        for n in 0..count {
            sum += rt::spawn(async move { n }).await.expect("it ends");
        }
        assert_eq!(sum, count * (count - 1) / 2);
        start.elapsed()
    })
}

/// `sets` sets of `count` tasks each, whose results are taken as they come.
pub fn join_sets(sets: usize, count: usize) -> Duration {
    rt::in_a_task(async move {
        let start = Instant::now();
        for _ in 0..sets {
            let mut set = rt::JoinSet::new();
            for n in 0..count {
                set.spawn(async move { n });
            }
            let mut sum = 0;
            while let Some(result) = set.join_next().await {
                sum += result.expect("it ends");
            }
            assert_eq!(sum, count * (count - 1) / 2);
        }
        start.elapsed()
    })
}

/// `tasks` tasks yield `times` times each.
pub fn yields(tasks: usize, times: usize) -> Duration {
    rt::in_a_task(async move {
        let start = Instant::now();
        let yielding = || async move {
            for _ in 0..times {
                rt::yield_now().await;
            }
        };
        let handles: Vec<_> = (0..tasks).map(|_| rt::spawn(yielding())).collect();
        for handle in handles {
            handle.await.expect("it ends");
        }
        start.elapsed()
    })
}

/// On each of `connections` connections, `trips` messages of 64 bytes go to a task that sends
/// them back. Both ends live on the one thread.
pub fn echo(connections: usize, trips: usize) -> Duration {
    let pairs = sockets::pairs(connections);
    rt::in_a_task(async move {
        let mut handles = Vec::new();
        let start = Instant::now();
        for (client, server) in pairs {
            let client = rt::TcpStream::from_std(client).expect("a stream");
            let server = rt::TcpStream::from_std(server).expect("a stream");
            handles.push(rt::spawn(answer(server)));
            handles.push(rt::spawn(ask(client, trips)));
        }
        for handle in handles {
            handle.await.expect("it ends");
        }
        start.elapsed()
    })
}

async fn ask(mut stream: rt::TcpStream, trips: usize) {
    let mut buffer = [0; 64];
    for trip in 0..trips {
        let message = [trip as u8; 64];
        stream.write_all(&message).await.expect("written");
        stream.read_exact(&mut buffer).await.expect("answered");
        assert_eq!(buffer, message);
    }
}

/// An echo server as people write it: whatever comes, into a buffer with room to spare.
async fn answer(mut stream: rt::TcpStream) {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await.expect("asked") {
            0 => return,
            n => stream.write_all(&buffer[..n]).await.expect("written"),
        }
    }
}

/// `count` timers of 30 to 90 seconds are made, armed by one poll, and dropped: what nearly
/// every timeout comes to.
pub fn timers_dropped(count: usize) -> Duration {
    rt::in_a_task(async move {
        let base = rt::Instant::from(Instant::now()) + Duration::from_secs(30);
        let start = Instant::now();
        let mut armed = Vec::with_capacity(count);
        for n in 0..count {
            let mut sleep = Box::pin(rt::sleep_until(base + scattered(n, 60_000)));
            assert!(
                poll_once(sleep.as_mut()).await.is_none(),
                "not for half a minute"
            );
            armed.push(sleep);
        }
        drop(armed);
        start.elapsed()
    })
}

/// `count` tasks wait for a timer each. When all the deadlines have passed, the clock starts:
/// what is measured is firing, waking and ending, and no sleep.
pub fn timers_fired(count: usize) -> Duration {
    // All have to be armed before the first is due. On a busy machine that may take a while.
    let tries = [200, 1_000, 5_000].map(Duration::from_millis);
    let mut rounds = tries.into_iter().map(|ahead| fired(count, ahead));
    rounds.find_map(|round| round).expect("armed in time")
}

/// One round, with `ahead` of time to arm all timers. `None` if that was too little.
fn fired(count: usize, ahead: Duration) -> Option<Duration> {
    const LAST: Duration = Duration::from_millis(41);
    static ARMED: AtomicUsize = AtomicUsize::new(0);
    ARMED.store(0, Ordering::Relaxed);
    let took = rt::in_a_task(async move {
        let first = Instant::now() + ahead;
        let wait = move |n| async move {
            let sleep = rt::sleep_until(rt::Instant::from(first + scattered(n, 40)));
            ARMED.fetch_add(1, Ordering::Relaxed);
            sleep.await;
        };
        let handles: Vec<_> = (0..count).map(|n| rt::spawn(wait(n))).collect();
        while ARMED.load(Ordering::Relaxed) < count {
            rt::yield_now().await;
        }
        if Instant::now() >= first {
            return Duration::ZERO;
        }
        // The whole thread sleeps, the runtime with it: nothing fires before the clock starts.
        std::thread::sleep((first + LAST).saturating_duration_since(Instant::now()));
        let start = Instant::now();
        for handle in handles {
            handle.await.expect("it ends");
        }
        start.elapsed()
    });
    (took > Duration::ZERO).then_some(took)
}

/// A number of milliseconds below `range` that does not grow with `n`, the same in every run.
fn scattered(n: usize, range: u64) -> Duration {
    let mixed = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    Duration::from_millis(mixed % range)
}

/// One poll, with the waker of the running task.
async fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    futures_lite::future::poll_once(future).await
}
