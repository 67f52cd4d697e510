//! Who is woken: by an event, by another thread, and after the end.

use super::*;

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
    let mut wakes = Vec::new();
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

/// Broken by: `look` that always waits, or never.
#[test]
fn a_look_asks_the_kernel_only_if_there_is_a_source() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    reactor.waker().wake();
    reactor.look().unwrap();
    let pending = reactor.wait(Some(Duration::ZERO)).unwrap();
    assert_eq!(pending, 1, "the interrupt was not fetched by the look");

    let (_source, _peer) = pair();
    reactor.waker().wake();
    reactor.look().unwrap();
    // The socket's own first event, that it is writable, may have come with it or later.
    let mut events = reactor.events.take().unwrap();
    reactor
        .ask_kernel(&mut events, Some(Duration::ZERO))
        .unwrap();
    assert!(events.iter().all(|event| event.token() != INTERRUPT));
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
    /// Makes a source, parks on the one in `SOURCES` and closes the first again.
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

/// Trap 55. Broken by: leaving out the comparison of epochs in `Side::unpark`.
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
    let mut wakes = Vec::new();

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
