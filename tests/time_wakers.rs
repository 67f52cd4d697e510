//! Futures of time are polled with another waker each time: the last one is woken, no other.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use hob::time::{interval, now, sleep, sleep_until, timeout};
use hob::{Builder, metrics};

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
