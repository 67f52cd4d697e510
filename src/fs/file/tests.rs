//! Tests of what only the HTTP client does with a file: somebody else writes, at its position.

use std::io::Write;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use futures_lite::future::poll_once;

use super::*;

fn path(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("hob-file-{name}-{}", std::process::id()))
}

/// Broken by: not setting `unheard` in `write_by`, or not looking at it in `pack`.
#[test]
fn a_flush_waits_also_for_who_writes_by_other_means_and_was_given_up() {
    let path = path("given-up");
    crate::block_on(async {
        let mut file = File::create(&path).await.unwrap();
        let (go_on, told) = mpsc::channel::<()>();
        let mut writing = Box::pin(file.write_by(move |mut file| {
            let _ = told.recv();
            file.write_all(b"late")
        }));
        assert!(poll_once(&mut writing).await.is_none());
        drop(writing);
        let mut flush = pin!(file.flush());
        assert!(poll_once(&mut flush).await.is_none(), "it is under way");
        drop(go_on);
        flush.await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"late");
    });
    std::fs::remove_file(&path).unwrap();
}

/// Broken by: `poll_write` telling a late error while somebody who has not seen it stands in line.
#[test]
fn who_was_given_up_writes_nothing_behind_an_earlier_error() {
    let path = path("behind");
    std::fs::write(&path, b"").unwrap();
    crate::Builder::new().worker_threads(1).block_on(async {
        // It takes no writes.
        let mut file = File::open(&path).await.unwrap();
        let (first_goes_on, first_told) = mpsc::channel::<()>();
        let (second_goes_on, second_told) = mpsc::channel::<()>();
        // In line: the first, the file's two, the second. But a file does one thing at a time,
        // and stands behind the second with its other.
        let first = crate::spawn_blocking(move || first_told.recv());
        file.write_all(&[7; 100_000]).await.unwrap();
        let has_written = Arc::new(AtomicBool::new(false));
        let writes = has_written.clone();
        let mut writing = Box::pin(file.write_by(move |_| {
            writes.store(true, Ordering::Relaxed);
            Ok(())
        }));
        assert!(poll_once(&mut writing).await.is_none());
        drop(writing);
        let second = crate::spawn_blocking(move || second_told.recv());
        drop(first_goes_on);
        assert!(first.await.unwrap().is_err(), "the channel is closed");
        while !file.shared.late.is_there() {
            crate::yield_now().await;
        }
        let mut write = Box::pin(file.write(b"more"));
        let told_early = poll_once(&mut write).await;
        drop(second_goes_on);
        assert!(second.await.unwrap().is_err(), "the channel is closed");
        assert!(told_early.is_none() && write.await.is_err());
        file.flush().await.unwrap();
        assert!(!has_written.load(Ordering::Relaxed), "a hole");
    });
    std::fs::remove_file(&path).unwrap();
}
