//! Other threads: work handed to them, and wakes that come from them. Compiled once for each
//! contender, as [`tasks`](super::tasks) is.

use super::rt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// `trips` times, a closure that does nothing goes to a worker, and its result is awaited.
pub fn round_trips(trips: usize) -> Duration {
    rt::in_a_task(async move {
        // The first starts a thread.
        rt::spawn_blocking(|| ()).await.expect("it ends");
        let start = Instant::now();
        for trip in 0..trips {
            let answer = rt::spawn_blocking(move || trip + 1).await;
            assert_eq!(answer.expect("it ends"), trip + 1);
        }
        start.elapsed()
    })
}

/// What another thread wakes: when it did, and whom.
#[derive(Default)]
struct Call {
    rung: AtomicBool,
    at: Mutex<Option<Instant>>,
}

/// `times` times, another thread wakes a task while the loop sleeps in the kernel; added up, the
/// time from just before the wake until the task is polled.
pub fn wakes(times: usize) -> Duration {
    let (ask, asked) = mpsc::channel::<(Waker, Arc<Call>)>();
    let ringing = std::thread::spawn(move || {
        for (waker, call) in asked {
            // Long enough for the loop to fall asleep: that is the case that costs.
            std::thread::sleep(Duration::from_micros(50));
            *call.at.lock().expect("nobody panics") = Some(Instant::now());
            call.rung.store(true, Ordering::Release);
            waker.wake();
        }
    });
    let took = rt::in_a_task(async move {
        let mut sum = Duration::ZERO;
        for _ in 0..times {
            let call = Arc::new(Call::default());
            let mut asked = false;
            sum += poll_fn(|cx| {
                if call.rung.load(Ordering::Acquire) {
                    let at = call.at.lock().expect("nobody panics");
                    return Poll::Ready(at.expect("it was rung").elapsed());
                }
                if !asked {
                    asked = true;
                    let call = (cx.waker().clone(), call.clone());
                    ask.send(call).expect("the thread listens");
                }
                Poll::Pending
            })
            .await;
        }
        sum
    });
    ringing.join().expect("it ends when nobody asks any more");
    took
}
