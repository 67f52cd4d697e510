//! A barrier opens when all have arrived, for just those, and again the next time; whoever gives
//! up before has not arrived.

mod sync_support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use hob::sync::{Barrier, BarrierWait};
use sync_support::{Count, poll, poll_now};

#[test]
fn the_last_to_arrive_opens_it_and_leads() {
    let barrier = Barrier::new(3);
    let count = Count::new();
    let mut waiters = [barrier.wait(), barrier.wait()];
    for waiter in &mut waiters {
        assert!(poll(waiter, &count).is_pending());
    }
    let Poll::Ready(result) = poll_now(&mut barrier.wait()) else {
        panic!("all are here");
    };
    assert!(result.is_leader());
    assert_eq!(count.get(), 2);
    for waiter in &mut waiters {
        let Poll::Ready(result) = poll_now(waiter) else {
            panic!("it is open");
        };
        assert!(!result.is_leader());
    }
    assert!(poll_now(&mut barrier.wait()).is_pending(), "and shut again");
}

/// Broken by: an empty `drop` of `BarrierWait`, or taking the question for the number of
/// openings out of it.
#[test]
fn who_gives_up_before_it_opened_has_not_arrived_and_after_it_has() {
    let barrier = Barrier::new(2);
    let mut gone = barrier.wait();
    assert!(poll_now(&mut gone).is_pending());
    drop(gone);
    let (mut first, mut second) = (barrier.wait(), barrier.wait());
    assert!(poll_now(&mut first).is_pending(), "one of two is here");
    assert!(poll_now(&mut second).is_ready());
    // Called, and never polled: the next time is not one short.
    drop(first);
    let mut first = barrier.wait();
    assert!(poll_now(&mut first).is_pending());
    assert!(poll_now(&mut barrier.wait()).is_ready());
    assert!(poll_now(&mut first).is_ready());
}

/// Trap 10. Broken by: calling all in line when it opens, whichever time they came for.
#[test]
fn who_comes_for_the_next_time_while_it_opens_is_not_called_for_this_one() {
    thread_local! {
        static BARRIER: &'static Barrier = Box::leak(Box::new(Barrier::new(2)));
        static NEXT: RefCell<Option<BarrierWait<'static>>> = const { RefCell::new(None) };
        static CALLED: Cell<bool> = const { Cell::new(false) };
    }
    /// Comes back at once.
    struct Again;
    impl Wake for Again {
        fn wake(self: Arc<Self>) {
            let mut next = BARRIER.with(|barrier| barrier.wait());
            assert!(poll_now(&mut next).is_pending());
            NEXT.set(Some(next));
        }
    }
    let barrier = BARRIER.with(|barrier| *barrier);
    let waker = Waker::from(Arc::new(Again));
    let mut first = barrier.wait();
    let cx = &mut std::task::Context::from_waker(&waker);
    assert!(std::pin::Pin::new(&mut first).poll(cx).is_pending());
    assert!(poll_now(&mut barrier.wait()).is_ready());
    let mut next = NEXT.take().expect("it came back");
    assert!(poll_now(&mut next).is_pending());
    assert!(poll_now(&mut barrier.wait()).is_ready());
    assert!(poll_now(&mut next).is_ready());
}

#[test]
fn tasks_keep_step_round_after_round() {
    const TASKS: usize = 10;
    hob::block_on(async {
        let barrier = Rc::new(Barrier::new(TASKS));
        let done = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (barrier, done) = (barrier.clone(), done.clone());
                hob::spawn(async move {
                    let mut led = 0;
                    for round in 0..100 {
                        assert!(done.get() >= round * TASKS);
                        assert!(done.get() < (round + 1) * TASKS);
                        done.set(done.get() + 1);
                        led += usize::from(barrier.wait().await.is_leader());
                    }
                    led
                })
            })
            .collect();
        let mut led = 0;
        for task in tasks {
            led += task.await.unwrap();
        }
        assert_eq!(led, 100, "each round had one leader");
    });
}

#[test]
#[should_panic(expected = "would never open")]
fn a_barrier_for_nobody_is_refused() {
    Barrier::new(0);
}
