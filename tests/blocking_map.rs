//! `blocking::map`: one function over many things on the workers; in order, never too far ahead,
//! and nothing begun that nobody wants any more.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use futures_lite::StreamExt;
use hob::{Builder, block_on, blocking, metrics, yield_now};

/// The workers are waited for, not slept for.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
        thread::yield_now();
    }
}

#[test]
fn results_come_in_the_order_of_the_items() {
    for threads in [0, 1, 4] {
        let runtime = Builder::new().worker_threads(threads).build().unwrap();
        runtime.block_on(async {
            let mut results = blocking::map(0..500_u64, |n| {
                (0..(n * 7919) % 1000).fold(n, |sum, _| std::hint::black_box(sum))
            });
            for n in 0..500 {
                assert_eq!(results.next().await.unwrap().unwrap(), n);
            }
            assert!(results.next().await.is_none());
            assert!(results.next().await.is_none(), "and stays over");
        });
    }
}

#[test]
fn the_workers_really_share_the_work() {
    let runtime = Builder::new().worker_threads(3).build().unwrap();
    runtime.block_on(async {
        // Ends only if three jobs run at the same moment.
        let barrier = Barrier::new(3);
        let mut jobs = blocking::map(0..3, move |_| barrier.wait().is_leader());
        for _ in 0..3 {
            jobs.next().await.unwrap().unwrap();
        }
    });
}

/// Broken by: leaving out the condition on `window` in `fill`.
#[test]
fn no_more_jobs_are_handed_in_than_the_look_ahead_while_nobody_takes_results() {
    let runtime = Builder::new().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        for (ahead, expected) in [(None, 8), (Some(1), 1), (Some(10), 10)] {
            let begun = Arc::new(AtomicUsize::new(0));
            let counter = begun.clone();
            let mut results = blocking::map(0.., move |n: u64| {
                counter.fetch_add(1, Ordering::Relaxed);
                n
            });
            if let Some(ahead) = ahead {
                results = results.look_ahead(ahead);
            }
            yield_now().await;
            assert_eq!(begun.load(Ordering::Relaxed), 0, "lazy");
            for taken in 1..20_u64 {
                assert_eq!(results.next().await.unwrap().unwrap(), taken - 1);
                // The rest goes on while the body runs, but only so far.
                let all = taken as usize + expected;
                until(|| metrics().live_jobs == 0).await;
                assert_eq!(begun.load(Ordering::Relaxed), all);
            }
        }
    });
}

/// Broken by: leaving out the drop of `Map`.
#[test]
fn dropping_it_cancels_what_no_worker_has_begun() {
    let runtime = Builder::new().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        let begun = Arc::new(AtomicUsize::new(0));
        let (go, gate) = mpsc::channel::<()>();
        let (counter, gate) = (begun.clone(), std::sync::Mutex::new(gate));
        let mut results = blocking::map(0..100, move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            gate.lock().unwrap().recv().ok()
        })
        .look_ahead(20);
        assert!(
            futures_lite::future::poll_once(results.next())
                .await
                .is_none()
        );
        until(|| begun.load(Ordering::Relaxed) == 1).await;
        assert_eq!(metrics().live_jobs, 20);
        drop(results);
        assert_eq!(metrics().live_jobs, 1, "only the one that runs");
        drop(go);
        until(|| metrics().live_jobs == 0).await;
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_panic_is_the_error_of_its_item_and_the_others_go_on() {
    block_on(async {
        let results = blocking::map(0..10, |n| {
            assert_ne!(n, 4, "as planned");
            n
        });
        let results: Vec<_> = results.collect().await;
        for (n, result) in results.iter().enumerate() {
            match result {
                Ok(value) => assert_eq!(*value, n),
                Err(error) => assert!(n == 4 && error.is_panic()),
            }
        }
        assert_eq!(results.len(), 10);
    });
}

/// Cancel-safe: a `next` that is given up takes no job with it.
#[test]
fn a_next_that_was_given_up_loses_nothing() {
    block_on(async {
        let mut results = blocking::map(0..300, |n| n);
        let mut sum = 0;
        loop {
            match futures_lite::future::poll_once(results.next()).await {
                None => yield_now().await,
                Some(None) => break,
                Some(Some(result)) => sum += result.unwrap(),
            }
        }
        assert_eq!(sum, 300 * 299 / 2);
    });
}

/// The loop runs one job a turn, so others have theirs in between.
#[test]
fn without_threads_the_loop_runs_the_jobs_and_tasks_go_on_in_between() {
    let runtime = Builder::new().worker_threads(0).build().unwrap();
    runtime.block_on(async {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = stop.clone();
        let turns = hob::spawn(async move {
            let mut turns = 0;
            while !seen.load(Ordering::Relaxed) {
                turns += 1;
                yield_now().await;
            }
            turns
        });
        let here = thread::current().id();
        let mut results = blocking::map(0..50, move |_| thread::current().id() == here);
        while let Some(result) = results.next().await {
            assert!(result.unwrap());
        }
        stop.store(true, Ordering::Relaxed);
        let turns = turns.await.unwrap();
        assert!(turns >= 50, "{turns} turns");
    });
}

/// Trap 48. Broken by: leaving out the assertion in `look_ahead`.
#[test]
#[should_panic = "a look-ahead of 0"]
fn a_look_ahead_of_zero_is_refused() {
    drop(blocking::map([1], |n| n).look_ahead(0));
}
