//! `join_all` and `try_join_all`: many children, and a poll only for those that were woken.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hob::future::{join_all, try_join_all};

#[derive(Default)]
struct Count(AtomicUsize);
impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts its polls, keeps its waker, and is ready when told.
#[derive(Default)]
struct Door {
    open: Cell<bool>,
    polls: Cell<usize>,
    waker: RefCell<Option<Waker>>,
}
impl Door {
    fn pass(self: Rc<Door>) -> impl Future<Output = ()> {
        poll_fn(move |cx| {
            self.polls.set(self.polls.get() + 1);
            if self.open.get() {
                return Poll::Ready(());
            }
            self.waker.replace(Some(cx.waker().clone()));
            Poll::Pending
        })
    }
    fn open(&self) {
        self.open.set(true);
        let waker = self.waker.take().expect("it was polled");
        waker.wake();
    }
}

#[test]
fn results_come_in_the_order_of_the_futures_however_many_there_are() {
    hob::block_on(async {
        for n in [0_u64, 1, 7, 8, 9, 16, 17, 1_000] {
            let futures = (0..n).map(|i| async move {
                // The last of them is done first.
                for _ in i..n.min(i + 40) {
                    hob::yield_now().await;
                }
                i
            });
            assert_eq!(join_all(futures).await, (0..n).collect::<Vec<_>>());
        }
    });
}

/// Trap 51. Broken by: polling `0..len` in `Children::poll_woken`, or `FEW` = 1000.
#[test]
fn of_a_thousand_children_only_those_are_polled_that_were_woken() {
    let doors: Vec<Rc<Door>> = (0..1_000).map(|_| Rc::default()).collect();
    let mut all = pin!(join_all(doors.iter().map(|door| door.clone().pass())));
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(all.as_mut().poll(&mut cx).is_pending());
    for (n, door) in doors.iter().rev().enumerate() {
        door.open();
        assert_eq!(count.get(), n + 1, "each wake reaches the parent");
        let done = all.as_mut().poll(&mut cx).is_ready();
        assert_eq!(done, n == 999);
    }
    let polls: usize = doors.iter().map(|door| door.polls.get()).sum();
    assert_eq!(polls, 2_000, "one to begin with and one for its wake");
}

/// Broken by: `parent.clone()` in place of `parent.take()` in `Child::wake_by_ref`.
#[test]
fn children_woken_together_wake_their_parent_once() {
    let doors: Vec<Rc<Door>> = (0..100).map(|_| Rc::default()).collect();
    let mut all = pin!(join_all(doors.iter().map(|door| door.clone().pass())));
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(all.as_mut().poll(&mut cx).is_pending());
    doors.iter().for_each(|door| door.open());
    assert_eq!(count.get(), 1);
    assert!(all.as_mut().poll(&mut cx).is_ready());
}

/// Trap 13. Broken by: keeping the former parent in `ChildWakers::begin`.
#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    let doors: Vec<Rc<Door>> = (0..20).map(|_| Rc::default()).collect();
    let mut all = pin!(join_all(doors.iter().map(|door| door.clone().pass())));
    let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
    for count in &counts {
        let waker = Waker::from(count.clone());
        assert!(
            all.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    doors[7].open();
    assert_eq!(counts.each_ref().map(|count| count.get()), [0, 1]);
}

/// Broken by: leaving out the drop of `ChildWakers`, which takes the parent's waker back.
#[test]
fn a_waker_of_a_child_that_lives_on_keeps_and_wakes_nobody() {
    let doors: Vec<Rc<Door>> = (0..20).map(|_| Rc::default()).collect();
    let mut all = Box::pin(join_all(doors.iter().map(|door| door.clone().pass())));
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    assert!(
        all.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(all);
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1);
    doors[3].open();
    assert_eq!(count.get(), 0);
}

#[test]
fn children_may_be_woken_from_other_threads() {
    hob::block_on(async {
        let jobs = (0..200).map(|n| hob::blocking::run(move || n));
        assert_eq!(join_all(jobs).await, (0..200).collect::<Vec<_>>());
    });
}

/// Trap 29. Broken by: leaving out `state.yielded |= …` in `Child::wake_by_ref`, or
/// `wake_after_kernel` in `ChildWakers::end`.
#[test]
fn children_that_yield_let_the_kernel_have_its_turn() {
    hob::block_on(async {
        let (plain, woken) = (Rc::new(Cell::new(None::<Waker>)), Cell::new(false));
        let before = hob::metrics().counters.kernel_visits;
        let children = (0..20).map(|n| {
            let (plain, woken) = (plain.clone(), &woken);
            async move {
                if n == 0 {
                    // Woken by a sibling in the same poll, before anybody yields.
                    return poll_fn(|cx| match woken.replace(true) {
                        true => Poll::Ready(()),
                        false => {
                            plain.set(Some(cx.waker().clone()));
                            cx.waker().wake_by_ref();
                            Poll::Pending
                        }
                    })
                    .await;
                }
                for _ in 0..10 {
                    hob::yield_now().await;
                }
            }
        });
        join_all(children).await;
        let visits = hob::metrics().counters.kernel_visits - before;
        assert!(
            visits >= 10,
            "{visits} visits for ten yields, one after the other"
        );
    });
}

/// Trap 27. Broken by: leaving out `has_budget_remaining` in `Children::poll_woken`: then each of
/// a thousand children is polled in vain for each 128 of them that get on.
#[test]
fn where_the_budget_ends_the_rest_of_the_children_waits_for_the_next_poll() {
    let polls = Cell::new(0);
    hob::block_on(async {
        let children = (0..1_000).map(|_| {
            let mut child = Box::pin(hob::coop::consume_budget());
            let polls = &polls;
            poll_fn(move |cx| {
                polls.set(polls.get() + 1);
                child.as_mut().poll(cx)
            })
        });
        join_all(children).await;
    });
    assert_eq!(polls.get(), 1_000);
}

#[test]
fn a_thousand_sleeps_take_as_long_as_the_longest() {
    let runtime = hob::Builder::new().virtual_time().build().unwrap();
    runtime.block_on(async {
        let sleeps = (0..1_000).map(|ms| hob::time::sleep(Duration::from_millis(ms)));
        let start = hob::time::now();
        join_all(sleeps).await;
        assert_eq!(hob::time::now() - start, Duration::from_millis(999));
    });
}

#[test]
fn an_error_ends_a_try_join_all_and_drops_the_others_first() {
    struct Part(Rc<Cell<usize>>);
    impl Drop for Part {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    for n in [3_usize, 100] {
        hob::block_on(async {
            let dropped = Rc::new(Cell::new(0));
            let futures = (0..n).map(|i| {
                let part = Part(dropped.clone());
                async move {
                    match i {
                        0 => Ok(part),
                        2 => Err("the third"),
                        _ => {
                            let _part = part;
                            pending().await
                        }
                    }
                }
            });
            let error = try_join_all(futures).await.err();
            assert_eq!((error, dropped.get()), (Some("the third"), n));
        });
    }
    let good: Result<Vec<u32>, ()> = hob::block_on(try_join_all((0..50).map(|n| ready(Ok(n)))));
    assert_eq!(good, Ok((0..50).collect()));
}

#[test]
#[should_panic = "polled again"]
fn a_join_all_that_was_awaited_says_so_when_it_is_polled_again() {
    let mut all = join_all([ready(1)]);
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(Pin::new(&mut all).poll(&mut cx), Poll::Ready(vec![1]));
    let _ = Pin::new(&mut all).poll(&mut cx);
}

/// `Receiver::try_iter` is such an iterator: it may have more to give after it had nothing.
///
/// Broken by: `futures.fuse()` taken out of `Children::new` (a child in a place that nobody
/// polls).
#[test]
fn the_futures_end_where_their_iterator_ends_first() {
    let mut asked = 0;
    let futures = std::iter::from_fn(|| {
        asked += 1;
        (asked != 2 && asked < 6).then_some(ready(asked))
    });
    let mut all = join_all(futures);
    let polled = Pin::new(&mut all).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(vec![1]));
}
