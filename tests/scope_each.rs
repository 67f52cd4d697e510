//! Work for many items, so many at a time, within a scope: all of it goes on whatever the body
//! does meanwhile.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::time::Duration;

use futures_lite::StreamExt;
use hob::time::{now, sleep};
use hob::{Builder, scope, try_scope};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The trap of buffered streams: whoever takes results from one polls the futures in it, so
/// while a result is handled, the others stand still, deadlines, connections and all. Here
/// each item is a child: while the body is busy for a second, the others end.
#[test]
fn the_others_go_on_while_the_body_handles_one_result() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let (sender, mut results) = hob::sync::mpsc::unbounded_channel();
        let ended_at = RefCell::new(Vec::new());
        let ended = scope(async |s| {
            s.for_each_concurrent(3, [10, 20, 30], |wait| {
                let (sender, ended_at) = (sender.clone(), &ended_at);
                async move {
                    sleep(ms(wait)).await;
                    ended_at.borrow_mut().push((now() - start).as_millis());
                    sender.send(wait).unwrap();
                }
            });
            for _ in 0..3 {
                results.recv().await.unwrap();
                sleep(ms(1000)).await; // handling it takes its time
            }
        });
        ended.await.unwrap();
        assert_eq!(*ended_at.borrow(), [10, 20, 30]);
        assert_eq!(now() - start, ms(3010));

        // And this is the trap, for comparison: a stream of futures, of which the one that is
        // handled holds up the rest.
        let start = now();
        let ended_at = RefCell::new(Vec::new());
        let work = |wait| {
            let ended_at = &ended_at;
            async move {
                sleep(ms(wait)).await;
                ended_at.borrow_mut().push((now() - start).as_millis());
            }
        };
        let mut buffered = futures_lite::stream::iter([10, 20, 30])
            .then(work)
            .boxed_local();
        while buffered.next().await.is_some() {
            sleep(ms(1000)).await;
        }
        assert_eq!(*ended_at.borrow(), [10, 1030, 2060]);
    });
}

/// Broken by: taking the item before the place (`most` is one too many).
#[test]
fn never_more_than_the_limit_are_at_work_and_none_is_taken_too_early() {
    Builder::new().virtual_time().block_on(async {
        let (busy, most, taken) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let start = now();
        let items = (0..10).inspect(|_| taken.set(taken.get() + 1));
        let ended = scope(async |s| {
            let all = s.for_each_concurrent(4, items, |_| async {
                busy.set(busy.get() + 1);
                most.set(most.get().max(busy.get()));
                assert!(taken.get() - busy.get() <= 10);
                sleep(ms(100)).await;
                busy.set(busy.get() - 1);
            });
            sleep(ms(50)).await;
            assert_eq!((taken.get(), busy.get()), (4, 4));
            all.await.unwrap();
        });
        ended.await.unwrap();
        assert_eq!((most.get(), taken.get()), (4, 10));
        assert_eq!(now() - start, ms(300));
    });
}

#[test]
fn items_may_come_from_a_stream() {
    Builder::new().virtual_time().block_on(async {
        let sum = Cell::new(0);
        let ended = scope(async |s| {
            let items = futures_lite::stream::unfold(0, |n| async move {
                sleep(ms(10)).await;
                (n < 5).then_some((n, n + 1))
            });
            let work = |n| {
                let sum = &sum;
                async move {
                    sleep(ms(100)).await;
                    sum.set(sum.get() + n);
                }
            };
            s.for_each_concurrent_stream(2, items, work).await.unwrap();
        });
        ended.await.unwrap();
        assert_eq!(sum.get(), 10);
    });
}

#[test]
fn an_endless_list_of_items_ends_with_the_scope() {
    Builder::new().virtual_time().block_on(async {
        let ended = scope(async |s| {
            s.for_each_concurrent(5, 0.., |_| async { sleep(ms(1)).await });
            s.for_each_concurrent(1, 0..1, |_| pending());
            sleep(ms(100)).await;
            s.cancel("enough");
        });
        ended.await.unwrap();
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

/// Broken by: taking items without asking the token (the feeding child spins through the
/// endless list for as long as the grace lasts).
#[test]
fn no_item_is_taken_once_the_scope_is_cancelled() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let taken = Cell::new(0);
        let ended = scope(async |s| {
            let items = (0..).inspect(|_| taken.set(taken.get() + 1));
            let token = s.token(); // so there is grace
            s.for_each_concurrent(2, items, |_| sleep(ms(10)));
            let silent = futures_lite::stream::pending::<()>();
            s.for_each_concurrent_stream(2, silent, |()| async {});
            sleep(ms(15)).await;
            s.cancel("enough");
            token.cancelled().await;
        });
        ended.await.unwrap();
        assert_eq!((taken.get(), now() - start), (4, ms(20)));
    });
}

#[test]
fn a_panic_in_the_work_comes_out_of_the_scope() {
    hob::block_on(async {
        let ended = scope(async |s| {
            s.for_each_concurrent(2, [1, 0], |n| async move {
                assert!(n > 0, "nothing at all");
            });
        });
        let error = ended.await.unwrap_err();
        assert!(error.to_string().contains("nothing at all"));
    });
}

/// Trap 48. Broken by: leaving out the assertion in `for_each_concurrent_stream`.
#[test]
fn a_limit_of_zero_is_refused() {
    hob::block_on(async {
        let ended = scope(async |s| {
            s.for_each_concurrent(0, [1], |_| async {});
        });
        let error = ended.await.unwrap_err();
        assert!(error.to_string().contains("at least 1"));
    });
}

/// Broken by: `start` in place of `try_start` in `try_for_each_concurrent` (does not compile), or
/// by taking the next item before the place.
#[test]
fn the_first_error_cancels_the_rest_and_no_more_items_are_taken() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let (taken, finished) = (Cell::new(0), Cell::new(0));
        let ended = try_scope(async |s| {
            let items = (1..=9).inspect(|_| taken.set(taken.get() + 1));
            let all = s.try_for_each_concurrent(2, items, |n| {
                let finished = &finished;
                async move {
                    sleep(ms(if n == 3 { 10 } else { 100 })).await;
                    finished.set(finished.get() + 1);
                    if n == 3 { Err("three") } else { Ok(()) }
                }
            });
            all.await.unwrap();
            Ok(())
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.first_error(), Some(&"three"));
        // 1 and 2, then 3 and 4 in their places; and 4 is dropped while it works.
        assert_eq!((taken.get(), finished.get()), (4, 3));
        assert_eq!(now() - start, ms(110));
    });
}

#[test]
fn without_an_error_all_are_worked_on() {
    Builder::new().virtual_time().block_on(async {
        let sum = Cell::new(0);
        let ended = try_scope(async |s| {
            let all = s.try_for_each_concurrent(3, 1..=10, |n| {
                let sum = &sum;
                async move {
                    sleep(ms(n)).await;
                    sum.set(sum.get() + n);
                    Ok::<(), String>(())
                }
            });
            all.await.unwrap();
            Ok(sum.get())
        });
        assert_eq!(ended.await.unwrap(), 55);
    });
}
