//! `Barrier` beside a list of who has arrived: random programs of arriving and giving up.

mod locks_support;

use std::task::Poll;

use hob::sync::Barrier;
use locks_support::{Waiter, pick};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Arrive,
    Poll(usize),
    Cancel(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let some = 0..8_usize;
    prop_oneof![
        5 => Just(Step::Arrive),
        3 => some.clone().prop_map(Step::Poll),
        3 => some.prop_map(Step::Cancel),
    ]
}

fn run(parties: usize, steps: Vec<Step>) {
    let barrier = Barrier::new(parties);
    let mut arrived: Vec<usize> = Vec::new();
    let mut waiters: Vec<Waiter<_>> = Vec::new();
    for (id, step) in steps.into_iter().enumerate() {
        match step {
            Step::Arrive => {
                let mut waiter = Waiter::new(id, barrier.wait());
                let answer = waiter.poll();
                if arrived.len() + 1 == parties {
                    let Poll::Ready(result) = answer else {
                        panic!("it was the last");
                    };
                    assert!(result.is_leader());
                    arrived.clear();
                } else {
                    assert!(answer.is_pending());
                    arrived.push(id);
                    waiters.push(waiter);
                }
            }
            Step::Poll(at) => {
                let Some(at) = pick(at, waiters.len()) else {
                    continue;
                };
                let waits = arrived.contains(&waiters[at].id);
                match waiters[at].poll() {
                    Poll::Ready(result) => {
                        assert!(!waits && !result.is_leader());
                        waiters.remove(at);
                    }
                    Poll::Pending => assert!(waits),
                }
            }
            Step::Cancel(at) => {
                if let Some(at) = pick(at, waiters.len()) {
                    let id = waiters.remove(at).id;
                    arrived.retain(|waiter| *waiter != id);
                }
            }
        }
        for waiter in &waiters {
            let called = !arrived.contains(&waiter.id);
            assert_eq!(
                waiter.wakes(),
                usize::from(called),
                "woken once, when it opened"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Broken by: an empty `drop` of `BarrierWait`, or one that does not ask for which opening
    /// it came.
    #[test]
    fn the_barrier_does_what_the_model_does(
        parties in 1..5_usize,
        steps in prop::collection::vec(step(), 0..120),
    ) {
        run(parties, steps);
    }
}
