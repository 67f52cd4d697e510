//! `--plain`: few and whole sentences, for who listens to a screen reader.
//!
//! It reads aloud whatever appears. So nothing is drawn again, no mark stands for a word, and
//! files that arrive are told together, every ten seconds (the period of `Show`).

use std::rc::Rc;
use std::time::Duration;

use super::board::{Board, next};
use super::{failed_words, name_of, text};
use crate::transfer::{Reason, Transfer};

#[derive(Debug, Default)]
pub struct Sentences {
    /// Arrived since the last sentence.
    arrived: usize,
    /// And which of them was the last.
    last: String,
    /// How many bytes there were then.
    received: u64,
    /// The file that keys are about.
    chosen: Option<Rc<Transfer>>,
}

impl Sentences {
    pub fn first(board: &Board, keys: bool) -> String {
        let keys = match keys {
            true => " Press the question mark to hear what the keys do.",
            false => "",
        };
        format!("Fetching {}.{keys}", text::files(board.files))
    }

    pub fn arrived(&mut self, transfer: &Transfer) {
        self.arrived += 1;
        self.last = name_of(transfer);
    }

    pub fn failed(transfer: &Transfer, failure: &Reason) -> String {
        format!("Failed: {}.", failed_words(transfer, failure))
    }

    /// How things stand. `note` is such as "paused".
    pub fn standing(&mut self, board: &Board, note: &str) -> String {
        let mut said = self.news();
        let (ended, running) = (board.has_ended(), board.running().len());
        said.push(format!(
            "{ended} of {} {} over, {running} {} running.",
            text::files(board.files),
            are(ended),
            are(running)
        ));
        let received = board.received();
        if !note.is_empty() {
            said.push(format!("State: {note}."));
        } else if received == self.received && running > 0 {
            said.push("Nothing came since the last report.".to_owned());
        } else if let Some(left) = board.time_left() {
            said.push(format!("About {} are left.", spoken(left)));
        }
        self.received = received;
        said.join(" ")
    }

    /// What has arrived since it was last told.
    pub fn news(&mut self) -> Vec<String> {
        let last = std::mem::take(&mut self.last);
        match std::mem::take(&mut self.arrived) {
            0 => Vec::new(),
            1 => vec![format!("{last} arrived.")],
            arrived => vec![format!("{arrived} files arrived, {last} was the last.")],
        }
    }

    /// The next of those that run, or the one before; and its name.
    pub fn choose(&mut self, board: &Board, down: bool) -> Option<String> {
        let running = board.running();
        self.chosen = next(&running, self.chosen.as_ref(), down);
        Some(format!("{} is chosen.", self.chosen.as_ref()?.label))
    }

    pub fn choose_none(&mut self) {
        self.chosen = None;
    }

    pub fn chosen(&self) -> Option<Rc<Transfer>> {
        self.chosen.clone()
    }

    /// What the keys do.
    pub fn keys() -> &'static str {
        "P pauses all, and goes on. Plus makes it twice as fast, and minus half as fast. The down \
         and up arrows choose a running file, and say its name; D drops it, and keeps its half. \
         Q stops all, and so does Control C; the same command goes on later."
    }
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// `42 seconds`, `3 minutes`, `2 hours`: as exact as a guess is.
fn spoken(time: Duration) -> String {
    let (count, unit) = match time.as_secs() + 1 {
        seconds @ 0..120 => (seconds, "second"),
        seconds @ 120..7200 => (seconds / 60, "minute"),
        seconds => (seconds / 3600, "hour"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn files_that_arrived_are_told_together_and_once() {
        let (board, now) = (Board::new(3), Instant::now());
        let mut sentences = Sentences::default();
        for label in ["a.iso", "b.iso", "c.iso"] {
            let transfer = Rc::new(Transfer::new(label));
            transfer.begin(now);
            board.began(&transfer);
            transfer.head(Some(7), 0, now);
            if label != "c.iso" {
                transfer.add(7);
                transfer.end(Ok(()), now);
                board.ended(&transfer);
                sentences.arrived(&transfer);
            }
        }
        assert_eq!(
            sentences.standing(&board, ""),
            "2 files arrived, b.iso was the last. 2 of 3 files are over, 1 is running."
        );
        assert_eq!(
            sentences.standing(&board, ""),
            "2 of 3 files are over, 1 is running. Nothing came since the last report."
        );
        assert_eq!(
            sentences.standing(&board, "paused"),
            "2 of 3 files are over, 1 is running. State: paused."
        );
    }

    #[test]
    fn a_guess_is_spoken_as_a_guess() {
        let said = [0, 41, 119, 3600, 7300].map(|secs| spoken(Duration::from_secs(secs)));
        assert_eq!(
            said,
            [
                "1 second",
                "42 seconds",
                "2 minutes",
                "60 minutes",
                "2 hours"
            ]
        );
    }
}
