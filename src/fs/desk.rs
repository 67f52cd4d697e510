//! The loop's side of a [`File`](super::File): its buffers, and what is under way for it.
//!
//! **Law:** a worker costs two thread switches, a copy of 100 bytes costs nothing, and a buffer
//! that a worker uses must not be borrowed from a future that may be dropped. **Consequence:**
//! bytes are gathered and read ahead in buffers that belong to the file, and a buffer is *lent*:
//! it moves into the job, and comes back with the job's result.
//!
//! ```text
//!   write ──▶ [out] ──(1) 64 KiB, or flush──▶ worker: write(2) ──(2)──▶ [spare], the next out
//!   read  ◀── [ahead] ◀──(4)── worker: read(2) ◀──(3) it is empty── the same buffer
//!                                     ▲──(5) it was full──────────── [spare] of `ahead`
//! ```
//!
//! (1) `pack`, `sent`, (2) `poll_written`, (3) `start_reading`, (4) `poll_reading`, (5) `read_on`.
//!
//! Whoever reads on and on (5) is *read early* for: while the program has one buffer, the worker
//! fills the other. If it brings nothing, be it the end or an error, nobody is told: by the time
//! the program asks, that may have changed, and then it is read again. **Price:** whoever closes,
//! seeks, writes or ends the runtime then waits for a read that nobody asked for, and each file
//! holds a second buffer.
//!
//! - **D1** At most one of `out` and `ahead` holds bytes: before a write, what was read ahead is
//!   forgotten and the worker goes back (`rewind`); before a read, `out` is handed over.
//! - **D2** What is handed over is done in that order, because the file's strand keeps it. So
//!   whoever waits for the last thing has waited for all of them.
//! - **D3** A job under way belongs to the desk and not to the future that waits for it. If
//!   that is dropped, the next operation finds the job here, and no byte is lost. Two belong to
//!   their futures: the one that reads all the rest, which says so, and the one that writes by
//!   other means, of which the desk knows that it may be under way (`unheard`).
//!
//! Methods that take `&mut self` may start jobs and poll. Those that a shared `File` uses are
//! only `pack`, `sent` and `forget_ahead`: they call nobody, because the desk is borrowed then.

use std::future::Future;
use std::io::{self, Read, SeekFrom};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::ahead::Ahead;
use super::shared::{CHUNK, FULL, MOST, Parcel, ReadBack, Shared};
use crate::blocking::Job;
use crate::coop;

type At = &'static Location<'static>;

#[derive(Default)]
pub(super) struct Desk {
    /// Accepted and not handed over.
    out: Vec<u8>,
    /// The other buffer for writing, empty, while no worker has it.
    spare: Vec<u8>,
    /// The last write that was handed over. Gives its buffer back.
    writing: Option<Job<Vec<u8>>>,
    ahead: Ahead,
    /// The worker's position is so far ahead of the program's; the next parcel puts that right.
    rewind: u64,
    /// Somebody writes by other means (`File::write_by`), and nobody has waited for the end of it.
    /// Cleared by who does, or by a parcel that goes behind it, to be waited for in its place (D2).
    pub(super) unheard: bool,
    /// A read under way.
    reading: Option<Job<ReadBack>>,
    /// It was started before the program asked for it.
    is_early: bool,
    /// What `reading` brings is no longer what is in the file.
    outdated: bool,
    /// A seek under way, and where to.
    seeking: Option<(SeekFrom, Job<io::Result<u64>>)>,
    /// Somebody else moves the same position: then nothing is read ahead.
    pub(super) shares_position: bool,
}

// ---------------------------------------------------------------------------------------
// Writing

impl Desk {
    pub(super) fn poll_write(
        &mut self,
        shared: &Arc<Shared>,
        at: At,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(coop::poll_budget(cx));
        self.seeking = None;
        // A read whose future was dropped: where the program's position is depends on it. (Its
        // error was that future's to hear.)
        let _ = ready!(self.poll_reading(shared, cx));
        self.forget_ahead(shared);
        if shared.late.is_there() {
            if self.unheard {
                // Told now, the error would not keep that one from writing.
                self.hand_over(shared, at);
            }
            // What was accepted since goes, too, in line or not: a file gets no hole.
            ready!(self.poll_written(cx))?;
            self.out.clear();
            shared.late.take()?;
        }
        let n = buf.len().min(MOST);
        let full = self.out.len() >= FULL;
        let fills = self.out.len() + n >= CHUNK;
        if full || fills && self.writing.as_ref().is_some_and(Job::is_finished) {
            ready!(self.poll_written(cx))?;
        }
        if full {
            // Both buffers were. One is back.
            self.hand_over(shared, at);
        }
        // From here on it is ready, or what is accepted now would be accepted twice.
        self.out.extend_from_slice(&buf[..n]);
        if fills && self.writing.is_none() {
            self.hand_over(shared, at);
        }
        coop::spend();
        Poll::Ready(Ok(n))
    }

    pub(super) fn poll_flush(
        &mut self,
        shared: &Arc<Shared>,
        at: At,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.hand_over(shared, at);
        ready!(self.poll_written(cx))?;
        Poll::Ready(shared.late.take())
    }

    /// Waits for the last write, which is the end of all of them (D2).
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(job) = &mut self.writing {
            let bytes = ready!(Pin::new(job).poll(cx));
            self.writing = None;
            self.spare = bytes?;
        }
        Poll::Ready(Ok(()))
    }

    /// Gives what was accepted to a worker.
    fn hand_over(&mut self, shared: &Arc<Shared>, at: At) {
        if let Some(parcel) = self.pack() {
            let former = self.sent(send(shared, at, parcel));
            drop(former);
        }
    }

    /// Takes out what has to be done before any other operation on the file, if anything.
    pub(super) fn pack(&mut self) -> Option<Parcel> {
        let unheard = std::mem::take(&mut self.unheard);
        if self.out.is_empty() && self.rewind == 0 && !unheard {
            return None;
        }
        let spare = std::mem::take(&mut self.spare);
        Some(Parcel {
            bytes: std::mem::replace(&mut self.out, spare),
            rewind: std::mem::take(&mut self.rewind),
        })
    }

    /// Remembers the job that came of a parcel, and returns the one before, to be dropped: it
    /// goes on by itself, and only its buffer is lost.
    #[must_use = "it must be dropped outside of a borrow"]
    pub(super) fn sent(&mut self, job: Job<Vec<u8>>) -> Option<Job<Vec<u8>>> {
        self.writing.replace(job)
    }
}

/// Has a worker write a parcel. The job gives the buffer back, empty.
pub(super) fn send(shared: &Arc<Shared>, at: At, parcel: Parcel) -> Job<Vec<u8>> {
    shared.start(at, move |shared| {
        shared.write_out(&parcel);
        let mut bytes = parcel.bytes;
        bytes.clear();
        bytes
    })
}

// ---------------------------------------------------------------------------------------
// Reading

impl Desk {
    pub(super) fn poll_read(
        &mut self,
        shared: &Arc<Shared>,
        at: At,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ready!(coop::poll_budget(cx));
        self.seeking = None;
        while !buf.is_empty() && self.ahead.left() == 0 {
            if self.reading.is_none() {
                self.start_reading(shared, at, buf.len().min(MOST));
            }
            let more = ready!(self.poll_reading(shared, cx))?;
            if !more {
                return Poll::Ready(Ok(0));
            }
        }
        coop::spend();
        self.read_on(shared, at, buf.len().min(MOST));
        Poll::Ready(Ok(self.ahead.give(buf)))
    }

    /// Has the next piece read while the program uses this one, if it has read on for so long that
    /// it will probably want it. At least as much as it asked for now: who reads in large pieces
    /// goes on with them.
    fn read_on(&mut self, shared: &Arc<Shared>, at: At, asked: usize) {
        if self.ahead.goes_on()
            && self.reading.is_none()
            && shared.is_regular()
            && !self.shares_position
            && shared.strand.runs_aside()
        {
            self.start_reading(shared, at, asked);
            self.is_early = true;
        }
    }

    fn start_reading(&mut self, shared: &Arc<Shared>, at: At, len: usize) {
        self.hand_over(shared, at);
        let ahead = match self.shares_position {
            true => 0,
            false => self.ahead.next_stride(),
        };
        let bytes = self.ahead.lend();
        let read = move |shared: &Shared| shared.read_once(bytes, len, ahead);
        self.reading = Some(shared.start(at, read));
    }

    /// Waits for the read under way, if any. False: it brought the end of the file.
    pub(super) fn poll_reading(
        &mut self,
        shared: &Shared,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        let Some(job) = &mut self.reading else {
            return Poll::Ready(Ok(true));
        };
        let back = ready!(Pin::new(job).poll(cx));
        self.reading = None;
        let is_early = std::mem::take(&mut self.is_early);
        let outdated = std::mem::take(&mut self.outdated);
        let moved = shared.moved.take();
        let mut back = back?;
        if self.ahead.left() > 0 {
            // Early, and something else comes first. It is read again if need be.
            self.ahead.take_back(back.bytes);
            self.rewind += moved;
            return Poll::Ready(Ok(true));
        }
        if is_early {
            back.result = Ok(back.result.unwrap_or(0));
        }
        let n = self.ahead.land(back)?;
        if outdated && shared.is_regular() {
            self.ahead.clear();
            self.rewind += moved;
        }
        Poll::Ready(Ok(n > 0 || outdated || is_early))
    }

    /// Reads all that is left, in one job; what was read ahead comes first.
    pub(super) fn start_reading_rest(
        &mut self,
        shared: &Arc<Shared>,
        at: At,
    ) -> Job<io::Result<Vec<u8>>> {
        self.seeking = None;
        self.hand_over(shared, at);
        let mut bytes = self.ahead.rest().to_vec();
        self.ahead.clear();
        shared.start(at, move |shared| {
            (&shared.file).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
    }

    /// Drops what was read ahead, because the file or the position is about to change (D1). What
    /// came from a pipe or a terminal cannot be read again, and stays.
    pub(super) fn forget_ahead(&mut self, shared: &Shared) {
        self.outdated = self.reading.is_some();
        if self.ahead.left() > 0 && shared.is_regular() {
            debug_assert!(self.out.is_empty(), "D1");
            self.rewind += self.ahead.left() as u64;
            self.ahead.clear();
        }
    }
}

// ---------------------------------------------------------------------------------------
// Moving about

impl Desk {
    pub(super) fn poll_seek(
        &mut self,
        shared: &Arc<Shared>,
        at: At,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        // A read that was dropped has moved the worker's position.
        let _ = ready!(self.poll_reading(shared, cx));
        loop {
            if let Some((asked, job)) = &mut self.seeking {
                let position = ready!(Pin::new(job).poll(cx));
                let same = *asked == to;
                self.seeking = None;
                if same {
                    return Poll::Ready(position?);
                }
            }
            // As a parcel without bytes if need be: the worker goes back first.
            self.forget_ahead(shared);
            self.ahead.clear();
            self.hand_over(shared, at);
            let job = shared.start(at, move |shared| shared.seek(to));
            self.seeking = Some((to, job));
        }
    }
}
