//! The body of a response, on its way into the half file; and what is to be asked behind it.
//!
//! One response is read here, piece by piece. While it is, [`Growth`] looks on, and once a
//! further range may help the response goes to a [`Spread`].

use std::future::pending;
use std::time::SystemTime;

use futures_lite::future::or;
use hob::http::{Response, Validators, header};

use super::attempt::{Ask, Failed, Round};
use super::download::at;
use super::failure::Failure;
use super::part::Part;
use super::ranges::{Advice, Ended, First, Growth, Spread, advised};
use super::writer::Writer;

impl Round<'_> {
    /// The body, which begins at byte `place`. `end`: if it is a range, where that ends.
    pub async fn take(
        &self,
        writer: &mut Writer,
        mut response: Response,
        mut place: u64,
        end: Option<u64>,
    ) -> Result<Option<Ask>, Failed> {
        let changed = Validators::of(response.headers()).last_modified();
        let mut growth = self.growth(writer, &response, place).await?;
        let begin = place;
        loop {
            let (received, total) = (place - begin, self.transfer.total().unwrap_or(place));
            let rest = total.saturating_sub(place);
            let next = or(async { Some(response.chunk().await) }, async {
                one_more(growth.as_mut(), received, rest).await;
                None
            });
            let next = self.transfer.awaiting(writer.during(next)).await;
            let Some(next) = next.map_err(at(self.job))? else {
                let (at, end) = (place, end.unwrap_or(total));
                let first = First { response, at, end };
                return self.spread_from(writer, first, growth, received).await;
            };
            let Some(bytes) = next? else { break };
            let count = bytes.len();
            if let Some(end) = end
                && place + count as u64 > end
            {
                let wanted = end - begin;
                return Err(Failure::Long { wanted }.into());
            }
            let written = writer.write(place, bytes).await;
            written.map_err(at(self.job))?;
            self.no_bad_blocks(writer)?;
            place += count as u64;
            self.transfer.add(count);
            self.not_too_large(self.transfer.size())?;
            self.session.pace(self.transfer, count).await;
        }
        writer.flush().await.map_err(at(self.job))?;
        self.no_bad_blocks(writer)?;
        let part = writer.flush().await.map_err(at(self.job))?;
        let (got, total, goes_on) = (part.length(), part.total(), part.goes_on());
        match total {
            Some(wanted) if got < wanted && goes_on => Ok(Some(Ask::Rest)),
            Some(wanted) if got < wanted => Err(Failure::Short { got, wanted }.into()),
            // With a piece whose end is not known to be the file's, ask whether there is more.
            None if end.is_some() => Ok(Some(Ask::Rest)),
            _ => {
                self.date(writer, changed).await?;
                Ok(None)
            }
        }
    }

    /// What watches a body whose file may come in several ranges; `None` if it may not.
    async fn growth(
        &self,
        writer: &mut Writer,
        response: &Response,
        place: u64,
    ) -> Result<Option<Growth>, Failure> {
        let options = &self.session.options;
        let rest = self.transfer.total().unwrap_or(0).saturating_sub(place);
        let accepted = response.headers().get(header::ACCEPT_RANGES);
        let is_refused = accepted.is_some_and(|ranges| ranges == "none");
        let is_plain = self.session.sends_nothing(self.job);
        if !is_plain || options.split < 2 || is_refused || rest / 2 < options.min_split_size.max(1)
        {
            return Ok(None);
        }
        let part = writer.flush().await.map_err(at(self.job))?;
        let can = part.range(0..1).is_some() || self.mirrors.is_vouched();
        Ok(can.then(|| self.session.growth()))
    }

    /// A file with gaps goes on with the response that begins to fill the first of them.
    pub async fn spread(&self, writer: &mut Writer, first: First) -> Result<Option<Ask>, Failed> {
        self.spread_from(writer, first, None, 0).await
    }

    async fn spread_from(
        &self,
        writer: &mut Writer,
        first: First,
        growth: Option<Growth>,
        received: u64,
    ) -> Result<Option<Ask>, Failed> {
        let changed = Validators::of(first.response.headers()).last_modified();
        // It was advised to open one already.
        let open = growth.is_some();
        let growth = growth.unwrap_or_else(|| self.session.growth());
        match Spread::run(self, writer, first, growth, received, open).await? {
            Ended::Changed => Ok(Some(Ask::Whole)),
            Ended::Whole => {
                let finished = writer.with(Part::finish).await;
                finished.map_err(at(self.job))?;
                self.date(writer, changed).await?;
                Ok(None)
            }
        }
    }

    /// One that is wrong is forgotten already; who sent it is not to send it again.
    fn no_bad_blocks(&self, writer: &mut Writer) -> Result<(), Failure> {
        match writer.take_bad().first() {
            Some(block) => Err(Failure::Block(block.clone())),
            None => Ok(()),
        }
    }

    pub fn not_too_large(&self, bytes: u64) -> Result<(), Failure> {
        self.session.not_too_large(bytes)
    }

    /// The file was changed when the server says so, but never later than now. Last of all, as
    /// every write makes it now.
    async fn date(&self, writer: &mut Writer, changed: Option<SystemTime>) -> Result<(), Failure> {
        let Some(changed) = changed.filter(|_| self.session.options.remote_time) else {
            return Ok(());
        };
        let changed = changed.min(SystemTime::now());
        let dated = writer.with(move |part| part.set_modified(changed)).await;
        dated.map_err(at(self.job))
    }
}

/// Waits until a further range may make it faster, which may be for ever.
async fn one_more(growth: Option<&mut Growth>, received: u64, rest: u64) {
    let Some(growth) = growth else {
        return pending().await;
    };
    while advised(growth, received, 1, rest).await != Advice::Open {}
}
