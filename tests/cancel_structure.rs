//! Scopes, groups, sets and combinators, given up at each poll: no child, timer or task of theirs
//! goes on, except what the docs say goes on; and what is given up and taken up again misses
//! nothing.

mod cancel_support;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::task::{Context, Waker};

use cancel_support::{SECOND, pause, quit_at_every_poll, waits_and_leaves};
use futures_lite::{StreamExt, stream};
use hob::sync::{CancelReason, Mutex, mpsc};
use hob::testing::cancel_at_every_poll;
use hob::time::{Sleep, interval, now, sleep};
use hob::{JoinSet, TaskGroup, blocking, join, select, yield_now};

// Scopes.

/// Broken by: leaving out `close` in the drop of `ScopeFuture`.
#[test]
fn a_scope_takes_its_children_along() {
    cancel_at_every_poll(|| async {
        let words = ["one", "thread", "is", "enough"];
        let letters = Mutex::new(0);
        let ended = hob::scope(async |s| {
            for word in &words {
                s.spawn(async {
                    sleep(SECOND).await;
                    *letters.lock().await += word.len();
                });
            }
            let nested = s.clone();
            let born = s.spawn(async move { nested.spawn(sleep(SECOND)).await });
            s.defer(sleep(SECOND));
            s.defer_static(pause());
            yield_now().await;
            born.await
        });
        ended.await.unwrap().unwrap().unwrap();
        assert_eq!(*letters.lock().await, 17);
    });
}

/// Broken by: leaving out `close` in the drop of `ScopeFuture`.
#[test]
fn a_scope_that_is_being_cancelled_can_be_dropped_as_well() {
    cancel_at_every_poll(|| async {
        let ended = hob::try_scope(async |s| {
            s.try_spawn(async {
                sleep(SECOND).await;
                Err::<(), _>("no")
            });
            let own = s.clone();
            s.spawn(async move {
                own.cancelled().await;
                pause().await;
            });
            s.spawn(sleep(5 * SECOND));
            s.defer(sleep(SECOND));
            s.spawn(pending::<()>());
            Ok(())
        });
        assert_eq!(ended.await.unwrap_err().first_error(), Some(&"no"));
    });
    cancel_at_every_poll(|| async {
        let cleaned = Cell::new(false);
        let ended = hob::scope_with_deadline(now() + 3 * SECOND, async |s| {
            s.defer(async { cleaned.set(true) });
            s.spawn(sleep(SECOND));
            s.cancelled().await;
            pending::<()>().await;
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.reason(), &CancelReason::Deadline);
        assert!(cleaned.get());
    });
}

/// Broken by: `filter_map(|_| None)` in the drop of `ScopeFuture`.
#[test]
fn of_a_scope_that_is_given_up_the_static_cleanups_run_and_no_other() {
    quit_at_every_poll(async |quitter| {
        let begun = Rc::new(Cell::new(0));
        let log = Rc::new(RefCell::new(Vec::new()));
        let ended = quitter.run(hob::scope(async |s| {
            for name in ["first", "second"] {
                let log = log.clone();
                s.defer_static(async move {
                    pause().await;
                    log.borrow_mut().push(name);
                });
                begun.set(begun.get() + 1);
                yield_now().await;
            }
            s.defer(async { log.borrow_mut().push("borrowing") });
            sleep(SECOND).await;
        }));
        let ended = ended.await;
        sleep(SECOND).await;
        let mut log = log.take();
        // Given up among the cleanups, the one that borrows may have run already.
        let borrowing = log.first() == Some(&"borrowing");
        log.retain(|&name| name != "borrowing");
        assert!(borrowing || ended.is_none());
        assert_eq!(log, ["second", "first"][2 - begun.get()..]);
    });
}

#[test]
fn work_for_many_items_ends_with_its_scope() {
    cancel_at_every_poll(|| async {
        let (most, running) = (Cell::new(0), Cell::new(0));
        let ended = hob::scope(async |s| {
            s.for_each_concurrent(2, 1..=5, |n| {
                let (most, running) = (&most, &running);
                async move {
                    running.set(running.get() + 1);
                    most.set(most.get().max(running.get()));
                    sleep(n * SECOND).await;
                    running.set(running.get() - 1);
                }
            });
            let ticks = stream::iter(0..3).then(|_| sleep(SECOND));
            s.for_each_concurrent_stream(1, ticks, |_| yield_now());
        });
        ended.await.unwrap();
        assert_eq!((most.get(), running.get()), (2, 0));
    });
}

// Groups and sets of tasks.

/// Broken by: `matches!(self.phase, Phase::New(_))` in the drop of `ScopeFuture`, instead of
/// asking whether it is bound; or leaving out the drop of `AbortOnDrop`.
#[test]
fn a_group_takes_its_tasks_along_and_can_be_joined_again() {
    cancel_at_every_poll(|| async {
        let mut group = TaskGroup::<&str>::new();
        group.spawn(sleep(2 * SECOND));
        group.scope().defer(sleep(SECOND));
        let own = group.scope();
        group.try_spawn(async move {
            own.spawn(sleep(3 * SECOND));
            sleep(SECOND).await;
            Err::<(), _>("no")
        });
        let error = group.join().await.unwrap_err();
        assert_eq!(error.first_error(), Some(&"no"));
    });
    quit_at_every_poll(async |quitter| {
        let mut group: TaskGroup = TaskGroup::new();
        let one = group.spawn(async {
            sleep(SECOND).await;
            1
        });
        group.spawn(sleep(2 * SECOND));
        let _ = quitter.run(group.join()).await;
        group.join().await.unwrap();
        assert_eq!(one.await.unwrap(), 1);
    });
}

/// Broken by: leaving out the drop of `JoinNextWithId` or `NextCompleted`.
#[test]
fn what_is_taken_from_one_by_one_keeps_no_waker() {
    hob::block_on(async {
        let mut set = JoinSet::new();
        set.spawn(pending::<()>());
        waits_and_leaves(set.join_next()).await;
        waits_and_leaves(set.shutdown()).await;
        let mut completed = hob::as_completed([pending::<()>()], 1);
        let mut nobody = Context::from_waker(Waker::noop());
        assert!(completed.poll_next(&mut nobody).is_pending()); // it spawns
        waits_and_leaves(completed.next()).await;
    });
}

/// Broken by: leaving out the drop of `JoinSet`.
#[test]
fn a_join_set_that_is_given_up_has_every_result_still() {
    let full = || {
        let mut set = JoinSet::new();
        for n in 1..=3 {
            set.spawn(async move {
                sleep(n * SECOND).await;
                n
            });
        }
        set
    };
    quit_at_every_poll(async |quitter| {
        let mut set = full();
        let mut all = Vec::new();
        all.extend(quitter.run(set.join_next()).await.flatten());
        while let Some(result) = set.join_next().await {
            all.push(result);
        }
        let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!(all, [1, 2, 3]);
    });
    cancel_at_every_poll(|| async { assert_eq!(full().join_all().await, [1, 2, 3]) });
    quit_at_every_poll(async |quitter| {
        let mut set = full();
        let shutting = async {
            sleep(SECOND / 2).await;
            set.shutdown().await;
        };
        let done = quitter.run(shutting).await.is_some();
        assert!(!done || set.is_empty());
        set.shutdown().await;
        assert!(set.is_empty());
    });
}

#[test]
fn results_that_nobody_took_wait_for_the_next_time() {
    quit_at_every_poll(async |quitter| {
        let mut all = hob::gather((0..3).map(|n| async move {
            sleep(n * SECOND).await;
            n
        }));
        let first = quitter.run(&mut all).await;
        let all = match first {
            Some(all) => all,
            None => all.await,
        };
        let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!(all, [0, 1, 2]);
    });
    quit_at_every_poll(async |quitter| {
        let work = |n: u32| async move {
            sleep((4 - n) * SECOND).await;
            n
        };
        let mut done = hob::as_completed((0..4).map(work), 2);
        let mut all = Vec::new();
        all.extend(quitter.run(done.next()).await.flatten());
        while let Some(result) = done.next().await {
            all.push(result);
        }
        let mut all: Vec<_> = all.into_iter().map(|result| result.unwrap()).collect();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3]);
    });
    quit_at_every_poll(async |quitter| {
        let mut mapped = blocking::map(0..4, |n| n).look_ahead(2);
        let mut all = Vec::new();
        all.extend(quitter.run(mapped.next()).await.flatten());
        while let Some(result) = mapped.next().await {
            all.push(result);
        }
        let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!(all, [0, 1, 2, 3]);
    });
}

/// Broken by: aborting the task in a drop of `Shield`.
#[test]
fn what_is_shielded_is_finished_if_it_was_begun() {
    quit_at_every_poll(async |quitter| {
        let (begun, ended) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
        let (begin, end) = (begun.clone(), ended.clone());
        let section = hob::shield(async move {
            begin.set(true);
            sleep(SECOND).await;
            end.set(true);
        });
        let polled = Cell::new(false);
        let watched = async {
            polled.set(true);
            section.await;
        };
        let _ = quitter.run(watched).await;
        sleep(2 * SECOND).await;
        assert_eq!((begun.get(), ended.get()), (polled.get(), polled.get()));
    });
}

// Several futures in one task.

#[test]
fn combinators_keep_nothing_of_what_they_polled() {
    let sleeps = || (1..=20).map(|n| sleep(n * SECOND));
    let succeed = async |sleep: Sleep| {
        sleep.await;
        Ok::<_, &str>(())
    };
    cancel_at_every_poll(|| async {
        hob::future::join_all(sleeps()).await;
        hob::future::race(sleeps()).await;
        hob::future::try_join_all(sleeps().map(succeed))
            .await
            .unwrap();
        let fails = async {
            sleep(SECOND).await;
            Err::<(), _>("no")
        };
        let both = hob::try_join!(fails, succeed(sleep(2 * SECOND)));
        assert_eq!(both, Err("no"));
        select! {
            biased;
            () = sleep(2 * SECOND) => unreachable!(),
            () = sleep(SECOND) => {}
        }
    });
}

#[test]
fn a_select_loop_that_keeps_its_futures_loses_no_message() {
    cancel_at_every_poll(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        let send = async move {
            for n in 1..=4 {
                sleep(SECOND).await;
                sender.send(n).await.unwrap();
            }
        };
        let receive = async {
            let mut beat = interval(SECOND);
            let (mut sum, mut ticks) = (0, 0);
            loop {
                select! {
                    message = receiver.recv() => match message {
                        Some(n) => sum += n,
                        None => break,
                    },
                    _ = beat.tick() => ticks += 1,
                }
            }
            assert_eq!(sum, 10);
            assert!(ticks >= 3, "{ticks}");
        };
        join!(send, receive);
    });
}

/// Broken by: a reset to the next deadline in `poll_tick` where it is `Pending`.
#[test]
fn no_tick_is_lost() {
    quit_at_every_poll(async |quitter| {
        let start = now();
        let mut beat = interval(SECOND);
        beat.tick().await;
        let second = quitter.run(beat.tick()).await;
        if second.is_none() {
            beat.tick().await;
        }
        assert_eq!(now() - start, SECOND);
    });
}

hob::task_local!(static VALUE: Rc<Cell<u32>>);

#[test]
fn the_value_of_a_task_goes_with_the_last_who_inherited_it() {
    quit_at_every_poll(async |quitter| {
        let value = Rc::new(Cell::new(0));
        let future = VALUE.scope(value.clone(), async {
            VALUE.with(|value| value.set(1));
            pause().await;
            let child = hob::spawn(async {
                sleep(SECOND).await;
                VALUE.with(|value| value.set(2));
            });
            child.await.unwrap();
        });
        let done = quitter.run(future).await.is_some();
        sleep(2 * SECOND).await;
        assert!(!done || value.get() == 2);
        assert_eq!(Rc::strong_count(&value), 1);
        assert!(VALUE.try_with(|_| ()).is_err(), "it does not leak out");
    });
}
