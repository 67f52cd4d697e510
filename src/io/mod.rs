//! Reading and writing without blocking: the traits, their everyday methods, and tools.
//!
//! The traits are not ours. [`AsyncRead`], [`AsyncWrite`], [`AsyncBufRead`] and [`AsyncSeek`]
//! are those of `futures-io`, which any library that is not tied to one runtime speaks too.
//! The methods on top ([`AsyncReadExt`] and its sisters), the buffers and the small readers
//! and writers are those of `futures-lite`: well kept, and nothing in them needs to know which
//! loop they run on. `use hob::io::prelude::*` brings the traits into scope.
//!
//! | you want | take |
//! |---|---|
//! | all bytes from here to there | [`copy()`] |
//! | both ways at once, as a proxy does | [`copy_bidirectional`] |
//! | few large reads or writes instead of many small ones | [`BufReader`], [`BufWriter`] |
//! | lines | [`BufReader`] and [`AsyncBufReadExt::lines`] |
//! | one task that reads and one that writes the same stream | [`split()`] |
//! | a stream out of a reader and a writer | [`join`] |
//! | the terminal, or what it was redirected to | [`stdin()`], [`stdout()`], [`stderr()`] |
//! | a stream that needs no network, for a test | [`duplex()`] |
//!
//! Left out on purpose: `futures-lite`'s own `copy` (it spends no budget, so an endless
//! source would keep the loop to itself) and its `split` (it locks a mutex for each read;
//! here there is one thread).
//!
//! ```
//! # hob::block_on(async {
//! use hob::io::{BufReader, prelude::*};
//! use futures_lite::StreamExt;
//!
//! let (mut near, far) = hob::io::duplex(64);
//! near.write_all(b"one\ntwo\n").await?;
//! near.close().await?;
//! let lines: Vec<String> = BufReader::new(far).lines().try_collect().await?;
//! assert_eq!(lines, ["one", "two"]);
//! # Ok::<(), std::io::Error>(())
//! # }).unwrap();
//! ```

mod copy;
mod duplex;
mod split;
mod outlet;
mod stdin;
mod stdout;

#[doc(no_inline)]
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, IoSlice, IoSliceMut};
pub use futures_lite::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter, Bytes, Chain,
    Cursor, Empty, Lines, Repeat, Sink, Split, Take, empty, repeat, sink,
};
#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};

pub use copy::{Exchange, Transfer, copy, copy_bidirectional};
pub use duplex::{DuplexStream, duplex};
pub use split::{Join, ReadHalf, WriteHalf, join, split};
pub use stdin::{Stdin, stdin};
pub use stdout::{Stderr, Stdout, stderr, stdout};

/// The traits, for `use hob::io::prelude::*`.
pub mod prelude {
    #[doc(no_inline)]
    pub use super::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
    #[doc(no_inline)]
    pub use super::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
}
