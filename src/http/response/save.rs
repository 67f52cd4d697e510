//! A body on its way into a file: the fast one, which is not through our memory.
//!
//! ```text
//!             64 KiB or more come at once                  less
//!   reading ──────────────(1)────────────▶ passing ────────(2)───────▶ reading
//! ```
//!
//! While we read, each piece is copied to the file's own buffer, and a worker is asked once for
//! some 64 KiB. That suits a body that comes in packets, for which a worker each would cost more
//! than copying does. So much in one read says that the peer is faster than we are; then the
//! kernel moves the bytes ([`Pipe`]), a worker for each megabyte or what there is of it.
//!
//! What cannot go this way (TLS, chunks, another system) is read in larger pieces than a program
//! would get, since each is a trip to a worker (`Conn::expect_much`). Not so a packed body: what
//! unpacks it lends small pieces, however large those are that it gets.
//!
//! One pipe, not two in turn: what comes while the worker empties it gathers in the socket, so
//! the next filling is larger, and there are fewer of them.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use crate::fs::File;
use crate::http::buffer::LARGE;
use crate::http::error::{Deadline, Error, ErrorKind};
use crate::http::observe::Step;
use crate::http::pipe::Pipe;
use crate::http::response::{Response, Waiting};

/// So many bytes at once are worth a trip to a worker of their own: what a read brings, or a
/// pipe. As many as fit into the buffer before it grew for a file.
const MUCH: usize = LARGE;

impl Response {
    /// Writes the whole body to `file`, at its position, and returns the number of bytes, all of
    /// them accepted. Like [`copy_to`](Response::copy_to), but on Linux the bytes of a large body
    /// that is neither packed nor encrypted nor in chunks go from the socket to the file without
    /// being copied to the program and back, which takes about half the processor time.
    ///
    /// The last bytes may not be in the file yet: [`File::flush`] or [`File::close`] waits for
    /// them, and reports their error.
    ///
    /// *Cancel safety*: what was taken of the body is in the file, or on its way there in its
    /// place; how much that was is not told. Whoever reads on, in this way or another, gets the
    /// rest.
    ///
    /// # Errors
    /// As [`chunk`](Response::chunk), and [`ErrorKind::Write`].
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let path = std::env::temp_dir().join(format!("hob-doc-save-{}", std::process::id()));
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     stream.read(&mut [0; 1024]).await?;
    /// #     stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await
    /// # });
    /// let mut file = hob::fs::File::create(&path).await?;
    /// hob::http::get(url).await?.copy_to_file(&mut file).await?;
    /// file.close().await?;
    /// assert_eq!(hob::fs::read(&path).await?, b"hello");
    /// # hob::fs::remove_file(&path).await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn copy_to_file(&mut self, file: &mut File) -> Result<u64, Error> {
        if let (Some(lease), None) = (&mut self.lease, &self.decoder) {
            lease.conn().expect_much();
        }
        let mut count = 0;
        while self.advance().await? {
            let is_much = self.lent().len() >= MUCH;
            count += self.hand_on(file).await?;
            if is_much {
                count += self.pass_to(file).await?; // 1.
            }
        }
        Ok(count)
    }

    /// Has the file accept what is lent, all of it. Each part is given back once it is accepted,
    /// and who drops this leaves the rest to be lent again.
    async fn hand_on(&mut self, file: &mut File) -> Result<u64, Error> {
        let mut count = 0;
        self.is_owed = true;
        while !self.lent().is_empty() {
            let accepted = file.write(self.lent()).await;
            let accepted = accepted.map_err(|error| self.error(ErrorKind::Write(error)))?;
            self.give_back(accepted);
            count += accepted as u64;
        }
        self.is_owed = false;
        Ok(count)
    }

    /// Has the kernel move what comes, as long as that is much at once.
    async fn pass_to(&mut self, file: &mut File) -> Result<u64, Error> {
        let mut count = 0;
        if self.passable() == 0 {
            return Ok(0);
        }
        let Ok(mut pipe) = Pipe::new() else {
            self.pass_no_more();
            return Ok(0);
        };
        loop {
            let passed = self.pass(&pipe).await?;
            if passed == 0 {
                return Ok(count);
            }
            count += passed as u64;
            let written = file.write_by(move |file| pipe.empty(passed, file).map(|()| pipe));
            pipe = match written.await {
                Ok(pipe) => pipe,
                Err(error) => return Err(self.error(ErrorKind::Write(error))),
            };
            if passed < MUCH || self.passable() == 0 {
                return Ok(count); // 2.
            }
        }
    }

    fn passable(&mut self) -> u64 {
        match (&mut self.lease, &self.decoder) {
            (Some(lease), None) => lease.conn().passable(),
            _ => 0,
        }
    }

    /// There is no pipe to be had: it goes the usual way, and none is asked for with each piece.
    fn pass_no_more(&mut self) {
        if let Some(lease) = &mut self.lease {
            lease.conn().pass_no_more();
        }
    }

    /// Fills the pipe, which is empty, with what comes. 0: nothing goes this way now.
    async fn pass(&mut self, pipe: &Pipe) -> Result<usize, Error> {
        let waiting = Waiting(self);
        poll_fn(|cx| waiting.0.poll_pass(cx, pipe)).await
    }

    fn poll_pass(&mut self, cx: &mut Context<'_>, pipe: &Pipe) -> Poll<Result<usize, Error>> {
        let Some(lease) = &mut self.lease else {
            return Poll::Ready(Ok(0));
        };
        let polled = lease.conn().poll_pass(cx, pipe);
        let (alarm, conn) = (&mut self.alarm, lease.peek());
        let polled = alarm.judge(cx, Deadline::Idle, conn, polled);
        let bytes = ready!(polled).map_err(|kind| self.fail(kind))?;
        if bytes > 0 {
            self.ears.tell(|| Step::Received { bytes });
        }
        Poll::Ready(Ok(bytes))
    }
}
