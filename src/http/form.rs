//! A form with files in it, on its way out: `multipart/form-data` (RFC 7578).
//!
//! ```text
//!   --boundary                                          \  the head of a part
//!   Content-Disposition: form-data; name="report"; …    |
//!   Content-Type: application/pdf                       /
//!
//!   the bytes, as they are
//!   --boundary--                                           behind the last one
//! ```
//!
//! Law: nothing in it says how long a part is. A part ends where the boundary stands, and a
//! name where its quote does. So whoever writes a name or a content could write further parts
//! (a form injection). Consequences:
//!
//! - F1: the boundary is drawn anew for each form, from 128 bits that nobody can guess. What
//!   is in the parts is not searched for it: a stream cannot be.
//! - F2: in names, `"` and line ends are written as percent signs and digits, as browsers do
//!   (the HTML standard, "multipart/form-data encoding algorithm").
//!
//! Here a form becomes a reader, or bytes; `upload` sends what it gives.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use ::http::HeaderValue;
use futures_io::AsyncRead;

use crate::fs;
use crate::http::retry::random;
use crate::http::upload::{Make, Maker, Reader, Upload};

/// A form to be sent as `multipart/form-data`: fields, and files that are read while they are
/// sent (RFC 7578).
///
/// The parts go out in the order in which they were added, and several may have one name. The
/// request has a length if each part has one, and can be made again (for a redirect or a retry)
/// if each part can. For a form of short fields only,
/// [`RequestBuilder::form`](super::RequestBuilder::form) is shorter on the wire.
///
/// ```
/// # hob::block_on(async {
/// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("http://{}/", listener.local_addr()?);
/// # hob::spawn(async move {
/// #     let (stream, _) = listener.accept().await?;
/// #     let mut text = Vec::new();
/// #     while !text.ends_with(b"--\r\n") {
/// #         let mut piece = [0; 1024];
/// #         let count = stream.read(&mut piece).await?;
/// #         text.extend_from_slice(&piece[..count]);
/// #     }
/// #     let text = String::from_utf8_lossy(&text);
/// #     assert!(text.contains("name=\"manifest\"; filename=\"Cargo.toml\""));
/// #     stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await
/// # });
/// use hob::http::{Form, FormPart};
///
/// let manifest = FormPart::file("Cargo.toml").await?;
/// let form = Form::new().text("author", "me").part("manifest", manifest);
/// let request = hob::http::Client::new().post(&url).multipart(form);
/// assert_eq!(request.send().await?.status(), 201);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Default)]
pub struct Form {
    parts: Vec<(String, FormPart)>,
}

impl Form {
    /// A form without a part.
    pub fn new() -> Form {
        Form::default()
    }

    /// Adds a field with a short text in it.
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Form {
        self.part(name, FormPart::bytes(value.into()))
    }

    /// Adds a part under this name.
    pub fn part(mut self, name: impl Into<String>, part: FormPart) -> Form {
        self.parts.push((name.into(), part));
        self
    }

    /// The body, and its `Content-Type`.
    pub(crate) fn into_upload(self) -> (Upload, HeaderValue) {
        let boundary = format!("hob-{:016x}{:016x}", random(), random()); // F1
        let kind = format!("multipart/form-data; boundary={boundary}");
        let kind = HeaderValue::try_from(kind).expect("letters and digits");
        let written = Written::new(self, &boundary);
        let length = written.length();
        (Upload::again(written, length), kind)
    }
}

impl fmt::Debug for Form {
    /// Shows the names and none of the values: some are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.parts.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

/// One part of a [`Form`]: what is in it, and what is said about that.
pub struct FormPart {
    content: Content,
    file_name: Option<String>,
    content_type: Option<HeaderValue>,
}

enum Content {
    Memory(Rc<[u8]>),
    /// `None` once it was taken to be sent.
    Once(Option<Reader>, Option<u64>),
    Again(Box<dyn Make>, Option<u64>),
}

impl Content {
    fn length(&self) -> Option<u64> {
        match self {
            Content::Memory(bytes) => Some(bytes.len() as u64),
            Content::Once(_, length) | Content::Again(_, length) => *length,
        }
    }
}

impl FormPart {
    fn new(content: Content) -> FormPart {
        FormPart {
            content,
            file_name: None,
            content_type: None,
        }
    }

    /// A part from memory.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> FormPart {
        FormPart::new(Content::Memory(bytes.into().into()))
    }

    /// A part that is read from `reader` while it is sent, to the reader's end: `length` bytes,
    /// or with `None` as many as come. What was read is gone, as with
    /// [`body_reader`](super::RequestBuilder::body_reader).
    pub fn reader(reader: impl AsyncRead + 'static, length: Option<u64>) -> FormPart {
        FormPart::new(Content::Once(Some(Box::pin(reader)), length))
    }

    /// The same, with a function that makes the reader, once for each time that the form is
    /// sent.
    pub fn reader_with<F, R>(make: F, length: Option<u64>) -> FormPart
    where
        F: AsyncFnMut() -> io::Result<R> + 'static,
        R: AsyncRead + 'static,
    {
        FormPart::new(Content::Again(Box::new(Maker::new(make)), length))
    }

    /// A file, with its name, as `application/octet-stream`. It is opened when the request is
    /// made, together with all others of the form, and must be as long then as it is now.
    ///
    /// # Errors
    /// Those of asking for its length.
    pub async fn file(path: impl AsRef<Path>) -> io::Result<FormPart> {
        let path = path.as_ref().to_path_buf();
        let found = fs::metadata(&path).await?;
        // A pipe has a length, too: 0.
        let length = found.is_file().then_some(found.len());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.into_owned();
        let open = async move || fs::File::open(&path).await;
        Ok(FormPart::reader_with(open, length).file_name(name))
    }

    /// Says that it is a file, and how it is called. A path is sent as it is given; servers
    /// take the last part of it (RFC 7578 §4.2).
    pub fn file_name(mut self, name: impl Into<String>) -> FormPart {
        self.file_name = Some(name.into());
        self
    }

    /// Says of which type it is. *Default*: `application/octet-stream` for what has a file
    /// name, and nothing, which means plain text, for what has none (RFC 7578 §4.4).
    pub fn content_type(mut self, kind: HeaderValue) -> FormPart {
        self.content_type = Some(kind);
        self
    }

    /// What stands in front of it, the blank line included.
    fn head(&self, boundary: &str, name: &str) -> Vec<u8> {
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"");
        push_quoted(&mut head, name);
        head.push('"');
        if let Some(file_name) = &self.file_name {
            head.push_str("; filename=\"");
            push_quoted(&mut head, file_name);
            head.push('"');
        }
        let mut head = head.into_bytes();
        let of_files = self.file_name.as_ref();
        let of_files = of_files.map(|_| HeaderValue::from_static("application/octet-stream"));
        if let Some(kind) = self.content_type.as_ref().or(of_files.as_ref()) {
            head.extend_from_slice(b"\r\nContent-Type: ");
            head.extend_from_slice(kind.as_bytes());
        }
        head.extend_from_slice(b"\r\n\r\n");
        head
    }
}

impl fmt::Debug for FormPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FormPart");
        shown.field("length", &self.content.length());
        shown.field("file_name", &self.file_name);
        shown.field("content_type", &self.content_type);
        shown.finish_non_exhaustive()
    }
}

/// F2.
fn push_quoted(text: &mut String, name: &str) {
    for c in name.chars() {
        match c {
            '"' | '\r' | '\n' => write!(text, "%{:02X}", u32::from(c)).expect("to a string"),
            c => text.push(c),
        }
    }
}

/// A form as it goes out: contents, and what is written between them.
struct Written {
    contents: Vec<Content>,
}

impl Written {
    fn new(form: Form, boundary: &str) -> Written {
        let mut contents = Vec::with_capacity(2 * form.parts.len() + 1);
        let mut before = "";
        for (name, part) in form.parts {
            let head = [before.as_bytes(), &part.head(boundary, &name)].concat();
            contents.extend([Content::Memory(head.into()), part.content]);
            before = "\r\n";
        }
        let end = format!("{before}--{boundary}--\r\n");
        contents.push(Content::Memory(end.into_bytes().into()));
        Written { contents }
    }

    /// Of all of it; `None` if one part is of unknown length.
    fn length(&self) -> Option<u64> {
        let mut lengths = self.contents.iter().map(Content::length);
        lengths.try_fold(0_u64, |sum, length| sum.checked_add(length?))
    }
}

impl Make for Written {
    fn make(&mut self) -> Pin<Box<dyn Future<Output = io::Result<Reader>> + '_>> {
        Box::pin(async {
            let mut segments = VecDeque::with_capacity(self.contents.len());
            for content in &mut self.contents {
                segments.push_back(match content {
                    Content::Memory(bytes) => Segment::Bytes(bytes.clone(), 0),
                    Content::Again(make, _) => Segment::Reader(make.make().await?),
                    // Taken below, for a file that cannot be opened must not cost it.
                    Content::Once(..) => Segment::Bytes(Rc::new([]), 0),
                });
            }
            for (segment, content) in segments.iter_mut().zip(&mut self.contents) {
                if let Content::Once(reader, _) = content {
                    let gone = || io::Error::other("a part of the form was read already");
                    *segment = Segment::Reader(reader.take().ok_or_else(gone)?);
                }
            }
            Ok(Box::pin(Segments { segments }) as Reader)
        })
    }

    fn can_repeat(&self) -> bool {
        let mut contents = self.contents.iter();
        contents.all(|content| !matches!(content, Content::Once(..)))
    }
}

/// What is left of a form to be read.
struct Segments {
    segments: VecDeque<Segment>,
}

enum Segment {
    /// And how many of them were given out.
    Bytes(Rc<[u8]>, usize),
    Reader(Reader),
}

impl AsyncRead for Segments {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        while let Some(segment) = self.segments.front_mut() {
            let count = match segment {
                Segment::Bytes(bytes, given) => {
                    let count = into.len().min(bytes.len() - *given);
                    into[..count].copy_from_slice(&bytes[*given..*given + count]);
                    *given += count;
                    count
                }
                Segment::Reader(reader) => ready!(reader.as_mut().poll_read(cx, into))?,
            };
            if count > 0 || into.is_empty() {
                return Poll::Ready(Ok(count));
            }
            self.segments.pop_front();
        }
        Poll::Ready(Ok(0))
    }
}
