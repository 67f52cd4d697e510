//! The primitives of `hob::sync` under the real loop: what they cost in polls, and that a
//! channel which always has a message keeps nobody else from running.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use hob::WaitKind;
use hob::sync::{Mutex, Notify, Queue, Semaphore, broadcast, mpsc, oneshot, watch};

/// Trap 51. Broken by: waking everybody in `Gate::pass_on` instead of those with a grant.
#[test]
fn ten_thousand_waiters_cost_ten_thousand_polls_and_not_a_square_of_it() {
    const WAITERS: u64 = 10_000;
    let polls = hob::block_on(async {
        let semaphore = Rc::new(Semaphore::new(0));
        let served = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..WAITERS)
            .map(|place| {
                let (semaphore, served) = (semaphore.clone(), served.clone());
                hob::spawn(async move {
                    let permit = semaphore.acquire().await.expect("nobody closes it");
                    assert_eq!(served.replace(served.get() + 1), place, "in order");
                    drop(permit);
                })
            })
            .collect();
        hob::yield_now().await;
        while hob::tasks()
            .iter()
            .any(|task| !task.running && task.wait.is_none())
        {
            hob::yield_now().await;
        }
        let before = hob::metrics().counters.polls;
        semaphore.add_permits(1);
        for task in tasks {
            task.await.expect("served in its turn");
        }
        hob::metrics().counters.polls - before
    });
    assert!(polls >= WAITERS);
    // Each task once, and main again for each that it had to wait for.
    assert!(polls <= 2 * WAITERS + 10, "{polls} polls");
}

/// How many kernel visits fit into a hundred thousand operations, none of which ever waits.
fn visits_during<F: Future<Output = ()>>(operation: impl Fn() -> F) -> u64 {
    hob::block_on(async {
        let before = hob::metrics().counters.kernel_visits;
        for _ in 0..100_000 {
            operation().await;
        }
        hob::metrics().counters.kernel_visits - before
    })
}

/// Trap 27. Broken by: taking `coop::spend()` out of the poll of the one that fails.
#[test]
fn what_is_always_ready_still_lets_the_kernel_have_its_turn() {
    let semaphore = Semaphore::new(1);
    let mutex = Mutex::new(());
    let notify = Notify::new();
    let (sender, receiver) = mpsc::channel(1);
    let receiver = RefCell::new(receiver);
    let (_endless, mut over) = mpsc::unbounded_channel::<()>();
    over.close();
    let over = RefCell::new(over);
    let visits = [
        visits_during(async || drop(semaphore.acquire().await)),
        visits_during(async || drop(mutex.lock().await)),
        visits_during(async || {
            notify.notify_one();
            notify.notified().await;
        }),
        visits_during(async || {
            sender.send(()).await.expect("the receiver lives");
            receiver.borrow_mut().try_recv().expect("one is in");
        }),
        visits_during(async || {
            sender.try_send(()).expect("there is a place");
            poll_fn(|cx| receiver.borrow_mut().poll_recv(cx))
                .await
                .expect("one is in");
        }),
        visits_during(async || {
            let end = poll_fn(|cx| over.borrow_mut().poll_recv(cx)).await;
            assert!(end.is_none());
        }),
        visits_during(async || {
            let (sender, receiver) = oneshot::channel();
            sender.send(()).expect("the receiver lives");
            receiver.await.expect("it was sent");
        }),
        visits_during(async || {
            let (mut sender, receiver) = oneshot::channel::<()>();
            drop(receiver);
            sender.closed().await;
        }),
    ];
    let mut visits = visits.to_vec();
    visits.extend(visits_of_those_of_many());
    for (place, visits) in visits.into_iter().enumerate() {
        assert!(visits >= 100_000 / 1000, "number {place}: {visits} visits");
    }
}

/// The same for what many wait for.
fn visits_of_those_of_many() -> [u64; 7] {
    let queue = Queue::new(1);
    let (hear, say) = (
        RefCell::new(broadcast::channel(2)),
        broadcast::Sender::<u32>::new(1),
    );
    let (sender, receiver) = watch::channel(0);
    let receiver = RefCell::new(receiver);
    let (places, _rest) = mpsc::channel::<()>(2);
    [
        visits_during(async || queue.join().await),
        visits_during(async || {
            queue.put(1).await.expect("not shut down");
            queue.try_get().expect("one is in");
            queue.task_done();
        }),
        visits_during(async || {
            queue.try_put(1).expect("there is a place");
            drop(queue.get_guarded().await);
        }),
        visits_during(async || {
            hear.borrow().0.send(1).expect("one is there");
            poll_fn(|cx| pin!(hear.borrow_mut().1.recv()).poll(cx))
                .await
                .expect("one is in");
        }),
        visits_during(async || say.closed().await),
        visits_during(async || {
            sender.send(1).expect("watched");
            poll_fn(|cx| pin!(receiver.borrow_mut().changed()).poll(cx))
                .await
                .expect("it is new");
        }),
        visits_during(async || drop(places.reserve().await)),
    ]
}

/// Trap 27. Broken by: taking `ready!(coop::poll_budget(cx))` out of `Chan::poll_recv`.
#[test]
fn a_channel_that_always_has_a_message_does_not_hold_up_a_timer() {
    const MOST: u64 = 50_000_000;
    let received = Rc::new(Cell::new(0));
    let counter = received.clone();
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        hob::spawn(async move {
            while counter.get() < MOST {
                sender.send(()).expect("the receiver lives");
                receiver.recv().await.expect("one is in");
                counter.set(counter.get() + 1);
            }
        });
        for _ in 0..20 {
            hob::time::sleep(Duration::from_millis(1)).await;
        }
    });
    assert!(received.get() > 0);
    assert!(
        received.get() < MOST,
        "the timers came only when the channel was done"
    );
}

#[test]
fn each_task_says_what_it_waits_for_and_where() {
    hob::block_on(async {
        let semaphore = Semaphore::new(0);
        let notify = Notify::new();
        let mutex = Mutex::new(());
        let _held = mutex.lock().await;
        let (sender, mut receiver) = mpsc::channel::<u32>(1);
        let (mut question, answer) = oneshot::channel::<u32>();
        let full = sender.clone();
        let waits = [
            wait_of(semaphore.acquire()).await,
            wait_of(notify.notified()).await,
            wait_of(mutex.lock()).await,
            wait_of(receiver.recv()).await,
            wait_of(sender.closed()).await,
            wait_of(question.closed()).await,
            wait_of(answer).await,
            wait_of(async {
                full.try_send(1).expect("there is a place");
                full.send(2).await
            })
            .await,
        ];
        let mut waits = waits.to_vec();
        waits.extend(waits_of_those_of_many().await);
        let kinds: Vec<_> = waits.iter().map(|wait| wait.0).collect();
        assert_eq!(kinds[..3], [WaitKind::Permit; 3]);
        assert!(kinds[3..].iter().all(|kind| *kind == WaitKind::Channel));
        assert!(waits.iter().all(|wait| wait.1 == file!()));
    });
}

/// The same for what many wait for.
async fn waits_of_those_of_many() -> [(WaitKind, &'static str); 11] {
    let (sender, mut receiver) = mpsc::channel::<u32>(1);
    let (speaker, mut listener) = broadcast::channel::<u32>(1);
    let (value, mut seen) = watch::channel(0);
    let queue = Queue::new(1);
    let mut buffer = Vec::new();
    let received = wait_of(receiver.recv_many(&mut buffer, 2)).await;
    let got = wait_of(queue.get()).await;
    sender.try_send(1).expect("there is a place");
    queue.try_put(1).expect("there is a place");
    [
        received,
        got,
        wait_of(sender.reserve()).await,
        wait_of(sender.reserve_many(1)).await,
        wait_of(sender.clone().reserve_owned()).await,
        wait_of(sender.send_timeout(2, Duration::from_secs(9))).await,
        wait_of(listener.recv()).await,
        wait_of(speaker.closed()).await,
        wait_of(seen.wait_for(|seen| *seen > value.receiver_count())).await,
        wait_of(queue.put(2)).await,
        wait_of(queue.join()).await,
    ]
}

/// Polls `future` once and lets another task read what it said.
async fn wait_of<F: Future>(future: F) -> (WaitKind, &'static str) {
    let me = hob::task_id().expect("in a task");
    let look = hob::spawn(async move {
        let tasks = hob::tasks();
        let task = tasks.iter().find(|task| task.id == me).expect("it lives");
        let wait = task.wait.expect("it waits");
        (wait.kind, wait.at.file())
    });
    let mut look = pin!(look);
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(seen) = look.as_mut().poll(cx) {
            return Poll::Ready(seen.expect("it does not panic"));
        }
        assert!(future.as_mut().poll(cx).is_pending());
        Poll::Pending
    })
    .await
}
