//! What is written about a run when it is over, however it ends.
//!
//! A [`Run`] is made before the first file and stands for the whole run. Its end writes what
//! `--summary` and its like ask for; if nobody ends it, because Ctrl-C dropped the future that
//! owns it, its drop does. It writes with plain blocking calls: by then nothing else is to be
//! done.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::SystemTime;

use super::log::{Listener, Log};
use super::write_out::WriteOut;
use super::{Event, What};
use crate::args::Options;
use crate::picture;
use crate::show::{text, to_stderr};

/// What a shell makes of Ctrl-C.
const STOPPED: u8 = 130;

/// Writing something down failed, as curl has it.
const NOT_WRITTEN: u8 = 23;

pub struct Run {
    pub log: Rc<Log>,
    options: Options,
    /// All events, where something is made of them at the end.
    kept: Rc<RefCell<Vec<Event>>>,
    is_over: bool,
}

impl Run {
    /// Of so many files.
    pub fn begin(options: &Options, files: usize) -> Run {
        let kept = Rc::default();
        let mut listeners: Vec<Box<dyn Listener>> = Vec::new();
        if wants_all(options) {
            listeners.push(Box::new(Recorder(Rc::clone(&kept))));
        }
        if let Some(format) = &options.write_out {
            listeners.push(Box::new(WriteOut::new(format.clone())));
        }
        let log = Log::new(listeners);
        log.tell(0, || What::Began {
            time: SystemTime::now(),
            files: files as u64,
            jobs: options.jobs as u64,
        });
        Run {
            log,
            options: options.clone(),
            kept,
            is_over: false,
        }
    }

    /// It came to its end, with this exit status. Gives back which one it is after all: what
    /// was to be written and could not be is a failure, too.
    pub fn end(mut self, code: u8) -> u8 {
        self.write(code)
    }

    fn write(&mut self, code: u8) -> u8 {
        self.is_over = true;
        self.log.close(code);
        let problems = pictures(&self.options, &self.kept.take());
        problems
            .iter()
            .for_each(|problem| to_stderr(&format!("fetch: {problem}")));
        match code {
            0 if !problems.is_empty() => NOT_WRITTEN,
            code => code,
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.is_over {
            self.write(STOPPED);
        }
    }
}

/// Is there anything that is made of all events together?
fn wants_all(options: &Options) -> bool {
    !options.waterfalls.is_empty() || options.har.is_some()
}

/// Makes what the options ask for of all that happened. Returns what went wrong, a line each.
fn pictures(options: &Options, events: &[Event]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut write = |path: &Path, text: String| {
        if let Err(e) = fs::write(path, text) {
            let path = text::harmless(&path.display().to_string());
            problems.push(format!("{path}: {e}"));
        }
    };
    for path in &options.waterfalls {
        if let Some(kind) = picture::Kind::of(path) {
            write(path, picture::waterfall(events, kind));
        }
    }
    if let Some(path) = &options.har {
        write(path, picture::har(events));
    }
    problems
}

pub struct Recorder(pub Rc<RefCell<Vec<Event>>>);

impl Listener for Recorder {
    fn hear(&mut self, event: &Event) {
        self.0.borrow_mut().push(event.clone());
    }
}
