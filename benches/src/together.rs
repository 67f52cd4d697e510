//! Tasks that work together: channels, locks, notifications. Compiled once for each contender,
//! as [`workloads`](super::workloads) is.

use super::rt::{self, Shared, mpsc, oneshot};
use std::time::{Duration, Instant};

/// One number goes to and fro between two tasks, through two channels with room for one.
pub fn ping_pong(trips: usize) -> Duration {
    rt::in_a_task(async move {
        let (ask, mut asked) = mpsc::channel::<usize>(1);
        let (answer, mut answers) = mpsc::channel::<usize>(1);
        let start = Instant::now();
        let other = rt::spawn(async move {
            while let Some(number) = asked.recv().await {
                answer.send(number + 1).await.expect("it listens");
            }
        });
        for trip in 0..trips {
            ask.send(trip).await.expect("it listens");
            assert_eq!(answers.recv().await, Some(trip + 1));
        }
        drop(ask);
        other.await.expect("it ends");
        start.elapsed()
    })
}

/// `count` numbers from one task to another, through a channel with room for `room`.
pub fn stream(count: usize, room: usize) -> Duration {
    rt::in_a_task(async move {
        let (sender, mut receiver) = mpsc::channel(room);
        let start = Instant::now();
        let producer = rt::spawn(async move {
            for number in 0..count {
                sender.send(number).await.expect("it listens");
            }
        });
        let mut sum = 0;
        while let Some(number) = receiver.recv().await {
            sum += number;
        }
        assert_eq!(sum, count * (count - 1) / 2);
        producer.await.expect("it ends");
        start.elapsed()
    })
}

/// A task asks another for one answer at a time, with a oneshot to answer into.
pub fn oneshots(count: usize) -> Duration {
    rt::in_a_task(async move {
        let (ask, mut asked) = mpsc::channel::<oneshot::Sender<usize>>(1);
        let start = Instant::now();
        let other = rt::spawn(async move {
            let mut number = 0;
            while let Some(answer) = asked.recv().await {
                answer.send(number).expect("it waits");
                number += 1;
            }
        });
        for number in 0..count {
            let (answer, answered) = oneshot::channel();
            ask.send(answer).await.expect("it listens");
            assert_eq!(answered.await.expect("an answer"), number);
        }
        drop(ask);
        other.await.expect("it ends");
        start.elapsed()
    })
}

/// A lock that nobody else wants is taken and let go.
pub fn mutex_free(times: usize) -> Duration {
    rt::in_a_task(async move {
        let lock = rt::Mutex::new(0);
        let start = Instant::now();
        for _ in 0..times {
            *lock.lock().await += 1;
        }
        assert_eq!(lock.into_inner(), times);
        start.elapsed()
    })
}

/// `tasks` tasks want a lock `times` times each. The first holds it across a yield, so that the
/// others find a line; who lets go then goes to its end, and the line never empties.
pub fn mutex_in_line(tasks: usize, times: usize) -> Duration {
    rt::in_a_task(async move {
        let lock = Shared::new(rt::Mutex::new(0));
        let start = Instant::now();
        let work = |lock: Shared<rt::Mutex<usize>>| async move {
            for time in 0..times {
                let mut guard = lock.lock().await;
                if time == 0 {
                    rt::yield_now().await;
                }
                *guard += 1;
            }
        };
        let handles: Vec<_> = (0..tasks).map(|_| rt::spawn(work(lock.clone()))).collect();
        for handle in handles {
            handle.await.expect("it ends");
        }
        assert_eq!(*lock.lock().await, tasks * times);
        start.elapsed()
    })
}

/// `tasks` tasks want one of 8 permits `times` times each, and find a line, as with the lock.
pub fn semaphore(tasks: usize, times: usize) -> Duration {
    rt::in_a_task(async move {
        let permits = Shared::new(rt::Semaphore::new(8));
        let start = Instant::now();
        let work = |permits: Shared<rt::Semaphore>| async move {
            for time in 0..times {
                let _permit = permits.acquire().await.expect("open");
                if time == 0 {
                    rt::yield_now().await;
                }
            }
        };
        let handles: Vec<_> = (0..tasks)
            .map(|_| rt::spawn(work(permits.clone())))
            .collect();
        for handle in handles {
            handle.await.expect("it ends");
        }
        assert_eq!(permits.available_permits(), 8);
        start.elapsed()
    })
}

/// Two tasks notify each other by turns.
pub fn notify(times: usize) -> Duration {
    rt::in_a_task(async move {
        let (ping, pong) = (
            Shared::new(rt::Notify::new()),
            Shared::new(rt::Notify::new()),
        );
        let start = Instant::now();
        let other = {
            let (ping, pong) = (ping.clone(), pong.clone());
            rt::spawn(async move {
                for _ in 0..times {
                    ping.notified().await;
                    pong.notify_one();
                }
            })
        };
        for _ in 0..times {
            ping.notify_one();
            pong.notified().await;
        }
        other.await.expect("it ends");
        start.elapsed()
    })
}

/// Four channels have a message for each of `times` rounds of a `select!` over all four.
pub fn select(times: usize) -> Duration {
    rt::in_a_task(async move {
        let channels: [_; 4] = std::array::from_fn(|_| rt::mpsc::unbounded_channel());
        let [
            (a, mut from_a),
            (b, mut from_b),
            (c, mut from_c),
            (d, mut from_d),
        ] = channels;
        for n in 0..times {
            for sender in [&a, &b, &c, &d] {
                sender.send(n).expect("the receiver lives");
            }
        }
        let start = Instant::now();
        let mut received = [0; 4];
        for _ in 0..times {
            let from = rt::select! {
                Some(_) = from_a.recv() => 0,
                Some(_) = from_b.recv() => 1,
                Some(_) = from_c.recv() => 2,
                Some(_) = from_d.recv() => 3,
            };
            received[from] += 1;
        }
        let took = start.elapsed();
        assert!(received.iter().all(|&n| n > times / 5), "none is starved");
        took
    })
}

/// `times` times, a `join_all` of `count` futures that each wait for a word from another task.
pub fn join_all(count: usize, times: usize) -> Duration {
    rt::in_a_task(async move {
        let start = Instant::now();
        for _ in 0..times {
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..count).map(|_| rt::oneshot::channel()).unzip();
            let sending = rt::spawn(async move {
                for sender in senders {
                    sender.send(()).expect("the receiver lives");
                }
            });
            let all = rt::join_all(receivers).await;
            assert!(all.into_iter().all(|answer| answer.is_ok()));
            sending.await.expect("it ends");
        }
        start.elapsed()
    })
}
