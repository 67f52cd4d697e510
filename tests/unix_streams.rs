//! Unix streams move bytes both ways, end in each way that streams end, and can be taken apart
//! and put together again.
#![cfg(unix)]

mod net_support;

use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::Shutdown;

use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use hob::net::{Interest, ReuniteError, UnixStream};
use net_support::{kind, run, settle};

/// Bytes that show it when some are lost, doubled or out of order.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

#[test]
fn what_is_written_here_comes_back_from_there() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let echo = hob::spawn(async move {
            let mut buf = [0; 777];
            loop {
                match there.read(&mut buf).await.unwrap() {
                    0 => break,
                    n => there.write_all(&buf[..n]).await.unwrap(),
                }
            }
        });
        // More than all buffers of the kernel hold: both ends must wait for each other.
        let sent = pattern(4 << 20);
        let (reading, writing) = here.into_split();
        let bytes = sent.clone();
        let writer = hob::spawn(async move { writing.write_all(&bytes).await });
        let mut got = Vec::new();
        assert_eq!(reading.read_to_end(&mut got).await.unwrap(), sent.len());
        assert!(got == sent);
        writer.await.unwrap().unwrap();
        echo.await.unwrap();
    });
}

#[test]
fn the_traits_of_futures_io_do_the_same_as_the_methods() {
    run(async {
        let (mut here, there) = UnixStream::pair().unwrap();
        AsyncWriteExt::write_all(&mut here, b"abc").await.unwrap();
        AsyncWriteExt::flush(&mut here).await.unwrap();
        AsyncWriteExt::close(&mut here).await.unwrap();
        let mut got = String::new();
        (&there).read_to_string(&mut got).await.unwrap();
        assert_eq!(got, "abc");

        // And by way of the halves.
        let (mut reading, _writing) = here.into_split();
        let (_, mut writing) = there.into_split();
        let copied = futures_lite::io::copy(&b"back"[..], &mut writing).await;
        assert_eq!(copied.unwrap(), 4);
        AsyncWriteExt::close(&mut writing).await.unwrap();
        got.clear();
        reading.read_to_string(&mut got).await.unwrap();
        assert_eq!(got, "back");
    });
}

#[test]
fn several_buffers_are_written_and_read_in_one_call() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let bufs = [IoSlice::new(b"ab"), IoSlice::new(b"cde")];
        assert_eq!(here.write_vectored(&bufs).await.unwrap(), 5);
        let (mut a, mut b) = ([0; 3], [0; 3]);
        let mut bufs = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        assert_eq!(there.read_vectored(&mut bufs).await.unwrap(), 5);
        assert_eq!((&a, &b), (b"abc", b"de\0"));

        assert_eq!(here.try_write_vectored(&[IoSlice::new(b"fg")]).unwrap(), 2);
        there.readable().await.unwrap();
        let mut bufs = [IoSliceMut::new(&mut a)];
        assert_eq!(there.try_read_vectored(&mut bufs).unwrap(), 2);
        assert_eq!(kind(there.try_read(&mut b)), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_future_that_is_dropped_while_it_waits_takes_no_byte() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        for _ in 0..3 {
            let mut buf = [0; 4];
            assert!(poll_once(there.read(&mut buf)).await.is_none());
        }
        here.write_all(b"whole").await.unwrap();
        let mut buf = [0; 5];
        there.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"whole");
    });
}

#[test]
fn trying_answers_at_once_and_readiness_says_when_to_try() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let both = Interest::READABLE | Interest::WRITABLE;
        let ready = here.ready(both).await.unwrap();
        assert!(ready.is_writable() && !ready.is_readable());
        let bytes = pattern(1 << 16);
        let mut sent = 0;
        let full = loop {
            match here.try_write(&bytes) {
                Ok(n) => sent += n,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        assert!(poll_once(here.writable()).await.is_none());
        let drain = async {
            let mut buf = vec![0; 1 << 16];
            let mut got = 0;
            while got < sent {
                there.readable().await.unwrap();
                match there.try_read(&mut buf) {
                    Ok(n) => got += n,
                    Err(e) => assert_eq!(e.kind(), ErrorKind::WouldBlock),
                }
            }
        };
        zip(here.writable(), drain).await.0.unwrap();
        assert!(here.try_write(b"again").is_ok());
    });
}

/// Trap 18. Broken by: `stream_ops::shutdown` passing on `Shutdown::Both`.
#[test]
fn half_of_a_stream_can_end_while_the_other_goes_on() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        let mut buf = [0; 64];
        for _ in 0..3 {
            assert_eq!(there.read(&mut buf).await.unwrap(), 0, "it stays so");
        }
        for _ in 0..3 {
            there.write_all(b"still here").await.unwrap();
            assert_eq!(here.read(&mut buf).await.unwrap(), 10);
        }
        assert_eq!(kind(here.write(b"x").await), ErrorKind::BrokenPipe);
    });
}

/// Trap 54. Broken by: `SHORT_READ_IS_ALL = true` for Unix streams together with
/// `judge_length` not asking `is_hinted`.
#[test]
fn the_end_is_seen_if_it_came_together_with_the_data() {
    run(async {
        for parked in [false, true] {
            let (here, there) = UnixStream::pair().unwrap();
            let reader = hob::spawn(async move {
                let mut buf = [0; 4096];
                let first = there.read(&mut buf).await.unwrap();
                let second = there.read(&mut buf).await.unwrap();
                (first, second)
            });
            if parked {
                settle().await;
            }
            here.write_all(b"last words").await.unwrap();
            drop(here);
            assert_eq!(reader.await.unwrap(), (10, 0));
        }
    });
}

#[test]
fn who_waits_is_woken_when_the_peer_goes() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let bytes = pattern(1 << 20);
        let mut buf = [0; 16];
        let waiting = async {
            let (written, read) = zip(here.write_all(&bytes), here.read(&mut buf)).await;
            (kind(written), read)
        };
        let going = async {
            settle().await;
            drop(there);
        };
        let ((written, read), ()) = zip(waiting, going).await;
        assert_eq!(written, ErrorKind::BrokenPipe);
        // Some systems call it a reset if the peer left bytes unread.
        assert!(matches!(read, Ok(0)) || kind(read) == ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_stream_can_be_taken_apart_and_put_together() {
    run(async {
        let (mut here, there) = UnixStream::pair().unwrap();
        let (reading, writing) = here.split();
        let mut buf = [0; 4];
        let (sent, got) = zip(writing.write_all(b"ping"), there.read(&mut buf)).await;
        assert_eq!((sent.unwrap(), got.unwrap()), ((), 4));
        there.write_all(b"pong").await.unwrap();
        reading.read_exact(&mut buf).await.unwrap();
        assert!(reading.peer_addr().unwrap().is_unnamed());

        let (read_here, write_here) = here.into_split();
        let (read_there, write_there) = there.into_split();
        let ReuniteError(read_here, write_there) = read_here.reunite(write_there).unwrap_err();
        let here = write_here.reunite(read_here).unwrap();
        let there = read_there.reunite(write_there).unwrap();
        here.write_all(b"x").await.unwrap();
        let n = there.read(&mut buf).await.unwrap();
        assert_eq!(n, 1, "nobody was shut down");
    });
}

#[test]
fn the_drop_of_the_writing_half_ends_its_direction_and_forgetting_it_does_not() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let (_reading, writing) = here.into_split();
        drop(writing);
        assert_eq!(there.read(&mut [0; 4]).await.unwrap(), 0);

        let (here, there) = UnixStream::pair().unwrap();
        let (_reading, writing) = here.into_split();
        writing.forget();
        assert!(poll_once(there.read(&mut [0; 4])).await.is_none());
    });
}

/// Trap 17. Broken by: leaving `set_nonblocking` out of `UnixStream::from_std`.
#[test]
fn a_stream_taken_over_from_std_does_not_block() {
    run(async {
        let (here, _there) = std::os::unix::net::UnixStream::pair().unwrap();
        let here = UnixStream::from_std(here).unwrap();
        assert!(socket2::SockRef::from(&here).nonblocking().unwrap());
        let here = here.into_std().unwrap();
        assert_eq!(hob::metrics().live_sources, 0);
        let refused = std::io::Read::read(&mut &here, &mut [0; 8]);
        assert_eq!(kind(refused), ErrorKind::WouldBlock);
    });
}
