//! What the tests of TCP share: a runtime that does not wait for ever, and connections.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::future::Future;
use std::io::Write;
use std::net;
use std::time::Duration;

use hob::net::{TcpListener, TcpStream};

/// Longer than anything here takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `future` to its end. A lost wake shows as a failure instead of a hang.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    hob::block_on(async { hob::time::timeout(PATIENCE, future).await }).expect("it hangs")
}

/// Two ends of one connection, both of this runtime.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (there, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, here.local_addr().unwrap());
    (here, there)
}

/// An end of this runtime, and a blocking one that does at once what it is told.
pub(crate) async fn pair_with_std() -> (TcpStream, net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    there.set_nodelay(true).unwrap();
    there.set_read_timeout(Some(PATIENCE)).unwrap();
    let (here, _) = listener.accept().await.unwrap();
    (here, there)
}

/// Sends `bytes` and lets the kernel say so to the runtime, if it has anything to say.
pub(crate) async fn send_and_settle(peer: &mut net::TcpStream, bytes: &[u8]) {
    peer.write_all(bytes).unwrap();
    settle().await;
}

/// A few kernel visits: what happened before is told by then. (Loopback delivers while it
/// sends.)
pub(crate) async fn settle() {
    for _ in 0..5 {
        hob::yield_now().await;
    }
}

/// Bytes that show it when some are lost, doubled or out of order.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}
