//! `copy` and `copy_bidirectional` move every byte, in order, through streams that stutter;
//! they flush in every pause, end when they should, and let others run.

mod sync_support;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hob::io::prelude::*;
use hob::io::{BufWriter, copy, copy_bidirectional, duplex, repeat, sink};
use sync_support::{Count, Random, poll, poll_now};

/// For what would otherwise never end if it were broken.
const HANG: Duration = Duration::from_secs(20);

/// Reads from a script in random pieces, and is often not ready.
struct Stutter<'a> {
    random: Random,
    left: &'a [u8],
    /// Where the buffer was that it was given first.
    buffer: Option<usize>,
}

impl AsyncRead for Stutter<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let address = buffer.as_ptr().addr();
        assert_eq!(
            *self.buffer.get_or_insert(address),
            address,
            "one buffer, reused"
        );
        if self.random.below(3) == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let size = self
            .left
            .len()
            .min(1 + self.random.below(5000))
            .min(buffer.len());
        let (piece, left) = self.left.split_at(size);
        buffer[..size].copy_from_slice(piece);
        self.left = left;
        Poll::Ready(Ok(size))
    }
}

/// Takes random pieces, is often not ready, and shows what it took only when it is flushed.
struct Reluctant {
    random: Random,
    taken: Vec<u8>,
    shown: usize,
}

impl AsyncWrite for Reluctant {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.random.below(3) == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let size = buffer.len().min(1 + self.random.below(3000));
        self.taken.extend(&buffer[..size]);
        Poll::Ready(Ok(size))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.random.below(3) == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.shown = self.taken.len();
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        panic!("copy does not close the writer");
    }
}

#[test]
fn every_byte_arrives_in_order_whatever_the_pieces_and_pauses() {
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    for seed in 0..50 {
        let reader = Stutter {
            random: Random::new(seed),
            left: &bytes,
            buffer: None,
        };
        let mut writer = Reluctant {
            random: Random::new(seed + 1000),
            taken: Vec::new(),
            shown: 0,
        };
        let moved = hob::block_on(copy(reader, &mut writer)).expect("neither side fails");
        assert_eq!(moved, bytes.len() as u64);
        assert_eq!(writer.shown, bytes.len(), "flushed at the end");
        assert!(writer.taken == bytes);
    }
}

/// Broken by: taking the `flush` out of the `Pending` arm of `Flow::poll`. The peer would
/// wait for a question that rests in a buffer, and we for its answer.
#[test]
fn what_was_written_is_flushed_when_the_reader_pauses() {
    let (mut source, reader) = duplex(64);
    let (writer, mut target) = duplex(64);
    let mut writer = BufWriter::new(writer);
    let mut copying = copy(reader, &mut writer);
    assert!(matches!(
        poll_now(&mut source.write_all(b"question?")),
        Poll::Ready(Ok(()))
    ));
    assert!(poll_now(&mut copying).is_pending());
    let mut seen = [0; 64];
    assert!(matches!(
        poll_now(&mut target.read(&mut seen)),
        Poll::Ready(Ok(9))
    ));
}

/// What the docs say under *Cancel safety*. Broken by: `copy` reading ahead while the writer
/// is busy: more would be lost than the one read that it was about to write.
#[test]
fn a_copy_that_is_dropped_loses_only_what_it_had_read_and_not_written() {
    let (mut source, mut reader) = duplex(4);
    let (mut writer, mut target) = duplex(2);
    assert!(matches!(
        poll_now(&mut source.write(b"1234")),
        Poll::Ready(Ok(4))
    ));
    let mut copying = copy(&mut reader, &mut writer);
    assert!(poll_now(&mut copying).is_pending());
    assert!(matches!(
        poll_now(&mut source.write(b"5678")),
        Poll::Ready(Ok(4))
    ));
    drop(copying);
    drop((source, writer));
    let (mut left, mut arrived) = (String::new(), String::new());
    assert!(poll_now(&mut reader.read_to_string(&mut left)).is_ready());
    assert!(poll_now(&mut target.read_to_string(&mut arrived)).is_ready());
    assert_eq!(
        (&arrived[..], &left[..]),
        ("12", "5678"),
        "34 was on its way"
    );
}

#[test]
fn a_writer_that_takes_nothing_is_an_error_and_no_endless_loop() {
    let mut full = [0_u8; 4];
    let writer = hob::io::Cursor::new(&mut full[..]);
    let guarded = hob::time::timeout(HANG, copy(&b"five!"[..], writer));
    let error = hob::block_on(guarded)
        .expect("no endless loop")
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
}

/// Trap 27. Broken by: taking both `coop::spend` out of `Flow`.
#[test]
fn copying_from_memory_to_memory_lets_the_kernel_have_its_turn() {
    let visits = hob::block_on(async {
        let before = hob::metrics().counters.kernel_visits;
        let size = 1000 * 64 * 1024;
        let moved = copy(repeat(7).take(size), sink())
            .await
            .expect("nothing fails");
        assert_eq!(moved, size);
        hob::metrics().counters.kernel_visits - before
    });
    assert!(visits >= 5, "{visits} visits");
}

/// Broken by: taking `poll_close` out of `Way::poll`.
#[test]
fn one_way_may_end_while_the_other_goes_on() {
    let ((mut client, a), (mut server, b)) = (duplex(8), duplex(8));
    let mut proxy = copy_bidirectional(a, b);
    let count = Count::new();
    assert!(matches!(
        poll_now(&mut client.write(b"bye")),
        Poll::Ready(Ok(3))
    ));
    assert!(matches!(poll_now(&mut client.close()), Poll::Ready(Ok(()))));
    assert!(poll(&mut proxy, &count).is_pending());
    let mut asked = Vec::new();
    assert!(matches!(
        poll_now(&mut server.read_to_end(&mut asked)),
        Poll::Ready(Ok(3))
    ));
    for word in ["still", "here"] {
        assert!(matches!(
            poll_now(&mut server.write_all(word.as_bytes())),
            Poll::Ready(Ok(()))
        ));
        assert!(count.get() > 0);
        assert!(poll(&mut proxy, &count).is_pending());
        let mut heard = vec![0; word.len()];
        assert!(matches!(
            poll_now(&mut client.read_exact(&mut heard)),
            Poll::Ready(Ok(()))
        ));
        assert_eq!(heard, word.as_bytes());
    }
    assert!(matches!(poll_now(&mut server.close()), Poll::Ready(Ok(()))));
    assert!(matches!(poll(&mut proxy, &count), Poll::Ready(Ok((3, 9)))));
    let mut rest = Vec::new();
    assert!(matches!(
        poll_now(&mut client.read_to_end(&mut rest)),
        Poll::Ready(Ok(0))
    ));
}

/// Broken by: polling the way back only when the way there is over.
#[test]
fn neither_way_waits_for_the_other() {
    let ((mut client, a), (mut server, b)) = (duplex(4), duplex(4));
    let mut proxy = copy_bidirectional(a, b);
    // Nobody reads at the server, so the way there is full and stays so.
    loop {
        let stuck = poll_now(&mut client.write(b"flood")).is_pending();
        assert!(poll_now(&mut proxy).is_pending());
        if stuck && poll_now(&mut client.write(b"flood")).is_pending() {
            break;
        }
    }
    assert!(matches!(
        poll_now(&mut server.write(b"back")),
        Poll::Ready(Ok(4))
    ));
    assert!(poll_now(&mut proxy).is_pending());
    let mut heard = [0; 4];
    assert!(matches!(
        poll_now(&mut client.read_exact(&mut heard)),
        Poll::Ready(Ok(()))
    ));
    assert_eq!(&heard, b"back");
}

#[test]
fn an_end_that_breaks_ends_both_ways_with_an_error() {
    let ((mut client, a), (server, b)) = (duplex(8), duplex(8));
    let mut proxy = copy_bidirectional(a, b);
    assert!(poll_now(&mut proxy).is_pending());
    drop(server);
    assert!(matches!(
        poll_now(&mut client.write(b"hello?")),
        Poll::Ready(Ok(6))
    ));
    let Poll::Ready(Err(error)) = poll_now(&mut proxy) else {
        panic!("there is nobody to give it to");
    };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
