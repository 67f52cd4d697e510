//! A timeout ends what never waits: an inner future that eats the whole budget of each poll
//! cannot keep the deadline from being looked at.

use std::future::pending;
use std::time::{Duration, Instant};

use hob::block_on;
use hob::time::{sleep, timeout};

/// Endless work that yields only when its budget is spent; gives up after ten real seconds,
/// so that a broken timeout makes the test fail instead of hang.
async fn firehose() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        hob::coop::consume_budget().await;
    }
}

/// Trap 30. Broken by: `Pin::new(this.sleep).poll(cx)` instead of `poll_unconstrained` in
/// `Timeout::poll`.
#[test]
fn a_timeout_over_something_always_ready_fires() {
    block_on(async {
        for limit in [0, 1, 20].map(Duration::from_millis) {
            let late = timeout(limit, firehose()).await.unwrap_err();
            assert_eq!(late.to_string(), "the deadline has passed", "{limit:?}");
        }
    });
}

/// Trap 30. Broken by: looking at the deadline before the inner future.
#[test]
fn what_is_ready_at_the_deadline_has_won() {
    block_on(async {
        assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
        assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
        let over = sleep(Duration::ZERO);
        assert!(timeout(Duration::ZERO, over).await.is_ok());
    });
}

/// Trap 30. Broken by: leaving out `spend` or `poll_budget` in `Sleep::poll`.
#[test]
fn sleeps_that_are_over_at_once_still_let_others_run() {
    block_on(async {
        let other = hob::spawn(async {});
        let mut sleeps = 0;
        while !other.is_finished() {
            sleep(Duration::ZERO).await;
            sleeps += 1;
            assert!(sleeps < 100_000, "the other task is never polled");
        }
    });
}
