//! `Semaphore`: so many may do it at the same time, the others wait in line.
//!
//! All the waiting is done by [`Gate`]; here are the words for users and the futures that say
//! what they wait for, and in `permit` what they give: permits that give themselves back.
//!
//! A permit comes in two kinds: [`SemaphorePermit`] borrows the semaphore, which is enough
//! within one function; [`OwnedSemaphorePermit`] holds an `Rc` of it, so that it can move into
//! a spawned task.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::gate::Gate;
use super::wish::Wish;

mod error;
mod permit;

pub use error::{AcquireError, TryAcquireError};
pub use permit::{OwnedSemaphorePermit, SemaphorePermit};

/// A number of permits, and a line of those who wait for one.
///
/// Use it to say how many tasks may do something at the same time. Permits are handed out in
/// the order in which they were asked for, and nobody overtakes: a wish for many permits holds
/// up later wishes for one.
///
/// ```
/// # hob::block_on(async {
/// use hob::sync::Semaphore;
///
/// let ovens = Semaphore::new(2);
/// let first = ovens.acquire().await?;
/// let second = ovens.acquire().await?;
/// assert!(ovens.try_acquire().is_err(), "both are in use");
/// drop(first);
/// assert_eq!(ovens.available_permits(), 1);
/// # drop(second);
/// # Ok::<(), hob::sync::AcquireError>(())
/// # }).unwrap();
/// ```
pub struct Semaphore {
    gate: Gate,
}

impl Semaphore {
    /// A semaphore with so many permits. With 0, everybody waits until
    /// [`add_permits`](Semaphore::add_permits).
    pub const fn new(permits: usize) -> Semaphore {
        Semaphore {
            gate: Gate::new(permits),
        }
    }

    /// Waits for one permit, which gives itself back when it is dropped.
    ///
    /// *Cancel safety*: dropping the future gives up the place in the line; a permit that was
    /// already on its way goes to the next. Asking again means the end of the line.
    ///
    /// # Errors
    /// [`AcquireError`] if the semaphore is closed.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let semaphore = hob::sync::Semaphore::new(1);
    /// let permit = semaphore.acquire().await.expect("nobody closes it");
    /// assert_eq!(semaphore.available_permits(), 0);
    /// drop(permit);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Waits for so many permits at once: none of them is held while others are missing.
    /// More than there will ever be means waiting for ever.
    ///
    /// *Cancel safety* and errors as for [`acquire`](Semaphore::acquire).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let megabytes = hob::sync::Semaphore::new(100);
    /// let permit = megabytes.acquire_many(64).await.expect("nobody closes it");
    /// assert_eq!(permit.num_permits(), 64);
    /// assert_eq!(megabytes.available_permits(), 36);
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_many(&self, permits: usize) -> Acquire<'_> {
        Acquire {
            semaphore: self,
            wish: Wish::new(permits),
        }
    }

    /// [`acquire`](Semaphore::acquire) with a permit that can move into a task.
    ///
    /// *Cancel safety*: as for [`acquire`](Semaphore::acquire).
    ///
    /// ```
    /// # hob::block_on(async {
    /// use std::rc::Rc;
    ///
    /// let semaphore = Rc::new(hob::sync::Semaphore::new(3));
    /// let permit = semaphore.clone().acquire_owned().await.expect("nobody closes it");
    /// let task = hob::spawn(async move { permit.num_permits() });
    /// assert_eq!(task.await.unwrap(), 1);
    /// assert_eq!(semaphore.available_permits(), 3);
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_owned(self: Rc<Self>) -> AcquireOwned {
        self.acquire_many_owned(1)
    }

    /// [`acquire_many`](Semaphore::acquire_many) with a permit that can move into a task.
    ///
    /// *Cancel safety*: as for [`acquire`](Semaphore::acquire).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let semaphore = std::rc::Rc::new(hob::sync::Semaphore::new(3));
    /// let permit = semaphore.acquire_many_owned(2).await.expect("nobody closes it");
    /// assert_eq!(permit.num_permits(), 2);
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_many_owned(self: Rc<Self>, permits: usize) -> AcquireOwned {
        AcquireOwned {
            semaphore: self,
            wish: Wish::new(permits),
        }
    }

    /// Takes a permit if one is free and nobody waits for it.
    ///
    /// # Errors
    /// [`TryAcquireError`] says which of the two it was: none free now, or closed.
    ///
    /// ```
    /// use hob::sync::{Semaphore, TryAcquireError};
    ///
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.try_acquire().expect("one is free");
    /// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    /// # drop(permit);
    /// ```
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// [`try_acquire`](Semaphore::try_acquire) for several at once.
    ///
    /// ```
    /// let semaphore = hob::sync::Semaphore::new(5);
    /// let permit = semaphore.try_acquire_many(4).expect("five are free");
    /// assert!(semaphore.try_acquire_many(2).is_err());
    /// # drop(permit);
    /// ```
    pub fn try_acquire_many(&self, permits: usize) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.gate.try_acquire(permits)?;
        Ok(SemaphorePermit::new(self, permits))
    }

    /// [`try_acquire`](Semaphore::try_acquire) with a permit that can move into a task.
    ///
    /// ```
    /// let semaphore = std::rc::Rc::new(hob::sync::Semaphore::new(1));
    /// let permit = semaphore.clone().try_acquire_owned().expect("one is free");
    /// assert!(semaphore.try_acquire_owned().is_err());
    /// # drop(permit);
    /// ```
    pub fn try_acquire_owned(self: Rc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// [`try_acquire_owned`](Semaphore::try_acquire_owned) for several at once.
    ///
    /// ```
    /// let semaphore = std::rc::Rc::new(hob::sync::Semaphore::new(5));
    /// let permit = semaphore.clone().try_acquire_many_owned(4).expect("five are free");
    /// assert!(semaphore.try_acquire_many_owned(2).is_err());
    /// # drop(permit);
    /// ```
    pub fn try_acquire_many_owned(
        self: Rc<Self>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.gate.try_acquire(permits)?;
        Ok(OwnedSemaphorePermit::new(self, permits))
    }

    /// Permits that nobody holds. While somebody waits for more than that, they are spoken
    /// for: [`try_acquire`](Semaphore::try_acquire) then fails all the same.
    pub fn available_permits(&self) -> usize {
        self.gate.free()
    }

    /// Puts new permits into circulation, to those in line first.
    ///
    /// # Panics
    /// If the number of free permits would no longer fit into a `usize`.
    ///
    /// ```
    /// let semaphore = hob::sync::Semaphore::new(0);
    /// semaphore.add_permits(2);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        assert!(
            self.gate.free().checked_add(permits).is_some(),
            "Semaphore::add_permits: more permits than a usize can count"
        );
        self.gate.release(permits);
    }

    /// Takes up to so many free permits out of circulation for good, and says how many it
    /// found. To take one that you hold, see [`SemaphorePermit::forget`].
    ///
    /// ```
    /// let semaphore = hob::sync::Semaphore::new(3);
    /// assert_eq!(semaphore.forget_permits(5), 3);
    /// assert!(semaphore.try_acquire().is_err());
    /// ```
    pub fn forget_permits(&self, permits: usize) -> usize {
        self.gate.forget(permits)
    }

    /// Refuses all who wait and all who come, for ever. Permits that were given out stay
    /// good.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let semaphore = hob::sync::Semaphore::new(1);
    /// semaphore.close();
    /// assert!(semaphore.acquire().await.is_err());
    /// assert!(semaphore.is_closed());
    /// # });
    /// ```
    pub fn close(&self) {
        self.gate.close();
    }

    /// True after [`close`](Semaphore::close).
    pub fn is_closed(&self) -> bool {
        self.gate.is_closed()
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .field("is_closed", &self.is_closed())
            .finish()
    }
}

/// Future of [`Semaphore::acquire`] and [`Semaphore::acquire_many`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Acquire<'a> {
    semaphore: &'a Semaphore,
    wish: Wish,
}

impl<'a> Future for Acquire<'a> {
    type Output = Result<SemaphorePermit<'a>, AcquireError>;

    #[inline(always)] // as for a lock
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let semaphore = self.semaphore;
        Poll::Ready(match ready!(self.wish.poll(&semaphore.gate, cx)) {
            true => Ok(SemaphorePermit::new(semaphore, self.wish.wanted)),
            false => Err(AcquireError::new()),
        })
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        self.wish.cancel(&self.semaphore.gate);
    }
}

/// Future of [`Semaphore::acquire_owned`] and [`Semaphore::acquire_many_owned`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct AcquireOwned {
    semaphore: Rc<Semaphore>,
    wish: Wish,
}

impl Future for AcquireOwned {
    type Output = Result<OwnedSemaphorePermit, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        Poll::Ready(match ready!(this.wish.poll(&this.semaphore.gate, cx)) {
            true => Ok(OwnedSemaphorePermit::new(
                this.semaphore.clone(),
                this.wish.wanted,
            )),
            false => Err(AcquireError::new()),
        })
    }
}

impl Drop for AcquireOwned {
    fn drop(&mut self) {
        self.wish.cancel(&self.semaphore.gate);
    }
}
