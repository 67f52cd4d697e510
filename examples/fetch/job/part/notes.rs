//! What a half file has beside it: written before it is needed, and never ahead of the bytes
//! that it speaks of. I5 and I6 of `part` are kept here.

use std::io;
use std::ops::Range;

use super::{Part, SYNC_EVERY};
use crate::job::sidecar::Journal;

impl Part {
    /// Writes the sidecar.
    pub(super) fn note(&mut self) -> io::Result<()> {
        self.journal = None;
        if let Some(sidecar) = &mut self.sidecar {
            sidecar.there = self.scattered.then(|| self.there.clone());
            sidecar.write(&self.meta, self.sync)?;
            (self.noted, self.beside) = (true, true);
            if self.scattered {
                self.journal = Some(Journal::open(&self.meta)?);
            }
        }
        Ok(())
    }

    /// These bytes were written.
    pub(super) fn list(&mut self, written: Range<u64>) -> io::Result<()> {
        match &mut self.journal {
            Some(journal) if !journal.is_long() => journal.add(written),
            _ => self.note(),
        }
    }

    /// Puts a bound to what a power cut can cost.
    pub(super) fn make_safe_now_and_then(&mut self) -> io::Result<()> {
        let safe = self
            .sidecar
            .as_ref()
            .map_or(0, |sidecar| sidecar.safe.sum());
        if self.sync && self.there.sum().saturating_sub(safe) >= SYNC_EVERY {
            self.note_what_is_safe()?;
        }
        Ok(())
    }

    /// Hands all that was written to the disk, and then says so.
    fn note_what_is_safe(&mut self) -> io::Result<()> {
        let (there, sync) = (self.there.clone(), self.sync);
        if sync {
            self.file().sync_data()?;
        }
        if let Some(sidecar) = self.sidecar.as_mut().filter(|_| sync) {
            sidecar.safe = there;
        }
        self.note()
    }

    /// Leaves behind what can be gone on with. False: nothing can.
    pub(super) fn keep(&mut self) -> bool {
        if !self.goes_on() || !self.own.is_at(&self.path) {
            return false;
        }
        if self.there.is_prefix() {
            // A write that failed in the middle wrote more than counts; and the length is to
            // speak for what is there, before a sidecar says that it does (I6).
            let length = self.length();
            if self.file().set_len(length).is_err() {
                return false;
            }
            self.scattered = false;
        }
        self.note_what_is_safe().is_ok()
    }
}
