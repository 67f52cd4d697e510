//! How tasks end: by returning, by being aborted, by a panic, and with their runtime.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hob::{JoinHandle, Runtime, block_on, metrics, spawn, spawn_named, yield_now};

/// Calls its function when it is dropped.
struct OnDrop<F: FnMut()>(F);
impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Trap 36. Broken by: `cell.finish` before `future.set(None)` in `Joinable::give_up`.
#[test]
fn an_aborted_future_is_dropped_before_its_handle_resolves() {
    block_on(async {
        let dropped = Rc::new(Cell::new(false));
        let theirs = dropped.clone();
        let mut task = spawn(async move {
            let _on_drop = OnDrop(|| theirs.set(true));
            pending::<()>().await;
        });
        yield_now().await;
        let abort = task.abort_handle();
        std::thread::spawn(move || abort.abort()).join().unwrap();
        // The waker of the handle looks, at the very moment when it is called.
        let seen = resolve_and_look(&mut task, dropped).await;
        assert_eq!(seen, (true, true), "cancelled, and dropped before");
    });
}

/// Trap 36, for a task that returns. Broken by: `cell.finish` before `future.set(None)` in
/// `Joinable::poll`.
#[test]
fn a_returning_future_is_dropped_before_its_handle_resolves() {
    struct Returns(Rc<Cell<bool>>);
    impl Future for Returns {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    impl Drop for Returns {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    block_on(async {
        let dropped = Rc::new(Cell::new(false));
        let mut task = spawn(Returns(dropped.clone()));
        let seen = resolve_and_look(&mut task, dropped).await;
        assert_eq!(seen, (false, true), "not cancelled, and dropped before");
    });
}

/// Awaits `task` with a waker that looks at `dropped` when it is called. Gives: was it
/// cancelled, and what did the waker see?
async fn resolve_and_look(task: &mut JoinHandle<()>, dropped: Rc<Cell<bool>>) -> (bool, bool) {
    thread_local! {
        static LOOK: RefCell<Option<(Rc<Cell<bool>>, bool)>> = const { RefCell::new(None) };
    }
    struct Looks(Waker);
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            LOOK.with_borrow_mut(|look| {
                if let Some((dropped, seen)) = look {
                    *seen = dropped.get();
                }
            });
            self.0.wake_by_ref();
        }
    }
    LOOK.set(Some((dropped, false)));
    let result = poll_fn(|cx| {
        let waker = Waker::from(Arc::new(Looks(cx.waker().clone())));
        Pin::new(&mut *task).poll(&mut Context::from_waker(&waker))
    })
    .await;
    let (_, seen) = LOOK.take().unwrap();
    (result.is_err_and(|e| e.is_cancelled()), seen)
}

#[test]
fn a_task_may_abort_itself_and_one_that_never_ran_can_be_aborted() {
    block_on(async {
        let handle = Rc::new(RefCell::new(None::<JoinHandle<()>>));
        let own = handle.clone();
        let polls = Rc::new(Cell::new(0));
        let counted = polls.clone();
        *handle.borrow_mut() = Some(spawn(async move {
            own.borrow().as_ref().unwrap().abort();
            counted.set(counted.get() + 1);
            yield_now().await;
            counted.set(counted.get() + 1);
        }));
        yield_now().await;
        yield_now().await;
        let task = handle.borrow_mut().take().unwrap();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(polls.get(), 1);

        let task = spawn(async { unreachable!("aborted before its first poll") });
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn aborting_a_task_that_has_ended_does_nothing() {
    block_on(async {
        let task = spawn(async { 5 });
        assert!(!task.is_finished());
        yield_now().await;
        assert!(task.is_finished());
        task.abort();
        assert_eq!(task.await.unwrap(), 5);
    });
}

/// Broken by: dropping the future right in `Executor::abort`, which overflows the stack.
#[test]
fn a_chain_of_tasks_that_abort_each_other_on_drop_does_not_recurse() {
    block_on(async {
        let mut next: Option<JoinHandle<()>> = None;
        for _ in 0..100_000 {
            let mut after = next.take();
            next = Some(spawn(async move {
                let _on_drop = OnDrop(move || {
                    if let Some(after) = after.take() {
                        after.abort();
                    }
                });
                pending::<()>().await;
            }));
        }
        while metrics().counters.polls < 100_000 {
            yield_now().await;
        }
        next.unwrap().abort();
        while metrics().live_tasks > 1 {
            yield_now().await;
        }
    });
}

struct PanicsOnDrop;
impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

/// Traps 37 and 60, the matrix: a panic in a poll, in the drop of a future, of an output, of a
/// payload, and in a waker. After each of them the loop goes on and the slot is free again.
/// Broken by: taking any of the `caught::` calls out of executor/task.rs or executor/join.rs.
#[test]
fn a_panic_anywhere_in_a_task_leaves_the_loop_whole() {
    block_on(async {
        let bystander = spawn(async {
            for _ in 0..100 {
                yield_now().await;
            }
            "lived"
        });
        panic_in_poll_and_in_drop().await;
        panic_in_what_nobody_wants().await;
        panic_in_a_waker().await;
        assert_eq!(bystander.await.unwrap(), "lived");
        assert_eq!(metrics().live_tasks, 1);
    });
}

async fn panic_in_poll_and_in_drop() {
    let error = spawn(async { panic!("in a poll") }).await;
    let error = error.unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("in a poll"));

    let task = spawn(async {
        let _bomb = PanicsOnDrop;
        pending::<()>().await;
    });
    yield_now().await;
    task.abort();
    assert!(
        task.await.unwrap_err().is_panic(),
        "the drop of an aborted future"
    );

    struct Returns;
    impl Future for Returns {
        type Output = PanicsOnDrop;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<PanicsOnDrop> {
            Poll::Ready(PanicsOnDrop)
        }
    }
    impl Drop for Returns {
        fn drop(&mut self) {
            panic!("a future that has returned");
        }
    }
    assert!(spawn(Returns).await.err().unwrap().is_panic());
}

async fn panic_in_what_nobody_wants() {
    drop(spawn(async { PanicsOnDrop }));
    drop(spawn(async { std::panic::panic_any(PanicsOnDrop) }));
    yield_now().await;
}

async fn panic_in_a_waker() {
    struct PanicsOnWake;
    impl Wake for PanicsOnWake {
        fn wake(self: Arc<Self>) {
            panic!("in a waker");
        }
    }
    let mut task = spawn(yield_now());
    let waker = Waker::from(Arc::new(PanicsOnWake));
    let mut cx = Context::from_waker(&waker);
    assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
    while !task.is_finished() {
        yield_now().await;
    }
    task.await.unwrap();
}

#[test]
fn a_panic_of_the_main_future_comes_out_and_the_runtime_can_be_used_again() {
    let runtime = Runtime::new().unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            spawn(async {});
            panic!("in main")
        })
    }));
    let payload = panicked.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"in main"));
    assert_eq!(
        runtime.block_on(async { spawn(async { 3 }).await.unwrap() }),
        3
    );
    assert_eq!(runtime.metrics().live_tasks, 0);
}

/// Traps 35 and 38: at the end every destructor runs, and may still use everything. Broken by:
/// leaving out `executor.close()` in `Runtime::end` (nothing is dropped), or entering the
/// runtime only after it (the spawn in the destructor panics).
#[test]
fn destructors_of_live_tasks_run_at_the_end_and_may_spawn_wake_and_sleep() {
    let dropped = Rc::new(Cell::new(0));
    let count = dropped.clone();
    let alive = Rc::new(());
    let weak = Rc::downgrade(&alive);
    block_on(async move {
        let waker = Rc::new(RefCell::new(None::<Waker>));
        let kept = waker.clone();
        spawn(async move {
            let _in_a_cycle = alive;
            poll_fn(move |cx| {
                *kept.borrow_mut() = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        });
        spawn(async move {
            let _on_drop = OnDrop(move || {
                count.set(count.get() + 1);
                waker.borrow().as_ref().unwrap().wake_by_ref();
                let late = spawn(async { unreachable!("never polled") });
                assert!(late.is_finished(), "dropped at once");
                drop(hob::time::sleep(Duration::from_secs(1)));
                let _ = hob::metrics();
            });
            pending::<()>().await;
        });
        yield_now().await;
    });
    assert_eq!(dropped.get(), 1);
    assert!(
        weak.upgrade().is_none(),
        "nothing keeps a task alive after its runtime"
    );
}

/// Trap 38: what a handle says when the runtime ended first. Broken by: leaving out
/// `cell.finish` in `Joinable::give_up` (is_finished stays false).
#[test]
fn a_handle_kept_beyond_the_runtime_is_cancelled() {
    let mut task = None;
    block_on(async { task = Some(spawn(pending::<()>())) });
    let task = task.unwrap();
    assert!(task.is_finished());
    task.abort();
    let error = block_on(task).unwrap_err();
    assert!(error.is_cancelled());
}

/// Trap 40. Broken by: leaving out `refuse_nesting` in `try_block_on`.
#[test]
fn a_block_on_inside_of_a_loop_panics_and_names_the_task() {
    block_on(async {
        let task = spawn_named("outer", async { block_on(async {}) });
        let message = task.await.unwrap_err().to_string();
        assert!(
            message.contains("\"outer\"") && message.contains("hob::spawn"),
            "{message}"
        );

        let task = spawn(async {
            let _on_drop = OnDrop(|| block_on(async {}));
        });
        assert!(task.await.unwrap_err().is_panic(), "in a destructor too");
    });
}

#[test]
fn spawning_outside_of_a_loop_panics_and_says_what_to_do() {
    let panic = catch_unwind(|| drop(spawn(async {}))).unwrap_err();
    let message = panic.downcast_ref::<&str>().copied().unwrap_or_default();
    assert!(message.contains("hob::block_on"), "{message}");
}

#[test]
fn runtimes_one_after_another_on_one_thread_do_not_mix() {
    let first = Runtime::new().unwrap();
    let second = Runtime::new().unwrap();
    let ran = Rc::new(Cell::new(0));
    let count = ran.clone();
    first.block_on(async {
        spawn(async move {
            yield_now().await;
            count.set(count.get() + 1);
        });
    });
    second.block_on(async {
        for _ in 0..10 {
            yield_now().await;
        }
    });
    assert_eq!(ran.get(), 0, "the first runtime stands still");
    first.block_on(yield_now());
    first.block_on(yield_now());
    assert_eq!(ran.get(), 1);
    assert_eq!(second.metrics().live_tasks, 0);
}
