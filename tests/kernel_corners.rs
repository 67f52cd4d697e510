//! Corners of the kernel where two features meet: virtual time and handles, observers and
//! panics, runtimes in thread-locals, a yield after a wake.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use hob::time::{interval, sleep};
use hob::{Builder, Event, Handle, Observer, Runtime, block_on, metrics, spawn, yield_now};

/// Broken by: `key.with` in place of `try_with` in current.rs (the process aborts).
#[test]
fn a_runtime_may_live_in_a_thread_local() {
    thread_local! {
        static RUNTIME: Runtime = Runtime::new().unwrap();
    }
    let thread = thread::spawn(|| RUNTIME.with(|runtime| runtime.block_on(async { 7 })));
    assert_eq!(thread.join().unwrap(), 7);
}

/// Broken by: `Rest::Jump` for a deadline that has come already (hangs: the handle lives).
#[test]
fn virtual_time_fires_what_is_due_also_while_a_handle_lives() {
    Builder::new().virtual_time().block_on(async {
        let mut ticks = interval(Duration::from_secs(10));
        ticks.tick().await;
        assert!(
            futures_lite::future::poll_once(ticks.tick())
                .await
                .is_none()
        );
        let _handle = Handle::current();
        ticks.reset_immediately();
        ticks.tick().await;
    });
}

struct OnVisit<F: Fn()>(F);
impl<F: Fn()> Observer for OnVisit<F> {
    fn event(&self, event: Event) {
        if event == Event::KernelVisited {
            (self.0)();
        }
    }
}

/// Broken by: leaving out `has_work` behind the visit in `Inner::sleep` (the task runs an
/// hour late).
#[test]
fn virtual_time_does_not_jump_over_a_task_that_an_observer_made() {
    let (made, ran_at) = (Cell::new(false), Rc::new(Cell::new(None)));
    let seen = ran_at.clone();
    let observer = OnVisit(move || {
        let seen = seen.clone();
        if !made.replace(true) {
            spawn(async move { seen.set(Some(hob::time::now())) });
        }
    });
    let runtime = Builder::new()
        .virtual_time()
        .observer(observer)
        .build()
        .unwrap();
    runtime.block_on(async {
        let begin = hob::time::now();
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(ran_at.get(), Some(begin));
    });
}

/// Broken by: leaving `has_mail` out of `Inner::nobody_else_can_wake` (the task runs an hour
/// late).
#[test]
fn virtual_time_does_not_jump_over_a_letter_that_came_right_before() {
    let waker = Rc::new(Cell::new(None::<Waker>));
    let (kept, woken_at) = (waker.clone(), Rc::new(Cell::new(None)));
    let runtime = Builder::new()
        .virtual_time()
        .on_park(move || {
            if let Some(waker) = kept.take() {
                thread::spawn(|| waker.wake()).join().unwrap();
            }
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        let seen = woken_at.clone();
        let mut polls = 0;
        spawn(poll_fn(move |cx| {
            polls += 1;
            if polls == 2 {
                seen.set(Some(hob::time::now()));
                return Poll::Ready(());
            }
            waker.set(Some(cx.waker().clone()));
            Poll::Pending
        }));
        let begin = hob::time::now();
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(woken_at.get(), Some(begin));
    });
}

/// Broken by: leaving out `caught` in `trace::tell` (the second task is never woken).
#[test]
fn an_observer_that_panics_harms_nobody() {
    struct Panics;
    impl Observer for Panics {
        fn event(&self, event: Event) {
            assert_ne!(event, Event::WokenFromElsewhere, "a hostile observer");
            assert!(!matches!(event, Event::Spawned(_) | Event::Ended(_)));
        }
    }
    let runtime = Builder::new().observer(Panics).build().unwrap();
    runtime.block_on(async {
        let waiting = (0..2).map(|_| spawn(woken_from_a_thread()));
        for task in waiting.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(metrics().counters.wakes_from_elsewhere, 2);
    });
}

async fn woken_from_a_thread() {
    let mut asked = false;
    poll_fn(move |cx| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        thread::spawn(move || waker.wake()).join().unwrap();
        Poll::Pending
    })
    .await;
}

/// Broken by: sending without `ring` in `timers::reset` (hangs).
#[test]
fn a_sleep_that_another_thread_makes_earlier_ends_earlier() {
    let shared = Arc::new(Mutex::new(Box::pin(sleep(Duration::MAX))));
    let theirs = shared.clone();
    let (send, receive) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        receive.recv().unwrap();
        let mut sleep = theirs.lock().unwrap();
        sleep.as_mut().reset(std::time::Instant::now());
    });
    block_on(async {
        spawn(async move {
            yield_now().await; // the sleep has been polled
            send.send(()).unwrap();
        });
        poll_fn(|cx| shared.lock().unwrap().as_mut().poll(cx)).await;
    });
    thread.join().unwrap();
}

/// Broken by: `caught::drop(unread)` for all of them at once in `Executor::close` (aborts).
#[test]
fn work_that_was_never_started_may_panic_when_it_is_dropped() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("unread");
        }
    }
    let runtime = Runtime::new().unwrap();
    for _ in 0..2 {
        let bomb = Bomb;
        drop(runtime.handle().spawn(move || async move { drop(bomb) }));
    }
    drop(runtime);
}

/// Broken by: `refuse_nesting` only in `join`.
#[test]
fn a_handles_block_on_that_is_refused_hands_nothing_in() {
    block_on(async {
        let ran = Arc::new(Mutex::new(false));
        let theirs = ran.clone();
        let refused = spawn(async move {
            Handle::current().block_on(move || async move { *theirs.lock().unwrap() = true });
        });
        assert!(refused.await.unwrap_err().is_panic());
        for _ in 0..5 {
            yield_now().await;
        }
        assert!(!*ran.lock().unwrap());
    });
}

/// Broken by: leaving out the look at whose pool is the current one in `Pool::tell_ended`.
#[test]
fn a_job_is_counted_where_it_was_started() {
    let (home, other) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    let mut job = None;
    home.block_on(async { job = Some(hob::spawn_blocking(|| 7)) });
    assert_eq!(other.block_on(job.unwrap()).unwrap(), 7);
    let ended = |runtime: &Runtime| runtime.block_on(async { metrics() }).counters.jobs_ended;
    assert_eq!((ended(&home), ended(&other)), (1, 0));
}

/// Trap 29. Broken by: leaving out `set_aside` in `Executor::queue`.
#[test]
fn whoever_yields_after_it_was_woken_in_the_same_poll_waits_for_the_kernel_too() {
    block_on(async {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        })
        .await;
        let before = metrics().counters.kernel_visits;
        yield_now().await;
        assert_eq!(metrics().counters.kernel_visits, before + 1);
    });
}

/// Broken by: leaving out the drop of `JoinHandle`.
#[test]
fn a_handle_that_is_dropped_keeps_no_waker() {
    struct Nothing;
    impl Wake for Nothing {
        fn wake(self: Arc<Self>) {}
    }
    block_on(async {
        let nothing = Arc::new(Nothing);
        let waker = Waker::from(nothing.clone());
        let mut task = spawn(std::future::pending::<()>());
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
        assert_eq!(Arc::strong_count(&nothing), 3);
        drop(task);
        assert_eq!(Arc::strong_count(&nothing), 2);
    });
}

/// Traps 10 and 60. Broken by: dropping all wakers at once in `Reactor::close` (the file's
/// last write is lost with the pool's shutdown).
#[test]
fn a_waker_that_panics_when_the_reactor_drops_it_does_not_stop_the_end() {
    struct PanicsOnDrop;
    impl Wake for PanicsOnDrop {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic!("a hostile waker");
        }
    }
    thread_local! {
        static KEPT: RefCell<Vec<hob::net::UdpSocket>> = const { RefCell::new(Vec::new()) };
    }
    let ran = Arc::new(Mutex::new(false));
    let theirs = ran.clone();
    block_on(async move {
        for _ in 0..2 {
            let socket = hob::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let waker = Waker::from(Arc::new(PanicsOnDrop));
            let mut cx = Context::from_waker(&waker);
            assert!(socket.poll_recv_from(&mut cx, &mut [0; 8]).is_pending());
            drop(waker); // the reactor holds the last count now
            KEPT.with_borrow_mut(|kept| kept.push(socket));
        }
        let handle = Handle::current();
        drop(hob::spawn_blocking(move || {
            drop(handle.spawn(|| async {}));
            thread::sleep(Duration::from_millis(20));
            *theirs.lock().unwrap() = true;
        }));
        // The job has begun when its call into the loop has come.
        while metrics().counters.spawns < 2 {
            yield_now().await;
        }
    });
    assert!(*ran.lock().unwrap(), "the running job was waited for");
    KEPT.take();
}
