//! From a URL, or a server's proposal, to the name of a file.
//!
//! The name comes from `Content-Disposition`, if the server sends one, else from the last
//! segment of the URL that the user gave, never of one that a redirect led to. Both are made
//! harmless by the library ([`safe_file_name`]). Names given with `-o` are the user's own and
//! are not changed.
//!
//! A server's proposal is trusted less than a URL, which the user saw: it hides nothing (no
//! dot in front), and never replaces a file, not even with `--force`. Until the head of the
//! response is there nobody knows it, so the half file has the URL's name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use hob::http::{HeaderMap, Url, content_disposition, header, safe_file_name, url_file_name};

use crate::job::{Failure, Job, Session};

/// What a URL without a usable last segment is called.
const FALLBACK: &str = "index.html";

/// The file name for `url`: one segment, never empty, never `.` or `..`.
pub fn from_url(url: &Url) -> String {
    url_file_name(url).unwrap_or_else(|| FALLBACK.to_owned())
}

/// Can the user mean a file by it? It is not empty, and neither `..` nor `a/` nor `a/.`, which can only be folders.
pub fn is_of_a_file(path: &OsStr) -> bool {
    let name = Path::new(path).file_name().map(OsStr::as_encoded_bytes);
    name.is_some_and(|name| path.as_encoded_bytes().ends_with(name))
}

/// Where the server wants the file to be, if it says so and may, and that is somewhere else.
/// Fails if that place is another download's.
pub fn proposed(
    session: &Session,
    job: &Job,
    headers: &HeaderMap,
) -> Result<Option<PathBuf>, Failure> {
    if !job.server_names || !session.options.content_disposition {
        return Ok(None);
    }
    let Some(name) = from_headers(headers) else {
        return Ok(None);
    };
    let target = job.target.with_file_name(name);
    if target == job.target {
        return Ok(None);
    }
    session.places.take(job, &target).map_err(Failure::Name)?;
    Ok(Some(target))
}

fn from_headers(headers: &HeaderMap) -> Option<String> {
    let mut fields = headers.get_all(header::CONTENT_DISPOSITION).iter();
    let (field, None) = (fields.next()?, fields.next()) else {
        return None;
    };
    let name = safe_file_name(&content_disposition(field.as_bytes())?)?;
    Some(match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_always_gives_a_name() {
        let name = |url: &str| from_url(&Url::parse(url).unwrap());
        assert_eq!(name("http://h/a/b/c.tar.gz"), "c.tar.gz");
        for without in [
            "http://h",
            "http://h/a/",
            "http://h/a/%2e%2e",
            "http://h/..%00",
        ] {
            assert_eq!(name(without), "index.html", "{without}");
        }
    }

    /// Broken by: leaving the dot there.
    #[test]
    fn what_a_server_proposes_is_neither_hidden_nor_somewhere_else() {
        let name = |field: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_DISPOSITION, field.parse().unwrap());
            from_headers(&headers)
        };
        assert_eq!(name("attachment; filename=a.txt").unwrap(), "a.txt");
        assert_eq!(
            name("attachment; filename=\"/home/user/.bashrc\"").unwrap(),
            "_bashrc"
        );
        assert_eq!(name("attachment; filename=\"..\""), None);
        assert_eq!(name("attachment"), None);
    }
}
