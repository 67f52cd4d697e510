//! Wakers and the inbox: who is woken, once, and from where.

use super::*;

/// A slot keeps its `Arc` where no waker of the former task is left, and only there. Broken
/// by: `is_unheld` always true (the stale waker wakes the second task) or always false.
#[test]
fn a_slot_reuses_its_waker_unless_somebody_still_holds_it() {
    with_executor(|executor, turn| {
        let address = |executor: &Executor, key: TaskKey| {
            let mut core = executor.core.borrow_mut();
            core.tasks
                .get(key)
                .unwrap()
                .shared
                .as_ref()
                .map(Arc::as_ptr)
        };
        let first = spawn(executor, pending::<()>());
        turn();
        let key = first.key();
        drop(executor.waker_of(key));
        let before = address(executor, key);
        first.abort();
        turn();
        drop(first); // until then, the slot keeps the result for it

        let second = spawn(executor, pending::<()>());
        assert_eq!(second.key().index, key.index);
        assert_eq!(address(executor, second.key()), before, "reused");
        turn();
        let stale = executor.waker_of(second.key());
        second.abort();
        turn();
        drop(second);

        let third = spawn(executor, pending::<()>());
        assert_eq!(third.key().index, key.index);
        assert_ne!(
            address(executor, third.key()),
            before,
            "left to who holds it"
        );
        turn();
        assert!(executor.is_idle());
        stale.wake();
        assert!(executor.is_idle(), "a stale key finds nobody");
    });
}

/// Broken by: leaving out `queued = false` in `insert`, and `reset` in `bind`: then the second task is never queued.
#[test]
fn a_wake_left_over_from_the_former_task_of_a_slot_is_forgotten() {
    with_executor(|executor, turn| {
        let first = spawn(executor, pending::<()>());
        turn();
        let key = first.key();
        let waker = executor.waker_of(key);
        first.abort();
        turn();
        drop(first);
        // Both flags are left set by wakes that nobody will act upon.
        waker.wake_by_ref();
        let theirs = waker.clone();
        std::thread::spawn(move || theirs.wake()).join().unwrap();
        drop(waker);
        let polled = Rc::new(Cell::new(0));
        let count = polled.clone();
        let second = spawn(
            executor,
            poll_fn(move |_| {
                count.set(count.get() + 1);
                Poll::<()>::Pending
            }),
        );
        assert_eq!(second.key().index, key.index);
        turn();
        assert_eq!(polled.get(), 1);
        let waker = executor.waker_of(second.key());
        std::thread::spawn(move || waker.wake()).join().unwrap();
        turn();
        assert_eq!(polled.get(), 2);
    });
}

/// Broken by: any of `has_mail`, `prepare_sleep` and `woke_up` of the executor answering or
/// doing nothing.
#[test]
fn the_loop_is_interrupted_only_while_it_sleeps() {
    struct Rings(AtomicUsize);
    impl std::task::Wake for Rings {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let rings = Arc::new(Rings(AtomicUsize::new(0)));
    let executor = Executor::new(rings.clone().into());
    let post_and_count = || {
        assert!(Executor::post(executor.remote(), Box::new(|| ())));
        rings.0.load(Ordering::Relaxed)
    };
    assert!(!executor.has_mail() && executor.prepare_sleep());
    executor.woke_up();
    assert_eq!(post_and_count(), 0);
    assert!(executor.has_mail() && !executor.prepare_sleep());
    executor.take_mail();
    assert!(!executor.has_mail() && executor.prepare_sleep());
    assert_eq!(post_and_count(), 1);
    assert_eq!(post_and_count(), 1, "it is awake by now");
}

/// Broken by: `queue_there` always true (a second letter for the same poll).
#[test]
fn a_task_is_posted_once_for_each_time_its_letter_is_read() {
    let queued = queued::Queued::new();
    assert!(queued.queue_there() && !queued.queue_there());
    queued.unqueue_there();
    assert!(queued.queue_there());
}

/// Broken by: `has_mail` or `may_have_mail` always false, or always true.
#[test]
fn an_inbox_has_mail_from_the_posting_to_the_reading() {
    let inbox = inbox::Inbox::new();
    assert!(!inbox.has_mail() && !inbox.may_have_mail());
    assert!(matches!(inbox.post(1), inbox::Posted::Delivered));
    assert!(inbox.has_mail() && inbox.may_have_mail());
    let mut mail = Vec::new();
    inbox.take(&mut mail);
    assert_eq!((mail, inbox.has_mail()), (vec![1], false));
    assert!(!inbox.may_have_mail());
}

/// Broken by: `prepare_sleep` always false (the loop never sleeps) or always true (it sleeps on
/// its mail), an `asleep` that `post` leaves as it is, or an empty `woke_up`.
#[test]
fn whoever_posts_rings_once_and_only_for_a_loop_that_sleeps() {
    use inbox::Posted::{Delivered, Ring};
    let inbox = inbox::Inbox::new();
    assert!(inbox.prepare_sleep());
    assert!(matches!(inbox.post(1), Ring));
    assert!(matches!(inbox.post(2), Delivered));
    assert!(!inbox.prepare_sleep(), "there is mail");
    assert!(matches!(inbox.post(3), Delivered));
    inbox.take(&mut Vec::new());
    assert!(inbox.prepare_sleep());
    inbox.woke_up();
    assert!(matches!(inbox.post(4), Delivered), "it is awake");
}

/// One waker serves all tasks whose polls leave no clone of it. Broken by: `settle` giving
/// each its own.
#[test]
fn tasks_that_leave_no_clone_are_polled_with_one_waker() {
    with_executor(|executor, turn| {
        let seen = Rc::new(Cell::new(Vec::new()));
        for n in 0..3 {
            let seen = seen.clone();
            spawn(executor, poll_fn(move |cx| note(&seen, cx, n > 0)));
        }
        turn();
        let seen = seen.take();
        assert_eq!(seen.len(), 3);
        assert!(seen.iter().all(|data| *data == seen[0]), "{seen:?}");
        assert_eq!(executor.live_wakers(), 1, "the main future's");
    });
}

fn note(seen: &Cell<Vec<*const ()>>, cx: &mut Context<'_>, ready: bool) -> Poll<()> {
    let mut all = seen.take();
    all.push(cx.waker().data());
    seen.set(all);
    if ready {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}

/// Broken by: `settle` that takes back what somebody holds: then the clone wakes whoever was
/// polled last.
#[test]
fn a_task_whose_poll_leaves_a_clone_keeps_that_waker() {
    with_executor(|executor, turn| {
        let polls = Rc::new(Cell::new([0; 2]));
        let kept = Rc::new(Cell::new(None));
        for n in 0..2 {
            let (polls, kept) = (polls.clone(), kept.clone());
            spawn(
                executor,
                poll_fn(move |cx| {
                    let mut count = polls.get();
                    count[n] += 1;
                    polls.set(count);
                    if n == 0 {
                        kept.set(Some(cx.waker().clone()));
                    }
                    Poll::<()>::Pending
                }),
            );
        }
        turn();
        kept.take().expect("left by the first").wake();
        turn();
        assert_eq!(polls.get(), [2, 1]);
    });
}

/// I2 of the executor, where the waker is only lent.
#[test]
fn a_task_that_wakes_itself_by_a_lent_waker_is_queued_once() {
    with_executor(|executor, turn| {
        let polls = Rc::new(Cell::new(0));
        let count = polls.clone();
        let task = spawn(
            executor,
            poll_fn(move |cx| {
                count.set(count.get() + 1);
                if count.get() == 1 {
                    cx.waker().wake_by_ref();
                }
                Poll::<()>::Pending
            }),
        );
        let key = task.key();
        assert!(matches!(
            executor.run_ready(2, (Waker::noop(), &mut |_| false)),
            Ran::Enough
        ));
        assert!(!executor.queue_key(key), "it is queued");
        turn();
        assert_eq!(polls.get(), 2);
    });
}

/// The same by its key, in the middle of that poll.
#[test]
fn a_task_that_is_queued_by_key_and_by_waker_in_its_first_poll_is_polled_once_more() {
    with_executor(|executor, turn| {
        let polls = Rc::new(Cell::new(0));
        let (count, home) = (polls.clone(), executor.clone());
        spawn(
            executor,
            poll_fn(move |cx| {
                count.set(count.get() + 1);
                if count.get() == 1 {
                    assert!(home.queue_key(home.running.get()));
                    cx.waker().wake_by_ref();
                }
                Poll::<()>::Pending
            }),
        );
        turn();
        turn();
        assert_eq!(polls.get(), 2);
    });
}

/// Broken by: believing the flag of a waker that was taken back, when its letter is read.
#[test]
fn a_wake_from_elsewhere_counts_though_the_waker_was_only_lent() {
    with_executor(|executor, turn| {
        let polls = Rc::new(Cell::new(0));
        let count = polls.clone();
        spawn(
            executor,
            poll_fn(move |cx| {
                count.set(count.get() + 1);
                if count.get() == 1 {
                    let waker = cx.waker().clone();
                    std::thread::spawn(move || waker.wake()).join().unwrap();
                }
                Poll::<()>::Pending
            }),
        );
        turn();
        turn();
        assert_eq!(polls.get(), 2);
    });
}

/// Broken by: leaving `queued` as the former task of the slot left it. (A spawned task is put
/// into the queue whatever the flag says; the main future is not.)
#[test]
fn the_main_future_is_polled_though_the_former_task_of_its_slot_was_queued() {
    let executor = Executor::new(Waker::noop().clone());
    let _entered = enter(executor.clone());
    let woken = poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Ready(())
    });
    drop(spawn(&executor, woken));
    let ran = executor.run_ready(1, (Waker::noop(), &mut |_| false));
    assert_eq!(ran, Ran::Enough);
    let root = executor.enter_root(Location::caller());
    let ran = executor.run_ready(9, (&root.waker, &mut |_| true));
    assert_eq!(ran, Ran::RootDone);
}

impl Executor {
    fn waker_of(&self, key: TaskKey) -> Waker {
        let mut core = self.core.borrow_mut();
        let own = core.tasks.own_waker(&self.remote, key);
        core.tasks.get(key).unwrap().waker.insert(own).clone()
    }
}
