//! `CapacityLimiter`: so many at once, each for somebody who can be named.
//!
//! A semaphore counts permits and does not care who has them. This counts *borrowers*: each
//! holds one token at most, so a task that takes a second one by mistake (and would wait for
//! itself, sooner or later) is told so; it can be asked who holds tokens; and the number of
//! tokens can be changed while it is in use. (trio and anyio limit their threads with it.)
//!
//! Law: tokens that are out cannot be called back. Consequence: when the total is lowered below
//! what is out, the rest is owed: tokens that come back pay for it before they go to anybody.
//!
//! - I1: tokens out + free ones = `total` + `owed`; and nothing is owed while one is free.
//! - I2: a borrower is in the books from its first poll until it gives up or gives back.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::gate::Gate;
use super::wish::Wish;
use crate::task;
use crate::trace::TaskId;

mod error;
mod token;

pub use error::{AlreadyBorrows, TryBorrowError};
use token::Claim;
pub use token::{AcquireToken, AcquireTokenOwned, CapacityToken, OwnedCapacityToken};

/// A number of tokens, of which each borrower may hold one.
///
/// Threads, for example: what goes to a worker inside of this limit never takes more than two
/// of them, however many tasks ask.
///
/// ```
/// # hob::block_on(async {
/// let limiter = hob::sync::CapacityLimiter::new(2);
/// let token = limiter.acquire().await.expect("this task has none yet");
/// let sum = hob::blocking::run(|| (1..=100).sum::<u32>()).await;
/// drop(token);
/// assert_eq!((sum, limiter.borrowed_tokens()), (5050, 0));
/// # });
/// ```
pub struct CapacityLimiter {
    /// A permit for each token that is free.
    gate: Gate,
    total: Cell<usize>,
    /// Tokens that vanish when they come back (I1).
    owed: Cell<usize>,
    /// I2.
    books: RefCell<BTreeMap<Borrower, Standing>>,
}

/// Who borrows a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Borrower {
    /// A task: whoever says [`acquire`](CapacityLimiter::acquire).
    Task(TaskId),
    /// Anything else that the program has a number for: a connection, a user, a job.
    Number(u64),
}

impl From<TaskId> for Borrower {
    fn from(task: TaskId) -> Borrower {
        Borrower::Task(task)
    }
}

impl From<u64> for Borrower {
    fn from(number: u64) -> Borrower {
        Borrower::Number(number)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Standing {
    Waits,
    Holds,
}

impl CapacityLimiter {
    /// A limiter with so many tokens. With 0, everybody waits until
    /// [`set_total_tokens`](CapacityLimiter::set_total_tokens).
    pub const fn new(total: usize) -> CapacityLimiter {
        CapacityLimiter {
            gate: Gate::new(total),
            total: Cell::new(total),
            owed: Cell::new(0),
            books: RefCell::new(BTreeMap::new()),
        }
    }

    /// Waits for a token for the task that awaits this.
    ///
    /// *Cancel safety*: dropping the future gives up the place in the line; a token that was
    /// already on its way goes to the next.
    ///
    /// # Errors
    /// [`AlreadyBorrows`] if the task holds a token of this limiter, or waits for one.
    ///
    /// # Panics
    /// When polled outside of a task, where nobody borrows: there, say who does with
    /// [`acquire_on_behalf_of`](CapacityLimiter::acquire_on_behalf_of).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let limiter = hob::sync::CapacityLimiter::new(10);
    /// let token = limiter.acquire().await.expect("this task has none yet");
    /// assert!(limiter.acquire().await.is_err(), "and now it has");
    /// # drop(token);
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire(&self) -> AcquireToken<'_> {
        AcquireToken::new(self, Claim::new(None))
    }

    /// [`acquire`](CapacityLimiter::acquire) for somebody else than the running task.
    ///
    /// *Cancel safety*: as for [`acquire`](CapacityLimiter::acquire).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let limiter = hob::sync::CapacityLimiter::new(10);
    /// let (user_1, user_2) = (1_u64, 2_u64);
    /// let one = limiter.acquire_on_behalf_of(user_1).await.expect("has none");
    /// let two = limiter.acquire_on_behalf_of(user_2).await.expect("has none");
    /// assert_eq!(limiter.available_tokens(), 8);
    /// # drop((one, two));
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_on_behalf_of(&self, borrower: impl Into<Borrower>) -> AcquireToken<'_> {
        AcquireToken::new(self, Claim::new(Some(borrower.into())))
    }

    /// [`acquire`](CapacityLimiter::acquire) with a token that can move into a task.
    ///
    /// *Cancel safety*: as for [`acquire`](CapacityLimiter::acquire).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let limiter = std::rc::Rc::new(hob::sync::CapacityLimiter::new(1));
    /// let token = limiter.clone().acquire_owned().await.expect("has none");
    /// hob::spawn(async move { drop(token) }).await.unwrap();
    /// assert_eq!(limiter.available_tokens(), 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_owned(self: Rc<Self>) -> AcquireTokenOwned {
        AcquireTokenOwned::new(self, Claim::new(None))
    }

    /// [`acquire_on_behalf_of`](CapacityLimiter::acquire_on_behalf_of) with a token that can
    /// move into a task.
    ///
    /// *Cancel safety*: as for [`acquire`](CapacityLimiter::acquire).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let limiter = std::rc::Rc::new(hob::sync::CapacityLimiter::new(1));
    /// let token = limiter.clone().acquire_on_behalf_of_owned(7).await.expect("has none");
    /// assert_eq!(token.borrower(), hob::sync::Borrower::Number(7));
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_on_behalf_of_owned(
        self: Rc<Self>,
        borrower: impl Into<Borrower>,
    ) -> AcquireTokenOwned {
        AcquireTokenOwned::new(self, Claim::new(Some(borrower.into())))
    }

    /// Takes a token for the running task if one is free and nobody waits for it.
    ///
    /// # Errors
    /// [`TryBorrowError`] says why there is none.
    ///
    /// # Panics
    /// Outside of a task.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let limiter = hob::sync::CapacityLimiter::new(1);
    /// let token = limiter.try_acquire().expect("one is free");
    /// assert_eq!(limiter.available_tokens(), 0);
    /// # drop(token);
    /// # });
    /// ```
    #[track_caller]
    pub fn try_acquire(&self) -> Result<CapacityToken<'_>, TryBorrowError> {
        self.try_acquire_on_behalf_of(running_task())
    }

    /// [`try_acquire`](CapacityLimiter::try_acquire) for somebody else than the running task.
    ///
    /// ```
    /// use hob::sync::{CapacityLimiter, TryBorrowError};
    ///
    /// let limiter = CapacityLimiter::new(1);
    /// let token = limiter.try_acquire_on_behalf_of(1).expect("one is free");
    /// assert_eq!(
    ///     limiter.try_acquire_on_behalf_of(1).unwrap_err(),
    ///     TryBorrowError::AlreadyBorrows
    /// );
    /// assert_eq!(limiter.try_acquire_on_behalf_of(2).unwrap_err(), TryBorrowError::NoTokens);
    /// # drop(token);
    /// ```
    pub fn try_acquire_on_behalf_of(
        &self,
        borrower: impl Into<Borrower>,
    ) -> Result<CapacityToken<'_>, TryBorrowError> {
        let borrower = borrower.into();
        if self.books.borrow().contains_key(&borrower) {
            return Err(TryBorrowError::AlreadyBorrows);
        }
        match self.gate.try_acquire(1) {
            Ok(()) => {
                self.note(borrower, Standing::Holds);
                Ok(CapacityToken::new(self, borrower))
            }
            Err(_) => Err(TryBorrowError::NoTokens),
        }
    }

    /// How many tokens there are, free and out.
    pub fn total_tokens(&self) -> usize {
        self.total.get()
    }

    /// Changes how many tokens there are. More go to those in line at once; fewer means that
    /// tokens which come back are not given out again, until no more than so many are out.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let limiter = hob::sync::CapacityLimiter::new(1);
    /// let token = limiter.acquire().await.expect("has none");
    /// limiter.set_total_tokens(0);
    /// drop(token);
    /// assert_eq!(limiter.available_tokens(), 0);
    /// limiter.set_total_tokens(3);
    /// assert_eq!(limiter.available_tokens(), 3);
    /// # });
    /// ```
    pub fn set_total_tokens(&self, total: usize) {
        let former = self.total.replace(total);
        if total < former {
            let fewer = former - total;
            let taken = self.gate.forget(fewer);
            self.owed.set(self.owed.get() + fewer - taken);
        } else {
            let more = total - former;
            let paid = more.min(self.owed.get());
            self.owed.set(self.owed.get() - paid);
            self.gate.release(more - paid);
        }
    }

    /// How many tokens are out. More than [`total_tokens`](CapacityLimiter::total_tokens) only
    /// after that was lowered.
    pub fn borrowed_tokens(&self) -> usize {
        self.total.get() + self.owed.get() - self.gate.free() // I1
    }

    /// How many tokens are free.
    pub fn available_tokens(&self) -> usize {
        self.gate.free()
    }

    /// Who holds tokens, and how many wait, at this moment.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let limiter = hob::sync::CapacityLimiter::new(5);
    /// let token = limiter.acquire_on_behalf_of(7).await.expect("has none");
    /// let statistics = limiter.statistics();
    /// assert_eq!((statistics.borrowed_tokens, statistics.tasks_waiting), (1, 0));
    /// assert_eq!(statistics.borrowers, [hob::sync::Borrower::Number(7)]);
    /// # drop(token);
    /// # });
    /// ```
    pub fn statistics(&self) -> CapacityLimiterStatistics {
        let books = self.books.borrow();
        let holders = books
            .iter()
            .filter(|(_, standing)| **standing == Standing::Holds);
        CapacityLimiterStatistics {
            total_tokens: self.total.get(),
            borrowed_tokens: self.borrowed_tokens(),
            borrowers: holders.map(|(borrower, _)| *borrower).collect(),
            tasks_waiting: self.gate.waiting(),
        }
    }

    fn note(&self, borrower: Borrower, standing: Standing) {
        self.books.borrow_mut().insert(borrower, standing);
    }

    fn strike_out(&self, borrower: Borrower) {
        self.books.borrow_mut().remove(&borrower);
    }

    /// A token has come back.
    fn give_back(&self) {
        match self.owed.get() {
            0 => self.gate.release(1),
            owed => self.owed.set(owed - 1),
        }
    }
}

/// Who [`CapacityLimiter::acquire`] acquires for.
#[track_caller]
fn running_task() -> Borrower {
    match task::task_id() {
        Some(task) => Borrower::Task(task),
        None => panic!(
            "CapacityLimiter::acquire outside of a task, where nobody is there to borrow: \
             say who does, with acquire_on_behalf_of"
        ),
    }
}

impl fmt::Debug for CapacityLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapacityLimiter")
            .field("total_tokens", &self.total_tokens())
            .field("borrowed_tokens", &self.borrowed_tokens())
            .field("tasks_waiting", &self.gate.waiting())
            .finish()
    }
}

/// What [`CapacityLimiter::statistics`] tells.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityLimiterStatistics {
    /// [`CapacityLimiter::total_tokens`].
    pub total_tokens: usize,
    /// [`CapacityLimiter::borrowed_tokens`].
    pub borrowed_tokens: usize,
    /// Who holds a token, in order. (One that was just handed to a task which has not been
    /// polled since counts as borrowed, and is named once it was.)
    pub borrowers: Vec<Borrower>,
    /// How many wait in line.
    pub tasks_waiting: usize,
}
