//! Any `Duration` and any `Instant` will do, from nothing to `Duration::MAX`.

use std::time::{Duration, Instant};

use hob::time::{interval, interval_at, now, sleep, sleep_until, timeout, timeout_at};
use hob::{Builder, block_on, metrics, spawn};

/// Longer than anybody waits, each long in another unit.
const LONG: [Duration; 8] = [
    Duration::MAX,
    Duration::from_secs(u64::MAX),
    Duration::from_secs(i64::MAX as u64),
    Duration::from_millis(u64::MAX),
    Duration::from_millis(i32::MAX as u64 + 1), // 24.8 days: where poll(2)'s argument ends
    Duration::from_nanos(u64::MAX),
    Duration::from_secs(u32::MAX as u64 + 1),
    Duration::from_secs(60 * 60 * 24 * 365 * 30),
];

/// Trap 32. Broken by: taking `min(FAR)` out of `clock::later`.
#[test]
fn long_waits_neither_panic_nor_end() {
    Builder::new().virtual_time().block_on(async {
        for long in LONG {
            let short = Duration::from_secs(1);
            assert!(timeout(short, sleep(long)).await.is_err());
            assert_eq!(timeout(long, async { 7 }).await, Ok(7));
            assert!(timeout(long, sleep(short)).await.is_ok());
            let mut beat = interval(long);
            beat.tick().await;
            assert!(timeout(short, beat.tick()).await.is_err());
            beat.reset();
            beat.reset_after(long);
            assert!(timeout(short, beat.tick()).await.is_err());
        }
        assert_eq!(metrics().live_timers, 0);
    });
}

/// Trap 32. Broken by: passing the wait to the kernel in 32 bits of milliseconds (it then
/// returns at once, or not at all).
#[test]
fn the_kernel_can_wait_until_a_far_deadline() {
    for long in LONG {
        block_on(async {
            let _far = spawn(sleep(long));
            let before = metrics().counters.kernel_visits;
            let job = hob::spawn_blocking(|| std::thread::sleep(Duration::from_millis(20)));
            job.await.unwrap();
            let visits = metrics().counters.kernel_visits - before;
            assert!(
                visits < 20,
                "{visits} visits in 20 ms with a deadline in {long:?}"
            );
        });
    }
}

/// Trap 32. Broken by: adding a period with `+` in `MissedTickBehavior::next`, or subtracting
/// instants with `-`.
#[test]
fn deadlines_in_the_past_are_over_at_once() {
    Builder::new().virtual_time().block_on(async {
        sleep(Duration::from_secs(10)).await;
        let start = now();
        let past = start - Duration::from_secs(5);
        sleep(Duration::ZERO).await;
        sleep_until(past).await;
        assert!(
            timeout_at(past, sleep(Duration::from_nanos(1)))
                .await
                .is_err()
        );
        let mut beat = interval_at(past, Duration::MAX);
        assert_eq!(beat.tick().await, past);
        assert_eq!(now(), start);
    });
}

/// Trap 32. Broken by: reading the clock only through `now() + wait`.
#[test]
fn an_instant_beyond_all_others_is_a_deadline_like_any() {
    block_on(async {
        let mut beyond = Instant::now();
        for shift in (0..63).rev() {
            let step = Duration::from_secs(1 << shift);
            beyond = beyond.checked_add(step).unwrap_or(beyond);
        }
        let limit = Duration::from_millis(1);
        assert!(timeout(limit, sleep_until(beyond)).await.is_err());
        let mut beat = interval_at(beyond, Duration::from_secs(1));
        assert!(timeout(limit, beat.tick()).await.is_err());
    });
}

/// Trap 48. Broken by: leaving out the assertion in `interval_at` (division by zero, or a
/// loop without end).
#[test]
#[should_panic(expected = "period of an interval must be longer than zero")]
fn an_interval_of_zero_is_refused() {
    let _ = interval(Duration::ZERO);
}
