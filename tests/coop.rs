//! The budget of a poll, as programs see it: `consume_budget`, `has_budget_remaining`,
//! `unconstrained`.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use hob::coop::{consume_budget, has_budget_remaining, unconstrained};
use hob::{block_on, metrics, spawn, yield_now};

/// Spends what is left in this poll, and says how much that was. A budget that nothing reduces
/// fails the test instead of hanging it.
async fn spend_all() -> usize {
    for units in 0..10_000 {
        if !has_budget_remaining() {
            return units;
        }
        consume_budget().await;
    }
    panic!("there is no end to this budget");
}

/// Trap 27. Broken by: leaving out `spend` in `consume_budget`.
#[test]
fn a_poll_may_spend_128_units_and_then_the_kernel_has_its_turn() {
    block_on(async {
        yield_now().await; // a fresh budget
        let before = metrics().counters;
        for _ in 0..128 {
            assert!(has_budget_remaining());
            consume_budget().await;
        }
        assert!(!has_budget_remaining());
        assert_eq!(metrics().counters, before, "all of that was one poll");
        consume_budget().await;
        let now = metrics().counters;
        assert_eq!(now.kernel_visits, before.kernel_visits + 1);
        assert!(has_budget_remaining());
    });
}

#[test]
fn each_poll_of_each_task_has_a_budget_of_its_own() {
    block_on(async {
        let tasks: Vec<_> = (0..3).map(|_| spawn(spend_all())).collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 128);
        }
    });
}

/// Broken by: `future.poll(cx)` without the guard in `poll_unconstrained`.
#[test]
fn without_constraint_nothing_is_spent_and_afterwards_the_former_budget_rules() {
    block_on(async {
        yield_now().await;
        consume_budget().await;
        let before = metrics().counters.polls;
        unconstrained(async {
            for _ in 0..10_000 {
                consume_budget().await;
                assert!(has_budget_remaining());
            }
        })
        .await;
        assert_eq!(metrics().counters.polls, before);
        assert_eq!(spend_all().await, 127);
    });
}

#[test]
fn a_constraint_comes_back_also_after_a_panic() {
    block_on(async {
        spend_all().await;
        let mut broken = pin!(unconstrained(poll_fn(|_| -> Poll<()> {
            panic!("as planned")
        })));
        let mut cx = Context::from_waker(Waker::noop());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            broken.as_mut().poll(&mut cx)
        }));
        assert!(panicked.is_err());
        assert!(!has_budget_remaining());
    });
}

#[test]
fn outside_of_a_task_there_is_no_limit() {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        assert!(has_budget_remaining());
        assert!(pin!(consume_budget()).poll(&mut cx).is_ready());
    }
}

/// A unit that was not to be had is not lost: dropped, it was not spent.
#[test]
fn a_consume_budget_that_is_dropped_costs_nothing() {
    block_on(async {
        spend_all().await;
        let seen = Cell::new(false);
        let poll = futures_lite::future::poll_once(async {
            consume_budget().await;
            seen.set(true);
        });
        assert!(poll.await.is_none() && !seen.get());
        yield_now().await;
        assert_eq!(spend_all().await, 128);
    });
}
