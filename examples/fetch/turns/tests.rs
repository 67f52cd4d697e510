//! Downloads that wait, come back, and give up, under virtual time.

use std::cell::Cell;

use hob::time::{sleep, timeout};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn virtually<T>(future: impl Future<Output = T>) -> T {
    let runtime = hob::Builder::new().virtual_time().build().unwrap();
    runtime.block_on(future)
}

fn jobs(count: usize) -> Vec<Job> {
    let job = |_| Job::new("http://h/".parse().unwrap(), "x".into(), "x");
    (0..count).map(job).collect()
}

/// Runs `count` downloads of one host, each as `download` does it, to their end.
async fn run<F>(count: usize, jobs_at_once: usize, download: impl Fn(usize, Turn) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let options = Options {
        jobs: jobs_at_once,
        ..Options::default()
    };
    let turns = Turns::new(&jobs(count), &options);
    let mut tasks = Vec::new();
    while let Some((index, turn)) = turns.next().await {
        tasks.push(hob::spawn(download(index, turn)));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// A host that takes `most` at once and refuses the others, and how often it did.
#[derive(Default)]
struct Busy {
    most: usize,
    inside: Cell<usize>,
    served: Cell<usize>,
    refused: Cell<usize>,
}

impl Busy {
    async fn ask(&self) -> bool {
        if self.inside.get() >= self.most {
            self.refused.set(self.refused.get() + 1);
            return false;
        }
        self.inside.set(self.inside.get() + 1);
        sleep(SECOND / 10).await;
        self.inside.set(self.inside.get() - 1);
        self.served.set(self.served.get() + 1);
        true
    }
}

/// Broken by: counting a comeback of a crowd as a failure; never growing again.
#[test]
fn a_host_that_takes_ten_at_once_gives_everything_to_a_crowd_of_64() {
    let host = Rc::new(Busy {
        most: 10,
        ..Busy::default()
    });
    let failed = Rc::new(Cell::new(0));
    let end = virtually(async {
        let start = now();
        run(1000, 64, |_, mut turn| {
            let (host, failed) = (host.clone(), failed.clone());
            async move {
                while !host.ask().await {
                    match turn.refused(None, 0.5) {
                        Some(_) => turn.again().await,
                        None => return failed.set(failed.get() + 1),
                    }
                }
                turn.served();
            }
        })
        .await;
        now() - start
    });
    assert_eq!((host.served.get(), failed.get()), (1000, 0));
    // One by one it would be 100 s, and ten at once 10 s.
    assert!(host.refused.get() < 200, "{} refusals", host.refused.get());
    assert!(end < SECOND * 60, "{end:?}");
}

/// Broken by: resting for a host that gives nothing to anybody, again and again.
#[test]
fn a_host_that_refuses_everything_is_not_waited_for_for_ever() {
    let (asked, failed) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let end = virtually(async {
        let start = now();
        run(5000, 64, |_, mut turn| {
            let (asked, failed) = (asked.clone(), failed.clone());
            async move {
                loop {
                    sleep(SECOND / 100).await;
                    asked.set(asked.get() + 1);
                    match turn.refused(None, 0.0) {
                        Some(_) => turn.again().await,
                        None => return failed.set(failed.get() + 1),
                    }
                }
            }
        })
        .await;
        now() - start
    });
    assert_eq!(failed.get(), 5000);
    assert!(asked.get() < 5200, "{} requests", asked.get());
    assert!(end < SECOND * 150, "{end:?}");
}

#[test]
fn who_was_alone_or_is_told_to_wait_for_an_hour_has_failed() {
    virtually(run(1, 64, |_, mut turn| async move {
        assert_eq!(turn.refused(Some(SECOND), 0.0), None);
    }));
    virtually(run(2, 64, |_, mut turn| async move {
        assert_eq!(turn.refused(Some(SECOND * 3600), 0.0), None);
    }));
    assert_eq!(Turn::alone().refused(None, 0.0), None);
}

/// Broken by: forgetting nobody in `Waiting`.
#[test]
fn who_gives_up_waiting_does_not_hold_up_the_end() {
    let begun = Rc::new(Cell::new(0));
    virtually(run(3, 2, |index, mut turn| {
        let begun = begun.clone();
        async move {
            begun.set(begun.get() + 1);
            if index == 0 {
                let rest = turn.refused(Some(SECOND * 100), 0.0);
                assert_eq!(
                    rest.unwrap(),
                    Rest {
                        wait: SECOND * 100,
                        at_once: 1
                    }
                );
                assert!(timeout(SECOND, turn.again()).await.is_err());
            }
            sleep(SECOND).await;
        }
    }));
    assert_eq!(begun.get(), 3);
}
