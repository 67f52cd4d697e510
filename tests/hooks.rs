//! The hooks around the sleep, the observer of events, and what tasks say of themselves.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hob::net::{TcpListener, TcpStream};
use hob::{Builder, Event, Observer, block_on, spawn, spawn_named, task_id, yield_now};

/// Trap 11. Broken by: leaving out the second `is_idle` in `Inner::rest` (hangs).
#[test]
fn a_hook_that_wakes_right_before_the_sleep_keeps_the_loop_awake() {
    let waker = Rc::new(RefCell::new(None::<Waker>));
    let kept = waker.clone();
    let runtime = Builder::new()
        .on_park(move || {
            if let Some(waker) = kept.take() {
                waker.wake();
            }
        })
        .build()
        .unwrap();
    let mut polls = 0;
    runtime.block_on(poll_fn(|cx| {
        polls += 1;
        if polls == 3 {
            return Poll::Ready(());
        }
        waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    }));
    assert_eq!(polls, 3);
}

#[test]
fn a_hook_may_spawn_and_each_sleep_is_framed_by_both_hooks() {
    let (parks, unparks) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (p, u) = (parks.clone(), unparks.clone());
    let runtime = Builder::new()
        .on_park(move || {
            p.set(p.get() + 1);
            if p.get() == 1 {
                spawn(async {});
            }
        })
        .on_unpark(move || u.set(u.get() + 1))
        .build()
        .unwrap();
    runtime.block_on(hob::time::sleep(Duration::from_millis(2)));
    assert!(parks.get() >= 2 && unparks.get() >= 1);
    assert_eq!(runtime.metrics().counters.spawns, 2);
}

/// Trap 11, with jobs that run on the loop. Broken by: asking only the executor after the hook
/// (hangs).
#[test]
fn a_job_that_a_hook_hands_in_runs_also_without_workers() {
    let done = Rc::new(Cell::new(false));
    let (theirs, mut once) = (done.clone(), false);
    let once = RefCell::new(move || !std::mem::replace(&mut once, true));
    let (send, receive) = std::sync::mpsc::channel::<Waker>();
    let runtime = Builder::new()
        .worker_threads(0)
        .on_park(move || {
            if (once.borrow_mut())() {
                let waker = receive.recv().unwrap();
                drop(hob::spawn_blocking(move || waker.wake()));
                theirs.set(true);
            }
        })
        .build()
        .unwrap();
    runtime.block_on(poll_fn(|cx| {
        if done.get() {
            return Poll::Ready(());
        }
        send.send(cx.waker().clone()).unwrap();
        Poll::Pending
    }));
}

/// I4 of the reactor, whose own assertion finds it out. Broken by: leaving `may_sleep` out of
/// `Inner::sleep`.
#[test]
fn a_read_in_a_hook_that_only_guesses_keeps_the_loop_awake() {
    let stream = Rc::new(RefCell::new(None::<TcpStream>));
    let hooked = stream.clone();
    let runtime = Builder::new()
        .on_park(move || {
            if let Some(stream) = &*hooked.borrow() {
                let mut byte = [0];
                let read = pin!(stream.read(&mut byte));
                let polled = read.poll(&mut Context::from_waker(Waker::noop()));
                assert!(polled.is_pending());
            }
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let asking = TcpStream::connect(addr).await.unwrap();
        let (answering, _) = listener.accept().await.unwrap();
        let _answers = spawn(async move {
            let mut byte = [0];
            while answering.read_exact(&mut byte).await.is_ok() && byte == *b"?" {
                answering.write_all(b"!").await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        // Enough to make a habit of it.
        for _ in 0..10 {
            asking.write_all(b"?").await.unwrap();
            asking.read_exact(&mut [0]).await.unwrap();
        }
        asking.write_all(b".").await.unwrap();
        stream.replace(Some(asking));
        hob::time::sleep(Duration::from_millis(1)).await;
        stream.take();
    });
}

#[test]
fn an_observer_hears_what_happens() {
    #[derive(Default)]
    struct Heard(RefCell<Vec<Event>>);
    struct Shared(Rc<Heard>);
    impl Observer for Shared {
        fn event(&self, event: Event) {
            self.0.0.borrow_mut().push(event);
            // It may spawn: that is counted and not told again.
            if matches!(event, Event::Spawned(_)) {
                spawn(async {});
            }
        }
    }
    let heard = Rc::new(Heard::default());
    let runtime = Builder::new()
        .observer(Shared(heard.clone()))
        .build()
        .unwrap();
    let id = runtime.block_on(async {
        let task = spawn(async {});
        let id = task.id();
        task.await.unwrap();
        id
    });
    let events = heard.0.borrow();
    let count = |wanted: Event| events.iter().filter(|event| **event == wanted).count();
    assert_eq!(count(Event::Spawned(id)), 1);
    assert_eq!(count(Event::Polled(id)), 1);
    assert_eq!(count(Event::Ended(id)), 1);
}

#[test]
fn handles_show_the_id_of_their_task() {
    block_on(async {
        let task = spawn(async {});
        let id = task.id().to_string();
        assert!(format!("{task:?}").contains(&id), "{task:?}");
        let abort = task.abort_handle();
        assert_eq!(format!("{abort:?}"), format!("AbortHandle({id})"));
    });
}

/// Broken by: `NEXT.set(id)` in `next_id` (each task draws a block), or a factor other than
/// `BLOCK` (the same ids come again).
#[test]
fn the_ids_of_tasks_grow_by_one_within_a_block_and_blocks_are_large() {
    block_on(async {
        let mut before = task_id().unwrap().as_u64();
        let mut blocks = 0;
        for _ in 0..3000 {
            let id = spawn(async {}).id().as_u64();
            assert!(id > before, "{id} after {before}");
            blocks += u32::from(id != before + 1);
            before = id;
        }
        assert!(blocks <= 3, "{blocks}");
    });
}

#[test]
fn a_task_shows_its_name_its_place_and_what_it_waits_for() {
    block_on(async {
        let line = line!() + 1;
        let waited_for = spawn_named("first", std::future::pending::<()>());
        let id = waited_for.id();
        let waiting = spawn_named("second", async { waited_for.await.unwrap() });
        yield_now().await;
        let tasks = hob::tasks();
        assert_eq!(tasks.len(), 3);
        assert_eq!(tasks.iter().filter(|t| t.running).count(), 1, "this one");
        let first = tasks
            .iter()
            .find(|t| t.name.as_deref() == Some("first"))
            .unwrap();
        assert_eq!((first.spawned_at.line(), first.wait), (line, None));
        let second = tasks.iter().find(|t| t.id == waiting.id()).unwrap();
        let wait = second.wait.unwrap();
        assert_eq!(
            (wait.kind, wait.resource),
            (hob::WaitKind::Join, id.as_u64())
        );
        assert_eq!(wait.at.line(), line);
    });
}
