//! Every child is reaped: one turn of the loop after its end, whether or not anybody waits for
//! it; and where its runtime ends first, soon after. Nothing else stays behind either.
#![cfg(all(target_os = "linux", feature = "process"))]

mod process_support;

use std::cell::RefCell;
use std::time::Duration;

use hob::process::{Child, Command, Stdio};
use process_support::{
    alone, limited, open_descriptors, run, settle, sh, state, until, until_zombie,
};

/// Broken by: not starting the reaper in `adopt_watched` (then only who waits reaps).
#[test]
fn a_dropped_child_is_reaped_one_turn_after_its_end() {
    run(async {
        let mut child = sh("read line").stdin(Stdio::piped()).spawn().unwrap();
        let pid = child.id().unwrap();
        let stdin = child.stdin.take();
        drop(child);
        settle().await;
        assert!(matches!(state(pid), Some('S' | 'R' | 'D')), "it goes on");
        drop(stdin);
        until_zombie(pid);
        hob::yield_now().await;
        assert_eq!(state(pid), None);
    });
}

#[test]
fn a_child_that_lives_on_in_a_variable_is_reaped_as_well() {
    run(async {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id().unwrap();
        until_zombie(pid);
        hob::yield_now().await;
        assert_eq!((state(pid), child.id()), (None, None));
        assert!(child.wait().await.unwrap().success());
    });
}

/// Trap 46. Broken by: asking for one end only at each signal or event.
#[test]
fn a_thousand_short_children_leave_nothing_behind() {
    let name = "a_thousand_short_children_leave_nothing_behind";
    alone(name, 256, || {
        run(async {
            let mut warm = Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
            warm.wait().await.unwrap();
            drop(warm);
            settle().await;
            let before = (open_descriptors(), hob::metrics());
            for batch in 0..50 {
                let children: Vec<Child> = (0..20)
                    .map(|_| Command::new("true").stdout(Stdio::piped()).spawn().unwrap())
                    .collect();
                for (n, mut child) in children.into_iter().enumerate() {
                    // Some are waited for, some are dropped.
                    if (n + batch) % 2 == 0 {
                        assert!(child.wait().await.unwrap().success());
                    }
                }
                while hob::metrics().live_tasks > before.1.live_tasks {
                    hob::time::sleep(Duration::from_millis(1)).await;
                }
            }
            settle().await;
            let after = hob::metrics();
            assert_eq!(open_descriptors(), before.0);
            assert_eq!(after.live_sources, before.1.live_sources);
            assert_eq!(after.live_timers, before.1.live_timers);
            assert_eq!(after.live_jobs, before.1.live_jobs);
            assert_eq!(children_of_this_process(), 0);
        });
        assert_eq!(children_of_this_process(), 0);
    });
}

fn children_of_this_process() -> usize {
    let children = std::fs::read_dir("/proc/self/task").unwrap().map(|task| {
        let path = task.unwrap().path().join("children");
        // A thread may have ended meanwhile.
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.split_whitespace().count()
    });
    children.sum()
}

/// Broken by: nothing done in `leave` where the child was killed.
#[test]
fn a_killed_child_is_reaped_before_the_end_of_its_runtime_returns() {
    let pid = run(async {
        let child = sh("sleep 1000").kill_on_drop(true).spawn().unwrap();
        child.id().unwrap()
    });
    assert_eq!(state(pid), None);
}

/// The task that holds the child is dropped after the reaper, or before it.
#[test]
fn children_held_by_tasks_are_killed_and_reaped_at_the_end_too() {
    let mut pids = Vec::new();
    let seen = std::rc::Rc::new(RefCell::new(Vec::new()));
    run(async {
        for _ in 0..3 {
            let seen = seen.clone();
            hob::spawn(async move {
                let mut child = sh("exec sleep 1000").kill_on_drop(true).spawn().unwrap();
                seen.borrow_mut().push(child.id().unwrap());
                child.wait().await
            });
            hob::yield_now().await;
        }
        pids.append(&mut seen.borrow_mut());
    });
    assert_eq!(pids.len(), 3);
    for pid in pids {
        assert_eq!(state(pid), None);
    }
}

/// Broken by: `Leftovers::take_in` that only drops the child.
#[test]
fn a_child_that_outlives_its_runtime_is_reaped_when_it_ends() {
    let (pid, stdin) = run(async {
        let mut child = sh("read line").stdin(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        (child.id().unwrap(), Stdin(Some(stdin)))
    });
    assert!(
        matches!(state(pid), Some('S' | 'R' | 'D')),
        "it was not killed"
    );
    drop(stdin);
    until(|| state(pid).is_none(), "nobody reaped it");
}

/// Keeps a pipe open beyond its runtime.
struct Stdin(#[expect(dead_code)] Option<hob::process::ChildStdin>);

#[test]
fn a_child_carried_out_of_its_runtime_answers_with_an_error() {
    let mut child = run(async { sh("exec sleep 1000").spawn().unwrap() });
    child.start_kill().unwrap();
    let error = run(child.wait()).unwrap_err();
    assert!(error.to_string().contains("runtime"), "{error}");
}

/// Broken by: the reaper of the fallback, `sigchld::Watch`, sleeping before its first look.
#[test]
fn a_child_that_has_ended_before_anybody_looks_is_seen() {
    hob::block_on(limited(async {
        for _ in 0..20 {
            let child = Command::new("true").spawn().unwrap();
            until_zombie(child.id().unwrap());
            assert!(child.exited().await.unwrap().success());
        }
    }));
}
