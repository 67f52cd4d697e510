//! `OnceCell` beside an `Option` and a `VecDeque`: random programs of asking for the value, of
//! making it, failing, panicking and giving up.

mod locks_support;

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::task::Poll;

use hob::sync::{OnceCell, SetError};
use locks_support::{Waiter, pick};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Made {
    Fine,
    Failed,
    /// `init` panics when it is polled.
    Panics,
}

#[derive(Clone, Debug)]
enum Step {
    Ask,
    Poll(usize),
    Cancel(usize),
    /// Whoever makes the value now is done, which its next poll will show.
    Finish(Made),
    Set,
}

fn step() -> impl Strategy<Value = Step> {
    let some = 0..8_usize;
    prop_oneof![
        5 => Just(Step::Ask),
        6 => some.clone().prop_map(Step::Poll),
        4 => some.clone().prop_map(Step::Cancel),
        1 => Just(Step::Finish(Made::Fine)),
        2 => Just(Step::Finish(Made::Failed)),
        1 => Just(Step::Finish(Made::Panics)),
        1 => some.prop_filter_map("now and then", |n| (n == 0).then_some(Step::Set)),
    ]
}

#[derive(Default)]
struct Model {
    value: Option<usize>,
    /// Who has the right to make it; true: and has begun.
    maker: Option<(usize, bool)>,
    line: VecDeque<usize>,
}

impl Model {
    /// The maker is no more.
    fn hand_on(&mut self) {
        self.maker = self.line.pop_front().map(|id| (id, false));
    }

    fn fill(&mut self, value: usize) {
        self.value = Some(value);
        self.maker = None;
        self.line.clear();
    }
}

fn run(steps: Vec<Step>) {
    let cell = OnceCell::new();
    let finished = Rc::new(Cell::new(None));
    let mut model = Model::default();
    let mut waiters = Vec::new();
    for (id, step) in steps.into_iter().enumerate() {
        let polled = match step {
            Step::Ask => {
                let finished = finished.clone();
                let making = cell.get_or_try_init(move || {
                    poll_fn(move |_| match finished.take() {
                        None => Poll::Pending,
                        Some(Made::Fine) => Poll::Ready(Ok(id)),
                        Some(Made::Failed) => Poll::Ready(Err(())),
                        Some(Made::Panics) => resume_unwind(Box::new("as was asked for")),
                    })
                });
                waiters.push(Waiter::new(id, making));
                if model.value.is_none() {
                    match model.maker {
                        None => model.maker = Some((id, false)),
                        Some(_) => model.line.push_back(id),
                    }
                }
                Some(waiters.len() - 1)
            }
            Step::Poll(at) => pick(at, waiters.len()),
            Step::Cancel(at) => {
                if let Some(at) = pick(at, waiters.len()) {
                    let id = waiters.remove(at).id;
                    model.line.retain(|waiter| *waiter != id);
                    if model.maker.is_some_and(|maker| maker.0 == id) {
                        model.hand_on();
                    }
                }
                None
            }
            Step::Finish(made) => {
                if matches!(model.maker, Some((_, true))) {
                    finished.set(Some(made));
                }
                None
            }
            Step::Set => {
                let expected = match (model.value, model.maker) {
                    (Some(_), _) => Err(SetError::AlreadyInitialized(id)),
                    (None, Some(_)) => Err(SetError::Initializing(id)),
                    (None, None) => Ok(()),
                };
                assert_eq!(cell.set(id), expected);
                if expected.is_ok() {
                    model.fill(id);
                }
                None
            }
        };
        if let Some(at) = polled {
            let id = waiters[at].id;
            let mine = model.maker.is_some_and(|maker| maker.0 == id);
            let made = if mine { finished.get() } else { None };
            let answer = catch_unwind(AssertUnwindSafe(|| waiters[at].poll()));
            let gone = match (answer, made) {
                (Err(_panic), Some(Made::Panics)) => {
                    drop(waiters.remove(at));
                    model.hand_on();
                    false
                }
                (Ok(Poll::Ready(Err(()))), Some(Made::Failed)) => {
                    model.hand_on();
                    true
                }
                (Ok(Poll::Ready(Ok(value))), Some(Made::Fine)) => {
                    assert_eq!(*value, id);
                    model.fill(id);
                    true
                }
                (Ok(Poll::Ready(Ok(value))), None) => {
                    assert_eq!(Some(*value), model.value);
                    true
                }
                (Ok(Poll::Pending), None) => {
                    assert!(model.value.is_none());
                    if mine {
                        model.maker = Some((id, true));
                    }
                    false
                }
                (answer, made) => panic!("{answer:?}, not {made:?}"),
            };
            if gone {
                waiters.remove(at);
            }
        }
        if !matches!(model.maker, Some((_, true))) {
            finished.set(None);
        }
        assert_eq!(cell.get().copied(), model.value);
        for waiter in &waiters {
            let maker = model.maker.is_some_and(|maker| maker == (waiter.id, false));
            let called = maker || model.value.is_some();
            assert_eq!(
                waiter.wakes(),
                usize::from(called),
                "woken once, when called"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Trap 41. Broken by: `end` left out of the drop of `Turn`, or out of the failure in
    /// `Making::poll`; `fill` not closing the gate.
    #[test]
    fn the_cell_does_what_the_model_does(steps in prop::collection::vec(step(), 0..120)) {
        run(steps);
    }
}
