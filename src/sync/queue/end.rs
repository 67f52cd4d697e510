//! How work ends, and how the queue itself does: `task_done` and `join`, `shutdown`.

use std::task::Poll;

use super::Queue;
use super::wait::Join;

impl<T> Queue<T> {
    /// One item that was taken out is done.
    ///
    /// # Panics
    /// If it is said more often than items were put. Some item would count as done that is
    /// not, and `join` would no longer mean anything.
    ///
    /// ```
    /// let queue = hob::sync::Queue::unbounded();
    /// queue.try_put(1).expect("there is always a place");
    /// queue.try_get().expect("one is in");
    /// queue.task_done();
    /// assert_eq!(queue.unfinished(), 0);
    /// ```
    #[track_caller]
    pub fn task_done(&self) {
        assert!(
            self.unfinished.get() > 0,
            "Queue::task_done was called more often than items were put"
        );
        self.finish(1);
    }

    /// Waits until everything that was put is done: until there were as many
    /// [`task_done`](Queue::task_done)s as items. Ready at once if nothing is unfinished.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// use std::rc::Rc;
    ///
    /// let queue = Rc::new(hob::sync::Queue::unbounded());
    /// queue.put("work").await.expect("nobody shuts it down");
    /// let worker = queue.clone();
    /// hob::spawn(async move {
    ///     worker.get().await.expect("one is in");
    ///     worker.task_done();
    /// });
    /// queue.join().await;
    /// assert!(queue.is_empty());
    /// # });
    /// ```
    #[track_caller]
    pub fn join(&self) -> Join<'_, T> {
        Join::new(self)
    }

    /// Ends the queue: nothing goes in any more, and what is in can still be taken. Those who
    /// wait in [`put`](Queue::put) get their item back; those who wait in [`get`](Queue::get),
    /// where there is nothing, learn that nothing comes. Said twice, it is said once.
    ///
    /// ```
    /// let queue = hob::sync::Queue::unbounded();
    /// queue.try_put(1).expect("there is always a place");
    /// queue.shutdown();
    /// assert!(queue.try_put(2).is_err());
    /// assert_eq!(queue.try_get(), Ok(1));
    /// ```
    pub fn shutdown(&self) {
        self.places.close();
        self.items.close();
    }

    /// [`shutdown`](Queue::shutdown) that also drops what is in, and counts it as done. What
    /// was taken out before stays unfinished until it is done. (In Python this is
    /// `shutdown(immediate=True)`.)
    ///
    /// ```
    /// let queue = hob::sync::Queue::unbounded();
    /// queue.try_put(1).expect("there is always a place");
    /// queue.shutdown_now();
    /// assert!(queue.try_get().is_err());
    /// assert_eq!(queue.unfinished(), 0);
    /// ```
    pub fn shutdown_now(&self) {
        self.shutdown();
        let dropped = self.backlog.take();
        self.finish(dropped.len());
        drop(dropped); // I4
    }

    /// True after [`shutdown`](Queue::shutdown). There may be items in it all the same.
    pub fn is_shutdown(&self) -> bool {
        self.places.is_closed()
    }

    /// Items that were put and are not done.
    pub fn unfinished(&self) -> usize {
        self.unfinished.get()
    }

    /// Items that are done. (There may be fewer than so many unfinished: somebody may have said
    /// `task_done` for one that was never taken out.)
    pub(super) fn finish(&self, items: usize) {
        let unfinished = self.unfinished.get().saturating_sub(items);
        self.unfinished.set(unfinished);
        if unfinished == 0 {
            self.joining.call_all();
        }
    }

    pub(super) fn look_for_the_end(&self) -> Poll<()> {
        match self.unfinished.get() {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }
}
