//! What remote channels cost in memory after a burst: nothing. One test, because it counts the
//! whole process's heap.

mod sync_support;

use std::alloc::System;

use hob::sync::remote::{Notify, mpsc};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use sync_support::poll_now;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Trap 43. Broken by: taking `shrink_to` out of `look_recv`, or `Slab::new()` out of
/// `List::remove`.
#[test]
fn a_burst_gives_its_memory_back() {
    const BURST: usize = 200_000;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let (full, _never) = mpsc::channel(1);
    full.try_send(0).expect("there is a place");
    let notify = Notify::new();
    let region = Region::new(HEAP);
    for n in 0..BURST {
        sender.send(n).expect("open");
    }
    for n in 0..BURST {
        assert_eq!(receiver.try_recv(), Ok(n));
    }
    let mut sends: Vec<_> = (0..BURST / 10).map(|n| full.send(n)).collect();
    let mut waits: Vec<_> = (0..BURST / 10).map(|_| notify.notified()).collect();
    for (send, wait) in sends.iter_mut().zip(&mut waits) {
        assert!(poll_now(send).is_pending());
        assert!(poll_now(wait).is_pending());
    }
    drop((sends, waits));
    let change = region.change();
    let kept = change
        .bytes_allocated
        .saturating_sub(change.bytes_deallocated);
    assert!(kept <= 16 * 1024, "{kept} bytes");
}
