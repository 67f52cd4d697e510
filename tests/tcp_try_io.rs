//! Operations that do not wait, hob's and the program's own.

mod tcp_support;

use std::io::{ErrorKind, Read};

use hob::net::Interest;
use socket2::SockRef;
use tcp_support::{pair_with_std, run, send_and_settle, settle};

/// Trap 57. Broken by: `f()` in the place of `io.try_io(f)` in `TcpStream::try_io`, together
/// with an empty `backend::rearm` (seen under poll(2) and on Windows).
#[test]
fn a_system_call_of_the_programs_own_is_told_of_the_next_bytes() {
    run(async {
        let (here, mut there) = pair_with_std().await;
        for _ in 0..5 {
            let recv = || {
                here.try_io(Interest::READABLE, || {
                    (&*SockRef::from(&here)).read(&mut [0; 8])
                })
            };
            assert_eq!(recv().unwrap_err().kind(), ErrorKind::WouldBlock);
            let sending = async {
                settle().await;
                send_and_settle(&mut there, b"xyz").await;
            };
            let receiving = async {
                loop {
                    here.readable().await.unwrap();
                    match recv() {
                        Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                        done => break done.unwrap(),
                    }
                }
            };
            assert_eq!(futures_lite::future::zip(sending, receiving).await.1, 3);
        }
    });
}

/// Broken by: trying although the side is known to be drained.
#[test]
fn what_is_known_to_be_refused_is_not_tried_again_before_there_was_an_event() {
    run(async {
        let (here, mut there) = pair_with_std().await;
        let mut tries = 0;
        let mut refused = || {
            here.try_io(Interest::READABLE, || {
                tries += 1;
                std::io::Result::<()>::Err(ErrorKind::WouldBlock.into())
            })
        };
        for _ in 0..5 {
            assert_eq!(refused().unwrap_err().kind(), ErrorKind::WouldBlock);
        }
        assert_eq!(tries, 1);
        send_and_settle(&mut there, b"x").await;
        here.readable().await.unwrap();
        assert_eq!(here.try_read(&mut [0; 8]).unwrap(), 1);
    });
}

/// Broken by: leaving the loop out of `Source::attempt` (trap 23).
#[test]
fn an_operation_that_a_signal_interrupts_is_done_again() {
    run(async {
        let (here, _there) = pair_with_std().await;
        let mut answers = [ErrorKind::Interrupted, ErrorKind::Interrupted].into_iter();
        let done = here.try_io(Interest::WRITABLE, || match answers.next() {
            Some(kind) => Err(kind.into()),
            None => Ok("done"),
        });
        assert_eq!(done.unwrap(), "done");
    });
}

#[test]
fn ready_answers_for_whichever_direction_comes_first() {
    run(async {
        let both = Interest::READABLE | Interest::WRITABLE;
        let (here, mut there) = pair_with_std().await;
        let ready = here.ready(both).await.unwrap();
        assert!(ready.is_writable() && !ready.is_readable());
        while here.try_write(&[0; 65536]).is_ok() {}
        let waiting = async { here.ready(both).await.unwrap() };
        let sending = async {
            settle().await;
            send_and_settle(&mut there, b"x").await;
        };
        let (ready, ()) = futures_lite::future::zip(waiting, sending).await;
        assert!(ready.is_readable() && !ready.is_writable());
        assert_eq!(format!("{both:?}"), "READABLE | WRITABLE");

        // With both directions asked for, the one that is not ready does not hide the other.
        let read = here.try_io(both, || (&*SockRef::from(&here)).read(&mut [0; 8]));
        assert_eq!(read.unwrap(), 1);
    });
}
