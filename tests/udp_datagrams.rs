//! Datagrams over IP: each is sent, received, peeked at and cut off as a whole.

mod net_support;

use std::io::ErrorKind;

use hob::net::{Interest, UdpSocket};
use net_support::{kind, run, settle};

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// Two sockets, each the other's only peer.
async fn pair() -> (UdpSocket, UdpSocket) {
    let (here, there) = (socket().await, socket().await);
    here.connect(there.local_addr().unwrap()).await.unwrap();
    there.connect(here.local_addr().unwrap()).await.unwrap();
    (here, there)
}

#[test]
fn what_is_sent_here_comes_back_from_there() {
    run(async {
        let (here, there) = (socket().await, socket().await);
        let to = there.local_addr().unwrap();
        let echo = hob::spawn(async move {
            let mut buf = [0; 64];
            for _ in 0..300 {
                let (n, from) = there.recv_from(&mut buf).await.unwrap();
                assert_eq!(there.send_to(&buf[..n], from).await.unwrap(), n);
            }
        });
        let mut buf = [0; 64];
        for round in 0..300_usize {
            let sent = vec![round as u8; round % 60];
            here.send_to(&sent, to).await.unwrap();
            let (n, from) = here.recv_from(&mut buf).await.unwrap();
            assert_eq!((&buf[..n], from), (&sent[..], to));
        }
        echo.await.unwrap();
    });
}

/// Trap 2. Broken by: `poll_bytes` in the place of `poll_io` in `recv`, since here a short
/// receive says nothing of what else is there.
#[test]
fn each_receive_takes_one_datagram_however_many_came_at_once() {
    run(async {
        let (here, there) = pair().await;
        let first = here.send(b"first");
        let mut buf = [0; 1500];
        let waiting = there.recv(&mut buf);
        let (sent, received) = futures_lite::future::zip(first, waiting).await;
        assert_eq!((sent.unwrap(), received.unwrap()), (5, 5));
        for text in ["one", "three", ""] {
            here.send(text.as_bytes()).await.unwrap();
        }
        settle().await;
        assert_eq!(there.recv(&mut buf).await.unwrap(), 3);
        assert_eq!(there.recv(&mut buf).await.unwrap(), 5);
        assert_eq!(there.recv(&mut buf).await.unwrap(), 0, "an empty datagram");
        assert_eq!(kind(there.try_recv(&mut buf)), ErrorKind::WouldBlock);
    });
}

/// On Windows it is an error, as documented.
#[cfg(unix)]
#[test]
fn what_does_not_fit_into_the_buffer_is_lost() {
    run(async {
        let (here, there) = pair().await;
        here.send(b"a long one").await.unwrap();
        here.send(b"next").await.unwrap();
        let mut buf = [0; 6];
        assert_eq!(there.recv(&mut buf).await.unwrap(), 6);
        assert_eq!(&buf, b"a long");
        assert_eq!(there.recv(&mut buf).await.unwrap(), 4);
        assert_eq!(&buf[..4], b"next");
    });
}

/// Trap 3. Broken by: `poll_bytes` in the place of `poll_io` in `peek`: the datagram is still
/// there, but the next one to ask would sleep.
#[test]
fn peeking_takes_nothing_and_waits_as_often_as_it_must() {
    run(async {
        let (here, there) = pair().await;
        let from = here.local_addr().unwrap();
        let (mut buf, mut other) = ([0; 64], [0; 64]);
        for _ in 0..3 {
            assert_eq!(kind(there.try_recv(&mut buf)), ErrorKind::WouldBlock);
            let peeked = futures_lite::future::poll_once(there.peek(&mut buf)).await;
            assert!(peeked.is_none(), "there is nothing to peek at");
            let (sent, peeked) =
                futures_lite::future::zip(here.send(b"seen"), there.peek(&mut buf)).await;
            assert_eq!((sent.unwrap(), peeked.unwrap()), (4, 4));
            assert_eq!(there.peek_from(&mut other).await.unwrap(), (4, from));
            assert_eq!(there.recv_from(&mut other).await.unwrap(), (4, from));
            assert_eq!(buf, other);
        }
    });
}

#[test]
fn a_socket_with_a_peer_hears_nobody_else() {
    run(async {
        let (here, there) = pair().await;
        let stranger = socket().await;
        let to = there.local_addr().unwrap();
        assert_eq!(there.peer_addr().unwrap(), here.local_addr().unwrap());
        assert_eq!(kind(stranger.peer_addr()), ErrorKind::NotConnected);
        stranger.send_to(b"psst", to).await.unwrap();
        here.send(b"hello").await.unwrap();
        let mut buf = [0; 64];
        assert_eq!(there.recv(&mut buf).await.unwrap(), 5);
        assert_eq!(kind(there.try_recv(&mut buf)), ErrorKind::WouldBlock);
    });
}

#[test]
fn trying_answers_at_once_and_readiness_says_when_to_try() {
    run(async {
        let (here, there) = (socket().await, socket().await);
        let to = there.local_addr().unwrap();
        let mut buf = [0; 64];
        assert_eq!(kind(there.try_recv_from(&mut buf)), ErrorKind::WouldBlock);
        here.writable().await.unwrap();
        assert_eq!(here.try_send_to(b"abc", to).unwrap(), 3);
        there.readable().await.unwrap();
        assert_eq!(there.try_recv(&mut buf).unwrap(), 3);
        assert_eq!(kind(there.try_recv(&mut buf)), ErrorKind::WouldBlock);

        let ready = here.ready(Interest::READABLE | Interest::WRITABLE);
        assert!(ready.await.unwrap().is_writable());
        here.connect(to).await.unwrap();
        assert_eq!(here.try_send(b"de").unwrap(), 2);
        there.readable().await.unwrap();
        let (n, from) = there.try_recv_from(&mut buf).unwrap();
        assert_eq!((n, from), (2, here.local_addr().unwrap()));
    });
}

#[test]
fn the_polled_forms_wait_like_the_others() {
    run(async {
        let (here, there) = (socket().await, socket().await);
        let (from, to) = (here.local_addr().unwrap(), there.local_addr().unwrap());
        let receiver = hob::spawn(async move {
            let mut buf = [0; 64];
            std::future::poll_fn(|cx| there.poll_recv_from(cx, &mut buf)).await
        });
        settle().await;
        let sent = std::future::poll_fn(|cx| here.poll_send_to(cx, b"polled", to)).await;
        assert_eq!(sent.unwrap(), 6);
        assert_eq!(receiver.await.unwrap().unwrap(), (6, from));
    });
}

#[test]
fn names_are_resolved_for_binding_connecting_and_sending() {
    run(async {
        let here = UdpSocket::bind("localhost:0").await.unwrap();
        let addr = here.local_addr().unwrap();
        assert!(addr.ip().is_loopback());
        let there = UdpSocket::bind((addr.ip(), 0)).await.unwrap();
        there.connect(("localhost", addr.port())).await.unwrap();
        let port = there.local_addr().unwrap().port();
        here.send_to(b"x", ("localhost", port)).await.unwrap();
        assert_eq!(there.recv(&mut [0; 8]).await.unwrap(), 1);
        let error = here.send_to(b"x", "no port").await;
        assert_eq!(kind(error), ErrorKind::InvalidInput);
    });
}

/// Trap 17. Broken by: leaving `set_nonblocking` out of `UdpSocket::from_std`.
#[cfg(unix)]
#[test]
fn a_socket_taken_over_from_std_does_not_block() {
    run(async {
        let std = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = UdpSocket::from_std(std).unwrap();
        assert!(socket2::SockRef::from(&socket).nonblocking().unwrap());
        let std = socket.into_std().unwrap();
        assert_eq!(hob::metrics().live_sources, 0);
        assert_eq!(kind(std.recv(&mut [0; 8])), ErrorKind::WouldBlock);
    });
}

/// An operation of one's own: std's `recv` on a duplicate of the descriptor.
#[cfg(unix)]
#[test]
fn a_raw_operation_can_be_tried_and_waited_for() {
    use std::os::fd::AsFd;

    run(async {
        let (here, there) = pair().await;
        let raw = there.as_fd().try_clone_to_owned().unwrap();
        let raw = std::net::UdpSocket::from(raw);
        let mut buf = [0; 64];
        for _ in 0..3 {
            let refused = there.try_io(Interest::READABLE, || raw.recv(&mut buf));
            assert_eq!(kind(refused), ErrorKind::WouldBlock);
            let sender = async {
                settle().await;
                here.send(b"raw").await
            };
            let (ready, sent) = futures_lite::future::zip(there.readable(), sender).await;
            assert_eq!((ready.unwrap(), sent.unwrap()), ((), 3));
            let received = there.try_io(Interest::READABLE, || raw.recv(&mut buf));
            assert_eq!(received.unwrap(), 3);
        }
    });
}
