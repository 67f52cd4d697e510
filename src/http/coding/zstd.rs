//! The coding "zstd" (RFC 8878), with a window of at most 8 MiB (RFC 9659 §3).
//!
//! `ruzstd` decodes a block that it is shown whole; a block has at most 128 KiB. So this file
//! walks from block to block, holds the pieces of one until it is whole, and checks what is
//! around them: window, dictionary, length and checksum.
//!
//! ```text
//!          ┌────────────────────────────────────────────────────────────────────┐
//!          ▼                                    ┌── not the last ──┐            │
//!        Magic ─▶ Descriptor ─▶ Header ─▶ BlockHeader ────▶ Block ─┴─▶ Rest ────┘
//!          │ ▲                                                  (checksum in Block)
//!          ▼ │
//!     SkipSize ─▶ Skip
//! ```
//!
//! Price: what is decoded is handed out once it is older than the window, or its frame is
//! over. A server that streams slowly with a large window is heard late.
//!
//! This file is long because its tests write down frames that no program would.

use std::io::Read;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::http::coding::xxh64::Xxh64;
use crate::http::coding::{Coder, Ran};
use crate::http::error::Violation;

/// RFC 9659 §3. A frame that wants more is not for the web.
const MAX_WINDOW: u64 = 8 * 1024 * 1024;

const MAX_BLOCK: usize = 128 * 1024;

const MAGIC: u32 = 0xfd2f_b528;

/// Frames that bear no content (RFC 8878 §3.1.2).
const SKIPPABLE: std::ops::RangeInclusive<u32> = 0x184d_2a50..=0x184d_2a5f;

pub(crate) struct Zstd {
    state: State,
    /// The bytes of the state that is being collected.
    held: Vec<u8>,
    frame: FrameDecoder,
    /// What the frame's header says.
    header: Header,
    /// Of what the frame has made so far.
    hash: Xxh64,
    made: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Where a frame may begin. With nothing held: between two, or at the end.
    Magic,
    SkipSize,
    /// So many bytes of a skippable frame are still to come.
    Skip(u32),
    Descriptor,
    Header,
    BlockHeader,
    /// A block of so many bytes, its header and perhaps the frame's checksum included.
    Block {
        size: usize,
        is_last: bool,
    },
    /// All blocks are decoded; what they made is on its way out.
    Rest,
}

/// What is in a frame's header, as far as this file minds it.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    has_checksum: bool,
    content: Option<u64>,
}

impl Zstd {
    pub(crate) fn new() -> Zstd {
        Zstd {
            state: State::Magic,
            held: Vec::new(),
            frame: FrameDecoder::new(),
            header: Header::default(),
            hash: Xxh64::new(),
            made: 0,
        }
    }

    /// How many bytes must be held before the state can be left.
    fn need(&self) -> usize {
        match self.state {
            State::Magic => 4,
            State::Descriptor => 5,
            State::SkipSize => 8,
            State::Header => header_size(self.held[4]),
            State::BlockHeader => 3,
            State::Block { size, .. } => size,
            State::Skip(_) | State::Rest => 0,
        }
    }

    /// Leaves a state for which all bytes are held.
    fn advance(&mut self) -> Result<(), Violation> {
        self.state = match self.state {
            State::Magic => match number(&self.held) as u32 {
                MAGIC => State::Descriptor,
                magic if SKIPPABLE.contains(&magic) => State::SkipSize,
                _ => return Err(fault("it has bytes that are not zstd")),
            },
            State::SkipSize => {
                let size = number(&self.held[4..]) as u32;
                self.held.clear();
                State::Skip(size)
            }
            State::Descriptor => State::Header,
            State::Header => {
                self.begin_frame()?;
                self.held.clear();
                State::BlockHeader
            }
            State::BlockHeader => self.block()?,
            State::Block { is_last, .. } => {
                let mut block = &self.held[..];
                let decoded = self
                    .frame
                    .decode_blocks(&mut block, BlockDecodingStrategy::UptoBlocks(1));
                decoded.map_err(|_| fault("its zstd data is damaged"))?;
                self.held.clear();
                if is_last {
                    State::Rest
                } else {
                    State::BlockHeader
                }
            }
            State::Rest => {
                self.check_end()?;
                State::Magic
            }
            State::Skip(_) => State::Magic,
        };
        Ok(())
    }

    /// Reads the header, which is held whole (RFC 8878 §3.1.1.1).
    fn begin_frame(&mut self) -> Result<(), Violation> {
        let descriptor = self.held[4];
        if descriptor & 0b1000 != 0 {
            return Err(fault("its zstd frame is of an unknown kind"));
        }
        let size = content_size(&self.held, descriptor);
        let window = match is_single(descriptor) {
            true => size.unwrap_or(0),
            false => window_size(self.held[5]),
        };
        if window > MAX_WINDOW {
            let (what, rule) = ("its zstd window is larger than 8 MiB", "RFC 9659 §3");
            return Err(Violation { what, rule });
        }
        let begun = self.frame.init(&mut &self.held[..]);
        begun.map_err(|_| fault("its zstd frame needs a dictionary"))?;
        self.header = Header {
            has_checksum: descriptor & 0b100 != 0,
            content: size,
        };
        (self.hash, self.made) = (Xxh64::new(), 0);
        Ok(())
    }

    /// Reads a block's header, which is held and stays so: the decoder wants it, too.
    fn block(&self) -> Result<State, Violation> {
        let header = number(&self.held) as usize;
        let (is_last, kind, size) = (header & 1 == 1, header >> 1 & 3, header >> 3);
        if size > MAX_BLOCK || kind == 3 {
            return Err(fault("its zstd data has a block of an unknown kind"));
        }
        // Kind 1 is one byte, so many times.
        let size = if kind == 1 { 1 } else { size };
        let checksum = if is_last && self.header.has_checksum {
            4
        } else {
            0
        };
        let size = 3 + size + checksum;
        Ok(State::Block { size, is_last })
    }

    fn check_end(&self) -> Result<(), Violation> {
        if self
            .header
            .content
            .is_some_and(|content| content != self.made)
        {
            return Err(fault("the length of its zstd data is wrong"));
        }
        let announced = self.frame.get_checksum_from_data();
        if announced.is_some_and(|sum| sum != self.hash.sum() as u32) {
            return Err(fault("the checksum of its zstd data is wrong"));
        }
        Ok(())
    }

    /// Hands out what the decoder has made.
    fn hand_out(&mut self, output: &mut [u8]) -> Result<usize, Violation> {
        let made = self.frame.read(output);
        let made = made.map_err(|_| fault("its zstd data is damaged"))?;
        self.hash.update(&output[..made]);
        self.made += made as u64;
        Ok(made)
    }

    /// Takes what is needed, or what there is of it, and says how much.
    fn collect(&mut self, input: &[u8]) -> usize {
        if let State::Skip(left) = &mut self.state {
            let count = input.len().min(*left as usize);
            *left -= count as u32;
            return count;
        }
        let count = input.len().min(self.need() - self.held.len());
        self.held.extend_from_slice(&input[..count]);
        count
    }

    fn has_all(&self) -> bool {
        match self.state {
            State::Skip(left) => left == 0,
            _ => self.held.len() >= self.need(),
        }
    }
}

impl Coder for Zstd {
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Ran, Violation> {
        let mut taken = 0;
        loop {
            if self.frame.can_collect() > 0 {
                let made = self.hand_out(output)?;
                return Ok(Ran { taken, made });
            }
            taken += self.collect(&input[taken..]);
            if !self.has_all() {
                return Ok(Ran { taken, made: 0 });
            }
            self.advance()?;
        }
    }

    fn is_whole(&self) -> bool {
        self.state == State::Magic && self.held.is_empty()
    }
}

/// Magic, descriptor, window, dictionary, content size, as the descriptor says.
fn header_size(descriptor: u8) -> usize {
    let window = usize::from(!is_single(descriptor));
    5 + window + dictionary_size(descriptor) + content_field(descriptor)
}

fn is_single(descriptor: u8) -> bool {
    descriptor & 0b10_0000 != 0
}

fn dictionary_size(descriptor: u8) -> usize {
    [0, 1, 2, 4][usize::from(descriptor & 3)]
}

fn content_field(descriptor: u8) -> usize {
    match descriptor >> 6 {
        0 => usize::from(is_single(descriptor)),
        bits => 1 << bits,
    }
}

/// How much the frame will make, if its header says so.
fn content_size(header: &[u8], descriptor: u8) -> Option<u64> {
    let size = content_field(descriptor);
    let value = number(&header[header.len() - size..]);
    match size {
        0 => None,
        2 => Some(value + 256),
        _ => Some(value),
    }
}

/// RFC 8878 §3.1.1.1.2.
fn window_size(byte: u8) -> u64 {
    let base = 1_u64 << (10 + (byte >> 3));
    base + base / 8 * u64::from(byte & 7)
}

/// Little-endian, of up to eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

fn fault(what: &'static str) -> Violation {
    let rule = "RFC 8878 §3";
    Violation { what, rule }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::http::coding::tests::decode;

    /// A frame of one stored block, with a window of 1 KiB, without length and checksum.
    pub(in crate::http::coding) fn stored(bytes: &[u8]) -> Vec<u8> {
        frame(&[0, 0], bytes)
    }

    /// A frame with this in its header, and one stored block.
    fn frame(header: &[u8], bytes: &[u8]) -> Vec<u8> {
        let block = (bytes.len() as u32) << 3 | 1;
        let magic = MAGIC.to_le_bytes();
        [&magic, header, &block.to_le_bytes()[..3], bytes].concat()
    }

    fn error_of(bytes: &[u8]) -> String {
        let error = decode("zstd", [bytes]).expect_err("it must not pass");
        error.to_string()
    }

    #[test]
    fn frames_stand_one_after_another_and_some_bear_nothing() {
        let skipped = [&0x184d_2a5a_u32.to_le_bytes()[..], &[3, 0, 0, 0], b"xyz"].concat();
        let empty = [&0x184d_2a50_u32.to_le_bytes()[..], &[0; 4]].concat();
        let all = [
            &skipped,
            &stored(b"hel"),
            &empty,
            &stored(b""),
            &stored(b"lo"),
            &skipped,
        ];
        let all: Vec<u8> = all.into_iter().flatten().copied().collect();
        for size in 1..all.len() {
            let out = decode("zstd", all.chunks(size)).expect("all is well");
            assert_eq!(out, b"hello", "{size}");
        }
    }

    /// RFC 9659 §3. Broken by: leaving out either kind of window in `begin_frame`.
    #[test]
    fn a_window_of_more_than_8_mib_is_refused_however_it_is_asked_for() {
        assert_eq!(window_size(0x68), MAX_WINDOW);
        assert!(decode("zstd", [&frame(&[0, 0x68], b"hello")[..]]).is_ok());
        for large in [0x69, 0x70, 0xff] {
            assert!(error_of(&frame(&[0, large], b"hello")).contains("8 MiB"));
        }
        let single = [0b1010_0000, 1, 0, 0x80, 0];
        assert!(error_of(&frame(&single, b"hello")).contains("8 MiB"));
    }

    /// Broken by: leaving out either half of `check_end`.
    #[test]
    fn length_and_checksum_of_a_frame_are_checked() {
        assert!(decode("zstd", [&frame(&[0b10_0000, 5], b"hello")[..]]).is_ok());
        assert!(error_of(&frame(&[0b10_0000, 6], b"hello")).contains("length"));
        let mut hash = Xxh64::new();
        hash.update(b"hello");
        let sum = (hash.sum() as u32).to_le_bytes();
        let mut bytes = [frame(&[0b100, 0], b"hello"), sum.to_vec()].concat();
        assert!(decode("zstd", [&bytes[..]]).is_ok());
        *bytes.last_mut().expect("some") ^= 1;
        assert!(error_of(&bytes).contains("checksum"));
    }

    #[test]
    fn what_no_frame_may_have_is_refused() {
        assert!(error_of(b"hello").contains("not zstd"));
        assert!(error_of(&frame(&[0b1000, 0], b"hello")).contains("unknown kind"));
        assert!(error_of(&frame(&[0b10_0001, 7, 5], b"hello")).contains("dictionary"));
        let mut kind = stored(b"");
        kind[6] |= 0b110;
        assert!(error_of(&kind).contains("unknown kind"));
    }
}
