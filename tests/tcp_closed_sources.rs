//! What the kernel still says about a closed socket concerns nobody.

mod tcp_support;

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use futures_lite::future::poll_once;
use hob::net::TcpStream;
use tcp_support::{pair_with_std, run, settle};

/// Trap 14. Broken by: leaving `slot.token() == token` out of `Reactor::note` (together with a
/// drop that does not deregister; `reactor::tests` breaks it alone).
#[test]
fn a_connection_made_in_the_place_of_a_closed_one_hears_nothing_of_it() {
    run(async {
        for _ in 0..200 {
            let (one, mut one_there) = pair_with_std().await;
            let (other, mut other_there) = pair_with_std().await;
            let both: [Rc<RefCell<Option<TcpStream>>>; 2] =
                [one, other].map(|s| Rc::new(RefCell::new(Some(s))));
            settle().await;
            // Both become ready in one kernel visit; whoever is polled first closes the other
            // and opens a third, which gets its descriptor and its slot.
            let waiting = [0, 1].map(|me| {
                let both = both.clone();
                hob::spawn(async move {
                    let mine = both[me].borrow_mut().take()?;
                    mine.readable().await.unwrap();
                    let other = both[1 - me].borrow_mut().take();
                    drop(other);
                    Some(mine)
                })
            });
            one_there.write_all(b"x").unwrap();
            other_there.write_all(b"x").unwrap();
            for task in waiting {
                drop(task.await.unwrap());
            }
            let (third, mut third_there) = pair_with_std().await;
            settle().await;
            assert!(poll_once(third.readable()).await.is_none());
            third_there.write_all(b"abc").unwrap();
            assert_eq!(third.read(&mut [0; 8]).await.unwrap(), 3);
        }
    });
}

/// Trap 15. Broken by: leaving `set_shared` out of `Source::new_at`: the duplicate keeps the
/// socket open, and with it its place in the kernel's list.
#[test]
fn a_closed_socket_of_which_a_duplicate_lives_on_is_silent() {
    run(async {
        let (here, mut there) = pair_with_std().await;
        let std = here.into_std().unwrap();
        let duplicate = std.try_clone().unwrap();
        let here = TcpStream::from_std(std).unwrap();
        settle().await;
        drop(here);
        let before = hob::metrics();
        for _ in 0..10 {
            there.write_all(b"x").unwrap();
            settle().await;
        }
        let after = hob::metrics();
        assert_eq!(after.counters.io_events, before.counters.io_events);
        assert_eq!(duplicate.peek(&mut [0; 16]).unwrap(), 10, "it does live");
    });
}

/// Trap 15. Broken by: leaving `deregister` out of `Source::into_inner`.
#[test]
fn a_socket_given_back_to_std_is_silent_and_can_come_back() {
    run(async {
        let (mut here, mut there) = pair_with_std().await;
        for _ in 0..10 {
            let std = here.into_std().unwrap();
            let before = hob::metrics().counters.io_events;
            there.write_all(b"x").unwrap();
            settle().await;
            assert_eq!(hob::metrics().counters.io_events, before);
            here = TcpStream::from_std(std).unwrap();
            assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 1);
        }
    });
}
