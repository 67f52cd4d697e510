//! A rate is kept to the nanosecond under virtual time, in the order of asking, whatever is
//! cancelled and however the rate is changed.

mod sync_support;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hob::Builder;
use hob::sync::RateLimiter;
use hob::time::{now, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

fn virtually<F: Future>(main: F) -> F::Output {
    Builder::new().virtual_time().block_on(main)
}

/// Broken by: computing the deadline from `now()` of the poll plus a wait rounded for each
/// token (drift), or rounding down (early).
#[test]
fn a_thousand_tokens_at_seven_in_three_seconds_come_to_the_nanosecond() {
    virtually(async {
        let limiter = RateLimiter::new(7, 3 * SECOND);
        let start = now();
        for n in 0..=1_000_u64 {
            limiter.acquire().await;
            let ideal_ns = (u128::from(n) * 3_000_000_000).div_ceil(7);
            assert_eq!((now() - start).as_nanos(), ideal_ns);
        }
    });
}

#[test]
fn a_pause_saves_up_the_burst_and_no_more() {
    virtually(async {
        let limiter = RateLimiter::new(10, SECOND).burst(5);
        limiter.acquire_many(5).await;
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(limiter.available(), 5);
        let start = now();
        for _ in 0..6 {
            limiter.acquire().await;
        }
        assert_eq!(now() - start, SECOND / 10);
    });
}

/// Trap 41. Broken by: taking `end` out of the drop of `Turn`, or leaving `wanted` set in the
/// drop of `AcquireRate`.
#[test]
fn who_gives_up_takes_nothing_and_lets_the_next_one_have_its_turn() {
    virtually(async {
        let limiter = Rc::new(RateLimiter::new(1, SECOND));
        limiter.acquire().await;
        let start = now();
        let impatient = limiter.clone();
        let big = hob::spawn(async move { timeout(SECOND / 2, impatient.acquire_many(50)).await });
        let waits = limiter.clone();
        let behind = hob::spawn(async move { timeout(SECOND / 2, waits.acquire()).await });
        hob::yield_now().await;
        limiter.acquire().await;
        assert!(big.await.unwrap().is_err() && behind.await.unwrap().is_err());
        assert_eq!(now() - start, SECOND, "as if the others had never come");
        sleep(100 * SECOND).await;
        assert_eq!(
            limiter.available(),
            1,
            "the big wish has left no room behind"
        );
    });
}

#[test]
fn they_are_served_in_the_order_in_which_they_asked() {
    virtually(async {
        let limiter = Rc::new(RateLimiter::new(2, SECOND));
        let served = Rc::new(RefCell::new(Vec::new()));
        let start = now();
        let tasks: Vec<_> = [1, 3, 1, 2]
            .into_iter()
            .map(|tokens| {
                let (limiter, served) = (limiter.clone(), served.clone());
                hob::spawn(async move {
                    limiter.acquire_many(tokens).await;
                    served
                        .borrow_mut()
                        .push((tokens, (now() - start).as_millis()));
                })
            })
            .collect();
        hob::yield_now().await;
        assert!(limiter.try_acquire_many(0).is_err(), "nobody overtakes");
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*served.borrow(), [(1, 0), (3, 1500), (1, 2000), (2, 3000)]);
    });
}

/// Broken by: setting `bucket.burst` without filling again (then all five are left), or filling
/// for nobody (then who waits loses what has come for it).
#[test]
fn a_smaller_burst_takes_what_is_saved_up_but_not_from_who_waits() {
    virtually(async {
        let limiter = Rc::new(RateLimiter::new(10, SECOND).burst(5));
        limiter.set_burst(2);
        assert_eq!(limiter.available(), 2);
        limiter.acquire_many(2).await;
        let start = now();
        let waiter = limiter.clone();
        let waiter = hob::spawn(async move { waiter.acquire_many(20).await });
        sleep(SECOND).await;
        limiter.set_burst(1);
        waiter.await.unwrap();
        assert_eq!(now() - start, 2 * SECOND);
        limiter.set_burst(7);
        sleep(SECOND).await;
        assert_eq!(limiter.available(), 7);
    });
}

/// Broken by: taking `sleeper.wake()` out of `set_rate`.
#[test]
fn a_change_of_rate_reaches_those_who_wait() {
    virtually(async {
        let limiter = Rc::new(RateLimiter::new(1, 100 * SECOND));
        limiter.acquire().await;
        let start = now();
        let waiter = limiter.clone();
        let waiter = hob::spawn(async move { waiter.acquire().await });
        sleep(50 * SECOND).await;
        // Half a token has come; the other half comes by the new rate.
        limiter.set_rate(1, 10 * SECOND);
        waiter.await.unwrap();
        assert_eq!(now() - start, 55 * SECOND);
        // And slower: it must not come at the time of the old rate.
        let waiter = limiter.clone();
        let waiter = hob::spawn(async move { waiter.acquire().await });
        sleep(5 * SECOND).await;
        limiter.set_rate(1, 1000 * SECOND);
        waiter.await.unwrap();
        assert_eq!(now() - start, 55 * SECOND + 505 * SECOND);
    });
}

/// Trap 32. Broken by: counting units in 64 bits.
#[test]
fn the_longest_spans_do_no_harm() {
    virtually(async {
        let limiter = RateLimiter::new(1, Duration::MAX).burst(u32::MAX);
        assert_eq!(limiter.available(), u32::MAX);
        limiter.acquire_many(u32::MAX).await;
        let wait = timeout(Duration::from_secs(1 << 30), limiter.acquire_many(u32::MAX));
        assert!(wait.await.is_err());
        limiter.set_rate(u32::MAX, Duration::from_nanos(1));
        limiter.acquire_many(u32::MAX).await;
    });
}

/// Trap 51. Broken by: waking everybody when a turn ends.
#[test]
fn ten_thousand_who_wait_cost_a_few_polls_each_and_not_a_square_of_it() {
    const WAITERS: u64 = 10_000;
    let polls = virtually(async {
        let limiter = Rc::new(RateLimiter::new(1000, SECOND));
        let before = hob::metrics().counters.polls;
        let start = now();
        let tasks: Vec<_> = (0..WAITERS)
            .map(|_| {
                let limiter = limiter.clone();
                hob::spawn(async move { limiter.acquire().await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(now() - start, Duration::from_millis(WAITERS - 1));
        hob::metrics().counters.polls - before
    });
    // In line, at the bucket, served; and main once for each.
    assert!(polls <= 4 * WAITERS + 10, "{polls} polls");
}

#[test]
fn a_limiter_made_outside_of_the_loop_works_in_it() {
    let limiter = RateLimiter::new(1, SECOND);
    let begin = Instant::now();
    virtually(async {
        limiter.acquire().await;
        limiter.acquire().await;
    });
    assert!(begin.elapsed() < SECOND);
}

#[test]
#[should_panic(expected = "at least 1")]
fn a_rate_of_nothing_is_refused() {
    RateLimiter::new(0, SECOND);
}

#[test]
#[should_panic(expected = "span of time")]
fn a_rate_in_no_time_is_refused() {
    RateLimiter::new(1, Duration::ZERO);
}

/// A loop that looks at the clock every 1.7 ms only, as one does whose timers are late. Broken
/// by: `LATE` made zero (then each token takes 3.4 ms).
#[test]
fn a_loop_that_is_late_for_each_token_keeps_the_rate_all_the_same() {
    virtually(async {
        let limiter = Rc::new(RateLimiter::new(500, SECOND));
        let start = now();
        let done = Rc::new(std::cell::Cell::new(0));
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (limiter, done) = (limiter.clone(), done.clone());
                let mut acquire = Box::pin(async move { limiter.acquire().await });
                hob::spawn(async move {
                    let waker = std::task::Waker::noop();
                    let cx = &mut std::task::Context::from_waker(waker);
                    while acquire.as_mut().poll(cx).is_pending() {
                        sleep(Duration::from_micros(1700)).await;
                    }
                    done.set(done.get() + 1);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let took = now() - start;
        assert!(took >= 99 * SECOND / 500, "{took:?}");
        assert!(
            took <= 99 * SECOND / 500 + Duration::from_millis(4),
            "{took:?}"
        );
        assert_eq!(done.get(), 100);
    });
}
