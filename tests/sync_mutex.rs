//! A mutex is held by one at a time, handed on in order, and survives whoever gives up.

mod sync_support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use hob::sync::{Lock, Mutex, MutexGuard};
use sync_support::{Count, poll, poll_now};

#[test]
fn the_lock_is_handed_to_whoever_waits_longest() {
    let mutex = Mutex::new(Vec::new());
    let mut guard = mutex.try_lock().expect("free");
    let (mut first, mut second) = (mutex.lock(), mutex.lock());
    let count = Count::new();
    assert!(poll(&mut first, &count).is_pending());
    assert!(poll_now(&mut second).is_pending());
    guard.push(0);
    drop(guard);
    assert_eq!(count.get(), 1);
    assert!(mutex.try_lock().is_err(), "it is promised to the first");
    assert!(poll_now(&mut second).is_pending());
    let Poll::Ready(mut guard) = poll_now(&mut first) else {
        panic!("the first in line has it");
    };
    guard.push(1);
    drop(guard);
    let Poll::Ready(mut guard) = poll_now(&mut second) else {
        panic!("it is the second's turn");
    };
    guard.push(2);
    drop(guard);
    drop((first, second));
    assert_eq!(mutex.into_inner(), [0, 1, 2]);
}

/// Trap 41. Broken by: an empty `drop` of `Lock`.
#[test]
fn a_lock_dropped_in_the_same_moment_as_it_is_handed_over_goes_to_the_next() {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().expect("free");
    let (mut first, mut second) = (mutex.lock(), mutex.lock());
    assert!(poll_now(&mut first).is_pending());
    assert!(poll_now(&mut second).is_pending());
    drop(guard);
    drop(first);
    assert!(poll_now(&mut second).is_ready());
}

#[test]
fn a_panic_lets_go_of_the_lock() {
    let mutex = Mutex::new(1);
    let panics = AssertUnwindSafe(|| {
        let _guard = mutex.try_lock().expect("free");
        panic!("while it is held");
    });
    assert!(catch_unwind(panics).is_err());
    assert_eq!(*mutex.try_lock().expect("free again"), 1);
}

#[test]
fn a_locked_mutex_can_be_printed() {
    let mutex = Mutex::new(7);
    assert_eq!(format!("{mutex:?}"), "Mutex { value: 7 }");
    let guard = mutex.try_lock().expect("free");
    assert_eq!(
        format!("{mutex:?} {guard:?}"),
        "Mutex { value: <locked> } 7"
    );
}

/// Broken by: declaring `_permit` before `value` in `MutexGuard`. Then the value is still
/// borrowed when the next owner is woken, and a waker that polls at once finds it so.
#[test]
fn the_value_is_free_before_the_lock_is_handed_on() {
    struct PollsAtOnce;
    thread_local! {
        static NEXT: Cell<Option<Lock<'static, u32>>> = const { Cell::new(None) };
        static SEEN: Cell<u32> = const { Cell::new(0) };
    }
    impl Wake for PollsAtOnce {
        fn wake(self: Arc<Self>) {
            let mut next = NEXT.take().expect("set before the lock is let go");
            let Poll::Ready(guard) = poll_now(&mut next) else {
                panic!("woken, so it has the lock");
            };
            SEEN.set(*guard);
        }
    }
    let mutex: &'static Mutex<u32> = Box::leak(Box::new(Mutex::new(0)));
    let mut guard = mutex.try_lock().expect("free");
    let mut next = mutex.lock();
    let waker = Waker::from(Arc::new(PollsAtOnce));
    let cx = &mut Context::from_waker(&waker);
    assert!(Pin::new(&mut next).poll(cx).is_pending());
    NEXT.set(Some(next));
    *guard = 5;
    drop(guard);
    assert_eq!(SEEN.get(), 5);
}

/// Trap 41. Broken by: an empty `drop` of `LockOwned`, or of `OwnedMutexGuard`.
#[test]
fn an_owned_guard_brings_the_value_home_and_hands_the_lock_on() {
    let mutex = Rc::new(Mutex::new(String::from("a")));
    let mut guard = mutex.clone().try_lock_owned().expect("free");
    guard.push('b');
    assert!(mutex.try_lock().is_err());
    assert_eq!(format!("{mutex:?} {guard}"), "Mutex { value: <locked> } ab");
    let (mut first, mut second) = (mutex.clone().lock_owned(), mutex.lock());
    assert!(poll_now(&mut first).is_pending());
    assert!(poll_now(&mut second).is_pending());
    drop(guard);
    drop(first);
    let Poll::Ready(guard) = poll_now(&mut second) else {
        panic!("it is the second's turn");
    };
    assert_eq!(*guard, "ab");
}

#[test]
fn a_guard_of_a_part_holds_the_whole() {
    let mutex = Mutex::new((1, [2, 3]));
    let mut part = MutexGuard::map(mutex.try_lock().expect("free"), |pair| &mut pair.1[..]);
    part[1] = 4;
    assert!(mutex.try_lock().is_err());
    drop(part);
    assert_eq!(mutex.into_inner(), (1, [2, 4]));
}
