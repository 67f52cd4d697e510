//! Permits, which give themselves back when they are dropped.

use std::rc::Rc;

use super::Semaphore;

/// Permits of a [`Semaphore`], given back when this is dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once permits nothing"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl<'a> SemaphorePermit<'a> {
    /// For who has just taken so many from the gate.
    pub(super) fn new(semaphore: &'a Semaphore, permits: usize) -> SemaphorePermit<'a> {
        SemaphorePermit { semaphore, permits }
    }

    /// Never gives the permits back: there are fewer from now on.
    ///
    /// ```
    /// let semaphore = hob::sync::Semaphore::new(2);
    /// semaphore.try_acquire().expect("two are free").forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// How many permits this is.
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        self.semaphore.gate.release(self.permits);
    }
}

/// Permits of a [`Semaphore`] in an `Rc`, given back when this is dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once permits nothing"]
pub struct OwnedSemaphorePermit {
    semaphore: Rc<Semaphore>,
    permits: usize,
}

impl OwnedSemaphorePermit {
    /// For who has just taken so many from the gate.
    pub(super) fn new(semaphore: Rc<Semaphore>, permits: usize) -> OwnedSemaphorePermit {
        OwnedSemaphorePermit { semaphore, permits }
    }

    /// Never gives the permits back: there are fewer from now on.
    ///
    /// ```
    /// let semaphore = std::rc::Rc::new(hob::sync::Semaphore::new(2));
    /// semaphore.clone().try_acquire_owned().expect("two are free").forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// How many permits this is.
    pub fn num_permits(&self) -> usize {
        self.permits
    }

    /// The semaphore that they are from.
    pub fn semaphore(&self) -> &Rc<Semaphore> {
        &self.semaphore
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        self.semaphore.gate.release(self.permits);
    }
}
