//! Wakes from other threads: none is lost, none is counted twice, none comes too late to land.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use hob::{Handle, Runtime, block_on, metrics, spawn};

/// A counter that other threads raise, and that a task waits for.
#[derive(Default)]
struct Raised {
    count: AtomicU32,
    waker: Mutex<Option<Waker>>,
}

impl Raised {
    fn raise(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        let waker = self.waker.lock().unwrap().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn wait_for(&self, wanted: u32) {
        poll_fn(|cx| {
            *self.waker.lock().unwrap() = Some(cx.waker().clone());
            match self.count.load(Ordering::SeqCst) >= wanted {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

/// Traps 5, 24 and 56: the loop goes to sleep again and again while eight threads wake it.
/// Broken by: clearing `queued_there` by a plain store after the poll (hangs).
#[test]
fn eight_threads_wake_a_hundred_thousand_times_and_none_is_lost() {
    const THREADS: u32 = 8;
    const WAKES: u32 = 100_000;
    block_on(async {
        let mut tasks = Vec::new();
        for _ in 0..THREADS {
            let raised = Arc::new(Raised::default());
            let theirs = raised.clone();
            thread::spawn(move || {
                for n in 0..WAKES {
                    theirs.raise();
                    if n % 64 == 0 {
                        thread::yield_now();
                    }
                }
            });
            tasks.push(spawn(async move { raised.wait_for(WAKES).await }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Broken by: `prepare_sleep` always false (tens of thousands of visits); telling of the interrupt
/// as an I/O event in `Reactor::wait`.
#[test]
fn a_loop_that_only_another_thread_can_wake_sleeps_until_then() {
    block_on(async {
        let raised = Arc::new(Raised::default());
        let theirs = raised.clone();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            theirs.raise();
        });
        raised.wait_for(1).await;
        thread.join().unwrap();
        let counters = metrics().counters;
        let visits = counters.kernel_visits;
        assert!(visits <= 10, "{visits} visits");
        assert_eq!(counters.io_events, 0, "an interrupt is none");
    });
}

/// Trap 5, one at a time: each wake finds the loop asleep or about to be. Broken by:
/// `prepare_sleep` returning true without a look at the mail (hangs).
#[test]
fn a_wake_between_the_last_look_and_the_sleep_is_not_slept_through() {
    let (ask, asked) = channel::<(Waker, Arc<AtomicBool>)>();
    thread::spawn(move || {
        for (waker, flag) in asked {
            flag.store(true, Ordering::SeqCst);
            waker.wake();
        }
    });
    block_on(async move {
        for _ in 0..20_000 {
            answer_from(&ask).await;
        }
    });
}

async fn answer_from(ask: &Sender<(Waker, Arc<AtomicBool>)>) {
    let flag = Arc::new(AtomicBool::new(false));
    let asked = Cell::new(false);
    poll_fn(|cx| {
        if flag.load(Ordering::SeqCst) {
            return Poll::Ready(());
        }
        if !asked.replace(true) {
            ask.send((cx.waker().clone(), flag.clone())).unwrap();
        }
        Poll::Pending
    })
    .await;
}

/// Traps 6 and 7. Broken by: `unwrap` on the answer of `post` in `wake_from_elsewhere`.
#[test]
fn a_waker_that_outlives_its_runtime_may_be_called_anywhere() {
    thread_local! {
        static KEPT: Cell<Option<CallOnDrop>> = const { Cell::new(None) };
    }
    struct CallOnDrop(Waker);
    impl Drop for CallOnDrop {
        fn drop(&mut self) {
            self.0.wake_by_ref();
        }
    }
    thread::spawn(|| {
        let waker = block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
        waker.wake_by_ref();
        let theirs = waker.clone();
        thread::spawn(move || theirs.wake()).join().unwrap();
        // And once more while the thread's locals are torn down.
        KEPT.set(Some(CallOnDrop(waker)));
    })
    .join()
    .unwrap();
}

/// Trap 6: the waker is called and dropped, and the wake lands all the same. Broken by:
/// leaving out `interrupt.wake_by_ref()` in `Remote::post` (hangs).
#[test]
fn a_wake_lands_though_its_waker_is_dropped_at_once() {
    block_on(async {
        let raised = Arc::new(Raised::default());
        let theirs = raised.clone();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            theirs.count.fetch_add(1, Ordering::SeqCst);
            // On a busy machine, the loop may not have come to leave it yet.
            let waker = loop {
                if let Some(waker) = theirs.waker.lock().unwrap().take() {
                    break waker;
                }
                thread::yield_now();
            };
            waker.wake();
        });
        raised.wait_for(1).await;
        thread.join().unwrap();
        assert!(metrics().counters.wakes_from_elsewhere >= 1);
    });
}

/// A wake that was posted for one task must not wake the next one in its slot. Broken by:
/// comparing only the index in `TaskSlab::get`.
#[test]
fn a_posted_wake_of_a_task_that_ended_wakes_nobody_else() {
    block_on(async {
        let kept = spawn(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
        let waker = kept.await.unwrap();
        let polls = std::rc::Rc::new(Cell::new(0));
        let seen = polls.clone();
        let _task = spawn(poll_fn(move |_| {
            seen.set(seen.get() + 1);
            Poll::<()>::Pending
        }));
        thread::spawn(move || {
            for _ in 0..1000 {
                waker.wake_by_ref();
            }
        })
        .join()
        .unwrap();
        for _ in 0..3 {
            hob::yield_now().await;
        }
        assert_eq!(polls.get(), 1);
    });
}

#[test]
fn another_thread_starts_work_through_a_handle_and_gets_its_result() {
    block_on(async {
        let handle = Handle::current();
        let answer = hob::spawn_blocking(move || {
            let task = handle.spawn(|| async {
                hob::yield_now().await;
                hob::task_id().is_some()
            });
            (task.join().unwrap(), handle.block_on(|| async { 42 }))
        });
        assert_eq!(answer.await.unwrap(), (true, 42));
    });
}

#[test]
fn a_panic_of_handed_in_work_reaches_who_joins_it() {
    block_on(async {
        let handle = Handle::current();
        let error = handle.spawn(|| async { panic!("in the loop") }).await;
        assert!(error.unwrap_err().is_panic());
        let error = handle.spawn(|| -> std::future::Ready<()> { panic!("making it") });
        assert!(error.await.unwrap_err().is_panic());
    });
}

#[test]
fn work_handed_to_a_runtime_that_is_gone_says_so() {
    let runtime = Runtime::new().unwrap();
    let handle = runtime.handle();
    drop(runtime);
    assert!(handle.spawn(|| async {}).join().unwrap_err().is_cancelled());
}

/// With virtual time a live handle stops the clock, and the last one to go lets it run on.
/// Broken by: leaving out the drop of `Shared` in runtime/handle.rs (hangs).
#[test]
fn the_last_handle_that_goes_lets_virtual_time_run_on() {
    let runtime = hob::Builder::new().virtual_time().build().unwrap();
    let handle = runtime.handle();
    let thread = thread::spawn(move || {
        handle.block_on(|| async {});
        // The loop has gone to sleep again meanwhile, and waits for us.
        thread::sleep(Duration::from_millis(20));
        drop(handle);
    });
    runtime.block_on(hob::time::sleep(Duration::from_secs(3600)));
    thread.join().unwrap();
}

/// Broken by: leaving out `sent` in `Meeting::take` (hangs).
#[test]
#[should_panic(expected = "asked again")]
fn a_remote_handle_that_gave_its_result_says_so_when_asked_again() {
    block_on(async {
        let mut task = Handle::current().spawn(|| async { 1 });
        assert_eq!((&mut task).await.unwrap(), 1);
        let _ = task.await;
    });
}

#[test]
fn runtimes_on_several_threads_wake_each_others_tasks() {
    let (send, receive) = channel::<Waker>();
    let flag = Arc::new(AtomicBool::new(false));
    let theirs = flag.clone();
    let first = thread::spawn(move || {
        block_on(poll_fn(|cx| match theirs.load(Ordering::SeqCst) {
            true => Poll::Ready(()),
            false => {
                send.send(cx.waker().clone()).unwrap();
                Poll::Pending
            }
        }));
    });
    let waker = receive.recv().unwrap();
    block_on(async {
        spawn(async move {
            flag.store(true, Ordering::SeqCst);
            waker.wake();
        })
        .await
        .unwrap();
    });
    first.join().unwrap();
}

/// The second wake from another thread for the same poll is not posted again, but after the
/// poll it is. Broken by: never clearing `queued_there` (hangs).
#[test]
fn each_round_of_foreign_wakes_is_one_poll() {
    struct Rounds(u32);
    impl Future for Rounds {
        type Output = u32;
        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
            self.0 += 1;
            if self.0 == 5 {
                return Poll::Ready(self.0);
            }
            let waker = cx.waker().clone();
            let twice = thread::spawn(move || {
                waker.wake_by_ref();
                waker.wake();
            });
            twice.join().unwrap();
            Poll::Pending
        }
    }
    block_on(async {
        assert_eq!(spawn(Rounds(0)).await.unwrap(), 5);
        assert_eq!(metrics().counters.wakes_from_elsewhere, 4);
    });
}
