//! The ranges of one file: who brings what, told by their news and by the time that passes. The
//! picture and the rules (R1 to R3) stand in [`ranges`](super).

use std::collections::BTreeMap;
use std::ops::Range;

use futures_lite::future::or;
use hob::AbortOnDrop;
use hob::http::{ByteRange, Response, Resume, Verdict, header};
use hob::sync::mpsc::{Receiver, channel};
use hob::time::now;

use super::ask::{News, Tell, advised, ask, is_part, is_too_long, read};
use super::growth::{Advice, Growth};
use super::plan::{Number, Plan};
use super::{Ended, First};
use crate::job::attempt::{Failed, Round, refusal};
use crate::job::download::at;
use crate::job::failure::Failure;
use crate::job::session::AtWork;
use crate::job::writer::Writer;

/// So many pieces of bodies, of up to 64 KiB each, may wait to be looked at.
const WAITING: usize = 8;

/// What there is to do next.
enum Next {
    News(Number, News),
    Advice(Advice),
}

/// A range that runs.
struct OneRange {
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
    /// Of which version all ranges have to be.
    example: ByteRange,
    growth: Growth,
    ranges: BTreeMap<Number, OneRange>,
    tell: Tell,
    news: Receiver<(Number, News)>,
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
            Ok((part.there().clone(), part.range(0..1)))
        });
        let scattered = scattered.await.map_err(at(round.job))?;
        let (there, Some(example)) = scattered else {
            return Err(Failure::Short {
                got: 0,
                wanted: first.end,
            }
            .into());
        };
        let total = example.total.unwrap_or(first.end);
        let (tell, news) = channel(WAITING);
        let least = round.session.options.min_split_size;
        let mut spread = Spread {
            round,
            writer,
            plan: Plan::new(total, there, least, 1),
            example,
            growth,
            ranges: BTreeMap::new(),
            tell,
            news,
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
        let one = OneRange {
            asked: self.asked(at..end),
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
                return self.end();
            }
            match self.next().await? {
                Next::News(number, news) if self.ranges.contains_key(&number) => {
                    if let Some(ended) = self.hear(number, news).await? {
                        return Ok(ended);
                    }
                }
                Next::News(..) => {} // the last words of one that was ended
                Next::Advice(advice) => self.follow(advice),
            }
        }
    }

    async fn next(&mut self) -> Result<Next, Failed> {
        let (running, rest) = (self.ranges.len(), self.plan.rest());
        let news = async {
            let (number, news) = self.news.recv().await.expect("we have a sender ourselves");
            Next::News(number, news)
        };
        let next = or(news, async {
            let advice = advised(&mut self.growth, self.received, running, rest);
            Next::Advice(advice.await)
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

    /// Asks for a range more. False: there is nothing to ask for, or too much is under way.
    fn open(&mut self) -> bool {
        let session = self.round.session;
        let Some(stretch) = self.plan.next() else {
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
        let asked = self.asked(stretch.clone());
        let Some(mut fields) = asked.request() else {
            return false;
        };
        if self.without_if_range {
            fields.remove(header::IF_RANGE);
        }
        let end = stretch.end;
        self.tell(&format!(
            "a range more: bytes {} to {}",
            stretch.start,
            end - 1
        ));
        let number = self.plan.begin(stretch, end);
        let request = session.request(self.round.job, Some(fields));
        let request = self.round.transfer.observe(request);
        let task = hob::spawn_named("range", ask(request, number, self.tell.clone()));
        let one = OneRange {
            asked,
            task: task.abort_on_drop(),
            at_work,
        };
        self.ranges.insert(number, one);
        true
    }

    fn asked(&self, stretch: Range<u64>) -> ByteRange {
        ByteRange {
            first: stretch.start,
            end: stretch.end,
            ..self.example.clone()
        }
    }

    async fn hear(&mut self, number: Number, news: News) -> Result<Option<Ended>, Failed> {
        match news {
            News::Head(response) => Ok(self.judge(number, *response)),
            News::Bytes(bytes) => self.take(number, &bytes).await.map(|()| None),
            // Less came than was asked for. To nothing there would be no end.
            News::End(Ok(())) if self.plan.is_idle(number) => {
                self.fail(number, self.short().into());
                Ok(None)
            }
            News::End(Ok(())) => {
                self.leave(number);
                self.open();
                Ok(None)
            }
            News::End(Err(error)) => {
                self.fail(number, error.into());
                Ok(None)
            }
        }
    }

    /// R1.
    fn judge(&mut self, number: Number, response: Response) -> Option<Ended> {
        let one = self.ranges.get_mut(&number)?;
        self.round.session.tell_response(self.round.job, &response);
        let (status, headers) = (response.status(), response.headers());
        let is_whole = Resume::is_whole(status);
        let why = match one.asked.judge(!self.without_if_range, status, headers) {
            Verdict::Append { end, .. } if !is_too_long(&response) => {
                self.plan.limit(number, end);
                let task = read(response, number, self.tell.clone());
                one.task = hob::spawn_named("range", task).abort_on_drop();
                self.growth.has_begun(now(), self.received);
                return None;
            }
            Verdict::Append { .. } => "more bytes come than its Content-Range announces",
            Verdict::AskWithoutIfRange if !self.without_if_range => {
                self.tell("the whole came, of the same version: asked without If-Range now");
                self.without_if_range = true;
                self.leave(number);
                self.open();
                return None;
            }
            Verdict::StartAgain { why } => why,
            _ if is_whole => "the whole came in place of a range",
            Verdict::Refuse(violation) if is_part(status) => violation.what,
            _ => "the server refuses it",
        };
        self.tell(&format!("one range less: {why}"));
        let is_about_the_file = is_whole || is_part(status) || status == 416;
        let failed = match is_about_the_file {
            true => self.short().into(),
            false => refusal(response),
        };
        self.fail(number, failed);
        (is_about_the_file && self.ranges.is_empty()).then_some(Ended::Changed)
    }

    async fn take(&mut self, number: Number, mut bytes: &[u8]) -> Result<(), Failed> {
        self.round.session.pace(bytes.len()).await;
        loop {
            let (place, taken) = self.plan.came(number, bytes.len());
            let (now_due, behind) = bytes.split_at(taken);
            let written = self.writer.write(place, now_due).await;
            written.map_err(at(self.round.job))?;
            self.received += taken as u64;
            self.round.transfer.add(taken);
            self.round.not_too_large(self.round.transfer.size())?;
            if !self.plan.is_over(number) {
                return Ok(());
            }
            // Whoever was given what is behind: its request is on its way, and it has nothing
            // yet. So we keep it; the first of its bytes may be in our hands already.
            let Some(other) = self.plan.take_back(number) else {
                self.leave(number);
                self.open();
                return Ok(());
            };
            self.ranges.remove(&other);
            self.growth.was_refused(now());
            bytes = behind;
        }
    }

    fn leave(&mut self, number: Number) {
        self.plan.leave(number);
        self.ranges.remove(&number);
    }

    /// R2.
    fn fail(&mut self, number: Number, failed: Failed) {
        self.tell(&format!("a range failed: {}", failed.why));
        self.failure = Some(failed);
        self.growth.was_refused(now());
        self.leave(number);
    }

    /// Nobody brings anything any more.
    fn end(&mut self) -> Result<Ended, Failed> {
        match self.plan.rest() {
            0 => Ok(Ended::Whole),
            _ => Err(self.failure.take().unwrap_or_else(|| self.short().into())),
        }
    }

    fn short(&self) -> Failure {
        let wanted = self.plan.total();
        let got = wanted - self.plan.rest();
        Failure::Short { got, wanted }
    }

    fn tell(&self, what: &str) {
        self.round.session.tell(self.round.job, what);
    }
}
