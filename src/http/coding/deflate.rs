//! The coding "deflate": a zlib stream (RFC 1950), and what servers send in its place.
//!
//! Law: RFC 9110 §8.4.1.2 means deflate data (RFC 1951) in a zlib wrapper. It also notes that
//! some send the data bare, and all browsers read both. Consequence: the first two bytes
//! decide. A zlib header names the method 8 in its low four bits, a window that exists above
//! them, and is divisible by 31. Bare data that looks like that would begin with a stored
//! block and a set bit in the padding behind its header, which no compressor leaves there.
//!
//! Price: a bare stream carries no checksum, so only its own end mark says that it is whole.

use flate2::{Decompress, FlushDecompress, Status};

use crate::http::coding::{Coder, Ran};
use crate::http::error::Violation;

const RULE: &str = "RFC 1950 §2.2";

pub(crate) struct Deflate {
    state: State,
}

enum State {
    /// Up to the second byte. The first one is kept here.
    Sniff(Option<u8>),
    Data(Decompress),
    Ended,
}

impl Deflate {
    pub(crate) fn new() -> Deflate {
        let state = State::Sniff(None);
        Deflate { state }
    }
}

impl Coder for Deflate {
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Ran, Violation> {
        let (is_over, ran) = match (&mut self.state, input) {
            (State::Data(inflate), _) => step(inflate, input, output)?,
            (_, []) => return Ok(Ran::default()),
            (State::Sniff(None), [first, ..]) => {
                self.state = State::Sniff(Some(*first));
                return Ok(Ran { taken: 1, made: 0 });
            }
            (State::Sniff(Some(first)), [second, ..]) => {
                let start = [*first, *second];
                let mut inflate = Decompress::new(is_zlib(start));
                // No two bytes make more than there is room for, so both are taken.
                let (is_over, ran) = step(&mut inflate, &start, output)?;
                self.state = State::Data(inflate);
                (is_over, Ran { taken: 1, ..ran })
            }
            (State::Ended, _) => return Err(follows()),
        };
        if is_over {
            self.state = State::Ended;
        }
        Ok(ran)
    }

    fn is_whole(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

/// RFC 1950 §2.2: the method, the size of the window, and the check.
fn is_zlib([cmf, flags]: [u8; 2]) -> bool {
    let check = u16::from_be_bytes([cmf, flags]) % 31;
    cmf & 0x0f == 8 && cmf >> 4 <= 7 && check == 0
}

/// One step of inflating, and whether it was the last.
pub(crate) fn step(
    inflate: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
) -> Result<(bool, Ran), Violation> {
    let before = (inflate.total_in(), inflate.total_out());
    let status = inflate.decompress(input, output, FlushDecompress::None);
    let status = status.map_err(|_| Violation {
        what: "its deflate data is damaged",
        rule: "RFC 1951",
    })?;
    let ran = Ran {
        taken: (inflate.total_in() - before.0) as usize,
        made: (inflate.total_out() - before.1) as usize,
    };
    Ok((status == Status::StreamEnd, ran))
}

/// curl fails here, too; browsers look away.
fn follows() -> Violation {
    let what = "bytes follow the end of its deflate data";
    Violation { what, rule: RULE }
}
