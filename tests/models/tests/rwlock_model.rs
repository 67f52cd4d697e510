//! `RwLock` beside a count of readers, a writer and a `VecDeque`: random programs of locking,
//! giving up, letting go and downgrading, with borrowed and owned guards mixed.

mod locks_support;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use hob::sync::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use locks_support::{Waiter, pick};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Lock { write: bool, owned: bool },
    Try { write: bool, owned: bool },
    Poll(usize),
    Cancel(usize),
    Unlock(usize),
    Downgrade(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let some = 0..8_usize;
    let flags = (any::<bool>(), any::<bool>());
    prop_oneof![
        6 => flags.prop_map(|(write, owned)| Step::Lock { write, owned }),
        2 => flags.prop_map(|(write, owned)| Step::Try { write, owned }),
        4 => some.clone().prop_map(Step::Poll),
        3 => some.clone().prop_map(Step::Cancel),
        5 => some.clone().prop_map(Step::Unlock),
        2 => some.prop_map(Step::Downgrade),
    ]
}

/// Whatever a lock can be held by.
enum Guard<'a> {
    Read(RwLockReadGuard<'a, u64>),
    Write(RwLockWriteGuard<'a, u64>),
    ReadOwned(OwnedRwLockReadGuard<u64>),
    WriteOwned(OwnedRwLockWriteGuard<u64>),
}

impl<'a> Guard<'a> {
    fn writes(&self) -> bool {
        matches!(self, Guard::Write(_) | Guard::WriteOwned(_))
    }

    fn value(&self) -> u64 {
        match self {
            Guard::Read(guard) => **guard,
            Guard::Write(guard) => **guard,
            Guard::ReadOwned(guard) => **guard,
            Guard::WriteOwned(guard) => **guard,
        }
    }

    fn downgrade(self) -> Guard<'a> {
        match self {
            Guard::Write(guard) => Guard::Read(guard.downgrade()),
            Guard::WriteOwned(guard) => Guard::ReadOwned(guard.downgrade()),
            reading => reading,
        }
    }
}

type Locking<'a> = Pin<Box<dyn Future<Output = Guard<'a>> + 'a>>;

fn locking(lock: &Rc<RwLock<u64>>, write: bool, owned: bool) -> Locking<'_> {
    match (write, owned) {
        (false, false) => Box::pin(async { Guard::Read(lock.read().await) }),
        (true, false) => Box::pin(async { Guard::Write(lock.write().await) }),
        (false, true) => Box::pin(async { Guard::ReadOwned(lock.clone().read_owned().await) }),
        (true, true) => Box::pin(async { Guard::WriteOwned(lock.clone().write_owned().await) }),
    }
}

fn trying(lock: &Rc<RwLock<u64>>, write: bool, owned: bool) -> Option<Guard<'_>> {
    match (write, owned) {
        (false, false) => lock.try_read().ok().map(Guard::Read),
        (true, false) => lock.try_write().ok().map(Guard::Write),
        (false, true) => lock.clone().try_read_owned().ok().map(Guard::ReadOwned),
        (true, true) => lock.clone().try_write_owned().ok().map(Guard::WriteOwned),
    }
}

#[derive(Default)]
struct Model {
    readers: usize,
    writer: bool,
    /// Who waits, and whether to write.
    line: VecDeque<(usize, bool)>,
    /// Handed the lock, and has not seen it yet.
    granted: Vec<(usize, bool)>,
}

impl Model {
    fn fits(&self, write: bool) -> bool {
        !self.writer && (self.readers == 0 || !write)
    }

    fn take(&mut self, write: bool) {
        match write {
            true => self.writer = true,
            false => self.readers += 1,
        }
    }

    fn try_take(&mut self, write: bool) -> bool {
        let free = self.line.is_empty() && self.fits(write);
        if free {
            self.take(write);
        }
        free
    }

    fn hand_on(&mut self) {
        while let Some(&(id, write)) = self.line.front() {
            if !self.fits(write) {
                break;
            }
            self.take(write);
            self.granted.push((id, write));
            self.line.pop_front();
        }
    }

    fn let_go(&mut self, write: bool) {
        match write {
            true => self.writer = false,
            false => self.readers -= 1,
        }
        self.hand_on();
    }
}

fn run(steps: Vec<Step>) {
    let lock = Rc::new(RwLock::new(0_u64));
    let mut model = Model::default();
    let mut value = 0;
    let mut waiters: Vec<Waiter<Locking<'_>>> = Vec::new();
    let mut held: Vec<Guard<'_>> = Vec::new();
    for (id, step) in steps.into_iter().enumerate() {
        match step {
            Step::Lock { write, owned } => {
                let free = model.try_take(write);
                let mut waiter = Waiter::new(id, locking(&lock, write, owned));
                match waiter.poll() {
                    Poll::Ready(guard) => {
                        assert!(free);
                        held.push(guard);
                    }
                    Poll::Pending => {
                        assert!(!free);
                        model.line.push_back((id, write));
                        waiters.push(waiter);
                    }
                }
            }
            Step::Try { write, owned } => {
                let guard = trying(&lock, write, owned);
                assert_eq!(guard.is_some(), model.try_take(write));
                held.extend(guard);
            }
            Step::Poll(at) => {
                let Some(at) = pick(at, waiters.len()) else {
                    continue;
                };
                let id = waiters[at].id;
                let granted = model.granted.iter().position(|granted| granted.0 == id);
                match waiters[at].poll() {
                    Poll::Ready(guard) => {
                        let granted = granted.expect("the model did not grant it");
                        assert_eq!(guard.writes(), model.granted.remove(granted).1);
                        held.push(guard);
                        waiters.remove(at);
                    }
                    Poll::Pending => assert_eq!(granted, None),
                }
            }
            Step::Cancel(at) => {
                let Some(at) = pick(at, waiters.len()) else {
                    continue;
                };
                let id = waiters.remove(at).id;
                model.line.retain(|waiter| waiter.0 != id);
                match model.granted.iter().position(|granted| granted.0 == id) {
                    Some(granted) => {
                        let (_, write) = model.granted.remove(granted);
                        model.let_go(write);
                    }
                    None => model.hand_on(),
                }
            }
            Step::Unlock(at) => {
                if let Some(at) = pick(at, held.len()) {
                    let mut guard = held.remove(at);
                    match &mut guard {
                        Guard::Write(guard) => **guard += 1,
                        Guard::WriteOwned(guard) => **guard += 1,
                        Guard::Read(_) | Guard::ReadOwned(_) => {}
                    }
                    value += u64::from(guard.writes());
                    model.let_go(guard.writes());
                }
            }
            Step::Downgrade(at) => {
                if let Some(at) = pick(at, held.len()) {
                    let guard = held.remove(at);
                    if guard.writes() {
                        model.writer = false;
                        model.readers += 1;
                        model.hand_on();
                    }
                    held.push(guard.downgrade());
                }
            }
        }
        assert!(held.iter().all(|guard| guard.value() == value));
        for waiter in &waiters {
            let called = model.granted.iter().any(|granted| granted.0 == waiter.id);
            assert_eq!(
                waiter.wakes(),
                usize::from(called),
                "woken once, when called"
            );
        }
    }
    drop((waiters, held));
    let lock = Rc::into_inner(lock).expect("every owned guard has gone");
    assert_eq!(lock.into_inner(), value);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Trap 41. Broken by: `downgrade` keeping its permits, an owned guard that does not bring
    /// the value home, `give_up` not calling `pass_on`.
    #[test]
    fn the_lock_does_what_the_model_does(steps in prop::collection::vec(step(), 0..120)) {
        run(steps);
    }
}
