//! Sockets and files, for the runtimes that live on io_uring: a buffer is lent to the kernel, and
//! so to the call, and comes back with the answer. Compiled once for each of them; the same
//! programs as [`streams`](crate::with_hob::streams) and [`files`](crate::with_hob::files), with
//! one buffer for each side, that goes in and comes back and is never copied.

use super::rt;
use crate::scratch::{PIECE, Scratch};
use crate::sockets::{self, MESSAGE};
use std::time::{Duration, Instant};

/// See `streams::echo`.
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

/// See `streams::unix`.
pub fn unix(trips: usize) -> Duration {
    let (client, server) = sockets::unix_pair();
    rt::in_a_task(async move {
        let start = Instant::now();
        let server = rt::spawn(answer(rt::unix(server)));
        let client = rt::spawn(ask(rt::unix(client), trips));
        client.await.expect("it ends");
        server.await.expect("it ends");
        start.elapsed()
    })
}

async fn ask<S: rt::Stream>(mut stream: S, trips: usize) {
    let (mut message, mut answer) = (vec![0; MESSAGE], Vec::with_capacity(1024));
    for trip in 0..trips {
        message.fill(trip as u8);
        message = rt::write_all(&mut stream, message).await;
        answer.clear();
        answer = rt::read(&mut stream, answer).await;
        assert_eq!(answer, message, "a message comes in one piece");
    }
}

async fn answer<S: rt::Stream>(mut stream: S) {
    let mut buffer = Vec::with_capacity(1024);
    loop {
        buffer.clear();
        buffer = rt::read(&mut stream, buffer).await;
        if buffer.is_empty() {
            return;
        }
        buffer = rt::write_all(&mut stream, buffer).await;
    }
}

/// See `streams::udp`.
pub fn udp(trips: usize) -> Duration {
    let (asking, answering) = sockets::udp_pair();
    rt::in_a_task(async move {
        let (asking, answering) = (rt::udp(asking), rt::udp(answering));
        let start = Instant::now();
        let other = rt::spawn(async move {
            let mut buffer = Vec::with_capacity(1024);
            for _ in 0..trips {
                buffer.clear();
                buffer = rt::receive(&answering, buffer).await;
                buffer = rt::send(&answering, buffer).await;
            }
        });
        let (mut message, mut answer) = (vec![0; MESSAGE], Vec::with_capacity(1024));
        for trip in 0..trips {
            message.fill(trip as u8);
            message = rt::send(&asking, message).await;
            answer.clear();
            answer = rt::receive(&asking, answer).await;
            assert_eq!(answer, message);
        }
        other.await.expect("it ends");
        start.elapsed()
    })
}

/// See `streams::connect`.
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

/// See `files::sequential`.
pub fn sequential(size: usize) -> Duration {
    let scratch = Scratch::new();
    let path = scratch.path("large");
    rt::in_a_task(async move {
        let start = Instant::now();
        let mut piece = vec![7; PIECE];
        let mut file = rt::File::create(&path).await.expect("created");
        for n in 0..size / PIECE {
            piece = rt::write_at(&mut file, piece, (n * PIECE) as u64).await;
        }
        file.close().await.expect("closed");
        let file = rt::File::open(&path).await.expect("opened");
        let (mut buffer, mut total) = (piece, 0);
        loop {
            buffer.clear();
            buffer = rt::read_at(&file, buffer, total as u64).await;
            if buffer.is_empty() {
                break;
            }
            total += buffer.len();
        }
        assert_eq!(total, size / PIECE * PIECE);
        start.elapsed()
    })
}
