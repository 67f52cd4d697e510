//! Guesses: when a read is not tried, and that nobody sleeps on one that is wrong.

use super::*;

/// One end of a connection that asks, with how often its reads went to the kernel.
struct Asking {
    source: Stream,
    peer: net::TcpStream,
    tries: Cell<usize>,
    waker: Waker,
    woken: Arc<Count>,
}

impl Asking {
    fn new() -> Asking {
        let (source, peer) = pair();
        let (woken, waker) = counter();
        let tries = Cell::new(0);
        Asking {
            source,
            peer,
            tries,
            waker,
            woken,
        }
    }

    fn read(&self) -> Poll<io::Result<usize>> {
        let mut cx = Context::from_waker(&self.waker);
        let op = |mut io: &mio::net::TcpStream| {
            self.tries.set(self.tries.get() + 1);
            io.read(&mut [0])
        };
        self.source.poll_bytes(&mut cx, Direction::Read, 1, op)
    }

    fn write(&self) {
        let mut cx = Context::from_waker(&self.waker);
        let op = |mut io: &mio::net::TcpStream| io.write(b"?");
        let written = self.source.poll_bytes(&mut cx, Direction::Write, 1, op);
        assert!(written.is_ready());
    }

    /// A question, a wait, an answer of one byte. Gives how many reads were tried.
    fn trip(&mut self, reactor: &Reactor) -> usize {
        let (tries, woken) = (self.tries.get(), count(&self.woken));
        self.write();
        assert!(self.read().is_pending());
        self.peer.write_all(b"!").unwrap();
        wait_until(reactor, || count(&self.woken) > woken);
        assert!(matches!(self.read(), Poll::Ready(Ok(1))));
        self.tries.get() - tries
    }

    /// Gets two bytes in one edge and reads one of them. Once it has written, it guesses that
    /// there are no more, and is wrong.
    fn guess_wrongly(&mut self, reactor: &Reactor) {
        let woken = count(&self.woken);
        self.write();
        assert!(self.read().is_pending());
        self.peer.write_all(b"!!").unwrap();
        wait_until(reactor, || count(&self.woken) > woken);
        assert!(matches!(self.read(), Poll::Ready(Ok(1))));
        settle(reactor);
        self.write();
        assert!(self.read().is_pending(), "a wrong guess");
    }
}

/// Earns a guess. The first trip is about a side of which nothing is known.
fn asking_that_guesses(reactor: &Reactor) -> Asking {
    let mut asking = Asking::new();
    settle(reactor);
    for _ in 0..1 + guess::EARNED {
        assert_eq!(asking.trip(reactor), 2, "it tries, and in vain");
    }
    assert_eq!(asking.trip(reactor), 1, "it has learned");
    asking
}

/// Broken by: a step left out of `Habit`.
#[test]
fn who_asked_in_vain_some_times_running_waits_for_the_answer_without_a_try() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let mut asking = asking_that_guesses(&reactor);
    for _ in 0..1000 {
        assert_eq!(asking.trip(&reactor), 1);
    }
}

/// Broken by: any other answer of `may_sleep`, or by leaving out the wake in `give_up`.
#[test]
fn nobody_sleeps_on_bytes_that_a_guess_says_are_not_there() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let mut asking = asking_that_guesses(&reactor);
    asking.guess_wrongly(&reactor);
    let woken = count(&asking.woken);
    assert!(!reactor.may_sleep());
    reactor.wait(Some(Duration::ZERO)).unwrap();
    assert_eq!(count(&asking.woken), woken + 1);
    assert!(reactor.may_sleep());
    assert!(matches!(asking.read(), Poll::Ready(Ok(1))));
    // It costs that connection its guesses.
    for _ in 0..guess::LOST {
        assert_eq!(asking.trip(&reactor), 2);
    }
    assert_eq!(asking.trip(&reactor), 1);
}

/// Broken by: any other luck than the lesser of the two in `Habit::read`.
#[test]
fn bytes_that_a_guess_would_have_missed_do_not_make_up_for_a_wrong_one() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let mut asking = asking_that_guesses(&reactor);
    asking.write();
    assert!(asking.read().is_pending());
    reactor.wait(Some(Duration::ZERO)).unwrap();
    assert!(asking.read().is_pending(), "given up, tried and refused");
    let woken = count(&asking.woken);
    asking.peer.write_all(b"!!").unwrap();
    wait_until(&reactor, || count(&asking.woken) > woken);
    assert!(matches!(asking.read(), Poll::Ready(Ok(1))));
    asking.write();
    let second = asking.read();
    assert!(
        matches!(second, Poll::Ready(Ok(1))),
        "a guess would miss it"
    );
    for _ in 0..guess::LOST {
        assert_eq!(asking.trip(&reactor), 2);
    }
    assert_eq!(asking.trip(&reactor), 1);
}

/// Broken by: leaving `peeked` out of `Source::peek`.
#[test]
fn what_was_peeked_at_is_not_guessed_away() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let mut asking = asking_that_guesses(&reactor);
    let mut byte = [0];
    for already_read in [0, 1] {
        let woken = count(&asking.woken);
        asking.write();
        assert!(asking.read().is_pending());
        asking.peer.write_all(&b"!!"[..1 + already_read]).unwrap();
        wait_until(&reactor, || count(&asking.woken) > woken);
        settle(&reactor);
        for _ in 0..already_read {
            assert!(matches!(asking.read(), Poll::Ready(Ok(1))));
        }
        let mut peek = asking.source.peek(|io| io.peek(&mut byte));
        assert!(matches!(poll(&mut peek, &asking.waker), Poll::Ready(Ok(1))));
        drop(peek);
        asking.write();
        assert!(matches!(asking.read(), Poll::Ready(Ok(1))));
    }
}

/// Broken by: leaving `PATIENCE` out of `next_to_give_up`.
#[test]
fn a_wrong_guess_is_found_out_beside_a_socket_that_is_always_ready() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let mut asking = asking_that_guesses(&reactor);
    asking.guess_wrongly(&reactor);
    let woken = count(&asking.woken);
    for _ in 0..1000 {
        reactor.waker().wake();
        let events = reactor.wait(Some(Duration::ZERO)).unwrap();
        assert_eq!(events, 1, "always something to do");
        if count(&asking.woken) > woken {
            assert!(matches!(asking.read(), Poll::Ready(Ok(1))));
            return;
        }
    }
    panic!("it was never woken");
}

/// Broken by: leaving out what `next_to_give_up` does with guesses that are no longer open, or
/// what it does with the memory of the queue.
#[test]
fn the_queue_of_guesses_forgets_those_that_are_over() {
    let guesses = guess::Guesses::default();
    let open = |guess: Guess| guess.epoch == 0;
    let guess = |epoch| Guess {
        token: Token(0),
        epoch,
    };
    for _ in 0..2 * KEEP {
        guesses.push(guess(1));
    }
    guesses.push(guess(0));
    guesses.visited();
    assert!(guesses.next_to_give_up(1, open).is_none(), "it stands");
    assert_eq!(guesses.queue.borrow().len(), 1, "the others are forgotten");
    assert!(guesses.next_to_give_up(0, open).is_some());
    assert!(guesses.next_to_give_up(0, open).is_none());
    assert!(guesses.is_empty());
    assert!(guesses.queue.borrow().capacity() <= KEEP);
}

/// Broken by: leaving `may_sleep` out of `look` (then a loop would never sleep again).
#[test]
fn a_guess_about_a_socket_that_is_gone_keeps_nobody_awake() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let asking = asking_that_guesses(&reactor);
    asking.write();
    assert!(asking.read().is_pending());
    drop(asking);
    assert_eq!(reactor.live(), 0);
    reactor.look().unwrap();
    assert!(reactor.may_sleep());
}

/// Broken by: asking `attempt` in `try_io`.
#[test]
fn a_try_is_never_answered_by_a_guess() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let mut asking = asking_that_guesses(&reactor);
    asking.write();
    assert!(asking.read().is_pending());
    asking.peer.write_all(b"!").unwrap();
    let tried = || {
        asking
            .source
            .try_io(Direction::Read, |mut io| io.read(&mut [0]))
    };
    // Loopback takes its time, and one refusal is believed until there was an event.
    while asking.source.probe(|io| io.peek(&mut [0])).is_err() {
        std::thread::yield_now();
    }
    assert_eq!(tried().unwrap(), 1);
}

/// Broken by: leaving `is_hinted` out of `begin_to_guess`.
#[test]
fn nothing_is_guessed_of_a_peer_that_has_ended() {
    let reactor = Reactor::new().unwrap();
    let _entered = enter(reactor.clone());
    let mut asking = asking_that_guesses(&reactor);
    let woken = count(&asking.woken);
    asking.write();
    assert!(asking.read().is_pending());
    asking.peer.write_all(b"!").unwrap();
    asking.peer.shutdown(net::Shutdown::Write).unwrap();
    wait_until(&reactor, || asking.source.side(Direction::Read).is_hinted());
    assert!(count(&asking.woken) > woken);
    assert!(matches!(asking.read(), Poll::Ready(Ok(1))));
    asking.write();
    assert!(matches!(asking.read(), Poll::Ready(Ok(0))));
}
