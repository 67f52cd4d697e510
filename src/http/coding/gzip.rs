//! The coding "gzip" (RFC 1952): a header, deflate data, a checksum and a length; and perhaps
//! the same again, because members that stand one after another are one file (§2.2).
//!
//! ```text
//!                 flags say which of these are there
//!             ┌──────────────────────────────────────────┐
//!   Fixed ────▶ ExtraSize ─▶ Extra ─▶ Name ─▶ Comment ─▶ HeaderCrc ─▶ Data ─▶ Trailer ─▶ Between
//!     ▲                                                                                    │
//!     └──────────────────────────── another member ────────────────────────────────────────┘
//! ```
//!
//! The header is read here, byte by byte, so that each fault has its own words, and so that
//! thousands of tiny members cost one inflater and not thousands.
//!
//! What follows a member must be another one. gzip(1) skips zeros, which tapes need, and
//! browsers skip anything; we fail, as curl does: a download that has more in it than was
//! understood is not known to be right.

use flate2::{Crc, Decompress};

use crate::http::coding::deflate;
use crate::http::coding::{Coder, Ran};
use crate::http::error::Violation;

/// More than any header needs: an extra field ends at 64 KiB, and a name is a file's.
const MAX_HEADER: u32 = 128 * 1024;

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The only method there is.
const DEFLATE: u8 = 8;

// Bits of the flags (§2.3.1). Bit 0 only says that the data is probably text.
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

pub(crate) struct Gzip {
    state: State,
    flags: u8,
    /// The bytes of a field of fixed size, so far as they came, and how many that is.
    field: [u8; 10],
    have: usize,
    inflate: Decompress,
    /// Of the header while that is read, then of what the data means.
    crc: Crc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Magic, method, flags, time, level, system.
    Fixed,
    ExtraSize,
    /// So many bytes of it are still to come.
    Extra(u16),
    Name,
    Comment,
    HeaderCrc,
    Data,
    /// CRC and length.
    Trailer,
    /// After a whole member.
    Between,
}

impl Gzip {
    pub(crate) fn new() -> Gzip {
        Gzip {
            state: State::Fixed,
            flags: 0,
            field: [0; 10],
            have: 0,
            inflate: Decompress::new(false),
            crc: Crc::new(),
        }
    }

    /// Takes one byte of all but the data.
    fn take(&mut self, byte: u8) -> Result<(), Violation> {
        if self.state == State::Between {
            self.begin();
        }
        if self.state != State::Trailer && self.crc.amount() > MAX_HEADER {
            return Err(fault("its gzip header is longer than any"));
        }
        match self.state {
            State::Fixed => {
                self.crc.update(&[byte]);
                if MAGIC.get(self.have).is_some_and(|&magic| byte != magic) {
                    return Err(fault("it has bytes that are not gzip"));
                }
                if self.fill(byte, 10) {
                    self.check_fixed()?;
                    self.state = State::ExtraSize;
                    self.skip_absent();
                }
            }
            State::ExtraSize => {
                self.crc.update(&[byte]);
                if self.fill(byte, 2) {
                    self.state = State::Extra(u16::from_le_bytes([self.field[0], self.field[1]]));
                    self.skip_absent();
                }
            }
            State::Extra(left) => {
                self.crc.update(&[byte]);
                self.state = State::Extra(left - 1);
                self.skip_absent();
            }
            State::Name | State::Comment => {
                self.crc.update(&[byte]);
                if byte == 0 {
                    self.state = after(self.state);
                    self.skip_absent();
                }
            }
            State::HeaderCrc => {
                if self.fill(byte, 2) {
                    self.check_header_crc()?;
                    self.begin_data();
                }
            }
            State::Trailer => {
                if self.fill(byte, 8) {
                    self.check_trailer()?;
                    self.state = State::Between;
                }
            }
            State::Data | State::Between => unreachable!("neither is read byte by byte"),
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.state = State::Fixed;
        self.crc.reset();
        self.inflate.reset(false);
    }

    fn begin_data(&mut self) {
        self.state = State::Data;
        self.crc.reset();
    }

    /// Adds a byte to the field; true once it has `size`.
    fn fill(&mut self, byte: u8, size: usize) -> bool {
        self.field[self.have] = byte;
        self.have = (self.have + 1) % size;
        self.have == 0
    }

    /// Goes on to the next part of the header that this member has.
    fn skip_absent(&mut self) {
        loop {
            let is_there = match self.state {
                State::ExtraSize => self.flags & EXTRA != 0,
                State::Extra(left) => left > 0,
                State::Name => self.flags & NAME != 0,
                State::Comment => self.flags & COMMENT != 0,
                State::HeaderCrc => self.flags & HEADER_CRC != 0,
                _ => true,
            };
            if is_there {
                return;
            }
            self.state = after(self.state);
            if self.state == State::Data {
                self.begin_data();
            }
        }
    }

    fn check_fixed(&mut self) -> Result<(), Violation> {
        self.flags = self.field[3];
        if self.field[2] == DEFLATE && self.flags & RESERVED == 0 {
            return Ok(());
        }
        Err(fault("its gzip header is of an unknown kind"))
    }

    fn check_header_crc(&self) -> Result<(), Violation> {
        if u16::from_le_bytes([self.field[0], self.field[1]]) == self.crc.sum() as u16 {
            return Ok(());
        }
        Err(fault("the checksum of its gzip header is wrong"))
    }

    fn check_trailer(&self) -> Result<(), Violation> {
        let [a, b, c, d, e, f, g, h, ..] = self.field;
        if u32::from_le_bytes([a, b, c, d]) != self.crc.sum() {
            return Err(fault("the checksum of its gzip data is wrong"));
        }
        if u32::from_le_bytes([e, f, g, h]) != self.crc.amount() {
            return Err(fault("the length of its gzip data is wrong"));
        }
        Ok(())
    }
}

impl Coder for Gzip {
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Ran, Violation> {
        let mut taken = 0;
        while self.state != State::Data {
            let Some(&byte) = input.get(taken) else {
                return Ok(Ran { taken, made: 0 });
            };
            self.take(byte)?;
            taken += 1;
        }
        let (is_over, ran) = deflate::step(&mut self.inflate, &input[taken..], output)?;
        self.crc.update(&output[..ran.made]);
        if is_over {
            self.state = State::Trailer;
        }
        taken += ran.taken;
        Ok(Ran { taken, ..ran })
    }

    fn is_whole(&self) -> bool {
        self.state == State::Between
    }
}

/// The parts of a header in their order.
fn after(state: State) -> State {
    match state {
        State::Fixed => State::ExtraSize,
        State::ExtraSize | State::Extra(_) => State::Name,
        State::Name => State::Comment,
        State::Comment => State::HeaderCrc,
        State::HeaderCrc => State::Data,
        State::Data => State::Trailer,
        State::Trailer | State::Between => State::Between,
    }
}

fn fault(what: &'static str) -> Violation {
    let rule = "RFC 1952 §2.3";
    Violation { what, rule }
}
