//! Where Metalinks come from: files, and servers. All of them are read before the first file of
//! theirs is fetched, as what they name is part of what is to be done.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

use hob::http::{HeaderMap, HeaderValue, Response, Url, header};

use super::LONGEST;
use crate::args::Options;
use crate::cookies::Jar;
use crate::job::lists::cannot_read;
use crate::job::{Failure, Job, OTHER, Session};
use crate::network;
use crate::show::text;
use crate::transfer::Reason;

/// A Metalink as it came.
#[derive(Clone, PartialEq)]
pub struct Text {
    /// For errors.
    pub place: String,
    /// Which URL it came from; `None`: a file.
    pub home: Option<Url>,
    pub text: String,
}

/// The one that is at `place`: a URL, or a path.
pub async fn load(place: &str, options: &Options) -> Result<Text, Reason> {
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| place.to_ascii_lowercase().starts_with(scheme));
    if is_url {
        return fetch(place, options).await;
    }
    let text = read(Path::new(place)).map_err(|why| Reason { why, code: OTHER })?;
    Ok(Text {
        place: text::harmless(place),
        home: None,
        text,
    })
}

fn read(path: &Path) -> Result<String, String> {
    let file = fs::File::open(path).map_err(|e| cannot_read(path, &e))?;
    let mut bytes = Vec::new();
    let read = file.take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|e| cannot_read(path, &e))?;
    utf8(bytes).map_err(|why| format!("{}: {why}", text::path(path)))
}

fn utf8(bytes: Vec<u8>) -> Result<String, &'static str> {
    if bytes.len() as u64 > LONGEST {
        return Err("a Metalink of more than 16 MiB is not read");
    }
    String::from_utf8(bytes).map_err(|_| "not a Metalink: it is not UTF-8")
}

async fn fetch(typed: &str, options: &Options) -> Result<Text, Reason> {
    let other = |why: String| Reason { why, code: OTHER };
    let url = Url::parse(typed).map_err(|e| other(format!("--metalink: not a URL: {e}")))?;
    let place = text::url(&url);
    let told = |failure: Failure| Reason {
        why: format!("{place}: {failure}"),
        code: failure.code(),
    };
    let jar = Jar::open(&options.cookies).await;
    let jar = jar.map_err(|e| other(e.to_string()))?;
    let client = network::client(options, &jar).await;
    let client = client.map_err(|e| other(e.to_string()))?;
    let session = Session::new(client, options.clone(), Rc::from([]));
    let job = Job::new(url.clone(), "".into(), &place);
    let mut accept = HeaderMap::new();
    let media_type = HeaderValue::from_static("application/metalink4+xml, */*;q=0.1");
    accept.insert(header::ACCEPT, media_type);
    let response = session.request(&job, &url, Some(accept)).send().await;
    let response = response.and_then(Response::error_for_status);
    let mut response = response.map_err(|e| told(e.into()))?;
    session.tell_response(&job, &response);
    let mut bytes = Vec::new();
    while let Some(more) = response.chunk().await.map_err(|e| told(e.into()))? {
        bytes.extend_from_slice(more);
        if bytes.len() as u64 > LONGEST {
            break;
        }
    }
    let text = utf8(bytes).map_err(|why| other(format!("{place}: {why}")))?;
    let home = Some(url);
    Ok(Text { place, home, text })
}
