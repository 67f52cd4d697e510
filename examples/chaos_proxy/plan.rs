//! What goes wrong on a connection, and at which byte. Nothing here touches a socket.
//!
//! A [`Plan`] is decided by three things: the seed, the number of the connection, and which
//! faults are asked for. Neither the clock nor chance has a say, so whoever has the seed sees
//! the same again. A [`Script`] carries out one way of a plan: bytes in, [`Step`]s out, and the
//! steps are the same however the bytes were split when they came.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The bytes come late.
    Delay,
    /// Nothing comes any more, not even the end: as behind a cable that was pulled out.
    Lose,
    /// The connection is torn down, in both ways.
    Reset,
    /// This way ends in good order and too early; the other one goes on.
    HalfClose,
    /// Some bytes come one at a time.
    Drip,
    /// Both ways end in good order and too early.
    Truncate,
    /// Some bytes come twice.
    Duplicate,
    /// One bit is another one.
    Flip,
}

impl Fault {
    pub const ALL: [(Fault, &str); 8] = [
        (Fault::Delay, "delay"),
        (Fault::Lose, "lose"),
        (Fault::Reset, "reset"),
        (Fault::HalfClose, "half-close"),
        (Fault::Drip, "drip"),
        (Fault::Truncate, "truncate"),
        (Fault::Duplicate, "duplicate"),
        (Fault::Flip, "flip"),
    ];

    /// All of them.
    pub fn all() -> Vec<Fault> {
        Fault::ALL.iter().map(|(fault, _)| *fault).collect()
    }

    /// A list of names with commas between them.
    pub fn list(names: &str) -> Result<Vec<Fault>, String> {
        names.split(',').map(str::parse).collect()
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Fault, String> {
        let found = Fault::ALL.iter().find(|(_, name)| *name == text);
        let names = || Fault::ALL.map(|(_, name)| name).join(", ");
        let unknown = || format!("there is no fault {text:?}, only {}", names());
        found.map(|(fault, _)| *fault).ok_or_else(unknown)
    }
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// One fault at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Act {
    pub way: Way,
    /// So many bytes go by before it happens.
    pub at: u64,
    pub fault: Fault,
    /// Milliseconds of a delay, bytes that drip or come twice, the number of the bit; else 0.
    pub amount: u32,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Up => "to the server",
            Way::Down => "to the client",
        };
        let (at, n) = (self.at, self.amount);
        match self.fault {
            Fault::Delay => write!(f, "after {at} bytes {way} a delay of {n} ms"),
            Fault::Lose => write!(f, "after {at} bytes {way} the rest is lost"),
            Fault::Reset => write!(f, "after {at} bytes {way} a reset"),
            Fault::HalfClose => write!(f, "after {at} bytes {way} the end of this way"),
            Fault::Drip => write!(f, "after {at} bytes {way} {n} come one by one"),
            Fault::Truncate => write!(f, "after {at} bytes {way} the end of both ways"),
            Fault::Duplicate => write!(f, "after {at} bytes {way} the last {n} again"),
            Fault::Flip => write!(f, "byte {at} {way} has bit {n} flipped"),
        }
    }
}

/// What goes wrong on one connection: nothing, or up to three acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which their bytes come, each way for itself.
    pub acts: Vec<Act>,
}

/// The most bytes that come twice, and so the number that a script remembers.
const MEMORY: usize = 64;

/// How far the head of a message reaches, about, up and down. Half of all acts fall into it: that
/// is where a single byte does most.
const HEADS: [u64; 2] = [150, 400];

impl Plan {
    /// The plan for this connection. Acts lie within the first `reach` bytes of each way.
    pub fn new(seed: u64, connection: u64, faults: &[Fault], reach: u64) -> Plan {
        let mut dice = Dice::new(seed ^ connection.wrapping_mul(0xA076_1D64_78BD_642F));
        // A quarter is left in peace: without faults, it must go well.
        let count = [0, 0, 1, 1, 1, 2, 2, 3][dice.below(8) as usize];
        let count = if faults.is_empty() { 0 } else { count };
        let mut acts: Vec<Act> = (0..count).map(|_| dice.act(faults, reach)).collect();
        acts.sort_by_key(|act| act.at);
        Plan { acts }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acts: Vec<String> = self.acts.iter().map(Act::to_string).collect();
        match acts.is_empty() {
            true => f.write_str("left in peace"),
            false => f.write_str(&acts.join("; ")),
        }
    }
}

/// Numbers that look like chance and are none (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `limit - 1`. The remainder favours small ones, by less than anybody
    /// here could notice.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit.max(1)
    }

    fn act(&mut self, faults: &[Fault], reach: u64) -> Act {
        let fault = faults[self.below(faults.len() as u64) as usize];
        let (way, head) = match self.below(8) {
            0 => (Way::Up, HEADS[0]), // requests are short: most are over before it happens
            _ => (Way::Down, HEADS[1]),
        };
        let within = if self.below(2) == 0 { head } else { reach };
        let at = self.below(within.min(reach));
        let amount = match fault {
            Fault::Delay => 1 + self.below(100) as u32,
            Fault::Drip | Fault::Duplicate => 1 + self.below(MEMORY as u64) as u32,
            Fault::Flip => self.below(8) as u32,
            _ => 0,
        };
        Act {
            way,
            at,
            fault,
            amount,
        }
    }
}

/// What a script wants done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// These bytes go on.
    Send(Vec<u8>),
    Wait(Duration),
    /// Nothing goes on in this way from here, not even the end. The script goes on swallowing.
    GoSilent,
    /// The end of this way is sent; the script swallows what comes after it.
    End,
    /// The end of both ways is sent.
    EndBoth,
    Reset,
}

/// Carries out one way of a plan.
#[derive(Debug)]
pub struct Script {
    acts: VecDeque<Act>,
    /// Bytes that came in so far.
    seen: u64,
    /// The last of what came in, for [`Fault::Duplicate`].
    last: VecDeque<u8>,
    /// Bytes that are still to be sent one at a time.
    drips: u32,
    /// From here on nothing is passed on.
    swallows: bool,
}

impl Script {
    pub fn new(plan: &Plan, way: Way) -> Script {
        let acts = plan.acts.iter().filter(|act| act.way == way);
        Script {
            acts: acts.copied().collect(),
            seen: 0,
            last: VecDeque::new(),
            drips: 0,
            swallows: false,
        }
    }

    /// Takes in what came, and says what is to be done, each step with the act that asked for it.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Vec<(Step, Option<Act>)> {
        let mut steps = Vec::new();
        while let [first, rest @ ..] = bytes {
            let mut byte = *first;
            while !self.swallows && self.acts.front().is_some_and(|act| act.at == self.seen) {
                let act = self.acts.pop_front().expect("it was just looked at");
                let step = self.perform(act, &mut byte);
                steps.push((step, Some(act)));
            }
            self.pass(&[byte], &mut steps);
            // What nobody wants to do anything about goes by as a whole.
            let (quiet, later) = rest.split_at(self.quiet().min(rest.len()));
            self.pass(quiet, &mut steps);
            bytes = later;
        }
        steps
    }

    /// How many bytes may go by before the next act.
    fn quiet(&self) -> usize {
        let next = self.acts.front().map_or(u64::MAX, |act| act.at);
        match self.drips {
            0 => next.saturating_sub(self.seen).min(1 << 20) as usize,
            _ => 0,
        }
    }

    /// Carries out one act before `byte` is passed on, or on it.
    fn perform(&mut self, act: Act, byte: &mut u8) -> Step {
        match act.fault {
            Fault::Delay => return Step::Wait(Duration::from_millis(act.amount.into())),
            Fault::Drip => self.drips = act.amount,
            Fault::Flip => *byte ^= 1 << act.amount,
            Fault::Duplicate => {
                let known = self.last.len().saturating_sub(act.amount as usize);
                return Step::Send(self.last.iter().skip(known).copied().collect());
            }
            Fault::Lose | Fault::Reset | Fault::HalfClose | Fault::Truncate => {
                self.swallows = true;
            }
        }
        match act.fault {
            Fault::Lose => Step::GoSilent,
            Fault::HalfClose => Step::End,
            Fault::Truncate => Step::EndBoth,
            Fault::Reset => Step::Reset,
            _ => Step::Send(Vec::new()),
        }
    }

    /// Lets bytes through: into the piece that is being gathered, or as one of their own.
    fn pass(&mut self, bytes: &[u8], steps: &mut Vec<(Step, Option<Act>)>) {
        self.seen += bytes.len() as u64;
        if self.swallows || bytes.is_empty() {
            return;
        }
        let fresh = &bytes[bytes.len().saturating_sub(MEMORY)..];
        self.last.extend(fresh);
        self.last.drain(..self.last.len().saturating_sub(MEMORY));
        if self.drips > 0 {
            self.drips -= 1;
            steps.push((Step::Wait(Duration::from_millis(1)), None));
            steps.push((Step::Send(bytes.to_vec()), None));
            return;
        }
        match steps.last_mut() {
            Some((Step::Send(piece), None)) => piece.extend_from_slice(bytes),
            _ => steps.push((Step::Send(bytes.to_vec()), None)),
        }
    }
}
