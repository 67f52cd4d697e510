//! A queue hands items and places to those who waited longest, loses none when somebody gives
//! up, knows what is not done yet, and can be told to end. As in Python, where it says so.

mod sync_support;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use hob::sync::Queue;
use hob::sync::queue::{PutError, TryGetError, TryPutError};
use sync_support::{Count, poll, poll_now};

/// Trap 48. Broken by: taking the `assert!` out of `Queue::new`.
#[test]
#[should_panic(expected = "for no limit take Queue::unbounded")]
fn a_queue_without_any_room_is_refused_at_once() {
    let _ = Queue::<()>::new(0);
}

#[test]
fn items_come_out_in_the_order_in_which_they_were_put() {
    let queue = Queue::new(2);
    let mut puts: Vec<_> = (0..4).map(|n| queue.put(n)).collect();
    for (n, put) in puts.iter_mut().enumerate() {
        assert_eq!(poll_now(put).is_ready(), n < 2);
    }
    assert!(queue.is_full());
    for n in 0..2 {
        assert_eq!(queue.try_get(), Ok(n));
        assert_eq!(queue.try_put(9), Err(TryPutError::Full(9)), "promised");
        assert!(!queue.is_full());
    }
    for put in &mut puts[2..] {
        assert_eq!(poll_now(put), Poll::Ready(Ok(())));
    }
    assert_eq!((queue.try_get(), queue.try_get()), (Ok(2), Ok(3)));
    assert_eq!((queue.len(), queue.max_size()), (0, Some(2)));
}

#[test]
fn who_waits_first_is_served_first_and_nobody_overtakes() {
    let queue = Queue::unbounded();
    let counts = [Count::new(), Count::new(), Count::new()];
    let mut gets = [queue.get(), queue.get(), queue.get()];
    for (get, count) in gets.iter_mut().zip(&counts) {
        assert!(poll(get, count).is_pending());
    }
    for (n, get) in gets.iter_mut().enumerate() {
        queue.try_put(n).expect("there is always a place");
        let called = counts.each_ref().map(|count| count.get());
        assert_eq!(called.iter().sum::<usize>(), n + 1, "one item calls one");
        assert_eq!(queue.try_get(), Err(TryGetError::Empty), "it is promised");
        assert_eq!(poll_now(get), Poll::Ready(Ok(n)));
    }
    assert_eq!(queue.max_size(), None);
}

/// Trap 41. Broken by: an empty `drop` of `Get`, or of `Put`.
#[test]
fn who_gives_up_in_the_moment_of_its_turn_passes_the_turn_on() {
    let queue = Queue::new(1);
    let count = Count::new();
    let (mut first, mut second) = (queue.get(), queue.get());
    assert!(poll_now(&mut first).is_pending());
    assert!(poll(&mut second, &count).is_pending());
    queue.try_put(1).expect("there is a place");
    drop(first);
    assert_eq!(count.get(), 1);
    assert_eq!(poll_now(&mut second), Poll::Ready(Ok(1)));

    queue.try_put(2).expect("there is a place");
    let (mut first, mut second) = (queue.put(3), queue.put(4));
    assert!(poll_now(&mut first).is_pending());
    assert!(poll(&mut second, &count).is_pending());
    assert_eq!(queue.try_get(), Ok(2));
    drop(first);
    assert_eq!(count.get(), 2);
    assert_eq!(poll_now(&mut second), Poll::Ready(Ok(())));
    assert_eq!(queue.try_get(), Ok(4));
    assert_eq!(queue.unfinished(), 3, "what was never put is no work");
}

#[test]
fn to_join_waits_until_all_that_was_put_is_done() {
    let queue = Queue::unbounded();
    assert!(
        poll_now(&mut queue.join()).is_ready(),
        "there is nothing to do"
    );
    queue.try_put("a").expect("there is always a place");
    queue.try_put("b").expect("there is always a place");
    let counts = [Count::new(), Count::new()];
    let mut joins = [queue.join(), queue.join()];
    for (join, count) in joins.iter_mut().zip(&counts) {
        assert!(poll(join, count).is_pending());
    }
    queue.try_get().expect("one is in");
    queue.try_get().expect("one is in");
    queue.task_done();
    assert_eq!(counts[0].get(), 0, "taken out is not done");
    queue.task_done();
    for (join, count) in joins.iter_mut().zip(&counts) {
        assert_eq!(count.get(), 1);
        assert!(poll(join, count).is_ready());
    }
}

/// Between the call and the poll there may be work again. Broken by: `Join` being ready because
/// it was called.
#[test]
fn work_that_comes_before_a_join_looks_is_waited_for_too() {
    let queue = Queue::unbounded();
    let count = Count::new();
    queue.try_put(1).expect("there is always a place");
    let mut join = queue.join();
    assert!(poll(&mut join, &count).is_pending());
    queue.task_done();
    queue.try_put(2).expect("there is always a place");
    assert!(poll(&mut join, &count).is_pending());
    queue.task_done();
    assert_eq!(count.get(), 2);
    assert!(poll(&mut join, &count).is_ready());
    queue.try_put(3).expect("there is always a place");
    let mut join = queue.join();
    assert!(poll(&mut join, &count).is_pending());
    drop(join);
    assert_eq!(Arc::strong_count(&count), 1, "no waker is left");
}

/// Trap 42. Broken by: taking the `assert!` out of `task_done`, which then counts below zero.
#[test]
#[should_panic(expected = "more often than items were put")]
fn more_done_than_there_was_is_a_bug_and_said_so() {
    let queue = Queue::unbounded();
    queue.try_put(1).expect("there is always a place");
    queue.task_done();
    queue.task_done();
}

#[test]
fn a_guard_says_that_it_is_done_however_the_work_ends() {
    let queue = Queue::unbounded();
    for n in 0..3 {
        queue.try_put(n).expect("there is always a place");
    }
    let Poll::Ready(Ok((item, done))) = poll_now(&mut queue.get_guarded()) else {
        panic!("three are in");
    };
    assert_eq!((item, queue.unfinished()), (0, 3));
    drop(done);
    assert_eq!(queue.unfinished(), 2);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _work = poll_now(&mut queue.get_guarded());
        panic!("in the middle of it");
    }));
    assert!(panic.is_err());
    assert_eq!(queue.unfinished(), 1);
    let work = poll_now(&mut queue.get_guarded());
    queue.task_done();
    drop(work); // said twice: the drop keeps quiet about it
    assert_eq!(queue.unfinished(), 0);
}

/// Trap 42. Broken by: `take` not asking `items.forget` once the queue is shut down.
#[test]
fn after_a_shutdown_what_is_in_can_be_got_and_nothing_goes_in() {
    let queue = Queue::new(3);
    for n in 0..3 {
        queue.try_put(n).expect("there is a place");
    }
    let count = Count::new();
    let (mut granted, mut put) = (queue.put(8), queue.put(9));
    assert!(poll_now(&mut granted).is_pending());
    assert!(poll(&mut put, &count).is_pending());
    assert_eq!(queue.try_get(), Ok(0));
    queue.shutdown();
    queue.shutdown();
    assert_eq!(count.get(), 1);
    assert_eq!(poll_now(&mut granted), Poll::Ready(Err(PutError(8))));
    assert_eq!(poll_now(&mut put), Poll::Ready(Err(PutError(9))));
    assert_eq!(poll_now(&mut queue.put(4)), Poll::Ready(Err(PutError(4))));
    assert_eq!(queue.try_put(5), Err(TryPutError::ShutDown(5)));
    assert!(queue.is_shutdown() && !queue.is_empty());
    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!(poll_now(&mut queue.get()), Poll::Ready(Ok(2)));
    assert_eq!(queue.try_get(), Err(TryGetError::ShutDown));
    assert!(matches!(poll_now(&mut queue.get()), Poll::Ready(Err(_))));
    assert_eq!(queue.unfinished(), 3, "got is not done");
}

/// Trap 42. Broken by: not closing `items` in `shutdown`.
#[test]
fn a_shutdown_calls_everybody_who_waits_for_an_item() {
    let queue = Queue::<u32>::unbounded();
    let count = Count::new();
    let mut gets = [queue.get(), queue.get()];
    for get in &mut gets {
        assert!(poll(get, &count).is_pending());
    }
    queue.shutdown();
    assert_eq!(count.get(), 2);
    for get in &mut gets {
        assert!(matches!(poll_now(get), Poll::Ready(Err(_))));
    }
}

/// Traps 41 and 42. Broken by: `Get` giving up as soon as it was refused.
#[test]
fn an_item_that_was_promised_before_the_shutdown_is_got_by_somebody() {
    for gives_up in [false, true] {
        let queue = Queue::unbounded();
        let (mut promised, mut refused) = (queue.get(), queue.get());
        assert!(poll_now(&mut promised).is_pending());
        assert!(poll_now(&mut refused).is_pending());
        queue.try_put(1).expect("there is always a place");
        queue.shutdown();
        if gives_up {
            drop(promised);
            assert_eq!(poll_now(&mut refused), Poll::Ready(Ok(1)));
        } else {
            assert!(matches!(poll_now(&mut refused), Poll::Ready(Err(_))));
            assert_eq!(poll_now(&mut promised), Poll::Ready(Ok(1)));
        }
    }
}

#[test]
fn a_shutdown_now_drops_what_is_in_and_counts_it_as_done() {
    let queue = Queue::unbounded();
    let item = Rc::new(());
    let count = Count::new();
    let mut promised = queue.get();
    assert!(poll_now(&mut promised).is_pending());
    for _ in 0..3 {
        queue
            .try_put(item.clone())
            .expect("there is always a place");
    }
    let at_work = queue.try_get().expect("two are free");
    let mut join = queue.join();
    assert!(poll(&mut join, &count).is_pending());
    queue.shutdown_now();
    assert_eq!(Rc::strong_count(&item), 2);
    assert!(matches!(poll_now(&mut promised), Poll::Ready(Err(_))));
    assert_eq!((queue.len(), queue.unfinished()), (0, 1));
    assert!(poll(&mut join, &count).is_pending(), "one is at work");
    drop(at_work);
    queue.task_done();
    assert!(poll(&mut join, &count).is_ready());
    assert_eq!(queue.try_get(), Err(TryGetError::ShutDown));
}

/// Trap 42. Broken by: a plain subtraction in `finish`.
#[test]
fn items_that_were_said_to_be_done_too_early_are_not_counted_below_zero() {
    let queue = Queue::unbounded();
    queue.try_put(1).expect("there is always a place");
    queue.task_done();
    queue.shutdown_now();
    assert_eq!(queue.unfinished(), 0);
}

#[test]
fn a_join_ends_when_a_shutdown_drops_the_last_work() {
    let queue = Queue::unbounded();
    queue.try_put(1).expect("there is always a place");
    let count = Count::new();
    let mut join = queue.join();
    assert!(poll(&mut join, &count).is_pending());
    queue.shutdown_now();
    assert_eq!(count.get(), 1);
    assert!(poll(&mut join, &count).is_ready());
}

/// Trap 10. Broken by: dropping the items while the backlog is borrowed, in `shutdown_now`.
#[test]
fn an_item_may_use_the_queue_from_its_drop() {
    struct Echo(Rc<Queue<Echo>>, Rc<RefCell<Vec<usize>>>);
    impl Drop for Echo {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0.len());
            let again = self.0.try_get();
            assert!(again.is_err());
        }
    }
    let (queue, log) = (Rc::new(Queue::unbounded()), Rc::default());
    for _ in 0..2 {
        let echo = Echo(queue.clone(), Rc::clone(&log));
        queue.try_put(echo).expect("there is always a place");
    }
    queue.shutdown_now();
    assert_eq!(*log.borrow(), [0, 0]);
}

/// Trap 51. Broken by: calling everybody for one item.
#[test]
fn ten_thousand_who_get_cost_ten_thousand_polls() {
    const GETTERS: u64 = 10_000;
    hob::block_on(async {
        let queue = Rc::new(Queue::new(1));
        let next = Rc::new(Cell::new(0));
        for _ in 0..GETTERS {
            let (queue, next) = (queue.clone(), next.clone());
            hob::spawn(async move {
                let (item, _done) = queue.get_guarded().await.expect("not shut down");
                assert_eq!(next.replace(item + 1), item, "in order");
            });
        }
        let polls = || hob::metrics().counters.polls;
        while polls() < GETTERS {
            hob::yield_now().await;
        }
        hob::yield_now().await;
        let before = polls();
        for item in 0..GETTERS {
            queue.put(item).await.expect("not shut down");
        }
        queue.join().await;
        let spent = polls() - before;
        assert!((GETTERS..3 * GETTERS).contains(&spent), "{spent}");
    });
}
