//! Senders that do not keep the channel open.
//!
//! For whoever must be able to send, but should not be the reason why the receiver still
//! waits: a registry of subscribers, the task that owns the receiver. The count that matters
//! is that of the senders, not of the `Rc`s: a channel whose last sender went is over, although
//! its receiver still holds it, and nothing opens it again (trap 42).

use std::fmt;
use std::rc::{Rc, Weak};

use super::bounded::Sender;
use super::chan::Chan;
use super::unbounded::UnboundedSender;

/// A [`Sender`] that does not keep the channel open. Made by [`Sender::downgrade`].
pub struct WeakSender<T> {
    chan: Weak<Chan<T>>,
}

/// An [`UnboundedSender`] that does not keep the channel open. Made by
/// [`UnboundedSender::downgrade`].
pub struct WeakUnboundedSender<T> {
    chan: Weak<Chan<T>>,
}

/// The channel behind `weak`, with one sender more, if it has any.
fn revive<T>(weak: &Weak<Chan<T>>) -> Option<Rc<Chan<T>>> {
    let chan = weak.upgrade().filter(|chan| chan.senders() > 0)?;
    chan.add_sender();
    Some(chan)
}

fn senders<T>(weak: &Weak<Chan<T>>) -> usize {
    weak.upgrade().map_or(0, |chan| chan.senders())
}

impl<T> WeakSender<T> {
    pub(super) fn new(chan: &Rc<Chan<T>>) -> WeakSender<T> {
        let chan = Rc::downgrade(chan);
        WeakSender { chan }
    }

    /// A sender, if there is still another one.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
    /// let weak = sender.downgrade();
    /// weak.upgrade().expect("a sender lives").try_send(1).expect("there is a place");
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    pub fn upgrade(&self) -> Option<Sender<T>> {
        revive(&self.chan).map(|chan| Sender { chan })
    }

    /// Senders that keep the channel open.
    pub fn strong_count(&self) -> usize {
        senders(&self.chan)
    }

    /// Senders that do not, this one included.
    pub fn weak_count(&self) -> usize {
        self.chan.weak_count()
    }
}

impl<T> WeakUnboundedSender<T> {
    pub(super) fn new(chan: &Rc<Chan<T>>) -> WeakUnboundedSender<T> {
        let chan = Rc::downgrade(chan);
        WeakUnboundedSender { chan }
    }

    /// A sender, if there is still another one.
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::mpsc::unbounded_channel::<u32>();
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        revive(&self.chan).map(|chan| UnboundedSender { chan })
    }

    /// Senders that keep the channel open.
    pub fn strong_count(&self) -> usize {
        senders(&self.chan)
    }

    /// Senders that do not, this one included.
    pub fn weak_count(&self) -> usize {
        self.chan.weak_count()
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        let chan = self.chan.clone();
        WeakSender { chan }
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> WeakUnboundedSender<T> {
        let chan = self.chan.clone();
        WeakUnboundedSender { chan }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakSender")
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakUnboundedSender")
    }
}
