//! A semaphore of one thread cannot be moved to another.

fn moves_to_another_thread<T: Send>(_: T) {}

fn main() {
    moves_to_another_thread(hob::sync::Semaphore::new(1));
}
