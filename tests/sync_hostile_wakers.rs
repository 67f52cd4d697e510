//! Wakers of other executors may do anything in their clone, their wake and their drop, even
//! come back to the very thing that is being polled. Nothing may be missed, borrowed twice, or
//! woken for what was not meant for it.
//!
//! A waker with a clone of its own needs a `RawWaker`, and that needs `unsafe`: the only such
//! lines in the project's tests of `sync` are here. They are sound because the data pointer
//! is never used.

mod sync_support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::ptr;
use std::rc::Rc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use hob::io::duplex;
use hob::io::prelude::*;
use hob::sync::{Mutex, Notify, Queue, Semaphore, broadcast, mpsc, oneshot, watch};
use sync_support::{Count, poll, poll_now};

type Hook = RefCell<Option<Box<dyn FnOnce()>>>;

thread_local! {
    /// Run once, by the next clone of a hostile waker.
    static ON_CLONE: Hook = const { RefCell::new(None) };
    /// Run once, by the next wake.
    static ON_WAKE: Hook = const { RefCell::new(None) };
    /// Run once, by the next drop.
    static ON_DROP: Hook = const { RefCell::new(None) };
    /// What a hook is to drop that borrows from nobody.
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

type Scope = Pin<Box<hob::ScopeFuture<'static, ()>>>;

fn run(hook: &'static std::thread::LocalKey<Hook>) {
    let hook = hook.with(RefCell::take);
    if let Some(hook) = hook {
        hook();
    }
}

static HOSTILE: RawWakerVTable = RawWakerVTable::new(
    |_| {
        run(&ON_CLONE);
        RawWaker::new(ptr::null(), &HOSTILE)
    },
    |_| {
        run(&ON_WAKE);
        run(&ON_DROP);
    },
    |_| run(&ON_WAKE),
    |_| run(&ON_DROP),
);

/// Polls with a hostile waker.
fn poll_hostile<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    // SAFETY: the functions of the table ignore their pointer, and are thread-local in all
    // that they do; the waker never leaves this thread.
    let waker = unsafe { Waker::new(ptr::null(), &HOSTILE) };
    let answer = Pin::new(future).poll(&mut Context::from_waker(&waker));
    std::mem::forget(waker); // its drop is not the one that we want to see
    answer
}

fn on(hook: &'static std::thread::LocalKey<Hook>, what: impl FnOnce() + 'static) {
    hook.with(|slot| *slot.borrow_mut() = Some(Box::new(what)));
}

/// Trap 10. Broken by: taking the second `try_acquire` out of `Gate::join`.
#[test]
fn a_permit_released_while_the_waker_is_cloned_is_not_missed() {
    let semaphore = Rc::new(Semaphore::new(0));
    let other = semaphore.clone();
    on(&ON_CLONE, move || other.add_permits(1));
    assert!(poll_hostile(&mut semaphore.acquire()).is_ready());
    let other = semaphore.clone();
    on(&ON_CLONE, move || other.close());
    let mut acquire = semaphore.acquire_many(5);
    assert!(matches!(poll_hostile(&mut acquire), Poll::Ready(Err(_))));
}

/// Trap 10. Broken by: `WaitList::renew` not asking whether the call came meanwhile.
#[test]
fn a_permit_granted_while_the_waker_is_replaced_is_not_missed() {
    let semaphore = Rc::new(Semaphore::new(0));
    let mut acquire = semaphore.acquire();
    assert!(poll_now(&mut acquire).is_pending());
    let other = semaphore.clone();
    on(&ON_CLONE, move || other.add_permits(1));
    assert!(poll_hostile(&mut acquire).is_ready());
}

/// Trap 10. Broken by: taking the second `try_recv` out of `Chan::poll_with`.
#[test]
fn a_message_sent_while_the_waker_is_cloned_is_not_missed() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    on(&ON_CLONE, move || sender.send("now").expect("open"));
    assert_eq!(poll_hostile(&mut receiver.recv()), Poll::Ready(Some("now")));

    let (sender, mut receiver) = oneshot::channel();
    on(&ON_CLONE, move || sender.send("now").expect("open"));
    assert_eq!(poll_hostile(&mut receiver), Poll::Ready(Ok("now")));
}

/// Trap 10. Broken by: asking `closed` only once in the poll of `oneshot::Closed`.
#[test]
fn an_end_while_the_waker_is_cloned_is_not_missed() {
    let (mut sender, receiver) = oneshot::channel::<()>();
    on(&ON_CLONE, move || drop(receiver));
    assert!(poll_hostile(&mut sender.closed()).is_ready());

    let (sender, receiver) = mpsc::unbounded_channel::<()>();
    on(&ON_CLONE, move || drop(receiver));
    assert!(poll_hostile(&mut sender.closed()).is_ready());
}

/// Trap 10. Broken by: taking the second `look` out of `Crowd::poll_until`.
#[test]
fn what_concerns_everybody_is_not_missed_while_the_waker_is_cloned() {
    let (sender, mut receiver) = watch::channel(0);
    on(&ON_CLONE, move || sender.send(1).expect("watched"));
    assert!(poll_hostile(&mut receiver.changed()).is_ready());

    let (sender, mut receiver) = broadcast::channel(1);
    let other = sender.clone();
    on(&ON_CLONE, move || assert_eq!(other.send(1), Ok(1)));
    assert_eq!(poll_hostile(&mut receiver.recv()), Poll::Ready(Ok(1)));
    on(&ON_CLONE, move || drop(receiver));
    assert!(poll_hostile(&mut sender.closed()).is_ready());

    let queue = Rc::new(Queue::unbounded());
    queue.try_put(1).expect("there is always a place");
    let other = queue.clone();
    on(&ON_CLONE, move || other.task_done());
    assert!(poll_hostile(&mut queue.join()).is_ready());
    let other = queue.clone();
    on(&ON_CLONE, move || assert!(other.try_put(2).is_ok()));
    assert!(poll_hostile(&mut queue.get()).is_ready());
}

/// Trap 10. Broken by: calling who waits while the ring or the backlog is borrowed.
#[test]
fn a_waker_may_use_broadcast_watch_and_queue_from_its_wake() {
    let (sender, mut receiver) = broadcast::channel(2);
    let mut second = sender.subscribe();
    let mut recv = receiver.recv();
    assert!(poll_hostile(&mut recv).is_pending());
    let other = sender.clone();
    on(&ON_WAKE, move || {
        assert_eq!(other.send(2), Ok(2));
        assert_eq!(second.try_recv(), Ok(1));
    });
    assert_eq!(sender.send(1), Ok(2));
    assert_eq!(poll_now(&mut recv), Poll::Ready(Ok(1)));
    assert_eq!(sender.len(), 1);

    let (sender, mut receiver) = watch::channel(0);
    let mut changed = receiver.changed();
    assert!(poll_hostile(&mut changed).is_pending());
    let other = sender.clone();
    on(&ON_WAKE, move || {
        let next = *other.borrow() + 1;
        other.send(next).expect("watched");
    });
    sender.send(1).expect("watched");
    assert!(poll_now(&mut changed).is_ready());
    assert_eq!(*sender.borrow(), 2);

    let queue = Rc::new(Queue::new(1));
    let mut get = queue.get();
    assert!(poll_hostile(&mut get).is_pending());
    let other = queue.clone();
    on(&ON_WAKE, move || {
        assert!(other.try_get().is_err(), "it is promised");
        assert!(other.try_put(2).is_err(), "it is full");
    });
    queue.try_put(1).expect("there is a place");
    assert_eq!(poll_now(&mut get), Poll::Ready(Ok(1)));
}

/// Trap 10. Broken by: taking the second `take` out of `Waiting::join`.
#[test]
fn a_notification_while_the_waker_is_cloned_is_not_missed() {
    let notify = Rc::new(Notify::new());
    for all in [true, false] {
        let other = notify.clone();
        on(&ON_CLONE, move || match all {
            true => other.notify_waiters(),
            false => other.notify_one(),
        });
        assert!(poll_hostile(&mut notify.notified()).is_ready());
    }
}

/// Trap 10. Broken by: `notify_waiters` calling whoever it finds, whenever it was made.
#[test]
fn who_joins_the_line_while_all_are_woken_is_not_called() {
    let notify: &'static Notify = Box::leak(Box::default());
    let (count, late_count) = (Count::new(), Count::new());
    let (mut first, mut second) = (notify.notified(), notify.notified());
    assert!(poll_hostile(&mut first).is_pending());
    assert!(poll(&mut second, &count).is_pending());
    let late = Rc::new(RefCell::new(None));
    let (slot, waker) = (late.clone(), late_count.clone());
    on(&ON_WAKE, move || {
        let mut late = notify.notified();
        assert!(poll(&mut late, &waker).is_pending());
        *slot.borrow_mut() = Some(late);
    });
    notify.notify_waiters();
    assert_eq!((count.get(), late_count.get()), (1, 0));
    let mut late = late.take().expect("it was made");
    assert!(poll_now(&mut late).is_pending());
}

/// Trap 10. Broken by: dropping the waker of `Left` while the list is borrowed.
#[test]
fn a_waker_may_use_the_semaphore_from_its_drop_and_its_wake() {
    let semaphore = Rc::new(Semaphore::new(0));
    let mut acquire = semaphore.acquire();
    let mut behind = semaphore.acquire();
    assert!(poll_hostile(&mut acquire).is_pending());
    assert!(poll_now(&mut behind).is_pending());
    let other = semaphore.clone();
    on(&ON_DROP, move || other.add_permits(1));
    drop(acquire);
    assert!(poll_now(&mut behind).is_ready());
    assert_eq!(semaphore.available_permits(), 1);
    semaphore.forget_permits(1);

    let mut acquire = semaphore.acquire_many(2);
    assert!(poll_hostile(&mut acquire).is_pending());
    let other = semaphore.clone();
    on(&ON_WAKE, move || {
        other.add_permits(1);
        drop(other.try_acquire().expect("one is free"));
    });
    semaphore.add_permits(2);
    assert_eq!(semaphore.available_permits(), 1);
    assert!(poll_now(&mut acquire).is_ready());
}

/// Trap 10. Broken by: waking the receiver or a sender while the backlog is borrowed.
#[test]
fn a_waker_may_use_the_channel_from_its_wake() {
    let (sender, mut receiver) = mpsc::channel(2);
    let sender = Rc::new(sender);
    assert!(poll_hostile(&mut receiver.recv()).is_pending());
    // Dropping `recv` took the waker out again; park one for good.
    let mut recv = receiver.recv();
    assert!(poll_hostile(&mut recv).is_pending());
    let other = sender.clone();
    on(&ON_WAKE, move || {
        other.try_send(2).expect("there is a place");
    });
    sender.try_send(1).expect("there is a place");
    assert_eq!(poll_now(&mut recv), Poll::Ready(Some(1)));
    drop(recv);

    sender.try_send(3).expect("there is a place");
    let mut send = sender.send(4);
    assert!(poll_hostile(&mut send).is_pending());
    let other = sender.clone();
    on(&ON_WAKE, move || {
        assert!(other.try_send(9).is_err(), "that place is promised");
    });
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(poll_now(&mut send), Poll::Ready(Ok(())));
}

/// Trap 10. Broken by: handing the lock on before the value is free.
#[test]
fn a_waker_may_ask_for_the_lock_from_its_wake() {
    let mutex = Rc::new(Mutex::new(0));
    let guard = mutex.try_lock().expect("free");
    let mut lock = mutex.lock();
    assert!(poll_hostile(&mut lock).is_pending());
    let other = mutex.clone();
    on(&ON_WAKE, move || {
        assert!(other.try_lock().is_err(), "it is promised");
    });
    drop(guard);
    assert!(poll_now(&mut lock).is_ready());
}

/// Trap 10. Broken by: taking the second `attempt` out of `poll_pipe`.
#[test]
fn bytes_that_come_while_the_waker_is_cloned_are_not_missed() {
    let (mut near, mut far) = duplex(4);
    on(&ON_CLONE, move || {
        assert!(matches!(
            poll_now(&mut near.write(b"now")),
            Poll::Ready(Ok(3))
        ));
    });
    let mut buffer = [0; 4];
    assert!(matches!(
        poll_hostile(&mut far.read(&mut buffer)),
        Poll::Ready(Ok(3))
    ));
}

/// Trap 10. Broken by: taking `take_result` out of `JoinHandle::park`.
#[test]
fn a_child_that_ends_with_its_scope_while_the_waker_is_cloned_is_not_missed() {
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let mut scope = Box::pin(hob::scope(async move |s| {
            sender.send(s.spawn(pending::<()>())).expect("open");
            pending::<()>().await;
        }));
        let mut child = poll_fn(|cx| {
            assert!(scope.as_mut().poll(cx).is_pending());
            receiver.poll_recv(cx)
        })
        .await
        .expect("it was begun");
        SCOPE.set(Some(scope));
        on(&ON_CLONE, || drop(SCOPE.take()));
        let Poll::Ready(ended) = poll_hostile(&mut child) else {
            panic!("its end was missed");
        };
        assert!(ended.expect_err("it never returns").is_cancelled());
    });
}

/// Broken by: `ptr::null()` for `NOBODYS`.
#[test]
fn a_waker_without_data_is_called_by_one_who_yields_in_no_loop() {
    let woken = Rc::new(Cell::new(false));
    let noted = woken.clone();
    on(&ON_WAKE, move || noted.set(true));
    let mut yields = Box::pin(hob::yield_now());
    assert!(poll_hostile(&mut yields).is_pending());
    assert!(woken.get());
    assert!(poll_hostile(&mut yields).is_ready());
}
