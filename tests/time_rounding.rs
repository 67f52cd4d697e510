//! Never early, and no spinning until it is time: a wait is rounded up on its way to the
//! kernel, never down.

use std::time::{Duration, Instant};

use hob::time::sleep;
use hob::{block_on, metrics};

/// Fractions of a millisecond, which is what the kernel counts in.
const WAITS: [Duration; 8] = [
    Duration::from_nanos(1),
    Duration::from_micros(1),
    Duration::from_micros(50),
    Duration::from_micros(400),
    Duration::from_nanos(999_999),
    Duration::from_nanos(1_000_001),
    Duration::from_micros(1_900),
    Duration::from_micros(5_500),
];

/// Trap 33. Broken by: rounding the timeout of `Reactor::wait` down to milliseconds (hundreds
/// of visits to the kernel while 0.4 ms pass).
#[test]
fn a_fraction_of_a_millisecond_is_slept_not_spun() {
    block_on(async {
        for wait in WAITS {
            let before = metrics().counters.kernel_visits;
            sleep(wait).await;
            let visits = metrics().counters.kernel_visits - before;
            assert!(visits <= 4, "{visits} kernel visits to wait {wait:?}");
        }
    });
}

/// Trap 33. Broken by: letting `expire` fire what is due within the next millisecond.
#[test]
fn no_sleep_ends_early() {
    block_on(async {
        let sleepers = (0..400_u32).map(|n| {
            hob::spawn(async move {
                let wait = Duration::from_nanos(u64::from(n) * 37_123);
                let start = Instant::now();
                sleep(wait).await;
                (wait, start.elapsed())
            })
        });
        for sleeper in sleepers.collect::<Vec<_>>() {
            let (wait, slept) = sleeper.await.unwrap();
            assert!(slept >= wait, "{slept:?} instead of {wait:?}");
        }
    });
}
