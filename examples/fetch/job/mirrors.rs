//! The places where one file is to be had, and which of them is asked next.
//!
//! Law: two servers that call a file by one name may have two files. Consequence: bytes of two
//! mirrors are joined only if something says that they are of one file:
//!
//! * M1: the same strong validator (an `ETag` that two servers share is rare, but there are
//!   farms that do); or
//! * M2: a digest of the whole, from the user or a Metalink, which is compared at the end. Then
//!   a mirror has only to agree about the length, and from its first answer on with itself.
//!
//! A mirror that fits neither is of use only when all others are gone: the file is begun again
//! from it.
//!
//! M3: when the digest disagrees, one of those that brought something was wrong. One that
//! brought all of it is not asked again. Of several, nobody knows which it was: so the file is
//! begun again from one of them alone, and from the next one if that was it.
//!
//! M4: what the user said to get at the first one (names, passwords, cookies) is told to no
//! other host: see [`Session::request`](super::Session::request).

use std::cell::{Cell, RefCell};

use hob::http::{HeaderMap, Url, Validators};

use super::Job;
use crate::show::text;

/// A mirror's place in the list; the job's own URL is 0.
pub type Place = usize;

/// One that broke so often is not asked again while there are others.
const MOST_FAILURES: u32 = 3;

pub struct Mirrors {
    all: Vec<Mirror>,
    /// Where the first response comes from.
    current: Cell<Place>,
    /// Is there a digest to compare with? M2.
    vouched: bool,
    /// No two of them at the same time: M3.
    alone: Cell<bool>,
}

struct Mirror {
    url: Url,
    /// As its first good answer had it.
    version: RefCell<Option<Validators>>,
    /// Ranges of it that run.
    running: Cell<usize>,
    failures: Cell<u32>,
    /// It is asked no more: dead, or of another version.
    is_out: Cell<bool>,
    /// It brought something of what is there.
    is_in_it: Cell<bool>,
}

impl Mirrors {
    /// Those of the job; only the first one, if something is sent there: that is for no other.
    pub fn of(job: &Job, sends_nothing: bool) -> Mirrors {
        let others = job.mirrors.iter().filter(|_| sends_nothing);
        let urls = std::iter::once(&job.url).chain(others);
        let all = urls.map(|url| Mirror {
            url: url.clone(),
            version: RefCell::default(),
            running: Cell::new(0),
            failures: Cell::new(0),
            is_out: Cell::new(false),
            is_in_it: Cell::new(false),
        });
        Mirrors {
            all: all.collect(),
            current: Cell::new(0),
            vouched: job.is_vouched_for(),
            alone: Cell::new(false),
        }
    }

    pub fn url(&self, place: Place) -> &Url {
        &self.all[place].url
    }

    /// Where this URL stands, as `text::url` writes it.
    pub fn place_of(&self, url: &str) -> Option<Place> {
        self.all
            .iter()
            .position(|mirror| text::url(&mirror.url) == url)
    }

    pub fn current(&self) -> Place {
        self.current.get()
    }

    pub fn are_many(&self) -> bool {
        self.all.len() > 1
    }

    /// May bytes of it be joined with those of others, whatever its validators are?
    pub fn is_vouched(&self) -> bool {
        self.vouched
    }

    /// The next one to begin with, after the current one has failed. False: there is none, and
    /// all of them get another chance.
    pub fn try_next(&self) -> bool {
        self.put_out(self.current());
        let next = (0..self.all.len()).find(|place| !self.all[*place].is_out.get());
        if next.is_none() {
            self.all.iter().for_each(|mirror| {
                mirror.is_out.set(false);
                mirror.failures.set(0);
            });
        }
        self.current.set(next.unwrap_or(0));
        next.is_some()
    }

    /// Whom to ask for a further range: who has the fewest of them, and of these the first.
    pub fn choose(&self) -> Option<Place> {
        if self.alone.get() {
            return Some(self.current());
        }
        let places = 0..self.all.len();
        let left = places.filter(|place| !self.all[*place].is_out.get());
        left.min_by_key(|place| self.all[*place].running.get())
    }

    pub fn begin(&self, place: Place) {
        let running = &self.all[place].running;
        running.set(running.get() + 1);
    }

    pub fn end(&self, place: Place) {
        let running = &self.all[place].running;
        running.set(running.get() - 1);
    }

    /// The version that its answers have to be of, by its own word.
    pub fn version(&self, place: Place) -> Option<Validators> {
        self.all[place].version.borrow().clone()
    }

    /// It gave a good answer.
    pub fn learn(&self, place: Place, headers: &HeaderMap) {
        let mirror = &self.all[place];
        mirror.is_in_it.set(true);
        let version = Validators::of(headers);
        if version.if_range().is_some() {
            mirror.version.borrow_mut().get_or_insert(version);
        }
    }

    /// A range of it broke. `idle`: it had brought nothing.
    pub fn failed(&self, place: Place, idle: bool) {
        let failures = &self.all[place].failures;
        failures.set(failures.get() + 1);
        if idle || failures.get() >= MOST_FAILURES {
            self.put_out(place);
        }
    }

    pub fn put_out(&self, place: Place) {
        self.all[place].is_out.set(true);
    }

    pub fn is_out(&self, place: Place) -> bool {
        self.all[place].is_out.get()
    }

    /// Is anybody left whom to ask, but for this one?
    pub fn has_others(&self, but: Place) -> bool {
        let mut others = self.all.iter().enumerate();
        others.any(|(place, mirror)| place != but && !mirror.is_out.get())
    }

    /// M3. False: there is nothing left to try.
    pub fn try_alone(&self) -> bool {
        if !self.are_many() {
            return false;
        }
        let was_mixed = self
            .all
            .iter()
            .filter(|mirror| mirror.is_in_it.get())
            .count()
            > 1;
        let was_alone = self.alone.replace(true);
        for mirror in &self.all {
            let is_wrong = mirror.is_in_it.replace(false) && !was_mixed;
            // A dead one may live again; one that lied does not become honest.
            mirror
                .is_out
                .set(is_wrong || (was_alone && mirror.is_out.get()));
            mirror.version.take();
        }
        let next = (0..self.all.len()).find(|place| !self.all[*place].is_out.get());
        self.current.set(next.unwrap_or(0));
        next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors(count: usize) -> Mirrors {
        let url = |n: usize| format!("http://m{n}/x").parse::<Url>().unwrap();
        let mut job = Job::new(url(0), "x".into(), "x");
        job.mirrors = (1..count).map(url).collect();
        Mirrors::of(&job, true)
    }

    #[test]
    fn further_ranges_go_to_whoever_has_the_fewest() {
        let mirrors = mirrors(3);
        let chosen: Vec<_> = (0..4)
            .map(|_| {
                let place = mirrors.choose().unwrap();
                mirrors.begin(place);
                place
            })
            .collect();
        assert_eq!(chosen, [0, 1, 2, 0]);
        mirrors.put_out(1);
        mirrors.end(2);
        assert_eq!(mirrors.choose(), Some(2));
        mirrors.failed(2, false);
        mirrors.failed(2, false);
        assert_eq!(mirrors.choose(), Some(2));
        mirrors.failed(2, false);
        assert_eq!(mirrors.choose(), Some(0));
    }

    #[test]
    fn who_failed_is_followed_by_the_next_until_all_had_their_turn() {
        let mirrors = mirrors(3);
        assert!(mirrors.try_next() && mirrors.current() == 1);
        assert!(mirrors.try_next() && mirrors.current() == 2);
        assert!(!mirrors.try_next() && mirrors.current() == 0);
        assert!(mirrors.try_next() && mirrors.current() == 1);
    }

    /// Broken by: leaving `was_mixed` out.
    #[test]
    fn after_a_wrong_digest_each_is_tried_alone_but_for_a_liar() {
        let headers = HeaderMap::new();
        let mixed = mirrors(3);
        mixed.learn(0, &headers);
        mixed.learn(2, &headers);
        for expected in 0..3 {
            assert!(mixed.try_alone());
            assert_eq!(
                (mixed.current(), mixed.choose()),
                (expected, Some(expected))
            );
            mixed.learn(expected, &headers);
        }
        assert!(!mixed.try_alone(), "all of them are wrong");

        let alone = mirrors(2);
        alone.learn(0, &headers);
        assert!(alone.try_alone() && alone.current() == 1);
        assert!(!mirrors(1).try_alone());
    }
}
