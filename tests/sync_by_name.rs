//! Who waits on its own thread waits by its name, not by a waker: the places where that could
//! show. Each name has to find its task from wherever on the thread it is called, and nobody else.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use hob::Runtime;
use hob::sync::{Mutex, Notify, mpsc, oneshot};

/// Broken by: returning at once from `wake_elsewhere` in `executor/parked.rs`.
#[test]
fn a_task_is_woken_from_outside_of_its_loop() {
    let runtime = Runtime::new().expect("there are descriptors");
    let (sender, mut receiver) = mpsc::channel(1);
    let (answer, answered) = oneshot::channel();
    let notify = Rc::new(Notify::new());
    let lock = Rc::new(Mutex::new(0));
    let guard = lock.clone().try_lock_owned().expect("nobody has it");
    let (theirs, its) = (notify.clone(), lock.clone());
    let tasks = runtime.block_on(async {
        let tasks = [
            hob::spawn(async move { assert_eq!(receiver.recv().await, Some(7)) }),
            hob::spawn(async move { assert_eq!(answered.await, Ok(8)) }),
            hob::spawn(async move { theirs.notified().await }),
            hob::spawn(async move { *its.lock().await += 1 }),
        ];
        hob::yield_now().await;
        hob::yield_now().await;
        tasks
    });
    assert!(tasks.iter().all(|task| !task.is_finished()), "all wait");
    sender.try_send(7).expect("there is room");
    answer.send(8).expect("it waits");
    notify.notify_one();
    drop(guard);
    runtime.block_on(async {
        // Turns enough for whoever was woken; who was not would wait for ever.
        for _ in 0..3 {
            hob::yield_now().await;
        }
        for task in tasks {
            assert!(task.is_finished());
            task.await.expect("it ended well");
        }
    });
    assert_eq!(*lock.try_lock().expect("free"), 1);
}

/// Broken by: names that are indices of slots alone.
#[test]
fn a_name_that_outlives_its_runtime_wakes_nobody() {
    let (sender, receiver) = mpsc::channel(8);
    let receiver = Rc::new(RefCell::new(receiver));
    let first = Runtime::new().expect("there are descriptors");
    first.block_on(async {
        let receiver = receiver.clone();
        let leaves_its_name = poll_fn(move |cx| {
            assert!(receiver.borrow_mut().poll_recv(cx).is_pending());
            Poll::Ready(())
        });
        hob::spawn(leaves_its_name).await.expect("it ends");
        // In the same slot as the one before, and woken by nobody.
        let polls = Rc::new(Cell::new(0));
        let other = polls.clone();
        let idle = hob::spawn(poll_fn(move |_| {
            other.set(other.get() + 1);
            Poll::<()>::Pending
        }));
        hob::yield_now().await;
        sender.try_send(1).expect("there is room");
        hob::yield_now().await;
        hob::yield_now().await;
        assert_eq!(polls.get(), 1);
        idle.abort();
    });
    drop(first);
    sender.try_send(2).expect("there is room");
    hob::block_on(async {
        sender.try_send(3).expect("there is room");
        hob::yield_now().await;
    });
}

/// Broken by: not comparing the wakers in `coop::polled`.
#[test]
fn a_waker_of_ones_own_within_a_task_is_the_one_that_is_called() {
    #[derive(Default)]
    struct Count(AtomicU32);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    hob::block_on(async {
        hob::spawn(async {
            let (sender, mut receiver) = mpsc::channel(1);
            let count = Arc::new(Count::default());
            let waker = Waker::from(count.clone());
            let mut cx = Context::from_waker(&waker);
            assert!(receiver.poll_recv(&mut cx).is_pending());
            // Then the task itself, for which the other has to go; and the other again.
            poll_fn(|cx| {
                assert!(receiver.poll_recv(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            assert_eq!(Arc::strong_count(&count), 2, "only the last is kept");
            assert!(receiver.poll_recv(&mut cx).is_pending());
            sender.try_send(1).expect("there is room");
            assert_eq!(count.0.load(Ordering::Relaxed), 1);
        })
        .await
        .expect("it ends");
    });
}

/// A task that yielded is not "the one that is polled" any more for what it does in the rest of
/// the poll; it waits by its waker then, and is woken all the same.
#[test]
fn a_task_that_yields_and_then_waits_in_one_poll_is_woken() {
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::channel(1);
        let waits = hob::spawn(async move {
            let mut yields = std::pin::pin!(hob::yield_now());
            poll_fn(|cx| {
                let _ = yields.as_mut().poll(cx);
                receiver.poll_recv(cx)
            })
            .await
        });
        for _ in 0..5 {
            hob::yield_now().await;
        }
        sender.try_send(5).expect("there is room");
        assert_eq!(waits.await.expect("it ends"), Some(5));
    });
}

/// Broken by: not counting names in `live_wakers`, or not when one is dropped.
#[test]
fn the_ledger_counts_names_as_it_counts_wakers() {
    hob::block_on(async {
        hob::spawn(async {
            let before = hob::testing::ledger().wakers;
            let (_sender, mut receiver) = mpsc::channel::<u32>(1);
            let mut waits = Box::pin(receiver.recv());
            poll_fn(|cx| {
                assert!(waits.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            assert_eq!(hob::testing::ledger().wakers, before + 1);
            drop(waits);
            assert_eq!(hob::testing::ledger().wakers, before);
        })
        .await
        .expect("it ends");
    });
}
