//! One direction may end while the other goes on.

mod tcp_support;
mod wine_support;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use tcp_support::{pair, pair_with_std, pattern, run, settle};
use wine_support::under_wine;

/// Trap 18. Broken by: answering an end of *both* directions to `read_hint`, for instance by
/// failing writes once a side is hinted.
#[test]
fn after_the_peer_has_ended_we_can_still_write_to_it() {
    run(async {
        let (here, there) = pair().await;
        there.shutdown(Shutdown::Write).unwrap();
        assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 0);
        let sent = pattern(4 << 20);
        let bytes = sent.clone();
        let writer = hob::spawn(async move {
            here.write_all(&bytes).await.unwrap();
            assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 0, "it stays ended");
        });
        let mut got = Vec::new();
        there.read_to_end(&mut got).await.unwrap();
        assert!(got == sent);
        writer.await.unwrap();
    });
}

/// Trap 18. Broken by: a task that wakes itself when it is refused, in `Waiter::poll_park`.
#[test]
fn a_half_closed_connection_does_not_keep_the_loop_busy() {
    run(async {
        let (here, there) = pair_with_std().await;
        there.shutdown(Shutdown::Write).unwrap();
        assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 0);
        // The peer does not read, so the writer ends up asleep.
        let writer = hob::spawn(async move { here.write_all(&vec![0; 16 << 20]).await });
        hob::time::sleep(Duration::from_millis(200)).await;
        let before = hob::metrics().counters;
        hob::time::sleep(Duration::from_millis(300)).await;
        let after = hob::metrics().counters;
        assert!(after.kernel_visits - before.kernel_visits < 20, "{after:?}");
        assert!(after.polls - before.polls < 20, "{after:?}");
        assert!(!writer.is_finished());
        drop(there);
        let error = writer.await.unwrap().unwrap_err();
        let kinds = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(kinds.contains(&error.kind()), "{error}");
    });
}

/// Broken by: leaving `Drop` of `OwnedWriteHalf` empty.
#[test]
fn dropping_the_writing_half_ends_that_direction_and_forgetting_it_does_not() {
    run(async {
        let (here, mut there) = pair_with_std().await;
        let (reading, writing) = here.into_split();
        drop(writing);
        assert_eq!(there.read(&mut [0; 8]).unwrap(), 0);
        there.write_all(b"still").unwrap();
        assert_eq!(reading.read(&mut [0; 8]).await.unwrap(), 5);

        let (here, there) = pair_with_std().await;
        let (_reading, writing) = here.into_split();
        writing.forget();
        settle().await;
        there.set_nonblocking(true).unwrap();
        let error = (&there).read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "no end was sent");
    });
}

/// Trap 20 on macOS, where `shutdown(2)` of a connection that the peer has reset fails.
/// Broken by: `shut` returning what it gets (seen on macOS only).
#[test]
fn ending_what_has_ended_is_no_error() {
    run(async {
        let (here, there) = pair_with_std().await;
        socket2::SockRef::from(&there)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        drop(there);
        here.readable().await.unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        here.shutdown(Shutdown::Both).unwrap();
    });
}

/// Broken by: leaving either half out of `Slot::note`.
#[test]
fn a_reset_wakes_both_the_reader_and_the_writer() {
    run(async {
        let (here, there) = pair_with_std().await;
        let here = Rc::new(here);
        let (a, b) = (here.clone(), here);
        let writer = hob::spawn(async move { a.write_all(&vec![0; 16 << 20]).await });
        let reader = hob::spawn(async move { b.read(&mut [0; 8]).await });
        settle().await;
        // Closed with our bytes unread: that makes it a reset.
        drop(there);
        assert!(writer.await.unwrap().is_err());
        let read = reader.await.unwrap();
        // Wine makes an ordinary end of a reset.
        assert!(read.is_err() || under_wine(), "{read:?}");
    });
}
