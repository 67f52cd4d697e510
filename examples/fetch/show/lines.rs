//! Plain lines, for pipes, logs, and terminals that cannot move their cursor.
//!
//! One line for each file that arrived, and every ten seconds (the period of `Show`) one
//! about all of them, so that a log of a long run shows that it lives.

use super::board::Board;
use super::text;

/// `12 of 36 files, 3.4 MiB, 24 running`; behind it `note`, such as "paused".
pub fn standing(board: &Board, note: &str) -> String {
    let mut line = format!(
        "{} of {}, {}, {} running",
        board.has_ended(),
        text::files(board.files),
        text::bytes(board.received()),
        board.running().len(),
    );
    if !note.is_empty() {
        line += ", ";
        line += note;
    }
    line
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Instant;

    use super::*;
    use crate::transfer::Transfer;

    #[test]
    fn a_line_about_all_counts_what_ended_and_what_runs() {
        let (board, now) = (Board::new(3), Instant::now());
        let all = ["a", "b"].map(|label| Rc::new(Transfer::new(label)));
        for transfer in &all {
            transfer.begin(now);
            board.began(transfer);
        }
        all[0].head(None, 0, now);
        all[0].add(2048);
        all[0].end(Ok(()), now);
        board.ended(&all[0]);
        assert_eq!(standing(&board, ""), "1 of 3 files, 2.0 KiB, 1 running");
        assert!(standing(&board, "paused").ends_with(", 1 running, paused"));
    }
}
