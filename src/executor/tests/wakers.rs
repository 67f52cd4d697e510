//! Wakers and the inbox: who is woken, once, and from where.

use super::*;

/// A slot keeps its `Arc` where no waker of the former task is left, and only there. Broken
/// by: `reuse` always true (the stale waker wakes the second task) or always false.
#[test]
fn a_slot_reuses_its_waker_unless_somebody_still_holds_it() {
    with_executor(|executor, turn| {
        let address = |executor: &Executor, key: TaskKey| {
            Arc::as_ptr(&executor.core.borrow_mut().tasks.get(key).unwrap().shared)
        };
        let first = spawn(executor, pending::<()>());
        let key = first.key();
        let before = address(executor, key);
        first.abort();
        turn();
        drop(first); // until then, the slot keeps the result for it

        let second = spawn(executor, pending::<()>());
        assert_eq!(second.key().index, key.index);
        assert_eq!(address(executor, second.key()), before, "reused");
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
        let Popped::Other(stale) = executor.pop() else {
            panic!("it was queued, and is nobody's");
        };
        assert!(
            matches!(executor.next(stale), Next::Nothing),
            "a stale key finds nobody"
        );
    });
}

/// Broken by: resetting neither flag in `reuse`: then the second task is never queued.
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

/// Broken by: `has_mail` always false, or always true.
#[test]
fn an_inbox_has_mail_from_the_posting_to_the_reading() {
    let inbox = inbox::Inbox::new();
    assert!(!inbox.has_mail());
    assert!(matches!(inbox.post(1), inbox::Posted::Delivered));
    assert!(inbox.has_mail());
    let mut mail = Vec::new();
    inbox.take(&mut mail);
    assert_eq!((mail, inbox.has_mail()), (vec![1], false));
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

impl Executor {
    fn waker_of(&self, key: TaskKey) -> Waker {
        let mut core = self.core.borrow_mut();
        Waker::from(core.tasks.get(key).unwrap().shared.clone())
    }
}
