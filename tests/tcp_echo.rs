//! TCP connections move bytes, both ways, in every manner there is to read and write.

use std::io::{IoSlice, IoSliceMut};
use std::net::Shutdown;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use hob::net::{TcpListener, TcpStream};

/// Two ends of one connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (there, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, here.local_addr().unwrap());
    (here, there)
}

/// Bytes that show it when some are lost, doubled or out of order.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

#[test]
fn what_is_written_here_is_read_there_and_back() {
    hob::block_on(async {
        let (here, there) = pair().await;
        let echo = hob::spawn(async move {
            let mut buf = [0; 777];
            loop {
                match there.read(&mut buf).await.unwrap() {
                    0 => break,
                    n => there.write_all(&buf[..n]).await.unwrap(),
                }
            }
        });
        // More than all buffers of the kernel hold: both ends must wait for each other.
        let sent = pattern(8 << 20);
        let (reading, writing) = here.into_split();
        let bytes = sent.clone();
        let writer = hob::spawn(async move { writing.write_all(&bytes).await });
        let mut got = Vec::new();
        assert_eq!(reading.read_to_end(&mut got).await.unwrap(), sent.len());
        assert!(got == sent);
        writer.await.unwrap().unwrap();
        echo.await.unwrap();
    });
}

#[test]
fn the_traits_of_futures_io_do_the_same_as_the_methods() {
    hob::block_on(async {
        let (mut here, there) = pair().await;
        AsyncWriteExt::write_all(&mut here, b"abc").await.unwrap();
        AsyncWriteExt::flush(&mut here).await.unwrap();
        AsyncWriteExt::close(&mut here).await.unwrap();
        let mut got = String::new();
        (&there).read_to_string(&mut got).await.unwrap();
        assert_eq!(got, "abc");
    });
}

#[test]
fn several_buffers_are_written_and_read_in_one_call() {
    hob::block_on(async {
        let (here, there) = pair().await;
        let n = here
            .write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"cde")])
            .await;
        assert_eq!(n.unwrap(), 5);
        let (mut a, mut b) = ([0; 3], [0; 3]);
        let mut bufs = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        assert_eq!(there.read_vectored(&mut bufs).await.unwrap(), 5);
        assert_eq!((&a, &b), (b"abc", b"de\0"));

        assert_eq!(here.try_write_vectored(&[IoSlice::new(b"fg")]).unwrap(), 2);
        there.readable().await.unwrap();
        let mut bufs = [IoSliceMut::new(&mut a)];
        assert_eq!(there.try_read_vectored(&mut bufs).unwrap(), 2);
    });
}

#[test]
fn a_future_that_is_dropped_while_it_waits_takes_no_byte() {
    hob::block_on(async {
        let (here, there) = pair().await;
        for _ in 0..3 {
            let mut buf = [0; 4];
            let read = there.read(&mut buf);
            assert!(futures_lite::future::poll_once(read).await.is_none());
        }
        here.write_all(b"whole").await.unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        let mut got = Vec::new();
        there.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"whole");
    });
}

#[test]
fn halves_of_different_streams_do_not_reunite() {
    hob::block_on(async {
        let (here, there) = pair().await;
        let (read_here, write_here) = here.into_split();
        let (read_there, write_there) = there.into_split();
        let error = read_here.reunite(write_there).unwrap_err();
        assert!(error.to_string().contains("two different streams"));
        let hob::net::ReuniteError(read_here, write_there) = error;
        let here = write_here.reunite(read_here).unwrap();
        let there = read_there.reunite(write_there).unwrap();
        here.write_all(b"x").await.unwrap();
        assert_eq!(
            there.read(&mut [0; 2]).await.unwrap(),
            1,
            "nobody was shut down"
        );
    });
}
