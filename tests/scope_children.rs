//! Children of a scope are tasks: they borrow, run beside each other, spawn siblings, are seen
//! and counted, and each is polled when it was woken and at no other time.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use hob::sync::oneshot;
use hob::time::sleep;
use hob::{Builder, Scope, block_on, scope, spawn, tasks, yield_now};

/// Both ways to write a body: an async closure, which borrows what it names, and a closure
/// that returns a future, which borrows what it is given references to.
#[test]
fn children_borrow_what_was_declared_before() {
    block_on(async {
        let words = vec![String::from("a"), String::from("bc")];
        let total = Cell::new(0);
        let ended = scope(async |s| {
            for word in &words {
                s.spawn(async { total.set(total.get() + word.len()) });
            }
        });
        ended.await.unwrap();
        assert_eq!(total.get(), 3);

        let (words, total) = (&words, &total);
        let last = scope(|s| async move {
            let handles = words.iter().map(|word| {
                s.spawn(async move {
                    total.set(total.get() + word.len());
                    word
                })
            });
            let handles: Vec<_> = handles.collect();
            let mut last = "";
            for handle in handles {
                last = handle.await.unwrap();
            }
            last
        });
        assert_eq!(last.await.unwrap(), "bc");
        assert_eq!(total.get(), 6);
    });
}

#[test]
fn a_body_may_change_what_it_borrows_mutably() {
    block_on(async {
        let mut log = Vec::new();
        let entry = String::from("seen");
        let ended = scope(async |s| {
            log.push(s.spawn(async { entry.as_str() }).await.unwrap());
        });
        ended.await.unwrap();
        assert_eq!(log, ["seen"]);
    });
}

#[test]
fn the_scope_ends_when_the_last_child_has() {
    Builder::new().virtual_time().block_on(async {
        let start = hob::time::now();
        let answer = scope(async |s| {
            s.spawn(sleep(Duration::from_secs(3)));
            s.spawn(async move {
                sleep(Duration::from_secs(1)).await;
            });
            7
        });
        assert_eq!(answer.await.unwrap(), 7);
        assert_eq!(hob::time::now() - start, Duration::from_secs(3));
    });
}

#[test]
fn children_spawn_siblings_and_the_scope_waits_for_them_too() {
    fn grow<'env>(s: Scope<'env>, count: &'env Cell<u32>, depth: u32) {
        let sibling = s.clone();
        s.spawn(async move {
            count.set(count.get() + 1);
            yield_now().await;
            if depth > 0 {
                grow(sibling.clone(), count, depth - 1);
                grow(sibling, count, depth - 1);
            }
        });
    }
    block_on(async {
        let count = Cell::new(0);
        scope(async |s| grow(s, &count, 9)).await.unwrap();
        assert_eq!(count.get(), 1023);
    });
}

#[test]
fn children_are_seen_with_id_name_place_and_what_they_wait_for() {
    block_on(async {
        let ended = scope(async |s| {
            let child = s.spawn_named("sleeper", async { sleep(Duration::MAX).await });
            let quick = s.spawn(async { hob::task_id() });
            let id = quick.id();
            assert_eq!(quick.await.unwrap(), Some(id));
            let tasks = tasks();
            let info = tasks.iter().find(|info| info.id == child.id()).unwrap();
            assert_eq!(info.name.as_deref(), Some("sleeper"));
            assert_eq!(info.wait.unwrap().kind, hob::WaitKind::Timer);
            assert!(info.spawned_at.file().ends_with("scope_children.rs"));
            let main = tasks
                .iter()
                .find(|info| info.name.as_deref() == Some("main"));
            assert!(main.is_some());
            child.abort();
            assert!(child.await.unwrap_err().is_cancelled());
        });
        ended.await.unwrap();
        assert_eq!(tasks().len(), 1, "main alone");
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

/// Broken by: polling every child, or the body, at each poll of the scope.
#[test]
fn one_wake_polls_one_child_and_nobody_else() {
    block_on(async {
        let wakers: RefCell<Vec<Waker>> = RefCell::default();
        let polls = Cell::new(0);
        let body_polls = Cell::new(0);
        let (done, wait) = oneshot::channel::<()>();
        let done = RefCell::new(Some(done));
        let ended = scope(async |s| {
            for _ in 0..100 {
                s.spawn(async {
                    poll_fn(|cx| {
                        polls.set(polls.get() + 1);
                        wakers.borrow_mut().push(cx.waker().clone());
                        Poll::<()>::Pending
                    })
                    .await;
                });
            }
            s.spawn(async {
                yield_now().await;
                assert_eq!(polls.get(), 100);
                let taken = wakers.take();
                for n in [17, 42, 17] {
                    taken[n].wake_by_ref();
                }
                yield_now().await;
                assert_eq!(polls.get(), 102, "17 was woken twice and polled once");
                done.take();
            });
            let mut wait = wait;
            poll_fn(|cx| {
                body_polls.set(body_polls.get() + 1);
                std::pin::Pin::new(&mut wait).poll(cx)
            })
            .await
            .unwrap_err();
            s.cancel("seen enough");
        });
        ended.await.unwrap();
        assert_eq!(body_polls.get(), 2);
    });
}

/// Trap 51. The polls of the whole loop are counted: a hundred thousand children, each polled
/// twice, and no square of it. Broken by: polling the body with each child.
#[test]
fn a_hundred_thousand_children_cost_a_hundred_thousand_times_one() {
    const MANY: u64 = 100_000;
    block_on(async {
        let before = hob::metrics().counters.polls;
        let sum = Cell::new(0);
        let ended = scope(async |s| {
            let handles: Vec<_> = (0..MANY)
                .map(|n| {
                    let sum = &sum;
                    s.spawn(async move {
                        yield_now().await;
                        sum.set(sum.get() + n);
                    })
                })
                .collect();
            for handle in handles {
                handle.await.unwrap();
            }
        });
        ended.await.unwrap();
        assert_eq!(sum.get(), MANY * (MANY - 1) / 2);
        let polls = hob::metrics().counters.polls - before;
        // Each child twice, with the scope's own poll around it; and the body's.
        assert!(polls < 6 * MANY, "{polls} polls");
    });
}

#[test]
fn a_child_is_woken_from_another_thread() {
    block_on(async {
        let heard = Cell::new(false);
        let ended = scope(async |s| {
            let child = s.spawn(async {
                let job = hob::spawn_blocking(|| 42);
                heard.set(job.await.unwrap() == 42);
            });
            let (sender, receiver) = std::sync::mpsc::channel::<Waker>();
            let thread = std::thread::spawn(move || receiver.recv().unwrap().wake());
            let mut sender = Some(sender);
            s.spawn(poll_fn(move |cx| match sender.take() {
                Some(sender) => {
                    sender.send(cx.waker().clone()).unwrap();
                    Poll::Pending
                }
                None => Poll::Ready(()),
            }));
            child.await.unwrap();
            hob::spawn_blocking(move || thread.join().unwrap())
                .await
                .unwrap();
        });
        ended.await.unwrap();
        assert!(heard.get());
    });
}

#[test]
fn scopes_stand_within_scopes_and_within_tasks() {
    block_on(async {
        let task = spawn(async {
            let outer = Cell::new(0);
            let ended = scope(async |s| {
                s.spawn(async {
                    let inner = Cell::new(0);
                    scope(async |s| {
                        for _ in 0..10 {
                            s.spawn(async {
                                yield_now().await;
                                inner.set(inner.get() + 1);
                                outer.set(outer.get() + 1);
                            });
                        }
                    })
                    .await
                    .unwrap();
                    assert_eq!(inner.get(), 10);
                });
            });
            ended.await.unwrap();
            outer.get()
        });
        assert_eq!(task.await.unwrap(), 10);
    });
}

/// A combinator that wakes with a waker of its own, and polls its part only if that was
/// called. Broken by: always waking the task (`Some(owner)`) in `Executor::adopt`.
#[test]
fn a_scope_within_a_combinator_with_wakers_of_its_own_goes_on() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    struct Flag(AtomicBool, std::sync::Mutex<Option<Waker>>);
    impl std::task::Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
            let waker = self.1.lock().unwrap().clone();
            waker.unwrap().wake();
        }
    }
    block_on(async {
        let count = Cell::new(0);
        let mut inner = Box::pin(scope(async |s| {
            for _ in 0..3 {
                s.spawn(async {
                    sleep(Duration::from_millis(1)).await;
                    count.set(count.get() + 1);
                });
            }
        }));
        let flag = Arc::new(Flag(AtomicBool::new(true), std::sync::Mutex::default()));
        poll_fn(|cx| {
            *flag.1.lock().unwrap() = Some(cx.waker().clone());
            if !flag.0.swap(false, Ordering::Relaxed) {
                return Poll::Pending;
            }
            let waker = Waker::from(flag.clone());
            inner
                .as_mut()
                .poll(&mut std::task::Context::from_waker(&waker))
        })
        .await
        .unwrap();
        assert_eq!(count.get(), 3);
    });
}

/// Broken by: keeping the first owner in `Executor::adopt`.
#[test]
fn a_scope_that_moves_to_another_task_goes_on_there() {
    Builder::new().virtual_time().block_on(async {
        let count = Rc::new(Cell::new(0));
        let counter = count.clone();
        let mut moving = Box::pin(scope(async move |s: Scope<'static>| {
            for _ in 0..3 {
                let count = counter.clone();
                s.spawn(async move {
                    sleep(Duration::from_secs(1)).await;
                    count.set(count.get() + 1);
                });
            }
        }));
        assert!(futures_lite::future::poll_once(&mut moving).await.is_none());
        spawn(moving).await.unwrap().unwrap();
        assert_eq!(count.get(), 3);
    });
}

/// Fairness: a child that always finds something ready yields like any task. Broken by:
/// polling children with the owner's budget.
#[test]
fn a_child_that_is_always_ready_lets_the_others_run() {
    block_on(async {
        let (sender, mut receiver) = hob::sync::mpsc::unbounded_channel();
        let stop = Cell::new(false);
        let ended = scope(async |s| {
            s.spawn(async {
                while !stop.get() {
                    sender.send(()).unwrap();
                    receiver.recv().await;
                }
            });
            sleep(Duration::from_millis(5)).await;
            stop.set(true);
        });
        ended.await.unwrap();
    });
}

#[test]
fn handles_abort_and_outlive_children() {
    block_on(async {
        let handle = scope(async |s| {
            let endless = s.spawn(pending::<()>());
            let abort = endless.abort_handle();
            std::thread::spawn(move || abort.abort());
            assert!(endless.await.unwrap_err().is_cancelled());
            vec![s.spawn(async { 5 })]
        });
        let handle = handle.await.unwrap().remove(0);
        assert!(handle.is_finished());
        assert_eq!(handle.await.unwrap(), 5);
    });
}

#[test]
fn an_empty_scope_gives_what_its_body_returned() {
    block_on(async {
        assert_eq!(scope(async |_| 3).await.unwrap(), 3);
        let unit: Result<(), hob::ScopeError> = scope(|_s| async {}).await;
        unit.unwrap();
    });
}
