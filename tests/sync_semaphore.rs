//! A semaphore hands out permits in order, loses none when a waiter is cancelled, and stays
//! closed once it is closed: by hand, and beside a model under every random order of events.

mod sync_support;

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use hob::sync::{Acquire, AcquireError, Semaphore, SemaphorePermit, TryAcquireError};
use sync_support::{Count, Random, poll, poll_now};

#[test]
fn permits_go_to_whoever_waits_longest() {
    let semaphore = Semaphore::new(0);
    let count = Count::new();
    let mut waiters: Vec<_> = (0..3).map(|_| semaphore.acquire()).collect();
    for waiter in &mut waiters {
        assert!(poll(waiter, &count).is_pending());
    }
    semaphore.add_permits(1);
    assert_eq!(count.get(), 1);
    assert!(poll_now(&mut waiters[2]).is_pending());
    let Poll::Ready(Ok(permit)) = poll_now(&mut waiters[0]) else {
        panic!("the first in line has it");
    };
    drop(permit);
    assert_eq!(count.get(), 2);
    assert!(poll_now(&mut waiters[1]).is_ready());
}

/// Trap 41. Broken by: an empty `drop` of `Acquire`, or of `AcquireOwned`.
#[test]
fn a_waiter_dropped_in_the_same_moment_as_its_grant_passes_the_permit_on() {
    let semaphore = Rc::new(Semaphore::new(0));
    let counts = [Count::new(), Count::new(), Count::new()];
    let woken = || counts.each_ref().map(|count| count.get());
    let mut first = semaphore.acquire();
    let mut second = semaphore.clone().acquire_owned();
    let mut third = semaphore.acquire();
    assert!(poll(&mut first, &counts[0]).is_pending());
    assert!(poll(&mut second, &counts[1]).is_pending());
    assert!(poll(&mut third, &counts[2]).is_pending());
    semaphore.add_permits(1);
    assert_eq!(woken(), [1, 0, 0]);
    drop(first);
    assert_eq!(woken(), [1, 1, 0]);
    drop(second);
    assert_eq!(woken(), [1, 1, 1]);
    assert!(poll_now(&mut third).is_ready());
}

/// Trap 41, the last in line: nobody is left to pass it on to. Broken by: `Gate::cancel`
/// passing on without `release`.
#[test]
fn a_permit_granted_to_a_waiter_that_goes_is_free_again() {
    let semaphore = Semaphore::new(0);
    let mut only = semaphore.acquire_many(2);
    assert!(poll_now(&mut only).is_pending());
    semaphore.add_permits(3);
    assert_eq!(semaphore.available_permits(), 1);
    drop(only);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn what_is_granted_cannot_be_snatched_by_a_newcomer() {
    let semaphore = Semaphore::new(0);
    let mut waiter = semaphore.acquire();
    assert!(poll_now(&mut waiter).is_pending());
    semaphore.add_permits(1);
    assert_eq!(
        semaphore.try_acquire().unwrap_err(),
        TryAcquireError::NoPermits
    );
    assert!(poll_now(&mut waiter).is_ready());
}

/// Trap 42. Broken by: letting `Gate::forget` or `release` touch `closed`.
#[test]
fn a_closed_semaphore_stays_closed_whatever_is_counted() {
    let semaphore = Semaphore::new(3);
    let permit = semaphore.try_acquire().expect("three are free");
    semaphore.close();
    assert_eq!(semaphore.forget_permits(9), 2);
    semaphore.add_permits(5);
    permit.forget();
    assert!(semaphore.is_closed());
    assert_eq!(
        semaphore.try_acquire().unwrap_err(),
        TryAcquireError::Closed
    );
    assert!(matches!(
        poll_now(&mut semaphore.acquire()),
        Poll::Ready(Err(_))
    ));
}

#[test]
fn closing_refuses_who_waits_but_not_who_was_granted() {
    let semaphore = Semaphore::new(0);
    let count = Count::new();
    let mut granted = semaphore.acquire();
    let mut waiting = semaphore.acquire();
    assert!(poll(&mut granted, &count).is_pending());
    assert!(poll(&mut waiting, &count).is_pending());
    semaphore.add_permits(1);
    semaphore.close();
    assert_eq!(count.get(), 2);
    assert!(matches!(poll_now(&mut granted), Poll::Ready(Ok(_))));
    assert!(matches!(poll_now(&mut waiting), Poll::Ready(Err(_))));
}

#[test]
#[should_panic(expected = "more permits than a usize can count")]
fn permits_beyond_counting_are_refused() {
    Semaphore::new(2).add_permits(usize::MAX);
}

/// Broken by: `split` keeping what it gave away, or `merge` letting the other give back.
#[test]
fn permits_that_are_split_and_merged_stay_as_many() {
    let semaphore = Rc::new(Semaphore::new(5));
    let mut permit = semaphore.try_acquire_many(5).expect("five are free");
    assert!(permit.split(6).is_none());
    let mut part = permit.split(2).expect("there are five");
    assert_eq!((permit.num_permits(), part.num_permits()), (3, 2));
    drop(permit);
    assert_eq!(semaphore.available_permits(), 3);
    part.merge(semaphore.try_acquire().expect("three are free"));
    assert_eq!((part.num_permits(), semaphore.available_permits()), (3, 2));
    drop(part);
    let mut owned = semaphore
        .clone()
        .try_acquire_many_owned(4)
        .expect("five are free");
    let part = owned.split(4).expect("all of it");
    drop(owned);
    assert_eq!(semaphore.available_permits(), 1);
    drop(part);
    assert_eq!(semaphore.available_permits(), 5);
}

#[test]
#[should_panic(expected = "another semaphore")]
fn permits_of_two_semaphores_do_not_merge() {
    let semaphores = [Semaphore::new(1), Semaphore::new(1)];
    let [mut one, other] = semaphores
        .each_ref()
        .map(|semaphore| semaphore.try_acquire().unwrap());
    one.merge(other);
}

// ---- beside a model

/// What the model knows of one future.
#[derive(Debug, PartialEq)]
enum Fate {
    Waiting,
    Granted,
    Refused,
}

/// A semaphore as one would write it with no thought of speed: search and remove.
struct Model {
    free: usize,
    closed: bool,
    /// Who waits, and for how much.
    line: VecDeque<(usize, usize)>,
    /// Of each future that is alive and not ready: by id.
    fates: Vec<Option<Fate>>,
}

impl Model {
    fn hand_out(&mut self) {
        while let Some(&(id, wanted)) = self.line.front() {
            if wanted > self.free {
                break;
            }
            self.free -= wanted;
            self.fates[id] = Some(Fate::Granted);
            self.line.pop_front();
        }
    }

    fn try_acquire(&mut self, wanted: usize) -> Result<(), TryAcquireError> {
        if self.closed {
            return Err(TryAcquireError::Closed);
        }
        if wanted > self.free || (wanted > 0 && !self.line.is_empty()) {
            return Err(TryAcquireError::NoPermits);
        }
        self.free -= wanted;
        Ok(())
    }

    fn close(&mut self) {
        self.closed = true;
        for (id, _) in self.line.drain(..) {
            self.fates[id] = Some(Fate::Refused);
        }
    }

    /// Future `id`, which wanted so much, is dropped before it was ready.
    fn cancel(&mut self, id: usize, wanted: usize) {
        match self.fates[id].take() {
            Some(Fate::Granted) => self.free += wanted,
            Some(Fate::Waiting) => self.line.retain(|waiter| waiter.0 != id),
            Some(Fate::Refused) | None => {}
        }
        self.hand_out();
    }
}

/// A future that waits, and what it is to the model.
struct Waiter<'a> {
    id: usize,
    wanted: usize,
    future: Acquire<'a>,
    count: Arc<Count>,
}

struct Run<'a> {
    semaphore: &'a Semaphore,
    model: Model,
    waiters: Vec<Waiter<'a>>,
    permits: Vec<SemaphorePermit<'a>>,
}

impl<'a> Run<'a> {
    fn acquire(&mut self, wanted: usize) {
        let expected = self.model.try_acquire(wanted);
        let count = Count::new();
        let mut future = self.semaphore.acquire_many(wanted);
        let answer = poll(&mut future, &count);
        let id = self.model.fates.len();
        self.model.fates.push(None);
        match (answer, expected) {
            (Poll::Ready(Ok(permit)), Ok(())) => self.permits.push(permit),
            (Poll::Ready(Err(_)), Err(TryAcquireError::Closed)) => {}
            (Poll::Pending, Err(TryAcquireError::NoPermits)) => {
                self.model.fates[id] = Some(Fate::Waiting);
                self.model.line.push_back((id, wanted));
                self.waiters.push(Waiter {
                    id,
                    wanted,
                    future,
                    count,
                });
            }
            (answer, expected) => panic!("{answer:?}, but the model says {expected:?}"),
        }
    }

    fn poll(&mut self, at: usize) {
        let Waiter { id, wanted, .. } = self.waiters[at];
        let fate = self.model.fates[id].take().expect("alive");
        let answer = poll_now(&mut self.waiters[at].future);
        match (answer, fate) {
            // Polled with another waker, which is what the counting one was replaced by.
            (Poll::Pending, Fate::Waiting) => {
                self.model.fates[id] = Some(Fate::Waiting);
                let count = Count::new();
                assert!(poll(&mut self.waiters[at].future, &count).is_pending());
                self.waiters[at].count = count;
            }
            (Poll::Ready(Ok(permit)), Fate::Granted) => {
                assert_eq!(permit.num_permits(), wanted);
                self.permits.push(permit);
                self.waiters.swap_remove(at);
            }
            (Poll::Ready(Err(AcquireError { .. })), Fate::Refused) => {
                self.waiters.swap_remove(at);
            }
            (answer, fate) => panic!("{answer:?}, but the model says {fate:?}"),
        }
    }

    fn step(&mut self, random: &mut Random) {
        match random.below(20) {
            0..=5 => self.acquire(random.below(4)),
            6..=8 if !self.waiters.is_empty() => self.poll(random.below(self.waiters.len())),
            9..=11 if !self.waiters.is_empty() => {
                let waiter = self.waiters.swap_remove(random.below(self.waiters.len()));
                self.model.cancel(waiter.id, waiter.wanted);
                drop(waiter.future);
            }
            12..=15 if !self.permits.is_empty() => {
                let permit = self.permits.swap_remove(random.below(self.permits.len()));
                if random.below(8) == 0 {
                    permit.forget();
                } else {
                    self.model.free += permit.num_permits();
                    drop(permit);
                    self.model.hand_out();
                }
            }
            16 => {
                let wanted = random.below(4);
                let answer = self.semaphore.try_acquire_many(wanted);
                let expected = self.model.try_acquire(wanted);
                assert_eq!(answer.as_ref().err(), expected.err().as_ref());
                self.permits.extend(answer);
            }
            17 => {
                let more = random.below(3);
                self.semaphore.add_permits(more);
                self.model.free += more;
                self.model.hand_out();
            }
            18 => {
                let fewer = random.below(3);
                let forgotten = self.semaphore.forget_permits(fewer);
                assert_eq!(forgotten, fewer.min(self.model.free));
                self.model.free -= forgotten;
            }
            19 if random.below(20) == 0 => {
                self.semaphore.close();
                self.model.close();
            }
            _ => {}
        }
    }

    /// What can be seen from outside is what the model says.
    fn check(&self) {
        assert_eq!(self.semaphore.available_permits(), self.model.free);
        assert_eq!(self.semaphore.is_closed(), self.model.closed);
        for waiter in &self.waiters {
            let is_called = self.model.fates[waiter.id] != Some(Fate::Waiting);
            assert_eq!(
                waiter.count.get(),
                usize::from(is_called),
                "woken once, when called"
            );
        }
    }
}

/// Traps 41 and 42, in every order that chance finds. Broken by: taking the `pass_on` out of
/// `Gate::cancel`, or the question for `line.is_empty()` out of `Gate::try_acquire`.
#[test]
fn the_semaphore_agrees_with_a_model_whatever_is_cancelled_when() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let permits = random.below(4);
        let semaphore = Semaphore::new(permits);
        let mut run = Run {
            semaphore: &semaphore,
            model: Model {
                free: permits,
                closed: false,
                line: VecDeque::new(),
                fates: Vec::new(),
            },
            waiters: Vec::new(),
            permits: Vec::new(),
        };
        for _ in 0..300 {
            run.step(&mut random);
            run.check();
        }
    }
}
