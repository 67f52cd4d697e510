//! Places taken ahead of their messages: the permits, and the futures that wait for them.
//!
//! Law: to make a message may cost something (a file read, a thing taken out of another
//! channel), and a `send` that is given up drops it. Consequence: whoever cannot afford that
//! takes the place first, and only then makes the message. A permit is such a place: it sends
//! without waiting and without failing. Price: it holds up others for as long as it is kept,
//! and while one is out, a closed channel is not over.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::bounded::Sender;
use super::chan::Chan;
use super::error::SendError;
use super::wait::Wish;

/// A place in the channel, to be used once. Dropped, it gives the place back.
///
/// It comes from [`Sender::reserve`] and its relatives.
#[must_use = "a permit that is dropped gives its place back"]
pub struct Permit<'a, T> {
    chan: &'a Chan<T>,
}

impl<'a, T> Permit<'a, T> {
    /// For a place that the caller has taken.
    pub(super) fn new(chan: &'a Chan<T>) -> Permit<'a, T> {
        chan.reserve(1);
        Permit { chan }
    }

    /// Sends, without waiting. A receiver that has closed the channel meanwhile gets the
    /// message all the same; with one that has gone, it is dropped.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
    /// let permit = sender.try_reserve().expect("there is a place");
    /// receiver.close();
    /// permit.send("as promised");
    /// assert_eq!(receiver.try_recv(), Ok("as promised"));
    /// ```
    pub fn send(self, message: T) {
        let chan = self.chan;
        std::mem::forget(self); // it holds no place any more, and nothing else
        chan.push_reserved(message);
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.chan.unreserve(1);
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// Several places, to be taken as permits one by one. Those that are left when it is dropped
/// go back.
#[must_use = "permits that are dropped give their places back"]
pub struct PermitIterator<'a, T> {
    chan: &'a Chan<T>,
    /// Places that were not handed out yet.
    left: usize,
}

impl<'a, T> PermitIterator<'a, T> {
    /// For places that the caller has taken.
    pub(super) fn new(chan: &'a Chan<T>, places: usize) -> PermitIterator<'a, T> {
        chan.reserve(places);
        PermitIterator { chan, left: places }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        // It is reserved already, and only changes hands.
        self.left = self.left.checked_sub(1)?;
        Some(Permit { chan: self.chan })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> std::iter::FusedIterator for PermitIterator<'_, T> {}

impl<T> Drop for PermitIterator<'_, T> {
    fn drop(&mut self) {
        if self.left > 0 {
            self.chan.unreserve(self.left);
        }
    }
}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermitIterator")
            .field("left", &self.left)
            .finish()
    }
}

/// A [`Permit`] that owns its sender, so that it can be kept anywhere.
///
/// It comes from [`Sender::reserve_owned`] and [`Sender::try_reserve_owned`].
#[must_use = "a permit that is dropped gives its place back"]
pub struct OwnedPermit<T> {
    /// `None` only while `send` and `release` take it apart.
    sender: Option<Sender<T>>,
}

impl<T> OwnedPermit<T> {
    /// For a place that the caller has taken.
    pub(super) fn new(sender: Sender<T>) -> OwnedPermit<T> {
        sender.chan.reserve(1);
        OwnedPermit {
            sender: Some(sender),
        }
    }

    /// Sends as [`Permit::send`] does, and gives the sender back.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
    /// let permit = sender.reserve_owned().await.expect("the receiver lives");
    /// let sender = permit.send(1);
    /// drop(sender);
    /// assert_eq!(receiver.recv().await, Some(1));
    /// assert_eq!(receiver.recv().await, None);
    /// # });
    /// ```
    pub fn send(mut self, message: T) -> Sender<T> {
        let sender = self.take();
        sender.chan.push_reserved(message);
        sender
    }

    /// Gives the place back unused, and the sender.
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::mpsc::channel::<u32>(1);
    /// let permit = sender.try_reserve_owned().expect("there is a place");
    /// assert_eq!(permit.release().capacity(), 1);
    /// ```
    pub fn release(mut self) -> Sender<T> {
        let sender = self.take();
        sender.chan.unreserve(1);
        sender
    }

    /// Do both send into the same channel?
    pub fn same_channel(&self, other: &OwnedPermit<T>) -> bool {
        match (&self.sender, &other.sender) {
            (Some(one), Some(other)) => one.same_channel(other),
            _ => false,
        }
    }

    /// Does `sender` send into the same channel?
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.sender
            .as_ref()
            .is_some_and(|own| own.same_channel(sender))
    }

    fn take(&mut self) -> Sender<T> {
        self.sender
            .take()
            .expect("only `send` and `release` take it, and they end the permit")
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.chan.unreserve(1);
        }
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnedPermit")
    }
}

/// Future of [`Sender::reserve`].
#[must_use = "futures do nothing unless awaited"]
pub struct Reserve<'a, T> {
    chan: &'a Chan<T>,
    wish: Wish,
}

impl<'a, T> Reserve<'a, T> {
    #[track_caller]
    pub(super) fn new(chan: &'a Chan<T>) -> Reserve<'a, T> {
        let wish = Wish::new(1);
        Reserve { chan, wish }
    }
}

impl<'a, T> Future for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let chan = self.chan;
        Poll::Ready(match ready!(self.wish.poll(chan, cx)) {
            true => Ok(Permit::new(chan)),
            false => Err(SendError(())),
        })
    }
}

impl<T> Drop for Reserve<'_, T> {
    fn drop(&mut self) {
        self.wish.cancel(self.chan);
    }
}

/// Future of [`Sender::reserve_many`].
#[must_use = "futures do nothing unless awaited"]
pub struct ReserveMany<'a, T> {
    chan: &'a Chan<T>,
    places: usize,
    wish: Wish,
}

impl<'a, T> ReserveMany<'a, T> {
    #[track_caller]
    pub(super) fn new(chan: &'a Chan<T>, places: usize) -> ReserveMany<'a, T> {
        ReserveMany {
            chan,
            places,
            wish: Wish::new(places),
        }
    }
}

impl<'a, T> Future for ReserveMany<'a, T> {
    type Output = Result<PermitIterator<'a, T>, SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let chan = self.chan;
        Poll::Ready(match ready!(self.wish.poll(chan, cx)) {
            true => Ok(PermitIterator::new(chan, self.places)),
            false => Err(SendError(())),
        })
    }
}

impl<T> Drop for ReserveMany<'_, T> {
    fn drop(&mut self) {
        self.wish.cancel(self.chan);
    }
}

/// Future of [`Sender::reserve_owned`].
#[must_use = "futures do nothing unless awaited"]
pub struct ReserveOwned<T> {
    /// Moves into the permit.
    sender: Option<Sender<T>>,
    wish: Wish,
}

impl<T> ReserveOwned<T> {
    #[track_caller]
    pub(super) fn new(sender: Sender<T>) -> ReserveOwned<T> {
        ReserveOwned {
            sender: Some(sender),
            wish: Wish::new(1),
        }
    }
}

impl<T> Future for ReserveOwned<T> {
    type Output = Result<OwnedPermit<T>, SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let gone = "polled again after it was ready";
        let chan = &this.sender.as_ref().expect(gone).chan;
        let granted = ready!(this.wish.poll(chan, cx));
        let sender = this.sender.take().expect(gone);
        Poll::Ready(match granted {
            true => Ok(OwnedPermit::new(sender)),
            false => Err(SendError(())),
        })
    }
}

impl<T> Drop for ReserveOwned<T> {
    fn drop(&mut self) {
        if let Some(sender) = &self.sender {
            self.wish.cancel(&sender.chan);
        }
    }
}
