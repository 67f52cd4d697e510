//! Connecting: it works, or it says why not, and "writable" alone convinces nobody.

mod tcp_support;
mod wine_support;

use std::io::ErrorKind;
use std::net::SocketAddr;

use hob::net::{TcpListener, TcpSocket, TcpStream};
use tcp_support::run;
use wine_support::under_wine;

/// An address where nobody listens, and what keeps others from taking it meanwhile.
fn nobody() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

/// Trap 20. Broken by: leaving `take_error` out of `connected`.
#[test]
fn nobody_there_is_connection_refused() {
    run(async {
        let (_held, addr) = nobody();
        let error = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let socket = TcpSocket::new_v4().unwrap();
        let error = socket.connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

/// Broken by: returning the first error in `connect`.
#[test]
fn the_second_address_is_tried_when_the_first_refuses() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (_held, refusing) = nobody();
        let addrs = [refusing, listener.local_addr().unwrap()];
        let stream = TcpStream::connect(&addrs[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addrs[1]);
        let error = TcpStream::connect(&addrs[..1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let error = TcpStream::connect(&addrs[..0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn the_second_address_is_bound_when_the_first_is_taken() {
    run(async {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addrs = [taken.local_addr().unwrap(), "127.0.0.1:0".parse().unwrap()];
        let listener = TcpListener::bind(&addrs[..]).await.unwrap();
        assert_ne!(listener.local_addr().unwrap(), addrs[0]);
        let error = TcpListener::bind(addrs[0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    });
}

/// Trap 20. Broken by: leaving the reader's half out of `Slot::note`.
#[test]
fn a_peer_that_resets_at_once_is_an_error_or_an_end_but_no_hang() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        for _ in 0..100 {
            let connecting = hob::spawn(TcpStream::connect(addr));
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_zero_linger().unwrap();
            drop(stream);
            if let Ok(stream) = connecting.await.unwrap() {
                // Wine makes an ordinary end of a reset.
                match stream.read(&mut [0; 8]).await {
                    Err(e) => assert_eq!(e.kind(), ErrorKind::ConnectionReset),
                    Ok(n) => assert!(n == 0 && under_wine(), "{n} bytes"),
                }
            }
        }
    });
}
