//! The tree of tokens: who stands below whom, and how "stop" gets from the top to the leaves.
//!
//! ```text
//!             children: Weak          a token that is dropped must go, whoever stands above
//!    parent ─ ─ ─ ─ ─ ─ ─ ─► child
//!           ◄────────────────
//!             parent: Rc              what is between the top and a leaf that lives must stay,
//!                                     or the leaf would not hear
//! ```
//!
//! A child knows its place in its parent's list, so leaving costs the same however many
//! siblings there are. Trees may be 100,000 deep or wide, so nothing here recurses: cancelling
//! walks with a list of its own, and so does the drop of a chain.
//!
//! Invariants:
//! - I1: whoever is cancelled has no parent and no children any more: a tree of tokens that
//!   live consists of tokens that are not cancelled.
//! - I2: all below a cancelled token are cancelled before the first waker is called, so
//!   whoever is woken sees them all cancelled.
//! - I3: while a token has a parent, `place` is its own in that parent's list.
//!
//! Price of `parent: Rc`: a leaf keeps the tokens between it and the top in memory, though all
//! clones of them are gone.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

use slab::Slab;

use super::CancelReason;
use crate::sync::wait_list::{WaitList, wake_each};

/// An empty list of children with room for more than this gives its memory back.
const KEPT: usize = 64;

/// What all clones of one token share.
pub(super) struct Node {
    /// Taken when this one or one above is cancelled (I1), and by the drop.
    parent: Cell<Option<Rc<Node>>>,
    /// I3.
    place: Cell<usize>,
    children: RefCell<Slab<Weak<Node>>>,
    /// Set once. Shared by all that one call cancelled.
    reason: OnceCell<Rc<CancelReason>>,
    /// Those who wait for the cancellation.
    pub(super) line: WaitList<()>,
    /// See [`CancellationToken::was_handed_out`](super::CancellationToken::was_handed_out).
    handed_out: Cell<bool>,
}

impl Node {
    pub(super) fn new(parent: Option<&Rc<Node>>) -> Rc<Node> {
        let node = Rc::new(Node {
            parent: Cell::new(None),
            place: Cell::new(0),
            children: RefCell::default(),
            reason: OnceCell::new(),
            line: WaitList::new(),
            handed_out: Cell::new(false),
        });
        if let Some(parent) = parent {
            match parent.reason.get() {
                Some(reason) => drop(node.reason.set(reason.clone())), // I1: cancelled, so alone
                None => node.join(parent),
            }
        }
        node
    }

    fn join(self: &Rc<Node>, parent: &Rc<Node>) {
        let place = parent.children.borrow_mut().insert(Rc::downgrade(self));
        self.place.set(place);
        self.parent.set(Some(parent.clone()));
    }

    /// Leaves the parent, and gives it back for the caller to drop.
    fn leave(&self) -> Option<Rc<Node>> {
        let parent = self.parent.take()?;
        let mut siblings = parent.children.borrow_mut();
        siblings.remove(self.place.get()); // I3
        if siblings.is_empty() && siblings.capacity() > KEPT {
            *siblings = Slab::new();
        }
        drop(siblings);
        Some(parent)
    }

    pub(super) fn reason(&self) -> Option<&CancelReason> {
        self.reason.get().map(|reason| &**reason)
    }

    pub(super) fn cancel(self: &Rc<Node>, reason: CancelReason) {
        if self.reason.get().is_some() {
            return;
        }
        drop(self.leave());
        let reason = Rc::new(reason);
        let mut cancelled = vec![self.clone()];
        let mut at = 0;
        while at < cancelled.len() {
            let set = cancelled[at].reason.set(reason.clone());
            debug_assert!(set.is_ok(), "I1");
            // I1: parent and children forget each other.
            for (_, child) in cancelled[at].children.take() {
                let Some(child) = child.upgrade() else {
                    continue; // its drop is on the stack, and finds no parent any more
                };
                drop(child.parent.take()); // not the last of it: `cancelled` holds one
                cancelled.push(child);
            }
            at += 1;
        }
        // I2: from here on, strangers.
        for node in &cancelled {
            wake_each(|| node.line.call_front(|()| true));
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.line.len()
    }

    pub(super) fn hand_out(&self) {
        self.handed_out.set(true);
    }

    pub(super) fn was_handed_out(&self) -> bool {
        self.handed_out.get()
    }
}

impl Drop for Node {
    /// A chain of tokens that only its leaf kept goes link by link, and not by recursion.
    fn drop(&mut self) {
        let mut next = self.leave();
        while let Some(node) = next {
            next = match Rc::try_unwrap(node) {
                Ok(last) => last.leave(),
                Err(_others_hold_it) => None,
            };
        }
    }
}
