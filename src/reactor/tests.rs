//! The reactor by itself: std's sockets on one end, counting wakers on the other.

use std::cell::RefCell;
use std::future::Future;
use std::io::{Read, Write};
use std::net;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

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

/// A registered socket and, blocking, the other end.
fn pair() -> (Stream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nodelay(true).unwrap();
    let source = Source::new(mio::net::TcpStream::from_std(ours)).unwrap();
    (source, theirs)
}

fn read_byte(source: &Stream, waker: &Waker) -> Poll<io::Result<usize>> {
    let mut cx = Context::from_waker(waker);
    source.poll_bytes(&mut cx, Direction::Read, 1, |mut io| io.read(&mut [0]))
}

/// Visits the kernel until `done`; an event may take a moment to arrive.
fn wait_until(reactor: &Reactor, done: impl Fn() -> bool) {
    for _ in 0..100 {
        if done() {
            return;
        }
        reactor.wait(Some(Duration::from_millis(100))).unwrap();
    }
    panic!("the event did not come");
}

/// Swallows the events that a registration makes.
fn settle(reactor: &Reactor) {
    while reactor.wait(Some(Duration::from_millis(5))).unwrap() > 0 {}
}

/// Trap 55. Broken by: parking every waiter in the slot `polled`.
#[test]
fn an_event_wakes_everyone_who_waits_for_that_direction_and_no_other() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    settle(&reactor);

    let (polled, polled_waker) = counter();
    assert!(read_byte(&source, &polled_waker).is_pending());
    let mut counters = Vec::new();
    let mut futures = Vec::new();
    for _ in 0..4 {
        let (counter, waker) = counter();
        let mut future = source.readiness(Direction::Read);
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut future).poll(&mut cx).is_pending());
        counters.push(counter);
        futures.push(future);
    }
    let (writer, waker) = counter();
    source.side(Direction::Write).set_drained();
    let mut writing = source.io(Direction::Write, |mut io| io.write(b"x"));
    assert!(
        Pin::new(&mut writing)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );

    // The second of the four gives up: it must not be woken, the others must.
    drop(futures.remove(1));
    peer.write_all(b"x").unwrap();
    wait_until(&reactor, || count(&polled) == 1);
    let woken: Vec<usize> = counters.iter().map(|c| count(c)).collect();
    assert_eq!(woken, [1, 0, 1, 1]);
    // epoll says "writable" along with "readable"; poll(2) and kqueue need not.
    assert!(count(&writer) <= 1);
}

/// Trap 14. Broken by: leaving out `slot.token() == token` in `note`.
#[test]
fn an_event_for_the_former_tenant_of_a_slot_wakes_nobody() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (former, _peer) = pair();
    let stale = Token(former.resource() as usize);
    drop(former);
    let (source, _peer) = pair();
    let token = Token(source.resource() as usize);
    assert_eq!(
        stale.0 & MAX_SOURCES,
        token.0 & MAX_SOURCES,
        "the same slot"
    );
    settle(&reactor);

    let (_, waker) = counter();
    assert!(read_byte(&source, &waker).is_pending());
    let signs = Signs {
        readable: true,
        ..Signs::default()
    };
    let mut wakes = VecDeque::new();
    reactor.note(stale, signs, &mut wakes);
    assert_eq!(wakes.len(), 0);
    reactor.note(token, signs, &mut wakes);
    assert_eq!(wakes.len(), 1);
}

/// Trap 13. Broken by: keeping the first waker in `Side::park` or `Side::park_polled`.
#[test]
fn a_future_that_moves_to_another_task_is_woken_there() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    settle(&reactor);

    let (first, first_waker) = counter();
    let (second, second_waker) = counter();
    let mut future = source.io(Direction::Read, |mut io| io.read(&mut [0]));
    for waker in [&first_waker, &second_waker] {
        assert!(
            Pin::new(&mut future)
                .poll(&mut Context::from_waker(waker))
                .is_pending()
        );
        assert!(read_byte(&source, waker).is_pending());
    }
    peer.write_all(b"x").unwrap();
    wait_until(&reactor, || count(&second) == 2);
    assert_eq!(count(&first), 0);
}

/// Trap 24. Broken by: `Interrupt::wake_by_ref` doing nothing.
#[test]
fn a_wake_from_another_thread_ends_the_sleep() {
    let reactor = Reactor::new().unwrap();
    let waker = reactor.waker();
    let thread = std::thread::spawn(move || waker.wake());
    assert_eq!(reactor.wait(Some(Duration::from_secs(60))).unwrap(), 1);
    thread.join().unwrap();
    assert_eq!(reactor.wait(Some(Duration::ZERO)).unwrap(), 0);
}

/// Trap 31. Broken by: `.take(1)` on the events in `wait`.
#[test]
fn more_ready_sources_than_one_visit_takes_are_all_served() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let sockets: Vec<_> = (0..CAPACITY + 100)
        .map(|_| {
            let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            Source::new(socket).unwrap()
        })
        .collect();
    let (writable, waker) = counter();
    let mut cx = Context::from_waker(&waker);
    for socket in &sockets {
        assert!(socket.poll_ready(&mut cx, Direction::Write).is_pending());
    }
    let first = reactor.wait(Some(Duration::from_secs(60))).unwrap();
    assert!(first <= CAPACITY);
    wait_until(&reactor, || count(&writable) == sockets.len());
}

/// Trap 60. Broken by: taking away `impl Drop for Wakes`.
#[test]
fn a_waker_that_panics_costs_no_other_its_wake() {
    struct Panic;
    impl Wake for Panic {
        fn wake(self: Arc<Self>) {
            panic!("a hostile waker");
        }
    }
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    settle(&reactor);
    assert!(read_byte(&source, &Arc::new(Panic).into()).is_pending());
    let (other, waker) = counter();
    let mut future = source.readiness(Direction::Read);
    assert!(
        Pin::new(&mut future)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );

    peer.write_all(b"x").unwrap();
    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        reactor.wait(Some(Duration::from_secs(60)))
    }));
    assert!(waited.is_err());
    assert_eq!(count(&other), 1);
    assert_eq!(reactor.wait(Some(Duration::ZERO)).unwrap(), 0, "it goes on");
}

/// Trap 10. Broken by: waking or dropping a waker under a borrow, anywhere.
#[test]
fn a_waker_may_use_the_reactor_from_its_wake_and_its_drop() {
    thread_local! {
        static SOURCES: RefCell<Vec<Rc<Stream>>> = const { RefCell::new(Vec::new()) };
        static WOKEN: Cell<bool> = const { Cell::new(false) };
    }
    /// Registers a socket, parks on the one in `SOURCES` and closes the first again.
    struct Meddle;
    fn meddle() {
        let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        drop(Source::new(socket));
        let source = SOURCES.with_borrow(|sources| sources.first().cloned());
        if let Some(source) = source {
            let _ = read_byte(&source, Waker::noop());
        }
    }
    impl Wake for Meddle {
        fn wake(self: Arc<Self>) {
            WOKEN.set(true);
            meddle();
        }
    }
    impl Drop for Meddle {
        fn drop(&mut self) {
            meddle();
        }
    }
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    let source = Rc::new(source);
    SOURCES.with_borrow_mut(|sources| sources.push(source.clone()));
    settle(&reactor);

    for _ in 0..3 {
        // Each new waker displaces, and so drops, the one before.
        assert!(read_byte(&source, &Arc::new(Meddle).into()).is_pending());
        let mut future = source.readiness(Direction::Read);
        for _ in 0..2 {
            let waker = Arc::new(Meddle).into();
            assert!(
                Pin::new(&mut future)
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        drop(future);
    }
    let mut future = source.readiness(Direction::Read);
    let waker = Arc::new(Meddle).into();
    assert!(
        Pin::new(&mut future)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    peer.write_all(b"x").unwrap();
    wait_until(&reactor, || WOKEN.get());

    source.side(Direction::Read).set_drained();
    assert!(read_byte(&source, &Arc::new(Meddle).into()).is_pending());
    SOURCES.take();
    reactor.close();
    drop(future);
    drop(source);
    assert_eq!(reactor.live(), 0);
}

/// Broken by: leaving out `check_home`, or `set_drained` in `Slot::close`.
#[test]
fn a_socket_whose_runtime_has_ended_says_so() {
    let reactor = Reactor::new().unwrap();
    let entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    let (parked, waker) = counter();
    assert!(read_byte(&source, &waker).is_pending());
    drop(waker);
    drop(entered);

    let Poll::Ready(Err(error)) = read_byte(&source, Waker::noop()) else {
        panic!("it would wait where nobody sleeps");
    };
    assert!(error.to_string().contains("from_std()"), "{error}");

    reactor.close();
    assert_eq!(Arc::strong_count(&parked), 1, "its wakers are dropped");
    peer.write_all(b"x").unwrap();
    let _entered = enter(reactor.clone());
    let Poll::Ready(Err(error)) = read_byte(&source, Waker::noop()) else {
        panic!("nothing can be waited for");
    };
    assert!(error.to_string().contains("has ended"), "{error}");
    let error = source
        .try_io(Direction::Read, |mut io| io.read(&mut [0]))
        .unwrap_err();
    assert!(error.to_string().contains("has ended"), "{error}");

    let mut socket = source.into_inner().unwrap();
    let mut byte = [0];
    for _ in 0..1000 {
        match socket.read(&mut byte) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
            done => assert_eq!(done.unwrap(), 1),
        }
    }
    assert_eq!(reactor.live(), 0);
}
