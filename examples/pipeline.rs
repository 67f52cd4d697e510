//! A pipeline of three tasks, once with channels that have room for four blocks, once with
//! channels without a limit. Reading is quick and writing is slow.
//!
//! You will see two tables, a line for each tenth of a second: how far reading and writing are,
//! and how much memory the blocks take, as a bar. With a limit, reading waits for writing (that
//! is backpressure), and memory stays at a few MiB. Without one, all that was read waits in
//! memory. It is no quicker for that: the slowest stage decides how long it takes.
//!
//! Run with: cargo run --release --example pipeline

use std::alloc::System;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_lite::{Stream, StreamExt};
use hob::JoinError;
use hob::sync::mpsc::{self, Sender, UnboundedSender};
use hob::time::{interval, sleep};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

const BLOCKS: u32 = 120;
const BLOCK_SIZE: usize = 256 * 1024;
const ROOM: usize = 4;

/// Counts what is allocated, so that the tables can tell.
#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> Result<(), JoinError> {
    hob::block_on(async {
        println!("{BLOCKS} blocks of 256 KiB go through read, pack and write.\n");
        println!("With room for {ROOM} blocks in each channel:");
        let (first, read) = mpsc::channel(ROOM);
        let (second, packed) = mpsc::channel(ROOM);
        run(
            (Out::Bounded(first), Box::pin(read)),
            (Out::Bounded(second), Box::pin(packed)),
        )
        .await?;

        println!("\nWithout a limit:");
        let (first, read) = mpsc::unbounded_channel();
        let (second, packed) = mpsc::unbounded_channel();
        run(
            (Out::Unbounded(first), Box::pin(read)),
            (Out::Unbounded(second), Box::pin(packed)),
        )
        .await
    })
}

type Block = Vec<u8>;

/// The end of a channel that a stage sends to.
enum Out {
    Bounded(Sender<Block>),
    Unbounded(UnboundedSender<Block>),
}

/// The end that a stage receives from. Receivers of both kinds are streams.
type In = Pin<Box<dyn Stream<Item = Block>>>;

impl Out {
    /// False if nobody wants any more.
    async fn send(&self, block: Block) -> bool {
        match self {
            Out::Bounded(sender) => sender.send(block).await.is_ok(),
            Out::Unbounded(sender) => sender.send(block).is_ok(),
        }
    }
}

/// Runs the three stages, with a channel behind the first and one behind the second.
async fn run(
    (to_pack, from_read): (Out, In),
    (to_write, from_pack): (Out, In),
) -> Result<(), JoinError> {
    let seen = Rc::new(Progress::default());
    let start = Instant::now();
    let before = allocated();
    let table = hob::spawn(tell(seen.clone(), start, before));
    hob::spawn(read(to_pack, seen.clone()));
    hob::spawn(pack(from_read, to_write));
    hob::spawn(write(from_pack, seen.clone())).await?;
    table.abort();
    println!(
        "   took {:.1} s, and at most {}",
        start.elapsed().as_secs_f64(),
        megabytes(seen.most.get() - before)
    );
    Ok(())
}

/// How far the first and the last stage are.
#[derive(Default)]
struct Progress {
    read: Cell<u32>,
    written: Cell<u32>,
    /// Bytes allocated, at the worst moment.
    most: Cell<usize>,
}

/// 1 ms for each block. When it returns, its end of the channel goes, and so the next stage
/// ends when the channel is empty, and the one behind it too.
async fn read(out: Out, seen: Rc<Progress>) {
    for _ in 0..BLOCKS {
        sleep(Duration::from_millis(1)).await;
        let block = vec![0; BLOCK_SIZE];
        seen.most.set(seen.most.get().max(allocated()));
        if !out.send(block).await {
            return;
        }
        seen.read.set(seen.read.get() + 1);
    }
}

/// 2 ms for each block.
async fn pack(mut blocks: In, out: Out) {
    while let Some(block) = blocks.next().await {
        sleep(Duration::from_millis(2)).await;
        if !out.send(block).await {
            return;
        }
    }
}

/// 6 ms for each block.
async fn write(mut blocks: In, seen: Rc<Progress>) {
    while let Some(_block) = blocks.next().await {
        sleep(Duration::from_millis(6)).await;
        seen.written.set(seen.written.get() + 1);
    }
}

/// A line for each tenth of a second, until it is aborted.
async fn tell(seen: Rc<Progress>, start: Instant, before: usize) {
    let mut beat = interval(Duration::from_millis(100));
    beat.tick().await; // the first is at once
    loop {
        beat.tick().await;
        let held = allocated().saturating_sub(before);
        println!(
            "   {:>5} ms   read {:>3}   written {:>3}   {} {}",
            start.elapsed().as_millis(),
            seen.read.get(),
            seen.written.get(),
            megabytes(held),
            "#".repeat(held.div_ceil(1024 * 1024))
        );
    }
}

/// Bytes allocated now.
fn allocated() -> usize {
    let stats = MEMORY.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn megabytes(bytes: usize) -> String {
    format!("{:>4.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}
