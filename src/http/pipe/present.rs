//! The pipe as Linux has it: `splice(2)`, by way of rustix, which makes it safe.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, fcntl_setpipe_size, splice};

use crate::net::TcpStream;

/// The most that a user may ask for (`/proc/sys/fs/pipe-max-size`), unless an administrator says
/// otherwise. Sixteen times the usual size: so many fewer trips to a worker. Price: without
/// privileges a user may have some 60 of this size (`/proc/sys/fs/pipe-user-pages-soft`).
const SIZE: usize = 1024 * 1024;

pub(crate) struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Pipe {
    pub(crate) const IS_THERE: bool = true;

    /// # Errors
    /// Too many descriptors, or too many pages in the pipes of this user.
    pub(crate) fn new() -> io::Result<Pipe> {
        let (reader, writer) = io::pipe()?;
        // Refused to who has many pipes already: then copying is cheaper than trips with a small one.
        fcntl_setpipe_size(&writer, SIZE)?;
        Ok(Pipe { reader, writer })
    }

    /// Waits until there is something in `stream`, and moves up to `most` bytes of it into the
    /// pipe, which must be empty (P1). 0 is the end of the stream.
    ///
    /// # Errors
    /// `Unsupported` where the kernel cannot do this, and then it took nothing.
    pub(crate) fn poll_fill(
        &self,
        cx: &mut Context<'_>,
        stream: &TcpStream,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        stream.poll_read_by(cx, |socket| {
            match splice(
                socket,
                None,
                &self.writer,
                None,
                most,
                SpliceFlags::NONBLOCK,
            ) {
                // The last is what a filter of system calls answers in a container.
                Err(Errno::INVAL | Errno::NOSYS | Errno::PERM) => {
                    Err(io::ErrorKind::Unsupported.into())
                }
                moved => Ok(moved?),
            }
        })
    }

    /// Moves `count` bytes, which are in the pipe, to where `file` stands. Blocks as files do.
    pub(crate) fn empty(&self, count: usize, file: &File) -> io::Result<()> {
        let mut left = count;
        while left > 0 {
            match splice(&self.reader, None, file, None, left, SpliceFlags::empty()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(moved) => left -= moved,
                Err(Errno::INTR) => {}
                // Files that are opened for appending refuse, and some file systems.
                Err(Errno::INVAL) => return self.copy(left, file),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn copy(&self, count: usize, mut file: &File) -> io::Result<()> {
        let mut bytes = vec![0; count];
        (&self.reader).read_exact(&mut bytes)?;
        io::Write::write_all(&mut file, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(name: &str) -> (std::path::PathBuf, File) {
        let unique = format!("hob-pipe-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        let mut options = File::options();
        let options = options.read(true).create(true).append(name == "append");
        let file = options.write(true).truncate(name != "append").open(&path);
        (path, file.expect("a file in the temporary folder"))
    }

    #[test]
    fn what_is_in_the_pipe_goes_behind_what_is_in_the_file() {
        for name in ["plain", "append"] {
            let (path, mut file) = file(name);
            file.write_all(b"before ").unwrap();
            let pipe = Pipe::new().unwrap();
            (&pipe.writer).write_all(b"through the pipe").unwrap();
            pipe.empty(11, &file).unwrap();
            pipe.empty(5, &file).unwrap();
            let got = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert_eq!(got, "before through the pipe", "{name}");
        }
    }
}
