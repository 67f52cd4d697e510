//! What only a burst needed is given back (trap 59).

use super::*;

/// Trap 59. Broken by: never calling `shrink`.
#[test]
fn slots_are_given_back_after_a_burst() {
    with_executor(|executor, turn| {
        let tasks: Vec<_> = (0..50_000).map(|_| spawn(executor, async {})).collect();
        while !executor.is_idle() {
            turn();
        }
        drop(tasks);
        turn();
        let core = executor.core.borrow();
        assert!(core.tasks.slots() <= 1024, "{} slots", core.tasks.slots());
        assert!(core.ready.capacity() <= 4096);
    });
}

/// A slab of tasks that do nothing, made in the order of their slots.
struct Tasks {
    slab: TaskSlab,
    keys: Vec<TaskKey>,
}

impl Tasks {
    fn new(n: u32) -> Tasks {
        let mut tasks = Tasks {
            slab: TaskSlab::new(),
            keys: Vec::new(),
        };
        for _ in 0..n {
            let key = tasks.insert();
            tasks.keys.push(key);
        }
        tasks
    }

    fn insert(&mut self) -> TaskKey {
        let at = Location::caller();
        self.slab.insert(TaskId(0), at).0
    }

    fn remove(&mut self, slots: std::ops::Range<usize>) {
        for key in &self.keys[slots] {
            self.slab.remove(*key).expect("removed once");
        }
    }

    fn slots_after_shrinking(&mut self) -> u32 {
        self.slab.shrink();
        self.slab.slots()
    }
}

/// Broken by: any other factor or comparison in `shrink`.
#[test]
fn vacant_slots_are_kept_until_they_are_three_quarters() {
    let mut tasks = Tasks::new(4096);
    tasks.remove(1025..4096);
    assert_eq!(tasks.slots_after_shrinking(), 4096, "one too many is left");
    tasks.remove(1024..1025);
    assert_eq!(tasks.slots_after_shrinking(), 1024);
    assert_eq!(tasks.insert().index, 1024, "nothing vacant is remembered");

    let mut tasks = Tasks::new(2047);
    tasks.remove(0..2047);
    assert_eq!(tasks.slots_after_shrinking(), 2047, "it would not halve it");
    let mut tasks = Tasks::new(2048);
    tasks.remove(0..2048);
    assert_eq!(tasks.slots_after_shrinking(), 1024, "so many are kept");
}

/// Broken by: leaving out `removed`, or taking anything else from it.
#[test]
fn who_walks_over_the_slots_is_paid_by_the_tasks_that_ended() {
    let mut tasks = Tasks::new(4000);
    tasks.remove(0..2100);
    tasks.remove(2101..4000);
    // The one left stands in the way: two walks over 1,899 slots leave 201 of 3,999 steps.
    assert_eq!(tasks.slots_after_shrinking(), 4000);
    assert_eq!(tasks.slots_after_shrinking(), 4000);
    tasks.remove(2100..2101);
    for _ in 202..2000 {
        assert_eq!(tasks.slots_after_shrinking(), 4000, "no walk on credit");
        let key = tasks.insert();
        tasks.slab.remove(key);
    }
    assert_eq!(tasks.slots_after_shrinking(), 1024);
}

/// Trap 59, the queues. Broken by: never shrinking `ready`, or shrinking it whatever is in it,
/// or to nothing.
#[test]
fn the_ready_queue_gives_back_what_a_burst_needed_but_not_while_it_lasts() {
    with_executor(|executor, turn| {
        let capacity = || executor.core.borrow().ready.capacity();
        let tasks: Vec<_> = (0..8000).map(|_| spawn(executor, async {})).collect();
        let before = capacity();
        for _ in 0..4 {
            turn();
        }
        assert_eq!(capacity(), before, "half of it is in use");
        while !executor.is_idle() {
            turn();
        }
        assert!((2048..=4096).contains(&capacity()), "{}", capacity());
        drop(tasks);
        // Where it is all over at once, too.
        executor.core.borrow_mut().ready = VecDeque::with_capacity(10_000);
        turn();
        assert!((2048..=4096).contains(&capacity()), "{}", capacity());
    });
}

/// Trap 59, those who yielded. Broken by: keeping the memory of every burst, or none.
#[test]
fn the_list_of_those_who_yielded_gives_back_what_a_burst_needed() {
    with_executor(|executor, _| {
        let kept = |capacity: usize| {
            executor.core.borrow_mut().yielded = VecDeque::with_capacity(capacity);
            executor.release_yielded();
            executor.core.borrow().yielded.capacity()
        };
        assert_eq!(kept(10_000), 0);
        assert!(kept(100) >= 100, "kept for the next time");
        let tasks: Vec<_> = (0..2000).map(|_| spawn(executor, async {})).collect();
        assert!(kept(10_000) >= 10_000, "the burst goes on");
        drop(tasks);
    });
}

/// Trap 59, the mail. Broken by: keeping the memory of every letter, or of none.
#[test]
fn the_inbox_gives_back_what_a_burst_needed() {
    with_executor(|executor, turn| {
        let after = |letters: usize| {
            for _ in 0..letters {
                assert!(Executor::post(executor.remote(), Box::new(|| ())));
            }
            turn();
            let mail = executor.mail.take();
            let capacity = mail.capacity();
            executor.mail.set(mail);
            capacity
        };
        assert!(after(10_000) <= 4096);
        assert!(after(100) >= 100, "kept for the next time");
    });
}
