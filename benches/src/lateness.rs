//! How late timers are. Compiled once for each contender, as [`tasks`](super::tasks) is.

#![allow(
    unused_imports,
    clippy::useless_conversion,
    unused_mut,
    reason = "what one contender's types need, the other's do without"
)]

use super::rt::{self, AsyncReadExt as _, AsyncWriteExt as _};
use crate::sockets;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// `count` timers of 1 to 3 ms, one after another, while nothing else goes on. Gives how late
/// each was, in milliseconds.
pub fn idle(count: usize) -> Vec<f64> {
    rt::in_a_task(timers(count))
}

/// The same beside a task whose socket is always ready: it reads what it has just written to
/// itself, and never finds that it must wait.
pub fn busy(count: usize) -> Vec<f64> {
    let (near, far) = sockets::unix_pair();
    rt::in_a_task(async move {
        let done = Arc::new(AtomicBool::new(false));
        let seen = done.clone();
        let flood = rt::spawn(async move {
            let (mut near, mut far) = (rt::unix(near), rt::unix(far));
            let mut buffer = [0; 512];
            while !seen.load(Ordering::Relaxed) {
                near.write_all(&[7; 512]).await.expect("there is room");
                far.read_exact(&mut buffer).await.expect("it is there");
            }
        });
        let late = timers(count).await;
        done.store(true, Ordering::Relaxed);
        flood.await.expect("it ends");
        late
    })
}

async fn timers(count: usize) -> Vec<f64> {
    let mut late = Vec::with_capacity(count);
    for n in 0..count as u64 {
        let deadline = Instant::now() + Duration::from_micros(1_000 + n * 7_919 % 2_000);
        rt::sleep_until(rt::Instant::from(deadline)).await;
        late.push(deadline.elapsed().as_secs_f64() * 1e3);
    }
    late
}
