//! The executor by itself: no reactor, no timers, turned by hand.

use super::*;
use std::future::Future;
use std::future::{pending, poll_fn};
use std::panic::Location;
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
    executor.close();
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

        let second = spawn(executor, pending::<()>());
        assert_eq!(second.key().index, key.index);
        assert_eq!(address(executor, second.key()), before, "reused");
        let stale = executor.waker_of(second.key());
        second.abort();
        turn();

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
        let next = executor.next();
        assert!(next.is_none(), "a stale key finds nobody");
    });
}

/// Broken by: resetting neither flag in `reuse`: then the second task is never queued.
#[test]
fn a_wake_left_over_from_the_former_task_of_a_slot_is_forgotten() {
    with_executor(|executor, turn| {
        let first = spawn(executor, pending::<()>());
        turn();
        let waker = executor.waker_of(first.key());
        first.abort();
        turn();
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
        assert_eq!(second.key().index, first.key().index);
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
        let core = executor.core.borrow();
        assert!(core.tasks.slots() <= 1024, "{} slots", core.tasks.slots());
        assert!(core.ready.capacity() <= 4096);
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

impl<T> JoinHandle<T> {
    fn key(&self) -> TaskKey {
        self.cell_key()
    }
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
            poll_fn(move |_| {
                if !std::mem::replace(&mut started, true) {
                    let noted = noted.clone();
                    let _ruled = rule(Some(Rc::new(7_u32)));
                    scope.spawn(async move { noted.borrow_mut().push(ruling()) });
                }
                let done = scope.poll_due();
                noted.borrow_mut().push(ruling());
                done
            }),
        );
        turn();
        assert!(owner.is_finished());
        assert_eq!(*seen.borrow(), [None, Some(7), None]);
    });
}
