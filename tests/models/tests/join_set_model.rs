//! `JoinSet` against a plain model of it: whatever is called in whatever order, each task's
//! result comes out once, in the order of completion, unless it was let go.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hob::sync::oneshot;
use hob::{AbortHandle, JoinSet, block_on, yield_now};
use proptest::prelude::*;

/// One call. Tasks are named by numbers, taken modulo those that run.
#[derive(Clone, Debug)]
enum Call {
    Spawn,
    /// Lets a task return.
    Finish(usize),
    /// Lets a task panic.
    Panic(usize),
    Abort(usize),
    AbortAll,
    TryJoinNext,
    /// Polls `join_next` once and gives it up.
    PollJoinNext,
    DetachAll,
    Shutdown,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        6 => Just(Call::Spawn),
        4 => any::<usize>().prop_map(Call::Finish),
        1 => any::<usize>().prop_map(Call::Panic),
        2 => any::<usize>().prop_map(Call::Abort),
        1 => Just(Call::AbortAll),
        4 => Just(Call::TryJoinNext),
        4 => Just(Call::PollJoinNext),
        1 => Just(Call::DetachAll),
        1 => Just(Call::Shutdown),
    ];
    proptest::collection::vec(call, 0..60)
}

/// What a task gave.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Returned(u64),
    Panicked,
    Cancelled,
}

struct Running {
    number: u64,
    tell: oneshot::Sender<bool>,
    abort: AbortHandle,
}

/// What a set should be: two lists.
#[derive(Default)]
struct Model {
    running: Vec<Running>,
    done: VecDeque<End>,
}

fn end(result: Result<u64, hob::JoinError>) -> End {
    match result {
        Ok(number) => End::Returned(number),
        Err(error) if error.is_panic() => End::Panicked,
        Err(_) => End::Cancelled,
    }
}

async fn run(calls: Vec<Call>) {
    let (mut set, mut model) = (JoinSet::new(), Model::default());
    let alive = Rc::new(());
    let detached: RefCell<Vec<Running>> = RefCell::default();
    // Not dropped before the abort has come: to a task, that would be told to return.
    let mut aborted = Vec::new();
    let mut next = 0;
    for call in calls {
        match call {
            Call::Spawn => {
                let (tell, told) = oneshot::channel();
                let (number, held) = (next, alive.clone());
                next += 1;
                let abort = set.spawn(async move {
                    let fine = told.await.unwrap_or(true);
                    drop(held);
                    if !fine {
                        std::panic::resume_unwind(Box::new("as it was told"));
                    }
                    number
                });
                // Not yet polled, or waiting: both are to be tried.
                if number % 2 == 0 {
                    yield_now().await;
                }
                model.running.push(Running {
                    number,
                    tell,
                    abort,
                });
            }
            Call::Finish(which) | Call::Panic(which) if !model.running.is_empty() => {
                let at = which % model.running.len();
                let task = model.running.remove(at);
                let fine = matches!(call, Call::Finish(_));
                task.tell.send(fine).expect("it waits for it");
                model.done.push_back(match fine {
                    true => End::Returned(task.number),
                    false => End::Panicked,
                });
            }
            Call::Abort(which) if !model.running.is_empty() => {
                let at = which % model.running.len();
                let task = model.running.remove(at);
                task.abort.abort();
                aborted.push(task);
                model.done.push_back(End::Cancelled);
            }
            Call::Finish(_) | Call::Panic(_) | Call::Abort(_) => {}
            Call::AbortAll => {
                set.abort_all();
                let all = model.running.len();
                model.done.extend(vec![End::Cancelled; all]);
                aborted.append(&mut model.running);
            }
            Call::TryJoinNext => {
                assert_eq!(set.try_join_next().map(end), model.done.pop_front());
            }
            Call::PollJoinNext => {
                let polled = {
                    let mut next = set.join_next();
                    let mut cx = Context::from_waker(Waker::noop());
                    std::pin::Pin::new(&mut next).poll(&mut cx)
                };
                let expected = match model.done.pop_front() {
                    Some(end) => Poll::Ready(Some(end)),
                    None if model.running.is_empty() => Poll::Ready(None),
                    None => Poll::Pending,
                };
                assert_eq!(polled.map(|next| next.map(end)), expected);
            }
            Call::DetachAll => {
                set.detach_all();
                detached.borrow_mut().append(&mut model.running);
                model.done.clear();
            }
            Call::Shutdown => {
                set.shutdown().await;
                model = Model::default();
            }
        }
        // Whatever was asked for happens: two turns are enough for any of it.
        yield_now().await;
        yield_now().await;
        assert_eq!(set.len(), model.running.len() + model.done.len());
        let live = model.running.len() + detached.borrow().len();
        assert_eq!(Rc::strong_count(&alive), 1 + live, "what ended is dropped");
    }
    // What was let go of goes on, and what is left ends with its set.
    drop((set, model));
    yield_now().await;
    assert_eq!(Rc::strong_count(&alive), 1 + detached.borrow().len());
    for task in detached.take() {
        task.tell.send(true).expect("it goes on");
    }
    yield_now().await;
    assert_eq!(Rc::strong_count(&alive), 1);
    assert_eq!(hob::metrics().live_tasks, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Broken by: `push_front` in `Member::arrive` (the order), or by leaving out `detached`.
    #[test]
    fn a_join_set_does_what_its_model_does(calls in calls()) {
        block_on(run(calls));
    }
}
