//! The ends that send.

use std::fmt;
use std::sync::Arc;

use super::{Closed, Send, SendError, TrySendError};
use crate::sync::remote::chan::{Chan, Refused};

/// The end of a bounded channel that sends. Clone it for each task or thread that does.
pub struct Sender<T> {
    chan: Arc<Chan<T>>,
}

impl<T> Sender<T> {
    /// For who has counted it.
    pub(super) fn new(chan: Arc<Chan<T>>) -> Sender<T> {
        Sender { chan }
    }

    /// Waits for a place and sends.
    ///
    /// *Cancel safety*: a `send` that is dropped before it is ready has not sent, and its
    /// message is dropped with it. It also loses its place in the line.
    ///
    /// # Errors
    /// [`SendError`] with the message, if the receiver is gone or closed the channel, also
    /// while this was waiting.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, mut receiver) = hob::sync::remote::mpsc::channel(1);
    /// let thread = std::thread::spawn(move || receiver.blocking_recv());
    /// sender.send(7).await.expect("the thread receives");
    /// assert_eq!(thread.join().unwrap(), Some(7));
    /// # });
    /// ```
    #[track_caller]
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send::new(&self.chan, message)
    }

    /// [`send`](Sender::send) for a thread: blocks it until there is a place.
    ///
    /// # Errors
    /// [`SendError`] with the message, if the receiver is gone or closed the channel, also
    /// while this was waiting.
    ///
    /// # Panics
    /// On the thread of a running loop: await [`send`](Sender::send) there.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::remote::mpsc::channel(1);
    /// sender.blocking_send(7).expect("the receiver lives");
    /// assert_eq!(hob::block_on(receiver.recv()), Some(7));
    /// ```
    #[track_caller]
    pub fn blocking_send(&self, message: T) -> Result<(), SendError<T>> {
        let (mut message, mut place) = (Some(message), None);
        let sent = super::super::block("mpsc::Sender::blocking_send", "await `send` there", |cx| {
            self.chan.poll_send(&mut message, &mut place, cx)
        });
        match message {
            Some(message) if !sent => Err(SendError(message)),
            _ => Ok(()),
        }
    }

    /// Sends if there is a place and nobody waits for it.
    ///
    /// # Errors
    /// [`TrySendError`] with the message: full, or closed.
    ///
    /// ```
    /// use hob::sync::remote::mpsc::{self, TrySendError};
    ///
    /// let (sender, receiver) = mpsc::channel(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    /// ```
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.chan
            .try_send(message)
            .map_err(|refused| match refused {
                (Refused::Full, message) => TrySendError::Full(message),
                (Refused::Closed, message) => TrySendError::Closed(message),
            })
    }

    /// Waits until the receiver is gone or has closed the channel: then what this makes is
    /// wanted no longer.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (sender, receiver) = hob::sync::remote::mpsc::channel::<u32>(1);
    /// std::thread::spawn(move || drop(receiver));
    /// sender.closed().await;
    /// assert!(sender.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.chan)
    }

    /// True if a message could no longer be sent.
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// Places free at this moment.
    pub fn capacity(&self) -> usize {
        self.chan.free()
    }

    /// Places in all, as given to [`channel`](super::channel).
    pub fn max_capacity(&self) -> usize {
        self.chan.capacity
    }

    /// Do both send into the same channel?
    ///
    /// ```
    /// let (sender, _receiver) = hob::sync::remote::mpsc::channel::<u32>(1);
    /// assert!(sender.same_channel(&sender.clone()));
    /// ```
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.chan, &other.chan)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.chan.add_sender();
        Sender::new(self.chan.clone())
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

/// The end of an unbounded channel that sends. Clone it for each task or thread that does.
pub struct UnboundedSender<T> {
    chan: Arc<Chan<T>>,
}

impl<T> UnboundedSender<T> {
    /// For who has counted it.
    pub(super) fn new(chan: Arc<Chan<T>>) -> UnboundedSender<T> {
        UnboundedSender { chan }
    }

    /// Sends, without waiting; so it serves threads and tasks alike.
    ///
    /// # Errors
    /// [`SendError`] with the message, if the receiver is gone or closed the channel.
    ///
    /// ```
    /// let (sender, mut receiver) = hob::sync::remote::mpsc::unbounded_channel();
    /// let thread = std::thread::spawn(move || sender.send(7).is_ok());
    /// assert_eq!(hob::block_on(receiver.recv()), Some(7));
    /// assert!(thread.join().unwrap());
    /// ```
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.chan
            .try_send(message)
            .map_err(|(_closed, message)| SendError(message))
    }

    /// As [`Sender::closed`].
    ///
    /// *Cancel safety*: nothing is lost.
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.chan)
    }

    /// True if a message could no longer be sent.
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// Do both send into the same channel?
    pub fn same_channel(&self, other: &UnboundedSender<T>) -> bool {
        Arc::ptr_eq(&self.chan, &other.chan)
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> UnboundedSender<T> {
        self.chan.add_sender();
        UnboundedSender::new(self.chan.clone())
    }
}

impl<T> Drop for UnboundedSender<T> {
    fn drop(&mut self) {
        self.chan.remove_sender();
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender")
            .field("is_closed", &self.is_closed())
            .finish()
    }
}
