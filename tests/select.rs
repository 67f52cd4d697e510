//! `select!`: which branch wins, what its handler may do, and what becomes of the others.
//!
//! Nothing is imported here by `use`: the macro has to work by its path alone. Some names that it
//! could trip over are taken on purpose.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::task::Poll;
use std::time::Duration;

use hob::sync::{mpsc, oneshot};

/// Ready at its `polls`-th poll; wakes itself until then.
fn after(polls: u32) -> impl Future<Output = u32> {
    let mut left = polls;
    poll_fn(move |cx| {
        left -= 1;
        if left == 0 {
            return Poll::Ready(polls);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn the_first_that_is_ready_gives_its_value_to_its_handler() {
    hob::block_on(async {
        let first = hob::select! {
            n = after(3) => n * 10,
            n = after(2) => n * 100,
            _ = pending::<()>() => unreachable!(),
        };
        assert_eq!(first, 200);
    });
}

/// Broken by: leaving out `$handler:block $($rest:tt)*` in `__select!`.
#[test]
fn handlers_are_expressions_and_behind_a_block_the_comma_may_be_missing() {
    hob::block_on(async {
        for n in 0..4 {
            let said = hob::select! {
                _ = ready(()), if n == 0 => { "a block" }
                _ = ready(()), if n == 1 => if n == 1 { "an if" } else { "?" },
                _ = ready(()), if n == 2 => "a value",
                else => "the else"
            };
            assert_eq!(said, ["a block", "an if", "a value", "the else"][n]);
        }
        hob::select! { _ = ready(()) => {} }
        hob::select! { _ = ready(()) => {}, };
        let _: u8 = hob::select! { x = ready(1) => x };
    });
}

#[test]
fn handlers_may_return_break_await_and_use_the_question_mark() {
    async fn question() -> Result<u32, std::num::ParseIntError> {
        let n: u32 = hob::select! { text = ready("x") => text.parse()?, };
        Ok(n)
    }
    async fn early() -> &'static str {
        let n = hob::select! {
            _ = ready(()) => return "early",
            n = pending::<u32>() => n,
        };
        unreachable!("{n}")
    }
    hob::block_on(async {
        assert!(question().await.is_err());
        assert_eq!(early().await, "early");
        let mut rounds = 0;
        let seven = loop {
            rounds += 1;
            hob::select! {
                _ = ready(()), if rounds < 3 => continue,
                _ = ready(()), if rounds == 3 => {
                    hob::yield_now().await;
                    break 7;
                }
            }
        };
        assert_eq!((rounds, seven), (3, 7));
    });
}

/// Broken by: polling within the `match` on handlers (the futures would still live).
#[test]
fn handlers_may_use_what_the_futures_had_borrowed() {
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::channel(4);
        sender.try_send(1).unwrap();
        sender.try_send(2).unwrap();
        let mut sum = 0;
        hob::select! {
            Some(n) = receiver.recv() => {
                sum += n;
                sum += receiver.recv().await.unwrap();
            }
            _ = async { sum += 100; pending::<()>().await } => {}
        }
        assert_eq!(sum % 100, 3);
    });
}

#[test]
fn a_borrowed_future_goes_on_in_the_next_round() {
    hob::block_on(async {
        let mut slow = std::pin::pin!(after(50));
        let (sender, mut answer) = oneshot::channel();
        let mut sender = Some(sender);
        let mut rounds = 0;
        let answer = loop {
            hob::select! {
                biased;
                got = &mut answer => break got,
                n = &mut slow, if sender.is_some() => {
                    sender.take().unwrap().send(n).unwrap();
                }
                _ = after(2) => rounds += 1,
            }
        };
        assert_eq!(answer, Ok(50));
        assert!(rounds > 10);
    });
}

/// Broken by: `fits = true` outside of the guard: every output fits then.
#[test]
fn a_branch_whose_pattern_does_not_match_is_out_and_the_others_go_on() {
    hob::block_on(async {
        let said = hob::select! {
            biased;
            Some(n) = ready(None::<u32>) => n,
            Ok(n @ 1..=3) | Err(n) = ready(Ok(9)) => n,
            n = after(5) => n,
        };
        assert_eq!(said, 5);
        // What does not match is dropped, what does is given whole.
        let text = hob::select! {
            Some(mut text) = ready(Some(String::from("moved"))) => { text.push('!'); text }
        };
        assert_eq!(text, "moved!");
        let ref_too = hob::select! {
            (ref a, ref mut b) = ready((String::from("a"), 1)) => { *b += 1; format!("{a}{b}") }
        };
        assert_eq!(ref_too, "a2");
    });
}

#[test]
fn the_else_runs_once_nobody_is_left_to_wait_for() {
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::channel::<u32>(1);
        drop(sender);
        let said = hob::select! {
            Some(n) = receiver.recv() => n,
            _ = pending::<()>(), if false => 1,
            None = async { after(3).await; Some(()) } => 2,
            else => 99,
        };
        assert_eq!(said, 99);
    });
}

#[test]
#[should_panic = "every branch of a select! was disabled"]
fn without_an_else_it_says_that_every_branch_is_disabled() {
    hob::block_on(async {
        hob::select! {
            Some(()) = ready(None) => {}
            _ = ready(()), if false => {}
        }
    });
}

#[test]
fn conditions_come_first_and_then_every_future_is_made_but_not_every_one_polled() {
    hob::block_on(async {
        let order = RefCell::new(Vec::new());
        let note = |what: &'static str| order.borrow_mut().push(what);
        let make = |what| {
            note(what);
            poll_fn(move |_| {
                assert_ne!(what, "future 1", "its branch is disabled");
                Poll::Ready(())
            })
        };
        hob::select! {
            _ = make("future 1"), if { note("if 1"); false } => {}
            _ = make("future 2"), if { note("if 2"); true } => note("handler"),
        }
        let order = order.into_inner();
        assert_eq!(order, ["if 1", "if 2", "future 1", "future 2", "handler"]);
    });
}

#[test]
fn the_losers_are_dropped_before_the_handler_runs() {
    struct SetOnDrop<'a>(&'a Cell<bool>);
    impl Drop for SetOnDrop<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    hob::block_on(async {
        let dropped = Cell::new(false);
        let guard = SetOnDrop(&dropped);
        let was_dropped = hob::select! {
            _ = async { let _guard = guard; pending::<()>().await } => unreachable!(),
            _ = after(2) => dropped.get(),
        };
        assert!(was_dropped);
    });
}

/// Broken by: `Order::biased` for `fair` in `__select!`, or no step in `fair::start`.
#[test]
fn where_all_are_ready_each_branch_wins_in_its_turn() {
    hob::block_on(async {
        let mut wins = [0_u32; 5];
        let mut other = [0_u32; 2];
        for _ in 0..1_000 {
            hob::select! {
                _ = ready(()) => wins[0] += 1,
                _ = ready(()) => wins[1] += 1,
                _ = ready(()) => wins[2] += 1,
                _ = ready(()) => wins[3] += 1,
                _ = ready(()) => wins[4] += 1,
            }
            // Two by turns: a mere counter would give the second one the same start always.
            hob::select! { _ = ready(()) => other[0] += 1, _ = ready(()) => other[1] += 1 }
        }
        assert!(wins.iter().all(|won| (150..=250).contains(won)), "{wins:?}");
        assert!(
            other.iter().all(|won| (400..=600).contains(won)),
            "{other:?}"
        );
    });
}

#[test]
fn after_biased_the_first_in_the_source_wins_always() {
    hob::block_on(async {
        for _ in 0..100 {
            hob::select! {
                biased;
                _ = ready(()) => {}
                _ = ready(()) => unreachable!(),
            }
        }
    });
}

/// Trap 27. Broken by: `biased` starts for all: the timer would never be looked at. (A busy
/// channel that takes the whole budget of each poll stands above it.)
#[test]
fn a_branch_that_is_always_ready_does_not_starve_the_others() {
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let mut received = 0_u64;
        let mut limit = std::pin::pin!(hob::time::sleep(Duration::ZERO));
        loop {
            sender.send(()).unwrap();
            hob::select! {
                _ = receiver.recv() => received += 1,
                () = &mut limit => break,
            }
            assert!(received < 1_000_000);
        }
    });
}

#[test]
fn thirty_two_branches_are_possible() {
    hob::block_on(async {
        let mut seen = [0; 32];
        for _ in 0..3_200 {
            let n: usize = hob::select! {
                n = ready(0) => n, n = ready(1) => n, n = ready(2) => n, n = ready(3) => n,
                n = ready(4) => n, n = ready(5) => n, n = ready(6) => n, n = ready(7) => n,
                n = ready(8) => n, n = ready(9) => n, n = ready(10) => n, n = ready(11) => n,
                n = ready(12) => n, n = ready(13) => n, n = ready(14) => n, n = ready(15) => n,
                n = ready(16) => n, n = ready(17) => n, n = ready(18) => n, n = ready(19) => n,
                n = ready(20) => n, n = ready(21) => n, n = ready(22) => n, n = ready(23) => n,
                n = ready(24) => n, n = ready(25) => n, n = ready(26) => n, n = ready(27) => n,
                n = ready(28) => n, n = ready(29) => n, n = ready(30) => n,
                Some(n) = ready(Some(31)) => n,
                else => unreachable!(),
            };
            seen[n] += 1;
        }
        assert!(seen.iter().all(|&times| times > 50), "{seen:?}");
    });
}

/// Names of the caller's and of the macro's do not meet.
#[test]
fn the_macro_does_not_see_names_that_are_taken() {
    #[allow(dead_code, reason = "to be in the way")]
    mod in_the_way {
        pub(super) struct Some;
        pub(super) struct Ready;
        pub(super) struct Poll;
    }
    #[allow(unused_imports, reason = "to be in the way")]
    use in_the_way::{Poll, Ready, Some};
    hob::block_on(async {
        let (disabled, selected, cx, fits, output) = (1, 2, 3, 4, 5);
        let sum = hob::select! {
            biased;
            n = ready(disabled + selected), if cx == 3 => n + fits + output + disabled,
            n = after(2) => n,
        };
        assert_eq!(sum, 13);
        let (one, two) = hob::join!(ready(1), after(2));
        assert_eq!(one + two, 3);
        // One inside of the other.
        let nested = hob::select! {
            n = async { hob::select! { n = after(3) => n + 1, _ = pending::<()>() => 0 } } => {
                hob::select! { m = ready(n) => m * 2 }
            }
        };
        assert_eq!(nested, 8);
    });
}
