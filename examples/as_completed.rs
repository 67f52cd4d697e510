//! Twelve jobs, four at a time, each handled as soon as it is done. You will see them come in
//! another order than they were started in, and that the others go on while one is handled: the
//! handling alone takes 0.6 s, the jobs alone 0.8 s, and both together not 1.4 s but about 1 s.
//!
//! Run with: `cargo run --example as_completed`

use std::time::{Duration, Instant};

use hob::time::sleep;

fn main() -> Result<(), hob::JoinError> {
    hob::block_on(async {
        let start = Instant::now();
        let mut done = hob::as_completed((1..=12).map(job), 4);
        while let Some(result) = done.next().await {
            let (number, took) = result?;
            println!(
                "{:>4} ms  job {number:<2} is done, after {took:>3} ms",
                start.elapsed().as_millis()
            );
            sleep(Duration::from_millis(50)).await; // the handling
        }
        println!("{:>4} ms  all are handled", start.elapsed().as_millis());
        Ok(())
    })
}

/// Takes between 150 and 400 ms, which has nothing to do with its number.
async fn job(number: u64) -> (u64, u64) {
    let ms = 150 + number * 97 % 251;
    sleep(Duration::from_millis(ms)).await;
    (number, ms)
}
