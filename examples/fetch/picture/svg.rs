//! The picture as one SVG: it moves nowhere and runs no script, so it can stand in a README. Few
//! files have their names beside them; of many, each is a line as thin as it has to be, and still
//! all of them are there.

use std::fmt::Write;
use std::time::Duration;

use super::View;
use super::account::files;
use super::chart::{SLICES, Slices};
use super::markup::escaped;
use super::phase::{Phase, Track};
use super::rows::FileRow;
use crate::show::text;

pub const COLORS: &str = include_str!("page/colors.css");

/// How the text looks; the page has its own way.
const TEXT: &str = "
text { font: 12px system-ui, sans-serif; fill: var(--fore) }
.title { font-size: 15px; font-weight: 600 } .dim { fill: var(--dim) } .line { stroke: var(--line) }
.back { fill: var(--back) } .bad { fill: var(--stalled) }
";

const WIDE: f64 = 960.0;
const MARGIN: f64 = 20.0;
/// For the names, where there are names.
const NAMES: f64 = 190.0;
/// So many files can have a name of their own.
const NAMED: usize = 80;
const ROW: f64 = 18.0;
/// All rows together, where there are too many for names.
const CROWD: f64 = 900.0;
/// Letters in one line of the title.
const LETTERS: usize = 96;

pub fn of(view: &View) -> String {
    let mut svg = Svg::default();
    svg.title(&view.account.sentence());
    svg.shares(view);
    svg.overview(&view.slices, view.account.most);
    svg.rows(view);
    svg.finish(&view.account.sentence())
}

#[derive(Default)]
struct Svg {
    body: String,
    /// Where the next thing begins.
    y: f64,
}

impl Svg {
    fn title(&mut self, sentence: &str) {
        self.y = 14.0;
        for line in wrapped(sentence, LETTERS) {
            self.y += 21.0;
            self.text(MARGIN, self.y, "title", &line);
        }
        self.y += 16.0;
    }

    fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.body,
            r#"<text x="{x:.1}" y="{y:.1}" class="{class}">{text}</text>"#
        );
    }

    fn rect(&mut self, class: &str, x: f64, y: f64, wide: f64, high: f64, title: &str) {
        let title = escaped(title);
        let _ = writeln!(
            self.body,
            r#"<rect class="{class}" x="{x:.2}" y="{y:.1}" width="{wide:.2}" height="{high:.1}"><title>{title}</title></rect>"#
        );
    }

    /// One bar for the whole wall time, and under it what its colours mean.
    fn shares(&mut self, view: &View) {
        let account = &view.account;
        let mut x = MARGIN;
        for phase in Phase::ALL {
            let time = account.best[phase as usize];
            let wide = account.share(time) * (WIDE - 2.0 * MARGIN);
            let title = format!("{}: {}", phase.happening(), text::seconds(time));
            if wide > 0.0 {
                self.rect(phase.name(), x, self.y, wide, 14.0, &title);
            }
            x += wide;
        }
        self.y += 32.0;
        let mut x = MARGIN;
        for phase in Phase::ALL.into_iter().filter(|p| view.happened(*p)) {
            let said = format!("{}: {}", phase.name(), phase.meaning());
            let wide = 30.0 + 6.4 * said.chars().count() as f64;
            if x + wide > WIDE - MARGIN {
                (x, self.y) = (MARGIN, self.y + 19.0);
            }
            self.rect(phase.name(), x, self.y - 10.0, 12.0, 11.0, phase.meaning());
            self.text(x + 17.0, self.y, "dim", &said);
            x += wide;
        }
        self.y += 14.0;
    }

    fn overview(&mut self, slices: &Slices, most: u64) {
        let wide = WIDE - 2.0 * MARGIN;
        for (paths, said) in [
            (
                stack(slices),
                format!("what they did; at most {} at once", files(most as usize)),
            ),
            (speed(slices), speed_said(slices)),
        ] {
            self.y += 16.0;
            self.text(MARGIN, self.y, "dim", &said);
            self.y += 5.0;
            let scale = wide / SLICES as f64;
            let _ = writeln!(
                self.body,
                r#"<g transform="translate({MARGIN} {}) scale({scale} 1)">{paths}</g>"#,
                self.y
            );
            self.y += HIGH + 4.0;
        }
        self.y += 10.0;
    }

    fn rows(&mut self, view: &View) {
        let rows: Vec<&FileRow> = in_order(&view.rows);
        let tracks: usize = rows.iter().map(|row| row.tracks.len()).sum();
        let named = tracks <= NAMED;
        let left = if named { MARGIN + NAMES } else { MARGIN };
        let high = if named { ROW } else { CROWD / tracks as f64 };
        let scale = Scale {
            left,
            wide: WIDE - MARGIN - left,
            whole: view.account.wall,
        };
        let total = high * tracks as f64;
        self.axis(&scale, total);
        if !named {
            self.crowd(&rows, &scale, high);
            self.y += total + MARGIN;
            return;
        }
        for row in rows {
            let bad = if row.failed { "bad" } else { "" };
            self.text(MARGIN, self.y + 13.0, bad, &cut(&row.name, 28));
            for track in &row.tracks {
                self.track(track, &scale);
                self.y += high;
            }
        }
        self.y += MARGIN;
    }

    /// A line for each round number of seconds, as high as all rows.
    fn axis(&mut self, scale: &Scale, high: f64) {
        self.y += 12.0;
        for moment in ticks(scale.whole) {
            let x = scale.x(moment);
            self.text(x + 2.0, self.y, "dim", &tick(moment, scale.whole));
            let (top, bottom) = (self.y + 3.0, self.y + 6.0 + high);
            let _ = writeln!(
                self.body,
                r#"<path class="line" d="M{x:.1} {top:.1}V{bottom:.1}"/>"#
            );
        }
        self.y += 6.0;
    }

    fn track(&mut self, track: &Track, scale: &Scale) {
        for span in &track.0 {
            let (x, end) = (scale.x(span.from), scale.x(span.to));
            let (top, high) = shape(span.phase);
            let title = format!("{}: {}", span.phase.name(), text::seconds(span.took()));
            // What follows one another is told apart by a gap.
            let wide = (end - x - 0.7).max(0.6);
            self.rect(
                span.phase.name(),
                x,
                self.y + top * ROW,
                wide,
                high * ROW,
                &title,
            );
        }
    }

    /// One path for each phase, made of all its lines.
    fn crowd(&mut self, rows: &[&FileRow], scale: &Scale, high: f64) {
        let mut paths = vec![String::new(); Phase::ALL.len()];
        let tracks = rows.iter().flat_map(|row| &row.tracks);
        for (index, track) in tracks.enumerate() {
            let y = self.y + (index as f64 + 0.5) * high;
            for span in &track.0 {
                let (x, end) = (scale.x(span.from), scale.x(span.to));
                let path = &mut paths[span.phase as usize];
                let _ = write!(path, "M{x:.1} {y:.2}H{:.1}", end.max(x + 0.3));
            }
        }
        for (phase, path) in Phase::ALL.iter().zip(paths).filter(|(_, p)| !p.is_empty()) {
            let name = phase.name();
            // Who only queues is there, but does not darken the picture.
            let thin = if *phase == Phase::Queued { 0.3 } else { 1.0 };
            let _ = writeln!(
                self.body,
                r#"<path d="{path}" fill="none" stroke="var(--{name})" stroke-opacity="{thin}" stroke-width="{high:.3}"/>"#
            );
        }
    }

    fn finish(self, sentence: &str) -> String {
        let (high, sentence) = (self.y, escaped(sentence));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high:.0}" width="{WIDE}" height="{high:.0}" role="img" aria-label="{sentence}">
<title>{sentence}</title>
<style>{COLORS}{TEXT}</style>
<rect class="back" width="100%" height="100%"/>
{}</svg>
"#,
            self.body
        )
    }
}

/// Turns moments into places.
struct Scale {
    left: f64,
    wide: f64,
    whole: Duration,
}

impl Scale {
    fn x(&self, moment: Duration) -> f64 {
        match self.whole.is_zero() {
            true => self.left,
            false => self.left + self.wide * moment.as_secs_f64() / self.whole.as_secs_f64(),
        }
    }
}

/// Top and height, as parts of a row: so the phases differ where colours do not.
pub fn shape(phase: Phase) -> (f64, f64) {
    match phase {
        Phase::Queued => (0.46, 0.08),
        Phase::Blocked | Phase::Paused => (0.4, 0.2),
        Phase::Dns | Phase::Connect | Phase::Tls | Phase::Waiting => (0.25, 0.5),
        Phase::Finishing => (0.3, 0.4),
        Phase::Sending | Phase::Receiving | Phase::Stalled => (0.1, 0.8),
    }
}

/// Who started first stands first.
fn in_order(rows: &[FileRow]) -> Vec<&FileRow> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|row| row.started);
    rows
}

/// How high each of the two drawings of the whole run is.
pub const HIGH: f64 = 60.0;

/// How many files were in which phase, one on the other, [`SLICES`] wide.
pub fn stack(slices: &Slices) -> String {
    let scale = HIGH / slices.most_files().max(1.0);
    let mut floor = vec![0.0; SLICES];
    let mut svg = String::new();
    // What is best stands on the ground.
    let mut phases = Phase::ALL;
    phases.sort_unstable_by_key(|phase| std::cmp::Reverse(phase.rank()));
    for phase in phases.into_iter().filter(|phase| *phase != Phase::Queued) {
        let heights: Vec<f64> = slices
            .files
            .iter()
            .map(|s| s[phase as usize] * scale)
            .collect();
        if heights.iter().all(|height| *height <= 0.0) {
            continue;
        }
        let top: Vec<f64> = floor.iter().zip(&heights).map(|(f, h)| f + h).collect();
        svg += &area(phase.name(), &floor, &top);
        floor = top;
    }
    svg
}

/// How many bytes came in a second, [`SLICES`] wide.
pub fn speed(slices: &Slices) -> String {
    let scale = HIGH / slices.top_speed().max(1.0);
    let top: Vec<f64> = slices.speed.iter().map(|speed| speed * scale).collect();
    area(Phase::Receiving.name(), &[0.0; SLICES], &top)
}

pub fn speed_said(slices: &Slices) -> String {
    format!(
        "how fast; at most {}/s",
        text::bytes(slices.top_speed() as u64)
    )
}

/// In steps, along the top and back along the floor.
fn area(class: &str, floor: &[f64], top: &[f64]) -> String {
    let mut path = format!("M0 {:.1}", HIGH - floor[0]);
    for height in top {
        let _ = write!(path, "V{:.1}h1", HIGH - height);
    }
    for height in floor.iter().rev() {
        let _ = write!(path, "V{:.1}h-1", HIGH - height);
    }
    format!(r#"<path class="{class}" d="{path}Z"/>"#)
}

/// Round moments, at most a dozen.
fn ticks(whole: Duration) -> Vec<Duration> {
    let rough = whole.as_secs_f64() / 8.0;
    if rough <= 0.0 {
        return vec![Duration::ZERO];
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|s| s * power >= rough);
    let step = step.unwrap_or(10.0) * power;
    let count = (whole.as_secs_f64() / step) as u32;
    (0..=count)
        .map(|n| Duration::from_secs_f64(f64::from(n) * step))
        .collect()
}

fn tick(moment: Duration, whole: Duration) -> String {
    match whole.as_secs_f64() {
        short if short < 0.8 => format!("{:.0} ms", moment.as_secs_f64() * 1000.0),
        short if short < 8.0 => format!("{:.1} s", moment.as_secs_f64()),
        long if long < 120.0 => format!("{:.0} s", moment.as_secs_f64()),
        _ => text::seconds(moment),
    }
}

/// Without its middle, where it is too long: many names begin alike, and many end alike.
fn cut(name: &str, letters: usize) -> String {
    let count = name.chars().count();
    if count <= letters {
        return name.to_owned();
    }
    let tail = letters / 2;
    let head = name.chars().take(letters - tail - 1);
    head.chain(['…'])
        .chain(name.chars().skip(count - tail))
        .collect()
}

/// In lines of at most so many letters, if the words are not longer.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let fits = |line: &&mut String| line.chars().count() + word.chars().count() < letters;
        match lines.last_mut().filter(fits) {
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
