//! `race`: the first result wins, and the others are gone before anybody has it.

use std::cell::Cell;
use std::future::{pending, ready};
use std::rc::Rc;
use std::time::Duration;

use hob::future::race;

#[test]
fn the_first_result_wins() {
    let runtime = hob::Builder::new().virtual_time().build().unwrap();
    runtime.block_on(async {
        for n in [1_u64, 5, 8, 9, 100] {
            let winner = race((0..n).map(|i| async move {
                hob::time::sleep(Duration::from_millis(n - i)).await;
                i
            }));
            assert_eq!(winner.await, n - 1);
        }
    });
}

/// Broken by: leaving out `clear` in `Race::poll`.
#[test]
fn the_losers_are_dropped_before_the_result_is_told() {
    struct Loser(Rc<Cell<usize>>);
    impl Drop for Loser {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    for n in [4_usize, 40] {
        let dropped = Rc::new(Cell::new(0));
        let mut all = race((0..n).map(|i| {
            let loser = Loser(dropped.clone());
            async move {
                if i == 1 {
                    std::mem::forget(loser);
                    return;
                }
                let _loser = loser;
                pending::<()>().await;
            }
        }));
        hob::block_on(&mut all);
        assert_eq!(dropped.get(), n - 1, "while the race itself still lives");
    }
}

/// Broken by: `Order::biased` in `poll_all`, or no `rotate_left` in `poll_woken`.
#[test]
fn where_all_are_ready_each_of_them_wins_now_and_then() {
    for n in [2_usize, 8, 30] {
        let mut wins = vec![0; n];
        for _ in 0..n * 100 {
            wins[hob::block_on(race((0..n).map(ready)))] += 1;
        }
        assert!(
            wins.iter().all(|&won| (50..=150).contains(&won)),
            "{wins:?}"
        );
    }
}

/// Trap 48. Broken by: leaving out the assertion in `race`: it would wait for ever.
#[test]
#[should_panic = "a race of no futures"]
fn a_race_of_nobody_is_refused() {
    drop(race(Vec::<std::future::Ready<()>>::new()));
}
