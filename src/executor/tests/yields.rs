//! A yield beside the other ways to be woken.

use super::*;

/// How often each of `wakes`, and a yield in the same poll, had the task polled, in two turns.
fn polls_of_a_yielder(wakes: [usize; 2]) -> [u32; 2] {
    let mut polls = [0; 2];
    with_executor(|executor, turn| {
        let count = Rc::new(Cell::new(0));
        let counted = count.clone();
        let mut first = true;
        let task = spawn(
            executor,
            poll_fn(move |cx| {
                counted.set(counted.get() + 1);
                if std::mem::replace(&mut first, false) {
                    (0..wakes[0]).for_each(|_| cx.waker().wake_by_ref());
                    coop::wake_after_kernel(cx);
                    coop::wake_after_kernel(cx); // as two children of one future do
                    (0..wakes[1]).for_each(|_| cx.waker().wake_by_ref());
                }
                Poll::<()>::Pending
            }),
        );
        polls = std::array::from_fn(|_| {
            turn();
            count.take()
        });
        turn();
        assert_eq!(count.get(), 0, "nothing is left over");
        task.abort();
        turn();
    });
    polls
}

/// Trap 29. Broken by: `put_back` that overlooks the mark (it is never polled again), that queues
/// in `ready` (it is polled twice in the first turn), or that sets nobody aside.
#[test]
fn a_task_that_yields_is_polled_once_more_in_the_next_turn_however_it_was_woken_besides() {
    for wakes in [[0, 0], [1, 0], [0, 1], [2, 2]] {
        assert_eq!(polls_of_a_yielder(wakes), [1, 1], "{wakes:?}");
    }
}

/// Broken by: taking any waker for the polled task's in `wake_after_kernel` (then the stranger
/// is never woken).
#[test]
fn a_yield_through_another_waker_wakes_that_one() {
    struct Noted(AtomicUsize);
    impl std::task::Wake for Noted {
        fn wake(self: Arc<Noted>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    with_executor(|executor, turn| {
        let noted = Arc::new(Noted(AtomicUsize::new(0)));
        let waker = Waker::from(noted.clone());
        let task = spawn(
            executor,
            poll_fn(move |_| {
                coop::wake_after_kernel(&mut Context::from_waker(&waker));
                Poll::<()>::Pending
            }),
        );
        turn();
        turn();
        assert_eq!(noted.0.load(Ordering::Relaxed), 1);
        task.abort();
        turn();
    });
}

/// Broken by: leaving out `coop::name` in `poll_root`, or the drop of `Named`.
#[test]
fn the_main_future_has_a_name_and_yields_by_a_mark_and_is_nobody_after_a_panic() {
    let executor = Executor::new(Waker::noop().clone());
    let _entered = enter(executor.clone());
    let root = executor.enter_root(Location::caller());
    let mut polls = 0;
    let mut main = |cx: &mut Context<'_>| {
        polls += 1;
        assert!(coop::polled(cx).is_some());
        coop::wake_after_kernel(cx);
        assert!(coop::polled(cx).is_none(), "marked, not woken");
        polls == 3
    };
    for _ in 0..2 {
        let ran = executor.run_ready(1000, (&root.waker, &mut main));
        assert_eq!(ran, Ran::Enough);
        executor.release_yielded();
    }
    let ran = executor.run_ready(1000, (&root.waker, &mut main));
    assert_eq!(ran, Ran::RootDone);

    root.waker.wake_by_ref();
    let panics = || executor.run_ready(1000, (&root.waker, &mut |_| panic!("oh")));
    assert!(crate::caught::catch(panics).is_err());
    assert!(coop::polled(&Context::from_waker(&root.waker)).is_none());
    assert_eq!(executor.running_id(), None);
}
