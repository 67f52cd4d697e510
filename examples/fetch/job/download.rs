//! One URL, one file: the way of a download from the request to the final name.
//!
//! 1. The half file is created. First of all, because a name that cannot be had should cost
//!    the server nothing; and here a file that is half there already would be looked at.
//! 2. The request is sent, and the head of the answer says yes or no.
//! 3. Piece by piece, bytes go from the socket to a worker that writes them. The next piece
//!    is not asked for before the last one was taken, so a slow disk slows the server down
//!    instead of filling the memory.
//! 4. The file is closed, which reports the errors of late writes, and checked.
//! 5. It gets its name.
//!
//! *Cancel safety*: dropped at any point, it leaves the whole file or nothing. Until step 5
//! the guard in `part` removes the half file; step 5 is one job on a worker, which runs to
//! its end even if nobody waits for it any more.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hob::blocking;
use hob::fs::File;
use hob::http::{self, Client};

use super::part::{Part, part_path};
use super::{Job, Sha256Sum};
use crate::show::text;
use crate::transfer::Transfer;

/// The successes that come with the whole file: OK, and the same from a proxy that changed it
/// (RFC 9110, 15.3). A 206 is a piece of it, and a 204 has nothing, and neither was asked for.
const WHOLE: [u16; 2] = [200, 203];

/// Why there is no file. Shown as one line without anything that steers a terminal.
#[derive(Debug)]
pub enum Failure {
    /// The client's own words: which URL, which peer, which rule.
    Http(http::Error),
    /// A status that is a success, but not that of a file.
    NoFile(u16),
    /// A step with the file failed.
    File {
        doing: &'static str,
        path: PathBuf,
        error: io::Error,
    },
    /// All bytes came, but they are not the ones that they should be.
    Sum { wanted: Sha256Sum, found: Sha256Sum },
}

/// Fetches `job`. `force`: may replace a file. What happens is written into `transfer`,
/// except for its beginning and its end, which the caller knows.
pub async fn download(
    client: &Client,
    job: &Job,
    force: bool,
    transfer: &Transfer,
) -> Result<(), Failure> {
    // 1.
    let target = job.target.clone();
    let half = part_path(&target);
    let created = blocking::run(move || Part::create(&target, force)).await;
    let (part, file) = created.map_err(at("creating", &half))?;
    let mut file = File::from_std(file);
    // 2.
    let response = client.get(job.url.as_str()).send().await?;
    let mut response = response.error_for_status()?;
    if !WHOLE.contains(&response.status().as_u16()) {
        return Err(Failure::NoFile(response.status().as_u16()));
    }
    transfer.head(response.content_length(), Instant::now());
    // 3.
    while let Some(bytes) = response.chunk().await? {
        file.write_all(bytes).await.map_err(at("writing", &half))?;
        transfer.add(bytes.len());
    }
    // 4.
    file.close().await.map_err(at("writing", &half))?;
    if let Some(wanted) = job.sum {
        check(wanted, &half).await?;
    }
    // 5.
    let published = blocking::run(move || part.publish()).await;
    published.map_err(at("naming", &job.target))
}

async fn check(wanted: Sha256Sum, half: &Path) -> Result<(), Failure> {
    let path = half.to_owned();
    let found = blocking::run(move || Sha256Sum::of_file(&path)).await;
    let found = found.map_err(at("reading back", half))?;
    match found == wanted {
        true => Ok(()),
        false => Err(Failure::Sum { wanted, found }),
    }
}

fn at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |error| Failure::File { doing, path, error }
}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Failure {
        Failure::Http(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Failure::Http(error) => error.to_string(),
            Failure::NoFile(status) => {
                format!("the server answered with status {status}, which is no whole file")
            }
            // A file in the way: the error itself says which.
            Failure::File { error, .. } if error.kind() == io::ErrorKind::AlreadyExists => {
                error.to_string()
            }
            Failure::File { doing, path, error } => {
                format!("{doing} {}: {error}", path.display())
            }
            Failure::Sum { wanted, found } => {
                format!("SHA-256 is {found}, but should be {wanted}")
            }
        };
        f.write_str(&text::harmless(&words))
    }
}
