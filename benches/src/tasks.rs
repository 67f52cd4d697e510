//! Tasks and timers. Compiled once for each contender: `super::rt` is theirs.
//!
//! Each function starts a runtime, does its work inside, and tells how long the work took.
//! Starting and ending the runtime is not in the time. The work is a spawned task and not the
//! main future: to wake the main future of tokio's current-thread runtime takes a system call,
//! which is not what any row is about.

#![allow(
    clippy::useless_conversion,
    reason = "what one contender's types need, the other's do without"
)]

use super::rt;
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
