//! Bytes on their way from the loop to a worker, and the half file with them.
//!
//! Law: writing blocks, so a worker does it; and while it writes, the network goes on. So there
//! are two places for bytes: what the worker writes now, and what has come since. Choice: as
//! soon as the worker is done it is given all that came meanwhile, however little; only when
//! that grows to [`MOST`] does the download wait. So a slow disk slows the server down instead
//! of filling the memory, and a slow server has its few bytes on the disk at once.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};

use hob::JoinError;
use hob::blocking::Job;

use super::part::Part;

/// So many bytes may wait for the worker.
const MOST: usize = 256 * 1024;

/// What comes back from a worker.
type Written = (Box<Part>, Vec<u8>, io::Result<()>);

/// A half file that is written behind the loop's back.
pub struct Writer {
    /// `None` while a worker has it.
    part: Option<Box<Part>>,
    job: Option<Job<Written>>,
    /// What has come since.
    bytes: Vec<u8>,
    /// The former one, to be filled again.
    spare: Vec<u8>,
}

impl Writer {
    pub fn new(part: Box<Part>) -> Writer {
        Writer {
            part: Some(part),
            job: None,
            bytes: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Takes `bytes`, and waits only if there are too many. An error is of this or of a former
    /// write, and the last one.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        let is_free = self.job.as_ref().is_none_or(Job::is_finished);
        if is_free || self.bytes.len() >= MOST {
            self.wait().await?;
            self.start();
        }
        Ok(())
    }

    /// Everything is written, and the half file here again.
    pub async fn flush(&mut self) -> io::Result<&mut Part> {
        self.wait().await?;
        if !self.bytes.is_empty() {
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
        self.bytes.clear();
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
        let bytes = std::mem::replace(&mut self.bytes, spare);
        self.job = Some(hob::spawn_blocking(move || {
            let result = part.write(&bytes);
            (part, bytes, result)
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
                    None if self.bytes.is_empty() => return Poll::Pending,
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
        let (part, mut bytes, result) = ended?;
        bytes.clear();
        (self.part, self.spare) = (Some(part), bytes);
        result
    }
}
