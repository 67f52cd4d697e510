//! Task-locals: values that a task, and every task that it spawns, can see without being handed
//! them. A request's id, say, in a log line deep down.
//!
//! Law: a thread-local is no help where a hundred tasks share a thread, and a parameter has to be
//! passed through every function in between. Choice: all values that rule at a place stand in one
//! small table, which never changes and which everybody there shares. A future in a `scope` makes
//! a table of its own, with one value more or another one, rule while it is polled.
//!
//! ```text
//!   rules ─▶ { REQUEST: 7, USER: "ann" }       inside of both scopes
//!   rules ─▶ { REQUEST: 7 }                    inside of the outer one
//! ```
//!
//! So a newborn task inherits everything by copying one pointer, which the executor does
//! (`executor::inherited`) without knowing what it copies; and what the child sets in a scope of
//! its own, its parent never sees. Price: to enter a scope copies the table. Not taken: a chain of
//! scopes, which costs nothing to enter, but grows without end where each task spawns the next.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::executor::{Heritage, heritage, rule};

/// Declares task-locals: `static` items of the type [`LocalKey`].
///
/// ```
/// hob::task_local! {
///     /// Who asked.
///     static USER: String;
/// }
///
/// # hob::block_on(async {
/// let name = USER.scope("ann".to_string(), async {
///     // A task of its own, which inherits what rules here.
///     hob::spawn(async { USER.with(|user| user.len()) }).await.unwrap()
/// });
/// assert_eq!(name.await, 3);
/// # });
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty);+ $(;)?) => {
        $($(#[$attribute])* $visible static $name: $crate::LocalKey<$type> =
            $crate::LocalKey::__new(::core::stringify!($name));)+
    };
}

/// The name of a task-local: see [`task_local!`](crate::task_local!).
///
/// A value is given with [`scope`](LocalKey::scope), for the length of a future, or with
/// [`sync_scope`](LocalKey::sync_scope), for that of a call. It is seen
///
/// - in that future, wherever it calls to, also from destructors when it is dropped;
/// - in tasks that are spawned there ([`spawn`](crate::spawn) and everything built on it), for as
///   long as *they* live: they keep what ruled when they were spawned. A scope in the child does
///   not change what its parent sees. (The value itself is shared, so a `Cell` in it is, too.)
/// - in `block_on`, if that is called inside of a `sync_scope`.
///
/// It is not seen on other threads: not in [`spawn_blocking`](crate::spawn_blocking), and not in
/// what a [`Handle`](crate::Handle) brings in from elsewhere. Copy it into the closure.
pub struct LocalKey<T> {
    /// For messages. It also sees to it that no two keys have the same address.
    name: &'static str,
    _value: PhantomData<fn() -> T>,
}

/// All values that rule somewhere, each once, with the address of its key.
struct Table(Vec<(usize, Rc<dyn Any>)>);

impl<T: 'static> LocalKey<T> {
    /// For the macro only.
    #[doc(hidden)]
    pub const fn __new(name: &'static str) -> LocalKey<T> {
        LocalKey {
            name,
            _value: PhantomData,
        }
    }

    fn address(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The table that rules where `outer` did, once this key has `value`.
    fn table(&'static self, outer: &Heritage, value: Rc<dyn Any>) -> Rc<dyn Any> {
        let outer = outer
            .as_ref()
            .and_then(|outer| outer.downcast_ref::<Table>());
        let mut values = outer.map_or_else(Vec::new, |table| table.0.clone());
        values.retain(|(key, _)| *key != self.address());
        values.push((self.address(), value));
        Rc::new(Table(values))
    }

    /// The value that rules here, if there is one.
    fn find(&'static self) -> Option<Rc<T>> {
        let table = heritage()?.downcast::<Table>().ok()?;
        let found = table.0.iter().find(|(key, _)| *key == self.address());
        found?.1.clone().downcast().ok()
    }

    /// Runs `future` with this value.
    ///
    /// *Cancel safety*: as `future`; the value is dropped once nobody who inherited it is left.
    ///
    /// ```
    /// hob::task_local!(static DEPTH: u32);
    /// # hob::block_on(async {
    /// let depth = DEPTH.scope(1, async {
    ///     let inner = DEPTH.scope(DEPTH.get() + 1, async { DEPTH.get() }).await;
    ///     (DEPTH.get(), inner)
    /// });
    /// assert_eq!(depth.await, (1, 2));
    /// # });
    /// ```
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture {
            future: Some(future),
            key: self,
            value: Rc::new(value),
            table: Cell::new(None),
        }
    }

    /// Calls `f` with this value.
    ///
    /// ```
    /// hob::task_local!(static DEPTH: u32);
    /// let depth = DEPTH.sync_scope(1, || hob::block_on(async { DEPTH.get() }));
    /// assert_eq!(depth, 1);
    /// ```
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        let _ruled = rule(Some(self.table(&heritage(), Rc::new(value))));
        f()
    }

    /// Calls `f` with the value that rules here.
    ///
    /// # Panics
    /// If there is none.
    ///
    /// ```
    /// hob::task_local!(static USER: String);
    /// let length = USER.sync_scope("ann".into(), || USER.with(|user| user.len()));
    /// assert_eq!(length, 3);
    /// ```
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.find() {
            Some(value) => f(&value),
            None => panic!("{}", AccessError { name: self.name }),
        }
    }

    /// [`with`](LocalKey::with), where there may be no value.
    ///
    /// # Errors
    /// [`AccessError`] if there is none.
    ///
    /// ```
    /// hob::task_local!(static USER: String);
    /// assert!(USER.try_with(|user| user.len()).is_err());
    /// ```
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        match self.find() {
            Some(value) => Ok(f(&value)),
            None => Err(AccessError { name: self.name }),
        }
    }

    /// A copy of the value that rules here.
    ///
    /// # Panics
    /// If there is none.
    ///
    /// ```
    /// hob::task_local!(static DEPTH: u32);
    /// assert_eq!(DEPTH.sync_scope(3, || DEPTH.get()), 3);
    /// ```
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }
}

impl<T> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKey({})", self.name)
    }
}

pin_project! {
    /// The future of [`LocalKey::scope`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct TaskLocalFuture<T: 'static, F> {
        // `None` once it has ended. It is dropped with its value still ruling.
        #[pin]
        future: Option<F>,
        key: &'static LocalKey<T>,
        value: Rc<T>,
        // What ruled around the last poll, and what in it: good for as long as the former does.
        table: Cell<Option<(Heritage, Rc<dyn Any>)>>,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            if this.future.is_some() {
                let _ruled = rule(Some(this.table()));
                this.project().future.set(None);
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// What rules here, with our value. Made anew only if something else rules than last time.
    fn table(&self) -> Rc<dyn Any> {
        let outer = heritage();
        let same = |known: &Heritage| match (known, &outer) {
            (None, None) => true,
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            _ => false,
        };
        let known = self.table.take().filter(|(known, _)| same(known));
        let table = known.map_or_else(
            || self.key.table(&outer, self.value.clone()),
            |(_, table)| table,
        );
        self.table.set(Some((outer, table.clone())));
        table
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _ruled = rule(Some(self.table()));
        let mut future = self.project().future;
        let Some(running) = future.as_mut().as_pin_mut() else {
            panic!("a task-local scope was polled again after it had given its result");
        };
        let polled = running.poll(cx);
        if polled.is_ready() {
            future.set(None); // its destructors see the value, too
        }
        polled
    }
}

impl<T: 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// There is no value of that task-local here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError {
    name: &'static str,
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the task-local {} has no value here: neither this task nor the one that spawned it \
             is inside of {0}.scope(…)",
            self.name
        )
    }
}

impl std::error::Error for AccessError {}
