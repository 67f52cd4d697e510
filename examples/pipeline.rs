//! A producer, a consumer, and a channel with three places between them. You will see the
//! producer run ahead until the channel is full, and from then on make one thing each time
//! the consumer takes one: the slower side sets the pace. That is backpressure.
//!
//! Run with: `cargo run --example pipeline`

use std::time::{Duration, Instant};

use hob::sync::mpsc::{self, Receiver, Sender};
use hob::time::sleep;

const PLACES: usize = 3;
const THINGS: u32 = 10;

fn main() {
    hob::block_on(async {
        let (sender, receiver) = mpsc::channel(PLACES);
        let start = Instant::now();
        hob::spawn(produce(sender, start));
        consume(receiver, start).await;
    });
}

/// Needs 20 ms for each thing.
async fn produce(sender: Sender<u32>, start: Instant) {
    for thing in 1..=THINGS {
        sleep(Duration::from_millis(20)).await;
        let waiting = sender.capacity() == 0;
        if waiting {
            say(
                start,
                0,
                &format!("made      {thing:<2} and waits for room"),
            );
        }
        if sender.send(thing).await.is_err() {
            return; // nobody wants any more
        }
        let left = draw(PLACES - sender.capacity());
        let what = if waiting { "put it in" } else { "made" };
        say(start, 0, &format!("{what:<9} {thing:<2} {left}"));
    }
    // The sender goes here, and so the channel ends when it is empty.
}

/// Needs 100 ms for each thing.
async fn consume(mut receiver: Receiver<u32>, start: Instant) {
    while let Some(thing) = receiver.recv().await {
        say(
            start,
            38,
            &format!("took {thing:<2} {}", draw(receiver.len())),
        );
        sleep(Duration::from_millis(100)).await;
    }
    say(start, 38, "the channel is over");
}

/// The channel with so many things in it.
fn draw(things: usize) -> String {
    format!("[{}{}]", "#".repeat(things), ".".repeat(PLACES - things))
}

fn say(start: Instant, column: usize, what: &str) {
    let ms = start.elapsed().as_millis();
    println!("{ms:>5} ms  {:column$}{what}", "");
}
