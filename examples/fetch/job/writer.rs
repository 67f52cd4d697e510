//! Bytes on their way from the loop to a worker, and the half file with them.
//!
//! Law: writing blocks, so a worker does it; and while it writes, the network goes on. So there
//! are two places for bytes: what the worker writes now, and what has come since. Choice: as
//! soon as the worker is done it is given all that came meanwhile, however little; only when
//! that grows to [`MOST`] does the download wait. So a slow disk slows the server down instead
//! of filling the memory, and a slow server has its few bytes on the disk at once.
//!
//! Bytes come with their place in the file, because a file may come in several ranges at once.
//! There is one writer for all of them, as there is one disk: so a worker writes what has come
//! of all ranges in one job.

use std::future::{Future, poll_fn};
use std::io;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};

use hob::JoinError;
use hob::blocking::Job;

use super::part::Part;

/// So many bytes may wait for the worker.
const MOST: usize = 256 * 1024;

/// Bytes, and where they belong.
#[derive(Default)]
struct Lot {
    /// One behind the other, in the order in which they came.
    bytes: Vec<u8>,
    /// The places of some of them, and how many these are.
    places: Vec<(u64, usize)>,
}

impl Lot {
    fn add(&mut self, at: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        match self.places.last_mut() {
            Some((from, count)) if *from + *count as u64 == at => *count += bytes.len(),
            _ => self.places.push((at, bytes.len())),
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }

    fn write_to(&self, part: &mut Part) -> io::Result<()> {
        let mut rest = &self.bytes[..];
        for (at, count) in &self.places {
            let (bytes, behind) = rest.split_at(*count);
            part.write(*at, bytes)?;
            rest = behind;
        }
        Ok(())
    }
}

/// What comes back from a worker.
type Written = (Box<Part>, Lot, io::Result<()>);

/// A half file that is written behind the loop's back.
pub struct Writer {
    /// `None` while a worker has it.
    part: Option<Box<Part>>,
    job: Option<Job<Written>>,
    /// What has come since.
    lot: Lot,
    /// The former one, to be filled again.
    spare: Lot,
    /// Blocks that were written and are wrong.
    bad: Vec<Range<u64>>,
}

impl Writer {
    pub fn new(part: Box<Part>) -> Writer {
        Writer {
            part: Some(part),
            job: None,
            lot: Lot::default(),
            spare: Lot::default(),
            bad: Vec::new(),
        }
    }

    /// Takes `bytes` that belong to `at`, and waits only if there are too many. An error is of
    /// this or of a former write, and the last one.
    pub async fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.lot.add(at, bytes);
        let is_free = self.job.as_ref().is_none_or(Job::is_finished);
        if is_free || self.lot.bytes.len() >= MOST {
            self.wait().await?;
            self.start();
        }
        Ok(())
    }

    /// The blocks that turned out to be wrong since the last call.
    pub fn take_bad(&mut self) -> Vec<Range<u64>> {
        std::mem::take(&mut self.bad)
    }

    /// Everything is written, and the half file here again.
    pub async fn flush(&mut self) -> io::Result<&mut Part> {
        self.wait().await?;
        if !self.lot.bytes.is_empty() {
            self.start();
            self.wait().await?;
        }
        Ok(self.part.as_mut().expect("no worker has it"))
    }

    /// Lets `f` work with the half file, on a worker, behind everything written so far.
    pub async fn with<T: Send + 'static>(
        &mut self,
        f: impl FnOnce(&mut Part) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.flush().await?;
        let mut part = self.part.take().expect("no worker has it");
        let job = hob::spawn_blocking(move || {
            let result = f(&mut part);
            (part, result)
        });
        let (part, result) = job.await?;
        self.part = Some(part);
        result
    }

    /// The half file itself. What was not flushed is lost.
    pub async fn into_part(mut self) -> io::Result<Box<Part>> {
        self.lot.clear();
        let _ = self.wait().await;
        self.part
            .take()
            .ok_or_else(|| io::Error::other("a worker kept the half file"))
    }

    fn start(&mut self) {
        let Some(mut part) = self.part.take() else {
            return;
        };
        let spare = std::mem::take(&mut self.spare);
        let lot = std::mem::replace(&mut self.lot, spare);
        self.job = Some(hob::spawn_blocking(move || {
            let result = lot.write_to(&mut part);
            (part, lot, result)
        }));
    }

    /// Waits for `other`, and meanwhile gives the worker what there is for it. Without this,
    /// the last bytes of a server that has fallen silent would wait with it.
    pub async fn during<T>(&mut self, other: impl Future<Output = T>) -> io::Result<T> {
        let mut other = pin!(other);
        poll_fn(|cx| {
            if let Poll::Ready(value) = other.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            loop {
                match &mut self.job {
                    Some(job) => {
                        let ended = ready!(Pin::new(job).poll(cx));
                        self.take_back(ended)?;
                    }
                    None if self.lot.bytes.is_empty() => return Poll::Pending,
                    None => self.start(),
                }
            }
        })
        .await
    }

    /// *Cancel safety*: the job is kept until it has ended.
    async fn wait(&mut self) -> io::Result<()> {
        let Some(job) = &mut self.job else {
            return Ok(());
        };
        let ended = job.await;
        self.take_back(ended)
    }

    fn take_back(&mut self, ended: Result<Written, JoinError>) -> io::Result<()> {
        self.job = None;
        let (mut part, mut lot, result) = ended?;
        lot.clear();
        self.bad.append(&mut part.take_bad());
        (self.part, self.spare) = (Some(part), lot);
        if result.is_err() {
            self.lot.clear(); // it would stand behind a hole
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use hob::http::HeaderMap;

    use super::super::check::Wanted;
    use super::super::part::{Claim, Replace, SMALL, meta_path};
    use super::super::sidecar::Sidecar;
    use super::*;

    /// As when a disk is full for a moment, and more comes meanwhile. Broken by: leaving the
    /// lot as it is in `take_back`.
    #[test]
    fn nothing_is_written_behind_what_could_not_be() {
        let folder = std::env::temp_dir().join(format!("fetch-writer-{}", std::process::id()));
        let target = folder.join("a");
        fs::create_dir(&folder).unwrap();
        let claimed = Part::claim(&target, "http://h/a", Replace::Nothing, false).unwrap();
        let Claim::Ours(mut part) = claimed else {
            panic!("the folder is new");
        };
        let sidecar = Sidecar::new("http://h/a", "http://h/a", None, &HeaderMap::new());
        part.begin(sidecar, Wanted::default()).unwrap();
        // No sidecar can be written here, and without one not so many bytes (I5).
        let in_the_way = meta_path(&target);
        fs::create_dir(&in_the_way).unwrap();
        let many = vec![b'a'; SMALL as usize + 1];
        let part = hob::Builder::new().block_on(async move {
            let mut writer = Writer::new(part);
            writer.write(0, &many).await.unwrap();
            writer.lot.add(many.len() as u64, b"more");
            writer.flush().await.unwrap_err();
            fs::remove_dir(&in_the_way).unwrap();
            writer.flush().await.unwrap();
            writer.into_part().await.unwrap()
        });
        assert_eq!(part.there().sum(), 0);
        fs::remove_dir_all(&folder).unwrap();
    }
}
