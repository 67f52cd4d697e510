//! A set gives results in the order in which its tasks end, each once, at the price of one step
//! each; and tasks end with it, unless it lets them go.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use hob::time::{now, sleep, timeout};
use hob::{Builder, JoinSet, Runtime, block_on, spawn, yield_now};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn results_come_in_the_order_in_which_the_tasks_end() {
    Builder::new().virtual_time().block_on(async {
        let mut set = JoinSet::new();
        for wait in [3, 1, 2] {
            set.spawn(async move {
                sleep(secs(wait)).await;
                wait
            });
        }
        assert_eq!((set.len(), set.try_join_next().is_none()), (3, true));
        let mut order = Vec::new();
        while let Some(result) = set.join_next().await {
            order.push(result.unwrap());
        }
        assert_eq!(order, [1, 2, 3]);
        assert!(set.is_empty());
        assert!(set.join_next().await.is_none());
    });
}

/// Broken by: `push_front` in `Member::arrive`.
#[test]
fn results_that_wait_to_be_taken_keep_their_order() {
    block_on(async {
        let mut set: JoinSet<_> = (0..5).map(|n| async move { n }).collect();
        yield_now().await;
        let taken: Vec<_> = std::iter::from_fn(|| set.try_join_next())
            .map(Result::unwrap)
            .collect();
        assert_eq!(taken, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn panics_and_aborts_are_results_too_with_the_id_of_their_task() {
    block_on(async {
        let mut set = JoinSet::new();
        let panics = set.spawn(async { panic!("oh") });
        let endless = set.spawn_named("endless", pending::<()>());
        let (id, result) = set.join_next_with_id().await.unwrap();
        assert_eq!(id, panics.id());
        assert!(result.unwrap_err().is_panic());
        endless.abort();
        let (id, result) = set.join_next_with_id().await.unwrap();
        assert_eq!(id, endless.id());
        assert!(result.unwrap_err().is_cancelled());
        assert!(set.try_join_next_with_id().is_none());
    });
}

/// Trap 51. A task that ends wakes the waiter, if it is not woken already, and nobody looks at
/// the others. Broken by: looking through the members in `join_next`.
#[test]
fn ten_thousand_results_cost_ten_thousand_polls() {
    const MANY: usize = 10_000;
    block_on(async {
        let mut set = JoinSet::new();
        for n in 0..MANY {
            set.spawn(async move {
                yield_now().await;
                n
            });
        }
        let before = hob::metrics().counters.polls;
        let mut polls = 0;
        let mut sum = 0;
        loop {
            let mut next = set.join_next();
            let result = poll_fn(|cx| {
                polls += 1;
                Pin::new(&mut next).poll(cx)
            });
            match result.await {
                Some(result) => sum += result.unwrap(),
                None => break,
            }
        }
        assert_eq!(sum, MANY * (MANY - 1) / 2);
        assert!(polls < 2 * MANY, "join_next was polled {polls} times");
        let all = hob::metrics().counters.polls - before;
        assert!(all < 4 * MANY as u64, "{all} polls in all");
    });
}

/// Broken by: an empty `drop` of `JoinSet`.
#[test]
fn dropping_the_set_aborts_its_tasks() {
    block_on(async {
        let held = Rc::new(());
        let mut set = JoinSet::new();
        for _ in 0..3 {
            let held = held.clone();
            set.spawn(async move {
                pending::<()>().await;
                drop(held);
            });
        }
        yield_now().await;
        drop(set);
        yield_now().await;
        assert_eq!(Rc::strong_count(&held), 1);
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

#[test]
fn what_is_detached_goes_on_and_its_result_goes_nowhere() {
    Builder::new().virtual_time().block_on(async {
        let done = Rc::new(Cell::new(0));
        let mut set = JoinSet::new();
        for n in 0..3 {
            let done = done.clone();
            set.spawn(async move {
                sleep(secs(n)).await;
                done.set(done.get() + 1);
            });
        }
        yield_now().await;
        set.detach_all();
        assert!(set.is_empty() && set.join_next().await.is_none());
        set.spawn(async {});
        set.join_next().await.unwrap().unwrap();
        drop(set);
        sleep(secs(5)).await;
        assert_eq!(done.get(), 3);
    });
}

#[test]
fn shutdown_waits_until_every_destructor_has_run() {
    block_on(async {
        let held = Rc::new(());
        let mut set = JoinSet::new();
        for _ in 0..100 {
            let held = held.clone();
            set.spawn(async move {
                pending::<()>().await;
                drop(held);
            });
        }
        set.shutdown().await;
        assert_eq!((set.len(), Rc::strong_count(&held)), (0, 1));
    });
}

#[test]
fn join_all_gives_all_results_or_the_first_panic() {
    Builder::new().virtual_time().block_on(async {
        let waits = [3, 1, 2].map(|wait| async move {
            sleep(secs(wait)).await;
            wait
        });
        let set: JoinSet<_> = waits.into_iter().collect();
        assert_eq!(set.join_all().await, [1, 2, 3]);

        let held = Rc::new(());
        let in_task = held.clone();
        let task = spawn(async move {
            let mut set = JoinSet::new();
            set.spawn(async { panic!("the first") });
            set.spawn(async move {
                pending::<()>().await;
                drop(in_task);
            });
            set.join_all().await;
        });
        let payload = task.await.unwrap_err().into_panic();
        assert_eq!(payload.downcast_ref(), Some(&"the first"));
        yield_now().await;
        assert_eq!(Rc::strong_count(&held), 1, "the other was aborted");
    });
}

/// *Cancel safety* of `join_next`. Broken by: taking the result before it is returned.
#[test]
fn a_join_next_that_is_given_up_loses_nothing() {
    Builder::new().virtual_time().block_on(async {
        let mut set = JoinSet::new();
        for wait in [2, 4] {
            set.spawn(async move {
                sleep(secs(wait)).await;
                wait
            });
        }
        let start = now();
        let mut seen = Vec::new();
        while !set.is_empty() {
            if let Ok(Some(result)) = timeout(secs(1), set.join_next()).await {
                seen.push(result.unwrap());
            }
        }
        assert_eq!((seen, now() - start), (vec![2, 4], secs(4)));
    });
}

#[test]
fn tasks_may_spawn_into_their_own_set_and_hold_it() {
    block_on(async {
        let set = Rc::new(RefCell::new(JoinSet::new()));
        for n in 0..3 {
            let own = Rc::downgrade(&set);
            set.borrow_mut().spawn(async move {
                yield_now().await;
                if let Some(set) = own.upgrade() {
                    set.borrow_mut().spawn(async move { n + 10 });
                }
                n
            });
        }
        let mut all = Vec::new();
        loop {
            let next = poll_fn(|cx| {
                let mut set = set.borrow_mut();
                let polled = Pin::new(&mut set.join_next()).poll(cx);
                // Dropped here: who waits by polling has to come again.
                if polled.is_pending() {
                    cx.waker().wake_by_ref();
                }
                polled
            });
            match next.await {
                Some(result) => all.push(result.unwrap()),
                None => break,
            }
        }
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 10, 11, 12]);
    });
}

#[test]
fn a_result_whose_destructor_panics_harms_nobody() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("a result");
            }
        }
    }
    block_on(async {
        let mut set = JoinSet::new();
        set.spawn(async { Bomb });
        set.spawn(async { Bomb });
        yield_now().await;
        set.shutdown().await;
        set.spawn(async { Bomb });
        set.detach_all();
        yield_now().await;
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

#[test]
fn a_set_stays_in_one_runtime_and_ends_with_it() {
    let runtime = Runtime::new().unwrap();
    let mut set = runtime.block_on(async {
        let mut set = JoinSet::new();
        set.spawn(pending::<()>());
        set
    });
    let elsewhere = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        block_on(async { set.spawn(async {}) });
    }));
    assert!(elsewhere.is_err());
    drop(runtime);
    let result = set.try_join_next().unwrap();
    assert!(result.unwrap_err().is_cancelled());
    let outside = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        set.spawn(async {});
    }));
    assert!(outside.is_err());
}

#[test]
fn who_waits_for_a_set_says_so() {
    block_on(async {
        let task = spawn(async {
            let mut set = JoinSet::new();
            set.spawn(pending::<()>());
            set.join_next().await;
        });
        yield_now().await;
        let tasks = hob::tasks();
        let info = tasks.iter().find(|info| info.id == task.id()).unwrap();
        let wait = info.wait.unwrap();
        assert_eq!(wait.kind, hob::WaitKind::Join);
        assert!(wait.at.file().ends_with("join_set.rs"));
        task.abort();
    });
}

/// Trap 13. Broken by: keeping the first waker (`park_again`).
#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_called() {
    block_on(async {
        let mut set = JoinSet::new();
        let (sender, receiver) = hob::sync::oneshot::channel::<()>();
        set.spawn(receiver);
        let mut next = set.join_next();
        let polled =
            Pin::new(&mut next).poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert!(matches!(polled, Poll::Pending));
        drop(sender);
        next.await.unwrap().unwrap().unwrap_err();
    });
}

/// Broken by: leaving out `waiter.clear` in `detach_all`.
#[test]
fn a_join_all_that_is_given_up_leaves_no_name() {
    let given_up = async {
        let wakers = || hob::testing::ledger().wakers;
        let before = wakers();
        let mut set = JoinSet::new();
        set.spawn(pending::<()>());
        let mut all = Box::pin(set.join_all());
        poll_fn(|cx| {
            assert!(all.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        assert_eq!(wakers(), before + 1);
        drop(all);
        assert_eq!(wakers(), before, "though its task has not ended");
        yield_now().await;
        yield_now().await;
        assert_eq!(wakers(), before);
    };
    block_on(async { spawn(given_up).await.unwrap() });
}
