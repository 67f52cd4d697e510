//! The reactor by itself: std's sockets on one end, counting wakers on the other.
//!
//! Here is what all of these tests use; then `wakes` is about who is called by an event,
//! `readiness` about what an event says of a socket, `lists` about when one is listed, `guesses`
//! about reads that are not tried, `memory` about slots and what a burst of them leaves behind.

mod wakes;
mod readiness;
mod memory;
#[cfg(target_os = "linux")]
mod lists;
#[cfg(all(target_os = "linux", not(mio_unsupported_force_poll_poll)))]
mod guesses;

use std::cell::RefCell;
use std::future::Future;
use std::io::{Read, Write};
use std::net;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use mio::Interest;

use super::*;

/// Counts its wakes.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counter() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), count.into())
}

fn count(counter: &Count) -> usize {
    counter.0.load(Ordering::Relaxed)
}

type Stream = Source<mio::net::TcpStream>;

/// A source and, blocking, the other end of its connection.
fn pair() -> (Stream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nodelay(true).unwrap();
    let source =
        Source::take_over(mio::net::TcpStream::from_std(ours), Location::caller()).unwrap();
    (source, theirs)
}

fn read_byte(source: &Stream, waker: &Waker) -> Poll<io::Result<usize>> {
    let mut cx = Context::from_waker(waker);
    source.poll_bytes(&mut cx, Direction::Read, 1, |mut io| io.read(&mut [0]))
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Visits the kernel until `done`; an event may take a moment to arrive.
fn wait_until(reactor: &Reactor, done: impl Fn() -> bool) {
    for _ in 0..100 {
        if done() {
            return;
        }
        let sleep = if reactor.may_sleep() { 100 } else { 0 };
        reactor.wait(Some(Duration::from_millis(sleep))).unwrap();
    }
    panic!("the event did not come");
}

/// Swallows the events that listing makes.
fn settle(reactor: &Reactor) {
    while reactor.wait(Some(Duration::from_millis(5))).unwrap() > 0 {}
}

/// A thing that is no socket; it cannot be listed if it is told to.
#[derive(Debug)]
struct Fake {
    fails: bool,
}

impl mio::event::Source for Fake {
    fn register(&mut self, _: &mio::Registry, _: Token, _: Interest) -> io::Result<()> {
        if self.fails {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }

    fn reregister(&mut self, _: &mio::Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, _: &mio::Registry) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for Fake {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        -1
    }
}

#[test]
fn a_socket_outside_of_any_runtime_is_an_error_that_says_what_to_do() {
    let error = Source::new(Fake { fails: false }).unwrap_err();
    assert!(error.to_string().contains("block_on"), "{error}");
}

#[test]
fn a_source_shows_its_socket() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, _peer) = pair();
    let shown = format!("{source:?}");
    let addr = source.get_ref().local_addr().unwrap().to_string();
    assert!(shown.contains(&addr), "{shown}");
}
