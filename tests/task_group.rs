//! A group follows the rules of a scope, and its tasks run whether or not it is awaited.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use hob::sync::CancelReason;
use hob::testing::ledger;
use hob::time::{now, sleep, timeout};
use hob::{Builder, TaskGroup, block_on, yield_now};

type Group = TaskGroup<Infallible>;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Trap 45. Broken by: polling the tasks in `join` alone.
#[test]
fn tasks_run_without_anybody_awaiting_the_group() {
    Builder::new().virtual_time().block_on(async {
        let group = Group::new();
        let done = Rc::new(Cell::new(0));
        for n in 1..=3 {
            let done = done.clone();
            drop(group.spawn(async move {
                sleep(secs(n)).await;
                done.set(done.get() + 1);
            }));
        }
        sleep(secs(5)).await;
        assert_eq!(done.get(), 3);
    });
}

#[test]
fn joining_waits_for_all_and_for_those_that_they_spawn() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let mut group = Group::new();
        let scope = group.scope();
        group.spawn(async move {
            sleep(secs(1)).await;
            scope.spawn(sleep(secs(2)));
        });
        // Given up and begun again: nothing is lost.
        assert!(timeout(secs(1), group.join()).await.is_err());
        group.join().await.unwrap();
        assert_eq!(now() - start, secs(3));
        assert!(group.spawn(async {}).await.unwrap_err().is_never_started());
        group.join().await.unwrap();
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

#[test]
fn an_error_cancels_the_others_and_is_kept_until_the_group_is_joined() {
    Builder::new().virtual_time().block_on(async {
        let dropped = Rc::new(());
        let held = dropped.clone();
        let mut group = TaskGroup::new();
        group.spawn(async move {
            pending::<()>().await;
            drop(held);
        });
        group.try_spawn(async {
            sleep(secs(1)).await;
            Err::<(), _>("out of flour")
        });
        sleep(secs(10)).await;
        assert_eq!(Rc::strong_count(&dropped), 1);
        let error = group.join().await.unwrap_err();
        assert_eq!(error.first_error(), Some(&"out of flour"));
    });
}

#[test]
fn a_panic_comes_out_of_join() {
    block_on(async {
        let mut group = Group::new();
        group.spawn_named("clumsy", async { panic!("dropped a plate") });
        let error = group.join().await.unwrap_err();
        assert!(error.is_panic());
    });
}

#[test]
fn a_group_that_is_dropped_takes_its_tasks_along_and_leaves_static_cleanups() {
    Builder::new().virtual_time().block_on(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let held = Rc::new(());
        let token;
        {
            let group = Group::new();
            token = group.token();
            let (in_task, in_cleanup) = (held.clone(), log.clone());
            group.spawn(async move {
                pending::<()>().await;
                drop(in_task);
            });
            group.scope().defer_static(async move {
                sleep(secs(1)).await;
                in_cleanup.borrow_mut().push("cleaned up");
            });
            yield_now().await;
            assert_eq!(Rc::strong_count(&held), 2);
        }
        yield_now().await;
        assert_eq!(Rc::strong_count(&held), 1);
        assert_eq!(token.reason(), Some(CancelReason::Dropped));
        sleep(secs(2)).await;
        assert_eq!(*log.borrow(), ["cleaned up"]);
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

/// Broken by: `matches!(self.phase, Phase::New(_))` in the drop of `ScopeFuture`, instead of
/// asking whether it is bound.
#[test]
fn a_group_that_is_dropped_before_it_was_polled_takes_its_tasks_along_too() {
    Builder::new().virtual_time().block_on(async {
        let before = ledger();
        let dropped = Rc::new(());
        let cleaned = Rc::new(Cell::new(false));
        let (task, clean) = (dropped.clone(), cleaned.clone());
        let group = Group::new();
        group.scope().defer_static(async move { clean.set(true) });
        let task = group.spawn(async move {
            pending::<()>().await;
            drop(task);
        });
        drop(group);
        let ended = timeout(secs(1), task).await.expect("nobody ends it");
        assert!(ended.unwrap_err().is_cancelled());
        assert_eq!(Rc::strong_count(&dropped), 1);
        yield_now().await;
        assert!(cleaned.get());
        yield_now().await;
        assert_eq!(ledger(), before);
    });
}

/// Trap 44. Broken by: leaving out `poll_due` before the body is born.
#[test]
fn a_group_may_be_cancelled_before_anything_of_it_was_polled() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let mut group = Group::new();
        let first = group.spawn(async { unreachable!("never polled") });
        group.cancel("changed my mind");
        let error = first.await.unwrap_err();
        assert!(error.is_cancelled());
        group.join().await.unwrap();
        assert_eq!(now(), start);
    });
}

#[test]
fn a_group_is_cancelled_by_its_clock_with_grace_for_those_who_listen() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let mut group = Group::new();
        let heard = group.cancelled();
        let polite = group.spawn(async move {
            heard.await;
            now()
        });
        group.cancel_after(secs(7));
        group.join().await.unwrap();
        assert_eq!(polite.await.unwrap() - start, secs(7));
    });
}

#[test]
fn a_deadline_that_cuts_something_off_is_an_error() {
    Builder::new().virtual_time().block_on(async {
        let mut group = Group::new();
        group.spawn(pending::<()>());
        group.cancel_after(secs(7));
        sleep(secs(10)).await;
        let error = group.join().await.unwrap_err();
        assert_eq!(error.reason(), &CancelReason::Deadline);
    });
}

#[test]
fn what_outlives_the_runtime_is_harmless() {
    let (group, mut set) = block_on(async {
        let group = Group::new();
        group.spawn(pending::<()>());
        let mut set = hob::JoinSet::new();
        set.spawn(pending::<()>());
        yield_now().await;
        (group, set)
    });
    let error = group.spawn(async {});
    assert!(error.is_finished());
    group.cancel("");
    assert!(set.try_join_next().unwrap().unwrap_err().is_cancelled());
    drop((group, set, error));
}
