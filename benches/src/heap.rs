//! What a task, a timer and a connection that wait hold of the heap. Compiled once for each
//! contender, as [`tasks`](super::tasks) is. `live` tells how many bytes are allocated now.

#![allow(
    clippy::useless_conversion,
    reason = "what one contender's types need, the other's do without"
)]

use super::rt;
use crate::sockets;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Bytes for each of `count` tasks that wait for ever. Their handles are not counted in.
pub fn parked(count: usize, live: fn() -> usize) -> f64 {
    rt::in_a_task(async move {
        let mut handles = Vec::with_capacity(count);
        let before = live();
        for _ in 0..count {
            handles.push(rt::spawn(std::future::pending::<()>()));
        }
        rt::yield_now().await;
        each(before, live(), count)
    })
}

/// Bytes for each of `count` tasks that sleep.
pub fn sleeping(count: usize, live: fn() -> usize) -> f64 {
    rt::in_a_task(async move {
        let mut handles = Vec::with_capacity(count);
        let deadline = Instant::now() + Duration::from_secs(600);
        let before = live();
        for _ in 0..count {
            let sleep = async move { rt::sleep_until(rt::Instant::from(deadline)).await };
            handles.push(rt::spawn(sleep));
        }
        rt::yield_now().await;
        each(before, live(), count)
    })
}

/// Bytes for each of `count` connected streams, each of which was tried once and found to have
/// nothing. The streams themselves lie in memory that was there before.
pub fn idle_streams(count: usize, live: fn() -> usize) -> f64 {
    let (near, far): (Vec<_>, Vec<_>) = sockets::pairs(count).into_iter().unzip();
    let bytes = rt::in_a_task(async move {
        let mut streams = Vec::with_capacity(count);
        let before = live();
        for stream in near {
            streams.push(rt::tcp(stream));
        }
        for stream in &mut streams {
            let mut nothing = pin!(rt::read_some(stream));
            poll_fn(|cx| {
                assert!(nothing.as_mut().poll(cx).is_pending(), "nobody sends");
                Poll::Ready(())
            })
            .await;
        }
        each(before, live(), count)
    });
    drop(far);
    bytes
}

fn each(before: usize, after: usize, count: usize) -> f64 {
    (after as f64 - before as f64) / count as f64
}
