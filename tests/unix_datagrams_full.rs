//! Who sends to a Unix datagram socket that has no room waits, whether or not the kernel tells
//! of room, and does not spin. (Elsewhere than on Linux it is an error, `ENOBUFS`.)
#![cfg(target_os = "linux")]

mod net_support;

use std::io::ErrorKind;

use futures_lite::future::poll_once;
use hob::WaitKind;
use hob::net::UnixDatagram;
use net_support::{Folder, asleep_on_sockets, kind, run, settle};

/// Sends from `here` until its peer has no room.
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
fn what_is_waited_for() -> Vec<WaitKind> {
    let asleep = hob::tasks().into_iter().filter(|task| !task.running);
    asleep.filter_map(|task| Some(task.wait?.kind)).collect()
}

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
