//! The line by itself, and the counting waker with which the tests of this folder look on.

use super::*;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

/// Counts its wakes.
#[derive(Default)]
pub(in crate::sync) struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    pub(in crate::sync) fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), count.into())
    }

    pub(in crate::sync) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn nobody() -> Parked {
    Parked::by_waker(Waker::noop().clone())
}

fn call(list: &WaitList<u32>) -> Option<u32> {
    let mut called = None;
    let waker = list.call_front(|data| {
        called = Some(*data);
        true
    });
    assert_eq!(waker.is_some(), called.is_some());
    called
}

#[test]
fn the_line_is_first_come_first_called() {
    let list = WaitList::new();
    let keys: Vec<_> = (0..4).map(|n| list.push(n, nobody())).collect();
    assert_eq!(list.leave(keys[1]).data, 1);
    assert_eq!(call(&list), Some(0));
    assert_eq!(call(&list), Some(2));
    assert_eq!(list.len(), 1);
    assert_eq!(call(&list), Some(3));
    assert_eq!(call(&list), None);
    assert!(list.is_empty());
}

#[test]
fn the_last_in_line_can_be_called_too() {
    let list = WaitList::new();
    for n in 0..3 {
        list.push(n, nobody());
    }
    let mut called = Vec::new();
    let mut note = |n: &mut u32| {
        called.push(*n);
        true
    };
    while list.call_back(&mut note).is_some() {}
    assert_eq!(called, [2, 1, 0]);
}

#[test]
fn who_is_not_accepted_keeps_its_place() {
    let list = WaitList::new();
    let key = list.push(7, nobody());
    assert!(list.call_front(|_| false).is_none());
    assert_eq!(list.len(), 1);
    assert!(
        list.poll(key, &Context::from_waker(Waker::noop()))
            .is_pending()
    );
}

/// Trap 13. Broken by: being pending in `poll` whenever there is a waker.
#[test]
fn a_waiter_that_moved_to_another_task_is_woken_there() {
    let (old, old_waker) = Count::new();
    let (new, new_waker) = Count::new();
    let list = WaitList::new();
    let key = list.push(0, Parked::by_waker(old_waker));
    assert!(
        list.poll(key, &Context::from_waker(&new_waker))
            .is_pending()
    );
    assert_eq!(Arc::strong_count(&old), 1, "the old waker is not kept");
    list.call_front(|_| true).expect("one waits").wake_caught();
    assert_eq!((old.get(), new.get()), (0, 1));
    assert_eq!(
        list.poll(key, &Context::from_waker(&new_waker)),
        Poll::Ready(0)
    );
}

/// Trap 43. Broken by: taking the `Vec::new()` out of `give_back`.
#[test]
fn a_line_that_was_long_gives_its_memory_back() {
    let list = WaitList::new();
    let keys: Vec<_> = (0..10_000).map(|n| list.push(n, nobody())).collect();
    for key in keys {
        list.leave(key);
    }
    assert!(list.list.borrow().room() <= 64);
}

/// Trap 60. Broken by: `wake()` in place of `wake_caught()` in `wake_each`.
#[test]
fn a_waker_that_panics_costs_no_other_its_wake() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("not now");
        }
    }
    let (count, waker) = Count::new();
    let mut wakers = vec![waker.clone(), Arc::new(Panics).into(), waker];
    wake_each(|| wakers.pop().map(Parked::by_waker));
    assert_eq!(count.get(), 2);
}

/// Any order of coming, calling and leaving, beside a plain queue that searches.
#[test]
fn the_list_agrees_with_a_plain_queue() {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut below = |n: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % n as u64) as usize
    };
    let list = WaitList::new();
    let mut model: VecDeque<(u32, WaitKey)> = VecDeque::new();
    let mut called: Vec<(u32, WaitKey)> = Vec::new();
    for step in 0..20_000 {
        match below(5) {
            0 | 1 => model.push_back((step, list.push(step, nobody()))),
            2 => {
                let expected = model.pop_front();
                assert_eq!(call(&list), expected.map(|(data, _)| data));
                called.extend(expected);
            }
            3 if !model.is_empty() => {
                let (data, key) = model.remove(below(model.len())).expect("in range");
                assert_eq!(list.leave(key).data, data);
            }
            4 if !called.is_empty() => {
                let (data, key) = called.swap_remove(below(called.len()));
                assert_eq!(list.leave(key).data, data);
            }
            _ => {}
        }
        assert_eq!(list.len(), model.len());
    }
}
