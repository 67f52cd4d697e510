//! Runs two contenders by turns and tells what came out.
//!
//! Law: a machine is not equally fast from one second to the next; it warms up, clocks down
//! and has other things to do. Consequence: whoever is measured first, in one block, is
//! measured on another machine than the second. Choice: they take turns, and who begins
//! changes with every round. Then a slow second hits both, and the median forgets it.

use std::fmt;
use std::time::Duration;

/// One line of the table: what is done, how often in one round, and by whom.
pub struct Row {
    /// What is done.
    pub name: String,
    /// One round's time is divided by this.
    pub operations: usize,
    /// One round of hob.
    pub hob: Box<dyn Fn() -> Duration>,
    /// One round of the other.
    pub other: Box<dyn Fn() -> Duration>,
}

/// What all rounds of one contender came to, for a single operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Nanoseconds: half of the rounds were faster.
    pub median: f64,
    /// Half the distance between the quartiles, as a share of the median.
    pub spread: f64,
}

/// A row that was run.
#[derive(Debug)]
pub struct Outcome {
    /// hob's.
    pub hob: Summary,
    /// The other's.
    pub other: Summary,
}

impl Outcome {
    /// How much longer the other takes: above 1, hob is ahead.
    pub fn ratio(&self) -> f64 {
        self.other.median / self.hob.median
    }
}

impl Row {
    /// One round each that does not count, then `rounds` that do.
    pub fn run(&self, rounds: usize) -> Outcome {
        let contenders = [&self.hob, &self.other];
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..=rounds {
            let first = round % 2;
            for who in [first, 1 - first] {
                let time = contenders[who]();
                if round > 0 {
                    times[who].push(time.as_secs_f64() * 1e9 / self.operations as f64);
                }
            }
        }
        let [hob, other] = times.map(summary);
        Outcome { hob, other }
    }
}

/// Sorts, and reads the quartiles off.
pub fn summary(mut times: Vec<f64>) -> Summary {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (times.len() - 1) as f64;
        let (below, above) = (times[place.floor() as usize], times[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    let median = at(0.5);
    Summary {
        median,
        spread: (at(0.75) - at(0.25)) / 2.0 / median,
    }
}

impl fmt::Display for Summary {
    /// Twelve characters and a spread: `   123.4 ns ±  2 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.median {
            ns if ns < 10_000.0 => (ns, "ns"),
            ns => (ns / 1_000.0, "µs"),
        };
        write!(f, "{number:>8.1} {unit} ±{:>3.0} %", self.spread * 100.0)
    }
}

#[test]
fn median_and_spread_are_read_off_the_sorted_times() {
    let summary = summary(vec![40.0, 10.0, 20.0, 50.0, 30.0]);
    assert_eq!(summary.median, 30.0);
    assert_eq!(summary.spread, 10.0 / 30.0);
    assert_eq!(summary.to_string(), "    30.0 ns ± 33 %");
}

#[test]
fn contenders_take_turns_and_begin_by_turns() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let order = Rc::new(RefCell::new(String::new()));
    let note = |name: char| {
        let order = order.clone();
        Box::new(move || {
            order.borrow_mut().push(name);
            Duration::from_nanos(if name == 'a' { 100 } else { 300 })
        })
    };
    let row = Row {
        name: "a row".into(),
        operations: 10,
        hob: note('a'),
        other: note('b'),
    };
    let outcome = row.run(3);
    assert_eq!(order.borrow().as_str(), "abbaabba");
    assert_eq!(outcome.hob.median, 10.0);
    assert_eq!(outcome.ratio(), 3.0);
}
