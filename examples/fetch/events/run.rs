//! What is written about a run when it is over, however it ends.
//!
//! A [`Run`] is made before the first file and stands for the whole run. Its end writes what
//! `--summary` and its like ask for; if nobody ends it, because a signal dropped the future that
//! owns it, its drop does. It writes with plain blocking calls: by then nothing else is to be
//! done.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::SystemTime;

use super::log::{Listener, Log};
use super::sink::Sink;
use super::summary::Summary;
use super::write_out::WriteOut;
use super::{Event, What, json};
use crate::args::Options;
use crate::job::OTHER;
use crate::picture;
use crate::show::{self, text, to_stderr};

thread_local! {
    /// What a shell makes of the signal that stops the run. Ctrl-C, if nobody says another.
    static STOPPED: Cell<u8> = const { Cell::new(130) };
}

/// Writing something down failed, as curl has it.
const NOT_WRITTEN: u8 = 23;

/// The run is about to be dropped, because this signal came.
pub fn stopped_by(signal: i32) {
    STOPPED.set(u8::try_from(128 + signal).unwrap_or(u8::MAX));
}

pub struct Run {
    pub log: Rc<Log>,
    options: Options,
    /// `--events`.
    lines: Option<Rc<RefCell<Sink>>>,
    /// `--summary`, and where it goes.
    summary: Option<(Rc<RefCell<Summary>>, Sink)>,
    /// All events, where something is made of them at the end.
    kept: Rc<RefCell<Vec<Event>>>,
    is_over: bool,
}

impl Run {
    /// Of so many files.
    ///
    /// # Errors
    /// If what is to be written to cannot be opened. Better now than when all is done.
    pub fn begin(options: &Options, files: usize) -> io::Result<Run> {
        let kept = Rc::default();
        let mut listeners: Vec<Box<dyn Listener>> = Vec::new();
        if options.told_on_stdout() > 0 {
            show::leave_stdout_alone();
        }
        let lines = options.events.as_deref().map(Sink::open).transpose()?;
        let lines = lines.map(|sink| Rc::new(RefCell::new(sink)));
        if let Some(sink) = &lines {
            listeners.push(Box::new(Lines(sink.clone())));
        }
        let sink = options.summary.as_deref().map(Sink::open).transpose()?;
        let summary = sink.map(|sink| (Rc::default(), sink));
        if let Some((summary, _)) = &summary {
            listeners.push(Box::new(Keeper(Rc::clone(summary))));
        }
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
        Ok(Run {
            log,
            options: options.clone(),
            lines,
            summary,
            kept,
            is_over: false,
        })
    }

    /// It came to its end, with an exit status or an error. Gives back which it is after all:
    /// what was to be written and could not be is a failure, too.
    pub fn end(mut self, ended: io::Result<u8>) -> io::Result<u8> {
        let code = self.write(*ended.as_ref().unwrap_or(&OTHER));
        ended.map(|_| code)
    }

    fn write(&mut self, code: u8) -> u8 {
        self.is_over = true;
        self.log.close(code);
        let mut problems = pictures(&self.options, &self.kept.take());
        if let Some((summary, sink)) = &mut self.summary {
            sink.line(summary.borrow().write(self.log.now(), code));
            problems.extend(sink.problem());
        }
        if let Some(sink) = &self.lines {
            problems.extend(sink.borrow().problem());
        }
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
            self.write(STOPPED.get());
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

struct Lines(Rc<RefCell<Sink>>);

impl Listener for Lines {
    fn hear(&mut self, event: &Event) {
        self.0.borrow_mut().line(json::line(event));
    }
}

struct Keeper(Rc<RefCell<Summary>>);

impl Listener for Keeper {
    fn hear(&mut self, event: &Event) {
        self.0.borrow_mut().hear(event);
    }
}
