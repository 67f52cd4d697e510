//! The models. A thread that would wait for ever is what loom reports as a deadlock.

use std::task::{Context, Poll, Waker};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::calls::{Calls, End};
use super::chan::Chan;
use super::park::block;

/// All interleavings with at most three forced switches: enough for each of the breakages
/// below, and seconds rather than minutes.
fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

fn send(chan: &Chan<usize>, message: usize) -> bool {
    let (mut message, mut place) = (Some(message), None);
    block(|cx| chan.poll_send(&mut message, &mut place, cx))
}

fn recv(chan: &Chan<usize>) -> Option<usize> {
    block(|cx| chan.poll_recv(cx))
}

fn wait(calls: &Calls) {
    let mut waiting = calls.wait();
    block(|cx| calls.poll(&mut waiting, cx));
}

/// One look, with a waker that does nothing.
fn now() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Trap 5. Broken by: a second look in `poll_recv` or `poll_send` that only leaves the waker and
/// does not ask again; `take` of the bell without the loop around it; `give_place_back` left
/// out.
#[test]
fn two_senders_and_one_place_deliver_everything_in_their_order() {
    model(|| {
        let chan = Arc::new(Chan::new(1));
        chan.add_sender();
        let threads = [0, 10].map(|base| {
            let chan = chan.clone();
            thread::spawn(move || {
                assert!(send(&chan, base));
                chan.remove_sender();
            })
        });
        let mut sum = 0;
        while let Some(message) = recv(&chan) {
            sum += message + 1;
        }
        assert_eq!(sum, 12);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(chan.free(), 1);
    });
}

/// The same with one sender who sends twice, so that it meets the receiver asleep and awake.
#[test]
fn a_sender_and_a_receiver_in_turn_lose_nothing() {
    model(|| {
        let chan = Arc::new(Chan::new(1));
        let theirs = chan.clone();
        let thread = thread::spawn(move || {
            assert!(send(&theirs, 1));
            assert!(send(&theirs, 2));
            theirs.remove_sender();
        });
        assert_eq!(recv(&chan), Some(1));
        assert_eq!(recv(&chan), Some(2));
        assert_eq!(recv(&chan), None);
        thread.join().unwrap();
    });
}

/// Trap 41. Broken by: `cancel_send` leaving without a look at what it was granted.
#[test]
fn a_place_granted_to_a_sender_who_goes_serves_the_next() {
    model(|| {
        let chan = Arc::new(Chan::new(1));
        assert!(send(&chan, 0));
        let gives_up = {
            let chan = chan.clone();
            thread::spawn(move || {
                let (mut message, mut place) = (Some(1), None);
                let sent = chan.poll_send(&mut message, &mut place, &now());
                chan.cancel_send(&mut place);
                usize::from(sent == Poll::Ready(true))
            })
        };
        let waits = {
            let chan = chan.clone();
            thread::spawn(move || {
                assert!(send(&chan, 2));
                chan.remove_sender();
            })
        };
        let mut received = 0;
        while recv(&chan).is_some() {
            received += 1;
        }
        waits.join().unwrap();
        let early = gives_up.join().unwrap();
        // Its message may have come in behind the last one that we took.
        while let Poll::Ready(Some(_)) = chan.try_recv() {
            received += 1;
        }
        assert_eq!(received, 2 + early);
        assert_eq!(chan.free(), 1);
    });
}

/// Broken by: pushing in `look_send` without asking `closed`; `close` not calling the line.
#[test]
fn what_a_closing_receiver_does_not_get_the_sender_keeps() {
    model(|| {
        let chan = Arc::new(Chan::new(1));
        let theirs = chan.clone();
        let thread = thread::spawn(move || {
            let sent = usize::from(send(&theirs, 1)) + usize::from(send(&theirs, 2));
            theirs.remove_sender();
            sent
        });
        let mut received = usize::from(recv(&chan).is_some());
        chan.close();
        while recv(&chan).is_some() {
            received += 1;
        }
        assert_eq!(thread.join().unwrap(), received);
    });
}

/// Broken by: `close` not calling those who wait for it.
#[test]
fn who_waits_for_the_end_hears_of_it() {
    model(|| {
        let chan = Arc::new(Chan::<usize>::new(1));
        let theirs = chan.clone();
        let thread = thread::spawn(move || {
            let mut place = None;
            block(|cx| theirs.poll_closed(&mut place, cx));
            theirs.cancel_closed(&mut place);
        });
        chan.abandon();
        thread.join().unwrap();
    });
}

/// Trap 5. Broken by: a second look in `Calls::poll` that does not ask for `stored` again.
#[test]
fn each_call_is_heard_by_one_who_waits() {
    model(|| {
        let calls = Arc::new(Calls::new());
        let heard = Arc::new(AtomicUsize::new(0));
        let threads = [(); 2].map(|()| {
            let (calls, heard) = (calls.clone(), heard.clone());
            thread::spawn(move || {
                wait(&calls);
                heard.fetch_add(1, Ordering::Relaxed);
                // Two calls may have been stored as one: whoever has heard calls the other.
                calls.call_one(End::First);
            })
        });
        calls.call_one(End::First);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(heard.load(Ordering::Relaxed), 2);
    });
}

/// Trap 41. Broken by: `cancel` not passing on; storing in `call_one` though somebody was called.
#[test]
fn a_call_for_one_who_goes_is_heard_by_another() {
    model(|| {
        let calls = Arc::new(Calls::new());
        let goes = {
            let calls = calls.clone();
            thread::spawn(move || {
                let mut waiting = calls.wait();
                let heard = calls.poll(&mut waiting, &now()).is_ready();
                calls.cancel(&mut waiting);
                if heard {
                    calls.call_one(End::Last);
                }
            })
        };
        let waits = {
            let calls = calls.clone();
            thread::spawn(move || wait(&calls))
        };
        calls.call_one(End::First);
        goes.join().unwrap();
        waits.join().unwrap();
        // Heard once, and by one who waited: nothing is left.
        let mut waiting = calls.wait();
        assert!(calls.poll(&mut waiting, &now()).is_pending());
        calls.cancel(&mut waiting);
    });
}

/// Broken by: raising `broadcasts` after the line was called.
#[test]
fn a_call_to_all_reaches_everybody_who_was_made_before_it() {
    model(|| {
        let calls = Arc::new(Calls::new());
        let threads = [(); 2].map(|()| {
            let calls = calls.clone();
            let mut waiting = calls.wait();
            thread::spawn(move || block(|cx| calls.poll(&mut waiting, cx)))
        });
        calls.call_all();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
