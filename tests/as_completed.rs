//! `as_completed`: results as they come, never more than so many tasks, and work that goes on
//! while the body of the loop runs.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use futures_lite::StreamExt;
use hob::time::{now, sleep};
use hob::{Builder, as_completed, block_on, metrics, yield_now};

const MS: Duration = Duration::from_millis(1);

#[test]
fn results_come_in_the_order_in_which_the_tasks_are_done() {
    Builder::new().virtual_time().block_on(async {
        let sleeps = [30_u32, 10, 20, 5].map(|ms| async move {
            sleep(ms * MS).await;
            ms
        });
        let mut done = as_completed(sleeps, 10);
        let mut order = Vec::new();
        while let Some(result) = done.next().await {
            order.push(result.unwrap());
        }
        assert_eq!(order, [5, 10, 20, 30]);
        assert!(done.next().await.is_none(), "and stays over");
    });
}

#[test]
fn a_panic_or_an_abort_of_a_task_comes_in_its_turn() {
    block_on(async {
        let mut done = as_completed((0..5).map(|n| async move { assert_ne!(n, 2) }), 2);
        let mut panics = 0;
        while let Some(result) = done.next().await {
            panics += result.is_err_and(|error| error.is_panic()) as u32;
        }
        assert_eq!(panics, 1);
    });
}

/// Broken by: `<=` in `fill`, or leaving out its call before the result is given.
#[test]
fn never_more_than_so_many_are_under_way_and_never_less_while_there_are_some() {
    Builder::new().virtual_time().block_on(async {
        for limit in [1, 3, 16] {
            let (running, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
            let work = (0..50).map(|n| {
                let (running, most) = (running.clone(), most.clone());
                async move {
                    running.set(running.get() + 1);
                    most.set(most.get().max(running.get()));
                    sleep((1 + n % 7) * MS).await;
                    running.set(running.get() - 1);
                }
            });
            let mut done = as_completed(work, limit);
            let mut taken = 0;
            while let Some(result) = done.next().await {
                result.unwrap();
                taken += 1;
                yield_now().await; // the newcomer begins
                let left = 50 - taken;
                let started = running.get() + done_but_not_taken(&done);
                assert_eq!(started, limit.min(left), "after {taken} of 50");
            }
            assert_eq!((taken, most.get()), (50, limit));
        }
    });

    fn done_but_not_taken<I, T>(done: &hob::AsCompleted<I, T>) -> usize {
        let text = format!("{done:?}");
        let under_way = text.split("under_way: ").nth(1).unwrap();
        let under_way: usize = under_way.split(',').next().unwrap().parse().unwrap();
        under_way + 1 - metrics().live_tasks
    }
}

/// The trap of buffered streams: what is in the buffer stands still while the body runs.
///
/// Broken by: polling the futures in `poll_result` instead of spawning them.
#[test]
fn the_rest_goes_on_while_the_body_of_the_loop_runs() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let ended = Rc::new(RefCell::new(Vec::new()));
        let sleeps = (1..=4_u32).map(|n| {
            let ended = ended.clone();
            async move {
                // Two steps: the second deadline is made only when the first was seen to pass.
                sleep(n * MS).await;
                sleep(n * MS).await;
                ended.borrow_mut().push((n, (now() - start).as_millis()));
            }
        });
        let mut done = as_completed(sleeps, 4);
        assert!(done.next().await.is_some());
        sleep(100 * MS).await;
        assert_eq!(*ended.borrow(), [(1, 2), (2, 4), (3, 6), (4, 8)]);
        // And so does the one that was spawned when a result was handed over.
        let mut one_by_one = as_completed((0..2).map(|_| sleep(10 * MS)), 1);
        let start = now();
        one_by_one.next().await.unwrap().unwrap();
        sleep(10 * MS).await; // the body
        one_by_one.next().await.unwrap().unwrap();
        assert_eq!(now() - start, 20 * MS);
    });
}

#[test]
fn the_body_may_wait_for_what_a_task_behind_it_does() {
    block_on(async {
        let lock = Rc::new(hob::sync::Mutex::new(0));
        let work = (0..20).map(|_| {
            let lock = lock.clone();
            async move {
                let mut guard = lock.lock().await;
                yield_now().await; // holds the lock while others, and the body, want it
                *guard += 1;
            }
        });
        let mut done = as_completed(work, 5);
        while let Some(result) = done.next().await {
            result.unwrap();
            *lock.lock().await += 100;
        }
        assert_eq!(*lock.lock().await, 2020);
    });
}

/// Broken by: leaving out the drop of `AsCompleted`.
#[test]
fn dropping_it_aborts_what_runs_and_never_starts_the_rest() {
    block_on(async {
        let started = Rc::new(Cell::new(0));
        let work = (0..10).map(|n| {
            let started = started.clone();
            async move {
                started.set(started.get() + 1);
                if n > 0 {
                    pending::<()>().await;
                }
            }
        });
        let mut done = as_completed(work, 3);
        done.next().await.unwrap().unwrap();
        yield_now().await;
        drop(done);
        yield_now().await;
        assert_eq!((started.get(), metrics().live_tasks), (4, 1));
    });
}

/// Broken by: setting `next` to `None` before its handle gave the result: where the budget ends
/// between the two, the result is lost.
#[test]
fn a_next_that_was_given_up_loses_nothing() {
    block_on(async {
        let mut done = as_completed((0..1_000).map(|n| async move { n }), 1_000);
        let (mut sum, mut given_up) = (0, 0);
        loop {
            match futures_lite::future::poll_once(done.next()).await {
                None => {
                    given_up += 1;
                    assert!(given_up < 1_000, "a result is missing");
                    yield_now().await;
                }
                Some(None) => break,
                Some(Some(result)) => sum += result.unwrap(),
            }
        }
        assert_eq!(sum, 999 * 1_000 / 2);
        assert!(given_up > 5, "the budget ended {given_up} times");
    });
}

#[test]
fn it_is_a_stream() {
    block_on(async {
        let doubled = as_completed((0..10_u32).map(|n| async move { 2 * n }), 4);
        let sum = doubled.fold(0, |sum, n| sum + n.unwrap()).await;
        assert_eq!(sum, 90);
    });
}

#[test]
fn futures_are_made_one_by_one_as_they_are_needed() {
    block_on(async {
        let made = Cell::new(0);
        let endless = std::iter::repeat_with(|| {
            made.set(made.get() + 1);
            async {}
        });
        let mut done = as_completed(endless, 2);
        assert_eq!(made.get(), 0);
        for taken in 1..100 {
            done.next().await.unwrap().unwrap();
            assert_eq!(made.get(), taken + 2);
        }
    });
}

/// Trap 48. Broken by: leaving out the assertion in `as_completed`: it would be over at once, or
/// never.
#[test]
#[should_panic = "a limit of 0"]
fn a_limit_of_zero_is_refused() {
    drop(as_completed([async {}], 0));
}
