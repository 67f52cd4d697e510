//! Tasks that work together: channels and locks. Compiled once for each contender, as
//! [`tasks`](super::tasks) is.

use super::rt::{self, Shared, mpsc};
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
        start.elapsed()
    })
}
