//! What the primitives of `hob::sync` cost in memory: nothing for each message, and after a
//! burst everything is given back. One test, because it counts the whole process's heap.

mod sync_support;

use std::alloc::System;

use hob::sync::{Notify, Queue, Semaphore, broadcast, mpsc, watch};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use sync_support::poll_now;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are allocated now and were not when `region` began.
fn live(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change
        .bytes_allocated
        .saturating_sub(change.bytes_deallocated)
}

/// Trap 43. Broken by: a plain `VecDeque` in `Ring` or in `Queue`.
fn a_burst_through_the_others(burst: usize) {
    let queue = Queue::unbounded();
    let (sender, mut receiver) = broadcast::channel(burst);
    let region = Region::new(HEAP);
    for n in 0..burst {
        queue.try_put(n).expect("there is always a place");
        sender.send(n).expect("the receiver lives");
    }
    assert!(live(&region) >= 2 * burst * size_of::<usize>());
    for n in 0..burst {
        assert_eq!(queue.try_get(), Ok(n));
        assert_eq!(receiver.try_recv(), Ok(n));
    }
    assert!(
        live(&region) <= 16 * 1024,
        "{} bytes in queue and broadcast",
        live(&region)
    );
}

/// Broken by: `Rc::new` for each value in `Shared::put`; a permit that allocates.
fn everyday_use_of_the_others_takes_none() {
    let queue = Queue::new(4);
    let (sender, mut receiver) = mpsc::channel(4);
    let (value, mut seen) = watch::channel(0);
    let mut buffer = Vec::with_capacity(4);
    let mut everyday = || {
        queue.try_put(1).expect("there is a place");
        assert!(poll_now(&mut queue.get()).is_ready());
        assert!(poll_now(&mut queue.get()).is_pending());
        sender.try_reserve().expect("there is a place").send(1);
        assert!(poll_now(&mut receiver.recv_many(&mut buffer, 4)).is_ready());
        buffer.clear();
        assert!(poll_now(&mut seen.changed()).is_pending());
        value.send(1).expect("watched");
        assert_eq!(*seen.borrow_and_update(), 1);
    };
    everyday();
    let region = Region::new(HEAP);
    (0..10_000).for_each(|_| everyday());
    assert_eq!(region.change().allocations, 0);
    assert_eq!(region.change().reallocations, 0);
}

/// Trap 43. Broken by: taking `shrink_to` out of `Backlog::pop`, or `Vec::new()` out of
/// `give_back`.
#[test]
fn a_burst_gives_its_memory_back_and_everyday_use_takes_none() {
    const BURST: usize = 1_000_000;
    let (unbounded, mut receiver) = mpsc::unbounded_channel();
    let (sender, mut bounded) = mpsc::channel(BURST);
    let semaphore = Semaphore::new(0);
    let notify = Notify::new();

    let region = Region::new(HEAP);
    for n in 0..BURST {
        unbounded.send(n).expect("open");
        sender.try_send(n).expect("there is a place");
    }
    assert!(live(&region) >= 2 * BURST * size_of::<usize>());
    for n in 0..BURST {
        assert_eq!(receiver.try_recv(), Ok(n));
        assert_eq!(bounded.try_recv(), Ok(n));
    }
    assert!(
        live(&region) <= 16 * 1024,
        "{} bytes in the channels",
        live(&region)
    );

    let region = Region::new(HEAP);
    let mut acquires: Vec<_> = (0..BURST / 10).map(|_| semaphore.acquire()).collect();
    let mut waits: Vec<_> = (0..BURST / 10).map(|_| notify.notified()).collect();
    for (acquire, wait) in acquires.iter_mut().zip(&mut waits) {
        assert!(poll_now(acquire).is_pending());
        assert!(poll_now(wait).is_pending());
    }
    semaphore.add_permits(BURST / 20);
    notify.notify_waiters();
    drop((acquires, waits));
    assert!(
        live(&region) <= 16 * 1024,
        "{} bytes in the lines",
        live(&region)
    );

    // Once around, so that each has the little that it keeps.
    let everyday = |receiver: &mut mpsc::UnboundedReceiver<usize>| {
        unbounded.send(1).expect("open");
        assert!(poll_now(&mut receiver.recv()).is_ready());
        assert!(poll_now(&mut receiver.recv()).is_pending());
        let mut wait = notify.notified();
        assert!(poll_now(&mut wait).is_pending());
        notify.notify_one();
        assert!(poll_now(&mut wait).is_ready());
    };
    everyday(&mut receiver);
    let region = Region::new(HEAP);
    for _ in 0..10_000 {
        everyday(&mut receiver);
    }
    assert_eq!(region.change().allocations, 0);
    assert_eq!(region.change().reallocations, 0);

    a_burst_through_the_others(BURST);
    everyday_use_of_the_others_takes_none();
}
