//! The ranges of one file: who brings what, told by their news and by the time that passes. The
//! picture and the rules (R1 to R3) stand in [`ranges`](super); what is done with the news, in
//! [`hear`].

mod hear;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use futures_lite::future::or;
use hob::AbortOnDrop;
use hob::http::{ByteRange, Validators, header};
use hob::sync::mpsc::{Receiver, channel};
use hob::time::{now, sleep};

use super::ask::{News, Tell, advised, ask, read};
use super::growth::{Advice, Growth};
use super::plan::{Number, Plan};
use super::{Ended, First};
use crate::job::attempt::{Failed, Round};
use crate::job::blocks::Blocks;
use crate::job::download::at;
use crate::job::mirrors::Place;
use crate::job::session::AtWork;
use crate::job::stretches::Stretches;
use crate::job::writer::Writer;

/// So many pieces of bodies, of up to 64 KiB each, may wait to be looked at.
const WAITING: usize = 8;

/// No shorter time between two looks at who is silent.
const LOOK: Duration = Duration::from_millis(500);

/// What there is to do next.
enum Next {
    /// Nothing for a while, from anybody or from one.
    Silence,
    News(Number, News),
    Advice(Advice),
}

/// A range that runs.
struct OneRange {
    /// When it last brought something, or was begun.
    heard: Instant,
    from: Place,
    asked: ByteRange,
    /// Waits for its head, then for its body; ends with this entry.
    task: AbortOnDrop<()>,
    /// `None` for the first one, which the download counts for.
    at_work: Option<AtWork>,
}

pub struct Spread<'a, 'b> {
    round: &'a Round<'b>,
    writer: &'a mut Writer,
    plan: Plan,
    total: u64,
    /// The mirror that says so.
    home: Option<Place>,
    /// Of the bytes that are there; `None` if it cannot be recognized.
    version: Option<Validators>,
    growth: Growth,
    ranges: BTreeMap<Number, OneRange>,
    tell: Tell,
    news: Receiver<(Number, News)>,
    /// What each mirror has brought since.
    brought: BTreeMap<Place, Stretches>,
    /// Over the network, by all ranges.
    received: u64,
    /// A cache stumbled over `If-Range`; versions are compared all the same.
    without_if_range: bool,
    /// Why the last of those failed that did.
    failure: Option<Failed>,
}

impl<'a, 'b> Spread<'a, 'b> {
    /// Goes on with `first`; `received` bytes came before, in which `growth` was watching. With
    /// `open`, there will be a further range at once.
    pub async fn run(
        round: &'a Round<'b>,
        writer: &'a mut Writer,
        first: First,
        growth: Growth,
        received: u64,
        open: bool,
    ) -> Result<Ended, Failed> {
        let scattered = writer.with(|part| {
            part.scatter()?;
            let from = part.from().map(str::to_owned);
            let example = part.range(0..1);
            Ok((part.there().clone(), part.total(), example, from))
        });
        let (there, total, example, from) = scattered.await.map_err(at(round.job))?;
        let total = total.unwrap_or(first.end);
        let (tell, news) = channel(WAITING);
        let blocks = round
            .job
            .known
            .as_ref()
            .and_then(|known| known.blocks.as_ref());
        let grain = blocks.map_or(1, Blocks::length);
        let least = round.session.options.min_split_size;
        let mut spread = Spread {
            round,
            writer,
            plan: Plan::new(total, there, least, grain),
            total,
            home: from.and_then(|from| round.mirrors.place_of(&from)),
            version: example.and_then(|range| range.version),
            growth,
            ranges: BTreeMap::new(),
            tell,
            news,
            brought: BTreeMap::new(),
            received,
            without_if_range: false,
            failure: None,
        };
        spread.take_over(first);
        if open {
            spread.open_or_rest();
        }
        spread.go().await
    }

    fn take_over(&mut self, first: First) {
        let First { response, at, end } = first;
        let number = self.plan.begin(at..end, end);
        let task = hob::spawn_named("range", read(response, number, self.tell.clone()));
        let from = self.round.mirrors.current();
        self.round.mirrors.begin(from);
        let one = OneRange {
            heard: now(),
            from,
            asked: self.asked(from, at..end),
            task: task.abort_on_drop(),
            at_work: None,
        };
        self.ranges.insert(number, one);
    }

    async fn go(&mut self) -> Result<Ended, Failed> {
        loop {
            if self.ranges.is_empty() && self.plan.rest() > 0 && self.failure.is_none() {
                self.open();
            }
            if self.ranges.is_empty() {
                self.writer.flush().await.map_err(at(self.round.job))?;
                if !self.blame() {
                    return self.end();
                }
                continue;
            }
            match self.next().await? {
                Next::News(number, news) if self.is_heard(number) => {
                    if let Some(ended) = self.hear(number, news).await? {
                        return Ok(ended);
                    }
                }
                Next::News(..) => {} // the last words of one that was ended
                Next::Advice(advice) => self.follow(advice),
                Next::Silence => self.end_what_is_silent(),
            }
        }
    }

    /// False: its last words come after it was ended.
    fn is_heard(&mut self, number: Number) -> bool {
        let one = self.ranges.get_mut(&number);
        one.map(|one| one.heard = now()).is_some()
    }

    /// Where others could bring what a silent one does not, it is not waited for.
    fn end_what_is_silent(&mut self) {
        let mirrors = self.round.mirrors;
        let is_silent = |one: &OneRange| now() >= one.heard + self.patience();
        let longest = self.ranges.iter().min_by_key(|(_, one)| one.heard);
        if let Some((&number, one)) = longest
            && is_silent(one)
            && (mirrors.has_others(one.from) || !self.ranges.values().all(is_silent))
        {
            self.tell("a range is silent: what it did not bring is another one's");
            mirrors.failed(one.from, mirrors.has_others(one.from));
            self.leave(number);
            self.open();
        }
    }

    /// How long a silence is too long, where there are others.
    fn patience(&self) -> Duration {
        let after = self.round.session.options.split_after;
        2 * after.max(Duration::from_secs(1))
    }

    async fn next(&mut self) -> Result<Next, Failed> {
        let (running, rest) = (self.ranges.len(), self.plan.rest());
        let oldest = self.ranges.values().map(|one| one.heard).min();
        let silent = oldest.map_or(Duration::ZERO, |heard| now() - heard);
        // Whoever is silent already is looked at again, but not all the time.
        let patience = self.patience().saturating_sub(silent).max(LOOK);
        let news = async {
            let (number, news) = self.news.recv().await.expect("we have a sender ourselves");
            Next::News(number, news)
        };
        let next = or(news, async {
            let advice = advised(&mut self.growth, self.received, running, rest);
            Next::Advice(advice.await)
        });
        let next = or(next, async {
            sleep(patience).await;
            Next::Silence
        });
        let next = self.round.transfer.awaiting(self.writer.during(next));
        Ok(next.await.map_err(at(self.round.job))?)
    }

    fn follow(&mut self, advice: Advice) {
        match advice {
            Advice::Stay => {}
            Advice::Open => self.open_or_rest(),
            Advice::Close => {
                self.tell("one range less: the last one did not make it faster");
                let newest = self.ranges.last_key_value().map(|(number, _)| *number);
                newest.into_iter().for_each(|number| self.leave(number));
            }
        }
    }

    fn open_or_rest(&mut self) {
        if !self.open() {
            self.growth.was_refused(now());
        }
    }

    /// Asks for a range more. False: there is nothing to ask for, or nobody, or too much is
    /// under way.
    fn open(&mut self) -> bool {
        let (session, mirrors) = (self.round.session, self.round.mirrors);
        let Some(stretch) = self.plan.next() else {
            return false;
        };
        let Some(from) = mirrors.choose() else {
            return false;
        };
        // R3. The download itself counts for one of them.
        let at_work = match self.ranges.values().any(|one| one.at_work.is_none()) {
            false => None,
            true => match session.one_more() {
                Some(at_work) => Some(at_work),
                None => return false,
            },
        };
        let asked = self.asked(from, stretch.clone());
        if asked.version.is_none() && !mirrors.is_vouched() {
            return false;
        }
        let Some(mut fields) = asked.request() else {
            return false;
        };
        if self.without_if_range {
            fields.remove(header::IF_RANGE);
        }
        let (first, last) = (stretch.start, stretch.end - 1);
        self.tell(&format!("a range more: bytes {first} to {last}"));
        let number = self.plan.begin(stretch, last + 1);
        let request = session.request(self.round.job, mirrors.url(from), Some(fields));
        let request = self.round.transfer.observe(request);
        let task = hob::spawn_named("range", ask(request, number, self.tell.clone()));
        mirrors.begin(from);
        let one = OneRange {
            heard: now(),
            from,
            asked,
            task: task.abort_on_drop(),
            at_work,
        };
        self.ranges.insert(number, one);
        true
    }

    /// M1 and M2 of `mirrors`.
    fn asked(&self, from: Place, stretch: Range<u64>) -> ByteRange {
        let mirrors = self.round.mirrors;
        let version = match mirrors.is_vouched() && Some(from) != self.home {
            true => mirrors.version(from),
            false => self.version.clone(),
        };
        ByteRange {
            first: stretch.start,
            end: stretch.end,
            total: Some(self.total),
            version,
        }
    }
}
