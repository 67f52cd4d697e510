//! What the wall time went into, as numbers and as one sentence.
//!
//! At each moment of a run many files do different things. The moment is booked under what the
//! one that is furthest was doing ([`Phase::rank`]): bytes that come hide all waiting beside
//! them; where nobody receives, somebody waits for an answer, and so on down to nothing at all.
//! So these times add up to the wall time. What all files spent in each phase, added up, is
//! booked beside it.

use std::time::Duration;

use super::phase::{PHASES, Phase, Span};
use super::rows::FileRow;
use super::story::Story;
use crate::events::Outcome;
use crate::show::text;

/// Below this part of the wall time, the sentence does not speak of a thing.
const WORTH_A_WORD: f64 = 0.03;

/// From this part on, it is told that one file was alone at the end, or that places were short.
const STRIKING: f64 = 0.15;

#[derive(Debug, Default)]
pub struct Account {
    pub wall: Duration,
    /// By [`Phase`]: of the wall time, in which this was what was furthest.
    pub best: [Duration; PHASES],
    /// By [`Phase`]: what all files spent in it.
    pub spent: [Duration; PHASES],
    /// Of the wall time, in which nothing was going on.
    pub idle: Duration,
    /// In which files waited for their turn while as many ran as might.
    pub full: Duration,
    /// At most, of those that ran at the same time.
    pub most: u64,
    /// The last file to end, if it was alone, and for how long.
    pub alone: Option<(String, Duration)>,
    pub received: u64,
    pub arrived: usize,
    pub there: usize,
    pub failed: usize,
    pub stopped: usize,
}

impl Account {
    pub fn of(story: &Story, rows: &[FileRow]) -> Account {
        let mut account = Account {
            wall: story.end,
            alone: alone(story, rows),
            ..Account::default()
        };
        for row in rows {
            for (sum, time) in account.spent.iter_mut().zip(row.times()) {
                *sum += time;
            }
        }
        account.sweep(story, rows);
        account.count(story);
        account
    }

    /// Walks through all beginnings and ends in order, and books the time between two of them.
    fn sweep(&mut self, story: &Story, rows: &[FileRow]) {
        let mut steps: Vec<(Duration, isize, Phase)> = Vec::new();
        for Span { phase, from, to } in rows.iter().flat_map(|row| &row.tracks).flat_map(|l| &l.0) {
            steps.extend([(*from, 1, *phase), (*to, -1, *phase)]);
        }
        steps.sort_unstable();
        let running = running(story);
        let mut runs = running.iter().peekable();
        let mut now = Duration::ZERO;
        let mut counts = [0; PHASES];
        let mut at_once = 0;
        let furthest_first = {
            let mut phases = Phase::ALL;
            phases.sort_unstable_by_key(|phase| std::cmp::Reverse(phase.rank()));
            phases
        };
        for (at, step, phase) in steps {
            let took = at - now;
            match furthest_first.iter().find(|p| counts[**p as usize] > 0) {
                Some(best) => self.best[*best as usize] += took,
                None => self.idle += took,
            }
            if at_once >= story.jobs as isize && counts[Phase::Queued as usize] > 0 {
                self.full += took;
            }
            now = at;
            counts[phase as usize] += step;
            while let Some((_, step)) = runs.next_if(|(moment, _)| *moment <= at) {
                at_once += step;
                self.most = self.most.max(at_once as u64);
            }
        }
        self.idle += self.wall.saturating_sub(now);
    }

    fn count(&mut self, story: &Story) {
        for file in &story.files {
            let place = match file.done.as_ref().map(|done| done.outcome) {
                Some(Outcome::Arrived) => &mut self.arrived,
                Some(Outcome::There | Outcome::NotModified) => &mut self.there,
                Some(Outcome::Failed) => &mut self.failed,
                Some(Outcome::Stopped) | None => &mut self.stopped,
            };
            *place += 1;
            self.received += file.done.as_ref().map_or(0, |done| done.received);
        }
    }

    /// One sentence: how much came in what time, and what that time went into.
    pub fn sentence(&self) -> String {
        let what = self.files();
        if self.wall.is_zero() {
            return format!("{what}, in no time that could be measured.");
        }
        let mut parts = vec![self.came()];
        parts.extend(self.rest());
        parts.extend(self.hidden());
        parts.extend(self.places());
        parts.extend(self.tail());
        let wall = text::seconds(self.wall);
        format!("{what}, in {wall}: {}.", parts.join("; "))
    }

    /// `3 files (1 failed), 1.0 GiB`.
    fn files(&self) -> String {
        let few = [
            (self.there, "there already"),
            (self.failed, "failed"),
            (self.stopped, "stopped"),
        ];
        let few: Vec<_> = few
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", thousands(*count)))
            .collect();
        let all = files(self.arrived + self.there + self.failed + self.stopped);
        let bytes = text::bytes(self.received);
        match few.is_empty() {
            true => format!("{all}, {bytes}"),
            false => format!("{all} ({}), {bytes}", few.join(", ")),
        }
    }

    fn came(&self) -> String {
        let receiving = self.best[Phase::Receiving as usize];
        match text::speed(self.received, receiving) {
            Some(speed) => format!("bytes came in {} of it, at {speed}", self.part(receiving)),
            None if self.received > 0 => "bytes came in no time".into(),
            None => "no bytes came".into(),
        }
    }

    /// What the time without bytes went into, the longest first, as far as it is worth a word.
    fn rest(&self) -> Option<String> {
        let phases = Phase::ALL.into_iter().filter(|p| *p != Phase::Receiving);
        let mut rest: Vec<_> = phases
            .map(|phase| (self.best[phase as usize], phase.happening()))
            .chain([(self.idle, "nothing at all")])
            .filter(|(time, _)| self.share(*time) >= WORTH_A_WORD)
            .collect();
        rest.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
        let said = |(time, what): &(Duration, &str)| format!("{what} ({})", self.part(*time));
        let said: Vec<_> = rest.iter().map(said).collect();
        let rest = match self.best[Phase::Receiving as usize].is_zero() {
            true => "it",
            false => "the rest",
        };
        (!said.is_empty()).then(|| format!("{rest} went into {}", listed(&said)))
    }

    /// What files mostly did while the bytes of others hid it.
    fn hidden(&self) -> Option<String> {
        let ran = || Phase::ALL.into_iter().skip(Phase::Blocked as usize);
        let all: Duration = ran().map(|phase| self.spent[phase as usize]).sum();
        let most = ran().max_by_key(|phase| self.spent[*phase as usize])?;
        let share = self.spent[most as usize].as_secs_f64() / all.as_secs_f64();
        let told = self.share(self.best[most as usize]) >= share / 2.0;
        let striking = most != Phase::Receiving && share >= 0.5 && !told;
        striking.then(|| {
            let share = percent(share);
            format!(
                "files that ran spent {share} of their time {}",
                most.happening()
            )
        })
    }

    /// Were there too few places?
    fn places(&self) -> Option<String> {
        let full = self.part(self.full);
        let places = match self.most {
            1 => "the only place was".to_owned(),
            most => format!("all {most} places were"),
        };
        let striking = self.share(self.full) >= STRIKING;
        striking.then(|| format!("for {full} of it others queued, as {places} taken"))
    }

    fn tail(&self) -> Option<String> {
        let (name, time) = self.alone.as_ref()?;
        let striking = self.share(*time) >= STRIKING;
        let time = text::seconds(*time);
        striking.then(|| format!("for the last {time}, {name} was alone"))
    }

    pub fn share(&self, time: Duration) -> f64 {
        match self.wall.is_zero() {
            true => 0.0,
            false => time.as_secs_f64() / self.wall.as_secs_f64(),
        }
    }

    /// `89 %`.
    pub fn part(&self, time: Duration) -> String {
        percent(self.share(time))
    }
}

/// `89 %`; neither all nor nothing where it is only nearly so.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        none if none <= 0.0 => "0 %".into(),
        little if little < 1.0 => "< 1 %".into(),
        nearly if (99.0..99.995).contains(&nearly) => "99 %".into(),
        part => format!("{part:.0} %"),
    }
}

/// `5,000 files`.
pub fn files(count: usize) -> String {
    match count {
        1 => "1 file".into(),
        _ => format!("{} files", thousands(count)),
    }
}

/// `5,000`.
pub fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// `a, b and c`.
fn listed(things: &[String]) -> String {
    match things {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Who ended last, and for how long all others had ended.
fn alone(story: &Story, rows: &[FileRow]) -> Option<(String, Duration)> {
    let ends = story.files.iter().zip(rows);
    let mut ends: Vec<_> = ends
        .filter(|(file, _)| file.started.is_some())
        .map(|(file, row)| (row.span().1, file.started, &row.name))
        .collect();
    ends.sort_unstable();
    let (last, started, name) = ends.pop()?;
    let before = ends.pop()?.0.max(started?);
    Some((name.clone(), last - before))
}

/// When a file started, and when one ended, in order; ends first.
fn running(story: &Story) -> Vec<(Duration, isize)> {
    let mut steps = Vec::new();
    for file in &story.files {
        if let Some(started) = file.started {
            let done = file.done.as_ref().map_or(story.end, |done| done.at);
            steps.extend([(started, 1), (done, -1)]);
        }
    }
    steps.sort_unstable();
    steps
}
