//! `gather`: every result and every error, in order; and no task outlives it.

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use hob::time::sleep;
use hob::{Builder, block_on, gather, metrics, spawn, yield_now};

struct Count(Rc<Cell<usize>>);
impl Drop for Count {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn results_and_errors_come_in_the_order_of_the_futures() {
    block_on(async {
        let futures = (0..300_u32).map(|n| async move {
            for _ in 0..n % 7 {
                yield_now().await;
            }
            assert_ne!(n, 150, "as planned");
            n
        });
        let results = gather(futures).await;
        for (n, result) in results.iter().enumerate() {
            match result {
                Ok(value) => assert_eq!(*value as usize, n),
                Err(error) => assert!(n == 150 && error.is_panic()),
            }
        }
        assert_eq!(results.len(), 300);
        assert!(
            gather(Vec::<std::future::Ready<()>>::new())
                .await
                .is_empty()
        );
    });
}

#[test]
fn the_tasks_run_beside_each_other_and_also_before_anybody_awaits() {
    Builder::new().virtual_time().block_on(async {
        let start = hob::time::now();
        let all = gather((1..=100).map(|ms| sleep(Duration::from_millis(ms))));
        sleep(Duration::from_micros(40_500)).await;
        assert_eq!(metrics().live_tasks, 1 + 60, "forty are done");
        assert!(all.await.iter().all(Result::is_ok));
        assert_eq!(hob::time::now() - start, Duration::from_millis(100));
    });
}

/// Broken by: leaving out the drop of `Gather`.
#[test]
fn dropping_it_aborts_what_is_not_done() {
    block_on(async {
        let dropped = Rc::new(Cell::new(0));
        let mut all = gather((0..10).map(|n| {
            let count = Count(dropped.clone());
            async move {
                let _count = count;
                if n < 3 {
                    return;
                }
                pending::<()>().await;
            }
        }));
        assert!(futures_lite::future::poll_once(&mut all).await.is_none());
        yield_now().await;
        assert!(futures_lite::future::poll_once(&mut all).await.is_none());
        assert_eq!(dropped.get(), 3);
        drop(all);
        yield_now().await;
        assert_eq!((dropped.get(), metrics().live_tasks), (10, 1));
    });
}

/// Cancel-safe by reference: nothing that came is lost.
#[test]
fn a_gather_that_was_given_up_goes_on_where_it_was() {
    Builder::new().virtual_time().block_on(async {
        let mut all = gather((1..=5).map(|n| async move {
            sleep(Duration::from_millis(10 * n)).await;
            n
        }));
        let mut given_up = 0;
        let results = loop {
            match hob::time::timeout(Duration::from_millis(7), &mut all).await {
                Ok(results) => break results,
                Err(_) => given_up += 1,
            }
        };
        let results: Vec<u64> = results.into_iter().map(Result::unwrap).collect();
        assert_eq!((results, given_up), (vec![1, 2, 3, 4, 5], 7));
    });
}

#[test]
fn it_may_be_awaited_by_another_task_than_before() {
    block_on(async {
        let (sender, receiver) = hob::sync::oneshot::channel();
        let mut all = gather([async move { receiver.await.unwrap() }]);
        assert!(futures_lite::future::poll_once(&mut all).await.is_none());
        let other = spawn(all);
        yield_now().await;
        sender.send(4).unwrap();
        assert_eq!(other.await.unwrap().remove(0).unwrap(), 4);
    });
}

#[test]
fn tasks_are_said_to_be_spawned_where_gather_was_called() {
    block_on(async {
        let all = gather([pending::<()>(), pending::<()>()]);
        let line = line!() - 1;
        let places = hob::tasks().into_iter().filter(|task| !task.running);
        let places: Vec<_> = places
            .map(|t| (t.spawned_at.file(), t.spawned_at.line()))
            .collect();
        assert_eq!(places, [(file!(), line); 2]);
        drop(all);
    });
}

#[test]
#[should_panic = "polled again"]
fn awaited_again_it_says_so() {
    block_on(async {
        let mut all = gather([async {}]);
        (&mut all).await;
        let _ = Pin::new(&mut all).poll(&mut Context::from_waker(Waker::noop()));
    });
}
