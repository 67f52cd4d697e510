//! What the user sees while the downloads run: bars on a terminal, lines elsewhere, or sentences.
//!
//! The downloads do not draw. They write into their [`Transfer`]; [`Show::refresh`] is
//! called ten times a second and looks at all that run, so a fast download costs no more
//! drawing than a slow one. Only the end of a download is told at once.
//!
//! Standard output gets the lines for files that arrived and the report; standard error
//! gets the bars and what failed. Both are written with plain blocking calls on the loop's
//! thread: a terminal takes a line in microseconds. Price: a program that reads our output
//! through a pipe, and stops reading, stops the downloads too. Output that nobody takes any
//! more (`fetch | head`) is no reason to stop, and is dropped in silence.
//!
//! While the run is in the background (`fetch … &`, or Ctrl-Z and `bg`), nothing is drawn, as
//! somebody else is at the terminal; what has ended is still told.
//!
//! | file        | answers the question                                                     |
//! |-------------|--------------------------------------------------------------------------|
//! | `text`      | what may be printed of what others wrote, and how are numbers written?   |
//! | `fields`    | what of a header may be shown?                                           |
//! | `board`     | how many run, have ended, and are to come?                               |
//! | `pace`      | how fast is it now?                                                      |
//! | `lines`     | how does one say that to a log,                                          |
//! | `sentences` | to somebody who listens,                                                 |
//! | `bars`      | and to somebody who looks?                                               |
//! | `screen`    | how does one draw the same lines again and again?                        |

pub mod text;
pub mod fields;
mod board;
mod pace;
pub mod lines;
mod sentences;
mod bars;
mod screen;

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal, Write};
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use console::Term;

use crate::args::Options;
use crate::terminal::{Key, Terminal};
use crate::transfer::{Reason, Transfer};
use bars::{Bars, Strokes};
pub use board::Board;
use screen::{Screen, Size};
use sentences::Sentences;

/// How often bars are drawn, and keys looked for.
const FRAME: Duration = Duration::from_millis(100);

/// How often a line says how things stand.
const REPORT: Duration = Duration::from_secs(10);

/// Which ends of downloads get a line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    Every,
    /// Only the bad ones: the good ones are told in the report.
    Failed,
}

pub struct Show {
    pub board: Board,
    look: Look,
    tell: Tell,
    terminal: Terminal,
    /// When it was last said how things stand.
    reported: Cell<Instant>,
}

/// How the downloads are shown.
enum Look {
    Bars(RefCell<Canvas>),
    Lines,
    Sentences(RefCell<Sentences>),
    /// Only what failed.
    Quiet,
    /// Nothing at all: the exit status says it.
    Silent,
}

/// Bars, where they are drawn, and what scrolls by above them.
struct Canvas {
    bars: Bars,
    screen: Screen,
    /// Lines about what ended, written with the next frame.
    news: Vec<String>,
    /// Does standard output go to the same terminal?
    same_screen: bool,
}

impl Show {
    /// Chooses what fits the options and the terminal.
    pub fn new(options: &Options, files: usize, tell: Tell) -> Show {
        // Lines about heads would tear the bars.
        let able = is_able() && !options.verbose;
        let quiet = options.is_quiet();
        let bars = !quiet && !options.plain && options.progress && able;
        let same_screen = io::stdout().is_terminal();
        // A program that reads our output may want the keys itself, as `less` does.
        let keys = options.keys && same_screen && (bars || options.plain && !quiet);
        let (board, terminal) = (Board::new(files), Terminal::open(keys));
        let keys = terminal.has_keys();
        let look = if options.silent && !options.show_errors {
            Look::Silent
        } else if quiet {
            Look::Quiet
        } else if options.plain {
            to_stdout(&Sentences::first(&board, keys));
            Look::Sentences(RefCell::default())
        } else if bars {
            clear_before_panics();
            Look::Bars(RefCell::new(Canvas {
                bars: Bars::new(keys, Strokes::of_terminal()),
                screen: Screen::default(),
                news: Vec::new(),
                same_screen,
            }))
        } else {
            Look::Lines
        };
        Show {
            board,
            look,
            tell,
            terminal,
            reported: Cell::new(Instant::now()),
        }
    }

    /// How long until [`Show::refresh`] is worth calling again.
    pub fn period(&self) -> Duration {
        match self.look {
            Look::Bars(_) => FRAME,
            _ if self.terminal.has_keys() => FRAME,
            _ => REPORT,
        }
    }

    /// What was pressed since the last call.
    pub fn pressed(&self) -> Vec<Key> {
        self.terminal.pressed()
    }

    /// Shows how things stand. `note`: what holds for all downloads, such as "paused".
    pub fn refresh(&self, note: &str) {
        let now = Instant::now();
        self.board.mark(now);
        if let Look::Bars(canvas) = &self.look {
            return canvas
                .borrow_mut()
                .draw(&self.board, note, now, &self.terminal);
        }
        // A little early is as good: the next chance comes a whole period later.
        if now.duration_since(self.reported.get()) + FRAME < REPORT {
            return;
        }
        self.reported.set(now);
        match &self.look {
            Look::Lines => to_stdout(&lines::standing(&self.board, note)),
            Look::Sentences(said) => to_stdout(&said.borrow_mut().standing(&self.board, note)),
            Look::Bars(_) | Look::Quiet | Look::Silent => {}
        }
    }

    pub fn began(&self, transfer: &Rc<Transfer>) {
        self.board.began(transfer);
    }

    /// Says how `transfer` ended.
    pub fn ended(&self, transfer: &Transfer) {
        self.board.ended(transfer);
        match (&self.look, transfer.failure()) {
            (Look::Silent, _) => {}
            (Look::Bars(canvas), Some(failure)) => {
                canvas
                    .borrow_mut()
                    .news
                    .push(failed_line(transfer, failure));
            }
            (Look::Sentences(_), Some(failure)) => {
                to_stderr(&Sentences::failed(transfer, failure));
            }
            (_, Some(failure)) => to_stderr(&failed_line(transfer, failure)),
            (Look::Sentences(said), None) => said.borrow_mut().arrived(transfer),
            (Look::Quiet, None) => {}
            (_, None) if self.tell == Tell::Failed => {}
            // Above the bars, if that is where standard output goes.
            (Look::Bars(canvas), None) if canvas.borrow().same_screen => {
                canvas.borrow_mut().news.push(arrived_line(transfer));
            }
            (Look::Bars(_) | Look::Lines, None) => to_stdout(&arrived_line(transfer)),
        }
    }

    /// Chooses the next running file, or the one before. Who listens hears which.
    pub fn choose(&self, down: bool) {
        match &self.look {
            Look::Bars(canvas) => canvas.borrow_mut().bars.choose(down),
            Look::Sentences(said) => {
                let name = said.borrow_mut().choose(&self.board, down);
                to_stdout(&name.unwrap_or_else(|| "Nothing is running.".to_owned()));
            }
            Look::Lines | Look::Quiet | Look::Silent => {}
        }
    }

    pub fn choose_none(&self) {
        match &self.look {
            Look::Bars(canvas) => canvas.borrow_mut().bars.choose_none(),
            Look::Sentences(said) => said.borrow_mut().choose_none(),
            Look::Lines | Look::Quiet | Look::Silent => {}
        }
    }

    pub fn chosen(&self) -> Option<Rc<Transfer>> {
        match &self.look {
            Look::Bars(canvas) => canvas.borrow().bars.chosen(),
            Look::Sentences(said) => said.borrow().chosen(),
            Look::Lines | Look::Quiet | Look::Silent => None,
        }
    }

    /// What the keys do: shown, put away, or spoken.
    pub fn list_keys(&self) {
        match &self.look {
            Look::Bars(canvas) => canvas.borrow_mut().bars.list_keys(),
            Look::Sentences(_) => to_stdout(Sentences::keys()),
            Look::Lines | Look::Quiet | Look::Silent => {}
        }
    }

    /// For who does not see what a key has changed.
    pub fn say(&self, sentence: &str) {
        if let Look::Sentences(_) = self.look {
            to_stdout(sentence);
        }
    }

    /// Gives the terminal back as it was, with nothing of ours left on it but the news. The next
    /// [`Show::refresh`] takes it again, if there is one.
    pub fn close(&self) {
        match &self.look {
            Look::Bars(canvas) => canvas.borrow_mut().clear(),
            Look::Sentences(said) => {
                let news = said.borrow_mut().news();
                news.iter().for_each(|sentence| to_stdout(sentence));
            }
            Look::Lines | Look::Quiet | Look::Silent => {}
        }
        self.terminal.leave();
    }
}

impl Canvas {
    fn draw(&mut self, board: &Board, note: &str, now: Instant, terminal: &Terminal) {
        let (lines, columns) = Term::stderr().size();
        let window = Size {
            lines: lines.into(),
            columns: columns.into(),
        };
        let block = self.bars.block(board, note, screen::room(window), now);
        let news = std::mem::take(&mut self.news);
        if terminal.is_ours() {
            DRAWN.store(true, Ordering::Relaxed);
            write(&self.screen.frame(&news, block, window));
        } else {
            news.iter().for_each(|line| to_stderr(line));
        }
    }

    fn clear(&mut self) {
        let news = std::mem::take(&mut self.news);
        write(&self.screen.clear(&news));
        DRAWN.store(false, Ordering::Relaxed);
    }
}

/// Is there a block on the screen? A panic is told on whichever thread it happens.
static DRAWN: AtomicBool = AtomicBool::new(false);

/// What a panic says goes to the same screen: the block makes room for it, and is drawn below it
/// again, if that panic was not the end.
fn clear_before_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if DRAWN.load(Ordering::Relaxed) {
                write(screen::LET_GO);
            }
            told(panic);
        }));
    });
}

/// Can standard error be drawn upon?
fn is_able() -> bool {
    // On Windows, to ask for colours is what turns on the rest of it.
    #[cfg(windows)]
    if !Term::stderr().features().colors_supported() {
        return false;
    }
    io::stderr().is_terminal() && !console::is_dumb()
}

/// In one piece.
fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

/// One line: what arrived, how much, how long it took.
fn arrived_line(transfer: &Transfer) -> String {
    let (label, size) = (name_of(transfer), text::bytes(transfer.size()));
    if transfer.was_there() {
        return format!("there {label}  {size}, already; not fetched (--force would)");
    }
    if transfer.was_not_modified() {
        return format!("there {label}  not modified, says the server; not fetched");
    }
    let (ok, took) = (console::style("ok").green(), transfer.took());
    let mut line = match transfer.sent.bytes.get() {
        0 => format!("{ok} {label}  {size}, {}", text::seconds(took)),
        sent => {
            let (sent, took) = (text::bytes(sent), text::seconds(took));
            return format!("{ok} {label}  {sent} sent, {size} came back, {took}");
        }
    };
    if let Some(speed) = text::speed(transfer.received(), took) {
        line += &format!(", {speed}");
    }
    line
}

/// What the user called it, and the server, if that is something else.
fn name_of(transfer: &Transfer) -> String {
    match transfer.saved_as() {
        Some(name) => format!("{}, as {name}", transfer.label),
        None => transfer.label.clone(),
    }
}

/// One line: what failed, and why.
fn failed_line(transfer: &Transfer, failure: &Reason) -> String {
    let failed = console::style("failed").red().for_stderr();
    format!("{failed} {}", failed_words(transfer, failure))
}

fn failed_words(transfer: &Transfer, failure: &Reason) -> String {
    let kept = transfer.kept().map_or(String::new(), |kept| {
        format!(
            "; {} are kept, the same command goes on from there",
            text::bytes(kept)
        )
    });
    format!("{}: {}{kept}", transfer.label, failure.why)
}

thread_local! {
    /// Files or words for programs go there, so lines for people do not.
    static STDOUT_IS_TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// From now on what was for standard output goes to standard error (`-o -`, `--events -`).
pub fn leave_stdout_alone() {
    STDOUT_IS_TAKEN.set(true);
}

/// For people: to standard error where standard output is for others.
pub fn to_stdout(line: &str) {
    if STDOUT_IS_TAKEN.get() {
        return to_stderr(line);
    }
    let _ = writeln!(io::stdout(), "{line}");
}

pub fn to_stderr(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// How wide the terminal is that the report goes to; a customary width for anything else.
pub fn width() -> usize {
    let terminal = Term::stdout();
    terminal
        .size_checked()
        .map_or(80, |(_rows, columns)| columns.into())
}
