//! The executor by itself: no reactor, no timers, turned by hand.

use super::*;
use crate::coop;
use crate::trace::TaskId;
use std::future::Future;
use std::future::{pending, poll_fn};
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

/// An executor, entered, with a main future that is never ready.
fn with_executor(test: impl FnOnce(&Rc<Executor>, &dyn Fn())) {
    let executor = Executor::new(Waker::noop().clone());
    let _entered = enter(executor.clone());
    let root = executor.enter_root(Location::caller());
    let turn = || {
        executor.take_mail();
        let ran = executor.run_ready(1000, (&root.waker, &mut |_| false));
        assert_eq!(ran, Ran::Enough);
        executor.release_yielded();
    };
    test(&executor, &turn);
    drop(root);
    assert!(!executor.is_closed());
    executor.close();
    assert!(executor.is_closed());
    assert_eq!(executor.live(), 0);
}

fn spawn<F: Future + 'static>(executor: &Rc<Executor>, future: F) -> JoinHandle<F::Output> {
    executor.spawn(future, None, Location::caller())
}

/// A scope in small: its children's futures are its own, their slots are the executor's.
struct SmallScope {
    due: Rc<Due>,
    children: Vec<Child>,
}

struct Child {
    key: TaskKey,
    id: TaskId,
    waker: Waker,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

impl SmallScope {
    fn new() -> SmallScope {
        SmallScope {
            due: Rc::default(),
            children: Vec::new(),
        }
    }

    fn spawn(&mut self, future: impl Future<Output = ()> + 'static) {
        let executor = current().unwrap();
        let at = Location::caller();
        let (key, id, waker) = executor.insert_child(&self.due, 0, None, at);
        self.children.push(Child {
            key,
            id,
            waker,
            future: Box::pin(future),
        });
    }

    /// Polls exactly the children that the loop noted; ready when none is left.
    fn poll_due(&mut self, cx: &Context<'_>) -> Poll<()> {
        let executor = current().unwrap();
        executor.adopt(&self.due, cx);
        while let Some((key, _place)) = self.due.pop() {
            let Some(at) = self.children.iter().position(|child| child.key == key) else {
                continue;
            };
            let child = &mut self.children[at];
            let polled =
                executor.poll_child(key, &child.waker, |cx| child.future.as_mut().poll(cx));
            if polled.is_ready() {
                let child = self.children.swap_remove(at);
                drop(child.future);
                executor.remove_child(key, child.id, child.waker);
            }
        }
        match self.children.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

/// Broken by: polling every child in `poll_due` (counts), or by waking the owner at the back
/// of the queue in `wake_first` (order).
#[test]
fn a_child_is_polled_by_its_owner_alone_and_in_its_own_place_in_line() {
    with_executor(|executor, turn| {
        let log = Rc::new(RefCell::new(Vec::new()));
        let wakers = Rc::new(RefCell::new(Vec::<Waker>::new()));
        let child = |name: &'static str| {
            let (log, wakers) = (log.clone(), wakers.clone());
            let mut polls = 0;
            poll_fn(move |cx| {
                log.borrow_mut().push(name);
                polls += 1;
                if polls == 2 {
                    return Poll::Ready(());
                }
                wakers.borrow_mut().push(cx.waker().clone());
                Poll::Pending
            })
        };
        let (a, b) = (child("a"), child("b"));
        let mut scope = SmallScope::new();
        let mut futures = Some((a, b));
        let owner = spawn(
            executor,
            poll_fn(move |cx| {
                if let Some((a, b)) = futures.take() {
                    scope.spawn(a);
                    scope.spawn(b);
                }
                scope.poll_due(cx)
            }),
        );
        turn();
        assert_eq!(*log.borrow(), ["a", "b"]);
        assert_eq!(executor.live(), 4, "main, the owner, two children");

        // Woken in the order b, sibling task, a: that is the order of the polls.
        let noted = log.clone();
        let waker_b = wakers.borrow_mut().pop().unwrap();
        waker_b.wake();
        let sibling = spawn(executor, async move { noted.borrow_mut().push("task") });
        let waker_a = wakers.borrow_mut().pop().unwrap();
        waker_a.wake();
        turn();
        assert_eq!(log.borrow()[2..], ["b", "task", "a"]);
        assert!(owner.is_finished() && sibling.is_finished());
        assert_eq!(executor.live(), 1);
    });
}

/// Broken by: not putting `running` back in the drop of `Polling`.
#[test]
fn a_child_runs_under_its_own_id_and_its_owner_is_the_running_one_again_afterwards() {
    with_executor(|executor, turn| {
        let mut scope = SmallScope::new();
        let ids = Rc::new(RefCell::new(Vec::new()));
        let seen = ids.clone();
        let mut started = false;
        let owner = spawn(
            executor,
            poll_fn(move |cx| {
                if !std::mem::replace(&mut started, true) {
                    let seen = seen.clone();
                    scope.spawn(
                        async move { seen.borrow_mut().push(current().unwrap().running_id()) },
                    );
                }
                let polled = scope.poll_due(cx);
                seen.borrow_mut().push(current().unwrap().running_id());
                polled
            }),
        );
        turn();
        assert!(owner.is_finished());
        let ids = ids.borrow();
        let own = Some(owner.id());
        assert_eq!((ids.len(), ids[0], ids[2]), (3, own, own));
        assert!(ids[1].is_some() && ids[1] != own);
    });
}

/// Broken by: leaving the key of an ended child in place of its slot (`remove_child`).
#[test]
fn a_child_that_is_woken_after_its_scope_is_gone_wakes_nobody() {
    with_executor(|executor, turn| {
        let mut scope = SmallScope::new();
        let kept = Rc::new(Cell::new(None::<Waker>));
        let keep = kept.clone();
        let mut started = false;
        let owner = spawn(
            executor,
            poll_fn(move |cx| {
                if !std::mem::replace(&mut started, true) {
                    let keep = keep.clone();
                    scope.spawn(poll_fn(move |cx| {
                        keep.set(Some(cx.waker().clone()));
                        Poll::Ready(())
                    }));
                }
                scope.poll_due(cx)
            }),
        );
        turn();
        assert!(owner.is_finished());
        kept.take().unwrap().wake();
        turn();
        assert_eq!(executor.live(), 1);
    });
}

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

/// Trap 59. Broken by: never calling `shrink`.
#[test]
fn slots_are_given_back_after_a_burst() {
    with_executor(|executor, turn| {
        let tasks: Vec<_> = (0..50_000).map(|_| spawn(executor, async {})).collect();
        while !executor.is_idle() {
            turn();
        }
        drop(tasks);
        turn();
        let core = executor.core.borrow();
        assert!(core.tasks.slots() <= 1024, "{} slots", core.tasks.slots());
        assert!(core.ready.capacity() <= 4096);
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

/// A slab of tasks that do nothing, made in the order of their slots.
struct Tasks {
    slab: TaskSlab,
    remote: Arc<Remote>,
    keys: Vec<TaskKey>,
}

impl Tasks {
    fn new(n: u32) -> Tasks {
        let mut tasks = Tasks {
            slab: TaskSlab::new(),
            remote: Arc::new(Remote::new(Waker::noop().clone())),
            keys: Vec::new(),
        };
        for _ in 0..n {
            let key = tasks.insert();
            tasks.keys.push(key);
        }
        tasks
    }

    fn insert(&mut self) -> TaskKey {
        let meta = task::Meta {
            id: TaskId(0),
            name: None,
            spawned_at: Location::caller(),
            wait: None,
            heritage: None,
        };
        self.slab.insert(&self.remote, meta, Body::Task)
    }

    fn remove(&mut self, slots: std::ops::Range<usize>) {
        for key in &self.keys[slots] {
            self.slab.remove(*key).expect("removed once");
        }
    }

    fn slots_after_shrinking(&mut self) -> u32 {
        self.slab.shrink();
        self.slab.slots()
    }
}

/// Broken by: any other factor or comparison in `shrink`.
#[test]
fn vacant_slots_are_kept_until_they_are_three_quarters() {
    let mut tasks = Tasks::new(4096);
    tasks.remove(1025..4096);
    assert_eq!(tasks.slots_after_shrinking(), 4096, "one too many is left");
    tasks.remove(1024..1025);
    assert_eq!(tasks.slots_after_shrinking(), 1024);
    assert_eq!(tasks.insert().index, 1024, "nothing vacant is remembered");

    let mut tasks = Tasks::new(2047);
    tasks.remove(0..2047);
    assert_eq!(tasks.slots_after_shrinking(), 2047, "it would not halve it");
    let mut tasks = Tasks::new(2048);
    tasks.remove(0..2048);
    assert_eq!(tasks.slots_after_shrinking(), 1024, "so many are kept");
}

/// Broken by: leaving out `removed`, or taking anything else from it.
#[test]
fn who_walks_over_the_slots_is_paid_by_the_tasks_that_ended() {
    let mut tasks = Tasks::new(4000);
    tasks.remove(0..2100);
    tasks.remove(2101..4000);
    // The one left stands in the way: two walks over 1,899 slots leave 201 of 3,999 steps.
    assert_eq!(tasks.slots_after_shrinking(), 4000);
    assert_eq!(tasks.slots_after_shrinking(), 4000);
    tasks.remove(2100..2101);
    for _ in 202..2000 {
        assert_eq!(tasks.slots_after_shrinking(), 4000, "no walk on credit");
        let key = tasks.insert();
        tasks.slab.remove(key);
    }
    assert_eq!(tasks.slots_after_shrinking(), 1024);
}

/// Trap 59, the queues. Broken by: never shrinking `ready`, or shrinking it whatever is in it,
/// or to nothing.
#[test]
fn the_ready_queue_gives_back_what_a_burst_needed_but_not_while_it_lasts() {
    with_executor(|executor, turn| {
        let capacity = || executor.core.borrow().ready.capacity();
        let tasks: Vec<_> = (0..8000).map(|_| spawn(executor, async {})).collect();
        let before = capacity();
        for _ in 0..4 {
            turn();
        }
        assert_eq!(capacity(), before, "half of it is in use");
        while !executor.is_idle() {
            turn();
        }
        assert!((2048..=4096).contains(&capacity()), "{}", capacity());
        drop(tasks);
        // Where it is all over at once, too.
        executor.core.borrow_mut().ready = VecDeque::with_capacity(10_000);
        turn();
        assert!((2048..=4096).contains(&capacity()), "{}", capacity());
    });
}

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

/// Trap 59, those who yielded. Broken by: keeping the memory of every burst, or none.
#[test]
fn the_list_of_those_who_yielded_gives_back_what_a_burst_needed() {
    with_executor(|executor, _| {
        let kept = |capacity: usize| {
            executor.core.borrow_mut().yielded = Vec::with_capacity(capacity);
            executor.release_yielded();
            executor.core.borrow().yielded.capacity()
        };
        assert_eq!(kept(10_000), 0);
        assert!(kept(100) >= 100, "kept for the next time");
        let tasks: Vec<_> = (0..2000).map(|_| spawn(executor, async {})).collect();
        assert!(kept(10_000) >= 10_000, "the burst goes on");
        drop(tasks);
    });
}

/// Trap 59, the mail. Broken by: keeping the memory of every letter, or of none.
#[test]
fn the_inbox_gives_back_what_a_burst_needed() {
    with_executor(|executor, turn| {
        let after = |letters: usize| {
            for _ in 0..letters {
                assert!(Executor::post(executor.remote(), Box::new(|| ())));
            }
            turn();
            let mail = executor.mail.take();
            let capacity = mail.capacity();
            executor.mail.set(mail);
            capacity
        };
        assert!(after(10_000) <= 4096);
        assert!(after(100) >= 100, "kept for the next time");
    });
}

/// Broken by: an empty `Due::clear` (a handle of a scope would keep a stranger's waker).
#[test]
fn a_scope_that_has_ended_remembers_neither_who_polled_it_nor_who_was_due() {
    struct Nobody;
    impl std::task::Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }
    with_executor(|executor, _| {
        let nobody = Arc::new(Nobody);
        let due = Rc::new(child::Due::default());
        let (key, id, waker) = executor.insert_child(&due, 0, None, Location::caller());
        executor.note_due(key, 0, &due);
        executor.remove_child(key, id, waker);
        {
            let waker = Waker::from(nobody.clone());
            executor.adopt(&due, &Context::from_waker(&waker));
        }
        assert_eq!(Arc::strong_count(&nobody), 2);
        due.clear();
        assert_eq!(Arc::strong_count(&nobody), 1);
        assert_eq!(due.pop(), None);
    });
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

/// Broken by: `heritage: None` in `insert`, or leaving out `rule_for` in `start_poll`.
#[test]
fn a_child_of_a_scope_inherits_what_ruled_where_it_was_born() {
    fn ruling() -> Option<u32> {
        heritage().map(|value| *value.downcast().expect("a number"))
    }
    with_executor(|executor, turn| {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let noted = seen.clone();
        let mut scope = SmallScope::new();
        let mut started = false;
        let owner = spawn(
            executor,
            poll_fn(move |cx| {
                if !std::mem::replace(&mut started, true) {
                    let noted = noted.clone();
                    let _ruled = rule(Some(Rc::new(7_u32)));
                    scope.spawn(async move { noted.borrow_mut().push(ruling()) });
                }
                let done = scope.poll_due(cx);
                noted.borrow_mut().push(ruling());
                done
            }),
        );
        turn();
        assert!(owner.is_finished());
        assert_eq!(*seen.borrow(), [None, Some(7), None]);
    });
}
