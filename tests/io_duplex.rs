//! A duplex behaves as a socket does: a limit for each way, an end after what is left, a
//! broken pipe; and its halves work from two tasks.

mod sync_support;

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hob::io::prelude::*;
use hob::io::{DuplexStream, duplex, join, split};
use sync_support::{Count, Random, poll, poll_now};

/// Trap 48. Broken by: taking the `assert!` out of `duplex`.
#[test]
#[should_panic(expected = "take a size of at least 1")]
fn a_duplex_without_any_room_is_refused_at_once() {
    let _ = duplex(0);
}

#[test]
fn a_full_pipe_lets_the_writer_wait_until_somebody_reads() {
    let (mut near, mut far) = duplex(4);
    let count = Count::new();
    assert!(matches!(
        poll_now(&mut near.write(b"123456")),
        Poll::Ready(Ok(4))
    ));
    assert!(poll(&mut near.write(b"56"), &count).is_pending());
    let mut two = [0; 2];
    assert!(matches!(
        poll_now(&mut far.read(&mut two)),
        Poll::Ready(Ok(2))
    ));
    assert_eq!((&two, count.get()), (b"12", 1));
    assert!(matches!(
        poll_now(&mut near.write(b"567")),
        Poll::Ready(Ok(2))
    ));
}

/// Broken by: `take` asking `ended` before it looks at the bytes.
#[test]
fn the_end_comes_after_what_is_left() {
    let (mut near, mut far) = duplex(8);
    let count = Count::new();
    let mut buffer = [0; 8];
    assert!(poll(&mut far.read(&mut buffer), &count).is_pending());
    assert!(matches!(
        poll_now(&mut near.write(b"last")),
        Poll::Ready(Ok(4))
    ));
    assert_eq!(count.get(), 1);
    drop(near);
    assert!(matches!(
        poll_now(&mut far.read(&mut buffer)),
        Poll::Ready(Ok(4))
    ));
    assert!(matches!(
        poll_now(&mut far.read(&mut buffer)),
        Poll::Ready(Ok(0))
    ));
}

/// Broken by: taking `ended` out of `put`, or `broken` out of it.
#[test]
fn writing_to_who_has_gone_or_after_a_close_is_a_broken_pipe() {
    for close in [true, false] {
        let (mut near, far) = duplex(1);
        let count = Count::new();
        assert!(matches!(
            poll_now(&mut near.write(b"x")),
            Poll::Ready(Ok(1))
        ));
        assert!(poll(&mut near.write(b"y"), &count).is_pending());
        let far = if close {
            assert!(matches!(poll_now(&mut near.close()), Poll::Ready(Ok(()))));
            Some(far)
        } else {
            drop(far);
            assert_eq!(count.get(), 1, "who waits for room is told");
            None
        };
        let Poll::Ready(Err(error)) = poll_now(&mut near.write(b"y")) else {
            panic!("it cannot be written");
        };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        drop(far);
    }
}

/// Trap 42. Broken by: taking both `clear` out of the drop of `DuplexStream`.
#[test]
fn an_end_that_goes_leaves_no_waker_behind() {
    let (mut near, far) = duplex(1);
    let count = Count::new();
    assert!(poll(&mut near.read(&mut [0]), &count).is_pending());
    assert!(matches!(
        poll_now(&mut near.write(b"x")),
        Poll::Ready(Ok(1))
    ));
    assert!(poll(&mut near.write(b"y"), &count).is_pending());
    assert_eq!(Arc::strong_count(&count), 3);
    drop(near);
    assert_eq!(Arc::strong_count(&count), 1);
    drop(far);
}

/// One way, beside a plain queue, in random pieces.
#[test]
fn a_pipe_agrees_with_a_plain_queue() {
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let max = 1 + random.below(20);
        let (mut near, mut far) = duplex(max);
        let mut model = VecDeque::new();
        let mut next = 0_u8;
        for _ in 0..500 {
            if random.below(2) == 0 {
                let bytes: Vec<u8> = (0..random.below(12))
                    .map(|n| next.wrapping_add(n as u8))
                    .collect();
                let room = bytes.len().min(max - model.len());
                match poll_now(&mut near.write(&bytes)) {
                    Poll::Ready(Ok(written)) => {
                        assert_eq!(written, room);
                        assert!(room > 0 || bytes.is_empty());
                        model.extend(&bytes[..room]);
                        next = next.wrapping_add(room as u8);
                    }
                    Poll::Pending => assert!(room == 0 && !bytes.is_empty()),
                    Poll::Ready(Err(error)) => panic!("{error}"),
                }
            } else {
                let mut buffer = vec![0; random.below(12)];
                match poll_now(&mut far.read(&mut buffer)) {
                    Poll::Ready(Ok(read)) => {
                        assert!(read > 0 || buffer.is_empty());
                        let expected: Vec<u8> = model.drain(..read).collect();
                        assert_eq!(buffer[..read], expected);
                    }
                    Poll::Pending => assert!(model.is_empty() && !buffer.is_empty()),
                    Poll::Ready(Err(error)) => panic!("{error}"),
                }
            }
        }
    }
}

#[test]
fn two_tasks_read_and_write_one_stream() {
    let total = 10_000;
    let heard = hob::block_on(async {
        let (near, far) = duplex(7);
        let (mut reads, mut writes) = split(near);
        let writer = hob::spawn(async move {
            for n in 0..total {
                writes.write_all(&[n as u8]).await?;
            }
            writes.close().await
        });
        let echo = hob::spawn(async move {
            let (reads, writes) = split(far);
            let mut stream = join(reads, writes);
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await?;
            stream.write_all(&all).await?;
            stream.close().await
        });
        let mut heard = Vec::new();
        reads.read_to_end(&mut heard).await.expect("nothing fails");
        writer.await.expect("no panic").expect("nothing fails");
        echo.await.expect("no panic").expect("nothing fails");
        heard
    });
    assert_eq!(heard.len(), total);
    assert!(heard.iter().enumerate().all(|(n, byte)| *byte == n as u8));
}

/// Broken by: putting the stream back after the poll instead of in the drop of `Lent`.
#[test]
fn a_poll_that_panics_gives_the_stream_back_to_the_other_half() {
    struct Panics(DuplexStream);
    impl AsyncRead for Panics {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            panic!("not today");
        }
    }
    impl AsyncWrite for Panics {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, buffer)
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
    let (near, _far) = duplex(8);
    let (mut reads, mut writes) = split(Panics(near));
    let panics = AssertUnwindSafe(|| poll_now(&mut reads.read(&mut [0])));
    assert!(catch_unwind(panics).is_err());
    assert!(matches!(
        poll_now(&mut writes.write(b"fine")),
        Poll::Ready(Ok(4))
    ));
}
