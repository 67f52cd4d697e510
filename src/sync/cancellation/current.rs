//! The token that is current: who would have to stop if the code that runs here had to.
//!
//! A scope makes its token the current one around each poll of its children, so a scope
//! within finds it and stands below it, and nobody has to pass tokens down by hand. Under
//! `cancel_on_ctrl_c` there is one on top of all, that of Ctrl-C.

use std::cell::Cell;

use super::CancellationToken;

impl CancellationToken {
    /// The token that stands above the code which calls this: that of the innermost
    /// [`scope`](crate::scope()) it runs in, else the one that Ctrl-C cancels under
    /// [`Builder::cancel_on_ctrl_c`](crate::Builder). `None` where there is neither.
    ///
    /// A task that was spawned by [`spawn`](crate::spawn) is in no scope.
    ///
    /// ```
    /// # hob::block_on(async {
    /// assert!(hob::sync::CancellationToken::current().is_none());
    /// # });
    /// ```
    pub fn current() -> Option<CancellationToken> {
        let token = with_current(Clone::clone).flatten()?;
        token.node.hand_out();
        Some(token)
    }

    /// A clone for somebody who may act upon it.
    pub(crate) fn hand_out(&self) -> CancellationToken {
        self.node.hand_out();
        self.clone()
    }

    /// Did anybody ever get hold of it by [`hand_out`](CancellationToken::hand_out) or
    /// [`current`](CancellationToken::current)? If not, nobody can hear that it is cancelled.
    pub(crate) fn was_handed_out(&self) -> bool {
        self.node.was_handed_out()
    }
}

thread_local! {
    /// What [`CancellationToken::current`] gives. Set around each poll of what runs in a
    /// scope, and for the length of a `block_on` that Ctrl-C may cancel.
    static CURRENT: Cell<Option<CancellationToken>> = const { Cell::new(None) };
}

/// Looks at the current token. Dropping a token runs no code of the user's, so this may
/// happen anywhere.
fn with_current<R>(f: impl FnOnce(&Option<CancellationToken>) -> R) -> Option<R> {
    let looked = CURRENT.try_with(|cell| {
        let current = cell.take();
        let answer = f(&current);
        cell.set(current);
        answer
    });
    looked.ok()
}

/// Makes `token` the current one until the guard is dropped.
pub(crate) fn enter(token: CancellationToken) -> Entered {
    Entered {
        former: CURRENT
            .try_with(|cell| cell.replace(Some(token)))
            .ok()
            .flatten(),
    }
}

/// Guard of [`enter`].
pub(crate) struct Entered {
    former: Option<CancellationToken>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let former = self.former.take();
        // While a thread ends nobody is current any more.
        let _ = CURRENT.try_with(|cell| cell.set(former));
    }
}
