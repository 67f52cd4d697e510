//! Connects that stay under way for a while, which takes a kernel that lets us make them so.
#![cfg(target_os = "linux")]

mod tcp_support;

use std::io::ErrorKind;

use futures_lite::future::poll_once;
use hob::net::{TcpListener, TcpSocket, TcpStream};
use tcp_support::{run, settle};

/// A listener whose queue is full, so that the next connect stays under way: Linux forgets
/// the peer's first packet then, and the peer repeats it after a second.
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
