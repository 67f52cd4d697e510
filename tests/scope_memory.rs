//! What a child and a member of a set cost in allocations, and that all of it is given back.
//!
//! Alone in its binary, because it counts every allocation of the process.

use std::alloc::System;

use hob::{JoinSet, block_on, scope, yield_now};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MANY: usize = 1_000;

async fn children(count: usize) {
    scope(async |s| {
        for _ in 0..count {
            s.spawn(yield_now());
        }
    })
    .await
    .unwrap();
}

async fn members(count: usize) {
    let mut set = JoinSet::new();
    for _ in 0..count {
        set.spawn(yield_now());
    }
    while set.join_next().await.is_some() {}
}

/// One test, because two would count each other's.
#[test]
fn a_child_takes_two_allocations_and_a_member_of_a_set_one() {
    block_on(async {
        // Slots, and what queues keep, are there already.
        children(MANY).await;
        members(MANY).await;

        let region = Region::new(ALLOCATOR);
        children(MANY).await;
        let change = region.change();
        let each = change.allocations as f64 / MANY as f64;
        assert!(each <= 2.05, "{each} allocations for each child");
        assert_eq!(change.bytes_allocated, change.bytes_deallocated);

        let region = Region::new(ALLOCATOR);
        members(MANY).await;
        let change = region.change();
        let each = change.allocations as f64 / MANY as f64;
        assert!(each <= 1.05, "{each} allocations for each member");
        assert_eq!(change.bytes_allocated, change.bytes_deallocated);
    });
}
