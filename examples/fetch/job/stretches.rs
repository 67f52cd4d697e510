//! Which bytes of a file are there: stretches of it, in order, that neither touch nor overlap.
//!
//! Plain sets and their arithmetic, without I/O. In texts a stretch has its first and its last
//! byte, as in a `Range` of HTTP; in code the place behind the last one.

use std::ops::Range;

/// A set of bytes of a file, by their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretches(Vec<Range<u64>>);

impl Stretches {
    /// The first `length` bytes.
    pub fn prefix_of(length: u64) -> Stretches {
        let mut all = Stretches::default();
        all.add(0..length);
        all
    }

    pub fn add(&mut self, mut new: Range<u64>) {
        if new.is_empty() {
            return;
        }
        // Those that overlap it, or touch it, become one with it.
        let first = self.0.partition_point(|one| one.end < new.start);
        let behind = self.0.partition_point(|one| one.start <= new.end);
        for one in &self.0[first..behind] {
            new = new.start.min(one.start)..new.end.max(one.end);
        }
        self.0.splice(first..behind, [new]);
    }

    pub fn remove(&mut self, gone: Range<u64>) {
        if gone.is_empty() {
            return;
        }
        let first = self.0.partition_point(|one| one.end <= gone.start);
        let behind = self.0.partition_point(|one| one.start < gone.end);
        let rests: Vec<_> = self.0[first..behind]
            .iter()
            .flat_map(|one| [one.start..gone.start, gone.end..one.end])
            .filter(|rest| !rest.is_empty())
            .collect();
        self.0.splice(first..behind, rests);
    }

    /// Is all of `asked` there?
    pub fn cover(&self, asked: Range<u64>) -> bool {
        asked.is_empty()
            || self
                .iter()
                .any(|one| one.start <= asked.start && asked.end <= one.end)
    }

    /// Is any of `asked`, which is not empty, there?
    pub fn touch(&self, asked: Range<u64>) -> bool {
        let mut common = self
            .iter()
            .map(|one| one.start.max(asked.start)..one.end.min(asked.end));
        common.any(|both| !both.is_empty())
    }

    /// So many bytes are there from the first on, without a gap.
    pub fn prefix(&self) -> u64 {
        match self.0.first() {
            Some(one) if one.start == 0 => one.end,
            _ => 0,
        }
    }

    /// Is there nothing behind the first gap?
    pub fn is_prefix(&self) -> bool {
        self.sum() == self.prefix()
    }

    /// How many bytes in all.
    pub fn sum(&self) -> u64 {
        self.iter().map(|one| one.end - one.start).sum()
    }

    /// What is missing of a file of `total` bytes, in order.
    pub fn gaps(&self, total: u64) -> Stretches {
        let mut gaps = Stretches::prefix_of(total);
        for one in self.iter() {
            gaps.remove(one);
        }
        gaps
    }

    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.0.iter().cloned()
    }

    /// As `0-99 200-299`; [`parse`](Stretches::parse) reads it.
    pub fn text(&self) -> String {
        let all: Vec<_> = self.iter().map(text).collect();
        all.join(" ")
    }

    pub fn parse(text: &str) -> Option<Stretches> {
        let mut all = Stretches::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            all.add(parse(word)?);
        }
        Some(all)
    }
}

/// One stretch, which is not empty.
pub fn text(one: Range<u64>) -> String {
    format!("{}-{}", one.start, one.end - 1)
}

pub fn parse(word: &str) -> Option<Range<u64>> {
    let number = |digits: &str| {
        let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| digits.parse::<u64>().ok()).flatten()
    };
    let (first, last) = word.split_once('-')?;
    let (first, end) = (number(first)?, number(last)?.checked_add(1)?);
    (first < end).then_some(first..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against a set of single bytes. Broken by: any `<` for a `<=` in `add` or `remove`.
    #[test]
    fn they_are_what_a_set_of_bytes_would_be() {
        let mut number = 1_u64;
        let mut dice = |below: u64| {
            number = number
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (number >> 33) % below
        };
        for _ in 0..200 {
            let (mut all, mut bytes) = (Stretches::default(), [false; 40]);
            for _ in 0..20 {
                let start = dice(40);
                let end = (start + dice(8)).min(40);
                let there = dice(3) > 0;
                match there {
                    true => all.add(start..end),
                    false => all.remove(start..end),
                }
                bytes[start as usize..end as usize].fill(there);
                let mut listed = [false; 40];
                for one in all.iter() {
                    assert!(!one.is_empty());
                    listed[one.start as usize..one.end as usize].fill(true);
                }
                assert_eq!(listed, bytes);
                let apart = all.0.windows(2).all(|two| two[0].end < two[1].start);
                assert!(apart, "{all:?}");
                let prefix = bytes.iter().take_while(|there| **there).count() as u64;
                let sum = bytes.iter().filter(|there| **there).count() as u64;
                assert_eq!((all.prefix(), all.sum()), (prefix, sum));
                assert_eq!(all.is_prefix(), prefix == sum);
                assert_eq!(all.gaps(40).gaps(40), all);
                assert_eq!(Stretches::parse(&all.text()), Some(all.clone()));
                let there = bytes[start as usize..end as usize]
                    .iter()
                    .all(|there| *there);
                assert_eq!(all.cover(start..end), there);
                let any = bytes[start as usize..end as usize].contains(&true);
                assert!(start == end || all.touch(start..end) == any);
            }
        }
    }

    #[test]
    fn what_is_no_stretch_is_none() {
        for bad in [
            "1",
            "2-1",
            "-1",
            "1-",
            "+1-2",
            "1-2-3",
            "0-18446744073709551615",
            "a-b",
        ] {
            assert_eq!(Stretches::parse(bad), None, "{bad}");
        }
        assert_eq!(Stretches::parse(""), Some(Stretches::default()));
        assert_eq!(Stretches::parse("0-0").unwrap().sum(), 1);
    }
}
