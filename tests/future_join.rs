//! `join!` and `try_join!`: everything to the end, or to the first error, inside of one task.
//!
//! Nothing is imported here by `use`: the macros have to work by their path alone.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

struct SetOnDrop<'a>(&'a Cell<bool>);
impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

/// Ready at its `polls`-th poll; wakes itself until then.
fn after(polls: u32) -> impl Future<Output = u32> {
    let mut left = polls;
    poll_fn(move |cx| {
        left -= 1;
        if left == 0 {
            return Poll::Ready(polls);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn a_join_gives_all_results_in_the_order_of_the_source() {
    hob::block_on(async {
        assert_eq!(hob::join!(after(3)), (3,));
        assert_eq!(hob::join!(after(3), ready("two"), after(1)), (3, "two", 1));
        let borrowed = String::from("borrowed");
        let mut kept = std::pin::pin!(after(2));
        let (length, two) = hob::join!(async { borrowed.len() }, &mut kept);
        assert_eq!((length, two), (8, 2));
    });
}

#[test]
fn thirty_two_futures_can_be_joined() {
    hob::block_on(async {
        let all = hob::join!(
            async { hob::join!(ready(1), after(2)) },
            ready(1),
            ready(2),
            ready(3),
            ready(4),
            ready(5),
            ready(6),
            ready(7),
            ready(8),
            ready(9),
            ready(10),
            ready(11),
            ready(12),
            ready(13),
            ready(14),
            ready(15),
            ready(16),
            ready(17),
            ready(18),
            ready(19),
            ready(20),
            ready(21),
            ready(22),
            ready(23),
            ready(24),
            ready(25),
            ready(26),
            ready(27),
            ready(28),
            ready(29),
            ready(30),
            ready(31),
        );
        assert_eq!(all.0, (1, 2));
        assert_eq!(all.31, 31);
    });
}

#[test]
fn a_future_of_a_join_that_is_done_is_not_polled_again() {
    let polls = Cell::new(0);
    hob::block_on(async {
        let once = poll_fn(|_| {
            polls.set(polls.get() + 1);
            Poll::Ready(())
        });
        hob::join!(once, after(5));
    });
    assert_eq!(polls.get(), 1);
}

/// Broken by: `Order::biased` in `__join!`: then the first uses up the budget of each poll, and
/// the second never gets any.
#[test]
fn a_future_that_spends_the_whole_budget_does_not_starve_its_siblings() {
    hob::block_on(async {
        let stop = Cell::new(false);
        let mut rounds = 0;
        let busy = async {
            while !stop.get() {
                rounds += 1;
                assert!(rounds < 1_000_000, "the sibling never got a unit");
                hob::coop::consume_budget().await;
            }
        };
        let sibling = async {
            hob::coop::consume_budget().await;
            stop.set(true);
        };
        hob::join!(busy, sibling);
    });
}

#[test]
fn a_try_join_gives_all_results_or_the_first_error() {
    hob::block_on(async {
        let good = hob::try_join!(async { Ok::<_, &str>(after(3).await) }, async { Ok("two") });
        assert_eq!(good, Ok((3, "two")));
        let bad: Result<((), u32), &str> = hob::try_join!(
            async {
                after(2).await;
                Err("first")
            },
            async {
                after(3).await;
                Err("second")
            },
        );
        assert_eq!(bad, Err("first"));
    });
}

#[test]
fn the_error_of_a_try_join_drops_the_other_futures_and_results() {
    let (running, done) = (Cell::new(false), Cell::new(false));
    hob::block_on(async {
        let result = hob::try_join!(
            async {
                let _guard = SetOnDrop(&running);
                pending::<Result<(), &str>>().await
            },
            async { Ok(SetOnDrop(&done)) },
            async {
                after(2).await;
                Err::<(), _>("no")
            },
        );
        assert_eq!(result.err(), Some("no"));
        assert!(running.get() && done.get());
    });
}

#[test]
fn a_join_that_is_dropped_drops_its_futures() {
    let dropped = Rc::new(Cell::new(false));
    let guard = SetOnDrop(&dropped);
    let mut joined: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move {
        let _guard = guard;
        hob::join!(pending::<()>(), pending::<()>());
    });
    let mut cx = Context::from_waker(Waker::noop());
    assert!(joined.as_mut().poll(&mut cx).is_pending());
    drop(joined);
    assert!(dropped.get());
}
