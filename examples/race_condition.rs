//! A lost update on one thread. You will see a hundred tasks each add 1 to a number, first by
//! reading it, waiting a moment and writing it back, which loses most of the additions; then
//! mended in two ways: with nothing to wait for in between, and with a lock around the wait.
//!
//! One thread does not mean that nothing comes in between. It means that things come in
//! between *only where there is an `.await`*.
//!
//! Run with: `cargo run --example race_condition`

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use hob::sync::Mutex;
use hob::time::sleep;

const TASKS: u32 = 100;

fn main() {
    hob::block_on(async {
        let number = Rc::new(Cell::new(0));
        run(|task| lost(number.clone(), task)).await;
        report("read, wait, write", number.get());

        let number = Rc::new(Cell::new(0));
        run(|task| in_one_go(number.clone(), task)).await;
        report("wait, then read and write", number.get());

        let number = Rc::new(Mutex::new(0));
        run(|task| locked(number.clone(), task)).await;
        report("read, wait, write under a lock", *number.lock().await);
    });
}

/// Wrong: while this one waits, others read the same number.
async fn lost(number: Rc<Cell<u32>>, task: u32) {
    let read = number.get();
    a_moment(task).await;
    number.set(read + 1);
}

/// Right, and the cheapest: between the read and the write nobody else can run.
async fn in_one_go(number: Rc<Cell<u32>>, task: u32) {
    a_moment(task).await;
    number.set(number.get() + 1);
}

/// Right where the wait must stand in between. The others stand in line meanwhile, so this
/// one takes a hundred moments, one after the other.
async fn locked(number: Rc<Mutex<u32>>, task: u32) {
    let mut number = number.lock().await;
    let read = *number;
    a_moment(task).await;
    *number = read + 1;
}

async fn a_moment(task: u32) {
    sleep(Duration::from_micros(100 * u64::from(task % 7))).await;
}

/// Starts them all, and waits for them all.
async fn run<F: Future<Output = ()> + 'static>(work: impl Fn(u32) -> F) {
    let tasks: Vec<_> = (0..TASKS).map(|task| hob::spawn(work(task))).collect();
    for task in tasks {
        task.await.expect("it does not panic");
    }
}

fn report(how: &str, number: u32) {
    println!(
        "{how:<31} {number:>3} of {TASKS}, {:>2} lost",
        TASKS - number
    );
}
