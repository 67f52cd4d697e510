//! Two things at once on one thread. You will see "hello" at once, and "world" after a third
//! of a second: `main` went on while the task slept.
//!
//! Run with: `cargo run --example hello`

use std::time::Duration;

fn main() -> Result<(), hob::JoinError> {
    hob::block_on(async {
        let task = hob::spawn(async {
            hob::time::sleep(Duration::from_millis(333)).await;
            "world"
        });
        println!("hello");
        println!("{}", task.await?);
        Ok(())
    })
}
