//! How a scope is cancelled: first it is said, then there is grace for those who heard, then
//! the others are dropped. And what happens where there is no time for that.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use hob::sync::CancelReason;
use hob::time::{now, sleep, timeout};
use hob::{Builder, Scope, block_on, scope, scope_with_deadline, spawn, try_scope, yield_now};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

struct Noted<'a>(&'a RefCell<Vec<&'static str>>, &'static str);
impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

/// Trap 44. The first child cancels in its first poll, before the others have begun: they are
/// dropped unpolled, and nothing hangs. Broken by: leaving out `cut` in `start_grace`.
#[test]
fn a_child_that_cancels_in_its_first_poll_keeps_the_others_from_starting() {
    Builder::new().virtual_time().block_on(async {
        let started = Cell::new(0);
        let start = now();
        let ended = scope(async |s| {
            let token = s.token(); // somebody may listen: there is grace, and it is not needed
            let others = s.clone();
            s.spawn(async move { others.cancel("right away") });
            let handles = [(); 3].map(|()| {
                s.spawn(async {
                    started.set(started.get() + 1);
                    pending::<()>().await;
                })
            });
            token.cancelled().await;
            for handle in handles {
                let error = handle.await.unwrap_err();
                assert!(error.is_cancelled() && !error.is_never_started());
            }
        });
        ended.await.unwrap();
        assert_eq!(started.get(), 0);
        assert_eq!(now(), start);
    });
}

/// The same where nobody listens, the body included.
#[test]
fn without_listeners_a_cancelled_scope_ends_at_once() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let dropped = RefCell::default();
        let ended = scope(async |s| {
            let _body = Noted(&dropped, "body");
            s.spawn(async {
                let _child = Noted(&dropped, "child");
                pending::<()>().await;
            });
            yield_now().await;
            s.cancel("no reason");
            pending::<()>().await;
        });
        let error = ended.await.unwrap_err();
        assert!(error.is_cancelled() && error.failures().is_empty());
        assert_eq!(error.to_string(), "the scope was cancelled: no reason");
        assert_eq!(*dropped.borrow(), ["body", "child"]);
        assert_eq!(now(), start);
    });
}

#[test]
fn who_holds_the_token_may_finish_within_the_grace() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let log = RefCell::new(Vec::new());
        let ended = scope(async |s| {
            s.set_grace(secs(10));
            let (token, late) = (s.token(), s.token());
            let log = &log;
            s.spawn(async move {
                token.cancelled().await;
                assert_eq!(
                    token.reason(),
                    Some(CancelReason::Requested("supper".into()))
                );
                sleep(secs(3)).await;
                log.borrow_mut().push("finished");
            });
            s.spawn(async move {
                let _noted = Noted(log, "cut off");
                late.cancelled().await;
                sleep(secs(11)).await;
                log.borrow_mut().push("never said");
            });
            sleep(secs(1)).await;
            s.cancel("supper");
        });
        ended.await.unwrap();
        assert_eq!(*log.borrow(), ["finished", "cut off"]);
        assert_eq!(now() - start, secs(11));
    });
}

#[test]
fn the_grace_is_one_second_unless_said_otherwise_and_may_be_none() {
    let took = |grace: Option<Duration>| {
        Builder::new().virtual_time().block_on(async {
            let start = now();
            let ended = scope(async |s| {
                if let Some(grace) = grace {
                    s.set_grace(grace);
                }
                let _unused = s.token();
                s.spawn(pending::<()>());
                yield_now().await;
                s.cancel("");
            });
            ended.await.unwrap();
            now() - start
        })
    };
    assert_eq!(took(None), secs(1));
    assert_eq!(took(Some(Duration::ZERO)), Duration::ZERO);
    assert_eq!(took(Some(secs(60))), secs(60));
}

/// Broken by: not asking `is_closed` in `Scope::start`.
#[test]
fn a_child_of_a_cancelled_or_ended_scope_never_starts_and_says_so() {
    block_on(async {
        let polled = Rc::new(Cell::new(false));
        let poll = polled.clone();
        let kept = scope(async move |s: Scope<'static>| {
            s.cancel("first");
            let error = s.spawn(async move { poll.set(true) }).await.unwrap_err();
            assert!(error.is_never_started() && error.is_cancelled());
            assert!(error.to_string().contains("never started"));
            s
        });
        let s = kept.await.unwrap();
        assert_eq!(Rc::strong_count(&polled), 1, "dropped at once");
        let poll = polled.clone();
        let error = s.spawn(async move { poll.set(true) }).await.unwrap_err();
        assert!(error.is_never_started());
        s.cancel("again");
        s.defer(async {});
        yield_now().await;
        assert!(!polled.get());
    });
}

#[test]
fn a_child_that_spawns_siblings_for_ever_is_stopped() {
    fn endless(s: Scope<'_>) {
        let sibling = s.clone();
        s.spawn(async move {
            yield_now().await;
            endless(sibling.clone());
            endless(sibling);
        });
    }
    Builder::new().virtual_time().block_on(async {
        let ended = scope(async |s| {
            endless(s.clone());
            for _ in 0..8 {
                yield_now().await;
            }
            s.cancel("enough");
        });
        ended.await.unwrap();
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

#[test]
fn a_deadline_inside_lets_the_cleanups_run() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let saved = Cell::new(0);
        let ended = scope_with_deadline(start + secs(5), async |s| {
            s.defer(async {
                sleep(secs(2)).await;
                saved.set(saved.get() + 1);
            });
            s.spawn(pending::<()>());
            7
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.reason(), &CancelReason::Deadline);
        assert_eq!((saved.get(), now() - start), (1, secs(7)));
        assert_eq!(
            std::io::Error::from(error).kind(),
            std::io::ErrorKind::TimedOut
        );
    });
}

#[test]
fn a_deadline_that_cuts_nothing_off_is_no_error() {
    Builder::new().virtual_time().block_on(async {
        let deadline = now() + secs(5);
        let polite = scope_with_deadline(deadline, async |s| {
            let token = s.token();
            s.spawn(async move { token.cancelled().await });
            7
        });
        assert_eq!(polite.await.unwrap(), 7);
        assert_eq!(now(), deadline);
        let early = scope(async |s| {
            s.cancel_after(secs(9));
            s.cancel_after(secs(5));
            s.cancel_after(secs(7));
            pending::<()>().await;
        });
        assert!(early.await.unwrap_err().is_cancelled());
        assert_eq!(now(), deadline + secs(5), "the earliest counts");
    });
}

/// Dropped from outside: children and borrowing cleanups at once, the others go on.
/// Broken by: an empty drop of `ScopeFuture` (the children are leaked).
#[test]
fn a_scope_that_is_dropped_half_way_drops_its_children_at_once() {
    Builder::new().virtual_time().block_on(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let borrowed = String::from("here");
        let token = Cell::new(None);
        {
            let log = &*log;
            let static_log = Rc::new(RefCell::new(Vec::new()));
            let kept_log = static_log.clone();
            let endless = scope(async |s| {
                token.set(Some(s.token()));
                let in_static = static_log.clone();
                s.defer_static(async move {
                    sleep(secs(1)).await;
                    in_static.borrow_mut().push("static cleanup");
                });
                s.defer(async { log.borrow_mut().push("borrowing cleanup") });
                for _ in 0..2 {
                    s.spawn(async {
                        let _noted = Noted(log, "child");
                        sleep(secs(60)).await;
                        assert_eq!(borrowed.len(), 4);
                    });
                }
                pending::<()>().await;
            });
            assert!(timeout(secs(1), endless).await.is_err());
            assert_eq!(*log.borrow(), ["child", "child"]);
            assert!(kept_log.borrow().is_empty());
            sleep(secs(2)).await;
            assert_eq!(*kept_log.borrow(), ["static cleanup"]);
        }
        drop(borrowed);
        let token = token.take().unwrap();
        assert_eq!(token.reason(), Some(CancelReason::Dropped));
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

/// Broken by: `Cleanup::Static(future) => future` in `next_cleanup`.
#[test]
fn a_static_cleanup_that_has_begun_goes_on_when_the_scope_is_dropped() {
    Builder::new().virtual_time().block_on(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let (one, two) = (log.clone(), log.clone());
        let slow = scope(async move |s| {
            s.defer_static(async move { two.borrow_mut().push("second") });
            s.defer_static(async move {
                sleep(secs(2)).await;
                one.borrow_mut().push("first");
            });
        });
        assert!(timeout(secs(1), slow).await.is_err());
        sleep(secs(3)).await;
        log.borrow_mut().sort_unstable();
        assert_eq!(*log.borrow(), ["first", "second"]);

        // And its panic, and its limit, come out as anybody's.
        let ended = scope(async |s| {
            s.set_cleanup_limit(secs(2));
            s.defer_static(pending());
            s.defer_static(async { panic!("static") });
        });
        let error = ended.await.unwrap_err();
        assert_eq!((error.failures().len(), error.is_panic()), (2, true));
        yield_now().await; // the one that was too long sees that in its own turn
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

#[test]
fn a_task_with_a_scope_may_be_aborted_or_end_with_the_runtime() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let holds = log.clone();
    block_on(async {
        let endless = move |what: &'static str| {
            let log = holds.clone();
            async move {
                let log = &*log;
                let ended = scope(async |s| {
                    s.spawn(async {
                        let _noted = Noted(log, what);
                        pending::<()>().await;
                    });
                });
                ended.await.unwrap();
            }
        };
        let aborted = spawn(endless("aborted"));
        spawn(endless("ended"));
        yield_now().await;
        yield_now().await;
        aborted.abort();
        aborted.await.unwrap_err();
        assert_eq!(*log.borrow(), ["aborted"]);
        log.borrow_mut().push("over");
    });
}

#[test]
fn a_scope_that_was_never_polled_never_began() {
    block_on(async {
        let seen = Rc::new(());
        let held = seen.clone();
        drop(scope(async move |_| drop(held)));
        assert_eq!(Rc::strong_count(&seen), 1);
    });
}

/// Who cancels the outer scope cancels the inner ones, whose own cleanups run in the grace.
/// Broken by: a token without a parent in `Children::bind`.
#[test]
fn a_scope_within_is_cancelled_with_the_one_around_it() {
    Builder::new().virtual_time().block_on(async {
        let log = RefCell::new(Vec::new());
        let ended = scope(async |s| {
            s.spawn(async {
                let inner = scope(async |s| {
                    s.defer(async {
                        sleep(Duration::from_millis(500)).await;
                        log.borrow_mut().push("inner cleanup");
                    });
                    pending::<()>().await;
                });
                let reason = inner.await.unwrap_err().reason().clone();
                assert_eq!(reason, CancelReason::Requested("all of it".into()));
                log.borrow_mut().push("inner ended");
            });
            sleep(secs(1)).await;
            s.cancel("all of it");
        });
        ended.await.unwrap();
        assert_eq!(*log.borrow(), ["inner cleanup", "inner ended"]);
    });
}

#[test]
fn cancelling_the_token_cancels_the_scope_from_anywhere() {
    Builder::new().virtual_time().block_on(async {
        let ended = scope(async |s| {
            let token = s.token();
            spawn(async move {
                sleep(secs(1)).await;
                token.cancel_with("from a task outside");
            });
            s.cancelled().await;
            assert!(s.is_cancelled());
            s.token().reason().unwrap().to_string()
        });
        assert_eq!(ended.await.unwrap(), "cancelled: from a task outside");
    });
}

/// A future that was cut may hold its own scope's handle, children and all: no circle remains.
#[test]
fn nothing_is_left_of_a_scope_however_it_ends() {
    block_on(async {
        let seen = Rc::new(());
        for how in 0..4 {
            let held = seen.clone();
            let run = try_scope(async move |s| {
                for _ in 0..3 {
                    let (s, held) = (s.clone(), held.clone());
                    s.clone().spawn(async move {
                        yield_now().await;
                        pending::<()>().await;
                        drop((s, held));
                    });
                }
                let (circle, held) = (s.clone(), held.clone());
                s.defer(async move { drop((circle, held)) });
                match how {
                    0 => s.cancel("all"),
                    1 => return Err("failed"),
                    2 => panic!("oh"),
                    _ => pending().await,
                }
                Ok(())
            });
            drop(futures_lite::future::poll_once(run).await);
            yield_now().await;
            assert_eq!(Rc::strong_count(&seen), 1, "case {how}");
        }
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}
