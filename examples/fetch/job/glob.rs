//! One pattern, many URLs: `{a,b}`, `[1-100]`, `[001-100:10]`, `[a-z]`, with curl's rules.
//!
//! A [`Glob`] is read once, is small however many URLs it stands for, and counts through them
//! like an odometer: the last wheel turns fastest. It knows nothing of what a URL is, and it
//! fetches nothing; [`template`](super::template) puts its wheels' faces into names.
//!
//! | written          | stands for                                                        |
//! |------------------|-------------------------------------------------------------------|
//! | `{one,two,}`     | each of these; the last one is empty                              |
//! | `[1-100]`        | numbers; `[001-100]`: with as many digits as the first has        |
//! | `[a-z]`, `[A-Z]` | letters of one case                                               |
//! | `[0-100:10]`     | every tenth                                                       |
//! | `\{ \} \[ \]`    | the sign itself, and within braces `\,`, too                      |
//! | `[]`, `[::1]`    | themselves: neither the fields of a form nor an IPv6 address is a range |
//!
//! Braces do not nest. What is none of these is an error, as it is in curl: a typing mistake
//! should not ask a server for a file that has a bracket in its name. `-g` takes all as it is.

use std::ops::RangeInclusive;

/// More URLs than this from one pattern are a slip of the finger.
pub const MOST: u64 = 1_000_000;

/// A pattern that has been read.
#[derive(Debug, Clone, PartialEq)]
pub struct Glob {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Wheel(Wheel),
}

/// What changes from URL to URL.
#[derive(Debug, Clone, PartialEq)]
enum Wheel {
    Words(Vec<String>),
    Letters(Range<u8>),
    /// With at least so many digits.
    Numbers(Range<u64>, usize),
}

#[derive(Debug, Clone, PartialEq)]
struct Range<T> {
    bounds: RangeInclusive<T>,
    step: T,
}

/// What a pattern makes: a URL, and what each of its wheels showed, the first one first.
#[derive(Debug, Clone, PartialEq)]
pub struct Expanded {
    pub text: String,
    pub pieces: Vec<String>,
}

/// What is wrong with a pattern, and where: at which character, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wrong {
    pub at: usize,
    pub what: &'static str,
}

impl Glob {
    /// Reads a pattern.
    pub fn parse(typed: &str) -> Result<Glob, Wrong> {
        let mut reader = Reader {
            all: typed,
            rest: typed,
            parts: Vec::new(),
        };
        reader.read()?;
        let glob = Glob {
            parts: reader.parts,
        };
        match glob.count() {
            Some(0..=MOST) => Ok(glob),
            _ => Err(Wrong {
                at: 1,
                what: "it stands for more than a million URLs",
            }),
        }
    }

    /// `-g`: only what is typed.
    pub fn literal(typed: &str) -> Glob {
        Glob {
            parts: vec![Part::Text(typed.to_owned())],
        }
    }

    /// How many URLs it makes; `None` if that is no number any more.
    fn count(&self) -> Option<u64> {
        let mut counts = self.wheels().map(Wheel::count);
        counts.try_fold(1, u64::checked_mul)
    }

    /// All of them, one after another.
    pub fn urls(&self) -> impl Iterator<Item = Expanded> {
        let count = self.count().expect("parse has counted them");
        (0..count).map(|number| self.url(number))
    }

    fn wheels(&self) -> impl DoubleEndedIterator<Item = &Wheel> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Wheel(wheel) => Some(wheel),
        })
    }

    /// The one with this number: each wheel's count is one more digit of it.
    fn url(&self, mut number: u64) -> Expanded {
        let mut pieces = Vec::new();
        for wheel in self.wheels().rev() {
            let count = wheel.count();
            pieces.push(wheel.face(number % count));
            number /= count;
        }
        pieces.reverse();
        let mut shown = pieces.iter();
        let texts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Wheel(_) => shown.next().map_or("", String::as_str),
        });
        Expanded {
            text: texts.collect(),
            pieces,
        }
    }
}

impl Wheel {
    /// At least 1.
    fn count(&self) -> u64 {
        match self {
            Wheel::Words(words) => words.len() as u64,
            Wheel::Letters(range) => u64::from(range.steps()) + 1,
            // One too few where that would be one too many for a number. Nobody counts so far.
            Wheel::Numbers(range, _) => range.steps().saturating_add(1),
        }
    }

    fn face(&self, number: u64) -> String {
        match self {
            Wheel::Words(words) => words[number as usize].clone(),
            Wheel::Letters(range) => {
                char::from(range.bounds.start() + range.step * number as u8).to_string()
            }
            Wheel::Numbers(range, digits) => {
                format!("{:0digits$}", range.bounds.start() + range.step * number)
            }
        }
    }
}

impl Range<u8> {
    fn steps(&self) -> u8 {
        (self.bounds.end() - self.bounds.start()) / self.step
    }
}

impl Range<u64> {
    fn steps(&self) -> u64 {
        (self.bounds.end() - self.bounds.start()) / self.step
    }
}

struct Reader<'a> {
    all: &'a str,
    /// What is still to be read; an end of `all`.
    rest: &'a str,
    parts: Vec<Part>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), Wrong> {
        let mut text = String::new();
        while let Some(sign) = self.rest.chars().next() {
            let wheel = match sign {
                '{' => self.words()?,
                '[' => match self.no_range() {
                    Some(length) => {
                        text.push_str(&self.rest[..length]);
                        self.rest = &self.rest[length..];
                        continue;
                    }
                    None => self.range()?,
                },
                '}' | ']' => {
                    return Err(self.wrong("a bracket or brace is closed that nobody opened"));
                }
                _ => {
                    text.push(self.one_sign(&['{', '}', '[', ']']));
                    continue;
                }
            };
            self.parts.push(Part::Text(std::mem::take(&mut text)));
            self.parts.push(Part::Wheel(wheel));
        }
        self.parts.push(Part::Text(text));
        Ok(())
    }

    /// Takes one sign, without the backslash that makes one of `special` an ordinary one.
    fn one_sign(&mut self, special: &[char]) -> char {
        let after = self.rest.strip_prefix('\\');
        if let Some(after) = after.filter(|after| after.starts_with(special)) {
            self.rest = after;
        }
        let mut signs = self.rest.chars();
        let sign = signs.next().expect("the caller saw one");
        self.rest = signs.as_str();
        sign
    }

    /// `{a,b}`. Errors point at the sign that is wrong; where one is missing, at the brace.
    fn words(&mut self) -> Result<Wheel, Wrong> {
        let unclosed = self.wrong("a brace is not closed");
        self.rest = &self.rest[1..];
        if self.rest.starts_with('}') {
            return Err(self.wrong("there is nothing within the braces"));
        }
        let mut words = vec![String::new()];
        loop {
            match self.rest.chars().next().ok_or(unclosed)? {
                '}' => break,
                ',' => words.push(String::new()),
                '{' | '[' => return Err(self.wrong("braces hold words, not further patterns")),
                ']' => return Err(self.wrong("a bracket is closed that nobody opened")),
                _ => {
                    let sign = self.one_sign(&['{', '}', '[', ']', ',']);
                    words.last_mut().expect("there is one").push(sign);
                    continue;
                }
            }
            self.rest = &self.rest[1..];
        }
        self.rest = &self.rest[1..];
        Ok(Wheel::Words(words))
    }

    /// The length of what stands in brackets here and is no range: nothing, or an address.
    fn no_range(&self) -> Option<usize> {
        let (inside, _) = self.rest[1..].split_once(']')?;
        let address = inside.split('%').next().unwrap_or(inside); // `%25eth0`, a zone
        let is_none = inside.is_empty() || address.parse::<std::net::Ipv6Addr>().is_ok();
        is_none.then_some(inside.len() + 2)
    }

    /// `[1-9]`, `[a-z]`, and perhaps `:` and a step.
    fn range(&mut self) -> Result<Wheel, Wrong> {
        let wrong = self.wrong("no range: write [1-100], [001-100:10] or [a-z], or use -g");
        let (inside, rest) = self.rest[1..].split_once(']').ok_or(wrong)?;
        let (bounds, step) = inside.split_once(':').unwrap_or((inside, "1"));
        let (first, last) = bounds.split_once('-').ok_or(wrong)?;
        let step: u64 = number(step).ok_or(wrong)?;
        let wheel = match (letter(first), letter(last)) {
            (Some(first), Some(last)) => {
                let step = u8::try_from(step).map_err(|_| wrong)?;
                let (bounds, one_case) = (first..=last, is_small(first) == is_small(last));
                let is_range = one_case && !bounds.is_empty() && reaches(last - first, step);
                is_range.then_some(Wheel::Letters(Range { bounds, step }))
            }
            _ => {
                let bounds = number(first).ok_or(wrong)?..=number(last).ok_or(wrong)?;
                let is_range = !bounds.is_empty() && reaches(bounds.end() - bounds.start(), step);
                let digits = if first.starts_with('0') {
                    first.len()
                } else {
                    1
                };
                is_range.then_some(Wheel::Numbers(Range { bounds, step }, digits))
            }
        };
        self.rest = rest;
        wheel.ok_or(wrong)
    }

    fn wrong(&self, what: &'static str) -> Wrong {
        let before = &self.all[..self.all.len() - self.rest.len()];
        let at = before.chars().count() + 1;
        Wrong { at, what }
    }
}

/// Is the step one, and none beyond the end? `[5-5]` is a single number.
fn reaches<T: From<u8> + PartialOrd>(distance: T, step: T) -> bool {
    step == T::from(1) || (T::from(1)..=distance).contains(&step)
}

fn is_small(letter: u8) -> bool {
    letter.is_ascii_lowercase()
}

/// Digits and nothing else: `parse` would take a `+`, too.
fn number(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

fn letter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(*letter),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
