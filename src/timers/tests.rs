//! Unit tests of the timers, with a clock made of numbers and wakers that take notes.

use std::cell::Cell;
use std::sync::Mutex;
use std::task::Wake;
use std::time::Duration;

use super::state::FEW;
use super::*;

/// A portion that nothing is too big for.
const ALL: usize = usize::MAX;

/// Writes its name down when it is woken.
struct Note {
    name: u32,
    woken: Arc<Mutex<Vec<u32>>>,
}

impl Wake for Note {
    fn wake(self: Arc<Note>) {
        self.woken.lock().unwrap().push(self.name);
    }
}

/// Timers, a time to count from, and what was woken so far.
struct Bench {
    timers: Rc<Timers>,
    start: Instant,
    woken: Arc<Mutex<Vec<u32>>>,
}

impl Bench {
    fn new() -> Bench {
        let start = Instant::now();
        Bench {
            timers: Timers::new(start, Waker::noop().clone()),
            start,
            woken: Arc::default(),
        }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    fn waker(&self, name: u32) -> Waker {
        let woken = self.woken.clone();
        Waker::from(Arc::new(Note { name, woken }))
    }

    fn insert(&self, ms: u64, name: u32) -> TimerKey {
        self.timers.insert(self.at(ms), &cx(&self.waker(name)))
    }

    fn expire(&self, ms: u64) -> Vec<u32> {
        self.expire_some(ms, ALL)
    }

    fn expire_some(&self, ms: u64, most: usize) -> Vec<u32> {
        let fired = self.timers.expire(self.at(ms), most, wake);
        let woken = std::mem::take(&mut *self.woken.lock().unwrap());
        assert_eq!(fired, woken.len());
        woken
    }
}

/// Whoever polls with `waker`, which is nobody's task.
fn cx(waker: &Waker) -> Context<'_> {
    Context::from_waker(waker)
}

/// As the runtime does it.
fn wake(waiter: Waiter) {
    match waiter {
        Waiter::Task(name) => panic!("no loop runs here that could poll task {name}"),
        Waiter::Stranger(waker) => caught::wake(*waker),
    }
}

/// Broken by: ordering `Entry` by number first, or not at all by number.
#[test]
fn timers_fire_by_deadline_and_those_of_one_deadline_in_order_of_insertion() {
    let bench = Bench::new();
    for (ms, name) in [(20, 1), (10, 2), (20, 3), (10, 4), (10, 5), (30, 6)] {
        bench.insert(ms, name);
    }
    assert_eq!(bench.timers.next(), Some(bench.at(10)));
    assert!(bench.expire(9).is_empty());
    assert_eq!(bench.expire(20), [2, 4, 5, 1, 3]);
    assert_eq!(bench.timers.next(), Some(bench.at(30)));
    assert_eq!(bench.timers.live(), 1);
}

/// Trap 34. Broken by: `<` instead of `<=` in `State::take_due`.
#[test]
fn a_timer_equal_to_now_fires_and_one_a_nanosecond_later_does_not() {
    let bench = Bench::new();
    bench.insert(10, 1);
    let just_before = bench.at(10) - Duration::from_nanos(1);
    assert_eq!(bench.timers.expire(just_before, ALL, wake), 0);
    assert_eq!(bench.expire(10), [1]);
}

/// Trap 13. Broken by: returning before `replace` in `Timers::update`.
#[test]
fn only_the_last_waker_is_woken() {
    let bench = Bench::new();
    let key = bench.insert(10, 1);
    assert_eq!(
        bench.timers.update(key, &cx(&bench.waker(2))),
        Fate::Waiting
    );
    assert_eq!(bench.expire(10), [2]);
    assert_eq!(bench.timers.update(key, &cx(&bench.waker(3))), Fate::Fired);
    assert_eq!(
        bench.timers.live(),
        0,
        "an update does not bring a timer back"
    );
}

/// Broken by: comparing only the slot, not the number, in `Slots::waker`.
#[test]
fn a_stale_key_does_not_find_the_next_timer_in_its_slot() {
    let bench = Bench::new();
    let old = bench.insert(10, 1);
    bench.timers.remove(old);
    let new = bench.insert(20, 2);
    assert_eq!(new.place.index, old.place.index, "else this tests nothing");
    bench.timers.remove(old);
    assert_eq!(bench.timers.update(old, &cx(&bench.waker(9))), Fate::Fired);
    assert!(bench.timers.reset(old, bench.at(90)).is_none());
    assert_eq!(
        bench.timers.next(),
        Some(bench.at(20)),
        "the dead entry is not shown"
    );
    assert_eq!(bench.expire(20), [2]);
}

/// Trap 34. Broken by: not drawing a new number in `State::reset`.
#[test]
fn a_reset_timer_fires_once_at_its_new_deadline_with_the_waker_it_had() {
    let bench = Bench::new();
    let key = bench.insert(10, 1);
    let later = bench.timers.reset(key, bench.at(30)).unwrap();
    assert_eq!(bench.timers.next(), Some(bench.at(30)));
    assert!(bench.expire(10).is_empty());
    let sooner = bench.timers.reset(later, bench.at(20)).unwrap();
    assert_eq!(bench.expire(20), [1]);
    assert!(bench.expire(99).is_empty());
    assert!(bench.timers.reset(sooner, bench.at(100)).is_none());
}

thread_local! {
    /// What [`Hook`] does next, on the thread of the test.
    static DO: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
}

/// A waker that runs what is in [`DO`] when it is woken, and when it is dropped.
struct Hook;

impl Hook {
    fn waker() -> Waker {
        Waker::from(Arc::new(Hook))
    }
}

impl Wake for Hook {
    fn wake(self: Arc<Hook>) {}
}

impl Drop for Hook {
    fn drop(&mut self) {
        if let Some(act) = DO.take() {
            act();
        }
    }
}

/// Trap 34. Broken by: collecting all due wakers in `expire` before waking the first.
#[test]
fn a_timer_removed_by_the_wake_of_another_in_the_same_tick_does_not_fire() {
    let bench = Bench::new();
    let timers = bench.timers.clone();
    timers.insert(bench.at(10), &cx(&Hook::waker()));
    let second = bench.insert(10, 2);
    let third = bench.insert(10, 3);
    let later = bench.at(50);
    DO.set(Some(Box::new(move || {
        timers.remove(second);
        timers.reset(third, later).unwrap();
    })));
    assert_eq!(bench.timers.expire(bench.at(10), ALL, wake), 1);
    assert!(bench.expire(49).is_empty());
    assert_eq!(bench.expire(50), [3]);
}

/// Broken by: leaving out the `max` of I4 (the second timer waits behind the newcomers), or
/// `newcomers` in `State::take_due` (`expire` does not return).
#[test]
fn a_waker_that_makes_due_timers_keeps_neither_expire_nor_the_others() {
    fn make_another(timers: Rc<Timers>, long_ago: Instant) -> Option<Box<dyn FnOnce()>> {
        Some(Box::new(move || {
            DO.set(make_another(timers.clone(), long_ago));
            timers.insert(long_ago, &cx(&Hook::waker()));
        }))
    }
    let bench = Bench::new();
    bench.timers.insert(bench.at(10), &cx(&Hook::waker()));
    bench.insert(20, 2);
    DO.set(make_another(bench.timers.clone(), bench.at(1)));
    assert_eq!(bench.timers.expire(bench.at(20), ALL, wake), 2);
    assert_eq!(*bench.woken.lock().unwrap(), [2]);
    assert_eq!(
        bench.timers.expire(bench.at(20), ALL, wake),
        1,
        "the newcomer"
    );
    DO.set(None);
    assert_eq!(bench.timers.live(), 1);
}

/// Trap 10. Broken by: dropping the waker inside of the borrow, in `Timers::remove`,
/// `update`, `insert` after `close`, or `close`.
#[test]
fn a_waker_may_use_the_timers_while_it_is_dropped() {
    let bench = Bench::new();
    let ran = Rc::new(Cell::new(0));
    let arm = || {
        let (timers, start, ran) = (bench.timers.clone(), bench.start, ran.clone());
        DO.set(Some(Box::new(move || {
            let key = timers.insert(start, &cx(Waker::noop()));
            timers.remove(key);
            timers.next();
            timers.live();
            ran.set(ran.get() + 1);
        })));
    };
    let removed = bench.timers.insert(bench.at(10), &cx(&Hook::waker()));
    arm();
    bench.timers.remove(removed);
    let updated = bench.timers.insert(bench.at(10), &cx(&Hook::waker()));
    arm();
    assert_eq!(
        bench.timers.update(updated, &cx(Waker::noop())),
        Fate::Waiting
    );
    bench.timers.insert(bench.at(10), &cx(&Hook::waker()));
    arm();
    bench.timers.close();
    assert_eq!(ran.get(), 3);
    let hook = Hook::waker();
    bench.timers.insert(bench.at(10), &cx(&hook));
    arm();
    drop(hook);
    assert_eq!(ran.get(), 4, "closed timers keep no waker");
}

struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Bomb>) {
        panic!("a waker panics");
    }
}

/// Traps 37 and 60. Broken by: calling `wake` and `drop` without `caught`.
#[test]
fn a_waker_that_panics_takes_no_other_timer_with_it() {
    let bench = Bench::new();
    bench.insert(10, 1);
    bench
        .timers
        .insert(bench.at(10), &cx(&Waker::from(Arc::new(Bomb))));
    bench.insert(10, 3);
    assert_eq!(bench.timers.expire(bench.at(10), ALL, wake), 3);
    assert_eq!(*bench.woken.lock().unwrap(), [1, 3]);
    for _ in 0..2 {
        bench.timers.insert(bench.at(20), &cx(&Hook::waker()));
    }
    bench.insert(20, 4);
    DO.set(Some(Box::new(|| panic!("a waker's drop panics"))));
    bench.timers.close();
    assert_eq!(Arc::strong_count(&bench.woken), 1, "all wakers are gone");
}

/// Trap 35. Broken by: not calling `close` in the drop of `Timers`, or keeping the slots in
/// `State::close`.
#[test]
fn closed_timers_hold_no_waker_and_take_none() {
    let bench = Bench::new();
    let note = bench.waker(1);
    let key = bench.timers.insert(bench.at(10), &cx(&note));
    bench.timers.close();
    let dead = bench.timers.insert(bench.at(10), &cx(&note));
    assert_eq!(
        Arc::strong_count(&bench.woken),
        2,
        "the test's own and the one in `note`"
    );
    for key in [key, dead] {
        assert_eq!(bench.timers.update(key, &cx(&note)), Fate::Closed);
        bench.timers.remove(key);
    }
    assert_eq!(bench.timers.next(), None);
    assert!(bench.expire(1000).is_empty());
}

/// Broken by: not comparing the id in `owner`, or `send` doing nothing.
#[test]
fn a_timer_let_go_of_elsewhere_ends_when_its_owner_takes_the_mail() {
    let bench = Bench::new();
    let other = Bench::new();
    let mine = bench.insert(10, 1);
    let kept = bench.insert(20, 2);
    let reset_elsewhere = bench.insert(30, 3);
    let theirs = other.insert(40, 4);
    assert_eq!(mine.place, theirs.place, "else this tests less");
    let _entered = enter(other.timers.clone());
    std::thread::spawn(move || remove(mine)).join().unwrap();
    other.timers.take_mail(wake);
    assert_eq!(other.timers.live(), 1);
    assert_eq!(bench.timers.live(), 3, "not yet read");
    bench.timers.take_mail(wake);
    assert_eq!(bench.timers.next(), Some(bench.at(20)));
    assert_eq!(*bench.woken.lock().unwrap(), [1]);
    remove(kept); // this thread, but these timers are not the current ones
    assert!(reset(reset_elsewhere, bench.at(5)).is_none());
    bench.timers.take_mail(wake);
    assert_eq!(bench.timers.live(), 0);
    assert_eq!(
        *bench.woken.lock().unwrap(),
        [1, 2, 3],
        "woken, to look again"
    );
    assert!(bench.timers.mailbox.is_empty());
}

/// Broken by: not taking the mailbox out of `ALL` in `mailbox::close`.
#[test]
fn nothing_is_kept_for_timers_that_are_gone() {
    let bench = Bench::new();
    let key = bench.insert(10, 1);
    let mailbox = Arc::downgrade(&bench.timers.mailbox);
    drop(bench);
    remove(key);
    assert_eq!(mailbox.strong_count(), 0);
}

/// Deadlines in no order, ten timers to each.
fn insert_many(bench: &Bench, count: u32) -> Vec<TimerKey> {
    let ms = |name: u32| u64::from(name * 7_919 % (count / 10));
    (0..count)
        .map(|name| bench.insert(ms(name), name))
        .collect()
}

/// Broken by: sorting the run the other way round, or by deadline alone; popping the heap
/// before the run.
#[test]
fn when_all_are_due_at_once_they_still_fire_in_order() {
    let bench = Bench::new();
    insert_many(&bench, 1_000);
    let woken = bench.expire(10_000);
    let mut expected: Vec<u32> = (0..1_000).collect();
    expected.sort_by_key(|name| name * 7_919 % 100);
    assert_eq!(woken, expected);
}

/// Trap 34. Broken by: letting newcomers into the run (`is_due` in `Queue::sort`), or not
/// asking in `State::take_due` whether an entry of the run still lives.
#[test]
fn timers_removed_reset_or_made_in_the_midst_of_a_big_tick_are_respected() {
    let bench = Bench::new();
    bench.timers.insert(bench.at(50), &cx(&Hook::waker()));
    let keys = insert_many(&bench, 1_000);
    let (timers, now, later) = (bench.timers.clone(), bench.at(10_000), bench.at(20_000));
    let new = bench.waker(5_000);
    DO.set(Some(Box::new(move || {
        assert!(
            timers.state.borrow().queue.is_sorted(),
            "else this tests less"
        );
        keys[..500].iter().for_each(|key| timers.remove(*key));
        for key in &keys[500..600] {
            timers.reset(*key, later);
        }
        timers.insert(now, &cx(&new));
    })));
    let fired = bench.timers.expire(now, ALL, wake);
    let woken = std::mem::take(&mut *bench.woken.lock().unwrap());
    let (before, after): (Vec<u32>, Vec<u32>) = woken.iter().partition(|n| *n * 7_919 % 100 < 50);
    assert_eq!((fired, before.len()), (1 + woken.len(), 500));
    assert!(after.iter().all(|name| (600..1_000).contains(name)));
    assert_eq!(
        bench.expire(10_000),
        [5_000],
        "the newcomer, in the next tick"
    );
    assert_eq!(bench.timers.next(), Some(later));
}

/// Broken by: counting modulo 2^64 in `State::count`, either way.
#[test]
fn a_deadline_before_the_start_is_due_and_one_in_a_thousand_years_is_not() {
    let bench = Bench::new();
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let past = bench.start.checked_sub(Duration::from_nanos(1));
    let past = past.expect("the machine has been up for a nanosecond");
    bench
        .timers
        .insert(bench.start + 1_000 * year, &cx(&bench.waker(1)));
    bench.timers.insert(past, &cx(&bench.waker(2)));
    assert_eq!(bench.timers.next(), Some(bench.start));
    assert_eq!(bench.expire(0), [2]);
    assert!(bench.timers.next() > Some(bench.start + 500 * year));
    assert_eq!(bench.timers.expire(bench.start + 500 * year, ALL, wake), 0);
}

/// Broken by: beginning a new burst with each portion (`Queue::pop_due`), which pops all of it
/// singly; or by letting more fire than were asked for.
#[test]
fn a_burst_fires_in_portions_and_in_order() {
    let bench = Bench::new();
    for name in 0..1_000 {
        bench.insert(u64::from(name) / 100, name);
    }
    let mut woken = Vec::new();
    for tick in 10..35 {
        let portion = bench.expire_some(tick, 40);
        assert_eq!(portion.len(), 40);
        woken.extend(portion);
        bench.insert(0, 1_000 + tick as u32); // made in the midst of it: behind all the others
        let sorted = bench.timers.state.borrow().queue.is_sorted();
        assert_eq!(sorted, woken.len() > 1_000 / 16);
    }
    assert!(woken.is_sorted() && woken.len() == 1_000);
    assert_eq!(bench.expire(40), (1_010..1_035).collect::<Vec<_>>());
}

/// Panics at the hundredth timer.
struct HundredthTimer(Cell<u32>);

impl trace::Observer for HundredthTimer {
    fn event(&self, _event: Event) {
        self.0.set(self.0.get() + 1);
        assert_ne!(self.0.get(), 100, "an observer panics");
    }
}

/// Trap 59. Broken by: leaving out `shrink` in `State::tidy`, `cut` in `Slots::remove`, or any
/// of the three lists in them.
#[test]
fn memory_is_given_back_after_a_burst() {
    const MANY: u32 = 20_000;
    let bench = Bench::new();
    let room = || {
        let state = bench.timers.state.borrow();
        state.slots.capacity().max(state.queue.capacity())
    };
    for cancel in [true, false] {
        let keys: Vec<_> = (0..MANY).map(|name| bench.insert(10, name)).collect();
        assert!(room() >= MANY as usize);
        if cancel {
            keys.iter().for_each(|key| bench.timers.remove(*key));
        } else {
            bench.expire(10);
        }
        assert!(room() <= 1024, "all gone (cancelled: {cancel}): {}", room());
    }
    // One that stays, at the bottom, keeps no more than a fraction of the room.
    bench.insert(99, 0);
    let keys: Vec<_> = (0..MANY).map(|name| bench.insert(50, name)).collect();
    keys.iter().for_each(|key| bench.timers.remove(*key));
    assert!(room() < MANY as usize / 2, "{}", room());
}

/// Trap 59. Broken by: pushing nothing to `free` in `Slots::remove`, or keeping the wrong
/// names in `Slots::cut`.
#[test]
fn vacated_slots_are_used_again_before_new_ones_are_added() {
    const MANY: u32 = 1_000;
    let bench = Bench::new();
    let keys = insert_many(&bench, MANY);
    let indices = |keys: &[TimerKey]| {
        let mut indices: Vec<u32> = keys.iter().map(|key| key.place.index).collect();
        indices.sort_unstable();
        indices
    };
    assert_eq!(indices(&keys), (0..MANY).collect::<Vec<_>>());
    // Only two stay: one at the bottom, and one above which everything is cut off.
    for (index, key) in keys.iter().enumerate() {
        if index != 0 && index != 100 {
            bench.timers.remove(*key);
        }
    }
    let again = insert_many(&bench, 200);
    let expected = (1..100).chain(101..202).collect::<Vec<_>>();
    assert_eq!(indices(&again), expected);
}

/// Trap 59. Broken by: shrinking down to what is needed now, or sooner or later than said.
#[test]
fn lists_shrink_only_when_they_are_far_too_roomy_and_keep_some_room() {
    use super::slots::{is_too_roomy, shrink};
    assert!(!is_too_roomy(1_024, 0) && is_too_roomy(1_025, 0));
    assert!(!is_too_roomy(41_024, 10_000) && is_too_roomy(41_025, 10_000));
    let mut list = Vec::with_capacity(100_000);
    list.resize(10_000, 0_u8);
    shrink(&mut list);
    assert!((20_000..40_000).contains(&list.capacity()));
}

/// Broken by: not ending the burst in `Queue::pop_due`, or another share in it (a few timers that
/// are due would have all others looked at in every tick).
#[test]
fn only_a_burst_that_takes_a_sixteenth_of_the_heap_is_worth_a_sort() {
    let bench = Bench::new();
    insert_many(&bench, 160);
    let mut queue = std::mem::take(&mut bench.timers.state.borrow_mut().queue);
    for _burst in 0..2 {
        assert!(queue.pop_due(|_| false).is_none());
        let singly = 1 + queue.len() / 16;
        for _ in 0..singly {
            assert!(queue.pop_due(|_| true).is_some());
            assert!(!queue.is_sorted());
        }
    }
    queue.pop_due(|_| true);
    assert!(queue.is_sorted());
}

/// Broken by: leaving out `tidy` in `State::take` or in `State::reset`, or the walk in it.
#[test]
fn the_dead_never_outnumber_the_living_by_much() {
    let bench = Bench::new();
    let mut kept = bench.insert(50, 0);
    let length = || bench.timers.state.borrow().queue.len();
    for round in 0..1_000 {
        let key = bench.insert(60 + round, 1);
        bench.timers.remove(key);
        assert!(length() <= 2 + FEW);
    }
    for round in 0..1_000 {
        kept = bench.timers.reset(kept, bench.at(70 + round)).unwrap();
        assert!(length() <= 2 + FEW);
    }
}

/// What the timers should do, done with a list that is sorted anew each time.
#[derive(Default)]
struct Model {
    /// Deadline in ms, order of insertion, name.
    alive: Vec<(u64, u64, u32)>,
    order: u64,
    told: u64,
}

impl Model {
    fn put(&mut self, ms: u64, name: u32) {
        self.alive.retain(|timer| timer.2 != name);
        self.order += 1;
        self.alive.push((ms.max(self.told), self.order, name));
        self.alive.sort_unstable();
    }

    fn holds(&self, name: u32) -> bool {
        self.alive.iter().any(|timer| timer.2 == name)
    }

    fn expire(&mut self, ms: u64, most: usize) -> Vec<u32> {
        self.told = ms;
        let due = self.alive.partition_point(|timer| timer.0 <= ms).min(most);
        self.alive.drain(..due).map(|timer| timer.2).collect()
    }
}

/// A small generator (xorshift) of numbers that only look random: a seed names a run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn compare_with_the_model(seed: u64) {
    let mut dice = Dice(seed);
    let bench = Bench::new();
    let mut model = Model::default();
    let mut keys: Vec<TimerKey> = Vec::new();
    let mut now = 100;
    for _ in 0..3_000 {
        let ms = (now + dice.below(500)).saturating_sub(50);
        let name = dice.below(keys.len() as u64 + 1) as u32;
        match (dice.below(10), keys.get(name as usize).copied()) {
            (0..=3, _) | (_, None) => {
                let name = keys.len() as u32;
                keys.push(bench.insert(ms, name));
                model.put(ms, name);
            }
            (4..=6, Some(key)) => {
                bench.timers.remove(key);
                model.alive.retain(|timer| timer.2 != name);
            }
            (7, Some(key)) => {
                let moved = bench.timers.reset(key, bench.at(ms));
                assert_eq!(moved.is_some(), model.holds(name));
                if let Some(key) = moved {
                    keys[name as usize] = key;
                    model.put(ms, name);
                }
            }
            (8, Some(key)) => {
                let fate = bench.timers.update(key, &cx(&bench.waker(name)));
                assert_eq!(fate == Fate::Waiting, model.holds(name));
            }
            (_, Some(_)) => {
                now += dice.below(60);
                // Now and then a burst takes several ticks, and things happen in between.
                let most = [2, 7, ALL][dice.below(3) as usize];
                let fired = bench.expire_some(now, most);
                assert_eq!(fired, model.expire(now, most), "seed {seed}");
            }
        }
        let first = model.alive.first().map(|timer| bench.at(timer.0));
        assert_eq!(bench.timers.next(), first, "seed {seed}");
        assert_eq!(bench.timers.live(), model.alive.len(), "seed {seed}");
    }
    assert!(
        model.order > 1_000 && now > 1_000,
        "seed {seed} did too little"
    );
}

/// Broken by: nearly anything.
#[test]
fn random_use_agrees_with_a_sorted_list() {
    for seed in 1..=20 {
        compare_with_the_model(seed * 0x9E37_79B9);
    }
}

/// Traps 37 and 60. Broken by: leaving out `caught` in `trace::tell`.
#[test]
fn an_observer_that_panics_keeps_no_timer_from_firing() {
    let bench = Bench::new();
    insert_many(&bench, 1_000);
    let observer = Rc::new(HundredthTimer(Cell::new(0)));
    let _guard = Rc::new(trace::Ledger::new(Some(observer))).enter();
    assert_eq!(bench.timers.expire(bench.at(10_000), ALL, wake), 1_000);
    assert_eq!(bench.woken.lock().unwrap().len(), 1_000);
}
