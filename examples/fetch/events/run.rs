//! What is written about a run when it is over, however it ends.
//!
//! A [`Run`] is made before the first file and stands for the whole run. Its end writes what
//! `--summary` and its like ask for; if nobody ends it, because a signal dropped the future that
//! owns it, its drop does. It writes with plain blocking calls: by then nothing else is to be
//! done.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::SystemTime;

use super::log::{Listener, Log};
use super::sink::Sink;
use super::summary::Summary;
use super::write_out::WriteOut;
use super::{Event, What, json};
use crate::args::Options;
use crate::job::OTHER;
use crate::picture::Kind;
use crate::show::{self, to_stderr};

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
    /// `--events`.
    lines: Option<Rc<RefCell<Sink>>>,
    /// `--summary`, and where it goes.
    summary: Option<(Rc<RefCell<Summary>>, Sink)>,
    /// What is made of all events at the end, and where that goes.
    pictures: Vec<(Kind, Sink)>,
    /// All events, where something is made of them.
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
        let pictures = pictures(options)?;
        if !pictures.is_empty() {
            listeners.push(Box::new(Recorder {
                kept: Rc::clone(&kept),
                with_headers: options.har.is_some(),
            }));
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
            lines,
            summary,
            pictures,
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
        let events = self.kept.take();
        let mut problems = Vec::new();
        for (kind, sink) in &mut self.pictures {
            sink.line(kind.draw(&events));
            problems.extend(sink.problem());
        }
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

/// What the options ask for that is made of all events together.
fn pictures(options: &Options) -> io::Result<Vec<(Kind, Sink)>> {
    let drawn = options.waterfalls.iter();
    let drawn = drawn.filter_map(|path| Some((Kind::of(path)?, path)));
    let recorded = options.har.iter().map(|path| (Kind::Har, path));
    let all = drawn.chain(recorded);
    all.map(|(kind, path)| Ok((kind, Sink::open(path)?)))
        .collect()
}

pub struct Recorder {
    pub kept: Rc<RefCell<Vec<Event>>>,
    /// They are most of what an event weighs.
    pub with_headers: bool,
}

impl Listener for Recorder {
    fn hear(&mut self, event: &Event) {
        let mut event = event.clone();
        if let What::Request { headers, .. } | What::FirstByte { headers, .. } = &mut event.what
            && !self.with_headers
        {
            *headers = Vec::new();
        }
        self.kept.borrow_mut().push(event);
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
