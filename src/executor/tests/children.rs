//! Children of scopes: whose turn it is, in whose name they run, and what is left of them.

use super::*;

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

/// Broken by: polling every child in `poll_due` (counts), or by queueing the owner in `next` in
/// place of taking it (order).
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

/// Broken by: `heritage: None` in `Extra::of`, or leaving out `rule_for` in `start_poll`.
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

/// Who yields at each poll stands in line, and each child that is due has it polled besides.
/// Broken by: queueing the owner once more in `next` in place of taking it.
#[test]
fn an_owner_stands_in_line_once_however_many_children_ask_for_it() {
    with_executor(|executor, turn| {
        let mut scope = SmallScope::new();
        let mut started = false;
        let polls = Rc::new(Cell::new(0));
        let counted = polls.clone();
        let owner = spawn(
            executor,
            poll_fn(move |cx| {
                counted.set(counted.get() + 1);
                if !std::mem::replace(&mut started, true) {
                    let mut left = 50;
                    scope.spawn(poll_fn(move |cx| {
                        if left == 0 {
                            return Poll::Ready(());
                        }
                        left -= 1;
                        coop::wake_after_kernel(cx);
                        Poll::Pending
                    }));
                }
                let polled = scope.poll_due(cx);
                coop::wake_after_kernel(cx);
                polled
            }),
        );
        (0..50).for_each(|_| turn());
        assert!(!owner.is_finished());
        assert!(executor.core.borrow().ready.len() <= 3);
        assert!(polls.get() <= 100, "its own turns, and the child's");
        turn();
        turn();
        assert!(owner.is_finished());
    });
}
