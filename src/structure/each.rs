//! Work for many items, so many at a time, as children of a scope.
//!
//! Two kinds of children do it: one that takes items and starts work, and one for each item
//! that is worked on. So nothing hangs on whoever asked for it: while the body handles one
//! result the others go on, and the next item is taken.

use std::future::Future;
use std::panic::Location;
use std::rc::Rc;

use futures_core::Stream;
use futures_lite::StreamExt;

use super::handle::Scope;
use crate::executor::JoinHandle;
use crate::sync::{OwnedSemaphorePermit, Semaphore};

impl<'env, E: 'env> Scope<'env, E> {
    /// Runs `work(item)` for each of `items`, each as a child, at most `limit` at the same
    /// time. The next item is taken when one has ended.
    ///
    /// All of them go on whatever the caller does meanwhile, whether or not it awaits the
    /// handle. (A buffered stream is polled by whoever takes from it; while that one handles
    /// a result, the rest stands still.) The handle is ready when all have ended. If the scope
    /// is cancelled, no more items are taken.
    ///
    /// # Panics
    /// If `limit` is 0: then nothing would ever run.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let sum = std::cell::Cell::new(0);
    /// hob::scope(async |s| {
    ///     s.for_each_concurrent(2, 1..=4, |n| {
    ///         let sum = &sum;
    ///         async move { sum.set(sum.get() + n) }
    ///     });
    /// }).await.unwrap();
    /// assert_eq!(sum.get(), 10);
    /// # });
    /// ```
    #[track_caller]
    pub fn for_each_concurrent<I, W, F>(&self, limit: usize, items: I, work: W) -> JoinHandle<()>
    where
        I: IntoIterator<IntoIter: 'env>,
        W: FnMut(I::Item) -> F + 'env,
        F: Future<Output = ()> + 'env,
    {
        let items = futures_lite::stream::iter(items);
        self.for_each_concurrent_stream(limit, items, work)
    }

    /// [`for_each_concurrent`](Scope::for_each_concurrent) for the items of a [`Stream`].
    ///
    /// # Panics
    /// If `limit` is 0.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let seen = std::cell::Cell::new(0);
    /// hob::scope(async |s| {
    ///     let items = futures_lite::stream::repeat(1).take(3);
    ///     # use futures_lite::StreamExt;
    ///     s.for_each_concurrent_stream(2, items, |n| {
    ///         let seen = &seen;
    ///         async move { seen.set(seen.get() + n) }
    ///     });
    /// }).await.unwrap();
    /// assert_eq!(seen.get(), 3);
    /// # });
    /// ```
    #[track_caller]
    pub fn for_each_concurrent_stream<S, W, F>(
        &self,
        limit: usize,
        items: S,
        mut work: W,
    ) -> JoinHandle<()>
    where
        S: Stream + 'env,
        W: FnMut(S::Item) -> F + 'env,
        F: Future<Output = ()> + 'env,
    {
        let scope = self.clone();
        self.each(limit, items, move |item, place, at| {
            let work = work(item);
            let work = async move {
                work.await;
                drop(place);
            };
            drop(scope.start(work, None, at));
        })
    }

    /// [`for_each_concurrent`](Scope::for_each_concurrent) for work that may fail: as with
    /// [`try_spawn`](Scope::try_spawn), the first error cancels the scope, and comes out of it.
    ///
    /// # Panics
    /// If `limit` is 0.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let failed = hob::try_scope(async |s| {
    ///     s.try_for_each_concurrent(2, ["1", "one", "2"], async |text: &str| {
    ///         text.parse::<u32>().map(drop)
    ///     });
    ///     Ok(())
    /// });
    /// assert!(failed.await.unwrap_err().first_error().is_some());
    /// # });
    /// ```
    #[track_caller]
    pub fn try_for_each_concurrent<I, W, F>(
        &self,
        limit: usize,
        items: I,
        mut work: W,
    ) -> JoinHandle<()>
    where
        I: IntoIterator<IntoIter: 'env>,
        W: FnMut(I::Item) -> F + 'env,
        F: Future<Output = Result<(), E>> + 'env,
    {
        let scope = self.clone();
        let items = futures_lite::stream::iter(items);
        self.each(limit, items, move |item, place, at| {
            let work = work(item);
            let work = async move {
                let result = work.await;
                drop(place);
                result
            };
            drop(scope.try_start(work, None, at));
        })
    }

    /// The child that takes the items, and has `begin` start the work for each.
    #[track_caller]
    fn each<S, B>(&self, limit: usize, items: S, mut begin: B) -> JoinHandle<()>
    where
        S: Stream + 'env,
        B: FnMut(S::Item, OwnedSemaphorePermit, &'static Location<'static>) + 'env,
    {
        assert!(limit > 0, "for_each_concurrent needs a limit of at least 1");
        let at = Location::caller();
        let scope = self.clone();
        let feed = async move {
            let places = Rc::new(Semaphore::new(limit));
            let mut items = std::pin::pin!(items);
            loop {
                // The place first: an item that is taken is one that begins.
                let Ok(place) = places.clone().acquire_owned().await else {
                    unreachable!("nobody closes it");
                };
                // Not handed out: this is no reason to give anybody grace.
                let token = scope.children.token();
                let Some(Some(item)) = token.run_until_cancelled(items.next()).await else {
                    break;
                };
                begin(item, place, at);
            }
            // All places are free: all have ended.
            let _all = places.acquire_many(limit).await;
        };
        self.start(feed, None, at)
    }
}
