//! Task-locals: who sees which value, for how long, and that nobody else does.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use hob::{block_on, spawn, yield_now};

hob::task_local! {
    static NUMBER: u32;
    static OTHER: u32;
    /// Shared by all who inherit it.
    pub(crate) static TEXT: Rc<RefCell<String>>
}

fn number() -> Option<u32> {
    NUMBER.try_with(|n| *n).ok()
}

/// Broken by: leaving out the drop of `Ruled`.
#[test]
fn a_value_is_seen_inside_of_its_scope_and_nowhere_else() {
    block_on(async {
        assert_eq!(number(), None);
        let scoped = NUMBER.scope(1, async {
            assert_eq!(number(), Some(1));
            yield_now().await;
            let inner = NUMBER.scope(2, async {
                yield_now().await;
                OTHER.sync_scope(9, || (NUMBER.get(), OTHER.get()))
            });
            assert_eq!(inner.await, (2, 9));
            assert!(OTHER.try_with(|_| ()).is_err());
            number()
        });
        assert_eq!(number(), None, "a scope that is not polled does not rule");
        assert_eq!(scoped.await, Some(1));
        assert_eq!(number(), None);
    });
}

#[test]
fn tasks_beside_each_other_do_not_see_each_others_values() {
    block_on(async {
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                spawn(NUMBER.scope(n, async move {
                    for _ in 0..5 {
                        yield_now().await;
                        assert_eq!(number(), Some(n));
                    }
                }))
            })
            .collect();
        let without = spawn(async {
            for _ in 0..5 {
                yield_now().await;
                assert_eq!(number(), None);
            }
        });
        for task in tasks {
            task.await.unwrap();
        }
        without.await.unwrap();
    });
}

/// Broken by: `heritage: None` in `Executor::insert`, or leaving out `rule_for` in `start_poll`.
#[test]
fn a_task_inherits_what_ruled_where_it_was_spawned_and_keeps_it() {
    block_on(async {
        let (early, late) = NUMBER
            .scope(1, async {
                let early = spawn(async {
                    yield_now().await;
                    let grandchild = spawn(async { number() });
                    (number(), grandchild.await.unwrap())
                });
                let late = NUMBER.sync_scope(2, || {
                    spawn(async {
                        yield_now().await;
                        number()
                    })
                });
                (early, late)
            })
            .await;
        assert_eq!(number(), None, "the scope is over, the children are not");
        assert_eq!(early.await.unwrap(), (Some(1), Some(1)));
        assert_eq!(late.await.unwrap(), Some(2));
    });
}

#[test]
fn what_a_child_sets_does_not_reach_its_parent_but_a_shared_value_is_shared() {
    block_on(TEXT.scope(Rc::default(), async {
        NUMBER
            .scope(1, async {
                let child = spawn(NUMBER.scope(2, async {
                    TEXT.with(|text| text.borrow_mut().push_str("from the child"));
                    yield_now().await;
                    number()
                }));
                yield_now().await;
                assert_eq!(number(), Some(1));
                assert_eq!(child.await.unwrap(), Some(2));
                assert_eq!(number(), Some(1));
            })
            .await;
        assert_eq!(TEXT.get().borrow().as_str(), "from the child");
    }));
}

#[test]
fn the_main_future_inherits_from_around_block_on_and_workers_inherit_nothing() {
    NUMBER.sync_scope(5, || {
        block_on(async {
            assert_eq!(number(), Some(5));
            let task = spawn(async { number() });
            assert_eq!(task.await.unwrap(), Some(5));
            assert_eq!(hob::spawn_blocking(number).await.unwrap(), None);
            assert_eq!(hob::blocking::run(number).await, None);
        });
    });
    assert_eq!(number(), None);
}

/// A runtime that goes on in another scope polls its old tasks with what *they* inherited.
///
/// Broken by: `rule_for` only where the task inherited something.
#[test]
fn a_task_without_values_sees_none_though_block_on_is_called_inside_of_a_scope() {
    let runtime = hob::Runtime::new().unwrap();
    let mut task = None;
    runtime.block_on(async { task = Some(spawn(async { number() })) });
    NUMBER.sync_scope(7, || {
        runtime.block_on(async {
            assert_eq!(number(), Some(7));
            assert_eq!(task.expect("spawned above").await.unwrap(), None);
        });
    });
}

/// What the loop starts by itself between two polls is nobody's child.
///
/// Broken by: the line with `rule_nothing` taken out of `Inner::run`.
#[test]
fn what_comes_from_elsewhere_inherits_nothing_though_block_on_is_called_inside_of_a_scope() {
    let runtime = hob::Builder::new().worker_threads(0).build().unwrap();
    let handle = runtime.handle();
    let thread = std::thread::spawn(move || handle.block_on(|| async { number() }));
    NUMBER.sync_scope(7, || {
        runtime.block_on(async {
            while !thread.is_finished() {
                hob::yield_now().await;
            }
            assert_eq!(hob::spawn_blocking(number).await.unwrap(), None);
            assert_eq!(hob::blocking::run(number).await, None);
            assert_eq!(number(), Some(7));
        });
    });
    assert_eq!(thread.join().unwrap(), None);
}

struct TellOnDrop(Rc<Cell<Option<u32>>>);
impl Drop for TellOnDrop {
    fn drop(&mut self) {
        self.0.set(number());
    }
}

/// Broken by: leaving out `future.set(None)` in the drop of `TaskLocalFuture`, or `start_poll` in
/// `give_up` for the last.
#[test]
fn destructors_of_what_is_in_a_scope_see_its_value() {
    block_on(async {
        let seen = Rc::new(Cell::new(None));
        let tell = TellOnDrop(seen.clone());
        let done = poll_fn(move |_| {
            let _kept = &tell;
            Poll::Ready(())
        });
        NUMBER.scope(1, done).await;
        assert_eq!(seen.take(), Some(1));

        let tell = TellOnDrop(seen.clone());
        let mut scoped = Box::pin(NUMBER.scope(2, async {
            let _tell = tell;
            pending::<()>().await;
        }));
        assert!(futures_lite::future::poll_once(&mut scoped).await.is_none());
        drop(scoped);
        assert_eq!(seen.take(), Some(2));

        let tell = TellOnDrop(seen.clone());
        let child = NUMBER.sync_scope(3, || {
            spawn(async {
                let _tell = tell;
                pending::<()>().await;
            })
        });
        yield_now().await;
        child.abort();
        assert!(child.await.unwrap_err().is_cancelled());
        assert_eq!(seen.take(), Some(3));
    });
}

/// A value that looks at task-locals, spawns and panics while it is dropped.
struct Troublemaker(Rc<Cell<u32>>);
impl Drop for Troublemaker {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
        assert!(
            TROUBLE.try_with(|_| ()).is_err(),
            "it is gone, or it would live"
        );
        drop(spawn(async {}));
        panic!("dropped, as planned");
    }
}
hob::task_local!(static TROUBLE: Troublemaker);

/// Trap 60. Broken by: dropping `heritage` in `Executor::free` under the borrow of `core`, or
/// not by way of `caught`.
#[test]
fn the_last_task_that_inherited_a_value_drops_it_with_nothing_borrowed() {
    block_on(async {
        let dropped = Rc::new(Cell::new(0));
        // The scope outlives nobody: it is never polled, so only the child holds the value.
        let child = {
            let trouble = Troublemaker(dropped.clone());
            TROUBLE.sync_scope(trouble, || spawn(async { yield_now().await }))
        };
        assert_eq!(dropped.get(), 0);
        child.await.unwrap();
        yield_now().await;
        assert_eq!(dropped.get(), 1);
    });
}

#[test]
#[should_panic = "the task-local NUMBER has no value here"]
fn with_says_which_value_is_missing() {
    block_on(async { NUMBER.with(|_| ()) });
}

/// Broken by: a chain of scopes, whose end would take the stack of a hundred thousand drops.
#[test]
fn a_task_that_spawns_its_successor_for_ever_inherits_no_more_than_there_are_keys() {
    async fn next(generation: u32, done: hob::sync::oneshot::Sender<u32>) {
        assert_eq!(NUMBER.get(), generation);
        match generation {
            100_000 => done.send(generation).unwrap(),
            _ => drop(spawn(
                NUMBER.scope(generation + 1, later(generation + 1, done)),
            )),
        }
    }
    fn later(
        n: u32,
        done: hob::sync::oneshot::Sender<u32>,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(next(n, done))
    }
    block_on(async {
        let (sender, receiver) = hob::sync::oneshot::channel();
        drop(spawn(NUMBER.scope(0, later(0, sender))));
        assert_eq!(receiver.await, Ok(100_000));
    });
}

/// Broken by: leaving out `filter` in `TaskLocalFuture::table`.
#[test]
fn a_scope_that_moves_into_another_scope_sees_what_rules_there() {
    block_on(async {
        // Polled once outside of any other scope, then inside of one.
        let mut moving = Box::pin(NUMBER.scope(1, async {
            assert!(OTHER.try_with(|_| ()).is_err());
            yield_now().await;
            (number(), OTHER.try_with(|n| *n).ok())
        }));
        assert!(futures_lite::future::poll_once(&mut moving).await.is_none());
        assert_eq!(OTHER.scope(4, moving).await, (Some(1), Some(4)));
    });
}
