//! Pictures of a run, drawn from its events when it is over: a waterfall as HTML or SVG, and a
//! HAR. Pure functions from `&[Event]` to text; nothing here opens a file or asks a clock.
//!
//! ```text
//!  events ──▶ story ──▶ rows ──▶ account  the sentence: what the wall time went into
//!             │   │      ├─────▶ chart    the whole run in slices of time
//!             │   │      └─────▶ page, tables, svg
//!             │   └ exchange     one request, and all that belongs to it
//!             └────────────────▶ har
//! ```
//!
//! `phase` says what a file can be doing, and `markup` keeps text from being taken for markup.
//! The page's style and scripts are in `page/`.

mod phase;
mod story;
mod exchange;
mod rows;
mod account;
mod chart;
mod markup;
mod page;
mod tables;
mod svg;
mod har;

use std::path::Path;

use account::Account;
use chart::Slices;
use phase::Phase;
use rows::{ConnectionRow, FileRow};
use story::Story;

use crate::events::Event;

/// What can be made of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A waterfall: one HTML file with everything in it.
    Html,
    /// A waterfall: one SVG, for a document.
    Svg,
    /// HAR 1.2, as JSON.
    Har,
}

impl Kind {
    /// What a waterfall is to be drawn as is known by the end of its name.
    pub fn of(path: &Path) -> Option<Kind> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "html" | "htm" => Some(Kind::Html),
            "svg" => Some(Kind::Svg),
            _ => None,
        }
    }

    pub fn draw(self, events: &[Event]) -> String {
        match self {
            Kind::Html => page::of(&View::of(events)),
            Kind::Svg => svg::of(&View::of(events)),
            Kind::Har => har::of(&Story::of(events)),
        }
    }
}

/// All that is drawn.
struct View {
    story: Story,
    rows: Vec<FileRow>,
    connections: Vec<ConnectionRow>,
    account: Account,
    slices: Slices,
}

impl View {
    fn of(events: &[Event]) -> View {
        let story = Story::of(events);
        let rows = rows::files(&story);
        View {
            connections: rows::connections(&story),
            account: Account::of(&story, &rows),
            slices: Slices::of(&story, &rows),
            story,
            rows,
        }
    }

    /// Was any file ever in it?
    fn happened(&self, phase: Phase) -> bool {
        !self.account.spent[phase as usize].is_zero()
    }
}

#[cfg(test)]
mod tests;
