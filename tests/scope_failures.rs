//! What goes wrong in a scope comes out of it, all of it: errors, panics, in bodies, children,
//! destructors and cleanups.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use hob::sync::CancelReason;
use hob::time::{now, sleep};
use hob::{Builder, Failure, ScopeError, block_on, scope, try_scope, yield_now};

fn texts<E: std::fmt::Display>(error: &ScopeError<E>) -> Vec<String> {
    error.failures().iter().map(ToString::to_string).collect()
}

/// Drops with a panic.
struct Bomb(&'static str);
impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

#[test]
fn an_error_of_a_child_cancels_the_others_and_comes_out() {
    Builder::new().virtual_time().block_on(async {
        let dropped = Cell::new(false);
        let ended = try_scope(async |s| {
            s.spawn(async {
                struct Sets<'a>(&'a Cell<bool>);
                impl Drop for Sets<'_> {
                    fn drop(&mut self) {
                        self.0.set(true);
                    }
                }
                let _sets = Sets(&dropped);
                pending::<()>().await;
            });
            let failing = s.try_spawn(async {
                sleep(Duration::from_secs(1)).await;
                Err::<(), _>("no milk")
            });
            assert!(failing.await.unwrap_err().is_failed());
            pending::<Result<(), _>>().await
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.first_error(), Some(&"no milk"));
        assert_eq!(error.reason(), &CancelReason::Failure);
        assert_eq!(error.to_string(), "a task of the scope failed: no milk");
        assert!(dropped.get() && !error.is_panic() && !error.is_cancelled());
    });
}

/// Broken by: keeping only the first failure.
#[test]
fn errors_that_come_after_the_first_are_kept_in_their_order() {
    Builder::new().virtual_time().block_on(async {
        let ended = try_scope(async |s| {
            for (after, what) in [(2, "second"), (1, "first"), (3, "third")] {
                let token = s.token();
                s.try_spawn(async move {
                    token
                        .run_until_cancelled(sleep(Duration::from_secs(after)))
                        .await;
                    sleep(Duration::from_millis(after * 10)).await;
                    Err::<(), _>(what)
                });
            }
            s.cancelled().await;
            Err::<(), _>("body")
        });
        let error = ended.await.unwrap_err();
        // The body hears of the first at once, the others need some milliseconds more.
        assert_eq!(texts(&error), ["first", "body", "second", "third"]);
        let first_and_more = "a task of the scope failed: first (and 3 more)";
        assert_eq!(error.to_string(), first_and_more);
        assert_eq!(error.into_failures().len(), 4);
    });
}

#[test]
fn a_panic_of_a_child_comes_out_as_an_error_and_cancels_the_others() {
    block_on(async {
        let ended = scope(async |s| {
            s.spawn(pending::<()>());
            let panics = s.spawn(async { panic!("not my day") });
            let error: hob::JoinError = panics.await.unwrap_err();
            assert!(error.is_failed() && !error.is_panic() && !error.is_cancelled());
            pending::<()>().await;
        });
        let error = ended.await.unwrap_err();
        assert!(error.is_panic());
        assert!(texts(&error)[0].contains("not my day"));
        let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            error.resume_panic();
        }));
        assert_eq!(
            payload.unwrap_err().downcast_ref(),
            Some(&"not my day"),
            "the payload itself"
        );
    });
}

#[test]
fn a_panic_or_an_error_of_the_body_cancels_the_children() {
    block_on(async {
        let ended = scope(async |s| {
            s.spawn(pending::<()>());
            yield_now().await;
            panic!("body");
        });
        let error = ended.await.unwrap_err();
        assert!(error.is_panic());

        let ended = try_scope(async |s| {
            s.spawn(pending::<()>());
            yield_now().await;
            Err::<(), _>("body")
        });
        assert_eq!(ended.await.unwrap_err().first_error(), Some(&"body"));
    });
}

#[test]
fn panics_in_destructors_are_told_too() {
    block_on(async {
        let ended = scope(async |s| {
            // Of one that is cut, and of a child that returns.
            s.spawn(async {
                let _bomb = Bomb("cut");
                pending::<()>().await;
            });
            s.spawn(async {
                let _bomb = Bomb("returning");
            });
            yield_now().await;
            pending::<()>().await;
        });
        let error = ended.await.unwrap_err();
        let texts = texts(&error);
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("returning") && texts[1].contains("cut"));

        // The result of a child goes with its handle, not through the scope.
        let quiet = scope(async |s| {
            drop(s.spawn(async { Bomb("nobody's") }));
        });
        quiet.await.unwrap();
        assert_eq!(hob::metrics().live_tasks, 1);
    });
}

#[test]
fn cleanups_run_in_reverse_order_however_the_scope_ends() {
    block_on(async {
        for fails in [false, true] {
            let log = RefCell::new(Vec::new());
            let ended = try_scope(async |s| {
                for name in ["c", "b", "a"] {
                    let log = &log;
                    s.defer(async move {
                        yield_now().await;
                        log.borrow_mut().push(name);
                    });
                }
                s.spawn(async { log.borrow_mut().push("child") });
                yield_now().await;
                if fails { Err("failed") } else { Ok(()) }
            });
            assert_eq!(ended.await.is_err(), fails);
            assert_eq!(*log.borrow(), ["child", "a", "b", "c"]);
        }
    });
}

#[test]
fn a_panic_of_one_cleanup_does_not_keep_the_others_from_running() {
    block_on(async {
        let ran = Cell::new(0);
        let ended = scope(async |s| {
            s.defer(async { ran.set(ran.get() + 1) });
            s.defer(async { panic!("in a cleanup") });
            s.defer(async { ran.set(ran.get() + 1) });
            7
        });
        let error = ended.await.unwrap_err();
        assert!(texts(&error)[0].contains("in a cleanup"));
        assert_eq!(ran.get(), 2);
    });
}

#[test]
fn cleanups_that_take_too_long_are_dropped_and_told() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let ran = Cell::new(0);
        let ended = scope(async |s| {
            s.set_cleanup_limit(Duration::from_secs(2));
            s.defer(async { ran.set(100) });
            s.defer(pending::<()>());
            s.defer(async {
                sleep(Duration::from_secs(1)).await;
                ran.set(ran.get() + 1);
            });
        });
        let error = ended.await.unwrap_err();
        assert!(matches!(error.failures(), [Failure::CleanupTooLong]));
        assert_eq!((ran.get(), now() - start), (1, Duration::from_secs(2)));
    });
}

#[test]
fn cleanups_may_defer_more_and_have_a_limit_of_five_seconds() {
    Builder::new().virtual_time().block_on(async {
        let start = now();
        let ended = scope(async |s| {
            fn again<'env>(s: hob::Scope<'env>) {
                let next = s.clone();
                s.defer(async move {
                    sleep(Duration::from_secs(1)).await;
                    again(next);
                });
            }
            again(s);
        });
        assert_eq!(ended.await.unwrap_err().failures().len(), 1);
        assert_eq!(now() - start, Duration::from_secs(5));
    });
}

#[test]
fn a_scope_that_is_dropped_while_something_panics_does_no_harm() {
    block_on(async {
        let task = hob::spawn(async {
            let mut endless = Box::pin(scope(async |s| {
                s.spawn(async {
                    let _bomb = Bomb("while unwinding");
                    pending::<()>().await;
                });
                pending::<()>().await;
            }));
            assert!(
                futures_lite::future::poll_once(&mut endless)
                    .await
                    .is_none()
            );
            yield_now().await;
            assert!(
                futures_lite::future::poll_once(&mut endless)
                    .await
                    .is_none()
            );
            panic!("the owner");
        });
        let error = task.await.unwrap_err();
        assert!(error.to_string().contains("the owner"));
    });
}

#[test]
fn errors_go_on_as_io_errors_and_sources() {
    use std::error::Error;
    use std::io;
    block_on(async {
        async fn reads() -> io::Result<()> {
            try_scope(async |s| {
                s.try_spawn(async { Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)) });
                Ok::<(), io::Error>(())
            })
            .await?;
            Ok(())
        }
        assert_eq!(reads().await.unwrap_err().kind(), io::ErrorKind::NotFound);
        let ended = try_scope(async |_| "x".parse::<u8>().map(|_| ()));
        assert!(ended.await.unwrap_err().source().is_some());
        let cancelled: ScopeError<Infallible> = scope(async |s| {
            s.cancel("");
            pending::<()>().await;
        })
        .await
        .unwrap_err();
        assert_eq!(
            io::Error::from(cancelled).kind(),
            io::ErrorKind::Interrupted
        );
    });
}
