//! Scopes and gathers in rare weather: dropped where no loop runs, and beside destructors and
//! iterators that panic.

use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use futures_lite::future::poll_once;
use hob::future::join_all;
use hob::time::sleep;
use hob::{Builder, Failure, ScopeFuture, gather, scope, yield_now};

/// Drops with a panic.
struct Bomb;
impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("boom");
    }
}

/// Polls until the body has run to where it waits.
async fn begin(scope: &mut Pin<Box<ScopeFuture<'_, ()>>>) {
    for _ in 0..2 {
        assert!(poll_once(scope.as_mut()).await.is_none());
        yield_now().await;
    }
}

/// Broken by: the timeout of the cleanups made in the drop itself, by whatever clock rules there.
#[test]
fn a_scope_dropped_outside_of_its_loop_leaves_its_cleanups_their_whole_time() {
    let runtime = Builder::new().virtual_time().build().unwrap();
    let cleaned = Rc::new(Cell::new(false));
    let clean = cleaned.clone();
    let mut endless = Box::pin(scope(async move |s| {
        s.defer_static(async move {
            sleep(Duration::from_secs(1)).await;
            clean.set(true);
        });
        pending::<()>().await;
    }));
    runtime.block_on(async {
        begin(&mut endless).await;
        sleep(Duration::from_secs(3600)).await;
    });
    drop(endless);
    runtime.block_on(async { sleep(Duration::from_secs(2)).await });
    assert!(cleaned.get());
}

/// Broken by: `Cleanup::Borrowing(_) => None` in `into_static`, which lets the panic out.
#[test]
fn a_cleanup_that_is_dropped_with_a_panic_costs_no_other_its_turn() {
    Builder::new().virtual_time().block_on(async {
        let cleaned = Rc::new(Cell::new(false));
        let clean = cleaned.clone();
        let mut endless = Box::pin(scope(async move |s| {
            s.defer_static(async move { clean.set(true) });
            let bomb = Bomb;
            s.defer(async move { drop(bomb) });
            pending::<()>().await;
        }));
        begin(&mut endless).await;
        drop(endless);
        sleep(Duration::from_secs(1)).await;
        assert!(cleaned.get());
    });
}

/// Broken by: the list of cleanups dropped as a whole at the limit: the second panic aborts.
#[test]
fn cleanups_that_were_never_begun_may_all_panic_as_they_are_dropped() {
    Builder::new().virtual_time().block_on(async {
        let ended = scope(async |s| {
            for bomb in [Bomb, Bomb] {
                s.defer(async move { drop(bomb) });
            }
            s.defer(pending());
        });
        let error = ended.await.unwrap_err();
        assert!(matches!(error.failures(), [Failure::CleanupTooLong]));
    });
}

/// Broken by: the handles gathered in a plain `Vec`, whose drop detaches.
#[test]
fn an_iterator_that_panics_takes_the_tasks_along_that_it_gave_before() {
    Builder::new().virtual_time().block_on(async {
        let alive = Rc::new(());
        let tasks = (0..3).map(|n| {
            assert!(n < 2, "enough");
            let alive = alive.clone();
            async move {
                pending::<()>().await;
                drop(alive);
            }
        });
        let gathered = catch_unwind(AssertUnwindSafe(|| drop(gather(tasks))));
        assert!(gathered.is_err());
        yield_now().await;
        assert_eq!(Rc::strong_count(&alive), 1);
    });
}

/// Trap 30. Broken by: the look at the budget taken out of `ScopeFuture::poll_due`.
#[test]
fn a_scope_under_a_waker_of_its_own_lets_the_kernel_have_its_turn() {
    Builder::new().virtual_time().block_on(async {
        let crowded = scope(async |s| {
            for _ in 0..5000 {
                s.spawn(yield_now());
            }
        });
        // More than eight futures: each of them has its own waker.
        let empty = (0..8).map(|_| scope(async |_| ()));
        let before = hob::metrics().counters;
        let ended = join_all(std::iter::once(crowded).chain(empty)).await;
        assert!(ended.iter().all(Result::is_ok));
        let after = hob::metrics().counters;
        let polls = after.polls - before.polls;
        let visits = after.kernel_visits - before.kernel_visits;
        assert!(polls >= 10_000);
        assert!(visits >= polls / 200, "{visits} visits, {polls} polls");
    });
}
