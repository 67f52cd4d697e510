//! Sockets, for the runtimes whose reads and writes borrow a buffer. Compiled once for each of
//! them, as [`tasks`](super::tasks) is; `owned.rs` is the same for the others.

#![allow(
    unused_mut,
    reason = "what one contender's types need, the other's do without"
)]

use super::rt::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use crate::sockets::{self, MESSAGE};
use std::time::{Duration, Instant};

/// On each of `connections` TCP connections, `trips` messages of 64 bytes go to a task that sends
/// them back. Both ends live on the one thread.
pub fn echo(connections: usize, trips: usize) -> Duration {
    let pairs = sockets::pairs(connections);
    rt::in_a_task(async move {
        let mut handles = Vec::new();
        let start = Instant::now();
        for (client, server) in pairs {
            handles.push(rt::spawn(answer(rt::tcp(server))));
            handles.push(rt::spawn(ask(rt::tcp(client), trips)));
        }
        for handle in handles {
            handle.await.expect("it ends");
        }
        start.elapsed()
    })
}

/// The same on one pair of Unix sockets.
pub fn unix(trips: usize) -> Duration {
    let (client, server) = sockets::unix_pair();
    rt::in_a_task(async move {
        let start = Instant::now();
        let server = rt::spawn(answer(rt::unix(server)));
        rt::spawn(ask(rt::unix(client), trips))
            .await
            .expect("it ends");
        server.await.expect("it ends");
        start.elapsed()
    })
}

/// A client that reads as a buffered reader does, and as the limit has to: with room to spare, so
/// that a short read tells that there is no more.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, trips: usize) {
    let mut buffer = [0; 1024];
    for trip in 0..trips {
        let message = [trip as u8; MESSAGE];
        stream.write_all(&message).await.expect("written");
        let n = stream.read(&mut buffer).await.expect("answered");
        assert_eq!(buffer[..n], message, "a message comes in one piece");
    }
}

/// An echo server as people write it: whatever comes, into a buffer with room to spare.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await.expect("asked") {
            0 => return,
            n => stream.write_all(&buffer[..n]).await.expect("written"),
        }
    }
}

/// Datagrams of 64 bytes to and fro between two sockets, `trips` times.
pub fn udp(trips: usize) -> Duration {
    let (asking, answering) = sockets::udp_pair();
    rt::in_a_task(async move {
        let (asking, answering) = (rt::udp(asking), rt::udp(answering));
        let start = Instant::now();
        let other = rt::spawn(async move {
            let mut buffer = [0; 1024];
            for _ in 0..trips {
                let n = answering.recv(&mut buffer).await.expect("asked");
                answering.send(&buffer[..n]).await.expect("sent");
            }
        });
        let mut buffer = [0; 1024];
        for trip in 0..trips {
            asking.send(&[trip as u8; MESSAGE]).await.expect("sent");
            let n = asking.recv(&mut buffer).await.expect("answered");
            assert_eq!(buffer[..n], [trip as u8; MESSAGE]);
        }
        other.await.expect("it ends");
        start.elapsed()
    })
}

/// `count` connections, one after another: one task connects and hangs up, one accepts and
/// hangs up.
pub fn connect(count: usize) -> Duration {
    let (listener, address) = sockets::listener();
    rt::in_a_task(async move {
        let listener = rt::listener(listener);
        let start = Instant::now();
        let server = rt::spawn(async move {
            for _ in 0..count {
                drop(listener.accept().await.expect("a connection"));
            }
        });
        for _ in 0..count {
            drop(rt::TcpStream::connect(address).await.expect("connected"));
        }
        server.await.expect("it ends");
        start.elapsed()
    })
}
