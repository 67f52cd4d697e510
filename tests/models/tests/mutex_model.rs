//! `Mutex` beside a flag and a `VecDeque`: random programs of locking, giving up and letting go,
//! with borrowed, mapped and owned guards mixed.

mod locks_support;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use hob::sync::{Mutex, MutexGuard, OwnedMutexGuard};
use locks_support::{Waiter, pick};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Lock { owned: bool },
    Try { owned: bool },
    Poll(usize),
    Cancel(usize),
    Unlock { map: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let some = 0..8_usize;
    prop_oneof![
        6 => any::<bool>().prop_map(|owned| Step::Lock { owned }),
        2 => any::<bool>().prop_map(|owned| Step::Try { owned }),
        4 => some.clone().prop_map(Step::Poll),
        4 => some.prop_map(Step::Cancel),
        5 => any::<bool>().prop_map(|map| Step::Unlock { map }),
    ]
}

type Value = (usize, String);

enum Guard<'a> {
    Borrowed(MutexGuard<'a, Value>),
    Owned(OwnedMutexGuard<Value>),
}

type Locking<'a> = Pin<Box<dyn Future<Output = Guard<'a>> + 'a>>;

fn locking(mutex: &Rc<Mutex<Value>>, owned: bool) -> Locking<'_> {
    match owned {
        false => Box::pin(async { Guard::Borrowed(mutex.lock().await) }),
        true => Box::pin(async { Guard::Owned(mutex.clone().lock_owned().await) }),
    }
}

fn run(steps: Vec<Step>) {
    let mutex = Rc::new(Mutex::new((0, String::new())));
    // The model: who has been handed the lock and has not seen it, and who waits.
    let (mut line, mut granted) = (VecDeque::new(), None);
    let mut unlocked = 0;
    let mut waiters: Vec<Waiter<Locking<'_>>> = Vec::new();
    let mut held: Option<Guard<'_>> = None;
    for (id, step) in steps.into_iter().enumerate() {
        let free = held.is_none() && granted.is_none();
        match step {
            Step::Lock { owned } => {
                let mut waiter = Waiter::new(id, locking(&mutex, owned));
                match waiter.poll() {
                    Poll::Ready(guard) => {
                        assert!(free && line.is_empty());
                        held = Some(guard);
                    }
                    Poll::Pending => {
                        assert!(!free);
                        line.push_back(id);
                        waiters.push(waiter);
                    }
                }
            }
            Step::Try { owned } => {
                let guard = match owned {
                    false => mutex.try_lock().ok().map(Guard::Borrowed),
                    true => mutex.clone().try_lock_owned().ok().map(Guard::Owned),
                };
                assert_eq!(guard.is_some(), free);
                held = held.or(guard);
            }
            Step::Poll(at) => {
                let Some(at) = pick(at, waiters.len()) else {
                    continue;
                };
                let mine = granted == Some(waiters[at].id);
                match waiters[at].poll() {
                    Poll::Ready(guard) => {
                        assert!(mine);
                        granted = None;
                        held = Some(guard);
                        waiters.remove(at);
                    }
                    Poll::Pending => assert!(!mine),
                }
            }
            Step::Cancel(at) => {
                let Some(at) = pick(at, waiters.len()) else {
                    continue;
                };
                let id = waiters.remove(at).id;
                line.retain(|waiter| *waiter != id);
                if granted == Some(id) {
                    granted = line.pop_front();
                }
            }
            Step::Unlock { map } => {
                let Some(guard) = held.take() else {
                    continue;
                };
                unlocked += 1;
                match guard {
                    Guard::Borrowed(guard) if map => {
                        *MutexGuard::map(guard, |value| &mut value.0) += 1;
                    }
                    Guard::Borrowed(mut guard) => guard.0 += 1,
                    Guard::Owned(mut guard) => guard.0 += 1,
                }
                granted = line.pop_front();
            }
        }
        for waiter in &waiters {
            let called = granted == Some(waiter.id);
            assert_eq!(
                waiter.wakes(),
                usize::from(called),
                "woken once, when called"
            );
        }
    }
    drop((waiters, held));
    let mutex = Rc::into_inner(mutex).expect("every owned guard has gone");
    assert_eq!(mutex.into_inner().0, unlocked);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Trap 41. Broken by: an empty `drop` of `Lock`, `LockOwned` or `OwnedMutexGuard`.
    #[test]
    fn the_mutex_does_what_the_model_does(steps in prop::collection::vec(step(), 0..120)) {
        run(steps);
    }
}
