//! Ten jobs, and a semaphore with three permits. You will see a line for each change: who
//! begins and who is done, and how many are in flight, drawn as a bar that never grows beyond
//! three. Whoever is done hands its permit to the one that has waited longest.
//!
//! Run with: `cargo run --example semaphore`

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use hob::sync::Semaphore;
use hob::time::sleep;

const JOBS: u64 = 10;
const PERMITS: usize = 3;

fn main() {
    hob::block_on(async {
        let permits = Rc::new(Semaphore::new(PERMITS));
        let flight = Rc::new(Flight::default());
        let tasks: Vec<_> = (1..=JOBS)
            .map(|job| hob::spawn(work(job, permits.clone(), flight.clone())))
            .collect();
        for task in tasks {
            task.await.expect("a job does not panic");
        }
        println!("\nnever more than {} of {PERMITS}", flight.most.get());
    });
}

async fn work(job: u64, permits: Rc<Semaphore>, flight: Rc<Flight>) {
    // From here on until `_permit` is dropped, we are one of three.
    let _permit = permits.acquire().await.expect("nobody closes it");
    flight.change(1, &format!("{job:>2} begins"));
    // Some take longer than others.
    sleep(Duration::from_millis(40 + job * 37 % 80)).await;
    flight.change(-1, &format!("{job:>2} is done"));
}

/// Who is at work, counted beside the semaphore. A `Cell` is enough: one thread runs all.
#[derive(Default)]
struct Flight {
    now: Cell<usize>,
    most: Cell<usize>,
}

impl Flight {
    fn change(&self, by: isize, what: &str) {
        let now = self.now.get().saturating_add_signed(by);
        self.now.set(now);
        self.most.set(self.most.get().max(now));
        println!(
            "{what:<12} {}{}",
            "█".repeat(now),
            "·".repeat(PERMITS - now)
        );
    }
}
