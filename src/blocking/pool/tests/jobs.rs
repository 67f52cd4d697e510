//! One job and whoever awaits it: results, panics, wakers, order, giving up.

use super::*;

#[test]
fn a_job_runs_on_a_worker_and_its_result_comes_back() {
    let pool = pool(2);
    let _in_charge = enter(pool.clone());
    assert_eq!(block_on(spawn_blocking(thread_name)).unwrap(), "t-worker-1");
    assert_eq!(block_on(run(|| 7)), 7);
    assert_eq!(
        block_on(start(
            Location::caller(),
            Lane::Dns,
            Class::Free,
            thread_name
        ))
        .unwrap(),
        "t-dns-1"
    );
}

#[test]
fn a_started_job_runs_though_nobody_polls_and_an_awaited_one_does_not() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let before = trace::counted().jobs_started;
    let (tell, told) = mpsc::channel();
    let lazy = {
        let tell = tell.clone();
        run(move || tell.send("lazy"))
    };
    drop(spawn_blocking(move || tell.send("eager")));
    assert_eq!(told.recv_timeout(HANG), Ok("eager"));
    assert_eq!(trace::counted().jobs_started, before + 1);
    drop(lazy);
    assert!(told.recv().is_err(), "the lazy one was dropped unrun");
}

/// Trap 60, and trap 37 for jobs. Broken by: dropping the result or waking in `Cell::run`
/// without `caught`, or not catching the panic of the closure.
#[test]
fn nothing_that_panics_around_a_job_kills_its_worker() {
    struct PanickingWaker;
    impl Wake for PanickingWaker {
        fn wake(self: Arc<Self>) {
            panic!("panics in wake");
        }
    }
    let pool = pool(1);
    let _in_charge = enter(pool.clone());

    let error = block_on(spawn_blocking(|| panic!("oh no"))).unwrap_err();
    assert!(error.to_string().contains("oh no"));

    // Results and payloads that nobody wants, and that panic when they are dropped. The handle
    // must be gone first, so that it is the worker which drops them.
    let stopper = Stopper::on(Lane::General);
    drop(spawn_blocking(|| PanicsInDrop));
    drop(spawn_blocking(|| panic::panic_any(PanicsInDrop)));
    let mut woken = spawn_blocking(|| ());
    assert!(poll_with(&mut woken, &Arc::new(PanickingWaker).into()).is_pending());
    stopper.release();

    let last = block_on(spawn_blocking(thread_name)).unwrap();
    assert_eq!(last, "t-worker-1", "the first worker lives");
    assert!(poll(&mut woken).is_ready());
}

#[test]
fn a_panic_of_an_awaited_job_goes_on_in_its_awaiter() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let awaited = || block_on(run(|| panic!("through and through")));
    let payload = panic::catch_unwind(awaited).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"through and through"));
}

/// Broken by: `take_next` taking from the back, or `Run` starting at its construction.
#[test]
fn awaited_jobs_run_in_the_order_of_their_first_poll() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |n: usize| {
        let order = order.clone();
        run(move || order.lock().unwrap().push(n))
    };
    let stopper = Stopper::on(Lane::General);
    let mut runs: Vec<_> = (0..4).map(note).collect();
    for n in [2, 0, 3, 1] {
        assert!(poll(&mut runs[n]).is_pending());
    }
    // One gives up: it never runs, and the one behind it moves up.
    drop(runs.remove(3));
    stopper.release();
    runs.into_iter().for_each(block_on);
    assert_eq!(*order.lock().unwrap(), [2, 0, 1]);
}

/// Broken by: serving one line first as long as it has somebody.
#[test]
fn the_two_lines_are_served_in_turn() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let order = Arc::new(Mutex::new(String::new()));
    let note = |kind: char| {
        let order = order.clone();
        move || order.lock().unwrap().push(kind)
    };
    let stopper = Stopper::on(Lane::General);
    let mut awaited: Vec<_> = (0..4).map(|_| run(note('a'))).collect();
    for run in &mut awaited {
        assert!(poll(run).is_pending());
    }
    let started: Vec<_> = (0..2).map(|_| spawn_blocking(note('s'))).collect();
    stopper.release();
    awaited.into_iter().for_each(block_on);
    started.into_iter().for_each(|job| block_on(job).unwrap());
    assert_eq!(*order.lock().unwrap(), "asasaa");
}

#[test]
fn an_aborted_job_never_runs_and_its_closure_is_dropped_at_once() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let stopper = Stopper::on(Lane::General);
    let held = Arc::new(());
    let mut job = {
        let held = held.clone();
        spawn_blocking(move || drop(held))
    };
    let waker = Arc::new(CountingWaker::default());
    assert!(poll_with(&mut job, &waker.clone().into()).is_pending());
    assert_eq!(pool.busy(), 2);
    job.abort();
    job.abort();
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!((waker.count(), pool.busy()), (1, 1));
    assert!(job.is_finished());
    assert!(block_on(job).unwrap_err().is_cancelled());
    // One that runs is not stopped.
    stopper.job.abort();
    stopper.release();
}

/// Trap 13. Broken by: keeping the first waker in `Cell::take`.
#[test]
fn only_the_waker_of_the_last_poll_is_woken() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let stopper = Stopper::on(Lane::General);
    let mut job = spawn_blocking(|| ());
    let [first, last] = [(); 2].map(|()| Arc::new(CountingWaker::default()));
    assert!(poll_with(&mut job, &first.clone().into()).is_pending());
    assert!(poll_with(&mut job, &last.clone().into()).is_pending());
    stopper.release();
    block_on(spawn_blocking(|| ())).unwrap();
    assert_eq!((first.count(), last.count()), (0, 1));
}

/// Trap 10. Broken by: waking or dropping the waker under a lock of the cell or the queue.
#[test]
fn a_waker_may_use_the_very_job_that_wakes_it() {
    struct Meddler(Arc<dyn cell::Outcome<()>>, Arc<Queue<Arc<dyn Work>>>);
    impl Meddler {
        fn meddle(&self) {
            let _ = (self.0.is_finished(), self.1.busy());
        }
    }
    impl Wake for Meddler {
        fn wake(self: Arc<Self>) {
            self.meddle();
        }
    }
    impl Drop for Meddler {
        fn drop(&mut self) {
            self.meddle();
        }
    }
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let meddler = |job: &Job<()>| -> Waker {
        let queue = pool.lanes[0].queue.clone();
        Arc::new(Meddler(job.outcome(), queue)).into()
    };
    let stopper = Stopper::on(Lane::General);
    let mut jobs: Vec<_> = (0..3).map(|_| spawn_blocking(|| ())).collect();
    for job in &mut jobs {
        // The second replaces, and so drops, the first.
        for waker in [meddler(job), meddler(job)] {
            assert!(poll_with(job, &waker).is_pending());
        }
    }
    jobs[0].abort();
    drop(jobs.remove(1));
    stopper.release();
    assert!(block_on(jobs.remove(1)).is_ok());
}
