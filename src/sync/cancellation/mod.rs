//! `CancellationToken`: one says "stop", and everybody who holds the token hears it.
//!
//! Aborting a task drops it where it stands. A token *asks*: whoever holds it finishes its
//! sentence, and stops then. Tokens form a tree: to cancel one cancels all below it, and
//! nothing above.
//!
//! ```text
//!   program ──┬── server ──┬── connection 1        server.cancel_with("moving"): the server
//!             │            └── connection 2        and both connections hear it, the program
//!             └── metrics                          and its metrics do not
//! ```
//!
//! Inside, in reading order: `reason` is why, `tree` is the tree, `wait` is awaiting it, and
//! here is what a program holds; `current` is how a token is found that nobody passed down.

mod reason;
mod tree;
mod wait;
mod current;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;

pub(crate) use current::{Entered, enter};
pub use reason::CancelReason;
pub use wait::{Cancelled, CancelledOwned, RunUntilCancelled};

use tree::Node;

/// Tells many tasks to stop, and why. Clones are the same token.
///
/// ```
/// # hob::block_on(async {
/// use hob::sync::CancellationToken;
///
/// let token = CancellationToken::new();
/// let child = token.child_token();
/// let task = hob::spawn(async move {
///     child.cancelled().await;
///     child.reason().unwrap().to_string()
/// });
/// token.cancel_with("lunch");
/// assert_eq!(task.await.unwrap(), "cancelled: lunch");
/// # });
/// ```
#[derive(Clone)]
pub struct CancellationToken {
    node: Rc<Node>,
}

impl CancellationToken {
    /// A token that nobody has cancelled, with nothing above it.
    pub fn new() -> CancellationToken {
        CancellationToken {
            node: Node::new(None),
        }
    }

    /// A token that is cancelled with this one, and can be cancelled by itself. Of a token
    /// that is cancelled already the child is, too.
    ///
    /// It leaves this token when its last clone is dropped (and with it the last of its own
    /// children). It keeps nobody alive but the tokens that it came from.
    ///
    /// ```
    /// let token = hob::sync::CancellationToken::new();
    /// let (first, second) = (token.child_token(), token.child_token());
    /// first.cancel();
    /// assert!(first.is_cancelled() && !token.is_cancelled());
    /// token.cancel();
    /// assert!(second.is_cancelled());
    /// ```
    #[must_use = "a child that is dropped hears nothing"]
    pub fn child_token(&self) -> CancellationToken {
        CancellationToken {
            node: Node::new(Some(&self.node)),
        }
    }

    /// Cancels this token and all below it, and wakes whoever waits for that. Only the first
    /// time counts.
    ///
    /// ```
    /// let token = hob::sync::CancellationToken::new();
    /// assert!(!token.is_cancelled() && token.reason().is_none());
    /// token.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    pub fn cancel(&self) {
        self.cancel_for(CancelReason::Requested("".into()));
    }

    /// [`cancel`](CancellationToken::cancel), and says why. All who hear it can ask for the
    /// [`reason`](CancellationToken::reason).
    ///
    /// ```
    /// let token = hob::sync::CancellationToken::new();
    /// token.cancel_with("out of coffee");
    /// token.cancel_with("too late to matter");
    /// assert_eq!(token.reason().unwrap().to_string(), "cancelled: out of coffee");
    /// ```
    pub fn cancel_with(&self, why: impl Into<std::borrow::Cow<'static, str>>) {
        self.cancel_for(CancelReason::Requested(why.into()));
    }

    /// [`cancel_with`](CancellationToken::cancel_with) for reasons that are not words.
    ///
    /// ```
    /// use hob::sync::{CancelReason, CancellationToken};
    ///
    /// let token = CancellationToken::new();
    /// token.cancel_for(CancelReason::Deadline);
    /// assert_eq!(token.reason(), Some(CancelReason::Deadline));
    /// ```
    pub fn cancel_for(&self, reason: CancelReason) {
        self.node.cancel(reason);
    }

    /// Was it cancelled, or one above it?
    pub fn is_cancelled(&self) -> bool {
        self.node.reason().is_some()
    }

    /// Why it was cancelled; `None` while it is not.
    pub fn reason(&self) -> Option<CancelReason> {
        self.node.reason().cloned()
    }

    /// Waits until it is cancelled.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let token = hob::sync::CancellationToken::new();
    /// let canceller = token.clone();
    /// hob::spawn(async move { canceller.cancel() });
    /// token.cancelled().await;
    /// assert!(token.is_cancelled());
    /// # });
    /// ```
    #[track_caller]
    pub fn cancelled(&self) -> Cancelled<'_> {
        Cancelled::new(&self.node, Location::caller())
    }

    /// [`cancelled`](CancellationToken::cancelled), as a future that borrows nothing.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let token = hob::sync::CancellationToken::new();
    /// let heard = hob::spawn(token.clone().cancelled_owned());
    /// token.cancel();
    /// assert!(heard.await.is_ok());
    /// # });
    /// ```
    #[track_caller]
    pub fn cancelled_owned(self) -> CancelledOwned {
        CancelledOwned::new(self.node, Location::caller())
    }

    /// Runs `future` until it is ready, or until this is cancelled; then it gives `None`.
    ///
    /// If both are so in the same moment the result counts, as with
    /// [`timeout`](crate::time::timeout). If the token is cancelled from the beginning, the
    /// future is not polled at all.
    ///
    /// *Cancel safety*: that of `future`.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let token = hob::sync::CancellationToken::new();
    /// assert_eq!(token.run_until_cancelled(async { 7 }).await, Some(7));
    /// token.cancel();
    /// assert_eq!(token.run_until_cancelled(async { 7 }).await, None);
    /// # });
    /// ```
    #[track_caller]
    pub fn run_until_cancelled<F: Future>(&self, future: F) -> RunUntilCancelled<'_, F> {
        RunUntilCancelled::new(self.cancelled(), future)
    }

    /// Cancels the token when the guard is dropped: whoever holds it need not think of it,
    /// also where it is itself dropped half way, or panics.
    ///
    /// ```
    /// let token = hob::sync::CancellationToken::new();
    /// drop(token.clone().drop_guard());
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { token: Some(self) }
    }
}

impl Default for CancellationToken {
    fn default() -> CancellationToken {
        CancellationToken::new()
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken")
            .field("reason", &self.node.reason())
            .field("waiting", &self.node.waiting())
            .finish()
    }
}

/// Cancels a token when it is dropped: see [`CancellationToken::drop_guard`].
#[derive(Debug)]
#[must_use = "a guard that is dropped at once cancels at once"]
pub struct DropGuard {
    /// `None` once it was disarmed.
    token: Option<CancellationToken>,
}

impl DropGuard {
    /// Lets the token go on, and gives it back.
    ///
    /// ```
    /// let guard = hob::sync::CancellationToken::new().drop_guard();
    /// assert!(!guard.disarm().is_cancelled());
    /// ```
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect("only this takes it, by value")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel_for(CancelReason::Dropped);
        }
    }
}
