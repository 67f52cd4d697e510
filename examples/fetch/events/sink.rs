//! Where the words for programs go: a file, or (`-`) standard output.
//!
//! Each write goes out at once, so that who reads along hears what happens when it happens.
//! They are plain blocking writes: a program that reads us through a pipe and stops reading
//! stops the downloads, too.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is open, or standard output.
pub struct Sink {
    out: Box<dyn Write>,
    /// As the user wrote it.
    path: PathBuf,
    /// The first write that failed. After that there is none.
    failed: Option<io::Error>,
}

impl Sink {
    /// What was in the file is replaced.
    pub fn open(path: &Path) -> io::Result<Sink> {
        let out: Box<dyn Write> = match is_stdout(path) {
            true => Box::new(io::stdout()),
            false => {
                let file = File::create(path);
                Box::new(file.map_err(|e| at(path, &e))?)
            }
        };
        Ok(Sink {
            out,
            path: path.to_owned(),
            failed: None,
        })
    }

    /// Writes `text` and a line end.
    pub fn line(&mut self, mut text: String) {
        if self.failed.is_none() {
            text.push('\n');
            let written = self.out.write_all(text.as_bytes());
            self.failed = written.and_then(|()| self.out.flush()).err();
        }
    }

    /// What went wrong. That nobody reads standard output any more is no failure.
    pub fn problem(&self) -> Option<String> {
        let error = self.failed.as_ref()?;
        let is_gone = error.kind() == io::ErrorKind::BrokenPipe && is_stdout(&self.path);
        (!is_gone).then(|| at(&self.path, error).to_string())
    }
}

/// Does `-` stand there?
fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn at(path: &Path, e: &io::Error) -> io::Error {
    io::Error::new(e.kind(), format!("writing {}: {e}", path.display()))
}
