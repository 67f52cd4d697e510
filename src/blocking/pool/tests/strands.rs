//! Jobs that keep an order among themselves.

use super::*;

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
