//! Connecting: it works, or it says why not, and "writable" alone convinces nobody.

mod tcp_support;

use std::io::ErrorKind;
use std::net::SocketAddr;

use futures_lite::future::poll_once;
use hob::net::{TcpListener, TcpSocket, TcpStream};
use tcp_support::{run, settle};

/// An address where nobody listens, and what keeps others from taking it meanwhile.
fn nobody() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

/// Trap 20. Broken by: leaving `take_error` out of `connected`.
#[test]
fn nobody_there_is_connection_refused() {
    run(async {
        let (_held, addr) = nobody();
        let error = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let socket = TcpSocket::new_v4().unwrap();
        let error = socket.connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

/// Broken by: returning the first error in `connect`.
#[test]
fn the_second_address_is_tried_when_the_first_refuses() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (_held, refusing) = nobody();
        let addrs = [refusing, listener.local_addr().unwrap()];
        let stream = TcpStream::connect(&addrs[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addrs[1]);
        let error = TcpStream::connect(&addrs[..1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let error = TcpStream::connect(&addrs[..0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn the_second_address_is_bound_when_the_first_is_taken() {
    run(async {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addrs = [taken.local_addr().unwrap(), "127.0.0.1:0".parse().unwrap()];
        let listener = TcpListener::bind(&addrs[..]).await.unwrap();
        assert_ne!(listener.local_addr().unwrap(), addrs[0]);
        let error = TcpListener::bind(addrs[0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    });
}

/// Trap 20. Broken by: waiting for `peer_addr` alone in `connected`.
#[test]
fn a_peer_that_resets_at_once_is_an_error_or_an_end_but_no_hang() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        for _ in 0..100 {
            let connecting = hob::spawn(TcpStream::connect(addr));
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_zero_linger().unwrap();
            drop(stream);
            if let Ok(stream) = connecting.await.unwrap() {
                let read = stream.read(&mut [0; 8]).await;
                assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
            }
        }
    });
}

/// A listener whose queue is full, so that the next connect stays under way: Linux forgets
/// the peer's first packet then, and the peer repeats it after a second.
#[cfg(target_os = "linux")]
async fn full_listener() -> (TcpListener, TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    // An address of our own: one test lets go of the port while it is still connecting.
    socket.bind("127.42.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let first = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    (listener, first)
}

/// Trap 20. Broken by: answering `Ok` for `NotConnected` in `connected`.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_takes_its_time_is_waited_for() {
    run(async {
        let (listener, _first) = full_listener().await;
        let mut connecting = Box::pin(TcpStream::connect(listener.local_addr().unwrap()));
        for _ in 0..3 {
            assert!(poll_once(&mut connecting).await.is_none());
            settle().await;
        }
        let (_first_there, _) = listener.accept().await.unwrap();
        let second = connecting.await.unwrap();
        let (there, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, second.local_addr().unwrap());
        second.write_all(b"x").await.unwrap();
        assert_eq!(there.read(&mut [0; 8]).await.unwrap(), 1);
    });
}

/// Trap 20. Broken by: leaving `take_error` out of `connected`: the socket is writable, and
/// it never had a peer.
#[cfg(target_os = "linux")]
#[test]
fn a_refusal_that_takes_its_time_is_seen() {
    run(async {
        let (listener, _first) = full_listener().await;
        let mut connecting = Box::pin(TcpStream::connect(listener.local_addr().unwrap()));
        assert!(poll_once(&mut connecting).await.is_none());
        drop(listener);
        let error = connecting.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

/// Broken by: holding on to the source of a connect that was dropped.
#[cfg(target_os = "linux")]
#[test]
fn a_connect_that_is_dropped_leaves_nothing_behind() {
    run(async {
        let (listener, _first) = full_listener().await;
        let before = hob::metrics().live_sources;
        for _ in 0..100 {
            let mut connecting = Box::pin(TcpStream::connect(listener.local_addr().unwrap()));
            assert!(poll_once(&mut connecting).await.is_none());
            assert_eq!(hob::metrics().live_sources, before + 1);
        }
        assert_eq!(hob::metrics().live_sources, before);
    });
}
