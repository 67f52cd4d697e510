//! [`Queue`]: work handed from many to many, and a way to wait until all of it is done. What
//! Python's `asyncio.Queue` is.
//!
//! An [`mpsc`](super::mpsc) channel has one receiver and ends with its senders. A queue has as
//! many takers as like to, all through one shared handle, and ends when it is told to. Inside,
//! it is a backlog between two gates: one counts free places, the other items.
//!
//! ```text
//!         places.poll_acquire             items.poll_acquire
//!   put ─────────────────────▶ backlog ─────────────────────▶ get ──▶ task_done
//!    ▲  items.release: calls the first      places.release: calls the first  │
//!    │  who waits in get                    who waits in put                 ▼
//!    └────────────────── unfinished: one more, one less ──────────────── join
//! ```
//!
//! Invariants:
//! - I1: until the queue is shut down, free places + items + places granted and not used yet
//!   are its size, and permits free in `items` + those granted and not used yet are its items.
//! - I2: `unfinished` counts what was put and is not done. Whoever brings it to 0 calls those
//!   who join.
//! - I3: shut down is for ever. No item goes in, and nobody waits for one; what is in can still
//!   be taken, by whoever finds a free permit.
//! - I4: items are dropped, and wakers called, while nothing is borrowed.

use std::cell::{Cell, RefCell};
use std::fmt;

use super::backlog::Backlog;
use super::crowd::Crowd;
use super::gate::{Gate, Refused};

mod end;
mod wait;
mod error;

pub use error::{GetError, PutError, TryGetError, TryPutError};
pub use wait::{Get, GetGuarded, Join, Put, TaskDone};

/// A queue of items, from many who put to many who get, first in, first out.
///
/// Share it through an `Rc` (or a plain `&`). Who waits first is served first: an item goes to
/// the getter that has waited longest, a place to the putter that has.
///
/// Those who know `asyncio.Queue` find everything here under its name; only `put_nowait` and
/// `get_nowait` are called as elsewhere in Rust, [`try_put`](Queue::try_put) and
/// [`try_get`](Queue::try_get).
///
/// ```
/// # hob::block_on(async {
/// use std::rc::Rc;
/// use hob::sync::Queue;
///
/// let queue = Rc::new(Queue::new(2));
/// for _worker in 0..3 {
///     let queue = queue.clone();
///     hob::spawn(async move {
///         while let Ok((_item, _done)) = queue.get_guarded().await {
///             hob::yield_now().await; // work
///         }
///     });
/// }
/// for item in 0..10 {
///     queue.put(item).await.expect("nobody shuts it down");
/// }
/// queue.join().await;
/// assert_eq!(queue.unfinished(), 0);
/// # });
/// ```
pub struct Queue<T> {
    /// Pushed to by those who put, popped from by those who get.
    backlog: RefCell<Backlog<T>>,
    /// A permit for each free place. Closed by `shutdown`, and with it the queue (I3).
    places: Gate,
    /// A permit for each item (I1).
    items: Gate,
    /// I2.
    unfinished: Cell<usize>,
    joining: Crowd,
    /// `None`: no limit.
    max_size: Option<usize>,
}

impl<T> Queue<T> {
    /// A queue with room for so many items.
    ///
    /// # Panics
    /// If `max_size` is 0. (In Python that is a queue without a limit, which here is
    /// [`Queue::unbounded`]: it should not come about by a number that happens to be 0.)
    ///
    /// ```
    /// let queue = hob::sync::Queue::new(1);
    /// queue.try_put("a").expect("there is a place");
    /// assert!(queue.is_full() && queue.try_put("b").is_err());
    /// ```
    #[track_caller]
    pub const fn new(max_size: usize) -> Queue<T> {
        assert!(
            max_size > 0,
            "Queue::new(0) could never hold an item: for no limit take Queue::unbounded"
        );
        Queue::with(max_size, Some(max_size))
    }

    /// A queue that grows with what is put. To put into it never waits. Take it only where
    /// something else limits the number of items.
    ///
    /// ```
    /// let queue = hob::sync::Queue::unbounded();
    /// (0..1000).for_each(|n| queue.try_put(n).expect("there is always a place"));
    /// assert_eq!((queue.len(), queue.is_full()), (1000, false));
    /// ```
    pub const fn unbounded() -> Queue<T> {
        Queue::with(usize::MAX, None)
    }

    const fn with(places: usize, max_size: Option<usize>) -> Queue<T> {
        Queue {
            backlog: RefCell::new(Backlog::new()),
            places: Gate::new(places),
            items: Gate::new(0),
            unfinished: Cell::new(0),
            joining: Crowd::new(),
            max_size,
        }
    }

    /// Waits for a place and puts the item into it.
    ///
    /// *Cancel safety*: a `put` that is dropped before it is ready has put nothing, and its
    /// item is dropped with it. A place that was on its way goes to the next.
    ///
    /// # Errors
    /// [`PutError`] with the item, if the queue is shut down, also while this was waiting.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let queue = hob::sync::Queue::new(1);
    /// queue.put("item").await.expect("nobody shuts it down");
    /// assert_eq!(queue.get().await, Ok("item"));
    /// # });
    /// ```
    #[track_caller]
    pub fn put(&self, item: T) -> Put<'_, T> {
        Put::new(self, item)
    }

    /// Puts the item in if there is a place and nobody waits for it.
    ///
    /// # Errors
    /// [`TryPutError`] with the item: full, or shut down.
    ///
    /// ```
    /// use hob::sync::queue::{Queue, TryPutError};
    ///
    /// let queue = Queue::new(1);
    /// assert_eq!(queue.try_put(1), Ok(()));
    /// assert_eq!(queue.try_put(2), Err(TryPutError::Full(2)));
    /// queue.shutdown();
    /// assert_eq!(queue.try_put(3), Err(TryPutError::ShutDown(3)));
    /// ```
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        match self.places.try_acquire(1) {
            Ok(()) => {
                self.insert(item);
                Ok(())
            }
            Err(Refused::Busy) => Err(TryPutError::Full(item)),
            Err(Refused::Closed) => Err(TryPutError::ShutDown(item)),
        }
    }

    /// Waits for an item and takes it. Whoever is done with it says
    /// [`task_done`](Queue::task_done), if anybody [joins](Queue::join).
    ///
    /// *Cancel safety*: no item is lost. One that was on its way goes to the next who waits.
    ///
    /// # Errors
    /// [`GetError`] if the queue is shut down and empty, also while this was waiting.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let queue = hob::sync::Queue::unbounded();
    /// queue.try_put("last").expect("there is always a place");
    /// queue.shutdown();
    /// assert_eq!(queue.get().await, Ok("last"));
    /// assert!(queue.get().await.is_err());
    /// # });
    /// ```
    #[track_caller]
    pub fn get(&self) -> Get<'_, T> {
        Get::new(self)
    }

    /// [`get`](Queue::get) that gives beside the item a guard which says
    /// [`task_done`](Queue::task_done) when it is dropped: also if the work panics, returns
    /// early or is cancelled.
    ///
    /// *Cancel safety* and errors as for [`get`](Queue::get).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let queue = hob::sync::Queue::unbounded();
    /// queue.try_put("work").expect("there is always a place");
    /// let (item, done) = queue.get_guarded().await.expect("one is in");
    /// assert_eq!((item, queue.unfinished()), ("work", 1));
    /// drop(done);
    /// queue.join().await;
    /// # });
    /// ```
    #[track_caller]
    pub fn get_guarded(&self) -> GetGuarded<'_, T> {
        GetGuarded::new(self)
    }

    /// The next item, if there is one that nobody was promised.
    ///
    /// # Errors
    /// [`TryGetError`] says whether one may still come.
    ///
    /// ```
    /// use hob::sync::queue::{Queue, TryGetError};
    ///
    /// let queue = Queue::<u32>::unbounded();
    /// assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    /// queue.shutdown();
    /// assert_eq!(queue.try_get(), Err(TryGetError::ShutDown));
    /// ```
    pub fn try_get(&self) -> Result<T, TryGetError> {
        match self.items.try_acquire(1) {
            Ok(()) => self.take(true).ok_or(TryGetError::ShutDown),
            Err(Refused::Busy) => Err(TryGetError::Empty),
            Err(Refused::Closed) => self.take(false).ok_or(TryGetError::ShutDown),
        }
    }

    /// Items in the queue, promised ones included. Python's `qsize`.
    pub fn len(&self) -> usize {
        self.backlog.borrow().len()
    }

    /// True if there is no item in the queue.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if there are as many items as may be. (A queue that is not full may still refuse a
    /// [`try_put`](Queue::try_put): its free places can be promised.)
    pub fn is_full(&self) -> bool {
        self.max_size.is_some_and(|most| self.len() >= most)
    }

    /// How many items may be in the queue; `None` if there is no limit. Python's `maxsize`.
    pub fn max_size(&self) -> Option<usize> {
        self.max_size
    }

    /// Puts an item into a place that the caller has taken.
    fn insert(&self, item: T) {
        self.backlog.borrow_mut().push(item);
        self.unfinished.set(self.unfinished.get() + 1);
        self.items.release(1);
    }

    /// Takes out an item, which the caller has a permit for, or finds one (I3). None is left
    /// only after a shutdown.
    fn take(&self, permitted: bool) -> Option<T> {
        if !permitted && self.items.forget(1) == 0 {
            return None;
        }
        // Two lines, so that the borrow is over before who waits for the place is woken.
        let item = self.backlog.borrow_mut().pop()?;
        self.places.release(1);
        Some(item)
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("max_size", &self.max_size)
            .field("unfinished", &self.unfinished())
            .field("is_shutdown", &self.is_shutdown())
            .finish()
    }
}
