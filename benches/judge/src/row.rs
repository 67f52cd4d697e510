//! One row of the table: what is done, by whom, and the rounds that they take by turns.
//!
//! Law: a machine is not equally fast from one second to the next; it warms up, clocks down
//! and has other things to do. Consequence: whoever is measured first, in one block, is
//! measured on another machine than the second. Choice: they take turns, and who begins
//! changes with every round. Then a slow second hits all, and the median forgets it.

use crate::outcome::Outcome;

/// One round of one contender. It gives the value of one operation, in the row's unit.
pub type Round = Box<dyn Fn() -> f64>;

/// What is measured, how, and where hob wants to be.
pub struct Row {
    /// Its name in the JSON and for `--only`.
    pub id: String,
    /// What is done, in words.
    pub title: String,
    /// Of one operation.
    pub unit: String,
    /// A count: every round gives the same, so one is enough, and a mark is a mark.
    pub exact: bool,
    /// hob is the first.
    pub contenders: Vec<(String, Round)>,
    /// hob's value divided by this contender's should be this much or less.
    pub marks: Vec<(String, f64)>,
    /// Who could not take part, and why; and where a number comes from, if not from this run.
    pub notes: Vec<String>,
    /// At most so many rounds, where one takes seconds.
    pub at_most: usize,
}

impl Row {
    /// A row of times, in nanoseconds, with nobody in it yet.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Row {
        Row {
            id: id.into(),
            title: title.into(),
            unit: "ns".into(),
            exact: false,
            contenders: Vec::new(),
            marks: Vec::new(),
            notes: Vec::new(),
            at_most: usize::MAX,
        }
    }

    /// In something other than nanoseconds.
    pub fn unit(mut self, unit: impl Into<String>) -> Row {
        self.unit = unit.into();
        self
    }

    /// One more contender.
    pub fn with(mut self, name: impl Into<String>, round: impl Fn() -> f64 + 'static) -> Row {
        self.contenders.push((name.into(), Box::new(round)));
        self
    }

    /// hob / `name` should be `ratio` or less.
    pub fn mark(mut self, name: impl Into<String>, ratio: f64) -> Row {
        self.marks.push((name.into(), ratio));
        self
    }

    /// hob should be at `value` or below, whatever the others do. It is put in as a contender
    /// that always needs just that: then it is judged, written and drawn as the others are.
    pub fn at_most(self, value: f64) -> Row {
        self.with("bound", move || value).mark("bound", 1.0)
    }

    /// What a reader has to know about this row, this time.
    pub fn note(mut self, note: impl Into<String>) -> Row {
        self.notes.push(note.into());
        self
    }

    /// Not more rounds than this: each takes long.
    pub fn rounds(mut self, at_most: usize) -> Row {
        self.at_most = at_most;
        self
    }

    /// Counts do not change from round to round.
    pub fn exact(mut self) -> Row {
        self.exact = true;
        self.at_most = 1;
        self
    }

    /// One round each that does not count (unless the row is exact), then `rounds` that do.
    pub fn run(self, rounds: usize) -> Outcome {
        let rounds = rounds.min(self.at_most);
        let mut samples = vec![Vec::new(); self.contenders.len()];
        for round in usize::from(self.exact)..=rounds {
            for turn in 0..self.contenders.len() {
                let who = (round + turn) % self.contenders.len();
                let value = (self.contenders[who].1)();
                if round > 0 {
                    samples[who].push(value);
                }
            }
        }
        let names = self.contenders.into_iter().map(|(name, _)| name);
        Outcome {
            id: self.id,
            title: self.title,
            unit: self.unit,
            exact: self.exact,
            samples: names.zip(samples).collect(),
            marks: self.marks,
            notes: self.notes,
        }
    }
}

#[test]
fn contenders_take_turns_and_begin_by_turns() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let order = Rc::new(RefCell::new(String::new()));
    let mut row = Row::new("a_row", "a row");
    for (name, letter) in [("hob", 'a'), ("tokio", 'b'), ("limit", 'c')] {
        let order = order.clone();
        row = row.with(name, move || {
            order.borrow_mut().push(letter);
            1.0
        });
    }
    let outcome = row.run(3);
    assert_eq!(order.borrow().as_str(), "abcbcacababc");
    assert_eq!(outcome.samples[2], ("limit".into(), vec![1.0; 3]));
}

#[test]
fn what_is_exact_is_asked_once() {
    use std::cell::Cell;
    use std::rc::Rc;
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    let row = Row::new("a_row", "a row").exact().with("hob", move || {
        count.set(count.get() + 1);
        2.0
    });
    assert_eq!(row.run(15).samples, [("hob".into(), vec![2.0])]);
    assert_eq!(asked.get(), 1);
}
