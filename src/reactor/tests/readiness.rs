//! What is believed of a socket: drained, ended, broken, or ready again.

use super::*;

/// Traps 2 and 54. Broken by: taking `EDGES_COME_BY_THEMSELVES` out of `judge_length` (seen
/// under poll(2)), or `!side.is_hinted()`, or `0 < n`.
#[test]
fn a_short_read_says_drained_only_where_and_while_that_can_be_trusted() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, _peer) = pair();
    settle(&reactor);
    let side = source.side(Direction::Read);
    let note = |signs| reactor.note(source.token(), signs, &mut Vec::new());
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
        let mut wakes = Vec::new();
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
    reactor.note(source.token(), everything, &mut Vec::new());
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
    let reader = Source::new_at(reader, Interest::READABLE, Location::caller()).unwrap();
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
            reactor.note(source.token(), stale, &mut Vec::new());
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

/// Traps 22 and 52: under poll(2) mio strikes off a socket that has an error.
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
    let ours = Source::take_over(ours, Location::caller()).unwrap();
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
