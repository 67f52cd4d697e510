//! What a burst took, it gives back.
//!
//! Alone in its binary, because it counts every allocation of the process.

use std::alloc::System;
use std::time::Duration;

use hob::time::sleep;
use hob::{block_on, spawn, yield_now};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are allocated right now.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

const MANY: usize = 1_000_000;

/// Everything below, once, so that what is kept on purpose (slots, buffers) is there already.
async fn burst(tasks: usize, timers: usize, sources: usize) {
    let tasks: Vec<_> = (0..tasks).map(|n| spawn(async move { n })).collect();
    for task in tasks {
        task.await.unwrap();
    }

    let mut timers: Vec<_> = (0..timers)
        .map(|_| Box::pin(sleep(Duration::MAX)))
        .collect();
    for timer in &mut timers {
        assert!(futures_lite::future::poll_once(timer).await.is_none());
    }
    drop(timers);

    let mut sockets = Vec::new();
    for _ in 0..sources {
        sockets.push(hob::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
    }
    drop(sockets);
    for _ in 0..10 {
        yield_now().await;
    }
}

/// Trap 59. Broken by: leaving out `shrink` in the task slab, in the timers, or in
/// `Reactor::release`.
#[test]
fn a_million_tasks_and_timers_leave_no_memory_behind() {
    block_on(async {
        burst(100, 100, 100).await;
        let before = live();
        burst(MANY, MANY, 0).await;
        burst(0, 0, 500).await;
        let after = live();
        // What is kept on purpose: up to 1,024 free slots of each kind, and short queues.
        let kept = 600 * 1024;
        assert!(
            after < before + kept,
            "{before} bytes before, {after} after"
        );
    });
}
