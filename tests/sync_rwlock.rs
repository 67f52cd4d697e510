//! Many read or one writes, in the order in which they asked; guards may be owned, mapped and
//! downgraded, and none lets go before its value is free.

mod sync_support;

use std::rc::Rc;
use std::task::Poll;

use hob::sync::{RwLock, RwLockReadGuard};
use sync_support::{Count, poll, poll_now};

/// Takes what is ready out of a poll.
#[track_caller]
fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it should be ready"),
    }
}

/// Broken by: letting `Gate::try_acquire` overtake who waits.
#[test]
fn a_waiting_writer_stops_readers_who_come_later() {
    let lock = RwLock::new(0);
    let early = ready(poll_now(&mut lock.read()));
    let mut writer = lock.write();
    assert!(poll_now(&mut writer).is_pending());
    let count = Count::new();
    let (mut late, mut later) = (lock.read(), lock.read());
    assert!(poll(&mut late, &count).is_pending());
    assert!(poll(&mut later, &count).is_pending());
    assert!(lock.try_read().is_err(), "nobody overtakes the writer");

    drop(early);
    *ready(poll_now(&mut writer)) += 1; // and lets go
    assert_eq!(count.get(), 2, "both readers are let in together");
    let (late, later) = (ready(poll_now(&mut late)), ready(poll_now(&mut later)));
    assert_eq!((*late, *later), (1, 1));
}

/// Trap 41. Broken by: an empty `drop` of `RwLockWrite`.
#[test]
fn a_writer_who_gives_up_lets_the_readers_behind_it_pass() {
    let lock = Rc::new(RwLock::new(0));
    let reading = lock.try_read().expect("free");
    let mut writer = lock.write();
    let mut behind = lock.clone().read_owned();
    let count = Count::new();
    assert!(poll_now(&mut writer).is_pending());
    assert!(poll(&mut behind, &count).is_pending());
    drop(writer);
    assert_eq!(count.get(), 1);
    assert_eq!(*ready(poll_now(&mut behind)), 0);
    drop(reading);
}

/// Trap 41. Broken by: an empty `drop` of `RwLockWriteOwned`.
#[test]
fn a_lock_dropped_in_the_same_moment_as_it_is_handed_over_goes_to_the_next() {
    let lock = Rc::new(RwLock::new(0));
    let writing = lock.try_write().expect("free");
    let mut first = lock.clone().write_owned();
    let (mut second, mut third) = (lock.read(), lock.clone().read_owned());
    assert!(poll_now(&mut first).is_pending());
    assert!(poll_now(&mut second).is_pending());
    assert!(poll_now(&mut third).is_pending());
    drop(writing);
    drop(first);
    let reading = ready(poll_now(&mut second));
    let too = ready(poll_now(&mut third));
    assert_eq!(*reading + *too, 0);
}

/// Broken by: keeping all permits in `downgrade`, or giving them all back.
#[test]
fn who_downgrades_reads_what_it_wrote_and_lets_readers_in_but_no_writer() {
    let lock = Rc::new(RwLock::new(1));
    let mut writing = lock.try_write().expect("free");
    let (mut reader, mut writer) = (lock.read(), lock.write());
    assert!(poll_now(&mut reader).is_pending());
    assert!(poll_now(&mut writer).is_pending());
    *writing = 2;
    let mine = writing.downgrade();
    let yours = ready(poll_now(&mut reader));
    assert_eq!((*mine, *yours), (2, 2));
    assert!(poll_now(&mut writer).is_pending());
    drop((mine, yours));
    *ready(poll_now(&mut writer)) += 1;

    let mut writing = lock.clone().try_write_owned().expect("free");
    *writing += 1;
    let mine = writing.downgrade();
    assert!(lock.try_write().is_err());
    let yours = lock.clone().try_read_owned().expect("only reading");
    assert_eq!((*mine, *yours), (4, 4));
    drop((mine, yours));
    assert!(lock.try_write().is_ok());
}

/// Broken by: declaring the permits before the value in an owned guard.
#[test]
fn owned_and_borrowed_guards_stand_in_for_each_other() {
    let lock = Rc::new(RwLock::new(vec![1]));
    let (owned, borrowed) = (
        lock.clone().try_read_owned().expect("free"),
        lock.try_read().expect("only read"),
    );
    assert_eq!(*owned, *borrowed);
    assert!(lock.try_write().is_err() && lock.clone().try_write_owned().is_err());
    drop((owned, borrowed));
    lock.clone().try_write_owned().expect("free").push(2);
    lock.try_write().expect("free").push(3);
    let last = RwLockReadGuard::map(lock.try_read().expect("free"), |list| &list[2]);
    assert_eq!(*last, 3);
    assert!(lock.try_write().is_err(), "a part holds the whole");
    drop(last);
    let lock = Rc::into_inner(lock).expect("every guard has gone");
    assert_eq!(lock.into_inner(), [1, 2, 3]);
}

#[test]
fn a_guard_that_is_leaked_harms_only_those_who_wait() {
    let mut lock = RwLock::new(1);
    std::mem::forget(lock.try_write().expect("free"));
    assert!(lock.try_read().is_err());
    *lock.get_mut() = 2;
    assert_eq!(lock.into_inner(), 2);
}

#[test]
fn a_locked_lock_can_be_printed() {
    let lock = RwLock::new(7);
    assert_eq!(format!("{lock:?}"), "RwLock { value: 7 }");
    let guard = lock.try_write().expect("free");
    assert_eq!(
        format!("{lock:?} {guard:?}"),
        "RwLock { value: <locked> } 7"
    );
}
