//! A row that was run: what its samples come to, and whether hob is where it wants to be.
//!
//! **When a mark is met.** A ratio is hob's median divided by the other's. Each round also has
//! a ratio of its own, since hob and the other ran within moments of each other; the
//! *interval* is what the middle half of these ratios spans. A mark on something that is timed
//! is met if the interval reaches down to it: then the rounds do not tell hob from a program
//! that is at the mark. A mark on something that is counted is met by the ratio itself.

/// A row that was run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The row's name in the JSON.
    pub id: String,
    /// The row's name in words.
    pub title: String,
    /// Of every number in it.
    pub unit: String,
    /// Counted, not timed.
    pub exact: bool,
    /// Each contender's rounds, in order. hob's are the first.
    pub samples: Vec<(String, Vec<f64>)>,
    /// hob / other, or less.
    pub marks: Vec<(String, f64)>,
    /// What a reader has to know.
    pub notes: Vec<String>,
}

/// What all rounds of one contender came to, for a single operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Half of the rounds were below.
    pub median: f64,
    /// Half the distance between the quartiles, as a share of the median.
    pub spread: f64,
}

impl Outcome {
    /// hob's own.
    pub fn hob(&self) -> Summary {
        summary(&self.samples[0].1)
    }

    /// Everybody else's, in the order of the table.
    pub fn others(&self) -> impl Iterator<Item = (&str, Summary)> {
        let others = self.samples[1..].iter();
        others.map(|(name, samples)| (name.as_str(), summary(samples)))
    }

    /// hob's median divided by the other's: below 1, hob is ahead. `None`: it did not take part.
    pub fn ratio(&self, name: &str) -> Option<f64> {
        let other = summary(self.samples_of(name)?);
        Some(share(self.hob().median, other.median))
    }

    /// The quartiles of the ratios that the single rounds had.
    pub fn interval(&self, name: &str) -> Option<(f64, f64)> {
        let rounds = self.samples[0].1.iter().zip(self.samples_of(name)?);
        let ratios = sorted(rounds.map(|(hob, other)| share(*hob, *other)));
        Some((quantile(&ratios, 0.25), quantile(&ratios, 0.75)))
    }

    /// Whether hob is at this contender's mark. `None`: there is no mark, or nobody to compare
    /// with.
    pub fn meets(&self, name: &str) -> Option<bool> {
        let (_, mark) = self.marks.iter().find(|(who, _)| who == name)?;
        let best = match self.exact {
            true => self.ratio(name)?,
            false => self.interval(name)?.0.min(self.ratio(name)?),
        };
        Some(best <= *mark)
    }

    /// Whether hob is at all marks that could be judged.
    pub fn met(&self) -> bool {
        let mut judged = self.marks.iter().filter_map(|(name, _)| self.meets(name));
        judged.all(|met| met)
    }

    fn samples_of(&self, name: &str) -> Option<&[f64]> {
        let found = self.samples[1..].iter().find(|(who, _)| who == name);
        found.map(|(_, samples)| samples.as_slice())
    }
}

/// `a / b`, where nothing beside nothing counts as the same.
fn share(a: f64, b: f64) -> f64 {
    match a == b {
        true => 1.0,
        false => a / b,
    }
}

/// The median, and how far the middle half of the samples spans.
pub fn summary(samples: &[f64]) -> Summary {
    let sorted = sorted(samples.iter().copied());
    let median = quantile(&sorted, 0.5);
    let half = (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / 2.0;
    Summary {
        median,
        spread: if half == 0.0 { 0.0 } else { half / median },
    }
}

fn sorted(samples: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut samples: Vec<f64> = samples.collect();
    samples.sort_by(f64::total_cmp);
    samples
}

/// The value below which this share of the sorted samples lies; between two of them, on the
/// straight line that joins them.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    below + (above - below) * place.fract()
}

#[cfg(test)]
pub(crate) fn example() -> Outcome {
    Outcome {
        id: "spawn_join".into(),
        title: "spawn 100,000 tasks, then join them".into(),
        unit: "ns".into(),
        exact: false,
        samples: vec![
            ("hob".into(), vec![90.0, 100.0, 110.0]),
            ("tokio".into(), vec![400.0, 400.0, 400.0]),
            ("smol".into(), vec![125.0, 125.0, 125.0]),
        ],
        marks: vec![("tokio".into(), 0.24), ("smol".into(), 0.7)],
        notes: vec!["monoio: has no <such> thing".into()],
    }
}

#[test]
fn median_and_spread_are_read_off_the_sorted_samples() {
    let summary = summary(&[40.0, 10.0, 20.0, 50.0, 30.0]);
    assert_eq!(summary.median, 30.0);
    assert_eq!(summary.spread, 10.0 / 30.0);
}

#[test]
fn a_ratio_is_of_the_medians_and_below_one_where_hob_is_ahead() {
    assert_eq!(example().ratio("tokio"), Some(0.25));
    assert_eq!(example().ratio("smol"), Some(0.8));
    assert_eq!(example().ratio("compio"), None);
}

#[test]
fn a_timed_mark_is_met_if_the_interval_reaches_it() {
    // The ratios of the rounds are 0.225, 0.25 and 0.275; their quartiles 0.2375 and 0.2625.
    let (low, high) = example().interval("tokio").unwrap();
    assert!((low - 0.2375).abs() < 1e-12 && (high - 0.2625).abs() < 1e-12);
    assert_eq!(example().meets("tokio"), Some(true));
    assert_eq!(example().meets("smol"), Some(false));
    assert!(!example().met());
}

#[test]
fn a_counted_mark_is_met_by_the_ratio_alone() {
    let counted = Outcome {
        exact: true,
        ..example()
    };
    assert_eq!(counted.meets("tokio"), Some(false));
}

#[test]
fn what_nobody_stands_beside_is_not_judged() {
    let mut alone = example();
    alone.samples.truncate(1);
    assert_eq!(alone.meets("tokio"), None);
    assert!(alone.met());
}

#[test]
fn nothing_beside_nothing_is_a_tie() {
    let mut none = example();
    none.samples = vec![("hob".into(), vec![0.0]), ("tokio".into(), vec![0.0])];
    assert_eq!(none.ratio("tokio"), Some(1.0));
    assert_eq!(none.hob().spread, 0.0);
}
