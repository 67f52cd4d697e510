//! Nothing is left unread: whatever way the bytes and the end come in, and whatever a reader
//! takes of them at a time, it is never put to sleep on something that is there.

mod tcp_support;
mod wine_support;

use std::io::{ErrorKind, Write};

use futures_lite::future::poll_once;
use tcp_support::{pair, pair_with_std, pattern, run, send_and_settle, settle};
use wine_support::under_wine;

/// Trap 1. Broken by: taking `n < wanted` out of `judge_length`.
#[test]
fn one_byte_at_a_time_reads_everything_that_came_at_once() {
    run(async {
        let (here, there) = pair().await;
        // A system call under Wine takes a hundred times as long.
        let sent = pattern(if under_wine() { 16 } else { 256 } * 1024);
        let bytes = sent.clone();
        let writer = hob::spawn(async move { there.write_all(&bytes).await });
        let mut got = Vec::new();
        while got.len() < sent.len() / 2 {
            let mut byte = [0];
            assert_eq!(here.read(&mut byte).await.unwrap(), 1);
            got.push(byte[0]);
        }
        while got.len() < sent.len() {
            here.readable().await.unwrap();
            let mut byte = [0];
            match here.try_read(&mut byte) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                done => {
                    assert_eq!(done.unwrap(), 1);
                    got.push(byte[0]);
                }
            }
        }
        assert!(got == sent);
        writer.await.unwrap().unwrap();
    });
}

/// Trap 2. Broken by: `EDGES_COME_BY_THEMSELVES = true` (seen under poll(2)).
#[test]
fn after_a_short_read_later_bytes_still_wake_the_reader() {
    run(async {
        let (mut here, mut there) = pair_with_std().await;
        let mut buf = [0; 4096];
        for round in 0..300 {
            let reading = hob::spawn(async move {
                let n = here.read(&mut buf).await.unwrap();
                (here, n)
            });
            if round % 2 == 0 {
                // The reader sleeps already.
                settle().await;
            }
            there.write_all(b"ten bytes.").unwrap();
            let n;
            (here, n) = reading.await.unwrap();
            assert_eq!(n, 10);
        }
    });
}

/// Trap 3. Broken by: `poll_bytes` in the place of `poll_io` in `peek`.
#[test]
fn a_short_peek_leaves_the_bytes_to_be_read() {
    run(async {
        let (here, mut there) = pair_with_std().await;
        let mut buf = [0; 64];
        for _ in 0..3 {
            send_and_settle(&mut there, b"hello").await;
            assert_eq!(here.peek(&mut buf).await.unwrap(), 5);
            assert_eq!(here.peek(&mut buf[..2]).await.unwrap(), 2);
            assert_eq!(here.read(&mut buf).await.unwrap(), 5);
            // Peeking until there is nothing must not deafen the reader that comes after.
            assert!(poll_once(here.peek(&mut buf)).await.is_none());
        }
    });
}

/// Trap 54. Broken by: leaving out `!side.is_hinted()` in `judge_length`; under poll(2) by
/// `EDGES_COME_BY_THEMSELVES = true`.
#[test]
fn bytes_and_the_end_in_one_event_are_both_seen() {
    run(async {
        for visits_first in [false, true] {
            let (here, mut there) = pair_with_std().await;
            there.write_all(b"ten bytes.").unwrap();
            drop(there);
            if visits_first {
                // From here on the event is taken, and there will be no other.
                here.readable().await.unwrap();
            }
            let mut buf = [0; 4096];
            assert_eq!(here.read(&mut buf).await.unwrap(), 10);
            assert_eq!(here.read(&mut buf).await.unwrap(), 0);
            assert_eq!(here.read(&mut buf).await.unwrap(), 0, "it stays ended");
        }
    });
}

/// Trap 54, the other order. Broken by: clearing nothing in `Side::ready`.
#[test]
fn the_end_that_comes_after_the_bytes_were_read_is_seen() {
    run(async {
        let (here, mut there) = pair_with_std().await;
        let mut buf = [0; 4096];
        send_and_settle(&mut there, b"ten bytes.").await;
        assert_eq!(here.read(&mut buf).await.unwrap(), 10);
        assert!(poll_once(here.read(&mut buf)).await.is_none());
        drop(there);
        assert_eq!(here.read(&mut buf).await.unwrap(), 0);
    });
}

/// Broken by: leaving `PRIORITY` out of `backend::both`. A read stops before an urgent byte,
/// and what lies behind it makes no event of its own.
#[cfg(target_os = "linux")]
#[test]
fn what_lies_behind_an_urgent_byte_is_read_too() {
    run(async {
        let (here, mut there) = pair_with_std().await;
        there.write_all(b"before").unwrap();
        socket2::SockRef::from(&there)
            .send_out_of_band(b"!")
            .unwrap();
        there.write_all(b"behind").unwrap();
        here.readable().await.unwrap();
        settle().await;
        let mut buf = [0; 4096];
        let mut got = Vec::new();
        while !got.ends_with(b"behind") {
            let n = here.read(&mut buf).await.unwrap();
            got.extend_from_slice(&buf[..n]);
        }
        assert_eq!(got, b"beforebehind");
    });
}
