//! What a range has to tell, and what becomes of it. R1 and R2 of [`ranges`](super::super) are
//! kept here.

use std::ops::Range;

use hob::http::{Response, Resume, Verdict};
use hob::time::now;

use super::super::Ended;
use super::super::ask::{News, is_part, is_too_long, read};
use super::super::plan::Number;
use super::{OneRange, Spread};
use crate::job::attempt::{Failed, refusal};
use crate::job::download::at;
use crate::job::failure::Failure;

impl Spread<'_, '_> {
    /// Does what the news ask for. `Some`: that was the end of all ranges.
    pub(super) async fn hear(
        &mut self,
        number: Number,
        news: News,
    ) -> Result<Option<Ended>, Failed> {
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
        let (status, headers) = (response.status(), response.headers().clone());
        let from = one.from;
        let is_whole = Resume::is_whole(status);
        let why = match one.asked.judge(!self.without_if_range, status, &headers) {
            Verdict::Append { end, .. } if !is_too_long(&response) => {
                self.plan.limit(number, end);
                let task = read(response, number, self.tell.clone());
                one.task = hob::spawn_named("range", task).abort_on_drop();
                self.round.mirrors.learn(one.from, &headers);
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
        let is_last = self.ranges.len() == 1 && !self.round.mirrors.has_others(from);
        self.fail(number, failed);
        (is_about_the_file && is_last).then_some(Ended::Changed)
    }

    async fn take(&mut self, number: Number, mut bytes: &[u8]) -> Result<(), Failed> {
        let round = &self.round;
        round.session.pace(round.transfer, bytes.len()).await;
        loop {
            let (place, taken) = self.plan.came(number, bytes.len());
            let (now_due, behind) = bytes.split_at(taken);
            let written = self.writer.write(place, now_due).await;
            written.map_err(at(self.round.job))?;
            self.received += taken as u64;
            if let Some(one) = self.ranges.get(&number) {
                let brought = self.brought.entry(one.from).or_default();
                brought.add(place..place + taken as u64);
            }
            self.round.transfer.add(taken);
            self.round.not_too_large(self.round.transfer.size())?;
            self.blame();
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
            self.remove(other);
            self.growth.was_refused(now());
            bytes = behind;
        }
    }

    pub(super) fn leave(&mut self, number: Number) {
        self.plan.leave(number);
        self.remove(number);
    }

    pub(super) fn remove(&mut self, number: Number) {
        if let Some(one) = self.ranges.remove(&number) {
            self.round.mirrors.end(one.from);
        }
    }

    /// Blocks that turned out to be wrong are missing again. Who brought all of one is a liar,
    /// and asked no more; where several brought it, each of them is under suspicion. False:
    /// there were none.
    pub(super) fn blame(&mut self) -> bool {
        let bad = self.writer.take_bad();
        for block in bad.clone() {
            self.plan.forget(block.clone());
            let failure = Failure::Block(block.clone());
            self.tell(&failure.to_string());
            self.failure = Some(failure.into());
            self.suspect(&block);
        }
        if !bad.is_empty() {
            let is_out = |one: &OneRange| self.round.mirrors.is_out(one.from);
            let all = self.ranges.iter().filter(|(_, one)| is_out(one));
            let liars: Vec<_> = all.map(|(number, _)| *number).collect();
            liars.into_iter().for_each(|number| self.leave(number));
            self.open();
        }
        !bad.is_empty()
    }

    fn suspect(&mut self, block: &Range<u64>) {
        let mirrors = self.round.mirrors;
        let brought = self.brought.iter();
        let all = brought.filter(|(_, brought)| brought.touch(block.clone()));
        let suspects: Vec<_> = all.map(|(from, _)| *from).collect();
        // What a known liar left is nobody else's fault.
        let is_known = suspects.iter().any(|from| mirrors.is_out(*from));
        for from in suspects {
            let brought = self.brought.entry(from).or_default();
            match brought.cover(block.clone()) {
                true => mirrors.put_out(from),
                false if !is_known => mirrors.failed(from, false),
                false => {}
            }
            brought.remove(block.clone());
        }
    }

    /// R2. Where there are mirrors, the next one takes the place of a dead one at once.
    fn fail(&mut self, number: Number, failed: Failed) {
        self.tell(&format!("a range failed: {}", failed.why));
        self.failure = Some(failed);
        let mirrors = self.round.mirrors;
        let from = self.ranges.get(&number).map(|one| one.from);
        let is_idle = self.plan.is_idle(number);
        self.leave(number);
        if mirrors.are_many()
            && let Some(from) = from
        {
            mirrors.failed(from, is_idle);
            if self.open() {
                return;
            }
        }
        self.growth.was_refused(now());
    }

    /// Nobody brings anything any more.
    pub(super) fn end(&mut self) -> Result<Ended, Failed> {
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

    pub(super) fn tell(&self, what: &str) {
        self.round.session.tell(self.round.job, what);
    }
}
