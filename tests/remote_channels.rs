//! Remote channels: every message that was sent is received once, whoever blocks, awaits,
//! gives up or ends meanwhile, in whichever thread and runtime.

mod sync_support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use hob::WaitKind;
use hob::sync::remote::mpsc::{self, SendError, TryRecvError, TrySendError};
use hob::sync::remote::oneshot;
use sync_support::{Count, poll, poll_now};

/// What every thread sends: who it is, and the number of the message.
type Letter = (usize, usize);

/// Counts letters, and that those of each sender come in order.
struct Ledger {
    next: Vec<usize>,
}

impl Ledger {
    fn new(senders: usize) -> Ledger {
        Ledger {
            next: vec![0; senders],
        }
    }

    #[track_caller]
    fn enter(&mut self, (sender, number): Letter) {
        assert_eq!(self.next[sender], number, "sender {sender}");
        self.next[sender] += 1;
    }

    #[track_caller]
    fn close(self, each: usize) {
        assert!(
            self.next.iter().all(|&next| next == each),
            "{:?}",
            self.next
        );
    }
}

/// Trap 5. Broken by: leaving the waker in `look_recv` outside of the lock under which the queue
/// was empty, or taking `give_place_back` out of it (hangs).
#[test]
fn eight_threads_block_and_one_loop_receives() {
    const THREADS: usize = 8;
    // A full channel of one place is two switches of threads for each message.
    for (capacity, each) in [(1, 500), (3, 1_000), (1000, 10_000)] {
        let (sender, mut receiver) = mpsc::channel(capacity);
        let threads: Vec<_> = (0..THREADS)
            .map(|who| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for n in 0..each {
                        sender.blocking_send((who, n)).expect("the loop receives");
                    }
                })
            })
            .collect();
        drop(sender);
        let mut ledger = Ledger::new(THREADS);
        hob::block_on(async {
            while let Some(letter) = receiver.recv().await {
                ledger.enter(letter);
            }
        });
        for thread in threads {
            thread.join().unwrap();
        }
        ledger.close(each);
    }
}

#[test]
fn eight_threads_send_without_waiting_and_one_loop_receives() {
    const THREADS: usize = 8;
    const EACH: usize = 50_000;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let threads: Vec<_> = (0..THREADS)
        .map(|who| {
            let sender = sender.clone();
            thread::spawn(move || (0..EACH).for_each(|n| sender.send((who, n)).unwrap()))
        })
        .collect();
    drop(sender);
    let mut ledger = Ledger::new(THREADS);
    hob::block_on(async {
        while let Some(letter) = receiver.recv().await {
            ledger.enter(letter);
        }
    });
    for thread in threads {
        thread.join().unwrap();
    }
    ledger.close(EACH);
}

/// Four runtimes on four threads send to a fifth, each from many tasks.
#[test]
fn runtimes_on_several_threads_send_to_each_other() {
    const LOOPS: usize = 4;
    const TASKS: usize = 10;
    const EACH: usize = 200;
    let (sender, mut receiver) = mpsc::channel(4);
    let threads: Vec<_> = (0..LOOPS)
        .map(|at| {
            let sender = sender.clone();
            thread::spawn(move || {
                hob::block_on(async {
                    let tasks: Vec<_> = (0..TASKS)
                        .map(|task| {
                            let sender = sender.clone();
                            hob::spawn(async move {
                                for n in 0..EACH {
                                    sender.send((at * TASKS + task, n)).await.unwrap();
                                }
                            })
                        })
                        .collect();
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
            })
        })
        .collect();
    drop(sender);
    let mut ledger = Ledger::new(LOOPS * TASKS);
    hob::block_on(async {
        while let Some(letter) = receiver.recv().await {
            ledger.enter(letter);
        }
    });
    for thread in threads {
        thread.join().unwrap();
    }
    ledger.close(EACH);
}

#[test]
fn a_loop_sends_and_a_thread_blocks_to_receive() {
    const MESSAGES: usize = 5_000;
    let (sender, mut receiver) = mpsc::channel(2);
    let thread = thread::spawn(move || {
        let mut ledger = Ledger::new(1);
        while let Some(n) = receiver.blocking_recv() {
            ledger.enter((0, n));
        }
        ledger.close(MESSAGES);
    });
    hob::block_on(async {
        for n in 0..MESSAGES {
            sender.send(n).await.expect("the thread receives");
        }
    });
    drop(sender);
    thread.join().unwrap();
}

/// Trap 41. Broken by: an empty `drop` of `Send`, or `cancel_send` not passing on a grant.
#[test]
fn a_sender_who_gives_up_passes_its_place_on_and_has_not_sent() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(0).expect("there is a place");
    let counts = [Count::new(), Count::new()];
    let (mut first, mut second) = (sender.send(1), sender.send(2));
    assert!(poll(&mut first, &counts[0]).is_pending());
    assert!(poll(&mut second, &counts[1]).is_pending());
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!(
        sender.try_send(9),
        Err(TrySendError::Full(9)),
        "it is promised"
    );
    assert_eq!((counts[0].get(), counts[1].get()), (1, 0));
    drop(first);
    assert_eq!(counts[1].get(), 1);
    assert_eq!(poll_now(&mut second), Poll::Ready(Ok(())));
    assert_eq!(receiver.try_recv(), Ok(2));
    // The last in line: the place is free again.
    drop(second);
    sender.try_send(3).expect("there is a place");
    let mut only = sender.send(4);
    assert!(poll_now(&mut only).is_pending());
    assert_eq!(receiver.try_recv(), Ok(3));
    drop(only);
    assert_eq!(sender.capacity(), 1);
}

/// Some fall between the grant of their place and their next poll, and where they do is chance:
/// it is the models in `tests/loom` that try each of those moments.
#[test]
fn messages_of_senders_who_give_up_are_all_accounted_for() {
    const THREADS: usize = 4;
    let arrived = Arc::new(AtomicUsize::new(0));
    let (sender, mut receiver) = mpsc::channel::<usize>(1);
    let counted = arrived.clone();
    let consumer = thread::spawn(move || {
        while receiver.blocking_recv().is_some() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let threads: Vec<_> = (0..THREADS)
        .map(|who| {
            let sender = sender.clone();
            thread::spawn(move || {
                hob::block_on(async {
                    let mut sent = 0;
                    for n in 0..500 {
                        let patience = Duration::from_micros(((n * 7 + who) % 40) as u64);
                        let send = hob::time::timeout(patience, sender.send(n));
                        sent += usize::from(send.await.is_ok());
                    }
                    sent
                })
            })
        })
        .collect();
    drop(sender);
    let sent: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();
    consumer.join().unwrap();
    assert_eq!(arrived.load(Ordering::Relaxed), sent);
}

/// Broken by: `close` not calling the line, or not calling those who wait for the end (hangs).
#[test]
fn a_receiver_that_closes_gives_messages_back_and_keeps_what_was_sent() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(1).expect("there is a place");
    let other = sender.clone();
    let blocked = thread::spawn(move || other.blocking_send(2));
    let other = sender.clone();
    let watcher = thread::spawn(move || hob::block_on(other.closed()));
    thread::sleep(Duration::from_millis(5));
    receiver.close();
    assert_eq!(blocked.join().unwrap(), Err(SendError(2)));
    watcher.join().unwrap();
    assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(receiver.blocking_recv(), None);
}

/// Broken by: `remove_sender` waking nobody (hangs).
#[test]
fn the_last_sender_that_goes_ends_a_blocked_receive() {
    let (sender, mut receiver) = mpsc::channel::<()>(1);
    let thread = thread::spawn(move || receiver.blocking_recv());
    let second = sender.clone();
    drop(sender);
    thread::sleep(Duration::from_millis(5));
    drop(second);
    assert_eq!(thread.join().unwrap(), None);
}

#[test]
fn when_the_receivers_runtime_has_ended_senders_are_told() {
    let (sender, mut receiver) = mpsc::channel(1);
    let (at_work, started) = std::sync::mpsc::channel();
    let end = Arc::new(hob::sync::remote::Notify::new());
    let ending = end.clone();
    let runtime = thread::spawn(move || {
        hob::block_on(async move {
            hob::spawn(async move {
                let first = receiver.recv().await;
                at_work.send(first).unwrap();
                std::future::pending::<()>().await;
                drop(receiver); // it lives until the runtime's end
            });
            ending.notified().await;
            hob::time::sleep(Duration::from_millis(5)).await;
        });
    });
    sender.blocking_send(1).expect("it receives");
    assert_eq!(started.recv().unwrap(), Some(1));
    sender.blocking_send(2).expect("there is a place");
    end.notify_one();
    assert_eq!(
        sender.blocking_send(3),
        Err(SendError(3)),
        "while it waited"
    );
    assert!(sender.is_closed());
    runtime.join().unwrap();
}

/// A receiver may move on to another runtime, and the waker it left in the first harms nobody.
#[test]
fn a_receiver_that_outlives_its_runtime_goes_on_in_the_next() {
    let (sender, mut receiver) = mpsc::channel(2);
    hob::block_on(async {
        assert!(poll_now(&mut receiver.recv()).is_pending());
        let parked = std::future::poll_fn(|cx| Poll::Ready(receiver.poll_recv(cx)));
        assert!(parked.await.is_pending());
    });
    sender.blocking_send(1).expect("it lives");
    assert_eq!(hob::block_on(receiver.recv()), Some(1));
}

/// Broken by: leaving the question for the executor out of `remote::block` (hangs).
#[test]
fn to_block_on_a_loops_own_thread_panics_with_the_remedy() {
    let message_of = |f: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
        payload
            .downcast::<String>()
            .map_or_else(|_| String::new(), |s| *s)
    };
    hob::block_on(async {
        let (sender, receiver) = mpsc::channel(1);
        let receiver = Cell::new(Some(receiver));
        let (_answer, question) = oneshot::channel::<()>();
        let question = Cell::new(Some(question));
        let notify = hob::sync::remote::Notify::new();
        let messages = [
            message_of(&|| {
                let _ = sender.blocking_send(1);
            }),
            message_of(&|| {
                receiver.take().expect("once").blocking_recv();
            }),
            message_of(&|| {
                let _ = question.take().expect("once").blocking_recv();
            }),
            message_of(&|| notify.blocking_wait()),
        ];
        for message in messages {
            assert!(message.contains("await"), "{message}");
            assert!(message.contains("spawn_blocking"), "{message}");
        }
    });
}

/// Trap 10. Broken by: waking, or dropping a displaced waker, under the lock (hangs).
#[test]
fn a_waker_may_use_the_channel_from_its_wake_and_its_drop() {
    struct Comes(mpsc::UnboundedSender<u32>);
    impl Wake for Comes {
        fn wake(self: Arc<Self>) {
            self.0.send(2).expect("open");
        }
    }
    impl Drop for Comes {
        fn drop(&mut self) {
            let _ = self.0.send(3);
        }
    }
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let hostile = Waker::from(Arc::new(Comes(sender.clone())));
    let mut recv = receiver.recv();
    let cx = &mut Context::from_waker(&hostile);
    assert!(std::pin::Pin::new(&mut recv).poll(cx).is_pending());
    drop(hostile);
    // Displaced and dropped: that sends.
    let count = Count::new();
    assert!(poll(&mut recv, &count).is_pending());
    assert_eq!(count.get(), 1);
    assert_eq!(poll_now(&mut recv), Poll::Ready(Some(3)));
    drop(recv);
    let hostile = Waker::from(Arc::new(Comes(sender.clone())));
    let mut recv = receiver.recv();
    let cx = &mut Context::from_waker(&hostile);
    assert!(std::pin::Pin::new(&mut recv).poll(cx).is_pending());
    sender.send(1).expect("open");
    drop(recv);
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Ok(2)));
}

/// A message's drop may send, too. Broken by: dropping the queue under the lock (hangs).
#[test]
fn messages_that_nobody_takes_are_dropped_without_the_lock() {
    struct Bounces(mpsc::UnboundedSender<Bounces>, Arc<AtomicUsize>);
    impl Drop for Bounces {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
            assert!(self.0.is_closed());
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = mpsc::unbounded_channel();
    for _ in 0..3 {
        let message = Bounces(sender.clone(), dropped.clone());
        assert!(sender.send(message).is_ok());
    }
    drop(receiver);
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
}

#[test]
fn a_oneshot_answers_whoever_asks_and_says_when_nobody_will() {
    const ROUNDS: usize = 2_000;
    let (ask, mut asked) = mpsc::channel::<oneshot::Sender<usize>>(1);
    let answers = thread::spawn(move || {
        let mut n = 0;
        while let Some(question) = asked.blocking_recv() {
            // Every third is dropped unanswered.
            if n % 3 != 2 {
                let _ = question.send(n);
            }
            n += 1;
        }
    });
    hob::block_on(async {
        for n in 0..ROUNDS {
            let (answer, question) = oneshot::channel();
            ask.send(answer).await.expect("it answers");
            match question.await {
                Ok(answer) => assert_eq!(answer, n),
                Err(_) => assert_eq!(n % 3, 2),
            }
        }
    });
    drop(ask);
    answers.join().unwrap();
}

#[test]
fn the_sender_of_a_oneshot_hears_that_nobody_waits_any_more() {
    let (mut sender, receiver) = oneshot::channel::<()>();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(2));
        drop(receiver);
    });
    hob::block_on(sender.closed());
    assert_eq!(sender.send(()), Err(()));
    thread.join().unwrap();

    let (sender, receiver) = oneshot::channel::<u32>();
    let thread = thread::spawn(move || receiver.blocking_recv());
    thread::sleep(Duration::from_millis(2));
    drop(sender);
    assert!(thread.join().unwrap().is_err());
}

/// Trap 27. Broken by: taking `coop::spend()` out of the poll of the one that fails.
#[test]
fn what_is_always_ready_still_lets_the_kernel_have_its_turn() {
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::channel(1);
        let notify = hob::sync::remote::Notify::new();
        let visits = || hob::metrics().counters.kernel_visits;
        let before = visits();
        for _ in 0..20_000 {
            sender.try_send(()).expect("there is a place");
            receiver.recv().await.expect("one is in");
        }
        let received = visits();
        for _ in 0..20_000 {
            sender.send(()).await.expect("there is a place");
            receiver.try_recv().expect("one is in");
        }
        let sent = visits();
        for _ in 0..20_000 {
            notify.notify_one();
            notify.notified().await;
        }
        assert!(received - before >= 20, "{}", received - before);
        assert!(sent - received >= 20, "{}", sent - received);
        assert!(visits() - sent >= 20, "{}", visits() - sent);
    });
}

#[test]
fn each_task_says_what_it_waits_for_and_where() {
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::channel::<u32>(1);
        let notify = Arc::new(hob::sync::remote::Notify::new());
        hob::spawn_named("receives", async move { receiver.recv().await });
        hob::spawn_named("notified", async move { notify.notified().await });
        let (_sender, answer) = oneshot::channel::<()>();
        hob::spawn_named("answer", answer);
        hob::yield_now().await;
        let kind_of = |name: &str| {
            let tasks = hob::tasks();
            let task = tasks.iter().find(|task| task.name.as_deref() == Some(name));
            let wait = task.expect("it lives").wait.expect("it waits");
            assert_eq!(wait.at.file(), file!());
            wait.kind
        };
        assert_eq!(kind_of("receives"), WaitKind::Channel);
        assert_eq!(kind_of("notified"), WaitKind::Permit);
        assert_eq!(kind_of("answer"), WaitKind::Channel);
        drop(sender);
    });
}
