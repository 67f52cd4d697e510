//! Unix listeners: what binding leaves behind, who gets which connection, and what happens to
//! those for whom there is no room.
#![cfg(unix)]

mod net_support;

use std::io::ErrorKind;

use futures_lite::StreamExt;
use futures_lite::future::poll_once;
use hob::net::{UnixListener, UnixStream};
use net_support::{Folder, asleep_on_sockets, kind, run, settle};

#[test]
fn a_client_and_a_server_talk() {
    run(async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let server = hob::spawn(async move {
            let (stream, peer) = listener.accept().await.unwrap();
            assert!(peer.is_unnamed());
            let mut buf = [0; 64];
            let n = stream.read(&mut buf).await.unwrap();
            stream.write_all(&buf[..n]).await.unwrap();
        });
        let client = UnixStream::connect(&path).await.unwrap();
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&*path));
        assert!(client.local_addr().unwrap().is_unnamed());
        client.write_all(b"hello").await.unwrap();
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"hello");
        server.await.unwrap();
    });
}

#[test]
fn the_file_stays_when_the_listener_goes() {
    run(async {
        let folder = Folder::new();
        let path = folder.path("socket");
        assert_eq!(kind(UnixStream::connect(&path).await), ErrorKind::NotFound);
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
        assert_eq!(kind(UnixListener::bind(&path)), ErrorKind::AddrInUse);
        drop(listener);
        let gone = UnixStream::connect(&path).await;
        assert_eq!(kind(gone), ErrorKind::ConnectionRefused);
        assert_eq!(kind(UnixListener::bind(&path)), ErrorKind::AddrInUse);
        std::fs::remove_file(&path).unwrap();
        UnixListener::bind(&path).unwrap();
    });
}

#[test]
fn a_path_that_is_no_address_is_refused() {
    run(async {
        let long = "x".repeat(200);
        assert_eq!(kind(UnixListener::bind(&long)), ErrorKind::InvalidInput);
        let refused = UnixStream::connect(&long).await;
        assert_eq!(kind(refused), ErrorKind::InvalidInput);
        let refused = UnixStream::connect("a\0b").await;
        assert_eq!(kind(refused), ErrorKind::InvalidInput);
    });
}

/// Trap 55. Broken by: `park_polled` in the place of `park` in `Waiter::poll_park`.
#[test]
fn several_tasks_accept_on_one_listener() {
    run(async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let listener = std::rc::Rc::new(UnixListener::bind(&path).unwrap());
        let accepters = [(); 4].map(|()| {
            let listener = listener.clone();
            hob::spawn(async move { listener.accept().await.unwrap().0 })
        });
        settle().await;
        assert_eq!(asleep_on_sockets(), 4);
        let [first, second, third, fourth] = accepters;
        second.abort();
        fourth.abort();
        let mut clients = Vec::new();
        for _ in 0..2 {
            clients.push(UnixStream::connect(&path).await.unwrap());
        }
        for accepter in [first, third] {
            accepter.await.unwrap().write_all(b"x").await.unwrap();
        }
        for client in clients {
            assert_eq!(client.read(&mut [0; 4]).await.unwrap(), 1);
        }
    });
}

#[test]
fn connections_come_as_a_stream() {
    run(async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let client = hob::spawn(async move {
            for number in 0..5 {
                let stream = UnixStream::connect(&path).await.unwrap();
                stream.write_all(&[number]).await.unwrap();
            }
        });
        let mut incoming = listener.incoming();
        for number in 0..5 {
            let stream = incoming.next().await.unwrap().unwrap();
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            assert_eq!(byte, [number]);
        }
        client.await.unwrap();
    });
}

#[test]
fn a_listener_taken_over_from_std_does_not_block() {
    run(async {
        let folder = Folder::new();
        let std = std::os::unix::net::UnixListener::bind(folder.path("socket")).unwrap();
        let listener = UnixListener::from_std(std).unwrap();
        assert!(socket2::SockRef::from(&listener).nonblocking().unwrap());
        assert!(poll_once(listener.accept()).await.is_none());
        let std = listener.into_std().unwrap();
        assert_eq!(hob::metrics().live_sources, 0);
        assert_eq!(kind(std.accept()), ErrorKind::WouldBlock);
    });
}

/// A Unix socket that refuses has no event to tell when it would not: without the pauses in
/// `connect_to` this is an error, and with the reactor in their place it hangs.
#[cfg(target_os = "linux")]
#[test]
fn who_connects_to_a_full_backlog_waits_for_room() {
    run(async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        socket
            .bind(&socket2::SockAddr::unix(&path).unwrap())
            .unwrap();
        socket.listen(0).unwrap();
        let listener = UnixListener::from_std(socket.into()).unwrap();

        let _first = UnixStream::connect(&path).await.unwrap();
        let theirs = path.clone();
        let second = hob::spawn(async move { UnixStream::connect(&theirs).await.unwrap() });
        settle().await;
        assert!(!second.is_finished(), "there is room for one");
        let given_up = UnixStream::connect(&path);
        assert!(poll_once(given_up).await.is_none());
        let sources = hob::metrics().live_sources;

        let (_stream, _) = listener.accept().await.unwrap();
        let second = second.await.unwrap();
        assert_eq!(hob::metrics().live_sources, sources + 2);
        let (there, _) = listener.accept().await.unwrap();
        there.write_all(b"come in").await.unwrap();
        assert_eq!(second.read(&mut [0; 16]).await.unwrap(), 7);
    });
}
