//! Lines that stay at the bottom of a terminal, and are drawn again and again: the *block*.
//!
//! Law: a window that becomes narrower makes two lines of each that is too long now, in most
//! terminals; others cut them. So nobody can say how many lines the block takes afterwards, and
//! who counts them to find its beginning leaves torn ones behind. What every terminal keeps is
//! the line that the cursor is in. Consequence: between two frames the cursor waits at the
//! beginning of the *first* line of the block, and all that is to be replaced lies behind it.
//!
//! ```text
//!   ok apple.iso  1.2 MiB, 0.84 s      scrolled by: the terminal's, and never touched again
//!   █ plum.iso    ━━━━━━━╸─────  ⎫
//!     quince.iso  waiting        ⎬ the block; the cursor (hidden) is at █
//!     2 of 119 files …           ⎭
//! ```
//!
//! What is pushed out at the top of the screen cannot be taken back either. So the block is a
//! little narrower than the window, and at most half as high ([`room`]): then a window that is
//! dragged smaller cuts no line between two frames, and one that is halved at once has room for
//! each line twice. Price: fewer bars than would fit.
//!
//! Pure text: who calls it writes it, in one piece, so that no half frame is seen.

use std::fmt::Write;

/// A line that is longer is hard to follow.
const WIDEST: usize = 100;

/// Lines and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub lines: usize,
    pub columns: usize,
}

/// How large the block may be in a window of this size.
pub fn room(window: Size) -> Size {
    let columns = window.columns - window.columns / 10;
    Size {
        lines: (window.lines / 2).max(1),
        columns: columns.min(WIDEST).min(window.columns.saturating_sub(1)),
    }
}

/// What stands on the screen now.
#[derive(Debug, Default)]
pub struct Screen {
    block: Vec<String>,
    /// The window that it was drawn in; `None` while nothing is drawn.
    window: Option<Size>,
}

/// Hold back what follows until it is whole, in terminals that can; and do not show the cursor.
const BEGIN: &str = "\x1b[?2026h\x1b[?25l";
const END: &str = "\x1b[?2026l";
/// What does not fit into a line is cut, not put into the next one: the window may have become
/// narrower since it was measured, and then each line of the block has to stay one.
const CUT: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";
/// From the cursor on to the end of the line, or of the screen.
const ERASE_LINE: &str = "\x1b[K";
const ERASE_BELOW: &str = "\x1b[J";
/// The cursor's line and all below it, as deleted lines. (To erase a whole screen is a wish to
/// keep it, in some terminals: it goes to what one can scroll back to, torn as it may be.)
const DELETE_BELOW: &str = "\x1b[999M";

/// Takes the block away, wherever it is, for who prints something in between.
pub const LET_GO: &str = "\r\x1b[999M\x1b[?25h";

impl Screen {
    /// Has `news` scroll by, and the block stand below it. What is to be written for that;
    /// nothing if all of it stands there already.
    pub fn frame(&mut self, news: &[String], block: Vec<String>, window: Size) -> String {
        let moved = self.window != Some(window);
        if news.is_empty() && !moved && block == self.block {
            return String::new();
        }
        let mut frame = format!("{BEGIN}\r");
        if moved || !news.is_empty() {
            // Long lines in there, or above, have to meet blank ones.
            frame += DELETE_BELOW;
        }
        for line in news {
            frame += line;
            frame += "\r\n";
        }
        frame += CUT;
        frame += &block.join(&format!("{ERASE_LINE}\r\n"));
        frame += ERASE_BELOW;
        frame += "\r";
        if block.len() > 1 {
            let _ = write!(frame, "\x1b[{}A", block.len() - 1);
        }
        frame += WRAP;
        frame += END;
        self.block = block;
        self.window = Some(window);
        frame
    }

    /// Leaves `news` behind, and no block. What is to be written for that.
    pub fn clear(&mut self, news: &[String]) -> String {
        let mut last = String::new();
        if self.window.take().is_some() {
            last += LET_GO;
        }
        self.block.clear();
        for line in news {
            last += line;
            last += "\r\n";
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Size = Size {
        lines: 24,
        columns: 80,
    };

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    /// Broken by: going up by as many lines as there are, or drawing what is there already.
    #[test]
    fn the_cursor_comes_back_to_the_first_line_and_nothing_is_drawn_twice() {
        let mut screen = Screen::default();
        let first = screen.frame(&[], lines(&["a", "b", "c"]), WINDOW);
        assert!(
            first.contains("a\x1b[K\r\nb\x1b[K\r\nc\x1b[J\r\x1b[2A"),
            "{first:?}"
        );
        assert_eq!(screen.frame(&[], lines(&["a", "b", "c"]), WINDOW), "");
        let news = screen.frame(&lines(&["ok x"]), lines(&["b"]), WINDOW);
        assert!(
            news.contains("\r\x1b[999Mok x\r\n\x1b[?7lb\x1b[J\r\x1b[?7h\x1b[?2026l"),
            "{news:?}"
        );
    }

    /// Broken by: leaving the size out of the comparison.
    #[test]
    fn another_size_has_all_of_it_drawn_on_blank_ground() {
        let mut screen = Screen::default();
        screen.frame(&[], lines(&["a"]), WINDOW);
        let narrow = Size {
            columns: 40,
            ..WINDOW
        };
        let again = screen.frame(&[], lines(&["a"]), narrow);
        assert!(again.contains("\r\x1b[999M\x1b[?7la\x1b[J"), "{again:?}");
    }

    #[test]
    fn what_was_never_drawn_is_not_taken_away() {
        let mut screen = Screen::default();
        assert_eq!(screen.clear(&lines(&["ok x"])), "ok x\r\n");
        screen.frame(&[], lines(&["a"]), WINDOW);
        assert_eq!(screen.clear(&[]), LET_GO);
        assert_eq!(screen.clear(&[]), "");
    }

    #[test]
    fn the_block_leaves_room_for_a_smaller_window() {
        let room = |lines, columns| {
            let room = room(Size { lines, columns });
            (room.lines, room.columns)
        };
        assert_eq!(room(24, 80), (12, 72));
        assert_eq!(room(50, 300), (25, 100));
        assert_eq!((room(1, 5), room(0, 0)), ((1, 4), (1, 0)));
    }
}
