//! Futures of time are polled with another waker each time: the last one is woken, no other.

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hob::time::{interval, now, sleep, sleep_until, timeout};
use hob::{Builder, metrics, spawn};

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Count>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls `future` with one waker after the other, lets its time pass, and tells how often
/// each of them was woken.
async fn woken<F: Future + Unpin>(mut future: F) -> [u32; 3] {
    let counts = [(); 3].map(|()| Arc::new(Count::default()));
    for count in [0, 1, 1, 2, 1].map(|n| counts[n].clone()) {
        let waker = Waker::from(count);
        let poll = Pin::new(&mut future).poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
    }
    assert_eq!(metrics().live_timers, 1);
    sleep(Duration::from_secs(60)).await;
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut future).poll(&mut cx).is_ready());
    counts.map(|count| count.0.load(Ordering::SeqCst))
}

/// Trap 13. Broken by: leaving out the `replace` in `Timers::update`.
#[test]
fn only_the_waker_of_the_last_poll_is_woken_and_only_once() {
    Builder::new().virtual_time().block_on(async {
        let second = Duration::from_secs(1);
        assert_eq!(woken(sleep(second)).await, [0, 1, 0]);
        assert_eq!(
            woken(Box::pin(timeout(second, pending::<()>()))).await,
            [0, 1, 0]
        );
        let mut beat = interval(second);
        beat.tick().await;
        assert_eq!(woken(beat.tick()).await, [0, 1, 0]);
    });
}

/// Trap 13. Broken by: `Sleep::reset` forgetting the timer that a task waits for, instead of
/// moving it with its waker.
#[test]
fn a_reset_keeps_the_waker_and_needs_no_poll() {
    Builder::new().virtual_time().block_on(async {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let start = now();
        let mut late = sleep(Duration::from_secs(100));
        let poll = Pin::new(&mut late).poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
        late.reset(start + Duration::from_secs(1));
        sleep_until(start + Duration::from_secs(2)).await;
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        late.await;
        assert_eq!(now(), start + Duration::from_secs(2), "it was over already");
    });
}

/// A task is noted by its name, whoever else polls within it by a waker: whichever was the last.
/// Broken by: `Waiter::is_polled` true of all.
#[test]
fn a_timer_that_a_task_polls_and_then_somebody_within_it_wakes_who_was_the_last() {
    async fn trial(own_first: bool) -> u32 {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut late = sleep(Duration::from_secs(1));
        std::future::poll_fn(|cx| {
            let mut stranger = Context::from_waker(&waker);
            let mut poll =
                |cx: &mut Context<'_>| assert!(Pin::new(&mut late).poll(cx).is_pending());
            if own_first {
                poll(cx);
                poll(&mut stranger);
            } else {
                poll(&mut stranger);
                poll(cx);
            }
            Poll::Ready(())
        })
        .await;
        if own_first {
            sleep(Duration::from_secs(2)).await;
        } else {
            // It alone can wake this task.
            std::future::poll_fn(|_| match metrics().live_timers {
                0 => Poll::Ready(()),
                _ => Poll::Pending,
            })
            .await;
        }
        count.0.load(Ordering::SeqCst)
    }
    Builder::new().virtual_time().block_on(async {
        assert_eq!(spawn(trial(true)).await.unwrap(), 1);
        assert_eq!(spawn(trial(false)).await.unwrap(), 0);
    });
}

/// Broken by: keeping the name of the task that polled it first.
#[test]
fn a_sleep_that_moves_to_another_task_wakes_that_one() {
    Builder::new().virtual_time().block_on(async {
        let mut late = sleep(Duration::from_secs(1));
        let first = spawn(async move {
            std::future::poll_fn(|cx| {
                assert!(Pin::new(&mut late).poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            Some(late)
        });
        let late = first.await.unwrap().expect("it was handed on");
        // In the slot of the one that has ended.
        let (polls, seen) = (Rc::new(Cell::new(0)), now());
        let other = polls.clone();
        let idle = spawn(std::future::poll_fn(move |_| {
            other.set(other.get() + 1);
            Poll::<()>::Pending
        }));
        spawn(late).await.unwrap();
        assert_eq!(now() - seen, Duration::from_secs(1));
        assert_eq!(polls.get(), 1, "not its timer");
        idle.abort();
    });
}
