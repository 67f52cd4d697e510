//! Each contender of a row in a process of its own, and still by turns.
//!
//! Law: what a program did before decides what its memory costs it now. The allocator keeps
//! pages or gives them back by what lies at the end of its heap, so in one process each
//! contender would run on the heap that the one before it has left behind, and some would be
//! spared, or dealt, page faults that are not theirs. Choice: a child for each, which is this very
//! program; all of them wait on their standard input, and a line tells one of them to run a round.
//!
//! ```text
//!   parent ── "\n" ──► child of hob     runs a round, answers with a number
//!          ── "\n" ──► child of tokio   …
//! ```
//!
//! A child ends when its standard input does, so none outlives the row.

use crate::rows::rows_that_are_timed;
use hob_judge::row::{Round, Row};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The first argument of a child. Behind it: the row, the contender, and `quick` or `full`.
const CHILD: &str = "contender";

/// The same row, whose rounds are run by children.
pub(crate) fn apart(mut row: Row, quick: bool) -> Row {
    let id = row.id.clone();
    let contenders = row.contenders.drain(..).map(|(who, round)| {
        // A number that stands for a mark is no program.
        let round = match who == "bound" {
            true => round,
            false => in_a_child(&id, &who, quick),
        };
        (who, round)
    });
    row.contenders = contenders.collect();
    row
}

/// What the parent calls. The child is started with its first round.
fn in_a_child(row: &str, who: &str, quick: bool) -> Round {
    let (row, who) = (row.to_string(), who.to_string());
    let child = std::cell::RefCell::new(None);
    Box::new(move || {
        let mut child = child.borrow_mut();
        let running = child.get_or_insert_with(|| Running::start(&row, &who, quick));
        let answer = running.round();
        answer
            .unwrap_or_else(|| panic!("{who} ended in the middle of {row}; what it said is above"))
    })
}

/// A child that waits for its next turn.
struct Running {
    /// Taken by `drop`: its end is what ends the child.
    turns: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    child: Child,
}

impl Running {
    fn start(row: &str, who: &str, quick: bool) -> Running {
        let program = std::env::current_exe().expect("a program knows its name");
        let mut child = Command::new(program)
            .args([CHILD, row, who, if quick { "quick" } else { "full" }])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let answers = child.stdout.take().expect("it has a pipe");
        Running {
            turns: child.stdin.take(),
            answers: BufReader::new(answers),
            child,
        }
    }

    fn round(&mut self) -> Option<f64> {
        self.turns.as_mut()?.write_all(b"\n").ok()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).ok()?;
        answer.trim().parse().ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.turns.take());
        // Nothing is left to say if it ended badly: its last answer was read.
        let _ = self.child.wait();
    }
}

/// Is this process such a child? Then it runs a round for each line, and true is the answer.
pub(crate) fn is_child(arguments: &[String]) -> bool {
    let [word, row, who, size] = arguments else {
        return false;
    };
    if word != CHILD {
        return false;
    }
    let rows = rows_that_are_timed(size == "quick");
    let row = rows.into_iter().find(|one| one.id == *row);
    let contenders = row.expect("the parent knows the rows").contenders;
    let mine = contenders.into_iter().find(|(name, _)| name == who);
    let (_, round) = mine.expect("and who takes part");
    for _turn in std::io::stdin().lines() {
        println!("{}", round());
    }
    true
}
