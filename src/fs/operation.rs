//! One operation on a shared [`File`], in its place behind what was written before.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::file::File;
use super::shared::Shared;
use crate::blocking::Job;

/// Lazy: it takes its place at the first poll. Dropped after that, it still happens.
pub(super) struct Operation<'a, F, T> {
    file: &'a File,
    at: &'static Location<'static>,
    /// Does it report the error of a late write?
    reports: bool,
    /// May it run beside others of the same file?
    apart: bool,
    stage: Stage<F, T>,
}

enum Stage<F, T> {
    Lazy(F),
    Started(Job<io::Result<T>>),
    /// Between the two, or over.
    Empty,
}

impl<'a, F, T> Operation<'a, F, T>
where
    F: FnOnce(&Shared) -> io::Result<T> + Send + Unpin + 'static,
    T: Send + 'static,
{
    pub(super) fn new(file: &'a File, at: &'static Location<'static>, f: F) -> Self {
        Operation {
            file,
            at,
            reports: false,
            apart: false,
            stage: Stage::Lazy(f),
        }
    }

    pub(super) fn reporting(mut self) -> Self {
        self.reports = true;
        self
    }

    /// For what brings its own offset: any number of them run at once, as long as nothing
    /// else of this file is under way or waits for them.
    pub(super) fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    fn start(&self, f: F) -> Job<io::Result<T>> {
        self.file.send_out(self.at);
        let strand = &self.file.shared.strand;
        let shared = self.file.shared.clone();
        let job = move || f(&shared);
        match self.apart {
            true => strand.start_apart(self.at, job),
            false => strand.start(self.at, job),
        }
    }
}

impl<F, T> Future for Operation<'_, F, T>
where
    F: FnOnce(&Shared) -> io::Result<T> + Send + Unpin + 'static,
    T: Send + 'static,
{
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if let Stage::Lazy(_) = self.stage
            && let Stage::Lazy(f) = std::mem::replace(&mut self.stage, Stage::Empty)
        {
            self.stage = Stage::Started(self.start(f));
        }
        let Stage::Started(job) = &mut self.stage else {
            panic!("an operation on a file was polled after it had given its result");
        };
        let result = ready!(Pin::new(job).poll(cx));
        self.stage = Stage::Empty;
        if self.reports {
            self.file.shared.late.take()?;
        }
        Poll::Ready(result?)
    }
}
