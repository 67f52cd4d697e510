//! What a wake does, and what it must not do: it queues, once, and nothing else.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use hob::{block_on, metrics, spawn, yield_now};

/// Ready once `open` was called; counts how often it was looked at.
#[derive(Clone, Default)]
struct Gate(Rc<GateState>);

#[derive(Default)]
struct GateState {
    open: Cell<bool>,
    polls: Cell<u32>,
    waker: RefCell<Option<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.0.open.set(true);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.0.waker.borrow().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.polls.set(self.0.polls.get() + 1);
        *self.0.waker.borrow_mut() = Some(cx.waker().clone());
        match self.0.open.get() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

/// Trap 12 (twice). Broken by: `Slot::queue` always returning true.
#[test]
fn a_task_woken_twice_runs_once() {
    block_on(async {
        let gate = Gate::default();
        let task = spawn(gate.clone());
        yield_now().await;
        assert_eq!(gate.0.polls.get(), 1);
        gate.wake();
        gate.wake();
        yield_now().await;
        assert_eq!(gate.0.polls.get(), 2);
        gate.open();
        task.await.unwrap();
    });
}

/// Trap 8, as a task. Broken by: `slot.queued = false` in `pop` after the poll instead of before it.
#[test]
fn a_task_that_wakes_itself_while_it_is_polled_is_polled_again() {
    let polls = block_on(async { spawn(self_waking(3)).await.unwrap() });
    assert_eq!(polls, 4);
}

/// Trap 8, as the main future. Broken by: `slot.queued = false` in `leave_line` after the poll instead of
/// before it.
#[test]
fn the_main_future_that_wakes_itself_is_polled_again() {
    assert_eq!(block_on(self_waking(3)), 4);
}

async fn self_waking(times: u32) -> u32 {
    let mut polls = 0;
    poll_fn(move |cx| {
        polls += 1;
        if polls > times {
            return Poll::Ready(polls);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Trap 8: `wake()` never polls on the spot. Broken by: polling in `Executor::queue`.
#[test]
fn waking_another_task_does_not_run_it_inside_of_the_wake() {
    block_on(async {
        let gate = Gate::default();
        let task = spawn(gate.clone());
        yield_now().await;
        let before = gate.0.polls.get();
        gate.open();
        assert_eq!(gate.0.polls.get(), before, "only queued");
        task.await.unwrap();
        assert_eq!(gate.0.polls.get(), before + 1);
    });
}

/// Trap 12. Broken by: comparing only the index in `TaskSlab::get`.
#[test]
fn a_stale_waker_wakes_nobody_not_even_the_next_task_of_the_slot() {
    block_on(async {
        let first = Gate::default();
        let task = spawn(first.clone());
        yield_now().await;
        first.open();
        task.await.unwrap();
        let stale = first.0.waker.borrow_mut().take().unwrap();

        let second = Gate::default();
        let task = spawn(second.clone());
        yield_now().await;
        for _ in 0..1000 {
            stale.wake_by_ref();
        }
        yield_now().await;
        yield_now().await;
        assert_eq!(second.0.polls.get(), 1, "nobody woke the second task");
        second.open();
        task.await.unwrap();
    });
}

/// Trap 9: a destructor, run by the loop, wakes a sibling. Broken by: dropping the future
/// under the borrow of `core` (in `Executor::end_task`).
#[test]
fn a_destructor_may_wake_spawn_and_abort() {
    struct OnDrop(Option<Box<dyn FnOnce()>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            (self.0.take().unwrap())();
        }
    }
    block_on(async {
        let gate = Gate::default();
        let sibling = spawn(gate.clone());
        let victim = spawn(pending::<()>());
        yield_now().await;
        let born = Rc::new(Cell::new(false));
        let (g, b, v) = (gate.clone(), born.clone(), victim.abort_handle());
        let on_drop = OnDrop(Some(Box::new(move || {
            g.open();
            v.abort();
            spawn(async move { b.set(true) });
        })));
        let task = spawn(async move {
            let _on_drop = on_drop;
            pending::<()>().await;
        });
        yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        sibling.await.unwrap();
        assert!(victim.await.unwrap_err().is_cancelled());
        yield_now().await;
        assert!(born.get());
    });
}

/// Trap 10: a hand-made waker whose every act calls into the runtime. Broken by: waking
/// under the borrow of `state` in `arrive`.
#[test]
fn a_hostile_waker_may_call_the_runtime_in_everything_it_does() {
    struct Hostile(Waker, JoinSlot);
    type JoinSlot = Arc<std::sync::Mutex<Option<hob::AbortHandle>>>;
    impl Wake for Hostile {
        fn wake(self: Arc<Self>) {
            drop(spawn(async {}));
            let _ = hob::tasks();
            if let Some(abort) = &*self.1.lock().unwrap() {
                abort.abort();
            }
            self.0.wake_by_ref();
        }
    }
    impl Drop for Hostile {
        fn drop(&mut self) {
            drop(spawn(async {}));
            let _ = metrics();
        }
    }
    let ended = block_on(async {
        let mut task = spawn(async {
            yield_now().await;
            7
        });
        let slot = Arc::new(std::sync::Mutex::new(Some(task.abort_handle())));
        poll_fn(move |cx| {
            let waker = Waker::from(Arc::new(Hostile(cx.waker().clone(), slot.clone())));
            Pin::new(&mut task).poll(&mut Context::from_waker(&waker))
        })
        .await
        .unwrap()
    });
    assert_eq!(ended, 7);
}

/// Trap 13. Broken by: keeping the first waker in `park_again`.
#[test]
fn a_handle_polled_by_two_wakers_wakes_the_last_one() {
    struct Count(std::sync::atomic::AtomicU32);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let count = |c: &Arc<Count>| c.0.load(std::sync::atomic::Ordering::Relaxed);
    block_on(async {
        let (a, b) = (Arc::new(Count(0.into())), Arc::new(Count(0.into())));
        let mut task = spawn(async {});
        for waker in [Waker::from(a.clone()), Waker::from(b.clone())] {
            let mut cx = Context::from_waker(&waker);
            assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
        }
        yield_now().await;
        assert_eq!((count(&a), count(&b)), (0, 1));
    });
}

/// Trap 45. Broken by: keeping spawned futures only behind their handles.
#[test]
fn a_task_whose_handle_was_dropped_goes_on() {
    block_on(async {
        let gate = Gate::default();
        let done = Rc::new(Cell::new(false));
        let (g, d) = (gate.clone(), done.clone());
        drop(spawn(async move {
            g.await;
            d.set(true);
        }));
        yield_now().await;
        assert_eq!(metrics().live_tasks, 2);
        gate.open();
        yield_now().await;
        assert!(done.get());
        assert_eq!(metrics().live_tasks, 1);
    });
}
