//! The end of the pool: what still runs, and what cannot hold it up.

use super::*;

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
