//! Under virtual time the clock stands still while a job runs, and goes on when it is over.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use hob::time::sleep;
use hob::{Builder, metrics, spawn_blocking};

const HOUR: Duration = Duration::from_secs(3600);

/// Broken by: leaving out `wake_when_quiet` before the sleep in `Inner::sleep`: nobody awaits
/// these jobs, so nothing else tells the loop that it may jump now, and it sleeps for ever.
#[test]
fn the_clock_jumps_as_soon_as_the_last_job_is_over() {
    let begin = Instant::now();
    Builder::new().virtual_time().block_on(async {
        for _ in 0..50 {
            drop(spawn_blocking(|| {
                std::thread::sleep(Duration::from_micros(200));
            }));
            sleep(HOUR).await;
        }
    });
    assert!(begin.elapsed() < HOUR);
}

/// Broken by: jumping while `busy` is not 0.
#[test]
fn the_clock_stands_still_while_a_job_runs() {
    Builder::new().virtual_time().block_on(async {
        for _ in 0..50 {
            let (go_on, told) = mpsc::channel();
            let job = spawn_blocking(move || told.recv());
            let first = futures_lite::future::or(
                async {
                    sleep(HOUR).await;
                    "hour"
                },
                async {
                    std::thread::spawn(move || go_on.send(()));
                    job.await.unwrap().unwrap();
                    "job"
                },
            );
            assert_eq!(first.await, "job");
        }
    });
}

/// Broken by: `live_jobs` taken from `Pool::busy`, which falls only after the awaiter's wake, or
/// `metrics` not asking the pool for the jobs that nobody awaited.
#[test]
fn a_job_whose_result_is_here_is_no_longer_counted() {
    Builder::new().block_on(async {
        for n in 1..=200 {
            hob::blocking::run(|| ()).await;
            let metrics = metrics();
            assert_eq!(metrics.live_jobs, 0);
            assert_eq!(metrics.counters.jobs_ended, n);
        }
        drop(spawn_blocking(|| ()));
        while metrics().counters.jobs_ended < 201 {
            hob::yield_now().await;
        }
    });
}
