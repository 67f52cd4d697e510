//! Undoes `Content-Encoding`: coded bytes in, the bytes that were meant out.
//!
//! A coding is undone by a [`Coder`], a small machine that is pushed: it is handed what has
//! arrived and some room, takes as much of the one and fills as much of the other as it can,
//! and remembers the rest. It never asks for bytes and never waits, so it does not care how
//! they were split. One file for each coder; this file reads the field, joins coders into a
//! row where several codings were applied, and watches over them.
//!
//! ```text
//!   Content-Encoding: br, gzip         (in the order in which they were applied)
//!
//!   bytes of the body ─▶ gzip ─▶ 32 KiB ─▶ br ─▶ 32 KiB ─▶ lent to the caller
//! ```
//!
//! Law: a few bytes of a coded stream can mean gigabytes, and a stream that was cut off looks
//! like a short one. Consequences:
//!
//! - D1: the memory is bounded whatever is sent: 32 KiB for each coder, and its window (gzip,
//!   deflate: 32 KiB; br: up to 16 MiB, RFC 7932 §9.1; zstd: up to 8 MiB, RFC 9659 §3). A
//!   coder runs again only when what it made is used up.
//! - D2: what each coder makes is counted, and more than the limit is an error.
//! - D3: the end of the message is good only where every coder says that its own stream is at
//!   an end. Nothing may follow that end but, where the format allows it, another stream.
//!   No bytes at all are no stream: servers label empty bodies, too.
//!
//! An unknown coding, or too many of them, is an error only once there is a byte to be undone:
//! head, status and an empty body are fine without.

use std::ops::Range;

use ::http::header::{self, HeaderMap, HeaderValue};

use crate::http::error::{ErrorKind, Violation};

mod deflate;
mod gzip;

#[cfg(feature = "brotli")]
mod brotli;
#[cfg(feature = "zstd")]
mod xxh64;
#[cfg(feature = "zstd")]
mod zstd;

/// Room for what one coder makes (D1). More makes large bodies no faster.
const ROOM: usize = 32 * 1024;

/// The most codings in a row. Two are a mistake, five are what curl and undici allow; each one
/// more lets a bomb be a thousand times as large.
const MAX_CODINGS: usize = 5;

/// Undoes one coding. See the module's doc.
pub(crate) trait Coder {
    /// Takes from `input`, which goes on where the last one was left, and fills `output` from
    /// its front. To be called again while it makes or takes anything, also with no input: it
    /// may hold back more than there was room for.
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Ran, Violation>;

    /// Is its stream at an end, by its own marks (D3)?
    fn is_whole(&self) -> bool;
}

/// What a [`Coder`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ran {
    /// Bytes of the input that need not be shown again.
    pub(crate) taken: usize,
    /// Bytes of the output.
    pub(crate) made: usize,
}

/// What hob asks for: all that this build can undo (RFC 9110 §12.5.3).
pub(crate) fn accepted() -> HeaderValue {
    HeaderValue::from_static(match (cfg!(feature = "brotli"), cfg!(feature = "zstd")) {
        (false, false) => "gzip, deflate",
        (true, false) => "gzip, deflate, br",
        (false, true) => "gzip, deflate, zstd",
        (true, true) => "gzip, deflate, br, zstd",
    })
}

/// Undoes all the codings of one body.
pub(crate) struct Decoder {
    /// In the order in which the bytes go through them: the last coding applied comes first.
    stages: Vec<Stage>,
    /// Why it cannot be done; said once there is something to do.
    refused: Option<Violation>,
    /// The most bytes that any stage may make (D2).
    limit: u64,
}

struct Stage {
    coder: Box<dyn Coder>,
    room: Box<[u8]>,
    /// What is in `room` and was not used yet.
    ready: Range<usize>,
    /// Has a single byte come in?
    is_begun: bool,
    /// Bytes made so far.
    made: u64,
}

impl Decoder {
    /// For a body under `headers`; `None` if no coding was applied to it.
    pub(crate) fn new(headers: &HeaderMap, limit: u64) -> Option<Decoder> {
        let mut stages = Vec::new();
        let mut refused = None;
        for name in codings(headers) {
            if stages.len() == MAX_CODINGS {
                // Not one coder more is made: a head has room for tens of thousands of names.
                refused = Some(violation("more than 5 codings lie on it"));
                break;
            }
            match coder(name) {
                Some(coder) => stages.push(Stage::new(coder)),
                None => refused = Some(violation("nothing here undoes its Content-Encoding")),
            }
        }
        stages.reverse();
        let is_coded = !stages.is_empty() || refused.is_some();
        is_coded.then_some(Decoder {
            stages,
            refused,
            limit,
        })
    }

    /// Undoes some of `input`, and says how much of it. What came of it is [`Decoder::lent`],
    /// which must be used up before. With nothing taken and nothing lent it needs more input.
    pub(crate) fn run(&mut self, input: &[u8]) -> Result<usize, ErrorKind> {
        debug_assert!(self.lent().is_empty(), "D1");
        if let Some(refused) = self.refused {
            return match input {
                [] => Ok(0),
                _ => Err(ErrorKind::Coding(refused)),
            };
        }
        let mut taken = 0;
        loop {
            let mut is_moving = false;
            for at in 0..self.stages.len() {
                let (before, rest) = self.stages.split_at_mut(at);
                let stage = &mut rest[0];
                if !stage.ready.is_empty() {
                    continue; // D1
                }
                let ran = match before.last_mut() {
                    None => stage.run(&input[taken..], self.limit)?,
                    Some(source) => stage.run_after(source, self.limit)?,
                };
                taken += if at == 0 { ran.taken } else { 0 };
                is_moving |= ran != Ran::default();
            }
            if !is_moving || !self.lent().is_empty() {
                return Ok(taken);
            }
        }
    }

    /// No more input. Is everything whole (D3)?
    pub(crate) fn finish(&self) -> Result<(), ErrorKind> {
        if self.stages.iter().all(Stage::is_whole) {
            return Ok(());
        }
        let what = "its coded bytes end in the middle";
        Err(ErrorKind::Coding(violation(what)))
    }

    /// What the last run made and nobody has consumed.
    pub(crate) fn lent(&self) -> &[u8] {
        self.stages.last().map_or(&[], Stage::lent)
    }

    /// So many bytes of what is lent are done with.
    pub(crate) fn give_back(&mut self, count: usize) {
        if let Some(last) = self.stages.last_mut() {
            last.consume(count);
        }
    }

    /// All that is lent is done with.
    pub(crate) fn take_back(&mut self) {
        self.give_back(usize::MAX);
    }
}

impl Stage {
    fn new(coder: Box<dyn Coder>) -> Stage {
        Stage {
            coder,
            room: vec![0; ROOM].into_boxed_slice(),
            ready: 0..0,
            is_begun: false,
            made: 0,
        }
    }

    fn run(&mut self, input: &[u8], limit: u64) -> Result<Ran, ErrorKind> {
        let ran = self.coder.run(input, &mut self.room);
        let ran = ran.map_err(ErrorKind::Coding)?;
        if !input.is_empty() && ran == Ran::default() {
            // No coder should, but one that did would make us wait for ever.
            return Err(ErrorKind::Coding(violation("its coded bytes lead nowhere")));
        }
        self.is_begun |= ran.taken > 0;
        self.made += ran.made as u64;
        if self.made > limit {
            let what = "bytes of a body after undoing its codings"; // D2
            return Err(ErrorKind::TooLarge { what, limit });
        }
        self.ready = 0..ran.made;
        Ok(ran)
    }

    /// Takes what the stage before has ready.
    fn run_after(&mut self, source: &mut Stage, limit: u64) -> Result<Ran, ErrorKind> {
        let ran = self.run(source.lent(), limit)?;
        source.consume(ran.taken);
        Ok(ran)
    }

    fn is_whole(&self) -> bool {
        self.ready.is_empty() && (!self.is_begun || self.coder.is_whole())
    }

    fn lent(&self) -> &[u8] {
        &self.room[self.ready.clone()]
    }

    fn consume(&mut self, count: usize) {
        self.ready.start += count.min(self.ready.len());
    }
}

/// The codings in the order in which they were applied. `identity` is none.
fn codings(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let fields = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let names = fields
        .map(HeaderValue::as_bytes)
        .flat_map(|field| field.split(|&b| b == b','));
    let names = names.map(<[u8]>::trim_ascii);
    names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
}

/// A coder for what RFC 9110 §8.4.1 and the IANA registry call `name`.
fn coder(name: &[u8]) -> Option<Box<dyn Coder>> {
    match name.to_ascii_lowercase().as_slice() {
        b"gzip" | b"x-gzip" => Some(Box::new(gzip::Gzip::new())),
        b"deflate" => Some(Box::new(deflate::Deflate::new())),
        #[cfg(feature = "brotli")]
        b"br" => Some(Box::new(brotli::Brotli::new())),
        #[cfg(feature = "zstd")]
        b"zstd" => Some(Box::new(zstd::Zstd::new())),
        _ => None,
    }
}

/// Of the field itself; the coders name the rules of their formats.
fn violation(what: &'static str) -> Violation {
    let rule = "RFC 9110 §8.4";
    Violation { what, rule }
}

#[cfg(test)]
mod tests;
