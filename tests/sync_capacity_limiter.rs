//! A capacity limiter knows who borrows, lends each one token, and may be made larger and
//! smaller while tokens are out.

mod sync_support;

use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use hob::sync::{Borrower, CapacityLimiter, TryBorrowError};
use sync_support::{Count, poll, poll_now};

/// Trap 41. Broken by: an empty `drop` of `AcquireToken`.
#[test]
fn a_token_handed_to_one_who_goes_is_handed_on_and_struck_from_the_books() {
    let limiter = CapacityLimiter::new(1);
    let token = limiter.try_acquire_on_behalf_of(0).expect("one is free");
    let count = Count::new();
    let (mut first, mut second) = (
        limiter.acquire_on_behalf_of(1),
        limiter.acquire_on_behalf_of(2),
    );
    assert!(poll_now(&mut first).is_pending());
    assert!(poll(&mut second, &count).is_pending());
    assert_eq!(
        limiter.try_acquire_on_behalf_of(1).unwrap_err(),
        TryBorrowError::AlreadyBorrows,
        "it stands in line"
    );
    drop(token);
    drop(first);
    assert_eq!(count.get(), 1);
    let Poll::Ready(Ok(token)) = poll_now(&mut second) else {
        panic!("it has the token");
    };
    assert_eq!(token.borrower(), Borrower::Number(2));
    drop(token);
    assert!(
        limiter.try_acquire_on_behalf_of(1).is_ok(),
        "it is free to borrow again"
    );
}

/// Broken by: releasing to the gate in `Claim::cancel`, or in the drop of a token, whatever is
/// owed.
#[test]
fn a_smaller_total_is_paid_by_tokens_that_come_back() {
    let limiter = CapacityLimiter::new(3);
    let mut tokens: Vec<_> = (0..3)
        .map(|n| limiter.try_acquire_on_behalf_of(n).expect("three are free"))
        .collect();
    let mut waiter = limiter.acquire_on_behalf_of(9);
    assert!(poll_now(&mut waiter).is_pending());
    limiter.set_total_tokens(1);
    assert_eq!(limiter.borrowed_tokens(), 3);
    tokens.truncate(1);
    assert_eq!(limiter.borrowed_tokens(), 1);
    assert!(poll_now(&mut waiter).is_pending());
    drop(tokens);
    // It was handed on, and is still out when the total falls once more.
    limiter.set_total_tokens(0);
    drop(waiter);
    let statistics = limiter.statistics();
    assert_eq!(
        (statistics.borrowed_tokens, statistics.tasks_waiting),
        (0, 0)
    );
    assert_eq!(limiter.available_tokens(), 0);
}

#[test]
fn a_larger_total_calls_as_many_as_it_serves() {
    let limiter = CapacityLimiter::new(0);
    let count = Count::new();
    let mut waiters: Vec<_> = (0..5).map(|n| limiter.acquire_on_behalf_of(n)).collect();
    for waiter in &mut waiters {
        assert!(poll(waiter, &count).is_pending());
    }
    limiter.set_total_tokens(2);
    assert_eq!(count.get(), 2);
    assert_eq!(limiter.statistics().tasks_waiting, 3);
    limiter.set_total_tokens(usize::MAX);
    assert_eq!(count.get(), 5);
    assert_eq!(limiter.borrowed_tokens(), 5);
}

/// Broken by: naming the borrower where the future is made instead of where it is awaited.
#[test]
fn the_task_that_awaits_is_the_one_that_borrows() {
    hob::block_on(async {
        let limiter = Rc::new(CapacityLimiter::new(2));
        let mine = limiter.acquire().await.expect("has none");
        let task = hob::spawn(limiter.clone().acquire_owned());
        let id = task.id();
        let yours = task.await.unwrap().expect("another task, another borrower");
        assert_eq!(yours.borrower(), Borrower::Task(id));
        assert_eq!(limiter.statistics().borrowers.len(), 2);
        drop((mine, yours));
    });
}

#[test]
fn jobs_behind_a_limiter_never_take_more_workers_than_it_has_tokens() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    hob::Builder::new().worker_threads(8).block_on(async {
        let limiter = Rc::new(CapacityLimiter::new(2));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let limiter = limiter.clone();
                hob::spawn(async move {
                    let _token = limiter.acquire().await.expect("has none");
                    hob::blocking::run(|| {
                        let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
                        MOST.fetch_max(running, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_micros(200));
                        RUNNING.fetch_sub(1, Ordering::SeqCst);
                    })
                    .await;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert!(MOST.load(Ordering::SeqCst) <= 2);
}
