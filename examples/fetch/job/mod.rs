//! What is to be done: one [`Job`] for each URL, all of them known before the first starts.
//!
//! [`plan`](plan()) makes them; [`download`](download()) does one of them.
//!
//! The files, in reading order:
//!
//! | file          | answers the question                                                   |
//! |---------------|------------------------------------------------------------------------|
//! |               | *What is to be done?*                                                  |
//! | `plan`        | which jobs does the command line ask for?                              |
//! | `entries`     | what does a list say of each URL in it?                                |
//! | `glob`        | how does one pattern stand for many URLs?                              |
//! | `template`    | what is each of their files called?                                    |
//! | `lists`       | what must each file hash to?                                           |
//! | `metalink/`   | and what if one document says all of that?                             |
//! | `rehearsal`   | what would become of it, without asking anybody?                       |
//! |               | *What becomes of one URL?*                                             |
//! | `download`    | which way does it go, from the request to the final name?              |
//! | `session`     | what have all downloads in common?                                     |
//! | `throttle`    | how fast may they be?                                                  |
//! | `failure`     | and if it goes wrong, why?                                             |
//! | `attempt`     | what is one try?                                                       |
//! | `body`        | what becomes of the bytes that come?                                   |
//! | `ranges/`     | how do several requests bring one file?                                |
//! | `mirrors`     | and several servers?                                                   |
//! | `piece`       | what if only a piece of it is wanted?                                  |
//! | `stream`      | what if it goes to standard output?                                    |
//! | `print`       | or if it is an answer, and no file?                                    |
//! |               | *What becomes of its file?*                                            |
//! | `writer`      | how do bytes get to the disk, while the network goes on?               |
//! | `part/`       | what is a file while it is not whole?                                  |
//! | `sidecar/`    | of which version of what is it a part?                                 |
//! | `stretches`   | which bytes of it are there?                                           |
//! | `own`         | how does one know one's own file again?                                |
//! | `check`       | is it what it should be?                                               |
//! | `blocks`      | and which bytes of it are not?                                         |
//! | `settle`      | when does a file stay, whatever happens?                               |
//! | `places`      | may it have its name, or has another job that?                         |
//! | `versions`    | is there a newer one by now?                                           |

mod plan;
mod entries;
mod glob;
mod template;
mod lists;
mod metalink;
mod rehearsal;
mod download;
mod session;
mod throttle;
mod failure;
mod attempt;
mod body;
mod ranges;
mod mirrors;
mod piece;
mod stream;
mod print;
mod writer;
mod part;
mod sidecar;
mod stretches;
mod own;
mod check;
mod blocks;
mod settle;
mod places;
mod versions;

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use hob::http::{Digests, Url};

use crate::show::text;
use metalink::Known;

pub use check::{Sha256Sum, sums};
pub use download::download;
pub use entries::Extra;
pub use failure::{DROPPED, Failure, OTHER};
pub use metalink::{Text, load};
pub use part::save;
pub use piece::Piece;
pub use plan::plan;
pub use rehearsal::{Counts, rehearse};
pub use session::Session;
pub use settle::Fsync;
pub use template::Template;

/// One URL and the file it goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub url: Url,
    /// Where else the same file is, best first.
    pub mirrors: Box<[Url]>,
    /// Where the whole file will be.
    pub target: PathBuf,
    /// `-o -`, or an answer that has no name: no file at all.
    pub is_stdout: bool,
    /// What the user sees: the target, or just its file name where that says enough.
    pub label: String,
    /// What the file must hash to, if that is known.
    pub sum: Option<Sha256Sum>,
    /// What a Metalink says of it.
    pub known: Option<Arc<Known>>,
    /// May the server propose another name? Not if the user gave one, or the name stands in a
    /// list of sums.
    pub server_names: bool,
    /// Is the folder of the file made, if it is not there?
    pub makes_folder: bool,
    /// What its request has that the others do not have. Boxed, as few have it and there may be
    /// a million jobs.
    pub extra: Option<Box<Extra>>,
    /// What its request sends, if that is a file of its own (`-T`).
    pub upload: Option<Rc<Path>>,
}

impl Job {
    pub fn new(url: Url, target: PathBuf, label: &str) -> Job {
        Job {
            url,
            mirrors: Box::default(),
            target,
            is_stdout: false,
            label: text::harmless(label),
            sum: None,
            known: None,
            server_names: false,
            makes_folder: false,
            extra: None,
            upload: None,
        }
    }

    /// Is there something to compare the whole file with, whoever brings it?
    pub fn is_vouched_for(&self) -> bool {
        let blocks = self.known.as_ref().map(|known| known.blocks.is_some());
        !self.digests().is_empty() || blocks == Some(true)
    }

    /// What the whole file must hash to, as far as that is known.
    pub fn digests(&self) -> Digests {
        Digests {
            sha256: self.sum.map(|sum| sum.0),
            sha512: self.known.as_ref().and_then(|known| known.sha512),
        }
    }

    /// The same once more, into a folder of its own beside the first file, which is made.
    pub async fn again(&self) -> io::Result<Job> {
        let mut target = self.target.with_file_name("one-after-another");
        let made = hob::fs::create_dir_all(&target).await;
        made.map_err(|e| crate::at(&target, &e))?;
        target.push(self.target.file_name().unwrap_or_default());
        Ok(Job {
            target,
            ..self.clone()
        })
    }
}
