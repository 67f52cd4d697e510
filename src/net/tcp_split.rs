//! The two directions of a [`TcpStream`], apart: borrowed halves for two futures of one task,
//! owned halves for two tasks.
//!
//! A half is a stream with half of its methods. The kernel's socket stays one and is closed
//! when both halves have gone.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::tcp_stream::TcpStream;

pub(super) fn split(stream: &mut TcpStream) -> (ReadHalf<'_>, WriteHalf<'_>) {
    (ReadHalf { stream }, WriteHalf { stream })
}

pub(super) fn into_split(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let stream = Rc::new(stream);
    let reading = OwnedReadHalf {
        stream: stream.clone(),
    };
    let stream = Some(stream);
    (reading, OwnedWriteHalf { stream })
}

/// The reading half that [`TcpStream::split`] lends.
#[derive(Debug)]
pub struct ReadHalf<'s> {
    stream: &'s TcpStream,
}

/// The writing half that [`TcpStream::split`] lends.
#[derive(Debug)]
pub struct WriteHalf<'s> {
    stream: &'s TcpStream,
}

/// The reading half that [`TcpStream::into_split`] makes.
#[derive(Debug)]
pub struct OwnedReadHalf {
    stream: Rc<TcpStream>,
}

/// The writing half that [`TcpStream::into_split`] makes. Its drop ends that direction, so
/// that the peer reads to the end.
#[derive(Debug)]
pub struct OwnedWriteHalf {
    /// `None` only on the way out of `forget` and `reunite`.
    stream: Option<Rc<TcpStream>>,
}

impl ReadHalf<'_> {
    fn stream(&self) -> &TcpStream {
        self.stream
    }
}

impl WriteHalf<'_> {
    fn stream(&self) -> &TcpStream {
        self.stream
    }
}

impl OwnedReadHalf {
    fn stream(&self) -> &TcpStream {
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
    pub fn reunite(self, mut writing: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        if !Rc::ptr_eq(&self.stream, writing.shared()) {
            return Err(ReuniteError(self, writing));
        }
        // The writing half goes first, and without ending its direction.
        writing.stream = None;
        Ok(Rc::into_inner(self.stream).expect("one stream has two halves, and one has gone"))
    }
}

impl OwnedWriteHalf {
    fn shared(&self) -> &Rc<TcpStream> {
        self.stream
            .as_ref()
            .expect("only forget and reunite take it, and they take self too")
    }

    fn stream(&self) -> &TcpStream {
        self.shared()
    }

    /// [`OwnedReadHalf::reunite`], from this side.
    ///
    /// # Errors
    /// If they come from two streams; both are in the error.
    pub fn reunite(self, reading: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        reading.reunite(self)
    }

    /// Drops the half without ending its direction.
    pub fn forget(mut self) {
        self.stream = None;
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            // A connection that is broken already has told the peer enough.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }
}

/// Two halves that were never one stream: see [`OwnedReadHalf::reunite`].
#[derive(Debug)]
pub struct ReuniteError(
    /// The reading half of the one.
    pub OwnedReadHalf,
    /// The writing half of the other.
    pub OwnedWriteHalf,
);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves belong to two different streams")
    }
}

impl Error for ReuniteError {}

/// What both kinds of reading half can do, which is what their stream can.
macro_rules! reading_half {
    ($Half:ty) => {
        impl $Half {
            /// See [`TcpStream::read`].
            #[track_caller]
            pub fn read<'a>(
                &'a self,
                buf: &'a mut [u8],
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                self.stream().read(buf)
            }

            /// See [`TcpStream::read_exact`].
            #[track_caller]
            pub fn read_exact<'a>(
                &'a self,
                buf: &'a mut [u8],
            ) -> impl Future<Output = io::Result<()>> + Unpin {
                self.stream().read_exact(buf)
            }

            /// See [`TcpStream::read_to_end`].
            #[track_caller]
            pub fn read_to_end<'a>(
                &'a self,
                buf: &'a mut Vec<u8>,
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                self.stream().read_to_end(buf)
            }

            /// See [`TcpStream::peek`].
            #[track_caller]
            pub fn peek<'a>(
                &'a self,
                buf: &'a mut [u8],
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                self.stream().peek(buf)
            }

            /// See [`TcpStream::readable`].
            #[track_caller]
            pub fn readable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
                self.stream().readable()
            }

            /// See [`TcpStream::try_read`].
            ///
            /// # Errors
            /// `WouldBlock` if there is nothing to read.
            pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.stream().try_read(buf)
            }

            /// The address of this end.
            pub fn local_addr(&self) -> io::Result<SocketAddr> {
                self.stream().local_addr()
            }

            /// The address of the other end.
            pub fn peer_addr(&self) -> io::Result<SocketAddr> {
                self.stream().peer_addr()
            }
        }

        impl AsyncRead for $Half {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.stream()).poll_read(cx, buf)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.stream()).poll_read_vectored(cx, bufs)
            }
        }
    };
}

/// What both kinds of writing half can do.
macro_rules! writing_half {
    ($Half:ty) => {
        impl $Half {
            /// See [`TcpStream::write`].
            #[track_caller]
            pub fn write<'a>(
                &'a self,
                buf: &'a [u8],
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                self.stream().write(buf)
            }

            /// See [`TcpStream::write_vectored`].
            #[track_caller]
            pub fn write_vectored<'a>(
                &'a self,
                bufs: &'a [IoSlice<'_>],
            ) -> impl Future<Output = io::Result<usize>> + Unpin {
                self.stream().write_vectored(bufs)
            }

            /// See [`TcpStream::write_all`].
            #[track_caller]
            pub fn write_all<'a>(
                &'a self,
                buf: &'a [u8],
            ) -> impl Future<Output = io::Result<()>> + Unpin {
                self.stream().write_all(buf)
            }

            /// See [`TcpStream::writable`].
            #[track_caller]
            pub fn writable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
                self.stream().writable()
            }

            /// See [`TcpStream::try_write`].
            ///
            /// # Errors
            /// `WouldBlock` if the kernel takes nothing.
            pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                self.stream().try_write(buf)
            }

            /// Ends the writing direction: the peer reads to the end. See
            /// [`TcpStream::shutdown`].
            pub fn shutdown(&self) -> io::Result<()> {
                self.stream().shutdown(Shutdown::Write)
            }

            /// The address of this end.
            pub fn local_addr(&self) -> io::Result<SocketAddr> {
                self.stream().local_addr()
            }

            /// The address of the other end.
            pub fn peer_addr(&self) -> io::Result<SocketAddr> {
                self.stream().peer_addr()
            }
        }

        impl AsyncWrite for $Half {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.stream()).poll_write(cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.stream()).poll_write_vectored(cx, bufs)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.shutdown())
            }
        }
    };
}

reading_half!(ReadHalf<'_>);
reading_half!(OwnedReadHalf);
writing_half!(WriteHalf<'_>);
writing_half!(OwnedWriteHalf);
