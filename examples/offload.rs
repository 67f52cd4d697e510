//! CPU work beside a clock that must not stutter.
//!
//! What you will see: a timer that ticks every 10 ms while half a second of arithmetic is
//! done. First the arithmetic runs on the loop itself, and the ticks stop until it is over;
//! then it runs on a worker thread, and they go on. Each row shows how late the latest tick
//! came.
//!
//! Run with: cargo run --release --example offload

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hob::spawn;
use hob::time::{MissedTickBehavior, interval};

const TICK: Duration = Duration::from_millis(10);

fn main() {
    hob::block_on(async {
        let work = calibrate(Duration::from_millis(500));

        let on_the_loop = ticks_beside(async move { primes_below(work) }).await;
        on_the_loop.print("on the loop itself");

        let on_a_worker = ticks_beside(async move {
            // The closure goes to a worker; this task waits, and so lets the loop go on.
            let counted = hob::spawn_blocking(move || primes_below(work)).await;
            counted.expect("counting primes does not panic")
        })
        .await;
        on_a_worker.print("on a worker thread");
    });
}

struct Seen {
    primes: u32,
    took: Duration,
    ticks: u32,
    latest: Duration,
}

/// Does `work` while a task counts ticks, and how late each of them came.
async fn ticks_beside(work: impl Future<Output = u32>) -> Seen {
    let (ticks, latest) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(Duration::ZERO)));
    let ticker = spawn(tick(ticks.clone(), latest.clone()));
    hob::yield_now().await; // the ticker takes its first look at the clock

    let begin = Instant::now();
    let primes = work.await;
    let took = begin.elapsed();

    // One tick more, so that the one that came late is counted too.
    hob::time::sleep(TICK).await;
    ticker.abort();
    Seen {
        primes,
        took,
        ticks: ticks.get(),
        latest: latest.get(),
    }
}

async fn tick(ticks: Rc<Cell<u32>>, latest: Rc<Cell<Duration>>) {
    let mut interval = interval(TICK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let due = interval.tick().await;
        latest.set(latest.get().max(due.elapsed()));
        ticks.set(ticks.get() + 1);
    }
}

impl Seen {
    fn print(&self, place: &str) {
        let late_ms = self.latest.as_millis() as usize;
        println!(
            "{place:<20} {} primes in {:>3} ms   {:>3} ticks, the latest {late_ms:>3} ms late {}",
            self.primes,
            self.took.as_millis(),
            self.ticks,
            "▪".repeat(late_ms.div_ceil(20)),
        );
    }
}

/// How far to count so that it takes about as long as `wanted` on this machine.
fn calibrate(wanted: Duration) -> u32 {
    let mut limit = 50_000;
    loop {
        let begin = Instant::now();
        std::hint::black_box(primes_below(limit));
        if begin.elapsed() > wanted / 4 {
            return (limit as f64 * (wanted.as_secs_f64() / begin.elapsed().as_secs_f64()).powf(0.7))
                as u32;
        }
        limit = limit * 3 / 2;
    }
}

/// Slow on purpose: something to do.
fn primes_below(limit: u32) -> u32 {
    let is_prime = |n: u32| {
        (2..)
            .take_while(|d| d * d <= n)
            .all(|d| !n.is_multiple_of(d))
    };
    (2..limit).filter(|&n| is_prime(n)).count() as u32
}
