//! [`JoinSet`]: tasks whose results are taken one by one, in the order in which they come.
//!
//! Inside: `members` is how a task gets from the one list to the other; `wait` holds the futures
//! that wait for it.

mod members;
mod wait;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use members::{Member, Shared};

use crate::coop;
use crate::executor::{self, AbortHandle, Joinable};
use crate::join_error::JoinError;
use crate::trace::{self, TaskId, WaitKind};

pub use wait::{JoinNext, JoinNextWithId, SetJoinAll, SetShutdown};

/// Tasks that all give the same kind of result, to be taken as they come.
///
/// Dropping it aborts those that still run.
///
/// ```
/// # hob::Builder::new().virtual_time().block_on(async {
/// # use std::time::Duration;
/// let mut set = hob::JoinSet::new();
/// for wait in [3, 1, 2] {
///     set.spawn(async move {
///         hob::time::sleep(Duration::from_secs(wait)).await;
///         wait
///     });
/// }
/// let mut order = Vec::new();
/// while let Some(result) = set.join_next().await {
///     order.push(result.unwrap());
/// }
/// assert_eq!(order, [1, 2, 3]);
/// # });
/// ```
pub struct JoinSet<T: 'static> {
    shared: Rc<Shared<T>>,
}

impl<T: 'static> JoinSet<T> {
    /// An empty set.
    pub fn new() -> JoinSet<T> {
        JoinSet {
            shared: Shared::new(),
        }
    }

    /// Starts a task in the set. It can be aborted by the handle, or with all the others.
    ///
    /// # Panics
    /// Outside of a running loop, and in another one than the set's first task.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set = hob::JoinSet::new();
    /// let task = set.spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.start(future, None, Location::caller())
    }

    /// [`spawn`](JoinSet::spawn), with a name that [`tasks`](crate::tasks) and messages show.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set = hob::JoinSet::new();
    /// set.spawn_named("baker", async { "bread" });
    /// assert!(hob::tasks().iter().any(|task| task.name.as_deref() == Some("baker")));
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), "bread");
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_named<F>(&mut self, name: impl Into<Cow<'static, str>>, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.start(future, Some(name.into()), Location::caller())
    }

    #[track_caller]
    fn start<F>(
        &mut self,
        future: F,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let Some(executor) = executor::current() else {
            panic!(
                "JoinSet::spawn was called outside of a running loop: call it inside of \
                 hob::block_on"
            );
        };
        let home = self.shared.home.get_or_init(|| Rc::downgrade(&executor));
        assert!(
            std::ptr::eq(home.as_ptr(), Rc::as_ptr(&executor)),
            "all tasks of a JoinSet have to be spawned in one runtime"
        );
        executor.spawn_with(name, at, |key, id| {
            let shared = self.shared.clone();
            let place = shared.members.borrow_mut().insert(key);
            let member = Member { shared, place, id };
            let handle = AbortHandle::new(Some(&executor), key, id);
            (Box::pin(Joinable::new(future, member)), handle)
        })
    }

    /// Waits for the next task to end, and gives its result: in the order in which they end.
    /// `None` if the set is empty.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set = hob::JoinSet::new();
    /// set.spawn(async { 7 });
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 7);
    /// assert!(set.join_next().await.is_none());
    /// # });
    /// ```
    #[track_caller]
    pub fn join_next(&mut self) -> JoinNext<'_, T> {
        JoinNext::new(self.join_next_with_id())
    }

    /// [`join_next`](JoinSet::join_next), with the id of the task, also where it panicked.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set = hob::JoinSet::new();
    /// let task = set.spawn(async { 7 });
    /// let (id, result) = set.join_next_with_id().await.unwrap();
    /// assert_eq!((id, result.unwrap()), (task.id(), 7));
    /// # });
    /// ```
    #[track_caller]
    pub fn join_next_with_id(&mut self) -> JoinNextWithId<'_, T> {
        JoinNextWithId::new(self, Location::caller())
    }

    /// The next result, if one is there already.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set = hob::JoinSet::new();
    /// set.spawn(async { 7 });
    /// assert!(set.try_join_next().is_none());
    /// hob::yield_now().await;
    /// assert_eq!(set.try_join_next().unwrap().unwrap(), 7);
    /// # });
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        Some(self.shared.take()?.1)
    }

    /// [`try_join_next`](JoinSet::try_join_next), with the id of the task.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set = hob::JoinSet::new();
    /// let task = set.spawn(async { 7 });
    /// hob::yield_now().await;
    /// let (id, result) = set.try_join_next_with_id().unwrap();
    /// assert_eq!((id, result.unwrap()), (task.id(), 7));
    /// # });
    /// ```
    pub fn try_join_next_with_id(&mut self) -> Option<(TaskId, Result<T, JoinError>)> {
        self.shared.take()
    }

    /// Aborts all tasks that still run. They stay in the set until their results, which tell
    /// so, were taken.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set = hob::JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// set.abort_all();
    /// assert!(set.join_next().await.unwrap().is_err());
    /// # });
    /// ```
    pub fn abort_all(&mut self) {
        self.shared.abort_all();
    }

    /// Takes all tasks out of the set and lets them go on by themselves. Results that were
    /// there already are dropped.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set = hob::JoinSet::new();
    /// set.spawn(async {});
    /// set.detach_all();
    /// assert!(set.join_next().await.is_none());
    /// # });
    /// ```
    pub fn detach_all(&mut self) {
        let former = std::mem::replace(&mut self.shared, Shared::new());
        former.detached.set(true);
        // Its tasks keep it until the last of them ends: nobody is to wait there meanwhile.
        former.waiter.clear();
        let unwanted = former.done.take();
        drop(unwanted);
    }

    /// Aborts all tasks and waits until they are gone: all destructors have run. The results
    /// are dropped, those that were there too.
    ///
    /// *Cancel safety*: the tasks stay aborted; call it again to wait.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set = hob::JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// set.shutdown().await;
    /// assert!(set.is_empty());
    /// # });
    /// ```
    #[track_caller]
    pub fn shutdown(&mut self) -> SetShutdown<'_, T> {
        SetShutdown::new(self.join_next())
    }

    /// Waits for all tasks, and gives their results in the order in which they ended.
    ///
    /// *Cancel safety*: dropping it aborts those that still run, and drops what there is.
    ///
    /// # Panics
    /// When a task panicked, with the same payload, or was aborted. The others are aborted
    /// then. To deal with that instead, use [`join_next`](JoinSet::join_next).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let set: hob::JoinSet<_> = (1..=3).map(|n| async move { n * n }).collect();
    /// assert_eq!(set.join_all().await, [1, 4, 9]);
    /// # });
    /// ```
    #[track_caller]
    pub fn join_all(self) -> SetJoinAll<T> {
        SetJoinAll::new(self, Location::caller())
    }

    /// How many tasks still run, or have ended without their result having been taken.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut set: hob::JoinSet<_> = (1..=3).map(|n| async move { n }).collect();
    /// assert_eq!(set.len(), 3);
    /// set.join_next().await;
    /// assert_eq!(set.len(), 2); // whether or not those two have ended
    /// # });
    /// ```
    pub fn len(&self) -> usize {
        self.shared.members.borrow().len() + self.shared.done.borrow().len()
    }

    /// Is there nothing to wait for and nothing to take?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
    ) -> Poll<Option<(TaskId, Result<T, JoinError>)>> {
        ready!(coop::poll_budget(cx));
        let shared = &*self.shared;
        let mut next = shared.take();
        if next.is_none() && !shared.members.borrow().is_empty() {
            shared.waiter.park(cx);
            // Look again: the stranger's code of the waker may have ended a task.
            next = shared.take();
            if next.is_none() && !shared.members.borrow().is_empty() {
                trace::waits(WaitKind::Join, 0, at);
                return Poll::Pending;
            }
        }
        coop::spend();
        Poll::Ready(next)
    }
}

impl<T: 'static> Default for JoinSet<T> {
    fn default() -> JoinSet<T> {
        JoinSet::new()
    }
}

impl<T: 'static> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.shared.abort_all();
        self.detach_all();
    }
}

impl<F> FromIterator<F> for JoinSet<F::Output>
where
    F: Future + 'static,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> JoinSet<F::Output> {
        let mut set = JoinSet::new();
        for future in futures {
            set.spawn(future);
        }
        set
    }
}

impl<T: 'static> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}
