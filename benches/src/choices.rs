//! Sets, oneshots, `select!`, `join_all`, `Notify`: what only hob and tokio have in the same
//! form. Compiled once for each of them, as [`tasks`](super::tasks) is.

use super::rt::{self, Shared, mpsc, oneshot};
use std::time::{Duration, Instant};

/// `sets` sets of `count` tasks each, whose results are taken as they come.
pub fn join_sets(sets: usize, count: usize) -> Duration {
    rt::in_a_task(async move {
        let start = Instant::now();
        for _ in 0..sets {
            let mut set = rt::JoinSet::new();
            for n in 0..count {
                set.spawn(async move { n });
            }
            let mut sum = 0;
            while let Some(result) = set.join_next().await {
                sum += result.expect("it ends");
            }
            assert_eq!(sum, count * (count - 1) / 2);
        }
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
