//! A guard of a lock of one thread cannot be moved to another, even where it owns the lock.

use hob::sync::{Mutex, OwnedMutexGuard};

fn moves_to_another_thread<T: Send>(_: T) {}

fn move_it(guard: OwnedMutexGuard<u32>) {
    moves_to_another_thread(guard);
}

fn main() {
    move_it(std::rc::Rc::new(Mutex::new(1)).try_lock_owned().unwrap());
}
