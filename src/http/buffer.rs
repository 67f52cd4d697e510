//! The one buffer of a connection: bytes come in behind, are looked at, and go in front.
//!
//! ```text
//!   0        start            end            bytes.len()
//!   │  gone    │  not gone yet  │    room       │
//! ```
//!
//! It begins small, because a pool may hold many quiet connections, and doubles whenever one
//! read fills all of its room: then the peer has more for us, and fewer, larger reads are
//! cheaper. Price: a fast download passes through four sizes before it is at the largest, or
//! seven. Where that is depends on who reads: a program gets pieces of a size that suits its
//! caches, a file gets larger ones ([`Buffer::expect_much`]).

/// Room for most heads, and all that a small response needs.
const SMALL: usize = 8 * 1024;

/// Beyond this, larger reads gain nothing that can be measured, as long as it is for a program.
pub(crate) const LARGE: usize = 64 * 1024;

/// For what goes on to a file. Each piece is a trip to a worker, and 2 GB over TLS take a tenth
/// less of the processor than with [`LARGE`] ones. Price: the file has two buffers of this size
/// then, and a download over TLS two or three besides: what came, what it means, and what of that
/// found no room (`tls::machine`).
const HUGE: usize = 512 * 1024;

#[derive(Debug)]
pub(crate) struct Buffer {
    /// Always full length and initialized; `start..end` is what counts.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// It grows up to here when reads fill it.
    most: usize,
}

impl Buffer {
    /// Allocates nothing before the first byte is to come.
    pub(crate) fn new() -> Buffer {
        Buffer {
            bytes: Vec::new(),
            start: 0,
            end: 0,
            most: LARGE,
        }
    }

    /// Lets it grow further, until it is shrunk.
    pub(crate) fn expect_much(&mut self) {
        self.most = HUGE;
    }

    /// What was received and not dropped yet.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The same for one who changes bytes in their place, as decryption does.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "TLS decrypts in it"))]
    pub(crate) fn filled_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Where the next bytes may be put; never empty.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
        if self.end == self.bytes.len() {
            self.make_room();
        }
        &mut self.bytes[self.end..]
    }

    /// So many bytes of [`Buffer::room`] are filled now.
    pub(crate) fn add(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.bytes.len());
        let was_full = self.end == self.bytes.len() && self.start == 0;
        if was_full && self.bytes.len() < self.most {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
    }

    /// Drops so many bytes in front.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        debug_assert!(self.start <= self.end);
    }

    /// Gives the memory back that only a busy connection needs.
    pub(crate) fn shrink(&mut self) {
        self.most = LARGE;
        if self.is_empty() && self.bytes.len() > SMALL {
            *self = Buffer::new();
        }
    }

    /// Moves what is there to the front, or grows where that gains nothing: a head may be
    /// larger than the buffer. `HeadReader` bounds how far that goes.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        } else {
            let grown = (self.bytes.len() * 2).max(SMALL);
            self.bytes.resize(grown, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(buffer: &mut Buffer, bytes: &[u8]) {
        for &byte in bytes {
            buffer.room()[0] = byte;
            buffer.add(1);
        }
    }

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came() {
        let mut buffer = Buffer::new();
        assert!(buffer.is_empty());
        put(&mut buffer, b"hello");
        assert_eq!(buffer.filled(), b"hello");
        buffer.consume(2);
        assert_eq!(buffer.filled(), b"llo");
        put(&mut buffer, b" you");
        assert_eq!(buffer.filled(), b"llo you");
        buffer.consume(7);
        assert!(buffer.is_empty());
    }

    #[test]
    fn it_grows_while_reads_fill_it_and_only_so_far() {
        let mut buffer = Buffer::new();
        let mut sizes = Vec::new();
        for _ in 0..6 {
            let room = buffer.room().len();
            sizes.push(room);
            buffer.add(room);
            buffer.consume(room);
        }
        assert_eq!(sizes, [8192, 16384, 32768, 65536, 65536, 65536]);
        buffer.shrink();
        assert_eq!(buffer.room().len(), SMALL);
        buffer.add(10);
        buffer.consume(10);
        assert_eq!(
            buffer.room().len(),
            SMALL,
            "half-filled reads leave it as it is"
        );
        buffer.shrink();
        assert_eq!(buffer.bytes.len(), SMALL, "so much may stay");
    }

    /// Broken by: leaving `most` as it is in `shrink`.
    #[test]
    fn who_expects_much_gets_larger_pieces_until_it_rests() {
        let mut buffer = Buffer::new();
        let largest = |buffer: &mut Buffer| {
            for _ in 0..10 {
                let room = buffer.room().len();
                buffer.add(room);
                buffer.consume(room);
            }
            let largest = buffer.room().len();
            buffer.shrink();
            largest
        };
        buffer.expect_much();
        assert_eq!(largest(&mut buffer), HUGE);
        assert_eq!(largest(&mut buffer), LARGE);
        buffer.expect_much();
        buffer.shrink(); // It rests before it grew.
        assert_eq!(largest(&mut buffer), LARGE);
    }

    #[test]
    fn what_is_there_moves_to_the_front_before_anything_grows() {
        let mut buffer = Buffer::new();
        let room = buffer.room();
        room.fill(b'x');
        let length = room.len();
        buffer.consume(0);
        // As after a short read: full without having doubled.
        buffer.end = length;
        buffer.consume(length - 3);
        assert_eq!(buffer.room().len(), length - 3);
        assert_eq!(buffer.filled(), b"xxx");
        buffer.shrink();
        assert_eq!(
            buffer.filled(),
            b"xxx",
            "it is not empty, so nothing shrinks"
        );
    }

    /// Broken by: growing only up to `LARGE` in `make_room`.
    #[test]
    fn a_head_larger_than_the_buffer_gets_its_room() {
        let mut buffer = Buffer::new();
        while buffer.filled().len() <= LARGE {
            let room = buffer.room().len();
            assert!(room >= SMALL);
            buffer.add(room);
        }
        assert!(buffer.room().len() >= SMALL);
        let before = buffer.filled().len();
        buffer.shrink();
        assert_eq!(buffer.filled().len(), before, "it is in use");
    }
}
