//! The children of one scope: the one place where a child is born, polled, and dropped.
//!
//! Law: a child may borrow what was declared before the scope began, so it must be gone when
//! the scope's future is. Without `unsafe` the compiler has to see that: the children's futures
//! are values of the lifetime `'env`, in a list that lives no longer than that.
//! Consequence: the executor, whose tasks are `'static`, cannot hold them; it holds their
//! slots (`executor/child.rs`). Choice: the list stands behind an `Rc` that the scope's future
//! shares with every [`Scope`](super::Scope), and *the scope's future empties it* when it ends
//! or is dropped. Price: children hold that `Rc`, and the `Rc` holds them, a circle that only
//! this emptying breaks; so a scope's future that is leaked (`mem::forget`) leaks them too.
//! Nobody polls them then, so nobody touches what they borrow.
//!
//! Invariants:
//! - I1: no code of the user's runs while `list` is borrowed; a child is out of it while it is
//!   polled or dropped.
//! - I2: children are polled and removed only by the scope's future, which is borrowed
//!   uniquely meanwhile; so a place is not freed while its child is out.
//! - I3: once the scope is closed or cancelled only cleanups are born, one after the other.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use slab::Slab;

use super::error::Failure;
use crate::caught;
use crate::executor::{
    Destination, Due, Executor, JoinCell, JoinHandle, Joinable, TaskKey, Why, Work,
};
use crate::join_error::JoinError;
use crate::sync::{self, CancelReason, CancellationToken};
use crate::trace::{self, Event, TaskId};

/// How long children may go on after the scope was cancelled, unless the program says otherwise.
const GRACE: Duration = Duration::from_secs(1);
/// How long all the cleanups of a scope may take together.
const CLEANUP: Duration = Duration::from_secs(5);
/// An empty list with room for more children than this gives its memory back.
const KEPT: usize = 64;

/// What a scope's future and its handles share.
pub(super) struct Children<'env, E> {
    /// Set by [`bind`](Children::bind), at the first poll at the latest.
    home: OnceCell<Home>,
    list: RefCell<Slab<Child<'env>>>,
    pub(super) due: Rc<Due>,
    /// In the order in which they happened; taken at the end.
    pub(super) failures: RefCell<Vec<Failure<E>>>,
    /// The last is the first to run.
    pub(super) cleanups: RefCell<Vec<Cleanup<'env>>>,
    pub(super) grace: Cell<Duration>,
    pub(super) cleanup_limit: Cell<Duration>,
    /// The earliest that was asked for.
    pub(super) deadline: Cell<Option<Instant>>,
    /// Somebody outside may still spawn: without children, too, the scope goes on.
    pub(super) held_open: Cell<bool>,
    /// The scope's future has ended or was dropped.
    closed: Cell<bool>,
}

/// Where the scope runs.
struct Home {
    /// Weak, because a task of that executor may hold the scope.
    executor: Weak<Executor>,
    token: CancellationToken,
}

struct Child<'env> {
    key: TaskKey,
    id: TaskId,
    /// `None` while it is polled or dropped, as is `waker`.
    work: Option<Pin<Box<dyn Work + 'env>>>,
    waker: Option<Waker>,
    started: bool,
}

/// What is to be done when all children have ended.
pub(super) enum Cleanup<'env> {
    /// Borrows: goes with the scope's future, if that is dropped.
    Borrowing(Pin<Box<dyn Future<Output = ()> + 'env>>),
    /// Goes on as a task, if the scope's future is dropped.
    Static(Pin<Box<dyn Future<Output = ()>>>),
}

impl<'env, E> Children<'env, E> {
    pub(super) fn new() -> Rc<Children<'env, E>> {
        Rc::new(Children {
            home: OnceCell::new(),
            list: RefCell::default(),
            due: Rc::default(),
            failures: RefCell::default(),
            cleanups: RefCell::default(),
            grace: Cell::new(GRACE),
            cleanup_limit: Cell::new(CLEANUP),
            deadline: Cell::new(None),
            held_open: Cell::new(false),
            closed: Cell::new(false),
        })
    }

    /// The scope begins in `executor`, below the token that is current here.
    #[track_caller]
    pub(super) fn bind(&self, executor: &Rc<Executor>) {
        let home = self.home.get_or_init(|| Home {
            executor: Rc::downgrade(executor),
            token: CancellationToken::current()
                .map_or_else(CancellationToken::new, |above| above.child_token()),
        });
        assert!(
            std::ptr::eq(home.executor.as_ptr(), Rc::as_ptr(executor)),
            "a scope has to be polled in the runtime in which it was polled first"
        );
    }

    /// Has it begun in some runtime? Before that nobody can have been born.
    pub(super) fn is_bound(&self) -> bool {
        self.home.get().is_some()
    }

    pub(super) fn token(&self) -> &CancellationToken {
        let home = self.home.get();
        let home = home.expect("a `Scope` is given out when it is bound");
        &home.token
    }

    pub(super) fn executor(&self) -> Option<Rc<Executor>> {
        self.home.get()?.executor.upgrade()
    }

    /// May nothing be born here any more? (I3)
    pub(super) fn is_closed(&self) -> bool {
        self.closed.get() || self.token().is_cancelled()
    }

    /// Has the scope's future ended, or been dropped?
    pub(super) fn is_over(&self) -> bool {
        self.closed.get()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// Has everybody ended, and may nobody come?
    pub(super) fn is_done(&self) -> bool {
        self.is_empty() && !self.held_open.get()
    }

    pub(super) fn len(&self) -> usize {
        self.list.borrow().len()
    }

    /// Has the scope's future polled soon, because something changed that it cannot know of.
    pub(super) fn poke(&self) {
        if let Some(executor) = self.executor() {
            executor.poll_scope(&self.due);
        }
    }

    /// Notes a failure and cancels all the others.
    pub(super) fn fail(&self, failure: Failure<E>) {
        self.failures.borrow_mut().push(failure);
        self.token().cancel_for(CancelReason::Failure);
    }

    /// Begins a child; its first poll comes in its turn. All that is ever born in a scope, body
    /// and cleanups included, is born here. `to` makes the place where the result goes.
    pub(super) fn bear<F, T, D>(
        &self,
        future: F,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
        to: impl FnOnce(Rc<JoinCell<T>>) -> D,
    ) -> JoinHandle<T>
    where
        F: Future + 'env,
        D: Destination<F::Output> + 'env,
    {
        let Some(executor) = self.executor().filter(|executor| !executor.is_closed()) else {
            return JoinHandle::refused(at);
        };
        let place = self.list.borrow().vacant_key();
        let number = u32::try_from(place).expect("fewer than 2^32 children at once");
        let (key, id, waker) = executor.insert_child(&self.due, number, name, at);
        let cell = JoinCell::new(&executor, key, id);
        let child = Child {
            key,
            id,
            work: Some(Box::pin(Joinable::new(future, to(cell.clone())))),
            waker: Some(waker),
            started: false,
        };
        let inserted = self.list.borrow_mut().insert(child);
        debug_assert_eq!(inserted, place, "nothing of the user's ran in between");
        trace::emit(Event::Spawned(id));
        JoinHandle::of_child(cell, at)
    }

    /// Polls a child that the loop noted, unless it has ended meanwhile.
    pub(super) fn poll_one(&self, executor: &Executor, key: TaskKey, place: usize) {
        let Some(mut out) = self.take_out(place, |child| child.key == key) else {
            return;
        };
        if executor.is_aborted(key) {
            return self.end(place, out, Why::Aborted);
        }
        match self.poll_child(executor, &mut out) {
            Ok(Poll::Pending) => self.put_back(place, out),
            Ok(Poll::Ready(())) => self.remove(place, out),
            Err(payload) => self.end(place, out, Why::Panicked(payload)),
        }
    }

    fn poll_child(
        &self,
        executor: &Executor,
        out: &mut Out<'env>,
    ) -> Result<Poll<()>, Box<dyn std::any::Any + Send>> {
        let _below = sync::enter_token(self.token().clone());
        executor.poll_child(out.key, &out.waker, |cx: &mut Context<'_>| {
            caught::catch(|| out.work.as_mut().poll(cx))
        })
    }

    /// Drops children, as if their handles had aborted them: those for which `which` says so.
    pub(super) fn cut(&self, which: impl Fn(bool) -> bool) -> usize {
        let list = self.list.borrow();
        let places = list.iter().filter(|(_, child)| which(child.started));
        let places: Vec<usize> = places.map(|(place, _)| place).collect();
        drop(list);
        // I3: whatever their destructors do, no place is taken anew.
        for &place in &places {
            if let Some(out) = self.take_out(place, |_| true) {
                self.end(place, out, Why::Aborted);
            }
        }
        places.len()
    }

    /// The end: nothing lives here, and nothing will.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.cut(|_| true);
        self.due.clear();
    }

    fn take_out(&self, place: usize, right: impl Fn(&Child<'env>) -> bool) -> Option<Out<'env>> {
        let mut list = self.list.borrow_mut();
        let child = list.get_mut(place).filter(|child| right(child))?;
        child.started = true;
        Some(Out {
            key: child.key,
            id: child.id,
            work: child.work.take()?,
            waker: child.waker.take()?,
        })
    }

    fn put_back(&self, place: usize, out: Out<'env>) {
        let mut list = self.list.borrow_mut();
        let child = &mut list[place]; // I2
        child.work = Some(out.work);
        child.waker = Some(out.waker);
    }

    /// Ends a child that did not return.
    fn end(&self, place: usize, mut out: Out<'env>, why: Why) {
        let _below = sync::enter_token(self.token().clone());
        match self.executor() {
            Some(executor) => executor.act_as(out.key, || out.work.as_mut().give_up(why)),
            None => out.work.as_mut().give_up(why),
        }
        self.remove(place, out);
    }

    fn remove(&self, place: usize, out: Out<'env>) {
        let mut list = self.list.borrow_mut();
        drop(list.remove(place)); // nothing is left in it (I1)
        if list.is_empty() && list.capacity() > KEPT {
            *list = Slab::new();
        }
        drop(list);
        caught::drop(out.work);
        if let Some(executor) = self.executor() {
            executor.remove_child(out.key, out.id, out.waker);
        }
    }
}

/// A child that is being polled or dropped.
struct Out<'env> {
    key: TaskKey,
    id: TaskId,
    work: Pin<Box<dyn Work + 'env>>,
    waker: Waker,
}

/// Where the result of a child of `spawn` goes: to its handle; a panic, to the scope.
pub(super) struct ToHandle<'env, T, E> {
    pub(super) cell: Rc<JoinCell<T>>,
    pub(super) scope: Rc<Children<'env, E>>,
}

impl<T, E> Destination<T> for ToHandle<'_, T, E> {
    fn id(&self) -> TaskId {
        self.cell.id()
    }

    fn arrive(&self, result: Result<T, JoinError>) {
        match result {
            Err(error) if error.is_panic() => self.fail(Failure::Panic(error)),
            result => self.cell.arrive(result),
        }
    }
}

impl<T, E> ToHandle<'_, T, E> {
    /// The scope first: whoever awaits the handle finds it cancelled.
    fn fail(&self, failure: Failure<E>) {
        self.scope.fail(failure);
        self.cell.arrive(Err(JoinError::failed(self.cell.id())));
    }
}

/// Where the result of a child of `try_spawn` goes: an error, too, goes to the scope.
pub(super) struct ToScope<'env, T, E>(pub(super) ToHandle<'env, T, E>);

impl<T, E> Destination<Result<T, E>> for ToScope<'_, T, E> {
    fn id(&self) -> TaskId {
        self.0.id()
    }

    fn arrive(&self, result: Result<Result<T, E>, JoinError>) {
        match result {
            Ok(Ok(value)) => self.0.arrive(Ok(value)),
            Ok(Err(error)) => self.0.fail(Failure::Error(error)),
            Err(error) => self.0.arrive(Err(error)),
        }
    }
}
