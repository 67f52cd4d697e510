//! Sockets, streams and other programs, given up at each poll: bytes, datagrams and connections
//! are taken only in the poll that gives them away, and nothing stays registered.

mod cancel_support;

use std::io::ErrorKind;

use cancel_support::{behind, pause, quit_at_every_poll, quit_at_every_poll_for_real};
use hob::io::prelude::*;
use hob::io::{copy, copy_bidirectional, duplex};
use hob::join;
use hob::net::{Interest, TcpListener, TcpStream, UdpSocket, lookup_host};
use hob::testing::cancel_at_every_poll;

// All sides given up at once.

#[test]
fn tcp() {
    cancel_at_every_poll(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 200_000];
            stream.read_exact(&mut bytes).await.unwrap();
            pause().await;
            stream.write_all(&bytes).await.unwrap();
        };
        let ask = async {
            let stream = TcpStream::connect(address).await.unwrap();
            let mut bytes = vec![7; 200_000];
            stream.write_all(&bytes).await.unwrap();
            stream.read_exact(&mut bytes).await.unwrap();
            assert!(bytes.iter().all(|&byte| byte == 7));
        };
        join!(serve, ask);
    });
}

#[cfg(unix)]
#[test]
fn unix_streams() {
    cancel_at_every_poll(|| async {
        let (here, there) = hob::net::UnixStream::pair().unwrap();
        let (mut bytes, big) = (vec![0; 500_000], vec![1; 500_000]);
        let (read, written) = join!(here.read_exact(&mut bytes), async {
            pause().await;
            there.write_all(&big).await
        });
        assert!(read.is_ok() && written.is_ok());
    });
}

/// Broken by: leaving out the drop of `reactor::Waiter`.
#[cfg(unix)]
#[test]
fn what_waited_for_a_socket_leaves_nothing_with_the_socket() {
    use hob::net::UnixStream;
    hob::testing::cancel_at_every_poll_with(
        async || UnixStream::pair().unwrap(),
        async |(here, there)| {
            let read = async || {
                let mut byte = [0];
                here.read_exact(&mut byte).await.unwrap();
            };
            join!(read(), read(), here.readable(), async {
                pause().await;
                there.write_all(&[1]).await.unwrap();
                pause().await;
                there.write_all(&[2]).await.unwrap();
            })
            .2
            .unwrap();
        },
        |_| {},
    );
}

#[test]
fn udp() {
    cancel_at_every_poll(|| async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut bytes = [0; 8];
        let (received, sent) = join!(socket.recv_from(&mut bytes), async {
            pause().await;
            socket.send_to(b"hob", address).await
        });
        assert_eq!((received.unwrap().0, sent.unwrap()), (3, 3));
    });
}

// One gives up, and the others go on.

async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let here = TcpStream::connect(address).await.unwrap();
    (here, listener.accept().await.unwrap().0)
}

#[test]
fn an_accept_that_is_given_up_leaves_the_connection_to_the_next() {
    quit_at_every_poll_for_real(async |quitter| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (got, client) = join!(quitter.run(listener.accept()), async {
            pause().await;
            TcpStream::connect(address).await.unwrap()
        });
        let accepted = match got {
            Some(accepted) => accepted.unwrap(),
            None => listener.accept().await.unwrap(),
        };
        assert_eq!(accepted.1, client.local_addr().unwrap());
    });
}

#[test]
fn a_connect_that_is_given_up_leaves_no_socket() {
    quit_at_every_poll_for_real(async |quitter| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = quitter.run(TcpStream::connect(("127.0.0.1", port))).await;
        drop(stream);
        let (client, accepted) = join!(TcpStream::connect(("localhost", port)), listener.accept());
        assert!(client.is_ok() && accepted.is_ok());
    });
}

#[test]
fn what_waits_to_read_takes_nothing_that_it_does_not_give() {
    quit_at_every_poll_for_real(async |quitter| {
        let (here, there) = tcp_pair().await;
        let (mut byte, mut next) = ([0], [0]);
        let (got, other, ()) = join!(
            quitter.run(here.read(&mut byte)),
            behind(here.readable()),
            async {
                pause().await;
                there.write_all(b"a").await.unwrap();
            }
        );
        assert!(other.is_ok());
        if got.is_none() {
            here.read_exact(&mut next).await.unwrap();
        }
        assert_eq!(byte[0].max(next[0]), b'a');
        let nothing = here.try_read(&mut byte).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    });
    quit_at_every_poll_for_real(async |quitter| {
        let (here, there) = tcp_pair().await;
        let mut bytes = [0; 3];
        let looking = async {
            here.readable().await.unwrap();
            here.ready(Interest::READABLE).await.unwrap();
            assert_eq!(here.peek(&mut [0; 3]).await.unwrap(), 3);
        };
        join!(quitter.run(looking), async {
            pause().await;
            there.write_all(b"hob").await.unwrap();
        });
        here.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"hob");
    });
}

#[test]
fn what_waits_to_write_has_written_what_it_says_and_nothing_else() {
    quit_at_every_poll_for_real(async |quitter| {
        let (here, there) = tcp_pair().await;
        let bytes = vec![7; 100_000];
        let mut sent = 0;
        while let Ok(count) = here.try_write(&bytes) {
            sent += count;
        }
        let (written, mut arrived) = join!(quitter.run(here.write(&bytes)), async {
            pause().await;
            let mut taken = vec![0; sent];
            there.read_exact(&mut taken).await.unwrap();
            taken
        });
        drop(here);
        there.read_to_end(&mut arrived).await.unwrap();
        let written = written.map_or(0, Result::unwrap);
        assert_eq!(arrived.len(), sent + written);
    });
}

#[test]
fn a_datagram_is_taken_by_one_who_receives_it() {
    quit_at_every_poll_for_real(async |quitter| {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (own, address) = (socket.local_addr().unwrap(), far.local_addr().unwrap());
        let mut bytes = [0; 8];
        let talk = async {
            let (count, from) = socket.peek_from(&mut [0; 8]).await.unwrap();
            assert_eq!((count, from), (3, address));
            socket.connect(from).await.unwrap();
            assert_eq!(socket.recv(&mut bytes).await.unwrap(), 3);
        };
        let (got, sent) = join!(quitter.run(talk), async {
            pause().await;
            far.send_to(b"hob", own).await
        });
        assert_eq!(sent.unwrap(), 3);
        if got.is_none() {
            assert_eq!(socket.recv_from(&mut bytes).await.unwrap(), (3, address));
        }
        let nothing = socket.try_recv(&mut bytes).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    });
}

#[cfg(unix)]
#[test]
fn unix_sockets_lose_nothing_either() {
    use hob::net::{UnixDatagram, UnixListener, UnixStream};

    quit_at_every_poll_for_real(async |quitter| {
        let folder = std::env::temp_dir().join(format!("hob-cancel-io-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let (got, client) = join!(quitter.run(listener.accept()), async {
            pause().await;
            UnixStream::connect(&path).await
        });
        if got.is_none() {
            listener.accept().await.unwrap();
        }
        assert!(client.is_ok());
        std::fs::remove_dir_all(&folder).unwrap();
    });
    quit_at_every_poll_for_real(async |quitter| {
        let (here, there) = UnixDatagram::pair().unwrap();
        let mut bytes = [0; 8];
        let (got, sent) = join!(quitter.run(here.recv(&mut bytes)), async {
            pause().await;
            there.send(b"hob").await
        });
        assert_eq!(sent.unwrap(), 3);
        if got.is_none() {
            assert_eq!(here.recv(&mut bytes).await.unwrap(), 3);
        }
        assert_eq!(&bytes[..3], b"hob");
    });
}

#[test]
fn a_lookup_that_is_given_up_is_forgotten() {
    quit_at_every_poll_for_real(async |quitter| {
        drop(quitter.run(lookup_host("localhost:80")).await);
        assert!(lookup_host("localhost:80").await.unwrap().count() > 0);
    });
}

// Streams without sockets.

#[test]
fn a_duplex_stream_loses_no_byte() {
    quit_at_every_poll(async |quitter| {
        let (mut here, mut there) = duplex(2);
        let mut byte = [0];
        let (got, wrote) = join!(quitter.run(here.read(&mut byte)), async {
            pause().await;
            there.write(b"hob").await
        });
        assert_eq!(wrote.unwrap(), 2);
        drop(there);
        let mut all = byte[..got.map_or(0, Result::unwrap)].to_vec();
        here.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"ho");
    });
    quit_at_every_poll(async |quitter| {
        let (mut here, mut there) = duplex(2);
        here.write_all(b"ho").await.unwrap();
        let mut all = vec![0];
        let (wrote, ()) = join!(quitter.run(here.write(b"b")), async {
            pause().await;
            there.read_exact(&mut all).await.unwrap();
        });
        drop(here);
        there.read_to_end(&mut all).await.unwrap();
        let expected: &[u8] = if wrote.is_some() { b"hob" } else { b"ho" };
        assert_eq!(all, expected);
    });
}

/// The docs say that bytes on their way are lost. None is lost before those, and none is there
/// twice.
#[test]
fn a_copy_that_is_given_up_has_written_a_beginning() {
    let source: Vec<u8> = (0..=250).cycle().take(50_000).collect();
    quit_at_every_poll(async |quitter| {
        let (mut near, far) = duplex(1_000);
        let (sink, mut end) = duplex(700);
        let mut arrived = Vec::new();
        let (copied, _, read) = join!(
            quitter.run(copy(far, sink)),
            async {
                // Fails when the reader was given up.
                let sent = near.write_all(&source).await;
                drop(near);
                sent
            },
            end.read_to_end(&mut arrived)
        );
        assert!(read.is_ok() && source.starts_with(&arrived));
        if let Some(copied) = copied {
            assert_eq!((copied.unwrap(), arrived.len()), (50_000, 50_000));
        }
    });
    cancel_at_every_poll(|| async {
        let ((mut a, left), (right, mut b)) = (duplex(10), duplex(10));
        let (mut to_a, mut to_b) = ([0; 30], [0; 30]);
        let (both, (), ()) = join!(
            copy_bidirectional(left, right),
            async {
                a.write_all(&[1; 30]).await.unwrap();
                a.read_exact(&mut to_a).await.unwrap();
                drop(a);
            },
            async {
                b.read_exact(&mut to_b).await.unwrap();
                b.write_all(&[2; 30]).await.unwrap();
                drop(b);
            }
        );
        assert_eq!(both.unwrap(), (30, 30));
    });
}

// Other programs.

#[cfg(all(unix, feature = "process"))]
#[test]
fn the_end_of_a_program_can_be_waited_for_again() {
    use hob::process::{Command, Stdio};

    let sh = |script| {
        let mut command = Command::new("sh");
        command.args(["-c", script]).kill_on_drop(true);
        command
    };
    quit_at_every_poll_for_real(async |quitter| {
        let mut command = sh("read line; exit 7");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let status = quitter.run(child.wait()).await;
        let again = child.wait().await.unwrap();
        assert_eq!(again.code(), Some(7));
        assert!(status.is_none_or(|status| status.unwrap() == again));
    });
    quit_at_every_poll_for_real(async |quitter| {
        let output = quitter.run(sh("echo hob; exec sleep 0").output()).await;
        assert!(output.is_none_or(|output| output.unwrap().stdout == b"hob\n"));
    });
}
