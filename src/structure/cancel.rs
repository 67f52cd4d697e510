//! Cancelling a scope by its handle: when, why, and how much time there is for what.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::handle::Scope;
use crate::clock;
use crate::sync::{CancelReason, CancellationToken, CancelledOwned};

impl<'env, E: 'env> Scope<'env, E> {
    /// Cancels the scope: the token shows it, with this reason; those who hold the token have
    /// the grace limit to end; then the others are dropped. The body too, unless it returns
    /// before it waits for anything.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let answer = hob::scope(async |s| {
    ///     s.spawn(std::future::pending::<()>()); // for as long as the body needs it
    ///     s.cancel("no longer needed");
    ///     42
    /// });
    /// assert_eq!(answer.await.unwrap(), 42);
    /// # });
    /// ```
    pub fn cancel(&self, why: impl Into<Cow<'static, str>>) {
        let reason = CancelReason::Requested(why.into());
        self.children.token().cancel_for(reason);
    }

    /// [`cancel_at`](Scope::cancel_at) the moment that is so far from now.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let ended = hob::scope(async |s| {
    ///     s.cancel_after(Duration::from_secs(2));
    ///     std::future::pending::<()>().await;
    /// });
    /// assert!(ended.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn cancel_after(&self, wait: Duration) {
        self.cancel_at(clock::after(wait));
    }

    /// Cancels the scope when `deadline` comes. Of several deadlines the earliest counts.
    ///
    /// ```
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// # use std::time::Duration;
    /// let deadline = hob::time::now() + Duration::from_secs(2);
    /// let ended = hob::scope(async |s| {
    ///     s.cancel_at(deadline + Duration::from_secs(60)); // later than the other: no matter
    ///     s.cancel_at(deadline);
    ///     std::future::pending::<()>().await;
    /// });
    /// assert!(ended.await.unwrap_err().is_cancelled());
    /// assert_eq!(hob::time::now(), deadline);
    /// # });
    /// ```
    pub fn cancel_at(&self, deadline: Instant) {
        let earliest = self.children.deadline.get();
        let earliest = earliest.map_or(deadline, |earlier| earlier.min(deadline));
        self.children.deadline.set(Some(earliest));
        self.children.poke();
    }

    /// How long those who hold the token may go on after the scope was cancelled. Default: 1 s.
    /// With zero they are dropped at once. Counts from the cancellation; what comes later
    /// changes nothing.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let start = hob::time::now();
    /// hob::scope(async |s| {
    ///     s.set_grace(Duration::from_secs(3));
    ///     let deaf = s.token(); // holds it, and does not listen
    ///     s.spawn(async move { std::future::pending::<()>().await; drop(deaf) });
    ///     hob::yield_now().await;
    ///     s.cancel("");
    /// }).await.unwrap();
    /// assert_eq!(hob::time::now() - start, Duration::from_secs(3));
    /// # });
    /// ```
    pub fn set_grace(&self, grace: Duration) {
        self.children.grace.set(grace);
    }

    /// How long all the cleanups together may take, before the rest is dropped and that is
    /// told as a [`Failure`](crate::Failure). Default: 5 s. Zero leaves no time for any of them.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let ended = hob::scope(async |s| {
    ///     s.set_cleanup_limit(Duration::from_secs(1));
    ///     s.defer(std::future::pending());
    /// });
    /// let error = ended.await.unwrap_err();
    /// assert!(matches!(error.failures(), [hob::Failure::CleanupTooLong]));
    /// # });
    /// ```
    pub fn set_cleanup_limit(&self, limit: Duration) {
        self.children.cleanup_limit.set(limit);
    }

    /// The token of the scope: cancelled when the scope is. To cancel it cancels the scope.
    ///
    /// Whoever asks for it is expected to act upon it: from then on, a cancellation leaves
    /// everybody the grace limit.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let farewell = hob::scope(async |s| {
    ///     let token = s.token();
    ///     let polite = s.spawn(async move {
    ///         token.cancelled().await;
    ///         "goodbye"
    ///     });
    ///     hob::yield_now().await;
    ///     s.cancel("it is late");
    ///     polite.await.unwrap()
    /// });
    /// assert_eq!(farewell.await.unwrap(), "goodbye");
    /// # });
    /// ```
    pub fn token(&self) -> CancellationToken {
        self.children.token().hand_out()
    }

    /// Waits until the scope is cancelled. As if the [`token`](Scope::token) was asked for.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// hob::scope(async |s| {
    ///     let heard = s.spawn(s.cancelled());
    ///     hob::yield_now().await;
    ///     s.cancel("that is all");
    ///     assert!(heard.await.is_ok());
    /// }).await.unwrap();
    /// # });
    /// ```
    #[track_caller]
    pub fn cancelled(&self) -> CancelledOwned {
        self.token().cancelled_owned()
    }

    /// Is it cancelled? As if the [`token`](Scope::token) was asked for.
    ///
    /// ```
    /// # hob::block_on(async {
    /// hob::scope(async |s| {
    ///     assert!(!s.is_cancelled());
    ///     s.cancel("enough");
    ///     assert!(s.is_cancelled());
    /// }).await.unwrap();
    /// # });
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.token().is_cancelled()
    }
}
