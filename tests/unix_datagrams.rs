//! Unix datagrams: each is a whole, they come in order, and a sender waits for room, whether or
//! not the kernel tells of it.
#![cfg(unix)]

mod net_support;

use std::io::ErrorKind;
use std::rc::Rc;

use futures_lite::future::{poll_once, zip};
use hob::WaitKind;
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

/// Sends from `here` until its peer has no room. (The BSDs say `ENOBUFS` then and never wait.)
#[cfg(target_os = "linux")]
fn fill(here: &UnixDatagram, one: impl Fn(&UnixDatagram) -> std::io::Result<usize>) -> usize {
    let mut sent = 0;
    loop {
        match one(here) {
            Ok(_) => sent += 1,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
            Err(error) => panic!("{error}"),
        }
    }
}

/// What each task but the main one waits for.
#[cfg(target_os = "linux")]
fn what_is_waited_for() -> Vec<WaitKind> {
    let asleep = hob::tasks().into_iter().filter(|task| !task.running);
    asleep.filter_map(|task| Some(task.wait?.kind)).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn who_sends_to_a_full_peer_is_woken_when_there_is_room() {
    run(async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let there = UnixDatagram::bind(&path).unwrap();
        let here = UnixDatagram::unbound().unwrap();
        here.connect(&path).unwrap();
        let filled = fill(&here, |here| here.try_send(&[0]));
        let sender = hob::spawn(async move {
            for _ in 0..100 {
                here.send(&[1]).await.unwrap();
            }
        });
        settle().await;
        assert_eq!(asleep_on_sockets(), 1, "it is the kernel that wakes it");
        let mut byte = [9];
        for number in 0..filled + 100 {
            there.recv(&mut byte).await.unwrap();
            assert_eq!(byte[0], u8::from(number >= filled), "in order");
        }
        sender.await.unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn who_sends_to_a_full_peer_hears_that_it_has_gone() {
    run(async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let there = UnixDatagram::bind(&path).unwrap();
        let here = UnixDatagram::unbound().unwrap();
        here.connect(&path).unwrap();
        fill(&here, |here| here.try_send(&[0]));
        let sender = hob::spawn(async move { kind(here.send(&[1]).await) });
        settle().await;
        assert_eq!(asleep_on_sockets(), 1);
        drop(there);
        assert_eq!(sender.await.unwrap(), ErrorKind::ConnectionRefused);
    });
}

/// A refused try makes an event, "writable", that means nothing: with `Source::io` in the place
/// of the pauses in `send_to`, each would lead to the next, and the loop would spin.
#[cfg(target_os = "linux")]
#[test]
fn who_sends_to_a_full_stranger_goes_on_when_there_is_room() {
    run(async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let there = UnixDatagram::bind(&path).unwrap();
        let other = UnixDatagram::unbound().unwrap();
        let filled = fill(&other, |other| other.try_send_to(&[0], &path));
        let theirs = path.clone();
        let sender = hob::spawn(async move {
            let here = UnixDatagram::unbound().unwrap();
            for _ in 0..100 {
                here.send_to(&[1], &theirs).await.unwrap();
            }
        });
        settle().await;
        assert!(!sender.is_finished());
        assert_eq!(what_is_waited_for(), [WaitKind::Timer], "it spins");
        let given_up = UnixDatagram::unbound().unwrap();
        assert!(poll_once(given_up.send_to(&[2], &path)).await.is_none());
        let mut byte = [9];
        for number in 0..filled + 100 {
            there.recv(&mut byte).await.unwrap();
            assert_eq!(byte[0], u8::from(number >= filled), "in order");
        }
        sender.await.unwrap();
        assert_eq!(kind(there.try_recv(&mut byte)), ErrorKind::WouldBlock);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names_work_like_paths() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    run(async {
        let name = format!("hob-test-datagram-{}", std::process::id());
        let addr = SocketAddr::from_abstract_name(&name).unwrap();
        let there = UnixDatagram::bind_addr(&addr).unwrap();
        let here = UnixDatagram::unbound().unwrap();
        here.send_to_addr(b"one", &addr).await.unwrap();
        here.connect_addr(&addr).unwrap();
        let peer = here.peer_addr().unwrap();
        assert_eq!(peer.as_abstract_name(), Some(name.as_bytes()));
        here.send(b"two!").await.unwrap();
        let mut buf = [0; 16];
        assert_eq!(there.recv(&mut buf).await.unwrap(), 3);
        assert_eq!(there.recv(&mut buf).await.unwrap(), 4);
        // A zero in a path does not make it an abstract name.
        let refused = here.send_to(b"x", format!("\0{name}")).await;
        assert_eq!(kind(refused), ErrorKind::InvalidInput);
    });
}
