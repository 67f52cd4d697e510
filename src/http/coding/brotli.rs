//! The coding "br" (RFC 7932).
//!
//! The stream names its window, of 16 MiB at most; "large window" brotli, with up to 1 GiB, is
//! no content coding and is refused (D1 in `mod.rs`). There is no checksum in it, only an end.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use crate::http::coding::{Coder, Ran};
use crate::http::error::Violation;

pub(crate) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    is_whole: bool,
}

impl Brotli {
    pub(crate) fn new() -> Brotli {
        let alloc = StandardAlloc::default;
        Brotli {
            state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())),
            is_whole: false,
        }
    }
}

impl Coder for Brotli {
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Ran, Violation> {
        if self.is_whole {
            return match input {
                [] => Ok(Ran::default()),
                _ => Err(fault("bytes follow the end of its brotli data")),
            };
        }
        let (mut left, mut room) = (input.len(), output.len());
        let mut ran = Ran::default();
        let result = BrotliDecompressStream(
            &mut left,
            &mut ran.taken,
            input,
            &mut room,
            &mut ran.made,
            output,
            &mut 0,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => Err(fault("its brotli data is damaged")),
            BrotliResult::ResultSuccess => {
                self.is_whole = true;
                Ok(ran)
            }
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(ran),
        }
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }
}

fn fault(what: &'static str) -> Violation {
    let rule = "RFC 7932";
    Violation { what, rule }
}
