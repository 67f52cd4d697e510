//! What is missing of a half file, and how to ask for it.

use std::ops::Range;

use hob::http::{ByteRange, HeaderMap, Resume, StatusCode, Verdict};

use super::Part;

/// What is missing of a half file that can be gone on with.
#[derive(Debug)]
pub enum Rest {
    /// All that is behind its bytes.
    Behind(Resume),
    /// Its first gap; there may be more of them.
    Gap(ByteRange),
}

impl Rest {
    /// The fields to ask with.
    pub fn request(&self) -> Option<HeaderMap> {
        match self {
            Rest::Behind(resume) => resume.request(),
            Rest::Gap(range) => range.request(),
        }
    }

    /// What the answer is good for.
    pub fn judge(&self, with_if_range: bool, status: StatusCode, headers: &HeaderMap) -> Verdict {
        match self {
            Rest::Behind(resume) => resume.judge(with_if_range, status, headers),
            Rest::Gap(range) => range.judge(with_if_range, status, headers),
        }
    }
}

impl Part {
    /// What to ask this URL for, if what is there can be gone on with. If the bytes are
    /// `vouched` for, another one than they came from need not know their version.
    pub fn rest(&self, url: &str, vouched: bool) -> Option<Rest> {
        let sidecar = self.sidecar.as_ref()?;
        if vouched && !sidecar.is_from(url) && self.there.sum() > 0 {
            let total = sidecar.total?;
            let gap = self.there.gaps(total).iter().next();
            // Who has every byte asks for the last one again, as `Resume` does.
            let mut range = sidecar.range(gap.unwrap_or(total.saturating_sub(1)..total));
            range.version = None;
            return Some(Rest::Gap(range));
        }
        if self.there.is_prefix() {
            return sidecar.resume(self.there.prefix()).map(Rest::Behind);
        }
        let gap = self.there.gaps(sidecar.total?).iter().next();
        let range = sidecar.range(gap.unwrap_or(0..0));
        range.request().is_some().then_some(Rest::Gap(range))
    }

    /// Can it be gone on with, at least from where it came?
    pub fn goes_on(&self) -> bool {
        self.from()
            .is_some_and(|from| self.rest(from, false).is_some())
    }

    /// How to ask for one stretch of it.
    pub fn range(&self, asked: Range<u64>) -> Option<ByteRange> {
        let range = self.sidecar.as_ref()?.range(asked);
        range.request().is_some().then_some(range)
    }
}
