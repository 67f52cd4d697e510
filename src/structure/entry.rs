//! How a scope begins: [`scope()`], [`try_scope`], [`scope_with_deadline`].

use std::future::Future;
use std::panic::Location;
use std::time::Instant;

#[cfg(doc)]
use super::ScopeError;
use super::handle::Scope;
use super::run::ScopeFuture;
#[cfg(doc)]
use crate::sync::CancelReason;

/// Runs tasks that may borrow, and ends when all of them have ended.
///
/// `body` gets a [`Scope`], with which it, and every child, spawns children. They may borrow
/// what was declared before this call, as with [`std::thread::scope`]; not what the body
/// itself declares, for it may return before they do. (A loop variable of the body, say, is
/// moved in, by `async move`; then what is to be borrowed has to be a reference already.) They
/// are tasks in every respect, and are polled only while this future is.
///
/// Gives what the body returned, once everybody has ended. If something panics, body or
/// child, all the others are cancelled and the panic comes out in a [`ScopeError`], together
/// with whatever else fails meanwhile. For children whose errors shall do the same there is
/// [`try_scope`].
///
/// # Cancelling
/// By [`Scope::cancel`], a deadline, a failure, or a scope around this one. First the token
/// ([`Scope::token`]) shows it, and says why. Whoever holds it may go on for the grace limit: 1 s,
/// or [`Scope::set_grace`]. If nobody ever asked for the token there is nobody to wait for.
/// Then whoever is left, the body too, is dropped. At last the cleanups run
/// ([`Scope::defer`]), within a limit of their own: 5 s, or [`Scope::set_cleanup_limit`].
///
/// *Cancel safety*: there is no time for any of that where *this future* is dropped, by
/// [`timeout`](crate::time::timeout) or `select!`, say. Then the body and the children are
/// dropped at once, and the cleanups that borrow, too, unrun. Those of [`Scope::defer_static`]
/// go on as tasks. So a deadline belongs inside: [`scope_with_deadline`],
/// [`Scope::cancel_after`].
///
/// # Errors
/// [`ScopeError`] if anything panicked, if the body was dropped because the scope was
/// cancelled, or if a deadline cut off any of it. A cancellation that the body asked for and
/// that leaves it the time to return is no error.
///
/// # Panics
/// If it is polled outside of a running loop, or in another runtime than at first, or again
/// after it was ready.
///
/// ```
/// # hob::block_on(async {
/// let words = vec!["one", "thread", "is", "enough"];
/// let letters = std::cell::Cell::new(0);
/// let ended = hob::scope(async |s| {
///     for word in &words {
///         s.spawn(async { letters.set(letters.get() + word.len()) });
///     }
/// });
/// ended.await.unwrap();
/// assert_eq!(letters.get(), 17);
/// # });
/// ```
#[track_caller]
pub fn scope<'env, F, B>(body: F) -> ScopeFuture<'env, B::Output>
where
    F: FnOnce(Scope<'env>) -> B + 'env,
    B: Future + 'env,
{
    ScopeFuture::new(async move |s| Ok(body(s).await), Location::caller())
}

/// [`scope`](scope()) for work that may fail: the body returns a `Result`, and so do the
/// children of [`Scope::try_spawn`]. The first error cancels all the others.
///
/// *Cancel safety*: that of [`scope`](scope()).
///
/// # Errors
/// As [`scope`](scope()), and if the body or a child of `try_spawn` returned an error. All
/// errors and panics are in it, in the order in which they happened.
///
/// # Panics
/// As [`scope`](scope()) does.
///
/// ```
/// # hob::block_on(async {
/// let sum = hob::try_scope(async |s| {
///     let parts = ["1", "2", "39"].map(|part| s.try_spawn(async { part.parse::<u32>() }));
///     let mut sum = 0;
///     for part in parts {
///         sum += part.await.unwrap_or(0);
///     }
///     Ok(sum)
/// });
/// assert_eq!(sum.await.unwrap(), 42);
/// # });
/// ```
#[track_caller]
pub fn try_scope<'env, F, B, T, E>(body: F) -> ScopeFuture<'env, T, E>
where
    F: FnOnce(Scope<'env, E>) -> B + 'env,
    B: Future<Output = Result<T, E>> + 'env,
    T: 'env,
    E: 'env,
{
    ScopeFuture::new(body, Location::caller())
}

/// [`scope`](scope()) that is cancelled when `deadline` comes: the same as
/// [`Scope::cancel_at`] at the beginning of the body.
///
/// Unlike a [`timeout_at`](crate::time::timeout_at) around it, this gives the children their
/// grace, and runs the cleanups.
///
/// *Cancel safety*: that of [`scope`](scope()).
///
/// # Errors
/// As [`scope`](scope()): if anything had not ended when deadline and grace were over, the
/// [`reason`](ScopeError::reason) is [`CancelReason::Deadline`].
///
/// # Panics
/// As [`scope`](scope()) does.
///
/// ```
/// # use std::time::Duration;
/// # hob::Builder::new().virtual_time().block_on(async {
/// let saved = std::cell::Cell::new(false);
/// let deadline = hob::time::now() + Duration::from_secs(3);
/// let ended = hob::scope_with_deadline(deadline, async |s| {
///     s.defer(async { saved.set(true) });
///     std::future::pending::<()>().await;
/// });
/// assert_eq!(ended.await.unwrap_err().reason(), &hob::sync::CancelReason::Deadline);
/// assert!(saved.get());
/// # });
/// ```
#[track_caller]
pub fn scope_with_deadline<'env, F, B>(deadline: Instant, body: F) -> ScopeFuture<'env, B::Output>
where
    F: FnOnce(Scope<'env>) -> B + 'env,
    B: Future + 'env,
{
    let scope = ScopeFuture::new(async move |s| Ok(body(s).await), Location::caller());
    scope.children.deadline.set(Some(deadline));
    scope
}
