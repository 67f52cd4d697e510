//! The bounded channel's sender: `send` waits for a place. Its other end is in `receiver`.

use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use super::chan::Chan;
use super::error::TrySendError;
use super::permit::{OwnedPermit, Permit, PermitIterator, Reserve, ReserveMany, ReserveOwned};
use super::receiver::Receiver;
use super::wait::{Closed, Send, SendTimeout};
use super::weak::WeakSender;

/// A channel with room for so many messages.
///
/// # Panics
/// If `capacity` is 0: there would never be a place for a message. To hand over values one
/// by one, take 1.
///
/// ```
/// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
/// sender.try_send("one").expect("there is a place");
/// assert!(sender.try_send("two").is_err(), "now it is full");
/// assert_eq!(receiver.try_recv(), Ok("one"));
/// ```
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity > 0,
        "mpsc::channel(0) could never hold a message: take a capacity of at least 1"
    );
    let chan = Rc::new(Chan::new(capacity, Location::caller()));
    let sender = Sender { chan: chan.clone() };
    (sender, Receiver::new(chan))
}

/// The end that sends. Clone it for each task that sends.
pub struct Sender<T> {
    pub(super) chan: Rc<Chan<T>>,
}

impl<T> Sender<T> {
    /// Waits for a place and sends.
    ///
    /// *Cancel safety*: a `send` that is dropped before it is ready has not sent, and its
    /// message is dropped with it. It also loses its place in the line.
    ///
    /// # Errors
    /// [`SendError`](super::SendError) with the message, if the receiver is gone or closed the channel, also
    /// while this was waiting.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
    /// sender.send(7).await.expect("the receiver lives");
    /// assert_eq!(receiver.recv().await, Some(7));
    /// # });
    /// ```
    #[track_caller]
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send::new(&self.chan, message)
    }

    /// Sends if there is a place and nobody waits for it.
    ///
    /// # Errors
    /// [`TrySendError`] with the message: full, or closed.
    ///
    /// ```
    /// use hob::sync::mpsc::{self, TrySendError};
    ///
    /// let (sender, receiver) = mpsc::channel(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    /// ```
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let sent = self.chan.try_send(message);
        sent.map_err(|(why, message)| TrySendError::new(why, message))
    }

    /// [`send`](Sender::send), but waits no longer than `limit`, counted from this call.
    ///
    /// *Cancel safety*: as for [`send`](Sender::send).
    ///
    /// # Errors
    /// [`SendTimeoutError`](super::SendTimeoutError) with the message: no place in time, or
    /// closed.
    ///
    /// # Panics
    /// As [`sleep`](crate::time::sleep()) does, at the first poll that has to wait.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hob::sync::mpsc::{self, SendTimeoutError};
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let (sender, _receiver) = mpsc::channel(1);
    /// let limit = Duration::from_secs(1);
    /// assert_eq!(sender.send_timeout(1, limit).await, Ok(()));
    /// assert_eq!(sender.send_timeout(2, limit).await, Err(SendTimeoutError::Timeout(2)));
    /// # });
    /// ```
    #[track_caller]
    pub fn send_timeout(&self, message: T, limit: Duration) -> SendTimeout<'_, T> {
        SendTimeout::new(&self.chan, message, limit)
    }

    /// Waits for a place and keeps it: the [`Permit`] then sends without waiting. For messages
    /// that must not be lost when the wait is given up: they are made only afterwards.
    ///
    /// *Cancel safety*: dropping the future gives up the place in the line; a place that was
    /// already on its way goes to the next.
    ///
    /// # Errors
    /// [`SendError`](super::SendError) if the receiver is gone or closed the channel.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
    /// let permit = sender.reserve().await.expect("the receiver lives");
    /// assert!(sender.try_send("other").is_err(), "the only place is taken");
    /// permit.send("mine");
    /// assert_eq!(receiver.recv().await, Some("mine"));
    /// # });
    /// ```
    #[track_caller]
    pub fn reserve(&self) -> Reserve<'_, T> {
        Reserve::new(&self.chan)
    }

    /// [`reserve`](Sender::reserve) for so many places at once: none is held while others are
    /// missing. None at all is ready at once.
    ///
    /// *Cancel safety* and errors as for [`reserve`](Sender::reserve).
    ///
    /// # Panics
    /// If the channel has fewer places in all: there would never be enough.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(4);
    /// let permits = sender.reserve_many(3).await.expect("the receiver lives");
    /// permits.zip(["a", "b"]).for_each(|(permit, word)| permit.send(word));
    /// assert_eq!(sender.capacity(), 2, "the third was given back");
    /// assert_eq!(receiver.recv().await, Some("a"));
    /// # });
    /// ```
    #[track_caller]
    pub fn reserve_many(&self, places: usize) -> ReserveMany<'_, T> {
        self.assert_could_hold(places);
        ReserveMany::new(&self.chan, places)
    }

    /// [`reserve`](Sender::reserve) with a permit that owns this sender, so that it can be kept
    /// anywhere. Clone the sender before, if it is needed beside.
    ///
    /// *Cancel safety*: as for [`reserve`](Sender::reserve), but the sender goes with the
    /// future.
    ///
    /// # Errors
    /// [`SendError`](super::SendError) if the receiver is gone or closed the channel.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
    /// let permit = sender.reserve_owned().await.expect("the receiver lives");
    /// hob::spawn(async move { drop(permit.send("from a task")) });
    /// assert_eq!(receiver.recv().await, Some("from a task"));
    /// # });
    /// ```
    #[track_caller]
    pub fn reserve_owned(self) -> ReserveOwned<T> {
        ReserveOwned::new(self)
    }

    /// Takes a place if there is one and nobody waits for it.
    ///
    /// # Errors
    /// [`TrySendError`]: full, or closed.
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::mpsc::channel(1);
    /// let permit = sender.try_reserve().expect("there is a place");
    /// assert!(sender.try_reserve().is_err());
    /// permit.send(1);
    /// ```
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.take_places(1)?;
        Ok(Permit::new(&self.chan))
    }

    /// [`try_reserve`](Sender::try_reserve) for so many places at once, all of them or none.
    ///
    /// # Errors
    /// [`TrySendError`]: not so many free, or closed.
    ///
    /// # Panics
    /// If the channel has fewer places in all.
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::mpsc::channel::<u32>(3);
    /// let permits = sender.try_reserve_many(2).expect("there are three places");
    /// assert_eq!(permits.len(), 2);
    /// assert!(sender.try_reserve_many(2).is_err());
    /// ```
    #[track_caller]
    pub fn try_reserve_many(
        &self,
        places: usize,
    ) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        self.assert_could_hold(places);
        self.take_places(places)?;
        Ok(PermitIterator::new(&self.chan, places))
    }

    /// [`try_reserve`](Sender::try_reserve) with a permit that owns this sender.
    ///
    /// # Errors
    /// [`TrySendError`] with the sender: full, or closed.
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::mpsc::channel::<u32>(1);
    /// let permit = sender.clone().try_reserve_owned().expect("there is a place");
    /// let sender = sender.try_reserve_owned().unwrap_err().into_inner();
    /// assert!(permit.same_channel_as_sender(&sender));
    /// ```
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Sender<T>>> {
        match self.chan.room.try_acquire(1) {
            Ok(()) => Ok(OwnedPermit::new(self)),
            Err(why) => Err(TrySendError::new(why, self)),
        }
    }

    fn take_places(&self, places: usize) -> Result<(), TrySendError<()>> {
        let taken = self.chan.room.try_acquire(places);
        taken.map_err(|why| TrySendError::new(why, ()))
    }

    #[track_caller]
    fn assert_could_hold(&self, places: usize) {
        assert!(
            places <= self.max_capacity(),
            "{places} places of a channel that has {} in all: there would never be enough",
            self.max_capacity()
        );
    }

    /// Waits until the receiver is gone or has closed the channel: then what this task makes
    /// is wanted no longer.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, receiver) = hob::sync::mpsc::channel::<u32>(1);
    /// hob::spawn(async move { drop(receiver) });
    /// sender.closed().await;
    /// assert!(sender.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_> {
        Closed::new(&self.chan)
    }

    /// True if a message could no longer be sent.
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// Places free now: neither filled nor reserved.
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::mpsc::channel(5);
    /// sender.try_send("x").expect("there is a place");
    /// assert_eq!((sender.capacity(), sender.max_capacity()), (4, 5));
    /// ```
    pub fn capacity(&self) -> usize {
        self.chan.room.free()
    }

    /// Places in all, as given to [`channel`].
    pub fn max_capacity(&self) -> usize {
        self.chan.capacity
    }

    /// Do both send into the same channel?
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::mpsc::channel::<u32>(1);
    /// let (other, _receiver) = hob::sync::mpsc::channel::<u32>(1);
    /// assert!(sender.same_channel(&sender.clone()));
    /// assert!(!sender.same_channel(&other));
    /// ```
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Rc::ptr_eq(&self.chan, &other.chan)
    }

    /// A handle that can become a sender again, and until then does not keep the channel open.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::mpsc::channel::<u32>(1);
    /// let weak = sender.downgrade();
    /// drop(sender);
    /// assert_eq!(receiver.recv().await, None);
    /// assert!(weak.upgrade().is_none());
    /// # });
    /// ```
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender::new(&self.chan)
    }

    /// Senders that keep the channel open, this one included.
    pub fn strong_count(&self) -> usize {
        self.chan.senders()
    }

    /// [`WeakSender`]s of the channel.
    pub fn weak_count(&self) -> usize {
        Rc::weak_count(&self.chan)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.chan.add_sender();
        Sender {
            chan: self.chan.clone(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.chan.remove_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("capacity", &self.capacity())
            .field("is_closed", &self.is_closed())
            .finish()
    }
}
