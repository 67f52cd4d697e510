//! Which threads there are, which of them runs a job, and what they leave behind.

use super::super::super::idle::Watch;
use super::*;
use crate::blocking::leftover::Leftover;

/// Broken by: running DNS jobs in the general lane.
#[test]
fn ten_dead_resolvers_and_a_silent_terminal_stop_no_other_job() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let (silence, listen) = mpsc::channel::<()>();
    let listen = Arc::new(Mutex::new(listen));
    let dead = |lane| {
        let listen = listen.clone();
        start(Location::caller(), lane, Class::Free, move || {
            let _ = listen.lock().unwrap().recv();
        })
    };
    let resolvers: Vec<_> = (0..10).map(|_| dead(Lane::Dns)).collect();
    let terminal = dead(Lane::Stdin);
    assert_eq!(block_on(run(|| 7)), 7);
    drop(silence);
    for job in resolvers.into_iter().chain([terminal]) {
        block_on(job).unwrap();
    }
}

#[test]
fn without_threads_the_loop_runs_every_job_of_every_lane() {
    let pool = pool(0);
    let _in_charge = enter(pool.clone());
    assert!(!pool.has_job_for_loop());
    assert!(!pool.run_one_here());
    let lanes = [Lane::General, Lane::Dns, Lane::Stdin];
    let mut jobs: Vec<_> = lanes
        .into_iter()
        .map(|lane| {
            start(Location::caller(), lane, Class::Free, || {
                thread::current().id()
            })
        })
        .collect();
    let mut more = spawn_blocking(|| panic!("it is caught here, too"));
    for _ in 0..4 {
        assert!(pool.has_job_for_loop());
        assert!(pool.run_one_here());
    }
    assert!(!pool.has_job_for_loop() && !pool.run_one_here());
    for job in &mut jobs {
        let Poll::Ready(Ok(id)) = poll(job) else {
            panic!("it ran");
        };
        assert_eq!(id, thread::current().id());
    }
    assert!(matches!(poll(&mut more), Poll::Ready(Err(error)) if error.is_panic()));
    // Promises are kept here, too.
    let kept = Arc::new(AtomicUsize::new(0));
    let count = kept.clone();
    Strand::new().run_surely(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    pool.shutdown(Duration::ZERO);
    assert_eq!(kept.load(Ordering::Relaxed), 1);
}

/// Broken by: leaving out `worker_did_not_start`, or setting `short_of_threads` after it.
#[test]
fn when_the_system_refuses_a_thread_the_loop_runs_the_job() {
    let pool = pool(2);
    let _in_charge = enter(pool.clone());
    let track = &pool.lanes[Lane::General as usize];
    let refused = |expect_help: bool| {
        let cell = cell::Cell::new(|| ());
        let Pushed::StartWorker(_) = track.queue.push(cell.clone(), Class::Free) else {
            panic!("there is room for a worker");
        };
        pool.do_without(track, &io::ErrorKind::WouldBlock.into());
        assert_eq!(pool.has_job_for_loop(), !expect_help);
        cell
    };
    let alone = refused(false);
    assert!(pool.run_one_here());
    assert!(cell::Outcome::is_finished(&*alone));
    assert!(!pool.has_job_for_loop());
    assert!(!pool.short_of_threads.get(), "the next job tries anew");

    let stopper = Stopper::on(Lane::General);
    let with_help = refused(true);
    assert!(!pool.run_one_here(), "a worker will come for it");
    stopper.release();
    block_on(spawn_blocking(|| ())).unwrap();
    assert!(cell::Outcome::is_finished(&*with_help));
}

#[test]
fn an_idle_worker_leaves_and_the_next_job_starts_another() {
    let pool = Pool::new(PoolConfig {
        threads: 1,
        keep_alive: Duration::ZERO,
        name: "t".into(),
    });
    let _in_charge = enter(pool.clone());
    assert_eq!(block_on(spawn_blocking(thread_name)).unwrap(), "t-worker-1");
    // It has its name from the count of threads started: 2 says that the first has gone.
    until(|| block_on(spawn_blocking(thread_name)).unwrap() == "t-worker-2");
    assert!(pool.lanes[0].queue.wait_gone(HANG));
}

/// Broken by: waking the awaiter of a job before its worker has lain down.
#[test]
fn whoever_is_woken_finds_the_worker_free() {
    /// Hands in a job from inside of the wake.
    struct Next(Arc<Queue<Arc<dyn Work>>>, mpsc::Sender<bool>);
    impl Wake for Next {
        fn wake(self: Arc<Self>) {
            let pushed = self.0.push(cell::Cell::new(|| ()), Class::Free);
            let wants_another = matches!(pushed, Pushed::StartWorker(_));
            self.1.send(wants_another).expect("the test waits for it");
        }
    }
    let pool = pool(2);
    let _in_charge = enter(pool.clone());
    let stopper = Stopper::on(Lane::General);
    let mut stopped = stopper.job;
    let (tell, told) = mpsc::channel();
    let next = Next(pool.lanes[0].queue.clone(), tell);
    assert!(poll_with(&mut stopped, &Arc::new(next).into()).is_pending());
    drop(stopper.go_on);
    assert!(!told.recv_timeout(HANG).expect("it is woken"));
    until(|| pool.busy() == 0);
}

/// Broken by: not doubling, or not halving, what goes without a watch.
#[test]
fn a_worker_keeps_watch_less_and_less_while_it_is_in_vain() {
    let mut watch = Watch::default();
    let mut looks = |rests: usize, sees: bool| {
        let looks = Cell::new(0);
        for _ in 0..rests {
            watch.keep(|| {
                looks.set(looks.get() + 1);
                sees
            });
        }
        looks.get()
    };
    assert_eq!(looks(1_000, true), 1_000);
    assert!(looks(10_000, false) <= 10_000 / 64 + 7);
    assert!(looks(1_000, true) >= 1_000 - 64);
    assert!(looks(10, false) <= 4, "it forgot how it was");
}

/// Broken by: calling those first who have been idle for longest.
#[test]
fn whoever_lay_down_last_is_called_first() {
    let pool = pool(3);
    let _in_charge = enter(pool.clone());
    let mut stoppers: Vec<_> = (0..3).map(|_| Stopper::on(Lane::General)).collect();
    for last in [1, 1, 0] {
        stoppers.remove(last).release();
        until(|| pool.busy() == stoppers.len());
    }
    for _ in 0..10 {
        assert_eq!(block_on(spawn_blocking(thread_name)).unwrap(), "t-worker-1");
        until(|| pool.busy() == 0);
    }
}

#[test]
fn no_more_threads_are_started_than_are_needed_or_allowed() {
    let pool = pool(2);
    let _in_charge = enter(pool.clone());
    for _ in 0..100 {
        block_on(run(|| ()));
        until(|| pool.busy() == 0);
    }
    let started = || pool.lanes[0].started.get();
    assert_eq!(started(), 1);
    let stoppers = [Stopper::on(Lane::General), Stopper::on(Lane::General)];
    let waiting: Vec<_> = (0..10).map(|_| spawn_blocking(|| ())).collect();
    assert_eq!(started(), 2);
    stoppers.into_iter().for_each(Stopper::release);
    waiting.into_iter().for_each(|job| block_on(job).unwrap());
}

/// Broken by: lowering `busy` before the awaiter is woken (I3), not waking at 0, or keeping the
/// waker of one who was told that it is quiet already.
#[test]
fn the_pool_is_quiet_only_after_every_awaiter_was_woken() {
    let pool = pool(2);
    let _in_charge = enter(pool.clone());
    let quiet = Arc::new(CountingWaker::default());
    assert!(!pool.wake_when_quiet(&quiet.clone().into()));
    for _ in 0..200 {
        let waker = Arc::new(CountingWaker::default());
        let mut job = spawn_blocking(|| ());
        let ready = poll_with(&mut job, &waker.clone().into()).is_ready();
        until(|| pool.busy() == 0);
        assert!(ready || waker.count() == 1);
    }
    assert_eq!(quiet.count(), 0, "it was told that there would be no wake");
    let stopper = Stopper::on(Lane::Dns);
    assert!(pool.wake_when_quiet(&quiet.clone().into()));
    assert_eq!(quiet.count(), 0);
    stopper.release();
    until(|| pool.busy() == 0);
    until(|| quiet.count() > 0);
}

#[test]
fn whoever_has_a_result_finds_its_job_counted_as_ended() {
    let pool = pool(2);
    let _in_charge = enter(pool.clone());
    let before = trace::counted();
    let stopper = Stopper::on(Lane::General);
    let aborted = spawn_blocking(|| ());
    let told = || {
        let now = trace::counted();
        (
            now.jobs_started - before.jobs_started,
            now.jobs_ended - before.jobs_ended,
        )
    };
    for n in 1..=50 {
        block_on(run(|| ()));
        assert!(told().1 >= n);
    }
    aborted.abort();
    stopper.release();
    assert_eq!(told(), (52, 52));
}

/// Trap 59. Broken by: leaving out `shrink_to`.
#[test]
fn a_burst_of_jobs_gives_its_memory_back() {
    let queue = Queue::new(0);
    let places: Vec<_> = (0..100_000)
        .map(|n| match queue.push(n, Class::Free) {
            Pushed::InLine(place) => place,
            _ => unreachable!("it is open, and has no threads"),
        })
        .collect();
    // From the back, so that all of them are holes until the last goes.
    for place in places.into_iter().rev() {
        assert!(queue.withdraw(place).is_some());
        assert!(queue.withdraw(place).is_none());
    }
    assert_eq!(queue.busy(), 0);
    assert!(queue.capacity() <= 1_024, "{}", queue.capacity());
    for n in 0..100_000 {
        let _ = queue.push(n, Class::Bounded);
    }
    let mut next = 0;
    let mut in_order = |&n: &i32| {
        assert_eq!(n, next);
        next += 1;
        Leftover::NOTHING
    };
    while queue.run_here(&mut in_order) {}
    assert_eq!(next, 100_000);
    assert!(queue.capacity() <= 1_024);
}
