//! The table of sources and the queue of wakes: what comes in goes out again.

use super::*;

/// Trap 16. Broken by: leaving out `self.release(&slot)` in `reserve_listed`.
#[test]
fn a_source_that_cannot_be_listed_leaves_no_slot_behind() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    for _ in 0..10_000 {
        let error = Source::take_over(Fake { fails: true }, Location::caller()).unwrap_err();
        // Where it is listed by its descriptor, it is the kernel that refuses: it has none.
        if !backend::LATE_IS_EARLY_ENOUGH {
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
    }
    assert_eq!(reactor.live(), 0);
    assert!(reactor.slots.borrow().capacity() < 10);
}

/// Trap 59. Broken by: leaving `shrink_to_fit` out of `release`.
#[test]
fn a_burst_of_sources_leaves_no_memory_behind() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let burst: Vec<_> = (0..100_000)
        .map(|_| Source::new(Fake { fails: false }).unwrap())
        .collect();
    assert_eq!(reactor.live(), 100_000);
    drop(burst);
    assert!(reactor.slots.borrow().capacity() <= KEEP);
}

/// Broken by: any other factor in `release`.
#[test]
fn the_table_is_cut_when_three_quarters_are_vacant_and_not_before() {
    let reactor = Reactor::new().unwrap();
    let mut sources: Vec<_> = (0..4096)
        .map(|_| reactor.reserve(Interest::READABLE).unwrap())
        .collect();
    let mut capacity_with = |live: usize| {
        for slot in sources.drain(live..).rev() {
            reactor.release(&slot);
        }
        reactor.slots.borrow().capacity()
    };
    let before = capacity_with(4096);
    assert!(
        (4096..8192).contains(&before),
        "or these numbers mean nothing"
    );
    assert_eq!(capacity_with(before / 4), before);
    assert_eq!(capacity_with(before / 4 - 1), before / 4 - 1, "cut");
    assert_eq!(capacity_with(before / 8), before / 4 - 1);
}

/// Broken by: keeping the memory of every burst of wakes, or of none.
#[test]
fn the_queue_of_wakes_gives_back_what_a_burst_needed() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    settle(&reactor);
    let mut capacity_after = |waiters: usize| {
        let (woken, waker) = counter();
        let mut waiting: Vec<_> = (0..waiters)
            .map(|_| source.readiness(Direction::Read))
            .collect();
        while read_byte(&source, Waker::noop()).is_ready() {}
        for future in &mut waiting {
            assert!(poll(future, &waker).is_pending());
        }
        peer.write_all(b"x").unwrap();
        wait_until(&reactor, || count(&woken) == waiters);
        let wakes = reactor.wakes.take();
        let capacity = wakes.capacity();
        reactor.wakes.set(wakes);
        capacity
    };
    assert!(capacity_after(2 * KEEP) <= KEEP);
    assert!(capacity_after(10) >= 10, "kept for the next time");
}
