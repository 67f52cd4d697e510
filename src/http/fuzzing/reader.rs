//! The protocol files joined as `conn` joins them, without a socket: [`Reader`]. The promises of
//! `response` are about it, and so are the raw responses of `vectors.rs`.

use ::http::Method;

use crate::http::body::{Body, Framing, Step, framing, is_suspect};
use crate::http::coding::Decoder;
use crate::http::error::ErrorKind;
use crate::http::head::{Found, Head, HeadReader};

/// The limit of heads and trailers here.
pub(super) const MAX_HEAD: usize = 128 * 1024;

/// What a response came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
    /// May the connection be used again?
    pub(crate) reuse: bool,
}

/// A connection without a socket: pieces in, outcome out. It asks the protocol files in the
/// way `conn.rs` and `unpack.rs` do.
pub(crate) struct Reader {
    method: Method,
    buffer: Vec<u8>,
    head: HeadReader,
    at: Option<(Head, Body)>,
    decoder: Option<Decoder>,
    /// The most bytes that the decoder may make.
    limit: u64,
    /// Was an interim head so odd that the connection is not to be trusted?
    is_suspect: bool,
    content: Vec<u8>,
    ended: bool,
}

impl Reader {
    pub(crate) fn new(method: Method, limit: u64) -> Reader {
        Reader {
            method,
            buffer: Vec::new(),
            head: HeadReader::new(MAX_HEAD),
            at: None,
            decoder: None,
            limit,
            is_suspect: false,
            content: Vec::new(),
            ended: false,
        }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), ErrorKind> {
        self.buffer.extend_from_slice(piece);
        // As on a connection, nobody asks while nothing is there.
        while self.at.is_none() && !self.buffer.is_empty() {
            match self.head.read(&self.buffer)? {
                Found::Partial => return Ok(()),
                Found::Interim(end, head) => {
                    self.buffer.drain(..end);
                    self.is_suspect |= is_suspect(&head);
                }
                Found::Final(end, head) => {
                    self.buffer.drain(..end);
                    let framing = framing(&self.method, &head)?;
                    self.is_suspect |= is_suspect(&head);
                    self.decoder = Decoder::new(&head.headers, self.limit);
                    self.at = Some((head, Body::new(framing, MAX_HEAD)));
                }
            }
        }
        self.read_body()
    }

    fn read_body(&mut self) -> Result<(), ErrorKind> {
        let Some((_, body)) = self.at.as_mut() else {
            return Ok(());
        };
        while !self.ended {
            match body.decode(&self.buffer)? {
                Step::More(dropped) => {
                    self.buffer.drain(..dropped);
                    return Ok(());
                }
                Step::Data(range) => {
                    let piece = &self.buffer[range.clone()];
                    match &mut self.decoder {
                        None => self.content.extend_from_slice(piece),
                        Some(decoder) => undo(decoder, piece, &mut self.content)?,
                    }
                    self.buffer.drain(..range.end);
                }
                Step::End(dropped) => {
                    self.buffer.drain(..dropped);
                    self.ended = true;
                }
            }
        }
        Ok(())
    }

    /// No more bytes. `closed` tells whether because the peer closed.
    pub(crate) fn finish(mut self, closed: bool) -> Result<Outcome, ErrorKind> {
        let Some((head, mut body)) = self.at else {
            return Err(self.head.eof(&self.buffer));
        };
        if closed {
            body.eof()?;
        } else {
            assert!(body.is_done(), "it would wait for bytes that never come");
        }
        if let Some(decoder) = &self.decoder {
            decoder.finish()?;
        }
        let fields = body.trailers().into_iter().flatten();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Outcome {
            status: head.status.as_u16(),
            trailers: fields
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            reuse: !closed
                && head.keeps_alive()
                && !self.is_suspect
                && self.buffer.is_empty()
                && body.is_done(),
            body: std::mem::take(&mut self.content),
        })
    }

    /// Is it whole without a close?
    pub(super) fn is_done(&self) -> bool {
        self.at.as_ref().is_some_and(|(_, body)| body.is_done())
    }

    /// Does something have to be unpacked?
    pub(super) fn is_coded(&self) -> bool {
        self.decoder.is_some()
    }

    /// How the body's end is found, once that is known.
    pub(super) fn framing(&self) -> Option<Framing> {
        let (head, _) = self.at.as_ref()?;
        framing(&self.method, head).ok()
    }
}

/// Undoes the codings of all of `piece`, as `unpack.rs` does.
fn undo(decoder: &mut Decoder, mut piece: &[u8], content: &mut Vec<u8>) -> Result<(), ErrorKind> {
    loop {
        let taken = decoder.run(piece)?;
        piece = &piece[taken..];
        content.extend_from_slice(decoder.lent());
        if piece.is_empty() && decoder.lent().is_empty() {
            return Ok(());
        }
        decoder.take_back();
    }
}
