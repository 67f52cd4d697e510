//! Intervals keep their beat, and do what was chosen when ticks are missed.

use std::time::{Duration, Instant};

use hob::Builder;
use hob::time::{Interval, MissedTickBehavior, interval, interval_at, now, sleep, timeout};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Takes `count` ticks of `beat`, and tells when each came and when it was due, in ms.
async fn ticks(beat: &mut Interval, count: usize, start: Instant) -> Vec<(u64, u64)> {
    let mut ticks = Vec::new();
    for _ in 0..count {
        let due = beat.tick().await;
        let since = |moment: Instant| u64::try_from((moment - start).as_millis()).unwrap();
        ticks.push((since(now()), since(due)));
    }
    ticks
}

/// The ticks after somebody was busy for `busy` ms of a beat of 100 ms.
fn ticks_after(behavior: MissedTickBehavior, busy: u64) -> Vec<(u64, u64)> {
    Builder::new().virtual_time().block_on(async {
        let mut beat = interval(ms(100));
        assert_eq!(beat.missed_tick_behavior(), MissedTickBehavior::Burst);
        beat.set_missed_tick_behavior(behavior);
        assert_eq!(beat.missed_tick_behavior(), behavior);
        let start = beat.tick().await;
        sleep(ms(busy)).await;
        ticks(&mut beat, 4, start).await
    })
}

/// Broken by: any other arm in `MissedTickBehavior::next`.
#[test]
fn missed_ticks_are_made_up_for_delayed_or_skipped() {
    use MissedTickBehavior::{Burst, Delay, Skip};
    let at = |ticks: [u64; 4], due: [u64; 4]| ticks.into_iter().zip(due).collect::<Vec<_>>();
    assert_eq!(
        ticks_after(Burst, 330),
        at([330, 330, 330, 400], [100, 200, 300, 400])
    );
    assert_eq!(
        ticks_after(Delay, 330),
        at([330, 430, 530, 630], [100, 430, 530, 630])
    );
    assert_eq!(
        ticks_after(Skip, 330),
        at([330, 400, 500, 600], [100, 400, 500, 600])
    );
    // Exactly on a beat: that one is this tick, and the next is a whole period away.
    assert_eq!(
        ticks_after(Skip, 300),
        at([300, 400, 500, 600], [100, 400, 500, 600])
    );
    for behavior in [Burst, Delay, Skip] {
        let on_time = at([100, 200, 300, 400], [100, 200, 300, 400]);
        assert_eq!(ticks_after(behavior, 30), on_time, "none was missed");
    }
}

/// Broken by: leaving out `SLACK`.
#[test]
fn a_little_lateness_does_not_shift_the_beat() {
    use MissedTickBehavior::{Burst, Delay, Skip};
    for behavior in [Burst, Delay, Skip] {
        let ticks = ticks_after(behavior, 105);
        assert_eq!(ticks[..2], [(105, 100), (200, 200)], "{behavior:?}");
    }
    assert_eq!(ticks_after(Delay, 106)[..2], [(106, 100), (206, 206)]);
}

/// Broken by: waiting a period before the first tick, or counting on from `now`.
#[test]
fn the_first_tick_comes_at_once_or_when_it_was_asked_for() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let mut beat = interval(ms(50));
        assert_eq!(beat.period(), ms(50));
        assert_eq!(
            ticks(&mut beat, 3, start).await,
            [(0, 0), (50, 50), (100, 100)]
        );
        let mut beat = interval_at(start + ms(130), ms(50));
        assert_eq!(ticks(&mut beat, 2, start).await, [(130, 130), (180, 180)]);
    });
}

/// Broken by: any of the four doing what another does.
#[test]
fn each_reset_moves_the_next_tick() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let mut beat = interval(ms(100));
        beat.tick().await;
        sleep(ms(30)).await;
        beat.reset();
        assert_eq!(ticks(&mut beat, 2, start).await, [(130, 130), (230, 230)]);
        beat.reset_immediately();
        assert_eq!(ticks(&mut beat, 2, start).await, [(230, 230), (330, 330)]);
        beat.reset_after(ms(5));
        assert_eq!(ticks(&mut beat, 2, start).await, [(335, 335), (435, 435)]);
        beat.reset_at(start + ms(1000));
        assert_eq!(
            ticks(&mut beat, 2, start).await,
            [(1000, 1000), (1100, 1100)]
        );
    });
}

/// Broken by: moving the deadline on before the tick was handed out.
#[test]
fn a_tick_that_is_given_up_is_not_lost() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let mut beat = interval(ms(100));
        beat.tick().await;
        for _ in 0..4 {
            assert!(timeout(ms(20), beat.tick()).await.is_err());
        }
        assert_eq!(ticks(&mut beat, 1, start).await, [(100, 100)]);
    });
}
