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

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
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
    assert!(poll(&mut writing, &waker).is_pending());

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
    let stale = former.token();
    drop(former);
    let (source, _peer) = pair();
    let token = source.token();
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
        assert!(poll(&mut future, waker).is_pending());
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
    let reactor = Reactor::with_capacity(4).unwrap();
    let _entered = enter(reactor.clone());
    let sockets: Vec<_> = (0..30)
        .map(|_| {
            let socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            Source::new(socket).unwrap()
        })
        .collect();
    let (writable, waker) = counter();
    let mut waiting: Vec<_> = (sockets.iter())
        .map(|socket| socket.readiness(Direction::Write))
        .collect();
    for future in &mut waiting {
        assert!(poll(future, &waker).is_pending());
    }
    let first = reactor.wait(Some(Duration::from_secs(60))).unwrap();
    // poll(2) answers with everything at once.
    assert!(first <= 4 || !backend::EDGES_COME_BY_THEMSELVES);
    wait_until(&reactor, || count(&writable) == sockets.len());
}

/// Trap 60. Broken by: calling the wakers in `wait` without `caught`.
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
    assert!(poll(&mut future, &waker).is_pending());

    peer.write_all(b"x").unwrap();
    reactor.wait(Some(Duration::from_secs(60))).unwrap();
    assert_eq!(count(&other), 1);
    reactor.wait(Some(Duration::ZERO)).expect("it goes on");
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
            assert!(poll(&mut future, &waker).is_pending());
        }
        drop(future);
    }
    let mut future = source.readiness(Direction::Read);
    let waker = Arc::new(Meddle).into();
    assert!(poll(&mut future, &waker).is_pending());
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

    let error = source
        .try_io(Direction::Write, |mut io| io.write(b"x"))
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

/// Trap 55. Broken by: leaving out the comparison of epochs in `Waiters::get`.
#[test]
fn a_waiter_that_was_woken_already_takes_nobody_else_off_the_list() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, _peer) = pair();
    settle(&reactor);
    let side = source.side(Direction::Read);
    let readable = Signs {
        readable: true,
        ..Signs::default()
    };
    let mut wakes = VecDeque::new();

    side.set_drained();
    let mut first = source.readiness(Direction::Read);
    assert!(poll(&mut first, Waker::noop()).is_pending());
    reactor.note(source.token(), readable, &mut wakes);
    assert_eq!(wakes.len(), 1);

    side.set_drained();
    let (newcomer, waker) = counter();
    let mut second = source.readiness(Direction::Read);
    assert!(poll(&mut second, &waker).is_pending());
    drop(first);
    reactor.note(source.token(), readable, &mut wakes);
    for waker in wakes {
        waker.wake();
    }
    assert_eq!(count(&newcomer), 1);
}

/// Traps 2 and 54. Broken by: taking `EDGES_COME_BY_THEMSELVES` out of `judge_length` (seen
/// under poll(2)), or `!side.is_hinted()`, or `0 < n`.
#[test]
fn a_short_read_says_drained_only_where_and_while_that_can_be_trusted() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, _peer) = pair();
    settle(&reactor);
    let side = source.side(Direction::Read);
    let note = |signs| reactor.note(source.token(), signs, &mut VecDeque::new());
    let readable = Signs {
        readable: true,
        ..Signs::default()
    };
    let drained_after = |signs, moved| {
        note(readable);
        note(signs);
        source.judge_length(Direction::Read, 10, &Ok(moved));
        side.is_drained()
    };
    let by_themselves = backend::EDGES_COME_BY_THEMSELVES;
    assert!(!drained_after(readable, 10), "all that was wanted");
    assert_eq!(drained_after(readable, 9), by_themselves);
    assert!(!drained_after(readable, 0), "the end, not a refusal");

    let hint = Signs {
        read_hint: true,
        ..Signs::default()
    };
    assert!(
        !drained_after(hint, 9),
        "the end may have come with the bytes"
    );
    assert!(!drained_after(readable, 9), "and was told once only");
}

/// Trap 18. Broken by: treating `read_hint` as a matter of both sides in `Slot::note`, or taking
/// an error for no hint.
#[test]
fn a_peer_that_stops_sending_concerns_the_reader_and_an_error_concerns_both() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let ends_read = Signs {
        read_hint: true,
        ..Signs::default()
    };
    let ends_write = Signs {
        write_hint: true,
        ..Signs::default()
    };
    let error = Signs {
        error: true,
        ..Signs::default()
    };
    const BOTH: [Direction; 2] = [Direction::Read, Direction::Write];
    for (signs, expected) in [(ends_read, [1, 0]), (ends_write, [0, 1]), (error, [1, 1])] {
        let (source, _peer) = pair();
        let woken = BOTH.map(|direction| {
            let side = source.side(direction);
            side.set_drained();
            let (counter, waker) = counter();
            side.park_polled(&waker);
            counter
        });
        let mut wakes = VecDeque::new();
        reactor.note(source.token(), signs, &mut wakes);
        wakes.into_iter().for_each(Waker::wake);
        assert_eq!(woken.map(|c| count(&c)), expected, "{signs:?}");
        let hinted = BOTH.map(|direction| source.side(direction).is_hinted());
        assert_eq!(hinted.map(usize::from), expected, "{signs:?}");
    }
}

/// Trap 19. Broken by: answering 0 bytes, or any error, because of a hint.
#[test]
fn a_hint_that_the_peer_has_ended_is_not_believed() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    settle(&reactor);
    let everything = Signs {
        readable: true,
        writable: true,
        read_hint: true,
        write_hint: true,
        error: true,
    };
    reactor.note(source.token(), everything, &mut VecDeque::new());
    let (woken, waker) = counter();
    assert!(read_byte(&source, &waker).is_pending());
    peer.write_all(b"x").unwrap();
    wait_until(&reactor, || count(&woken) == 1);
    assert!(matches!(read_byte(&source, &waker), Poll::Ready(Ok(1))));
}

/// Trap 18. Broken by: leaving `read_hint` out of the condition in `Slot::note`: on Linux the
/// event is a hang-up and nothing else.
#[cfg(unix)]
#[test]
fn the_end_of_an_empty_pipe_wakes_its_reader() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (writer, reader) = mio::unix::pipe::new().unwrap();
    let reader = Source::with_interest(reader, Interest::READABLE).unwrap();
    settle(&reactor);
    let (woken, waker) = counter();
    let mut read = reader.io(Direction::Read, |mut io| io.read(&mut [0]));
    assert!(poll(&mut read, &waker).is_pending());
    drop(writer);
    wait_until(&reactor, || count(&woken) == 1);
    assert!(matches!(poll(&mut read, &waker), Poll::Ready(Ok(0))));
}

/// Trap 4. Broken by: counting events in something that wraps or that must match (there is
/// nothing to break here but by adding it).
#[test]
fn any_number_of_stale_events_costs_a_refused_try_each_and_no_wake() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    settle(&reactor);
    let stale = Signs {
        readable: true,
        writable: true,
        ..Signs::default()
    };
    for times in [1, 255, 256, 257, 32_768, 65_536] {
        for _ in 0..times {
            reactor.note(source.token(), stale, &mut VecDeque::new());
        }
        let (woken, waker) = counter();
        assert!(read_byte(&source, &waker).is_pending());
        assert!(source.side(Direction::Read).is_drained());
        peer.write_all(b"x").unwrap();
        wait_until(&reactor, || count(&woken) == 1);
        assert!(matches!(read_byte(&source, &waker), Poll::Ready(Ok(1))));
    }
}

/// Trap 4 the other way round: a side that is told to be ready while it is read to the end.
/// Broken by: clearing what is known after an operation that succeeded.
#[test]
fn an_event_between_two_reads_is_not_forgotten() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    settle(&reactor);
    assert!(read_byte(&source, Waker::noop()).is_pending());
    peer.write_all(b"ab").unwrap();
    wait_until(&reactor, || source.side(Direction::Read).is_ready());
    for _ in 0..2 {
        assert!(matches!(
            read_byte(&source, Waker::noop()),
            Poll::Ready(Ok(1))
        ));
    }
    assert!(read_byte(&source, Waker::noop()).is_pending());
}

/// Trap 57. Broken by: an empty `backend::rearm` (seen under poll(2); on Windows only mio's
/// own I/O can do it).
#[cfg(unix)]
#[test]
fn a_raw_call_that_is_refused_is_told_of_the_next_bytes() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    settle(&reactor);
    let recv = |io: &mio::net::TcpStream| (&*socket2::SockRef::from(io)).read(&mut [0; 8]);
    for _ in 0..3 {
        let (woken, waker) = counter();
        let mut read = source.io(Direction::Read, recv);
        assert!(poll(&mut read, &waker).is_pending());
        peer.write_all(b"x").unwrap();
        wait_until(&reactor, || count(&woken) == 1);
        assert!(matches!(poll(&mut read, &waker), Poll::Ready(Ok(1))));
    }
}

/// Traps 22 and 52: under poll(2) mio drops the registration of a socket that has an error.
/// Broken by: leaving `is_lost` out of `attempt`, or the second arm out of `rearm`. (Not every
/// system makes an event of such an error.)
#[cfg(target_os = "linux")]
#[test]
fn a_socket_that_had_an_error_still_hears_of_what_comes_later() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let any = "127.0.0.1:0".parse().unwrap();
    let ours = mio::net::UdpSocket::bind(any).unwrap();
    let friend = net::UdpSocket::bind(any).unwrap();
    // Nobody listens here any more, and the system will say so.
    let nobody = friend.try_clone().unwrap().local_addr().unwrap();
    drop(friend);
    ours.connect(nobody).unwrap();
    let ours = Source::new(ours).unwrap();
    ours.try_io(Direction::Write, |io| io.send(b"x")).unwrap();

    // The error is told before anybody asks, and under poll(2) never again.
    wait_until(&reactor, || ours.side(Direction::Read).is_ready());
    let error = ours
        .try_io(Direction::Read, |io| io.recv(&mut [0; 8]))
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    settle(&reactor);

    let friend = net::UdpSocket::bind(nobody).unwrap();
    let (woken, waker) = counter();
    let mut recv = ours.io(Direction::Read, |io| io.recv(&mut [0; 8]));
    assert!(poll(&mut recv, &waker).is_pending());
    friend
        .send_to(b"hello", ours.get_ref().local_addr().unwrap())
        .unwrap();
    wait_until(&reactor, || count(&woken) == 1);
    assert!(matches!(poll(&mut recv, &waker), Poll::Ready(Ok(5))));
}

/// A thing that the kernel is never asked about; its registration fails if it is told to.
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

/// Trap 16. Broken by: leaving out `self.release(&slot)` in `register`.
#[test]
fn a_registration_that_fails_leaves_no_slot_behind() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    for _ in 0..10_000 {
        let error = Source::new(Fake { fails: true }).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
    assert_eq!(reactor.live(), 0);
    assert!(reactor.slots.borrow().capacity() < 10);
}

/// Trap 59. Broken by: leaving out the new `Slab` in `release`.
#[test]
fn a_burst_of_sources_leaves_no_memory_behind() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let burst: Vec<_> = (0..100_000)
        .map(|_| Source::new(Fake { fails: false }).unwrap())
        .collect();
    assert_eq!(reactor.live(), 100_000);
    drop(burst);
    assert!(reactor.slots.borrow().capacity() <= KEEP);
}

/// Broken by: any other factor in `release`.
#[test]
fn the_table_is_cut_when_three_quarters_are_vacant_and_not_before() {
    let reactor = Reactor::new().unwrap();
    let mut sources: Vec<_> = (0..4096)
        .map(|_| reactor.reserve(Interest::READABLE).unwrap())
        .collect();
    let mut capacity_with = |live: usize| {
        for slot in sources.drain(live..).rev() {
            reactor.release(&slot);
        }
        reactor.slots.borrow().capacity()
    };
    let before = capacity_with(4096);
    assert!(
        (4096..8192).contains(&before),
        "or these numbers mean nothing"
    );
    assert_eq!(capacity_with(before / 4), before);
    assert_eq!(capacity_with(before / 4 - 1), before / 4 - 1, "cut");
    assert_eq!(capacity_with(before / 8), before / 4 - 1);
}

/// Broken by: keeping the memory of every burst of wakes, or of none.
#[test]
fn the_queue_of_wakes_gives_back_what_a_burst_needed() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = pair();
    settle(&reactor);
    let mut capacity_after = |waiters: usize| {
        let (woken, waker) = counter();
        let mut waiting: Vec<_> = (0..waiters)
            .map(|_| source.readiness(Direction::Read))
            .collect();
        while read_byte(&source, Waker::noop()).is_ready() {}
        for future in &mut waiting {
            assert!(poll(future, &waker).is_pending());
        }
        peer.write_all(b"x").unwrap();
        wait_until(&reactor, || count(&woken) == waiters);
        let wakes = reactor.wakes.take();
        let capacity = wakes.capacity();
        reactor.wakes.set(wakes);
        capacity
    };
    assert!(capacity_after(2 * KEEP) <= KEEP);
    assert!(capacity_after(10) >= 10, "kept for the next time");
}

/// Trap 24. Broken by: a waker that does nothing if the one before it was not seen yet.
#[test]
fn of_a_hundred_thousand_wakes_from_eight_threads_none_is_slept_through() {
    const EACH: usize = 12_500;
    let reactor = Reactor::new().unwrap();
    let told = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (waker, told) = (reactor.waker(), told.clone());
            std::thread::spawn(move || {
                for _ in 0..EACH {
                    told.fetch_add(1, Ordering::Release);
                    waker.wake_by_ref();
                }
            })
        })
        .collect();
    while told.load(Ordering::Acquire) < 8 * EACH {
        let events = reactor.wait(Some(Duration::from_secs(60))).unwrap();
        assert!(
            events > 0,
            "slept through {} wakes",
            told.load(Ordering::Acquire)
        );
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Trap 6. Broken by: a waker that cannot outlive its reactor.
#[test]
fn a_wake_after_the_reactor_has_gone_is_harmless() {
    let reactor = Reactor::new().unwrap();
    let waker = reactor.waker();
    drop(reactor);
    std::thread::spawn(move || waker.wake()).join().unwrap();
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
