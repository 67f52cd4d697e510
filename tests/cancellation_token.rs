//! Who hears that a token was cancelled: all below it, nobody above, each once, and at a price
//! that does not grow with the tree.

mod sync_support;

use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use hob::sync::{CancelReason, CancellationToken};
use hob::time::sleep;
use sync_support::{Count, poll, poll_now};

#[test]
fn all_below_hear_it_and_nobody_above() {
    let top = CancellationToken::new();
    let middle = top.child_token();
    let (leaf, other) = (middle.child_token(), top.child_token());
    let count = Count::new();
    let mut heard = leaf.cancelled();
    assert!(poll(&mut heard, &count).is_pending());
    middle.cancel_with("enough");
    assert_eq!(count.get(), 1);
    assert!(poll(&mut heard, &count).is_ready());
    assert!(!top.is_cancelled() && !other.is_cancelled());
    assert_eq!(
        leaf.reason(),
        Some(CancelReason::Requested("enough".into()))
    );
    top.cancel();
    assert!(other.is_cancelled());
    assert_eq!(leaf.reason().unwrap().to_string(), "cancelled: enough");
}

/// Broken by: waking each one right after it was marked in `Node::cancel`.
#[test]
fn whoever_is_woken_sees_all_the_others_cancelled() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};
    thread_local!(static LEAF: std::cell::OnceCell<CancellationToken> = const { std::cell::OnceCell::new() });
    struct Looks(AtomicUsize);
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            let cancelled = LEAF.with(|leaf| leaf.get().unwrap().is_cancelled());
            self.0.fetch_add(usize::from(cancelled), Ordering::Relaxed);
        }
    }
    let top = CancellationToken::new();
    LEAF.with(|leaf| leaf.set(top.child_token().child_token()).unwrap());
    let looks = Arc::new(Looks(AtomicUsize::new(0)));
    let waker = Waker::from(looks.clone());
    let mut waits = top.cancelled();
    let polled = std::future::Future::poll(
        std::pin::Pin::new(&mut waits),
        &mut Context::from_waker(&waker),
    );
    assert!(polled.is_pending());
    top.cancel();
    assert_eq!(looks.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_child_of_a_cancelled_token_is_born_cancelled() {
    let top = CancellationToken::new();
    top.cancel_for(CancelReason::CtrlC);
    assert_eq!(top.child_token().reason(), Some(CancelReason::CtrlC));
    assert!(poll_now(&mut top.child_token().cancelled_owned()).is_ready());
}

/// Broken by: `Weak` links to the parent.
#[test]
fn a_leaf_hears_its_top_though_the_token_between_is_gone() {
    let top = CancellationToken::new();
    let leaf = top.child_token().child_token().child_token();
    top.cancel();
    assert!(leaf.is_cancelled());
}

/// Broken by: an empty `drop` of `Node`, which leaves an entry behind for each.
#[test]
fn a_hundred_thousand_children_that_come_and_go_leave_nothing_behind() {
    let top = CancellationToken::new();
    for _ in 0..100_000 {
        let _child = top.child_token().child_token();
    }
    // What a child waits with is gone with it, too.
    let count = Count::new();
    let child = top.child_token();
    let mut waits = child.clone().cancelled_owned();
    assert!(poll(&mut waits, &count).is_pending());
    drop((child, waits));
    assert_eq!(std::sync::Arc::strong_count(&count), 1);
    top.cancel();
    assert_eq!(count.get(), 0);
}

/// Broken by: leaving the loop out of the drop of `Node` (the stack overflows), or walking by
/// recursion in `cancel`.
#[test]
fn a_tree_of_100_000_is_cancelled_and_dropped_deep_and_wide() {
    let top = CancellationToken::new();
    let wide: Vec<_> = (0..100_000).map(|_| top.child_token()).collect();
    let mut chain = vec![top.child_token()];
    for n in 0..100_000 {
        chain.push(chain[n].child_token());
    }
    let idle = CancellationToken::new();
    let mut deep = idle.child_token();
    for _ in 0..100_000 {
        deep = deep.child_token();
    }
    top.cancel();
    assert!(
        wide.iter()
            .chain(&chain)
            .all(CancellationToken::is_cancelled)
    );
    drop(deep); // the last to hold 100,000 others
    assert!(!idle.is_cancelled());
}

/// The siblings of a child that leaves are not looked at: 100,000 that are dropped in the
/// order of their birth, or against it, or that cancel themselves, take a moment and not
/// 5,000,000,000 steps.
#[test]
fn leaving_costs_the_same_however_many_siblings_there_are() {
    let top = CancellationToken::new();
    let children = || -> Vec<_> { (0..100_000).map(|_| top.child_token()).collect() };
    children().into_iter().for_each(drop);
    children().into_iter().rev().for_each(drop);
    children().iter().for_each(CancellationToken::cancel);
    assert!(!top.is_cancelled());
}

#[test]
fn a_guard_cancels_unless_it_is_disarmed() {
    let token = CancellationToken::new();
    let guard = token.child_token().drop_guard();
    drop(guard.disarm().drop_guard());
    assert!(!token.is_cancelled());
    let panicking = token.clone();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = panicking.drop_guard();
        panic!("on the way");
    }));
    assert!(result.is_err());
    assert_eq!(token.reason(), Some(CancelReason::Dropped));
}

#[test]
fn a_future_runs_until_the_token_is_cancelled() {
    hob::Builder::new().virtual_time().block_on(async {
        let token = CancellationToken::new();
        let canceller = token.clone();
        hob::spawn(async move {
            sleep(Duration::from_secs(2)).await;
            canceller.cancel();
        });
        let second = sleep(Duration::from_secs(1));
        assert_eq!(token.run_until_cancelled(second).await, Some(()));
        let hour = sleep(Duration::from_secs(3600));
        let start = hob::time::now();
        assert_eq!(token.run_until_cancelled(hour).await, None);
        assert_eq!(hob::time::now() - start, Duration::from_secs(1));
        let started = Rc::new(());
        let seen = started.clone();
        let never = token.run_until_cancelled(async move { drop(seen) });
        assert_eq!(never.await, None);
    });
}

/// What is ready in the same moment counts. Broken by: asking the token first.
#[test]
fn a_result_is_not_lost_to_a_cancellation_of_the_same_moment() {
    let token = CancellationToken::new();
    let notify = hob::sync::Notify::new();
    let mut runs = token.run_until_cancelled(notify.notified());
    assert!(poll_now(&mut runs).is_pending());
    token.cancel();
    notify.notify_one();
    assert_eq!(poll_now(&mut runs), Poll::Ready(Some(())));
}

/// Trap 30. Broken by: polling the token within the budget in `RunUntilCancelled`.
#[test]
fn a_future_that_is_always_ready_can_be_cancelled_too() {
    hob::block_on(async {
        let token = CancellationToken::new();
        let canceller = token.clone();
        hob::spawn(async move { canceller.cancel() });
        let (sender, mut receiver) = hob::sync::mpsc::unbounded_channel();
        let endless = async {
            loop {
                sender.send(()).unwrap();
                receiver.recv().await;
            }
        };
        assert_eq!(token.run_until_cancelled(endless).await, None::<()>);
    });
}

/// Trap 51. Broken by: waking everybody for each who gives up.
#[test]
fn ten_thousand_who_wait_are_woken_once_each() {
    let token = CancellationToken::new();
    let mut waiting: Vec<_> = (0..10_000)
        .map(|_| (token.cancelled(), Count::new()))
        .collect();
    for (cancelled, count) in &mut waiting {
        assert!(poll(cancelled, count).is_pending());
        assert!(poll(cancelled, count).is_pending());
    }
    token.cancel();
    token.cancel();
    assert!(waiting.iter().all(|(_, count)| count.get() == 1));
}

/// Trap 13. Broken by: keeping the first waker in `Waiting::look`.
#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_called() {
    let token = CancellationToken::new();
    let (first, last) = (Count::new(), Count::new());
    let mut cancelled = token.cancelled();
    assert!(poll(&mut cancelled, &first).is_pending());
    assert!(poll(&mut cancelled, &last).is_pending());
    token.cancel();
    assert_eq!((first.get(), last.get()), (0, 1));
}

#[test]
fn who_waits_for_a_token_says_so() {
    hob::block_on(async {
        let token = CancellationToken::new();
        let task = hob::spawn(token.cancelled_owned());
        hob::yield_now().await;
        let tasks = hob::tasks();
        let info = tasks.iter().find(|info| info.id == task.id()).unwrap();
        let wait = info.wait.unwrap();
        assert_eq!(wait.kind, hob::WaitKind::Cancellation);
        assert!(wait.at.file().ends_with("cancellation_token.rs"));
    });
}
