//! When a socket is listed in the kernel, and when it is struck off.

use super::*;

/// A connected socket that was made here, with its other end.
fn made_here() -> (Stream, net::TcpStream) {
    let (taken_over, peer) = pair();
    (Source::new(taken_over.into_inner().unwrap()).unwrap(), peer)
}

fn duplicate(source: &Stream) -> socket2::Socket {
    let socket = socket2::SockRef::from(source.get_ref());
    socket.try_clone().unwrap()
}

/// What a socket has to say may all have been there before it was listed. Broken by: leaving
/// `enlist` out of `prepare_park`.
#[test]
fn bytes_that_came_before_a_socket_was_listed_wake_whoever_parks_on_it() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = made_here();
    peer.write_all(b"ab").unwrap();
    drop(peer);
    let (woken, waker) = counter();
    let mut cx = Context::from_waker(&waker);
    let mut read = || {
        let op = |mut io: &mio::net::TcpStream| io.read(&mut [0; 8]);
        source.poll_bytes(&mut cx, Direction::Read, 8, op)
    };
    // A short read, and the end came along with it.
    while !matches!(read(), Poll::Ready(Ok(2))) {
        wait_until(&reactor, || count(&woken) > 0);
    }
    let before = count(&woken);
    if read().is_pending() {
        wait_until(&reactor, || count(&woken) > before);
        assert!(matches!(read(), Poll::Ready(Ok(0))));
    }
}

/// Broken by: believing "drained" in `try_io` where no event can deny it.
#[test]
fn a_try_on_a_socket_that_nobody_ever_waited_for_asks_the_kernel() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = made_here();
    for _ in 0..3 {
        peer.write_all(b"x").unwrap();
        let got = source.try_bytes(Direction::Read, 8, |mut io| io.read(&mut [0; 8]));
        assert_eq!(got.unwrap(), 1, "a short read");
    }
}

/// Broken by: striking off in `strike_off_closing` (then there is nothing that could be stale),
/// or by leaving `slot.token() == token` out of `note`.
#[test]
fn what_the_kernel_still_tells_of_a_closed_socket_wakes_nobody() {
    if !backend::FORGETS_THE_CLOSED {
        return;
    }
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let (source, mut peer) = made_here();
    assert!(read_byte(&source, Waker::noop()).is_pending());
    // Nobody is known to have it: it stays listed.
    let kept_open = duplicate(&source);
    let stale = source.token();
    drop(source);
    let (next, _peer) = pair();
    assert_eq!(next.token().0 & MAX_SOURCES, stale.0 & MAX_SOURCES);
    settle(&reactor);
    let (woken, waker) = counter();
    assert!(read_byte(&next, &waker).is_pending());
    peer.write_all(b"x").unwrap();
    let mut events = 0;
    for _ in 0..100 {
        events += reactor.wait(Some(Duration::from_millis(10))).unwrap();
        if events > 0 {
            break;
        }
    }
    assert!(events > 0, "it does tell");
    assert_eq!(count(&woken), 0);
    drop(kept_open);
}

/// Trap 15. Broken by: leaving `set_shared` out of `lend` or of `new_at`.
#[test]
fn a_socket_that_was_lent_or_taken_over_is_struck_off_the_list_when_it_is_closed() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    for lent in [true, false] {
        let (source, mut peer) = if lent { made_here() } else { pair() };
        if lent {
            source.lend();
        }
        assert!(read_byte(&source, Waker::noop()).is_pending());
        let _kept_open = duplicate(&source);
        settle(&reactor);
        drop(source);
        peer.write_all(b"x").unwrap();
        let heard = reactor.wait(Some(Duration::from_millis(50))).unwrap();
        assert_eq!(heard, 0);
    }
}

/// Broken by: leaving the fall-back to `reregister` out of `backend::enlist`.
#[test]
fn a_socket_that_comes_back_under_its_old_number_while_it_is_still_listed_is_heard() {
    use std::os::fd::AsRawFd;
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let mut came_back = 0;
    // Other tests open descriptors at the same time, and may be given that number.
    for round in 0..200 {
        let (source, mut peer) = made_here();
        assert!(read_byte(&source, Waker::noop()).is_pending());
        let number = source.get_ref().as_raw_fd();
        let kept_open = duplicate(&source);
        drop(source);
        let again = kept_open.try_clone().unwrap();
        came_back += usize::from(again.as_raw_fd() == number);
        let again = mio::net::TcpStream::from_std(again.into());
        let again = match round % 2 {
            0 => Source::new(again).unwrap(),
            _ => Source::take_over(again, Location::caller()).unwrap(),
        };
        settle(&reactor);
        let (woken, waker) = counter();
        assert!(read_byte(&again, &waker).is_pending());
        peer.write_all(b"x").unwrap();
        wait_until(&reactor, || count(&woken) > 0);
        again.into_inner().unwrap();
        if came_back >= 4 {
            return;
        }
    }
    panic!("it never got its old number again");
}
