//! The two directions of a stream, apart: borrowed halves for two futures of one task, owned
//! halves for two tasks.
//!
//! A half is a stream with half of its methods; which kind of stream is its parameter, and
//! where none is said it is a [`TcpStream`]. The kernel's socket stays one and is closed when
//! both halves have gone.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::connection::Connection;
use super::stream_ops::{self, async_read, async_write};
use super::tcp_stream::TcpStream;
use crate::reactor::{Direction, Source};

pub(super) fn split<S: Connection>(stream: &mut S) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf { stream }, WriteHalf { stream })
}

pub(super) fn into_split<S: Connection>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Rc::new(stream);
    let reading = OwnedReadHalf {
        stream: stream.clone(),
    };
    let stream = Some(stream);
    (reading, OwnedWriteHalf { stream })
}

/// The reading half that [`TcpStream::split`] lends.
#[derive(Debug)]
pub struct ReadHalf<'s, S: Connection = TcpStream> {
    stream: &'s S,
}

/// The writing half that [`TcpStream::split`] lends.
#[derive(Debug)]
pub struct WriteHalf<'s, S: Connection = TcpStream> {
    stream: &'s S,
}

/// The reading half that [`TcpStream::into_split`] makes.
#[derive(Debug)]
pub struct OwnedReadHalf<S: Connection = TcpStream> {
    stream: Rc<S>,
}

/// The writing half that [`TcpStream::into_split`] makes. Its drop ends that direction, so
/// that the peer reads to the end.
#[derive(Debug)]
pub struct OwnedWriteHalf<S: Connection = TcpStream> {
    /// `None` only on the way out of `forget` and `reunite`.
    stream: Option<Rc<S>>,
}

impl<S: Connection> ReadHalf<'_, S> {
    fn stream(&self) -> &S {
        self.stream
    }
}

impl<S: Connection> WriteHalf<'_, S> {
    fn stream(&self) -> &S {
        self.stream
    }
}

impl<S: Connection> OwnedReadHalf<S> {
    fn stream(&self) -> &S {
        &self.stream
    }

    /// Puts the halves of one stream together again.
    ///
    /// # Errors
    /// If they come from two streams; both are in the error.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (reading, writing) = stream.into_split();
    /// let stream = reading.reunite(writing).unwrap();
    /// assert!(stream.peer_addr().is_ok());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn reunite(self, mut writing: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if !Rc::ptr_eq(&self.stream, writing.shared()) {
            return Err(ReuniteError(self, writing));
        }
        // The writing half goes first, and without ending its direction.
        writing.stream = None;
        Ok(Rc::into_inner(self.stream).expect("one stream has two halves, and one has gone"))
    }
}

impl<S: Connection> OwnedWriteHalf<S> {
    fn shared(&self) -> &Rc<S> {
        self.stream
            .as_ref()
            .expect("only forget and reunite take it, and they take self too")
    }

    fn stream(&self) -> &S {
        self.shared()
    }

    /// [`OwnedReadHalf::reunite`], from this side.
    ///
    /// # Errors
    /// If they come from two streams; both are in the error.
    pub fn reunite(self, reading: OwnedReadHalf<S>) -> Result<S, ReuniteError<S>> {
        reading.reunite(self)
    }

    /// Drops the half without ending its direction.
    pub fn forget(mut self) {
        self.stream = None;
    }
}

impl<S: Connection> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            // A connection that is broken already has told the peer enough.
            let _ = stream_ops::shutdown(stream.source(), Shutdown::Write);
        }
    }
}

/// Two halves that were never one stream: see [`OwnedReadHalf::reunite`].
#[derive(Debug)]
pub struct ReuniteError<S: Connection = TcpStream>(
    /// The reading half of the one.
    pub OwnedReadHalf<S>,
    /// The writing half of the other.
    pub OwnedWriteHalf<S>,
);

impl<S: Connection> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves belong to two different streams")
    }
}

impl<S: Connection> Error for ReuniteError<S> {}

/// What both kinds of reading half can do, which is what their stream can.
macro_rules! reading_half {
    ([$($generics:tt)*] $Half:ty) => {
        impl<$($generics)*> $Half {
            fn source(&self) -> &Source<S::Io> {
                self.stream().source()
            }

            /// See [`TcpStream::read`].
            #[track_caller]
            pub fn read<'a>(
                &'a self,
                buf: &'a mut [u8],
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                stream_ops::read(self.source(), buf)
            }

            /// See [`TcpStream::read_exact`].
            #[track_caller]
            pub fn read_exact<'a>(
                &'a self,
                buf: &'a mut [u8],
            ) -> impl Future<Output = io::Result<()>> + Unpin {
                stream_ops::read_exact(self.source(), buf)
            }

            /// See [`TcpStream::read_to_end`].
            #[track_caller]
            pub fn read_to_end<'a>(
                &'a self,
                buf: &'a mut Vec<u8>,
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                stream_ops::read_to_end(self.source(), buf)
            }

            /// See [`TcpStream::readable`].
            #[track_caller]
            pub fn readable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
                self.source().readiness(Direction::Read)
            }

            /// See [`TcpStream::try_read`].
            ///
            /// # Errors
            /// `WouldBlock` if there is nothing to read.
            pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
                stream_ops::try_read(self.source(), buf)
            }

            /// The address of this end.
            pub fn local_addr(&self) -> io::Result<S::Addr> {
                self.stream().local_addr()
            }

            /// The address of the other end.
            pub fn peer_addr(&self) -> io::Result<S::Addr> {
                self.stream().peer_addr()
            }
        }

        async_read!([$($generics)*] $Half);
    };
}

/// What both kinds of writing half can do.
macro_rules! writing_half {
    ([$($generics:tt)*] $Half:ty) => {
        impl<$($generics)*> $Half {
            fn source(&self) -> &Source<S::Io> {
                self.stream().source()
            }

            /// See [`TcpStream::write`].
            #[track_caller]
            pub fn write<'a>(
                &'a self,
                buf: &'a [u8],
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                stream_ops::write(self.source(), buf)
            }

            /// See [`TcpStream::write_vectored`].
            #[track_caller]
            pub fn write_vectored<'a>(
                &'a self,
                bufs: &'a [IoSlice<'_>],
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                stream_ops::write_vectored(self.source(), bufs)
            }

            /// See [`TcpStream::write_all`].
            #[track_caller]
            pub fn write_all<'a>(
                &'a self,
                buf: &'a [u8],
            ) -> impl Future<Output = io::Result<()>> + Unpin {
                stream_ops::write_all(self.source(), buf)
            }

            /// See [`TcpStream::writable`].
            #[track_caller]
            pub fn writable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
                self.source().readiness(Direction::Write)
            }

            /// See [`TcpStream::try_write`].
            ///
            /// # Errors
            /// `WouldBlock` if the kernel takes nothing.
            pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                stream_ops::try_write(self.source(), buf)
            }

            /// Ends the writing direction: the peer reads to the end. See
            /// [`TcpStream::shutdown`].
            pub fn shutdown(&self) -> io::Result<()> {
                stream_ops::shutdown(self.source(), Shutdown::Write)
            }

            /// The address of this end.
            pub fn local_addr(&self) -> io::Result<S::Addr> {
                self.stream().local_addr()
            }

            /// The address of the other end.
            pub fn peer_addr(&self) -> io::Result<S::Addr> {
                self.stream().peer_addr()
            }
        }

        async_write!([$($generics)*] $Half);
    };
}

reading_half!(['s, S: Connection] ReadHalf<'s, S>);
reading_half!([S: Connection] OwnedReadHalf<S>);
writing_half!(['s, S: Connection] WriteHalf<'s, S>);
writing_half!([S: Connection] OwnedWriteHalf<S>);

impl ReadHalf<'_> {
    /// See [`TcpStream::peek`].
    #[track_caller]
    pub fn peek<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        self.stream.peek(buf)
    }
}

impl OwnedReadHalf {
    /// See [`TcpStream::peek`].
    #[track_caller]
    pub fn peek<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        self.stream.peek(buf)
    }
}
