//! What one who knows asyncio or trio reaches for, and what does the same here: README's table
//! "Coming from Python", line by line, held to its word.
//!
//! Some lines have their tests elsewhere: `KeyboardInterrupt` in `ctrl_c.rs`, `ProcessPoolExecutor`
//! in `process_pool.rs`, `session.get` in `http_keep_alive.rs`. And that the compiler warns of a
//! coroutine nobody awaits is an example of the crate's front page, which must not compile.
//!
//! This file is long because the table is: a test, or two, for each of its lines.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use futures_lite::{AsyncReadExt, StreamExt};
use hob::future::join_all;
use hob::net::{TcpListener, TcpStream};
use hob::sync::{Barrier, CancellationToken, Mutex, Notify, Queue, Semaphore, mpsc, watch};
use hob::time::{now, sleep, timeout};
use hob::{Builder, TaskGroup, blocking, gather, scope, shield, spawn, spawn_blocking, yield_now};

/// On a clock that jumps to the next deadline: nothing here waits in earnest.
fn run<F: Future>(main: F) -> F::Output {
    Builder::new().virtual_time().block_on(main)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

async fn after<T>(wait: u64, value: T) -> T {
    sleep(secs(wait)).await;
    value
}

/// Tells by its drop that whoever held it is gone.
struct Gone(Rc<Cell<bool>>);
impl Drop for Gone {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

fn gone() -> (Rc<Cell<bool>>, Gone) {
    let gone = Rc::new(Cell::new(false));
    (gone.clone(), Gone(gone))
}

#[test]
fn asyncio_run_gives_the_result_of_main_and_leaves_no_task_behind() {
    let (is_gone, guard) = gone();
    let answer = hob::block_on(async {
        spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        yield_now().await;
        42
    });
    assert_eq!(answer, 42);
    assert!(is_gone.get());
}

/// Python's loop holds its tasks by weak references, so one without a name may vanish.
#[test]
fn create_task_goes_on_though_nobody_keeps_the_handle() {
    run(async {
        let done = Rc::new(Cell::new(false));
        let note = done.clone();
        drop(spawn(async move { note.set(after(1, true).await) }));
        sleep(secs(2)).await;
        assert!(done.get());
    });
}

#[test]
fn await_task_gives_the_result_or_the_panic_as_an_error() {
    run(async {
        assert_eq!(spawn(after(1, "tea")).await.unwrap(), "tea");
        let error = spawn(async { panic!("out of milk") }).await.unwrap_err();
        assert!(error.is_panic());
        assert_eq!(error.into_panic().downcast_ref(), Some(&"out of milk"));
    });
}

#[test]
fn gather_waits_for_all_at_once_and_gives_what_they_gave_in_order() {
    run(async {
        let start = now();
        let both = hob::join!(after(3, "slow"), after(1, 1));
        assert_eq!(both, ("slow", 1));
        assert_eq!(join_all([3, 1, 2].map(|s| after(s, s))).await, [3, 1, 2]);
        assert_eq!(now() - start, secs(6));
    });
}

/// In Python the others go on, unwatched. Here they are gone when the error is there.
#[test]
fn gather_without_return_exceptions_stops_at_the_first_error() {
    run(async {
        let (is_gone, guard) = gone();
        let other = async move {
            let _guard = guard;
            pending::<Result<(), &str>>().await
        };
        let failing = async { after(1, Err::<(), _>("no flour")).await };
        assert_eq!(hob::try_join!(other, failing), Err("no flour"));
        assert!(is_gone.get());
    });
}

#[test]
fn gather_with_return_exceptions_gives_every_result_and_every_error() {
    run(async {
        let start = now();
        let results = gather([3, 2, 1].map(|s| async move {
            assert_ne!(after(s, s).await, 2, "as planned");
            s
        }));
        let results = results.await;
        assert_eq!(
            now() - start,
            secs(3),
            "the panic held up and stopped nobody"
        );
        assert_eq!(results[0].as_ref().ok(), Some(&3));
        assert!(results[1].as_ref().unwrap_err().is_panic());
        assert_eq!(results[2].as_ref().ok(), Some(&1));
    });
}

#[test]
fn a_task_group_ends_all_its_tasks_when_one_fails() {
    run(async {
        let (is_gone, guard) = gone();
        let mut group = TaskGroup::new();
        group.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        group.try_spawn(async { after(1, Err::<(), _>("burnt")).await });
        let error = group.join().await.unwrap_err();
        assert_eq!(error.first_error(), Some(&"burnt"));
        assert!(is_gone.get());
    });
}

#[test]
fn the_children_of_a_nursery_may_borrow_and_none_outlives_it() {
    run(async {
        let words = [
            String::from("one"),
            String::from("two"),
            String::from("three"),
        ];
        let letters = Cell::new(0);
        scope(async |s| {
            for word in &words {
                let letters = &letters;
                s.spawn(async move {
                    let more = after(1, word.len()).await;
                    letters.set(letters.get() + more);
                });
            }
        })
        .await
        .unwrap();
        assert_eq!(letters.get(), 11);
    });
}

/// Broken by: leaving out the second `fill` in `AsCompleted::poll_result`.
#[test]
fn as_completed_lets_the_rest_go_on_while_one_is_handled() {
    run(async {
        let start = now();
        let mut done = hob::as_completed([1, 2, 4].map(|s| after(s, s)), 2);
        let mut order = Vec::new();
        while let Some(result) = done.next().await {
            order.push(result.unwrap());
            sleep(secs(2)).await;
        }
        assert_eq!(order, [1, 2, 4]);
        // The third began with the first result, and was done when it was wanted.
        assert_eq!(now() - start, secs(1 + 2 + 2 + 2));
    });
}

#[test]
fn wait_for_drops_what_takes_too_long() {
    run(async {
        let (is_gone, guard) = gone();
        let slow = async move {
            let _guard = guard;
            after(5, "late").await
        };
        assert!(timeout(secs(2), slow).await.is_err());
        assert!(is_gone.get(), "before the error was given");
        assert_eq!(timeout(secs(2), after(1, "in time")).await, Ok("in time"));
    });
}

/// No exception travels through the task, so no `except` can swallow it.
#[test]
fn a_cancelled_task_is_dropped_where_it_waits() {
    run(async {
        let (is_gone, guard) = gone();
        let task = spawn(async move {
            let _guard = guard; // `finally`, where nothing has to be awaited
            pending::<()>().await;
        });
        yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(is_gone.get());
    });
}

/// `finally: await connection.close()`.
#[test]
fn a_cleanup_that_has_to_wait_is_deferred() {
    run(async {
        let closed = Cell::new(false);
        let ended = scope(async |s| {
            s.defer(async { closed.set(after(1, true).await) });
            s.cancel_after(secs(2));
            pending::<()>().await;
        });
        assert!(ended.await.unwrap_err().is_cancelled());
        assert!(closed.get());
    });
}

/// `except CancelledError`: who wants to hear of it holds a token.
#[test]
fn a_task_that_is_asked_to_stop_finishes_its_sentence() {
    run(async {
        let token = CancellationToken::new();
        let child = token.child_token();
        let task = spawn(async move {
            let mut done = 0;
            while !child.is_cancelled() {
                done += after(2, 1).await;
            }
            done
        });
        sleep(secs(3)).await;
        token.cancel();
        assert_eq!(
            task.await.unwrap(),
            2,
            "the second was under way, and was not lost"
        );
    });
}

#[test]
fn what_is_shielded_goes_on_to_its_end() {
    run(async {
        let saved = Rc::new(Cell::new(false));
        let note = saved.clone();
        let save = shield(async move { note.set(after(2, true).await) });
        assert!(timeout(secs(1), save).await.is_err());
        assert!(!saved.get());
        sleep(secs(2)).await;
        assert!(saved.get());
    });
}

#[test]
fn sleep_0_lets_the_others_run() {
    run(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let task = |name: char| {
            let order = order.clone();
            spawn(async move {
                for _ in 0..2 {
                    order.borrow_mut().push(name);
                    yield_now().await;
                }
            })
        };
        hob::join!(task('a'), task('b')).0.unwrap();
        yield_now().await;
        assert_eq!(*order.borrow(), ['a', 'b', 'a', 'b']);
    });
}

#[test]
fn a_queue_is_joined_when_all_its_tasks_are_done() {
    run(async {
        let start = now();
        let queue = Rc::new(Queue::new(2));
        let taken = queue.clone();
        spawn(async move {
            while let Ok(wait) = taken.get().await {
                sleep(secs(wait)).await;
                taken.task_done();
            }
        });
        for wait in [1, 2, 3, 4] {
            queue.put(wait).await.unwrap(); // waits where two are in it
        }
        assert_eq!(
            now() - start,
            secs(1),
            "the fourth waited for the first to be done"
        );
        queue.join().await;
        assert!(queue.is_empty());
        assert_eq!(now() - start, secs(10));
    });
}

#[test]
fn a_semaphore_lets_so_many_in_and_a_lock_one() {
    run(async {
        let start = now();
        let (semaphore, lock) = (Semaphore::new(3), Mutex::new(0));
        let work = async || {
            let _permit = semaphore.acquire().await.unwrap();
            sleep(secs(1)).await;
            let mut count = lock.lock().await;
            let former = *count;
            yield_now().await; // nobody comes between
            *count = former + 1;
        };
        join_all((0..9).map(|_| work())).await;
        assert_eq!(*lock.lock().await, 9);
        assert_eq!(now() - start, secs(3));
    });
}

/// `Event.set` stays set: that is a value, so `watch`. `Notify` is for the moment only.
#[test]
fn an_event_is_heard_by_those_who_wait_and_those_who_come_later() {
    run(async {
        let (event, watcher) = watch::channel(false);
        let (mut early, mut late) = (watcher.clone(), watcher);
        let waits = spawn(async move { early.wait_for(|set| *set).await.is_ok() });
        yield_now().await;
        event.send(true).unwrap();
        assert!(waits.await.unwrap());
        assert!(late.wait_for(|set| *set).await.is_ok());

        let notify = Rc::new(Notify::new());
        let waits = spawn(notify.clone().notified_owned());
        notify.notify_waiters();
        waits.await.unwrap();
        assert!(
            timeout(secs(1), notify.notified()).await.is_err(),
            "it has passed"
        );
    });
}

#[test]
fn a_barrier_opens_when_all_are_there() {
    run(async {
        let start = now();
        let barrier = Barrier::new(3);
        let party = async |wait| {
            sleep(secs(wait)).await;
            barrier.wait().await.is_leader()
        };
        assert_eq!(
            hob::join!(party(1), party(3), party(2)),
            (false, true, false)
        );
        assert_eq!(now() - start, secs(3));
    });
}

#[test]
fn an_executors_map_gives_the_results_in_the_order_of_the_items() {
    run(async {
        let squares = blocking::map(1..=100_u32, |n| n * n);
        let squares: Vec<_> = squares.map(Result::unwrap).collect().await;
        assert!(squares.into_iter().eq((1..=100).map(|n| n * n)));
    });
}

#[test]
fn to_thread_runs_elsewhere_and_its_panic_comes_back() {
    run(async {
        let here = std::thread::current().id();
        let there = spawn_blocking(|| std::thread::current().id())
            .await
            .unwrap();
        assert_ne!(here, there);
        let error = spawn_blocking(|| panic!("oh no")).await.unwrap_err();
        assert!(error.is_panic());
    });
}

#[test]
fn start_server_is_a_task_for_each_connection() {
    hob::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        spawn(async move {
            while let Ok((stream, _peer)) = listener.accept().await {
                spawn(async move {
                    let mut line = [0; 5];
                    stream.read_exact(&mut line).await.unwrap();
                    stream.write_all(&line).await.unwrap();
                });
            }
        });
        let mut answer = String::new();
        let mut client = TcpStream::connect(address).await.unwrap(); // open_connection
        client.write_all(b"hello").await.unwrap();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "hello");
    });
}

#[test]
fn call_later_is_a_task_that_sleeps_first_and_can_be_called_off() {
    run(async {
        let calls = Rc::new(Cell::new(0));
        let call_later = |wait| {
            let calls = calls.clone();
            spawn(async move {
                sleep(secs(wait)).await;
                calls.set(calls.get() + 1);
            })
        };
        call_later(1);
        let second = call_later(3);
        sleep(secs(2)).await;
        second.abort();
        sleep(secs(2)).await;
        assert_eq!(calls.get(), 1);
    });
}

/// `async with lock:`, and the way out of it by `?`.
#[test]
fn async_with_is_a_guard_that_lets_go_on_every_way_out() {
    run(async {
        let lock = Mutex::new(());
        let failing = async || {
            let _guard = lock.lock().await;
            after(1, Err("no flour")).await?;
            Ok::<_, &str>(())
        };
        assert_eq!(failing().await, Err("no flour"));
        assert!(lock.try_lock().is_ok());
    });
}

#[test]
fn async_for_is_a_stream() {
    run(async {
        let (sender, mut receiver) = mpsc::channel(1);
        spawn(async move {
            for n in 1..=3 {
                sender.send(after(1, n).await).await.unwrap();
            }
        });
        let mut seen = Vec::new();
        while let Some(n) = receiver.next().await {
            seen.push(n);
        }
        assert_eq!(seen, [1, 2, 3]);
    });
}

hob::task_local! {
    static USER: &'static str;
}

#[test]
fn a_contextvar_is_inherited_by_tasks_and_set_for_them_alone() {
    run(USER.scope("ann", async {
        let inherits = spawn(async { USER.get() });
        let sets = spawn(USER.scope("ben", async { after(1, USER.get()).await }));
        assert_eq!(inherits.await.unwrap(), "ann");
        assert_eq!(sets.await.unwrap(), "ben");
        assert_eq!(USER.get(), "ann");
    }));
}
