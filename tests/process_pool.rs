//! A pool of worker processes: each way in which a job can fail is an error of its own, for
//! that job alone, and the next job finds a worker that is as good as new.
//!
//! This test has no harness: its workers are this program, so `main` must be ours.

#[cfg(unix)]
mod process_support;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    hob::process::worker_main(&pool::registry());
    pool::tests();
}

#[cfg(unix)]
mod pool {
    use std::cell::Cell;
    use std::io::Read;
    use std::rc::Rc;
    use std::time::Duration;

    use futures_lite::StreamExt;
    use futures_lite::future::poll_once;
    use hob::process::{Pool, PoolError, Registry, Stdio};
    use rustix::process::{WaitId, WaitIdOptions};

    use super::process_support::{main_of, open_descriptors, run, settle, state, until};

    const MIB: u64 = 1024 * 1024;

    struct PanicsToo;
    impl Drop for PanicsToo {
        fn drop(&mut self) {
            panic!("the second");
        }
    }

    pub(super) fn registry() -> Registry {
        Registry::new()
            .job("add", |(a, b): (u32, u32)| a + b)
            .job("echo", |text: String| text)
            .job("pid", |()| std::process::id())
            .job("panic", |text: String| -> () { panic!("{text}") })
            .job("panic twice", |()| -> () {
                let _too = PanicsToo;
                panic!("the first");
            })
            .job("panic with a number", |()| -> () {
                std::panic::panic_any(5)
            })
            .job("abort", |()| -> () { std::process::abort() })
            .job("exit", |code: i32| -> () { std::process::exit(code) })
            .job("for ever", |()| -> () {
                loop {
                    std::thread::sleep(Duration::from_secs(1));
                }
            })
            .job("say", |bytes: usize| "x".repeat(bytes))
            .job("allocate", |bytes: u64| {
                let memory: Vec<u8> = Vec::with_capacity(bytes as usize);
                std::hint::black_box(&memory).capacity() as u64
            })
            .job("stdin", |()| {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .map(|_| text)
                    .unwrap()
            })
            .job("print", |text: String| println!("{text}"))
            .job("pool", |()| drop(Pool::new(1)))
            .job("a pool of a program of its own", |()| {
                // It has our environment, and a socket for its stdin, and is no worker all the
                // same.
                let (_, socket) = std::os::unix::net::UnixStream::pair().unwrap();
                let program = std::env::current_exe().unwrap();
                let output = std::process::Command::new(program)
                    .arg("a_function_runs_in_another_process")
                    .stdin(std::os::fd::OwnedFd::from(socket))
                    .output()
                    .unwrap();
                String::from_utf8_lossy(&output.stdout).into_owned()
            })
            .job("loop", |n: u32| hob::block_on(async move { n + 1 }))
    }

    pub(super) fn tests() {
        if std::env::args().any(|arg| arg == "--parent-that-dies") {
            return parent_that_dies();
        }
        main_of(&[
            (
                "a_function_runs_in_another_process",
                a_function_runs_in_another_process,
            ),
            (
                "a_worker_is_kept_for_the_next_job",
                a_worker_is_kept_for_the_next_job,
            ),
            (
                "each_failure_is_an_error_of_its_own",
                each_failure_is_an_error_of_its_own,
            ),
            (
                "memory_beyond_the_limit_is_an_error_of_its_own",
                memory_beyond_the_limit,
            ),
            (
                "a_frame_beyond_the_limit_names_it",
                a_frame_beyond_the_limit_names_it,
            ),
            ("a_killed_worker_is_replaced", a_killed_worker_is_replaced),
            (
                "an_idle_worker_that_dies_is_passed_over",
                an_idle_worker_that_dies_is_passed_over,
            ),
            (
                "a_job_that_is_given_up_is_stopped",
                a_job_that_is_given_up_is_stopped,
            ),
            (
                "jobs_wait_for_a_worker_in_turn",
                jobs_wait_for_a_worker_in_turn,
            ),
            (
                "map_keeps_the_order_and_its_distance",
                map_keeps_the_order_and_its_distance,
            ),
            ("map_goes_on_behind_a_failure", map_goes_on_behind_a_failure),
            (
                "a_worker_must_not_have_a_pool",
                a_worker_must_not_have_a_pool,
            ),
            (
                "what_a_job_starts_is_no_worker",
                what_a_job_starts_is_no_worker,
            ),
            ("stdin_is_empty_and_stdout_is_the_parents", stdin_is_empty),
            ("an_idle_worker_ends_in_time", an_idle_worker_ends_in_time),
            (
                "virtual_time_stands_still_during_a_job",
                virtual_time_stands_still,
            ),
            (
                "a_dropped_pool_leaves_nothing_behind",
                a_dropped_pool_leaves_nothing_behind,
            ),
            (
                "workers_end_with_a_parent_that_dies",
                workers_end_with_a_parent_that_dies,
            ),
        ]);
    }

    async fn add(pool: &Pool) -> u32 {
        pool.run("add", &(40, 2)).await.unwrap()
    }

    async fn pid(pool: &Pool) -> u32 {
        pool.run("pid", &()).await.unwrap()
    }

    fn a_function_runs_in_another_process() {
        run(async {
            let pool = Pool::new(1);
            assert_eq!(add(&pool).await, 42);
            assert_ne!(pid(&pool).await, std::process::id());
            let looped: u32 = pool.run("loop", &41).await.unwrap();
            assert_eq!(looped, 42);
        });
    }

    fn a_worker_is_kept_for_the_next_job() {
        run(async {
            let pool = Pool::new(3);
            let first = pid(&pool).await;
            for _ in 0..10 {
                assert_eq!(pid(&pool).await, first);
            }
            assert_eq!(pool.idle_workers(), [first]);
            pool.start().await.unwrap();
            assert_eq!(pool.idle_workers().len(), 3);
        });
    }

    /// Broken by: a match arm of `autopsy` or `answer` that gives another variant.
    fn each_failure_is_an_error_of_its_own() {
        run(async {
            let pool = Pool::new(1);
            let mut worker = pid(&pool).await;
            // Those after which the worker is thrown away.
            for n in 0..6 {
                let name = [
                    "panic",
                    "panic twice",
                    "panic with a number",
                    "abort",
                    "exit",
                    "pool",
                ][n];
                let failed: Result<(), PoolError> = match n {
                    0 => pool.run(name, "on purpose").await,
                    4 => pool.run(name, &7).await,
                    _ => pool.run(name, &()).await,
                };
                match (n, failed.unwrap_err()) {
                    (0, PoolError::Panicked(text)) => {
                        assert!(
                            text.contains("on purpose") && text.contains(file!()),
                            "{text}"
                        );
                    }
                    (1, PoolError::Panicked(text)) => assert!(text.contains("the first"), "{text}"),
                    (2, PoolError::Panicked(_)) => {}
                    (3, PoolError::Killed { signal }) => assert_eq!(signal, libc::SIGABRT),
                    (4, PoolError::Exited(status)) => assert_eq!(status.code(), Some(7)),
                    (5, PoolError::Panicked(text)) => assert!(text.contains("worker_main")),
                    (_, other) => panic!("{name}: {other:?}"),
                }
                let next = pid(&pool).await;
                assert_ne!(next, worker, "{name}: the worker is replaced");
                worker = next;
            }
            // Those that it survives.
            let missing: Result<(), _> = pool.run("no such job", &()).await;
            assert!(matches!(missing, Err(PoolError::UnknownJob(name)) if name == "no such job"));
            let other: Result<(), _> = pool.run("add", "no numbers").await;
            assert!(matches!(other, Err(PoolError::Encoding(_))));
            let other: Result<String, _> = pool.run("add", &(1, 2)).await;
            assert!(matches!(other, Err(PoolError::Encoding(_))));
            assert_eq!(pid(&pool).await, worker);
        });
    }

    /// Broken by: leaving out `setrlimit`, or the arm with `OutOfMemory`.
    fn memory_beyond_the_limit() {
        run(async {
            let pool = Pool::builder().workers(1).memory_limit(64 * MIB).build();
            let fits: u64 = pool.run("allocate", &(16 * MIB)).await.unwrap();
            assert_eq!(fits, 16 * MIB);
            if cfg!(target_os = "linux") {
                let more: Result<u64, _> = pool.run("allocate", &(512 * MIB)).await;
                let limit = 64 * MIB;
                assert!(matches!(more, Err(PoolError::OutOfMemory { limit: l }) if l == limit));
            }
            let panicked: Result<(), _> = pool.run("panic twice", &()).await;
            assert!(matches!(panicked, Err(PoolError::Panicked(_))));
            assert_eq!(add(&pool).await, 42);
        });
    }

    fn a_frame_beyond_the_limit_names_it() {
        run(async {
            let pool = Pool::builder().workers(1).max_frame_bytes(1000).build();
            let worker = pid(&pool).await;
            // The quotes count, too.
            let fits: String = pool.run("echo", &"x".repeat(998)).await.unwrap();
            assert_eq!(fits.len(), 998);
            let request: Result<String, _> = pool.run("echo", &"x".repeat(999)).await;
            let answer: Result<String, _> = pool.run("say", &1_000_000).await;
            for (failed, said) in [(request, "request of 1001"), (answer, "answer of 1000002")] {
                let error = failed.unwrap_err();
                assert!(matches!(error, PoolError::TooLong { .. }));
                let text = error.to_string();
                assert!(
                    text.contains(said) && text.contains("max_frame_bytes, 1000"),
                    "{text}"
                );
            }
            assert_eq!(pid(&pool).await, worker, "it is none the worse for it");

            let much = "x".repeat(3_000_000);
            let back: String = Pool::new(1).run("echo", &much).await.unwrap();
            assert!(back == much);
        });
    }

    fn kill(pid: u32) {
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    fn a_killed_worker_is_replaced() {
        run(async {
            let pool = Pool::new(1);
            let worker = pid(&pool).await;
            let mut job = pool.run::<_, ()>("for ever", &());
            assert!(poll_once(&mut job).await.is_none());
            settle().await;
            kill(worker);
            assert!(matches!(job.await, Err(PoolError::Killed { signal: 9 })));
            assert_ne!(pid(&pool).await, worker);
        });
    }

    /// Broken by: no `is_alive` in `take_idle`.
    fn an_idle_worker_that_dies_is_passed_over() {
        run(async {
            let pool = Pool::new(1);
            let worker = pid(&pool).await;
            kill(worker);
            // Its main thread may be a zombie before the other has ended. This waits for both.
            let which = rustix::process::Pid::from_raw(worker.cast_signed()).unwrap();
            let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            rustix::process::waitid(WaitId::Pid(which), how).unwrap();
            assert_eq!(add(&pool).await, 42);
        });
    }

    /// Broken by: `kill_on_drop(false)` in `spawn`.
    fn a_job_that_is_given_up_is_stopped() {
        run(async {
            let pool = Pool::new(1);
            for _ in 0..3 {
                let worker = pid(&pool).await;
                let mut job = pool.run::<_, ()>("for ever", &());
                assert!(poll_once(&mut job).await.is_none());
                settle().await;
                drop(job);
                until(|| matches!(state(worker), None | Some('Z')), "it goes on");
                assert_ne!(pid(&pool).await, worker);
            }
            // Given up while it waits for a worker, and before it was polled.
            let mut first = pool.run::<_, ()>("for ever", &());
            let mut second = pool.run::<_, ()>("for ever", &());
            assert!(poll_once(&mut first).await.is_none());
            assert!(poll_once(&mut second).await.is_none());
            drop(pool.run::<_, ()>("for ever", &()));
            drop((first, second));
            assert_eq!(add(&pool).await, 42);
        });
    }

    fn jobs_wait_for_a_worker_in_turn() {
        run(async {
            let pool = Rc::new(Pool::new(2));
            let done = Rc::new(Cell::new(0));
            let jobs: Vec<_> = (0..20)
                .map(|n| {
                    let (pool, done) = (pool.clone(), done.clone());
                    hob::spawn(async move {
                        let sum: u32 = pool.run("add", &(n, 1)).await.unwrap();
                        done.set(done.get() + 1);
                        sum
                    })
                })
                .collect();
            for (n, job) in jobs.into_iter().enumerate() {
                assert_eq!(job.await.unwrap(), n as u32 + 1);
            }
            assert_eq!(done.get(), 20);
            assert!(pool.idle_workers().len() <= 2);
        });
    }

    fn map_keeps_the_order_and_its_distance() {
        run(async {
            let pool = Pool::new(2);
            let asked = Rc::new(Cell::new(0));
            let requests = (0..50_u32).map({
                let asked = asked.clone();
                move |n| {
                    asked.set(asked.get() + 1);
                    (n, n)
                }
            });
            let mut sums = pool.map::<_, u32, _>("add", requests);
            for n in 0..50 {
                assert_eq!(sums.next().await.unwrap().unwrap(), 2 * n);
                assert!(
                    asked.get() <= n + 5,
                    "{} were asked for at {n}",
                    asked.get()
                );
            }
            assert!(sums.next().await.is_none());
            assert!(sums.next().await.is_none());
        });
    }

    fn map_goes_on_behind_a_failure() {
        run(async {
            let pool = Pool::new(2);
            let sizes = [1, 30_000_000, 2, 3];
            let said: Vec<_> = pool.map::<_, String, _>("say", sizes).collect().await;
            let lengths: Vec<_> = said
                .iter()
                .map(|said| said.as_ref().ok().map(String::len))
                .collect();
            assert_eq!(lengths, [Some(1), None, Some(2), Some(3)]);
            let mut never = pool.map::<_, (), _>("for ever", [(), (), ()]);
            assert!(poll_once(never.next()).await.is_none());
            drop(never);
            assert_eq!(add(&pool).await, 42);
        });
    }

    /// No fork bomb. Broken by: no `is_worker` in `build`.
    fn a_worker_must_not_have_a_pool() {
        run(async {
            let refused: Result<(), _> = Pool::new(1).run("pool", &()).await;
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("must not have a pool"), "{error}");
        });
    }

    /// Broken by: `of_this_process` that asks for the variable only.
    fn what_a_job_starts_is_no_worker() {
        run(async {
            let pool = Pool::new(1);
            let said = pool.run("a pool of a program of its own", &());
            let said: String = said.await.unwrap();
            assert!(said.contains("1 passed"), "{said}");
        });
    }

    /// What is printed comes out of this test, and stdin does not.
    fn stdin_is_empty() {
        run(async {
            let pool = Pool::new(1);
            let text: String = pool.run("stdin", &()).await.unwrap();
            assert_eq!(text, "");
            let () = pool
                .run("print", "(this line was printed by a worker)")
                .await
                .unwrap();
            assert_eq!(add(&pool).await, 42);
        });
    }

    fn an_idle_worker_ends_in_time() {
        hob::Builder::new().virtual_time().block_on(async {
            let limit = Duration::from_secs(10);
            let pool = Pool::builder().workers(2).idle_timeout(limit).build();
            pool.start().await.unwrap();
            assert_eq!(pool.idle_workers().len(), 2);
            hob::time::sleep(limit / 2).await;
            let used = pid(&pool).await;
            hob::time::sleep(limit * 3 / 4).await;
            assert_eq!(pool.idle_workers(), [used]);
            hob::time::sleep(limit).await;
            assert!(pool.idle_workers().is_empty());
            assert_eq!(add(&pool).await, 42);
        });
    }

    fn virtual_time_stands_still() {
        hob::Builder::new().virtual_time().block_on(async {
            let pool = Pool::new(1);
            let before = hob::time::now();
            let sum =
                hob::time::timeout(Duration::from_nanos(1), pool.run::<_, u32>("add", &(1, 2)));
            assert_eq!(sum.await.unwrap().unwrap(), 3);
            assert_eq!(hob::time::now(), before);
        });
    }

    fn a_dropped_pool_leaves_nothing_behind() {
        run(async {
            settle().await;
            let before = (open_descriptors(), hob::metrics());
            for _ in 0..5 {
                let limit = Duration::from_secs(1000);
                let pool = Pool::builder().workers(3).idle_timeout(limit).build();
                pool.start().await.unwrap();
                let workers = pool.idle_workers();
                let failed: Result<(), _> = pool.run("panic", "and leave nothing").await;
                failed.unwrap_err();
                drop(pool);
                while hob::metrics().live_tasks > before.1.live_tasks {
                    hob::time::sleep(Duration::from_millis(1)).await;
                }
                assert!(workers.into_iter().all(|worker| state(worker).is_none()));
                assert_eq!(open_descriptors(), before.0);
                assert_eq!(hob::metrics().live_sources, before.1.live_sources);
                assert_eq!(hob::metrics().live_timers, before.1.live_timers);
            }
        });
    }

    /// Broken by: reading requests on the main thread, which is busy with the job.
    fn workers_end_with_a_parent_that_dies() {
        run(async {
            let program = std::env::current_exe().unwrap();
            let mut parent = hob::process::Command::new(program);
            parent.arg("--parent-that-dies").stdout(Stdio::piped());
            let mut parent = parent.spawn().unwrap();
            let mut said = String::new();
            let mut stdout = parent.stdout.take().unwrap();
            while !said.ends_with('\n') {
                let mut byte = [0];
                stdout.read_exact(&mut byte).await.unwrap();
                said.push(byte[0].into());
            }
            let worker = said.trim().parse().unwrap();
            assert!(matches!(state(worker), Some('S' | 'R')));
            parent.kill().await.unwrap();
            // Its new parent may take its time to reap it.
            until(
                || matches!(state(worker), None | Some('Z')),
                "the worker goes on",
            );
        });
    }

    fn parent_that_dies() {
        run(async {
            let pool = Pool::new(1);
            let worker = pid(&pool).await;
            let mut job = pool.run::<_, ()>("for ever", &());
            assert!(poll_once(&mut job).await.is_none());
            settle().await;
            println!("{worker}");
            let _ = job.await;
        });
    }
}
