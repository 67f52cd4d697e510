//! Permits, locks, notifications and barriers, given up at each poll: nothing stays behind, and
//! what was on its way goes to whoever stands behind.
//!
//! In each scene one gives up, at every moment that there is, and the others live on.

mod cancel_support;

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;

use cancel_support::{Moment, SECOND, behind, pause, quit_at_every_poll};
use hob::sync::{
    Barrier, CancellationToken, CapacityLimiter, Mutex, Notify, OnceCell, RateLimiter, RwLock,
    Semaphore,
};
use hob::testing::cancel_at_every_poll_with;
use hob::time::{now, sleep, timeout};
use hob::{join, yield_now};

// Permits, and what is built on them.

/// Trap 41. Broken by: returning 0 in `Gate::give_up` for one who was granted permits.
#[test]
fn permits_on_their_way_to_one_who_gives_up_go_to_the_next() {
    quit_at_every_poll(async |quitter| {
        let semaphore = Rc::new(Semaphore::new(2));
        let all = semaphore.clone().acquire_many_owned(2).await.unwrap();
        join!(
            async { drop(quitter.run(semaphore.acquire_many(2)).await) },
            behind(async { drop(semaphore.acquire().await.unwrap()) }),
            behind(async { drop(semaphore.clone().acquire_owned().await.unwrap()) }),
            async {
                pause().await;
                drop(all);
            }
        );
        assert_eq!(semaphore.available_permits(), 2);
    });
    quit_at_every_poll(async |quitter| {
        let semaphore = Rc::new(Semaphore::new(1));
        let one = semaphore.clone().acquire_owned().await.unwrap();
        join!(
            async { drop(quitter.run(semaphore.clone().acquire_owned()).await) },
            behind(async { drop(semaphore.acquire().await.unwrap()) }),
            async {
                pause().await;
                drop(one);
            }
        );
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// Trap 41. Broken by: leaving out the drop of `Lock`, or that of `LockOwned`.
#[test]
fn a_mutex_goes_to_the_next_in_line() {
    quit_at_every_poll(async |quitter| {
        let mutex = Rc::new(Mutex::new(()));
        let guard = mutex.lock().await;
        join!(
            async { drop(quitter.run(mutex.clone().lock_owned()).await) },
            behind(async { drop(mutex.lock().await) }),
            async {
                pause().await;
                drop(guard);
            }
        );
        assert!(mutex.try_lock().is_ok());
    });
    quit_at_every_poll(async |quitter| {
        let mutex = Mutex::new(());
        let guard = mutex.lock().await;
        join!(
            async { drop(quitter.run(mutex.lock()).await) },
            behind(async { drop(mutex.lock().await) }),
            async {
                pause().await;
                drop(guard);
            }
        );
        assert!(mutex.try_lock().is_ok());
    });
    cancel_at_every_poll_with(
        async || Rc::new(Mutex::new(0)),
        async |mutex| {
            let add = async || {
                let mut guard = mutex.clone().lock_owned().await;
                yield_now().await;
                *guard += 1;
            };
            join!(add(), add(), add());
        },
        |mutex| assert!(mutex.try_lock().is_ok()),
    );
}

/// Trap 41. Broken by: leaving out the drop of `RwLockWrite`, or that of `RwLockRead`.
#[test]
fn a_writer_that_gives_up_lets_the_readers_behind_it_in() {
    quit_at_every_poll(async |quitter| {
        let lock = RwLock::new(());
        let reading = lock.read().await;
        let behind = Cell::new(false);
        join!(
            async {
                let wrote = quitter.run(lock.write()).await.is_some();
                // Given up while the first reader still reads: the second does so beside it.
                pause().await;
                assert!(behind.get() || wrote || quitter.moment == Moment::Woken);
            },
            async {
                let _reading = lock.read().await;
                behind.set(true);
            },
            async {
                for _ in 0..5 {
                    pause().await;
                }
                drop(reading);
            },
        );
        assert!(lock.try_write().is_ok());
    });
    quit_at_every_poll(async |quitter| {
        let lock = Rc::new(RwLock::new(()));
        let writing = lock.clone().write_owned().await;
        join!(
            async { drop(quitter.run(lock.read()).await) },
            behind(async { drop(lock.write().await) }),
            behind(async { drop(lock.clone().read_owned().await) }),
            async {
                pause().await;
                drop(writing);
            }
        );
        assert!(lock.try_write().is_ok());
    });
}

#[test]
fn a_lock_for_readers_and_writers_is_free_again() {
    cancel_at_every_poll_with(
        async || Rc::new(RwLock::new(0)),
        async |lock| {
            let write = async {
                let mut guard = lock.clone().write_owned().await;
                *guard += 1;
                yield_now().await;
                let guard = guard.downgrade();
                yield_now().await;
                assert!(*guard > 0);
            };
            let read = async || {
                let guard = lock.clone().read_owned().await;
                yield_now().await;
                drop(guard);
            };
            let borrow = async {
                let guard = lock.write().await;
                yield_now().await;
                drop(guard.downgrade());
            };
            join!(read(), write, read(), borrow);
        },
        |lock| assert!(lock.try_write().is_ok()),
    );
}

/// Trap 41. Broken by: leaving out the drop of `AcquireTokenOwned`.
#[test]
fn a_token_of_a_capacity_limiter_goes_to_the_next() {
    quit_at_every_poll(async |quitter| {
        let limiter = Rc::new(CapacityLimiter::new(1));
        let token = limiter.acquire_on_behalf_of(1).await.unwrap();
        join!(
            async {
                let victim = limiter.clone().acquire_on_behalf_of_owned(2);
                drop(quitter.run(victim).await);
                // Who gave up may come again.
                drop(limiter.acquire_on_behalf_of(2).await.unwrap());
            },
            behind(async { drop(limiter.acquire_on_behalf_of(3).await.unwrap()) }),
            behind(async { drop(limiter.acquire().await.unwrap()) }),
            async {
                pause().await;
                drop(token);
            }
        );
        assert_eq!(limiter.borrowed_tokens(), 0);
        assert!(limiter.statistics().borrowers.is_empty());
    });
    quit_at_every_poll(async |quitter| {
        let limiter = CapacityLimiter::new(1);
        let token = limiter.acquire_on_behalf_of(1).await.unwrap();
        join!(
            async { drop(quitter.run(limiter.acquire()).await) },
            async {
                pause().await;
                drop(token);
            }
        );
        assert!(limiter.try_acquire().is_ok());
    });
}

/// Broken by: leaving out the drop of `AcquireRate`.
#[test]
fn one_who_gives_up_takes_nothing_from_the_bucket() {
    quit_at_every_poll(async |quitter| {
        let limiter = RateLimiter::new(1, SECOND).burst(2);
        limiter.acquire_many(2).await;
        let start = now();
        let (got, ()) = join!(
            quitter.run(limiter.acquire_many(2)),
            behind(limiter.acquire_many(2))
        );
        let expected = if got.is_some() { 4 } else { 2 };
        let late = if got.is_none() && quitter.moment == Moment::Woken {
            4 // It gave up in the end.
        } else {
            expected
        };
        let took = now() - start;
        assert!(
            took >= expected * SECOND && took <= late * SECOND,
            "{took:?}"
        );
    });
    cancel_at_every_poll_with(
        async || RateLimiter::new(1, SECOND),
        async |limiter| {
            join!(limiter.acquire(), limiter.acquire(), limiter.acquire());
        },
        |_| {},
    );
}

// Calls.

/// Trap 41. Broken by: leaving out the drop of `Notified`, or that of `OwnedNotified`.
#[test]
fn a_notification_that_nobody_saw_goes_to_the_next() {
    quit_at_every_poll(async |quitter| {
        let notify = Rc::new(Notify::new());
        let call = async |all: usize| {
            pause().await;
            (0..all).for_each(|_| notify.notify_one());
        };
        let (got, _, ()) = join!(
            quitter.run(notify.clone().notified_owned()),
            behind(notify.notified()),
            call(2)
        );
        let stored = notify.clone().notified_owned().enable();
        assert_eq!(stored, got.is_none());
    });
    quit_at_every_poll(async |quitter| {
        let notify = Notify::new();
        let enabled = async {
            let mut notified = notify.notified();
            notified.enable();
            notified.await;
        };
        let (got, ()) = join!(quitter.run(enabled), async {
            pause().await;
            notify.notify_last();
        });
        assert_eq!(notify.notified().enable(), got.is_none());
    });
    quit_at_every_poll(async |quitter| {
        let notify = Notify::new();
        join!(
            quitter.run(notify.notified()),
            behind(notify.notified()),
            async {
                pause().await;
                notify.notify_waiters();
            }
        );
        assert!(
            !notify.notified().enable(),
            "those who came later were not called"
        );
    });
}

/// Broken by: leaving out the drop of `BarrierWait`, or taking the test for `openings` out of it.
#[test]
fn one_who_leaves_a_barrier_was_never_there() {
    quit_at_every_poll(async |quitter| {
        let barrier = Barrier::new(2);
        let (got, opened) = join!(quitter.run(barrier.wait()), async {
            pause().await;
            timeout(SECOND, barrier.wait()).await.is_ok()
        });
        assert!(opened || got.is_none());
        // Nobody is there now: one alone waits, two open it.
        assert!(timeout(SECOND, barrier.wait()).await.is_err());
        let (first, second) = join!(barrier.wait(), barrier.wait());
        assert_ne!(first.is_leader(), second.is_leader());
    });
}

/// Broken by: leaving out the drop of `Turn`.
#[test]
fn when_the_maker_gives_up_the_next_one_makes_the_value() {
    quit_at_every_poll(async |quitter| {
        let cell = OnceCell::new();
        let make = async |n| {
            pause().await;
            n
        };
        let (got, next, last) = join!(
            quitter.run(cell.get_or_init(|| make(1))),
            behind(cell.get_or_init(|| make(2))),
            behind(behind(async {
                let made = cell.get_or_try_init(async || Ok::<_, Infallible>(make(3).await));
                *made.await.unwrap()
            }))
        );
        assert_eq!(*next, if got.is_some() { 1 } else { 2 });
        assert_eq!(last, *next);
    });
    quit_at_every_poll(async |quitter| {
        let cell = OnceCell::new();
        let fail = async || {
            pause().await;
            Err::<i32, _>("no")
        };
        let (_, made) = join!(quitter.run(cell.get_or_try_init(fail)), async {
            *cell.get_or_init(async || 2).await
        });
        assert_eq!((made, cell.get()), (2, Some(&2)));
    });
}

/// Broken by: leaving out the drop of `Waiting` in `sync::cancellation`.
#[test]
fn those_who_listen_to_a_token_leave_it_as_it_was() {
    cancel_at_every_poll_with(
        async || CancellationToken::new(),
        async |parent| {
            let token = parent.child_token();
            join!(
                token.cancelled(),
                token.child_token().cancelled_owned(),
                async { assert!(token.run_until_cancelled(sleep(SECOND)).await.is_none()) },
                async {
                    let done = token.run_until_cancelled(yield_now()).await;
                    assert!(done.is_some());
                    pause().await;
                    token.cancel();
                }
            );
        },
        |parent| assert!(!parent.is_cancelled()),
    );
}
