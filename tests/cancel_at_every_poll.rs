//! Everything that can be awaited, dropped at each of its polls: nothing may be left behind.
//!
//! Each test is one situation with both of its sides in one future. `cancel_at_every_poll` drops
//! it after every poll, and after every wake, on a runtime of its own, and compares the ledger.
//! The last tests are broken on purpose, and must be seen to fail.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use hob::net::UdpSocket;
use hob::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
use hob::testing::{cancel_at_every_poll, cancel_at_every_poll_with};
use hob::time::{interval, sleep, timeout};
use hob::{blocking, fs, join, yield_now};

const SECOND: Duration = Duration::from_secs(1);

/// Some polls of doing nothing, so that the other side comes to wait.
async fn pause() {
    for _ in 0..3 {
        yield_now().await;
    }
}

// Time.

/// Broken by: leaving out the drop of `Sleep`.
#[test]
fn sleep_timeout_and_interval() {
    cancel_at_every_poll(|| sleep(SECOND));
    cancel_at_every_poll(|| async {
        assert!(timeout(SECOND, pending::<()>()).await.is_err());
        assert!(timeout(2 * SECOND, sleep(SECOND)).await.is_ok());
        let mut beat = interval(SECOND);
        for _ in 0..3 {
            beat.tick().await;
        }
    });
}

// Tasks.

#[test]
fn tasks_that_are_owned_by_a_future() {
    cancel_at_every_poll(|| async {
        let results = hob::gather((0..4).map(|n| sleep(n * SECOND))).await;
        assert!(results.iter().all(Result::is_ok));
    });
    cancel_at_every_poll(|| async {
        let mut done = hob::as_completed((0..4).map(|n| sleep(n * SECOND)), 2);
        while done.next().await.is_some() {
            yield_now().await;
        }
    });
}

#[test]
fn several_futures_in_one_task() {
    cancel_at_every_poll(|| async {
        hob::future::join_all((0..20).map(|n| sleep(n * SECOND))).await;
        hob::future::race((1..20).map(|n| sleep(n * SECOND))).await;
        hob::select! {
            () = sleep(SECOND) => {}
            () = sleep(2 * SECOND) => unreachable!(),
        }
    });
}

// What tasks share.

/// Broken by: leaving out `cancel` in the drop of `Acquire`.
#[test]
fn semaphore() {
    cancel_at_every_poll(|| async {
        let semaphore = Rc::new(Semaphore::new(2));
        let work = async |permits| {
            let _permits = semaphore.acquire_many(permits).await.unwrap();
            sleep(SECOND).await;
        };
        join!(work(1), work(2), work(1), async {
            drop(semaphore.clone().acquire_owned().await);
        });
        assert_eq!(semaphore.available_permits(), 2);
    });
}

/// Trap 41. Broken by: leaving out `release` in `Gate::cancel`: dropped when woken, the future
/// takes the permit with it that it was handed and never saw.
#[test]
fn permits_of_a_semaphore_that_lives_on_all_come_back() {
    cancel_at_every_poll_with(
        async || Semaphore::new(2),
        async |semaphore| {
            let work = async |permits| {
                let _permits = semaphore.acquire_many(permits).await.unwrap();
                sleep(SECOND).await;
            };
            join!(work(2), work(1), work(2));
        },
        |semaphore| assert_eq!(semaphore.available_permits(), 2),
    );
}

/// Trap 41. Broken by: leaving out `notify_one` in the drop of `Notified`.
#[test]
fn a_notification_is_passed_on_by_one_who_never_saw_it() {
    let (sent, seen) = (Cell::new(0), Cell::new(0));
    cancel_at_every_poll_with(
        async || {
            sent.set(0);
            seen.set(0);
            Notify::new()
        },
        async |notify| {
            let see = async {
                while seen.get() < 5 {
                    notify.notified().await;
                    seen.set(seen.get() + 1);
                }
            };
            join!(see, async {
                for polls in 1..=5 {
                    for _ in 0..polls {
                        yield_now().await;
                    }
                    sent.set(sent.get() + 1);
                    notify.notify_one();
                }
            });
        },
        |notify| {
            // Sent and not seen: then it waits for the next who comes.
            let stored = format!("{notify:?}").contains("stored: true");
            assert_eq!(sent.get(), seen.get() + u32::from(stored));
        },
    );
}

/// A message that was sent is received, or still there.
#[test]
fn no_message_is_lost_in_a_channel_that_lives_on() {
    let received = Cell::new(0);
    cancel_at_every_poll_with(
        async || {
            received.set(0);
            let (sender, receiver) = mpsc::channel(2);
            (sender, RefCell::new(receiver), Cell::new(0))
        },
        async |(sender, receiver, sent)| {
            #[allow(clippy::await_holding_refcell_ref, reason = "nobody else borrows it")]
            let receive = async {
                let mut receiver = receiver.borrow_mut();
                while received.get() < 10 {
                    let n = receiver.recv().await.unwrap();
                    assert_eq!(n, received.get());
                    received.set(n + 1);
                }
            };
            let send = async {
                for n in 0..10 {
                    sender.send(n).await.unwrap();
                    sent.set(n + 1);
                }
            };
            join!(send, receive);
        },
        |(_, receiver, sent)| {
            let mut receiver = receiver.borrow_mut();
            while let Ok(n) = receiver.try_recv() {
                assert_eq!(n, received.get());
                received.set(n + 1);
            }
            assert_eq!(sent.get(), received.get());
        },
    );
}

#[test]
fn mutex() {
    cancel_at_every_poll(|| async {
        let mutex = Mutex::new(0);
        let add = async || {
            let mut guard = mutex.lock().await;
            yield_now().await;
            *guard += 1;
        };
        join!(add(), add(), add());
        assert_eq!(*mutex.lock().await, 3);
    });
}

/// Broken by: leaving out the drop of `Notified`.
#[test]
fn notify() {
    cancel_at_every_poll(|| async {
        let notify = Notify::new();
        join!(
            notify.notified(),
            notify.notified(),
            notify.notified(),
            async {
                pause().await;
                notify.notify_one();
                pause().await;
                notify.notify_waiters();
            }
        );
    });
}

#[test]
fn channels() {
    cancel_at_every_poll(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        let produce = async move {
            for n in 0..4 {
                sender.send(n).await.unwrap();
            }
            sender.send(4).await.unwrap();
        };
        let consume = async {
            let mut sum = 0;
            while let Some(n) = receiver.recv().await {
                yield_now().await;
                sum += n;
            }
            sum
        };
        assert_eq!(join!(produce, consume).1, 10);
    });
    cancel_at_every_poll(|| async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let produce = async move {
            pause().await;
            sender.send(1).unwrap();
        };
        assert_eq!(join!(produce, receiver.recv()).1, Some(1));
    });
    cancel_at_every_poll(|| async {
        let (sender, receiver) = oneshot::channel();
        let (mut wanted, unwanted) = oneshot::channel::<()>();
        let answer = async move {
            pause().await;
            sender.send(1).unwrap();
            drop(unwanted);
        };
        assert_eq!(join!(answer, receiver, wanted.closed()).1, Ok(1));
    });
}

// Jobs.

#[test]
fn jobs() {
    cancel_at_every_poll(|| async {
        let jobs = join!(blocking::run(|| 1), blocking::run(|| 2));
        assert_eq!(jobs, (1, 2));
    });
    cancel_at_every_poll(|| async {
        let mut mapped = blocking::map(0..10, |n| n).look_ahead(3);
        while mapped.next().await.is_some() {}
    });
    cancel_at_every_poll(|| async {
        let found = hob::net::lookup_host("127.0.0.1:80").await.unwrap();
        assert_eq!(found.count(), 1);
    });
}

#[test]
fn files() {
    let folder = std::env::temp_dir().join(format!("hob-cancel-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("file");
    cancel_at_every_poll(|| async {
        fs::write(&path, b"hello").await.unwrap();
        assert_eq!(fs::read(&path).await.unwrap(), b"hello");
        let file = fs::File::open(&path).await.unwrap();
        assert_eq!(file.metadata().await.unwrap().len(), 5);
    });
    std::fs::remove_dir_all(&folder).unwrap();
}

// Broken on purpose.

/// Ready at its third poll; keeps the waker where nobody takes it away.
fn keeps_its_waker(kept: Rc<RefCell<Vec<Waker>>>) -> impl Future<Output = ()> {
    let mut polls = 0;
    poll_fn(move |cx| {
        polls += 1;
        kept.borrow_mut().push(cx.waker().clone());
        cx.waker().wake_by_ref();
        if polls < 3 {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
}

#[test]
#[should_panic = "dropped after poll 1, it left something behind: wakers 1 → 2"]
fn a_waker_that_is_kept_is_found() {
    let kept = Rc::default();
    cancel_at_every_poll(|| keeps_its_waker(Rc::clone(&kept)));
}

#[test]
#[should_panic = "dropped after poll 1, it left something behind: tasks 1 → 2, timers 0 → 1"]
fn a_task_that_goes_on_is_found() {
    cancel_at_every_poll(|| async {
        let detached = hob::spawn(sleep(SECOND));
        yield_now().await;
        yield_now().await;
        detached.await.unwrap();
    });
}

#[test]
#[should_panic = "dropped after poll 2, it left something behind: timers 0 → 1"]
fn a_timer_that_is_forgotten_is_found_at_the_poll_that_made_it() {
    cancel_at_every_poll(|| async {
        yield_now().await;
        let forgotten: &'static mut Pin<Box<_>> = Box::leak(Box::new(Box::pin(sleep(SECOND))));
        forgotten.await;
    });
}

#[test]
#[should_panic = "complete after poll 1, it left something behind: sources 0 → 1"]
fn a_socket_that_is_forgotten_is_found_also_by_one_who_never_waits() {
    cancel_at_every_poll(|| async {
        std::mem::forget(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    });
}

#[test]
#[should_panic = "dropped after poll 1, it left something behind: waiters 0 → 1, wakers 1 → 2"]
fn a_waiter_that_is_forgotten_is_found() {
    let gate: &'static Notify = Box::leak(Box::new(Notify::new()));
    cancel_at_every_poll(|| {
        let mut waiting = Box::pin(gate.notified());
        let mut forget = Some(());
        poll_fn(move |cx| {
            let polled = waiting.as_mut().poll(cx);
            if forget.take().is_some() {
                let fresh = Box::pin(gate.notified());
                std::mem::forget(std::mem::replace(&mut waiting, fresh));
            }
            polled
        })
    });
}

/// Broken by: any other sum in `TaskSlab::wakers`.
#[test]
fn the_ledger_counts_the_wakers_that_somebody_holds_and_no_others() {
    hob::block_on(async {
        let task = hob::spawn(std::future::pending::<()>());
        hob::yield_now().await;
        let waker = std::future::poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        // The loop's own of the main future, and the clone.
        assert_eq!(hob::testing::ledger().wakers, 2);
        let more = [waker.clone(), waker.clone()];
        assert_eq!(hob::testing::ledger().wakers, 4);
        drop((more, waker, task));
    });
}
