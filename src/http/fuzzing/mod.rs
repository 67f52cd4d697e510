//! What must be true of every input, whatever its bytes are: the promises of the parsers, put
//! so that a machine can try to break them.
//!
//! Each function here takes any bytes and panics if a promise does not hold for them. Mere
//! absence of panics would be a weak one. The strong ones are these:
//!
//! - F1: bytes mean the same however they are split.
//! - F2: what was read can be written down again, and then reads the same.
//! - F3: nothing is handed out that was not announced, and nothing of what follows the end.
//! - F4: where a second reader of the same format exists, both agree; if they do not, it stands
//!   here why.
//!
//! Who calls them: `fuzz/`, which has a target for each and looks for inputs that take a new
//! path through the code; and the test below, which runs the inputs that were kept
//! (`fuzz/corpus`), and some mutations of each, with every `cargo test`. Nobody else can: the
//! module is there in tests and under cargo-fuzz only.

mod reader;
mod response;
mod coding;
mod files;
mod places;

pub use coding::{codings, undone};
pub use files::{content_range, digests, disposition, file_name, validators};
pub use places::{location, netrc, no_proxy, proxy, request, retry_after, socks, tunnel};
#[cfg(test)]
pub(crate) use reader::{Outcome, Reader};
pub use response::{chunks, head, response};

use std::fmt::Debug;

/// Whole, byte by byte, in threes, and cut in two at a place that depends on the bytes.
fn splits(data: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let (front, back) = data.split_at(place_in(data));
    let chunks = [data.len().max(1), 1, 3].map(|size| data.chunks(size).collect());
    chunks.into_iter().chain([vec![front, back]])
}

/// Some place in `data`, its end included. Any will do, if only it is the same each time.
fn place_in(data: &[u8]) -> usize {
    let mix = |sum: u64, &byte: &u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let sum = data.iter().fold(0xcbf2_9ce4_8422_2325, mix);
    ((sum >> 16) % (data.len() as u64 + 1)) as usize
}

/// F1 for whatever `read` makes of pieces. For `None`, an error, it is the same that counts,
/// and not its words: of two faults in the same bytes, the one seen first depends on the split.
fn same_however_split<T: Debug + PartialEq>(
    data: &[u8],
    read: impl Fn(&[&[u8]]) -> Option<T>,
) -> Option<T> {
    let mut all = splits(data);
    let whole = read(&all.next().expect("there is a way that does not split"));
    for pieces in all {
        let split = read(&pieces);
        let sizes = pieces.iter().take(5).map(|piece| piece.len());
        let sizes: Vec<usize> = sizes.collect();
        assert_eq!(split, whole, "F1, in pieces of {sizes:?}, …");
    }
    whole
}

#[cfg(test)]
mod tests;
