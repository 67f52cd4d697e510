//! A timer of ours fits where hyper wants one.
//!
//! `hyper::rt::Timer` gives out `Pin<Box<dyn hyper::rt::Sleep>>`, and that trait demands, word for
//! word, `Send + Sync + Future<Output = ()>`; its timer is `Send + Sync` too. That is decided by
//! the type of the future, so it must not hold an `Rc`, though only one thread may ever poll it.
//! hyper itself is not needed to see it.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// What hyper calls `Sleep`: the same bounds.
trait Sleep: Send + Sync + Future<Output = ()> {}

/// What hyper calls `Timer`: the same methods.
trait Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>>;
    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>>;
}

impl Sleep for hob::time::Sleep {}

struct HobTimer;

impl Timer for HobTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(hob::time::sleep(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(hob::time::sleep_until(deadline))
    }
}

/// Trap 49. Broken by: an `Rc`, or a `Waker` in a `Cell`, in `time::Sleep`: it does not compile.
#[test]
fn the_timer_is_what_hyper_asks_for_and_tells_the_time() {
    fn shared<T: Send + Sync + 'static>(timer: T) -> T {
        timer
    }
    hob::Builder::new().virtual_time().block_on(async {
        let timer = shared(HobTimer);
        let start = hob::time::now();
        timer.sleep(Duration::from_secs(1)).await;
        timer.sleep_until(start + Duration::from_secs(3)).await;
        assert_eq!(hob::time::now() - start, Duration::from_secs(3));
    });
}
