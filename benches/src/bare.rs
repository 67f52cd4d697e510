//! The limit: the same work on bare mio, or on bare threads, without any runtime. What is
//! measured here is what the system costs; nobody on epoll can be much below it.
//!
//! It is written as a careful program has to be: mio tells each edge once, so whoever was told
//! reads until the socket is known to be empty. On a stream a short read tells that (epoll(7)
//! says so); on a datagram socket and a listener only `WouldBlock` does.

use crate::scratch::{PIECE, SMALL, Scratch};
use crate::sockets::{self, MESSAGE};
use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use mio::{Events, Interest, Poll, Token, Waker};
use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

const LISTENER: Token = Token(0);
const CLIENT: Token = Token(1);

/// See `streams::echo`. Even tokens are clients, odd ones servers.
pub fn echo(connections: usize, trips: usize) -> Duration {
    let pairs = sockets::pairs(connections).into_iter();
    let ends = pairs.flat_map(|(client, server)| [client, server]);
    ping_pong(ends.map(TcpStream::from_std).collect(), trips)
}

/// See `streams::unix`.
pub fn unix(trips: usize) -> Duration {
    let (client, server) = sockets::unix_pair();
    ping_pong([client, server].map(UnixStream::from_std).into(), trips)
}

fn ping_pong<S: Read + Write + Source>(mut ends: Vec<S>, trips: usize) -> Duration {
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(1024);
    let start = Instant::now();
    for (index, end) in ends.iter_mut().enumerate() {
        let registry = poll.registry();
        registry
            .register(end, Token(index), Interest::READABLE)
            .expect("registered");
    }
    for client in ends.iter_mut().step_by(2) {
        client.write_all(&[0; MESSAGE]).expect("there is room");
    }
    let mut done = vec![0; ends.len()];
    let mut going = ends.len() / 2;
    let mut buffer = [0; 1024];
    while going > 0 {
        wait(&mut poll, &mut events);
        for event in &events {
            let Token(index) = event.token();
            let n = ends[index].read(&mut buffer).expect("it is readable");
            assert_eq!(n, MESSAGE, "a message comes in one piece");
            done[index] += 1;
            let is_client = index % 2 == 0;
            match is_client && done[index] == trips {
                true => going -= 1,
                false if is_client => {
                    let message = [done[index] as u8; MESSAGE];
                    ends[index].write_all(&message).expect("there is room");
                }
                false => ends[index].write_all(&buffer[..n]).expect("there is room"),
            }
        }
    }
    start.elapsed()
}

/// See `streams::udp`.
pub fn udp(trips: usize) -> Duration {
    let (asking, answering) = sockets::udp_pair();
    let mut ends = [asking, answering].map(UdpSocket::from_std);
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(1024);
    let start = Instant::now();
    for (index, end) in ends.iter_mut().enumerate() {
        let registry = poll.registry();
        registry
            .register(end, Token(index), Interest::READABLE)
            .expect("registered");
    }
    ends[0].send(&[0; MESSAGE]).expect("sent");
    let (mut trip, mut buffer) = (0, [0; 1024]);
    while trip < trips {
        wait(&mut poll, &mut events);
        for event in &events {
            let Token(index) = event.token();
            loop {
                match ends[index].recv(&mut buffer) {
                    Ok(n) if index == 1 => drop(ends[1].send(&buffer[..n]).expect("sent")),
                    Ok(_) => {
                        trip += 1;
                        if trip < trips {
                            ends[0].send(&[trip as u8; MESSAGE]).expect("sent");
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
    start.elapsed()
}

/// See `streams::connect`.
pub fn connect(count: usize) -> Duration {
    let (listener, address) = sockets::listener();
    let mut listener = TcpListener::from_std(listener);
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(1024);
    let registry = poll.registry().try_clone().expect("a second handle");
    let dial = || {
        let mut client = TcpStream::connect(address).expect("it begins");
        registry
            .register(&mut client, CLIENT, Interest::WRITABLE)
            .expect("registered");
        client
    };
    let start = Instant::now();
    registry
        .register(&mut listener, LISTENER, Interest::READABLE)
        .expect("registered");
    let (mut client, mut connected, mut accepted) = (Some(dial()), 0, 0);
    while connected < count || accepted < count {
        wait(&mut poll, &mut events);
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    drop(stream);
                    accepted += 1;
                }
            } else if let Some(stream) = client.take() {
                let error = stream.take_error().expect("it can be asked");
                assert!(error.is_none(), "{error:?}");
                drop(stream);
                connected += 1;
                client = (connected < count).then(dial);
            }
        }
    }
    start.elapsed()
}

/// See `workers::wakes`.
pub fn wakes(times: usize) -> Duration {
    let mut poll = Poll::new().expect("a poll");
    let waker = Waker::new(poll.registry(), Token(0)).expect("a waker");
    let (ask, asked) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel::<Instant>();
    let ringing = std::thread::spawn(move || {
        for () in asked {
            std::thread::sleep(Duration::from_micros(50));
            tell.send(Instant::now()).expect("the other listens");
            waker.wake().expect("it can be woken");
        }
    });
    let mut events = Events::with_capacity(16);
    let mut sum = Duration::ZERO;
    for _ in 0..times {
        ask.send(()).expect("the thread listens");
        wait(&mut poll, &mut events);
        sum += told.recv().expect("it was rung").elapsed();
    }
    drop(ask);
    ringing.join().expect("it ends when nobody asks any more");
    sum
}

/// See `rt::map`: one thread for each processor, and a number that says which job is next.
pub fn map(jobs: usize, f: fn(usize) -> u64) -> Duration {
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..crate::cores() {
            let next = next.clone();
            scope.spawn(move || {
                loop {
                    match next.fetch_add(1, Ordering::Relaxed) {
                        job if job < jobs => std::hint::black_box(f(job)),
                        _ => break,
                    };
                }
            });
        }
    });
    start.elapsed()
}

/// See `files::sequential`: on one thread that blocks.
pub fn sequential(size: usize) -> Duration {
    let scratch = Scratch::new();
    let path = scratch.path("large");
    on_a_thread(move || {
        let piece = vec![7; PIECE];
        let mut file = std::fs::File::create(&path).expect("created");
        for _ in 0..size / PIECE {
            file.write_all(&piece).expect("written");
        }
        drop(file);
        let mut file = std::fs::File::open(&path).expect("opened");
        let (mut buffer, mut total) = (vec![0; PIECE], 0);
        loop {
            match file.read(&mut buffer).expect("read") {
                0 => break,
                n => total += n,
            }
        }
        assert_eq!(total, size / PIECE * PIECE);
    })
}

/// See `files::small`: on one thread that blocks.
pub fn small(count: usize) -> Duration {
    let scratch = Scratch::new();
    let paths = scratch.paths(count);
    on_a_thread(move || {
        for path in paths {
            std::fs::write(&path, [7; SMALL]).expect("written");
            let back = std::fs::read(&path).expect("read");
            assert_eq!(back.len(), SMALL);
            std::fs::remove_file(&path).expect("removed");
        }
    })
}

fn on_a_thread(work: impl FnOnce() + Send + 'static) -> Duration {
    let start = Instant::now();
    std::thread::spawn(work).join().expect("it ends");
    start.elapsed()
}

/// Until something happened; a signal is nothing.
fn wait(poll: &mut Poll, events: &mut Events) {
    loop {
        match poll.poll(events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result.expect("it waits"),
        }
    }
}
