//! What `hob::tasks` says about tasks that wait for time: the kind, and the line that waits.

use std::future::pending;
use std::time::Duration;

use hob::time::{interval, sleep, timeout};
use hob::{JoinHandle, Wait, WaitKind, block_on, spawn, tasks};

const HOUR: Duration = Duration::from_secs(3600);

/// The wait record of a task, once it has been polled.
async fn wait_of<T>(task: &JoinHandle<T>) -> Wait {
    hob::yield_now().await;
    let tasks = tasks();
    let task = tasks.iter().find(|info| info.id == task.id()).unwrap();
    task.wait.expect("it waits")
}

/// Broken by: leaving `trace::waits` out of `Sleep::poll`, or `track_caller` off `sleep`.
#[test]
fn a_sleeping_task_says_where_it_sleeps() {
    block_on(async {
        let line = line!() + 1;
        let task = spawn(async { sleep(HOUR).await });
        let wait = wait_of(&task).await;
        assert_eq!(wait.kind, WaitKind::Timer);
        assert_eq!((wait.at.file(), wait.at.line()), (file!(), line));
    });
}

/// Broken by: `TimerKey::number` giving the same for all.
#[test]
fn two_sleeps_wait_for_two_things() {
    block_on(async {
        let [one, two] = [spawn(sleep(HOUR)), spawn(sleep(HOUR))];
        let resources = [wait_of(&one).await.resource, wait_of(&two).await.resource];
        assert_ne!(resources[0], resources[1]);
    });
}

/// Broken by: leaving out `set_place` in `Interval::tick`.
#[test]
fn an_interval_says_where_its_tick_is_awaited_not_where_it_was_made() {
    block_on(async {
        let mut beat = interval(HOUR);
        beat.tick().await;
        let line = line!() + 1;
        let task = spawn(async move { beat.tick().await });
        let wait = wait_of(&task).await;
        assert_eq!((wait.kind, wait.at.line()), (WaitKind::Timer, line));
    });
}

/// Broken by: not putting the inner record back in `Timeout::poll`.
#[test]
fn a_timeout_says_what_is_inside_of_it_if_that_says_anything() {
    block_on(async {
        let line = line!() + 1;
        let silent = spawn(timeout(HOUR, pending::<()>()));
        let wait = wait_of(&silent).await;
        assert_eq!((wait.kind, wait.at.line()), (WaitKind::Timer, line));

        let outer = spawn(timeout(HOUR, silent));
        assert_eq!(wait_of(&outer).await.kind, WaitKind::Join);
    });
}
