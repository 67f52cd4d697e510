//! Any number of tasks may wait for the end of one child, again and again, and give it up.
#![cfg(all(unix, feature = "process"))]

mod process_support;

use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;

use futures_lite::future::poll_once;
use hob::process::{Command, Stdio};
use process_support::{run, settle, sh};

/// Trap 46. Broken by: parking in one place instead of a list in `Shared::park`; or taking only
/// the first waiter in `Shared::change`.
#[test]
fn all_tasks_that_wait_for_one_child_are_told_the_same() {
    run(async {
        let mut command = sh("read line; exit 7");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let tasks: Vec<_> = (0..10).map(|_| hob::spawn(child.exited())).collect();
        settle().await;
        tasks[3].abort();
        assert_eq!(child.wait().await.unwrap().code(), Some(7));
        for (n, task) in tasks.into_iter().enumerate() {
            match task.await {
                Ok(status) => assert_eq!(status.unwrap().code(), Some(7)),
                Err(error) => assert!(n == 3 && error.is_cancelled()),
            }
        }
        // Once more, after the end.
        assert_eq!(child.wait().await.unwrap().code(), Some(7));
        assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(7));
    });
}

/// Trap 46. Broken by: `unwrap()` on the answer of `look` in either `ended`, which an early
/// wake makes `None`.
#[test]
fn the_ends_of_other_children_and_signals_without_an_end_wake_nobody_for_good() {
    run(async {
        let mut long = sh("read line; exit 9");
        let mut long = long.stdin(Stdio::piped()).spawn().unwrap();
        let waiting = hob::spawn(long.exited());
        for _ in 0..50 {
            assert!(sh("kill -CHLD $PPID").status().await.unwrap().success());
        }
        assert!(!waiting.is_finished());
        drop(long.stdin.take());
        assert_eq!(waiting.await.unwrap().unwrap().code(), Some(9));
    });
}

#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    run(async {
        let mut command = sh("read line");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        for _ in 0..3 {
            assert!(poll_once(child.wait()).await.is_none());
            let limited = hob::time::timeout(Duration::from_millis(1), child.wait()).await;
            assert!(limited.is_err());
        }
        drop(stdin);
        assert!(!child.wait().await.unwrap().success(), "read met the end");
    });
}

/// Trap 13. Broken by: keeping the first waker in `Shared::park`.
#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_called() {
    struct Count(std::sync::atomic::AtomicU32);
    impl std::task::Wake for Count {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    run(async {
        let mut command = sh("read line");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut exited = std::pin::pin!(child.exited());
        let counts = [(); 2].map(|()| std::sync::Arc::new(Count(0.into())));
        for count in &counts {
            let waker = count.clone().into();
            assert!(
                exited
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        child.wait().await.unwrap();
        let called = counts.map(|count| count.0.load(std::sync::atomic::Ordering::Relaxed));
        assert_eq!(called, [0, 1]);
    });
}

#[test]
fn a_status_says_by_which_signal_it_ended() {
    run(async {
        let status = sh("kill -TERM $$").status().await.unwrap();
        assert_eq!((status.code(), status.signal()), (None, Some(15)));
    });
}

/// The loop goes on while a child is waited for.
#[test]
fn other_tasks_run_while_one_waits() {
    run(async {
        let mut command = sh("read line");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let turns = Rc::new(Cell::new(0));
        let counting = turns.clone();
        hob::spawn(async move {
            for _ in 0..100 {
                counting.set(counting.get() + 1);
                hob::yield_now().await;
            }
            drop(stdin);
        });
        child.wait().await.unwrap();
        assert_eq!(turns.get(), 100);
    });
}

#[test]
fn a_task_that_waits_for_a_child_says_which() {
    run(async {
        let mut command = sh("read line");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let pid = child.id().unwrap();
        let _waiting = hob::spawn_named("waiter", child.exited());
        settle().await;
        let tasks = hob::tasks();
        let named = |name: &str| tasks.iter().find(|task| task.name.as_deref() == Some(name));
        let wait = named("waiter").unwrap().wait.unwrap();
        assert_eq!(
            (wait.kind, wait.resource),
            (hob::WaitKind::Process, pid.into())
        );
        assert_eq!(wait.at.file(), file!());
        assert!(
            named(&format!("process {pid}")).is_some(),
            "the reaper is a task, too"
        );
        child.wait().await.unwrap();
        assert_eq!(child.id(), None);
    });
}

#[test]
fn a_child_that_somebody_else_reaps_is_an_error_and_no_hang() {
    run(async {
        let mut child = sh("exit 0").spawn().unwrap();
        let pid = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed());
        rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap();
        let error = child.wait().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECHILD));
    });
}

#[test]
fn a_child_that_was_never_waited_for_can_be_asked() {
    run(async {
        let mut child = Command::new("true").spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            hob::yield_now().await;
        }
        assert!(child.wait().await.unwrap().success());
    });
}
