//! Files, for the runtimes whose reads and writes borrow a buffer. Compiled once for each of
//! them, as [`tasks`](super::tasks) is; `owned.rs` is the same for the others.

#![allow(
    unused_imports,
    unused_mut,
    reason = "what one contender's types need, the other's do without"
)]

use super::rt::{self, AsyncReadExt as _, AsyncWriteExt as _};
use crate::scratch::{PIECE, SMALL, Scratch};
use std::time::{Duration, Instant};

/// A file of `size` bytes is written in pieces of 64 KiB, then read in the same pieces.
pub fn sequential(size: usize) -> Duration {
    let scratch = Scratch::new();
    let path = scratch.path("large");
    rt::in_a_task(async move {
        let start = Instant::now();
        let piece = vec![7; PIECE];
        let mut file = rt::File::create(&path).await.expect("created");
        for _ in 0..size / PIECE {
            file.write_all(&piece).await.expect("written");
        }
        file.flush().await.expect("written");
        drop(file);
        let mut file = rt::File::open(&path).await.expect("opened");
        let (mut buffer, mut total) = (vec![0; PIECE], 0);
        loop {
            match file.read(&mut buffer).await.expect("read") {
                0 => break,
                n => total += n,
            }
        }
        assert_eq!(total, size / PIECE * PIECE);
        start.elapsed()
    })
}

/// `count` files of 4 KiB are written, read and removed, by `tasks` tasks at once.
pub fn small(count: usize, tasks: usize) -> Duration {
    let scratch = Scratch::new();
    let paths = scratch.paths(count);
    rt::in_a_task(async move {
        let start = Instant::now();
        let work = |paths: Vec<std::path::PathBuf>| async move {
            for path in paths {
                rt::fs::write(&path, [7; SMALL]).await.expect("written");
                let back = rt::fs::read(&path).await.expect("read");
                assert_eq!(back.len(), SMALL);
                rt::fs::remove_file(&path).await.expect("removed");
            }
        };
        let shares = paths.chunks(count.div_ceil(tasks));
        let handles: Vec<_> = shares
            .map(|share| rt::spawn(work(share.to_vec())))
            .collect();
        for handle in handles {
            handle.await.expect("it ends");
        }
        start.elapsed()
    })
}
