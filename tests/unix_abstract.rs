//! On Linux a Unix socket may have an abstract name: it works like a path, and is no file.
#![cfg(target_os = "linux")]

mod net_support;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::SocketAddr;

use hob::net::{UnixDatagram, UnixListener, UnixStream};
use net_support::{kind, run};
use socket2::{Domain, SockAddr, Socket, Type};

fn name(of: &str) -> String {
    format!("hob-test-{of}-{}", std::process::id())
}

fn addr(name: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(name).unwrap()
}

#[test]
fn a_listener_with_an_abstract_name_is_found_and_leaves_nothing() {
    run(async {
        let name = name("listener");
        let listener = UnixListener::bind_addr(&addr(&name)).unwrap();
        let local = listener.local_addr().unwrap();
        assert_eq!(local.as_abstract_name(), Some(name.as_bytes()));
        let taken = UnixListener::bind_addr(&addr(&name));
        assert_eq!(kind(taken), ErrorKind::AddrInUse);

        let client = UnixStream::connect_addr(&addr(&name)).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"hi").await.unwrap();
        assert_eq!(client.read(&mut [0; 4]).await.unwrap(), 2);

        drop(listener);
        let gone = UnixStream::connect_addr(&addr(&name)).await;
        assert_eq!(kind(gone), ErrorKind::ConnectionRefused);
        UnixListener::bind_addr(&addr(&name)).unwrap();
    });
}

#[test]
fn a_client_may_have_an_abstract_name_too() {
    run(async {
        let (there, own) = (name("server"), name("client"));
        let listener = UnixListener::bind_addr(&addr(&there)).unwrap();
        // For socket2 an abstract name is a path that begins with a zero.
        let raw = |name: &str| {
            let path = OsString::from_vec([&[0], name.as_bytes()].concat());
            SockAddr::unix(path).unwrap()
        };
        let client = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        client.bind(&raw(&own)).unwrap();
        client.connect(&raw(&there)).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let peer = stream.peer_addr().unwrap();
        assert_eq!(peer.as_abstract_name(), Some(own.as_bytes()));
    });
}

#[test]
fn datagrams_go_to_abstract_names() {
    run(async {
        let name = name("datagram");
        let addr = addr(&name);
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
