//! Sockets come from std and go back to it, which is also how they change runtimes.

mod tcp_support;
mod wine_support;

use std::io::{ErrorKind, Read, Write};
use std::net;
use std::time::Duration;

use futures_lite::future::poll_once;
use hob::Runtime;
use hob::net::{TcpListener, TcpStream};
use socket2::SockRef;
use tcp_support::{pair_with_std, run};
use wine_support::under_wine;

/// Trap 17. Broken by: leaving `set_nonblocking` out of `TcpStream::from_std` and out of
/// `TcpListener::from_std_at` (the test then hangs in its first read).
#[test]
fn a_blocking_socket_of_stds_does_not_block_the_loop() {
    run(async {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        assert!(poll_once(listener.accept()).await.is_none());

        let mut there = net::TcpStream::connect(addr).unwrap();
        listener.accept().await.unwrap();
        let here = net::TcpStream::connect(addr).unwrap();
        let (mut accepted, _) = listener.into_std().map(|l| accept_blocking(&l)).unwrap();
        let here = TcpStream::from_std(here).unwrap();
        assert!(poll_once(here.read(&mut [0; 8])).await.is_none());
        accepted.write_all(b"x").unwrap();
        assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 1);
        assert_eq!(there.read(&mut [0; 8]).unwrap(), 0);
    });
}

fn accept_blocking(listener: &net::TcpListener) -> (net::TcpStream, net::SocketAddr) {
    listener.set_nonblocking(false).unwrap();
    listener.accept().unwrap()
}

/// Trap 53. Broken by: leaving `set_linger(None)` out of `TcpStream::from_std`: dropping the
/// stream would then block the loop until the peer has read, or for the whole time.
#[test]
fn a_stream_taken_over_does_not_linger() {
    run(async {
        let (here, _there) = pair_with_std().await;
        let std = here.into_std().unwrap();
        SockRef::from(&std)
            .set_linger(Some(Duration::from_secs(3600)))
            .unwrap();
        let here = TcpStream::from_std(std).unwrap();
        assert_eq!(SockRef::from(&here).linger().unwrap(), None);
        while here.try_write(&[0; 65536]).is_ok() {}
        drop(here);

        let (here, _there) = pair_with_std().await;
        let std = here.into_std().unwrap();
        SockRef::from(&std)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        let here = TcpStream::from_std(std).unwrap();
        let linger = SockRef::from(&here).linger().unwrap();
        assert_eq!(linger, Some(Duration::ZERO), "abrupt stays abrupt");
    });
}

/// Trap 53. Broken by: an empty `set_zero_linger`.
#[test]
fn zero_linger_throws_away_what_was_not_sent() {
    if under_wine() {
        return; // it makes an ordinary end of a reset: see there
    }
    run(async {
        let (here, mut there) = pair_with_std().await;
        while here.try_write(&[0; 65536]).is_ok() {}
        here.set_zero_linger().unwrap();
        drop(here);
        let mut got = Vec::new();
        let error = there.read_to_end(&mut got).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_stream_goes_to_another_runtime_by_way_of_std() {
    run(async {
        let (here, mut there) = pair_with_std().await;
        let std = here.into_std().unwrap();
        let elsewhere = std::thread::spawn(move || {
            run(async {
                let here = TcpStream::from_std(std).unwrap();
                let mut buf = [0; 8];
                let n = here.read(&mut buf).await.unwrap();
                here.write_all(&buf[..n]).await.unwrap();
            });
        });
        there.write_all(b"moved").unwrap();
        elsewhere.join().unwrap();
        let mut got = String::new();
        there.read_to_string(&mut got).unwrap();
        assert_eq!(got, "moved");
    });
}

/// Trap 38. Broken by: leaving `check_home` out: the read would sleep in a kernel queue that
/// nobody visits.
#[test]
fn a_stream_of_another_runtime_says_so_instead_of_waiting_for_ever() {
    let first = Runtime::new().unwrap();
    let (here, mut there) = first.block_on(pair_with_std());
    run(async {
        let error = here.read(&mut [0; 8]).await.unwrap_err();
        assert!(error.to_string().contains("into_std()"), "{error}");
    });
    // At home it goes on as if nothing had been.
    there.write_all(b"x").unwrap();
    assert_eq!(first.block_on(here.read(&mut [0; 8])).unwrap(), 1);
    assert_eq!(first.metrics().live_sources, 1);

    drop(first);
    for error in [
        run(here.read(&mut [0; 8])).unwrap_err(),
        run(here.readable()).unwrap_err(),
        here.try_write(b"x").unwrap_err(),
    ] {
        assert!(error.to_string().contains("has ended"), "{error}");
    }
    // It can still be rescued.
    let here = here.into_std().unwrap();
    there.write_all(b"y").unwrap();
    here.set_nonblocking(false).unwrap();
    assert_eq!((&here).read(&mut [0; 8]).unwrap(), 1);
}
