//! For the tests that give up: one future is dropped at each of its polls, and whoever it shared
//! something with goes on.
//!
//! `hob::testing::cancel_at_every_poll` drops everybody at once, so it finds what is left behind.
//! It does not find what was on its way to the one that gave up: here the others live on, and
//! must get it.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_lite::future::poll_once;
use hob::testing::ledger;
use hob::time::{sleep, timeout};
use hob::{Builder, yield_now};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// Longer than anything that a test waits for. One that needs more hangs, and should fail.
const PATIENCE: Duration = Duration::from_secs(60);
/// A future that needs more polls is taken for one that never ends.
const MOST_POLLS: u32 = 10_000;
/// Milliseconds that whatever was dropped may take to go: other threads and programs, too.
const MOST_WAITS: u32 = 10_000;

/// Some polls of doing nothing, so that the other side comes to wait.
pub(crate) async fn pause() {
    for _ in 0..3 {
        yield_now().await;
    }
}

/// One who comes a little later than the others: `join!` has no fixed order.
pub(crate) async fn behind<F: Future>(future: F) -> F::Output {
    yield_now().await;
    future.await
}

/// Polls `future`, which has to wait, and drops it while what it waited for lives on.
pub(crate) async fn waits_and_leaves(future: impl Future) {
    let before = ledger();
    assert!(poll_once(future).await.is_none());
    assert_eq!(ledger(), before);
}

/// When it is dropped: after a poll that was `Pending`, or after the wake that followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Waiting,
    Woken,
}

/// Gives up the future that is brought to it, at one moment; at another in the next run.
#[derive(Debug)]
pub(crate) struct Quitter {
    after: u32,
    pub(crate) moment: Moment,
    completed: Cell<bool>,
}

impl Quitter {
    /// The output of `future`, or `None`: it was dropped on the way.
    pub(crate) async fn run<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut left = self.after;
        let bell = Arc::new(Bell::default());
        poll_fn(|cx| {
            // `join!` polls all of its futures whichever was woken. Only its own wakes count.
            if !bell.has_rung(cx) {
                return Poll::Pending;
            }
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            let waker = Waker::from(bell.clone());
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => {
                    self.completed.set(true);
                    Poll::Ready(Some(output))
                }
                Poll::Pending if left == 0 && self.moment == Moment::Waiting => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
        // The future is dropped here.
    }
}

/// Knows whether it was woken, and passes that on.
#[derive(Default)]
struct Bell {
    silent: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl Bell {
    /// True the first time, and then once for each time that it has rung.
    fn has_rung(&self, cx: &Context<'_>) -> bool {
        *self.outer.lock().unwrap() = Some(cx.waker().clone());
        !self.silent.swap(true, Ordering::AcqRel)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.silent.store(false, Ordering::Release);
        let outer = self.outer.lock().unwrap().clone();
        outer.expect("set by the first poll").wake();
    }
}

/// Runs `scene` again and again, each time on a runtime of its own with virtual time, until what
/// it brings to its [`Quitter`] was given up at all of its polls, the first time before the
/// first. All else in `scene` has to complete each time, and to leave nothing behind.
#[track_caller]
pub(crate) fn quit_at_every_poll(scene: impl AsyncFnMut(&Quitter)) {
    quit_in(|| Builder::new().virtual_time().worker_threads(0), scene);
}

/// [`quit_at_every_poll`] with the time and the workers of every day, for what waits for the
/// kernel, another thread or another program: virtual time would not wait for those.
#[track_caller]
pub(crate) fn quit_at_every_poll_for_real(scene: impl AsyncFnMut(&Quitter)) {
    quit_in(Builder::new, scene);
}

#[track_caller]
fn quit_in(builder: impl Fn() -> Builder, mut scene: impl AsyncFnMut(&Quitter)) {
    for after in 0..MOST_POLLS {
        for moment in [Moment::Waiting, Moment::Woken] {
            let quitter = Quitter {
                after,
                moment,
                completed: Cell::new(false),
            };
            builder().build().unwrap().block_on(async {
                let before = ledger();
                let played = timeout(PATIENCE, scene(&quitter)).await;
                assert!(played.is_ok(), "it holds up the others: {quitter:?}");
                let mut waits = 0;
                while ledger() != before && waits < MOST_WAITS {
                    waits += 1;
                    sleep(Duration::from_millis(1)).await;
                }
                assert_eq!(ledger(), before, "left behind: {quitter:?}");
            });
            if quitter.completed.get() {
                return;
            }
        }
    }
    panic!("the future was not complete after {MOST_POLLS} polls");
}
