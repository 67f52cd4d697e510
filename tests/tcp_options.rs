//! What can be set on a TCP socket can be read back, and does what it says.

mod tcp_support;
mod wine_support;

use std::time::Duration;

use hob::net::{Keepalive, TcpListener, TcpSocket};
use socket2::SockRef;
use tcp_support::{pair, run};
use wine_support::under_wine;

#[test]
fn what_is_set_before_connecting_holds_afterwards() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        assert!(!socket.nodelay().unwrap());
        assert!(!socket.keepalive().unwrap());
        socket.set_nodelay(true).unwrap();
        socket.set_send_buffer_size(32 * 1024).unwrap();
        socket.set_recv_buffer_size(48 * 1024).unwrap();
        let mut pace = Keepalive::new()
            .with_time(Duration::from_secs(30))
            .with_interval(Duration::from_secs(5));
        // Wine does not know TCP_KEEPCNT.
        if !under_wine() {
            pace = pace.with_retries(4);
        }
        socket.set_keepalive_with(&pace).unwrap();
        assert!(socket.keepalive().unwrap());
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let here = socket.local_addr().unwrap();

        let stream = socket
            .connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        assert_eq!(stream.local_addr().unwrap(), here);
        assert!(stream.nodelay().unwrap());
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert!((32 * 1024..=64 * 1024).contains(&socket.send_buffer_size().unwrap()));
        assert!((48 * 1024..=96 * 1024).contains(&socket.recv_buffer_size().unwrap()));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn keepalive_is_asked_at_the_pace_that_was_set() {
    let socket = TcpSocket::new_v4().unwrap();
    let pace = Keepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(5))
        .with_retries(4);
    socket.set_keepalive_with(&pace).unwrap();
    let listener = hob::block_on(async { socket.listen(1) }).unwrap();
    let socket = SockRef::from(&listener);
    assert_eq!(
        socket.tcp_keepalive_time().unwrap(),
        Duration::from_secs(30)
    );
    assert_eq!(
        socket.tcp_keepalive_interval().unwrap(),
        Duration::from_secs(5)
    );
    assert_eq!(socket.tcp_keepalive_retries().unwrap(), 4);
}

/// Windows knows the option and ignores it.
#[cfg(unix)]
#[test]
fn the_kind_of_service_is_what_was_asked_for() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_tos_v4(0x10).unwrap();
    assert_eq!(socket.tos_v4().unwrap(), 0x10);
}

#[test]
fn a_stream_has_its_own_options() {
    run(async {
        let (here, there) = pair().await;
        here.set_nodelay(true).unwrap();
        assert!(here.nodelay().unwrap());
        here.set_nodelay(false).unwrap();
        assert!(!here.nodelay().unwrap());
        here.set_ttl(17).unwrap();
        assert_eq!(here.ttl().unwrap(), 17);
        assert!(here.take_error().unwrap().is_none());
        assert_eq!(here.peer_addr().unwrap(), there.local_addr().unwrap());
    });
}

/// Two servers on one address, as two runtimes on two threads would be.
#[cfg(target_os = "linux")]
#[test]
fn two_listeners_share_an_address_if_both_say_so() {
    run(async {
        let listen = |addr| {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseport(true)?;
            assert!(socket.reuseport()?);
            socket.bind(addr)?;
            socket.listen(16)
        };
        let one = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let other = listen(one.local_addr().unwrap()).unwrap();
        assert_eq!(one.local_addr().unwrap(), other.local_addr().unwrap());

        let alone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let error = listen(alone.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    });
}

#[test]
fn a_listener_can_be_bound_again_at_once() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let client = hob::net::TcpStream::connect(addr).await.unwrap();
        // Closed from this side first: the address stays in TIME_WAIT for a minute.
        let (there, _) = listener.accept().await.unwrap();
        drop(there);
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
        drop((client, listener));
        TcpListener::bind(addr).await.unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_socket_is_bound_to_one_interface() {
    let socket = TcpSocket::new_v4().unwrap();
    assert_eq!(socket.device().unwrap(), None);
    match socket.bind_device(Some(b"lo")) {
        // Before Linux 5.7 not everybody may.
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => return,
        done => done.unwrap(),
    }
    assert_eq!(socket.device().unwrap().unwrap(), b"lo");
    let error = socket.bind_device(Some(b"no such thing")).unwrap_err();
    assert!(error.raw_os_error().is_some());
}
