//! Nobody starves: neither behind a task that never waits, nor behind two that wake each other.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use hob::time::sleep;
use hob::{Builder, block_on, coop, metrics, spawn, yield_now};

/// Trap 27. Broken by: `poll_budget` always being ready (hangs).
#[test]
fn a_task_that_is_always_ready_lets_a_timer_fire() {
    block_on(async {
        let _firehose = spawn(async {
            loop {
                coop::consume_budget().await;
            }
        });
        sleep(Duration::from_millis(1)).await;
    });
}

/// Wakes itself until it was polled so often.
async fn spin(mut polls: u32) {
    poll_fn(move |cx| {
        polls -= 1;
        cx.waker().wake_by_ref();
        if polls == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Traps 28 and 58: two tasks in turn, 10,000 polls each. The kernel is visited, and not once
/// for each poll. Broken by: a visit after every poll (`event_interval` ignored), or none
/// until nobody is ready (too few).
#[test]
fn two_tasks_in_turn_pay_for_one_kernel_visit_in_sixty_one_polls() {
    block_on(async {
        let before = metrics().counters;
        let players = [spawn(spin(10_000)), spawn(spin(10_000))];
        for player in players {
            player.await.unwrap();
        }
        let after = metrics().counters;
        let polls = after.polls - before.polls;
        let visits = after.kernel_visits - before.kernel_visits;
        assert!(
            visits <= polls / 61 + 2,
            "{visits} visits for {polls} polls"
        );
        assert!(
            visits >= polls / 61 - 2,
            "{visits} visits for {polls} polls"
        );
    });
}

/// Trap 29. Broken by: `core.ready.push_back` for a yielding task in `Executor::queue` (then
/// there is one visit for 61 yields).
#[test]
fn whoever_yields_comes_again_only_after_the_kernel_was_asked() {
    block_on(async {
        for _ in 0..100 {
            let before = metrics().counters.kernel_visits;
            yield_now().await;
            assert_eq!(metrics().counters.kernel_visits, before + 1);
        }
    });
}

/// Many who yield share one visit. Broken by: ending the batch at the first yield.
#[test]
fn a_thousand_tasks_that_yield_do_not_cost_a_thousand_kernel_visits() {
    block_on(async {
        let before = metrics().counters;
        let tasks: Vec<_> = (0..1000).map(|_| spawn(yield_now())).collect();
        for task in tasks {
            task.await.unwrap();
        }
        let visits = metrics().counters.kernel_visits - before.kernel_visits;
        assert!(visits < 60, "{visits} visits");
    });
}

/// Trap 29, the order. Broken by: putting those who yielded in front in `release_yielded`.
#[test]
fn whoever_yields_is_polled_behind_everybody_who_was_ready() {
    block_on(async {
        let order = Rc::new(std::cell::RefCell::new(Vec::new()));
        let log = |name: &'static str| {
            let order = order.clone();
            async move { order.borrow_mut().push(name) }
        };
        let (a, b, c) = (log("yielder"), log("second"), log("third"));
        spawn(async move {
            yield_now().await;
            a.await;
        });
        spawn(b);
        spawn(c);
        for _ in 0..3 {
            yield_now().await;
        }
        assert_eq!(*order.borrow(), ["second", "third", "yielder"]);
    });
}

/// Such a poll took long, so the kernel gets its turn before the next one. Broken by: `is_spent`
/// always false (then the ten share a visit, as those who yield do).
#[test]
fn each_poll_that_spent_its_whole_budget_is_followed_by_a_kernel_visit() {
    block_on(async {
        let before = metrics().counters.kernel_visits;
        let worker = || async {
            let mut spent = 0;
            while spent < 10 {
                while coop::has_budget_remaining() {
                    coop::consume_budget().await;
                }
                spent += 1;
                coop::consume_budget().await;
            }
        };
        let tasks: Vec<_> = (0..10).map(|_| spawn(worker())).collect();
        for task in tasks {
            task.await.unwrap();
        }
        let visits = metrics().counters.kernel_visits - before;
        assert!(visits >= 100, "{visits} visits");
    });
}

/// Trap 31, the main future: it is polled in its place in line, no oftener than it is woken.
/// Broken by: polling the main future once a turn whether or not it was woken.
#[test]
fn the_main_future_is_polled_only_when_it_was_woken() {
    let polls = Rc::new(Cell::new(0));
    let seen = polls.clone();
    let mut task = None;
    block_on(poll_fn(move |cx| {
        seen.set(seen.get() + 1);
        let task = task.get_or_insert_with(|| {
            spawn(async {
                for _ in 0..1000 {
                    yield_now().await;
                }
            })
        });
        std::future::Future::poll(std::pin::Pin::new(task), cx).map(Result::unwrap)
    }));
    assert_eq!(polls.get(), 2);
}

/// Trap 48. Broken by: leaving out the assertion in `Builder::event_interval`.
#[test]
#[should_panic(expected = "at least 1")]
fn an_event_interval_of_zero_is_refused() {
    let _ = Builder::new().event_interval(0);
}

/// Broken by: ignoring `event_interval` in `Inner::run`.
#[test]
fn the_event_interval_is_what_was_asked_for() {
    let polls_for_each_visit = |interval| {
        Builder::new().event_interval(interval).block_on(async {
            let before = metrics().counters;
            spawn(spin(10_000)).await.unwrap();
            let after = metrics().counters;
            (after.polls - before.polls) / (after.kernel_visits - before.kernel_visits)
        })
    };
    assert_eq!(polls_for_each_visit(1), 1);
    assert!((900..=1100).contains(&polls_for_each_visit(1000)));
}
