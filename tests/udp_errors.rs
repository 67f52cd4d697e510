//! What the network reports about a datagram sent earlier comes as the error of a later
//! operation, once, and the socket goes on as before.
#![cfg(unix)] // Windows tells other errors, in other places.

mod net_support;

use std::cell::Cell;
use std::io::ErrorKind::{ConnectionRefused, WouldBlock};
use std::net::SocketAddr;
use std::rc::Rc;

use hob::net::UdpSocket;
use net_support::{asleep_on_sockets, kind, run, settle};

/// A socket whose peer does not listen to it, and that peer: it has chosen somebody else,
/// which for the kernel is the same as if the port were closed, but nobody can take the port.
async fn refused() -> (Rc<UdpSocket>, UdpSocket) {
    let here = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let there = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    there.connect(there.local_addr().unwrap()).await.unwrap();
    here.connect(there.local_addr().unwrap()).await.unwrap();
    (Rc::new(here), there)
}

/// From now on the peer does listen.
async fn listen(there: &UdpSocket, here: &UdpSocket) {
    let addr: SocketAddr = here.local_addr().unwrap();
    there.connect(addr).await.unwrap();
}

/// Trap 22. Broken by: leaving `signs.error` out of the reading side in `Slot::note`; under
/// poll(2) also by leaving the `register` out of `backend::rearm`.
#[test]
fn a_waiting_receive_hears_of_a_refusal_once_and_then_receives_again() {
    run(async {
        let (here, there) = refused().await;
        let (theirs, heard) = (here.clone(), Rc::new(Cell::new(None)));
        let told = heard.clone();
        let receiver = hob::spawn(async move {
            let mut buf = [0; 16];
            told.set(Some(kind(theirs.recv(&mut buf).await)));
            theirs.recv(&mut buf).await
        });
        settle().await;
        assert_eq!((asleep_on_sockets(), heard.get()), (1, None));
        here.send(b"anybody?").await.unwrap();
        settle().await;
        assert_eq!(heard.get(), Some(ConnectionRefused));
        assert_eq!(asleep_on_sockets(), 1, "it waits again, for a datagram now");

        listen(&there, &here).await;
        there.send(b"yes").await.unwrap();
        assert_eq!(receiver.await.unwrap().unwrap(), 3);
        here.send(b"fine").await.unwrap();
        assert_eq!(there.recv(&mut [0; 16]).await.unwrap(), 4);
    });
}

/// Trap 22. Broken by: treating an error in `Source::attempt` as a refusal.
#[test]
fn each_refusal_is_told_once_to_whoever_asks_next() {
    run(async {
        let (here, there) = refused().await;
        for _ in 0..3 {
            here.send(b"anybody?").await.unwrap();
            assert_eq!(kind(here.recv(&mut [0; 16]).await), ConnectionRefused);
            assert_eq!(kind(here.try_recv(&mut [0; 16])), WouldBlock);
        }
        // The next to ask may be a `send`, which sends nothing then.
        here.send(b"anybody?").await.unwrap();
        assert_eq!(kind(here.send(b"hello?").await), ConnectionRefused);
        assert_eq!(kind(here.try_recv(&mut [0; 16])), WouldBlock);

        listen(&there, &here).await;
        here.send(b"now?").await.unwrap();
        let mut buf = [0; 16];
        assert_eq!(there.recv(&mut buf).await.unwrap(), 4);
        assert_eq!(&buf[..4], b"now?");
    });
}

/// Trap 22. Broken by: `UdpSocket::take_error` answering `Ok(None)`.
#[test]
fn an_error_that_was_taken_is_told_to_nobody_else() {
    run(async {
        let (here, there) = refused().await;
        assert!(here.take_error().unwrap().is_none());
        here.send(b"anybody?").await.unwrap();
        let error = here.take_error().unwrap().unwrap();
        assert_eq!(error.kind(), ConnectionRefused);
        assert!(here.take_error().unwrap().is_none());

        listen(&there, &here).await;
        let mut buf = [0; 16];
        let receive = here.recv(&mut buf);
        let send = async {
            settle().await;
            there.send(b"data").await
        };
        let (received, sent) = futures_lite::future::zip(receive, send).await;
        assert_eq!((received.unwrap(), sent.unwrap()), (4, 4));
    });
}

#[test]
fn a_datagram_that_is_too_long_is_refused_and_harms_nothing() {
    run(async {
        let (here, there) = refused().await;
        listen(&there, &here).await;
        let error = here.send(&vec![0; 70_000]).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        here.send(&[0; 1000]).await.unwrap();
        assert_eq!(there.recv(&mut [0; 2000]).await.unwrap(), 1000);
    });
}
