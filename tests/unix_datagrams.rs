//! Unix datagrams: each is sent, received and cut off as a whole.
#![cfg(unix)]

mod net_support;

use std::io::ErrorKind;
use std::rc::Rc;

use futures_lite::future::zip;
use hob::net::{Interest, UnixDatagram};
use net_support::{Folder, asleep_on_sockets, kind, run, settle};

#[test]
fn what_is_sent_here_is_received_there_and_answered() {
    run(async {
        let folder = Folder::new();
        let (a, b) = (folder.path("a"), folder.path("b"));
        let here = UnixDatagram::bind(&a).unwrap();
        let there = UnixDatagram::bind(&b).unwrap();
        let echo = hob::spawn(async move {
            let mut buf = [0; 64];
            for _ in 0..100 {
                let (n, from) = there.recv_from(&mut buf).await.unwrap();
                there.send_to_addr(&buf[..n], &from).await.unwrap();
            }
        });
        let mut buf = [0; 64];
        for round in 0..100_usize {
            let sent = vec![round as u8; round % 60];
            assert_eq!(here.send_to(&sent, &b).await.unwrap(), sent.len());
            let (n, from) = here.recv_from(&mut buf).await.unwrap();
            assert_eq!((&buf[..n], from.as_pathname()), (&sent[..], Some(&*b)));
        }
        echo.await.unwrap();
        let refused = UnixDatagram::bind(&b);
        assert_eq!(kind(refused), ErrorKind::AddrInUse, "the file stays");
        let gone = here.send_to(b"x", &b).await;
        assert_eq!(kind(gone), ErrorKind::ConnectionRefused);
        let missing = here.send_to(b"x", folder.path("c")).await;
        assert_eq!(kind(missing), ErrorKind::NotFound);
    });
}

#[test]
fn each_receive_takes_one_datagram_and_loses_what_does_not_fit() {
    run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        for text in ["a long one", "", "next"] {
            here.send(text.as_bytes()).await.unwrap();
        }
        let mut buf = [0; 6];
        assert_eq!(there.recv(&mut buf).await.unwrap(), 6);
        assert_eq!(&buf, b"a long");
        let (n, from) = there.recv_from(&mut buf).await.unwrap();
        assert_eq!(n, 0, "an empty datagram");
        assert!(from.is_unnamed());
        assert_eq!(there.recv(&mut buf).await.unwrap(), 4);
        assert_eq!(kind(there.try_recv(&mut buf)), ErrorKind::WouldBlock);
    });
}

#[test]
fn trying_answers_at_once_and_readiness_says_when_to_try() {
    run(async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let here = UnixDatagram::unbound().unwrap();
        assert!(here.local_addr().unwrap().is_unnamed());
        assert_eq!(kind(here.peer_addr()), ErrorKind::NotConnected);
        let there = UnixDatagram::bind(&path).unwrap();
        let mut buf = [0; 16];
        assert_eq!(kind(there.try_recv_from(&mut buf)), ErrorKind::WouldBlock);
        assert_eq!(here.try_send_to(b"abc", &path).unwrap(), 3);
        assert!(there.ready(Interest::READABLE).await.unwrap().is_readable());
        assert_eq!(there.try_recv_from(&mut buf).unwrap().0, 3);

        here.connect(&path).unwrap();
        assert_eq!(here.peer_addr().unwrap().as_pathname(), Some(&*path));
        here.writable().await.unwrap();
        assert_eq!(here.try_send(b"de").unwrap(), 2);
        there.readable().await.unwrap();
        assert_eq!(there.try_recv(&mut buf).unwrap(), 2);
        assert!(there.take_error().unwrap().is_none());
    });
}

/// Trap 55. Broken by: `park_polled` in the place of `park` in `Waiter::poll_park`.
#[test]
fn several_receivers_share_one_socket() {
    run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        let there = Rc::new(there);
        let receivers = [(); 4].map(|()| {
            let there = there.clone();
            hob::spawn(async move {
                let mut byte = [0];
                there.recv(&mut byte).await.unwrap();
                byte[0]
            })
        });
        settle().await;
        assert_eq!(asleep_on_sockets(), 4);
        let [a, b, c, d] = receivers;
        b.abort();
        for byte in 0..3 {
            here.send(&[byte]).await.unwrap();
        }
        let mut got = Vec::new();
        for receiver in [a, c, d] {
            got.push(receiver.await.unwrap());
        }
        got.sort_unstable();
        assert_eq!(got, [0, 1, 2]);
    });
}

#[test]
fn the_polled_form_waits_like_the_others() {
    run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        let mut buf = [0; 16];
        let receive = std::future::poll_fn(|cx| there.poll_recv_from(cx, &mut buf));
        let send = async {
            settle().await;
            here.send(b"polled").await
        };
        let (received, sent) = zip(receive, send).await;
        assert_eq!((received.unwrap().0, sent.unwrap()), (6, 6));
    });
}

#[test]
fn a_socket_taken_over_from_std_does_not_block() {
    run(async {
        let (here, _there) = std::os::unix::net::UnixDatagram::pair().unwrap();
        let here = UnixDatagram::from_std(here).unwrap();
        assert!(socket2::SockRef::from(&here).nonblocking().unwrap());
        let here = here.into_std().unwrap();
        assert_eq!(hob::metrics().live_sources, 0);
        assert_eq!(kind(here.recv(&mut [0; 8])), ErrorKind::WouldBlock);
    });
}
