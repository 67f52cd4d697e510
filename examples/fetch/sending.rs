//! What is sent along with a request: `-T`, `--data` and its siblings, `-F`, `-X`, `-G`, `-I`.
//!
//! The flags mean what they mean in curl, and how their values are written is told in
//! [`values`]. What `--data @FILE` and `-F NAME=<FILE` name is read with the command line;
//! files of `-T` and `-F NAME=@FILE` are read while they are sent, anew for each try.
//!
//! A run that sends nothing is the common case, and everything else about a file holds for it
//! alone ([`Sending::is_nothing`]): the answer to an upload is not half a file that one could go on
//! with.

pub mod values;

use std::cell::Cell;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_lite::AsyncRead;
use hob::http::{Form, FormPart, HeaderMap, HeaderValue, Method, RequestBuilder, Url, header};

pub use values::{Content, Field};

/// What the command line wants sent.
#[derive(Clone, Default, PartialEq)]
pub struct Sending {
    /// `-X`.
    pub method: Option<Method>,
    /// `-I`.
    pub head: bool,
    /// `-G`: the data go into the URL.
    pub get: bool,
    /// `--data…` and `--json`, put together as they came.
    pub data: Option<Vec<u8>>,
    pub is_json: bool,
    /// `-F`, in order.
    pub form: Vec<Field>,
    /// `-T`, in order: the n-th is for the n-th URL. `-` is standard input.
    pub files: Vec<PathBuf>,
}

/// How much of a body has gone out.
#[derive(Debug, Default)]
pub struct Sent {
    pub bytes: Cell<u64>,
    /// The same, with those of tries that were in vain: it never falls.
    pub ever: Cell<u64>,
    /// Of the whole, if that is known.
    pub total: Cell<Option<u64>>,
}

impl Sent {
    pub fn add(&self, bytes: u64) {
        self.bytes.set(self.bytes.get() + bytes);
        self.ever.set(self.ever.get() + bytes);
    }
}

impl Sending {
    /// Is this a job that only fetches? `upload`: what `-T` says for it.
    pub fn is_nothing(&self, upload: Option<&Path>) -> bool {
        let has_body = !self.form.is_empty() || self.data.is_some() && !self.get;
        upload.is_none() && !has_body && self.method(None) == Method::GET
    }

    /// May the request for `upload` be made a second time, although nobody knows what became of
    /// the first (RFC 9110 §9.2.2)?
    pub fn is_repeatable(&self, upload: Option<&Path>) -> bool {
        self.method(upload).is_idempotent() && self.can_be_read_again(upload)
    }

    /// Standard input is gone once it was read.
    pub fn can_be_read_again(&self, upload: Option<&Path>) -> bool {
        upload != Some(Path::new("-"))
    }

    /// Adds to the data, with an `&` in between, as forms have it.
    pub fn add(&mut self, data: &[u8]) {
        match &mut self.data {
            Some(all) => {
                all.push(b'&');
                all.extend_from_slice(data);
            }
            None => self.data = Some(data.to_vec()),
        }
    }

    /// `--json`, of which there may be several pieces.
    pub fn add_json(&mut self, data: &[u8]) {
        self.is_json = true;
        self.data.get_or_insert_default().extend_from_slice(data);
    }

    /// What cannot be meant. Also says of which type the data are, unless the user did.
    pub fn settle(&self, headers: &mut HeaderMap) -> Result<(), &'static str> {
        let bodies = [
            self.data.is_some() && !self.get,
            !self.form.is_empty(),
            !self.files.is_empty(),
        ];
        if bodies.into_iter().filter(|is_there| *is_there).count() > 1 {
            return Err("only one of --data, -F and -T can be sent");
        }
        if self.head && bodies.contains(&true) {
            return Err(
                "-I asks for a head, with which nothing is sent (-G puts --data into the URL)",
            );
        }
        if self.data.is_some() && !self.get {
            let kind = match self.is_json {
                true => "application/json",
                false => "application/x-www-form-urlencoded",
            };
            let kind = HeaderValue::from_static(kind);
            if self.is_json {
                headers.entry(header::ACCEPT).or_insert(kind.clone());
            }
            headers.entry(header::CONTENT_TYPE).or_insert(kind);
        }
        Ok(())
    }

    /// Where it goes: with `-G` the data are in it, and a file that is sent into a folder has its
    /// name there.
    pub fn destination(&self, mut url: Url, upload: Option<&Path>) -> Result<Url, &'static str> {
        if let Some(data) = self.data.as_ref().filter(|_| self.get) {
            let data = std::str::from_utf8(data).map_err(|_| "-G takes text only")?;
            let query = [url.query().unwrap_or_default(), data];
            let query: Vec<&str> = query.into_iter().filter(|part| !part.is_empty()).collect();
            url.set_query(Some(&query.join("&")));
        }
        if let Some(name) = upload.and_then(Path::file_name).filter(|name| *name != "-")
            && url.path().ends_with('/')
        {
            let name = name
                .to_str()
                .ok_or("a name that is no UTF-8 must stand in the URL")?;
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty().push(name);
            }
        }
        Ok(url)
    }

    /// What the request asks for, with a file to be sent or without.
    pub fn method(&self, upload: Option<&Path>) -> Method {
        let usual = match () {
            () if self.head => Method::HEAD,
            () if upload.is_some() => Method::PUT,
            () if self.get => Method::GET,
            () if self.data.is_some() || !self.form.is_empty() => Method::POST,
            () => Method::GET,
        };
        self.method.clone().unwrap_or(usual)
    }

    /// Gives the request its body, and counts into `sent` what of it goes out.
    pub async fn dress(
        &self,
        request: RequestBuilder,
        upload: Option<&Path>,
        sent: &Rc<Sent>,
    ) -> io::Result<RequestBuilder> {
        sent.bytes.set(0);
        if let Some(path) = upload {
            return put(request, path, sent).await;
        }
        if !self.form.is_empty() {
            return Ok(request.multipart(self.form(sent).await?));
        }
        match self.data.as_ref().filter(|_| !self.get) {
            Some(data) => Ok(request.body(data.clone())),
            None => Ok(request),
        }
    }

    async fn form(&self, sent: &Rc<Sent>) -> io::Result<Form> {
        let mut form = Form::new();
        for field in &self.form {
            let mut part = match &field.content {
                Content::Bytes(bytes) => FormPart::bytes(bytes.clone()),
                Content::File(path) => {
                    let length = length(path).await?;
                    FormPart::reader_with(counted(path, sent), length)
                }
            };
            if let Some(name) = &field.file_name {
                part = part.file_name(name);
            }
            if let Some(kind) = &field.kind {
                part = part.content_type(kind.clone());
            }
            form = form.part(&field.name, part);
        }
        Ok(form)
    }
}

/// `-T`.
async fn put(request: RequestBuilder, path: &Path, sent: &Rc<Sent>) -> io::Result<RequestBuilder> {
    if path == Path::new("-") {
        sent.total.set(None);
        let (reader, sent) = (hob::io::stdin(), sent.clone());
        return Ok(request.body_reader(Counted { reader, sent }, None));
    }
    let length = length(path).await?;
    sent.total.set(length);
    Ok(request.body_with(counted(path, sent), length))
}

/// `None` for what is no plain file: it is read to its end, whenever that comes.
async fn length(path: &Path) -> io::Result<Option<u64>> {
    let found = hob::fs::metadata(path)
        .await
        .map_err(|e| crate::at(path, &e))?;
    if found.is_dir() {
        let why = format!("{}: is a folder, which cannot be sent", path.display());
        return Err(io::Error::other(why));
    }
    Ok(found.is_file().then_some(found.len()))
}

/// Opens the file whenever it is to be sent.
fn counted(
    path: &Path,
    sent: &Rc<Sent>,
) -> impl AsyncFnMut() -> io::Result<Counted<hob::fs::File>> + use<> {
    let (path, sent) = (path.to_owned(), sent.clone());
    async move || {
        let reader = hob::fs::File::open(&path)
            .await
            .map_err(|e| crate::at(&path, &e))?;
        sent.bytes.set(0);
        let sent = sent.clone();
        Ok(Counted { reader, sent })
    }
}

/// A reader that says how far it is. What was read is sent a moment later.
struct Counted<R> {
    reader: R,
    sent: Rc<Sent>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.reader).poll_read(cx, into);
        if let Poll::Ready(Ok(count)) = &read {
            self.sent.add(*count as u64);
        }
        read
    }
}

/// What is sent may be secret, so none of it is shown.
impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}
