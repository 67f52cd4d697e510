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

    /// Makes two of this: so many permits in the new one, the rest stays here. `None`, and
    /// nothing is changed, if there are not so many.
    ///
    /// ```
    /// let semaphore = hob::sync::Semaphore::new(5);
    /// let mut permit = semaphore.try_acquire_many(5).expect("five are free");
    /// drop(permit.split(2).expect("there are five"));
    /// assert_eq!((permit.num_permits(), semaphore.available_permits()), (3, 2));
    /// ```
    pub fn split(&mut self, permits: usize) -> Option<SemaphorePermit<'a>> {
        self.permits = self.permits.checked_sub(permits)?;
        Some(SemaphorePermit::new(self.semaphore, permits))
    }

    /// Takes in the permits of another, to be given back together.
    ///
    /// # Panics
    /// If the other is from another semaphore.
    ///
    /// ```
    /// let semaphore = hob::sync::Semaphore::new(5);
    /// let mut permit = semaphore.try_acquire_many(2).expect("five are free");
    /// permit.merge(semaphore.try_acquire_many(3).expect("three are left"));
    /// assert_eq!(permit.num_permits(), 5);
    /// ```
    #[track_caller]
    pub fn merge(&mut self, mut other: SemaphorePermit<'a>) {
        assert!(
            std::ptr::eq(self.semaphore, other.semaphore),
            "SemaphorePermit::merge: the permits are from another semaphore"
        );
        self.permits += std::mem::take(&mut other.permits);
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

    /// Makes two of this: so many permits in the new one, the rest stays here. `None`, and
    /// nothing is changed, if there are not so many.
    ///
    /// ```
    /// let semaphore = std::rc::Rc::new(hob::sync::Semaphore::new(5));
    /// let mut permit = semaphore.clone().try_acquire_many_owned(5).expect("five are free");
    /// drop(permit.split(2).expect("there are five"));
    /// assert_eq!((permit.num_permits(), semaphore.available_permits()), (3, 2));
    /// ```
    pub fn split(&mut self, permits: usize) -> Option<OwnedSemaphorePermit> {
        self.permits = self.permits.checked_sub(permits)?;
        Some(OwnedSemaphorePermit::new(self.semaphore.clone(), permits))
    }

    /// Takes in the permits of another, to be given back together.
    ///
    /// # Panics
    /// If the other is from another semaphore.
    ///
    /// ```
    /// let semaphore = std::rc::Rc::new(hob::sync::Semaphore::new(5));
    /// let mut permit = semaphore.clone().try_acquire_many_owned(2).expect("five are free");
    /// permit.merge(semaphore.clone().try_acquire_many_owned(3).expect("three are left"));
    /// assert_eq!(permit.num_permits(), 5);
    /// ```
    #[track_caller]
    pub fn merge(&mut self, mut other: OwnedSemaphorePermit) {
        assert!(
            Rc::ptr_eq(&self.semaphore, &other.semaphore),
            "OwnedSemaphorePermit::merge: the permits are from another semaphore"
        );
        self.permits += std::mem::take(&mut other.permits);
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
