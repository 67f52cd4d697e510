//! Who outlives whom: a shielded section outlives its awaiter, a task behind `abort_on_drop`
//! does not.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use hob::time::{sleep, timeout};
use hob::{Builder, block_on, shield, spawn, yield_now};

#[test]
fn a_shielded_section_goes_on_when_its_awaiter_is_dropped() {
    Builder::new().virtual_time().block_on(async {
        let done = Rc::new(Cell::new(false));
        let does = done.clone();
        let section = shield(async move {
            sleep(Duration::from_secs(2)).await;
            does.set(true);
        });
        assert!(timeout(Duration::from_secs(1), section).await.is_err());
        assert!(!done.get());
        sleep(Duration::from_secs(2)).await;
        assert!(done.get());
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

#[test]
fn a_shield_gives_what_its_future_gives_and_starts_at_the_first_poll() {
    block_on(async {
        assert_eq!(shield(async { 7 }).await, 7);
        let held = Rc::new(());
        let never = held.clone();
        drop(shield(async move { drop(never) }));
        yield_now().await;
        assert_eq!(Rc::strong_count(&held), 1);
        assert_eq!(hob::metrics().counters.spawns, 2, "main, and one shield");
    });
}

#[test]
fn a_panic_comes_through_the_shield() {
    block_on(async {
        let task = spawn(async { shield(async { panic!("inside") }).await });
        let payload = task.await.unwrap_err().into_panic();
        assert_eq!(payload.downcast_ref(), Some(&"inside"));
    });
}

/// Broken by: an empty `drop` of `AbortOnDrop`.
#[test]
fn a_task_behind_abort_on_drop_ends_with_its_handle() {
    block_on(async {
        let held = Rc::new(());
        let endless = || {
            let held = held.clone();
            spawn(async move {
                pending::<()>().await;
                drop(held);
            })
        };
        let mut handle = endless().abort_on_drop();
        assert!(!handle.is_finished());
        yield_now().await;
        assert!(futures_lite::future::poll_once(&mut handle).await.is_none());
        drop(handle);
        yield_now().await;
        assert_eq!(Rc::strong_count(&held), 1);

        let kept = endless().abort_on_drop().detach();
        yield_now().await;
        assert_eq!(Rc::strong_count(&held), 2);
        kept.abort();
        kept.await.unwrap_err();

        assert_eq!(spawn(async { 3 }).abort_on_drop().await.unwrap(), 3);
    });
}
