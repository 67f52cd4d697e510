//! Two producers, three consumers, and a queue with four places between them: the program that
//! every course on asyncio begins with.
//!
//! You will see, in about a second, who puts what, who takes what, and the queue as it fills up.
//! When it is full, a producer waits in `put` until a consumer takes something, and whoever has
//! waited longest goes on first. At the end the queue is empty before the work is done, and that
//! is the difference between `is_empty` and `join`.
//!
//! Run with: cargo run --example producer_consumer

use std::rc::Rc;
use std::time::{Duration, Instant};

use hob::JoinError;
use hob::sync::Queue;
use hob::time::sleep;

const PLACES: usize = 4;

fn main() -> Result<(), JoinError> {
    hob::block_on(async {
        let kitchen = Kitchen {
            queue: Rc::new(Queue::new(PLACES)),
            start: Instant::now(),
        };
        let producers = [("Ann", 30), ("Ben", 45)];
        let producers = producers.map(|(name, ms)| hob::spawn(produce(kitchen.clone(), name, ms)));
        let consumers = ["Xia", "Yann", "Zoe"];
        let consumers = consumers.map(|name| hob::spawn(consume(kitchen.clone(), name)));

        for producer in producers {
            producer.await?;
        }
        kitchen.say(0, "all is put; waiting until all is done");
        kitchen.queue.join().await;
        kitchen.say(0, "all is done");
        // The consumers wait for more. Nothing comes: that is for somebody to say.
        kitchen.queue.shutdown();
        for consumer in consumers {
            consumer.await?;
        }
        Ok(())
    })
}

/// What all of them share.
#[derive(Clone)]
struct Kitchen {
    queue: Rc<Queue<String>>,
    start: Instant,
}

/// Makes six things, each in so many milliseconds.
async fn produce(kitchen: Kitchen, name: &str, ms: u64) {
    for number in 1..=6 {
        sleep(Duration::from_millis(ms)).await;
        let thing = format!("{}{number}", &name[..1]);
        if kitchen.queue.is_full() {
            kitchen.say(0, &format!("{name} has {thing} and waits for room"));
        }
        let put = kitchen.queue.put(thing.clone()).await;
        if put.is_err() {
            return; // shut down: nobody wants it any more
        }
        kitchen.say(0, &format!("{name} put {thing}"));
    }
}

/// Takes one thing after the other, and needs 180 ms for each.
async fn consume(kitchen: Kitchen, name: &str) {
    // The guard says `task_done` at the end of each round, however the round ends.
    while let Ok((thing, _done)) = kitchen.queue.get_guarded().await {
        kitchen.say(42, &format!("{name} took {thing}"));
        sleep(Duration::from_millis(180)).await;
        if kitchen.queue.is_empty() {
            kitchen.say(
                42,
                &format!("{name} is done with {thing}; the queue is empty"),
            );
        }
    }
    kitchen.say(42, &format!("{name} goes home"));
}

impl Kitchen {
    /// A line with the time, the queue, and what happened.
    fn say(&self, column: usize, what: &str) {
        let ms = self.start.elapsed().as_millis();
        let full = self.queue.len();
        let queue = format!("[{}{}]", "#".repeat(full), ".".repeat(PLACES - full));
        println!("{ms:>5} ms  {queue}  {:column$}{what}", "");
    }
}
