//! A child is killed when it is told to, and only then.
#![cfg(all(unix, feature = "process"))]

mod process_support;

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use hob::process::{Command, Stdio};
use process_support::{run, settle, sh};

#[test]
fn kill_on_drop_kills() {
    run(async {
        let child = sh("exec sleep 1000").kill_on_drop(true).spawn().unwrap();
        let exited = child.exited();
        drop(child);
        assert_eq!(exited.await.unwrap().signal(), Some(9));
    });
}

/// Broken by: `kill_on_drop` taken for true in the drop of `Child`.
#[test]
fn without_it_a_dropped_child_goes_on() {
    run(async {
        let mut child = sh("read line; exit 4")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let (exited, stdin) = (child.exited(), child.stdin.take());
        drop(child);
        settle().await;
        drop(stdin);
        assert_eq!(exited.await.unwrap().code(), Some(4));
    });
}

#[test]
fn kill_waits_until_the_child_has_ended() {
    run(async {
        let mut child = sh("exec sleep 1000").spawn().unwrap();
        child.kill().await.unwrap();
        assert_eq!(child.id(), None);
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    });
}

/// Broken by: sending the signal by number, not through std, which knows that it was reaped.
#[test]
fn to_kill_one_that_has_ended_does_nothing() {
    run(async {
        let mut child = Command::new("true").spawn().unwrap();
        assert!(child.wait().await.unwrap().success());
        child.start_kill().unwrap();
        child.kill().await.unwrap();
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn a_limit_in_time_ends_a_command_that_is_killed_on_drop() {
    run(async {
        let mut command = sh("exec sleep 1000");
        command.kill_on_drop(true);
        for _ in 0..3 {
            let limit = Duration::from_millis(1);
            assert!(hob::time::timeout(limit, command.output()).await.is_err());
            assert!(hob::time::timeout(limit, command.status()).await.is_err());
        }
        while hob::metrics().live_tasks > 1 {
            hob::time::sleep(Duration::from_millis(1)).await;
        }
    });
}
