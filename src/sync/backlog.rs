//! What waits in a channel: a queue that gives memory back after a burst.
//!
//! Every channel keeps its messages in one. It knows nothing of who waits for them.
//!
//! Law: a `VecDeque` keeps for ever the room that it once needed. A channel lives as long as
//! the program, and one bad minute would then be paid for until its end (trap 43).
//! Consequence: when all but an eighth of the room is empty, half of it is given back.
//! Price: the messages left are moved once, which is paid for by the pops that led there:
//! between two such moves lie at least as many pops as messages moved. Room below `KEPT_BYTES` is
//! never given back, so a channel in its everyday use does not allocate at all.

use std::collections::VecDeque;
use std::mem::size_of;

/// Bytes of room that are not worth giving back.
const KEPT_BYTES: usize = 4096;

/// A first-in-first-out queue whose memory follows its length.
pub(super) struct Backlog<T> {
    queue: VecDeque<T>,
}

impl<T> Backlog<T> {
    /// [`KEPT_BYTES`], in messages.
    const KEPT: usize = match size_of::<T>() {
        0 => usize::MAX,
        size => KEPT_BYTES / size,
    };

    pub(super) const fn new() -> Backlog<T> {
        Backlog {
            queue: VecDeque::new(),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, message: T) {
        self.queue.push_back(message);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        let message = self.queue.pop_front()?;
        let room = self.queue.capacity();
        if room > Self::KEPT && self.queue.len() < room / 8 {
            self.give_back();
        }
        Some(message)
    }

    /// The rare half of [`pop`](Backlog::pop), kept out of the way of the other.
    #[cold]
    fn give_back(&mut self) {
        self.queue.shrink_to(self.queue.capacity() / 2);
    }

    /// The message so many places behind the front.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.queue.get_mut(index)
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}

impl<T> Default for Backlog<T> {
    fn default() -> Backlog<T> {
        Backlog::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trap 43. Broken by: taking the call of `shrink_to` out of `pop`.
    #[test]
    fn a_burst_of_a_million_leaves_no_memory_behind() {
        let mut backlog = Backlog::new();
        for n in 0..1_000_000_u64 {
            backlog.push(n);
        }
        assert!(backlog.queue.capacity() >= 1_000_000);
        for n in 0..1_000_000 {
            assert_eq!(backlog.pop(), Some(n));
            let room = backlog.queue.capacity();
            assert!(room <= Backlog::<u64>::KEPT.max(16 * backlog.len()));
        }
    }

    #[test]
    fn everyday_use_keeps_its_room() {
        let mut backlog = Backlog::new();
        (0..100).for_each(|n: u32| backlog.push(n));
        let room = backlog.queue.capacity();
        for _ in 0..10 {
            while backlog.pop().is_some() {}
            (0..100).for_each(|n: u32| backlog.push(n));
        }
        assert_eq!(backlog.queue.capacity(), room);
    }

    #[test]
    fn messages_without_a_size_are_fine() {
        let mut backlog = Backlog::new();
        (0..10_000).for_each(|_| backlog.push(()));
        assert_eq!(backlog.len(), 10_000);
        while backlog.pop().is_some() {}
        assert_eq!(backlog.len(), 0);
    }
}
