//! The pool by itself: no loop and no tasks. A thread that parks stands in for both.

use super::super::cell;
use super::super::{Job, Strand, run, spawn_blocking, start};
use super::*;
use std::future::Future;
use std::panic::{self, Location};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Wake};
use std::time::Instant;

fn pool(threads: usize) -> Rc<Pool> {
    Pool::new(PoolConfig {
        threads,
        keep_alive: Duration::from_secs(10),
        name: "\0t".into(), // a NUL would make `thread::Builder` panic
    })
}

/// No test waits that long unless it has failed already.
const HANG: Duration = Duration::from_secs(30);

/// A stopper that nobody releases ends by itself after so long: whoever waits for it wrongly is
/// found out, rather than hanging.
const GIVE_UP: Duration = Duration::from_secs(15);

/// Waits for `future`, but not for ever: a worker that died is a failure, not a hang.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = std::pin::pin!(future);
    let begin = Instant::now();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(begin.elapsed() < HANG, "it never ends");
        thread::park_timeout(HANG);
    }
}

/// Spins until `condition` holds, but not for ever.
fn until(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < HANG, "it never comes to that");
        thread::yield_now();
    }
}

/// Keeps a worker busy until told to go on, or until its sender is gone.
struct Stopper {
    go_on: mpsc::Sender<()>,
    job: Job<()>,
}

impl Stopper {
    /// Returns once a worker of `lane` has begun it.
    fn on(lane: Lane) -> Stopper {
        let (go_on, told) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let job = start(Location::caller(), lane, Class::Free, move || {
            begun.send(()).expect("the test waits for it");
            let _ = told.recv_timeout(GIVE_UP);
        });
        has_begun.recv_timeout(HANG).expect("a worker is free");
        Stopper { go_on, job }
    }

    fn release(self) {
        drop(self.go_on);
        block_on(self.job).expect("it only waited");
    }
}

/// Counts its wakes.
#[derive(Default)]
struct CountingWaker(AtomicUsize);

impl CountingWaker {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

struct PanicsInDrop;
impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("panics in drop");
    }
}

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

/// Trap 39. Broken by: cancelling mandatory jobs in `close`, keeping the others, or waiting for
/// the DNS lane in `shutdown`.
#[test]
fn at_the_end_only_what_was_promised_still_runs() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let resolver = Stopper::on(Lane::Dns);
    let running = Stopper::on(Lane::General);
    let ran = Arc::new(Mutex::new(Vec::new()));
    let note = |word: &'static str| {
        let ran = ran.clone();
        move || ran.lock().unwrap().push(word)
    };
    // It holds what keeps the running one from going on: so that one ends only once this one was
    // cancelled, and thus after the queue was closed.
    let (started, let_go) = (note("started"), running.go_on);
    let dropped = spawn_blocking(move || {
        started();
        drop(let_go);
    });
    let mut awaited = run(note("awaited"));
    assert!(poll(&mut awaited).is_pending());
    Strand::new().run_surely(note("mandatory"));

    pool.shutdown(HANG);

    assert_eq!(*ran.lock().unwrap(), ["mandatory"]);
    assert!(running.job.is_finished(), "it ran, and was waited for");
    assert!(block_on(dropped).unwrap_err().is_cancelled());
    assert!(!resolver.job.is_finished());
    // After the end: promises are kept on the spot, everything else is refused.
    Strand::new().run_surely(note("late"));
    assert_eq!(*ran.lock().unwrap(), ["mandatory", "late"]);
    assert!(
        block_on(spawn_blocking(note("no")))
            .unwrap_err()
            .is_cancelled()
    );
    resolver.release();
}

/// Broken by: waiting without a limit in `wait_gone`.
#[test]
fn a_job_that_does_not_end_cannot_hold_the_exit() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let stuck = Stopper::on(Lane::General);
    pool.shutdown(Duration::from_millis(1));
    assert!(!stuck.job.is_finished());
    stuck.release();
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

#[test]
fn no_more_threads_are_started_than_are_needed_or_allowed() {
    let pool = pool(2);
    let _in_charge = enter(pool.clone());
    for _ in 0..100 {
        block_on(run(|| ()));
        until(|| pool.busy() == 0);
    }
    let started = || pool.lanes[0].started.get();
    // Between "over" and "idle" a worker is neither: a second one may have been started then.
    assert!(started() <= 2);
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
    let mut in_order = |n| {
        assert_eq!(n, next);
        next += 1;
        None
    };
    while queue.run_here(&mut in_order) {}
    assert_eq!(next, 100_000);
    assert!(queue.capacity() <= 1_024);
}

/// Broken by: handing the entries of a strand to the pool one by one.
#[test]
fn jobs_of_a_strand_keep_their_order_and_share_the_workers_with_others() {
    let pool = pool(4);
    let _in_charge = enter(pool.clone());
    let strand = Strand::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut running: Vec<_> = (0..1_000)
        .map(|n| {
            let order = order.clone();
            strand.start(Location::caller(), move || order.lock().unwrap().push(n))
        })
        .collect();
    let last = running.pop().expect("a thousand");
    block_on(last).unwrap();
    assert!(order.lock().unwrap().iter().copied().eq(0..1_000));
    until(|| strand.is_idle());
}

/// Broken by: running all entries of a strand in one turn.
#[test]
fn a_long_strand_lets_others_in() {
    let pool = pool(1);
    let _in_charge = enter(pool.clone());
    let order = Arc::new(Mutex::new(String::new()));
    let note = |kind: char| {
        let order = order.clone();
        move || order.lock().unwrap().push(kind)
    };
    let stopper = Stopper::on(Lane::General);
    let strand = Strand::new();
    for _ in 0..3 {
        drop(strand.start(Location::caller(), note('s')));
    }
    let other = spawn_blocking(note('o'));
    stopper.release();
    block_on(other).unwrap();
    pool.shutdown(HANG);
    assert_eq!(*order.lock().unwrap(), "soss");
    assert_eq!((pool.busy(), pool.live()), (0, 0));
    // With the pool gone, and with no pool at all, what was promised runs on the spot.
    drop(strand.start(Location::caller(), note('c')));
    drop(_in_charge);
    strand.run_surely(note('n'));
    assert_eq!(*order.lock().unwrap(), "sosscn");
}

/// Broken by: `push` sending somebody while jobs run apart, or `lets_pass` not asking for `active`.
#[test]
fn jobs_apart_run_at_once_and_the_line_waits_for_all_of_them() {
    let pool = pool(4);
    let _in_charge = enter(pool.clone());
    let order = Arc::new(Mutex::new(String::new()));
    let note = |kind: char| {
        let order = order.clone();
        move || order.lock().unwrap().push(kind)
    };
    for _ in 0..100 {
        let strand = Strand::new();
        let both_run = Arc::new(Barrier::new(2));
        let meet = || {
            let (both_run, note) = (both_run.clone(), note('a'));
            move || {
                both_run.wait();
                thread::yield_now();
                note();
            }
        };
        drop(strand.start_apart(Location::caller(), meet()));
        drop(strand.start_apart(Location::caller(), meet()));
        drop(strand.start(Location::caller(), note('b')));
        drop(strand.start_apart(Location::caller(), note('c')));
        block_on(strand.start(Location::caller(), note('d'))).unwrap();
        assert_eq!(std::mem::take(&mut *order.lock().unwrap()), "aabcd");
        until(|| strand.is_idle());
        block_on(strand.start_apart(Location::caller(), note('e'))).unwrap();
        assert_eq!(std::mem::take(&mut *order.lock().unwrap()), "e");
    }
    pool.shutdown(HANG);
    assert_eq!((pool.busy(), pool.live()), (0, 0));
}

#[test]
fn outside_of_a_runtime_the_panic_says_what_to_do() {
    let payload = panic::catch_unwind(|| drop(spawn_blocking(|| ()))).unwrap_err();
    let message = payload
        .downcast_ref::<String>()
        .expect("a formatted message");
    assert!(message.contains("hob::spawn_blocking()") && message.contains("hob::block_on"));
}
