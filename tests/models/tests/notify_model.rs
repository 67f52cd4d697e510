//! `Notify`, of one thread and remote, beside a flag and a `VecDeque`: random programs of
//! waiting, giving up and calling one, the last, or all.

mod locks_support;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use hob::sync::{Notify, remote};
use locks_support::{Waiter, pick};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    /// A future is made, and polled only later.
    Make {
        owned: bool,
    },
    Poll(usize),
    Cancel(usize),
    One,
    Last,
    All,
}

fn step() -> impl Strategy<Value = Step> {
    let some = 0..8_usize;
    prop_oneof![
        5 => any::<bool>().prop_map(|owned| Step::Make { owned }),
        8 => some.clone().prop_map(Step::Poll),
        4 => some.prop_map(Step::Cancel),
        3 => Just(Step::One),
        2 => Just(Step::Last),
        1 => Just(Step::All),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Called {
    First,
    Last,
    /// With all the others.
    Along,
}

#[derive(Default)]
struct Model {
    stored: bool,
    /// Made and not polled yet.
    fresh: Vec<usize>,
    line: VecDeque<usize>,
    called: Vec<(usize, Called)>,
}

impl Model {
    fn call(&mut self, by: Called) {
        let id = match by {
            Called::Last => self.line.pop_back(),
            Called::First | Called::Along => self.line.pop_front(),
        };
        match id {
            Some(id) => self.called.push((id, by)),
            None => self.stored = true,
        }
    }

    fn call_all(&mut self) {
        let all = self.line.drain(..).chain(self.fresh.drain(..));
        self.called.extend(all.map(|id| (id, Called::Along)));
    }

    fn poll(&mut self, id: usize) -> bool {
        if let Some(at) = self.called.iter().position(|called| called.0 == id) {
            self.called.remove(at);
            return true;
        }
        if let Some(at) = self.fresh.iter().position(|fresh| *fresh == id) {
            self.fresh.remove(at);
            if std::mem::take(&mut self.stored) {
                return true;
            }
            self.line.push_back(id);
        }
        false
    }

    fn cancel(&mut self, id: usize) {
        self.fresh.retain(|fresh| *fresh != id);
        self.line.retain(|waiter| *waiter != id);
        if let Some(at) = self.called.iter().position(|called| called.0 == id) {
            match self.called.remove(at).1 {
                Called::Along => {}
                by => self.call(by),
            }
        }
    }
}

type Notified<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// What the two kinds have in common.
trait Notifies {
    fn make(&self, owned: bool) -> Notified<'_>;
    fn one(&self);
    fn last(&self);
    fn all(&self);
}

impl Notifies for Rc<Notify> {
    fn make(&self, owned: bool) -> Notified<'_> {
        match owned {
            false => Box::pin(self.notified()),
            true => Box::pin(self.clone().notified_owned()),
        }
    }

    fn one(&self) {
        self.notify_one();
    }

    fn last(&self) {
        self.notify_last();
    }

    fn all(&self) {
        self.notify_waiters();
    }
}

impl Notifies for remote::Notify {
    fn make(&self, _owned: bool) -> Notified<'_> {
        Box::pin(self.notified())
    }

    fn one(&self) {
        self.notify_one();
    }

    fn last(&self) {
        self.notify_last();
    }

    fn all(&self) {
        self.notify_waiters();
    }
}

fn run(notify: &impl Notifies, steps: &[Step]) {
    let mut model = Model::default();
    let mut waiters: Vec<Waiter<Notified<'_>>> = Vec::new();
    for (id, step) in steps.iter().enumerate() {
        match *step {
            Step::Make { owned } => {
                waiters.push(Waiter::new(id, notify.make(owned)));
                model.fresh.push(id);
            }
            Step::Poll(at) => {
                let Some(at) = pick(at, waiters.len()) else {
                    continue;
                };
                let ready = model.poll(waiters[at].id);
                assert_eq!(
                    waiters[at].poll(),
                    if ready {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                );
                if ready {
                    waiters.remove(at);
                }
            }
            Step::Cancel(at) => {
                let Some(at) = pick(at, waiters.len()) else {
                    continue;
                };
                let waiter = waiters.remove(at);
                model.cancel(waiter.id);
            }
            Step::One => {
                notify.one();
                model.call(Called::First);
            }
            Step::Last => {
                notify.last();
                model.call(Called::Last);
            }
            Step::All => {
                notify.all();
                model.call_all();
            }
        }
        for waiter in waiters.iter().filter(|waiter| waiter.was_polled()) {
            let called = model.called.iter().any(|called| called.0 == waiter.id);
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

    /// Trap 41. Broken by: `cancel` passing on from the wrong end, or not at all; a call stored
    /// while somebody waits.
    #[test]
    fn both_kinds_do_what_the_model_does(steps in prop::collection::vec(step(), 0..120)) {
        run(&Rc::new(Notify::new()), &steps);
        run(&remote::Notify::new(), &steps);
    }
}
