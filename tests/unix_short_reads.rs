//! A read of a Unix stream may stop short although more is there, and then goes on.
#![cfg(target_os = "linux")]

mod net_support;

use std::io::IoSlice;
use std::os::fd::AsRawFd;

use hob::net::UnixStream;
use net_support::{asleep_on_sockets, run, settle};

/// The bytes of one control message that passes `descriptor` to the peer (`cmsg(3)`).
fn pass(descriptor: i32) -> Vec<u8> {
    let header = size_of::<usize>() + 2 * size_of::<i32>();
    let mut bytes = (header + size_of::<i32>()).to_ne_bytes().to_vec();
    for word in [libc::SOL_SOCKET, libc::SCM_RIGHTS, descriptor] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(size_of::<usize>()), 0);
    bytes
}

/// Trap 2: a read stops behind a piece that came with a descriptor, however much lies behind
/// it. Broken by: `SHORT_READ_IS_ALL = true` for Unix streams.
#[test]
fn a_short_read_of_a_unix_stream_does_not_mean_that_nothing_is_left() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let reader = hob::spawn(async move {
            let mut buf = [0; 64];
            let first = there.read(&mut buf).await.unwrap();
            let second = there.read(&mut buf).await.unwrap();
            (first, second)
        });
        settle().await;
        assert_eq!(asleep_on_sockets(), 1);
        // Both pieces are there before the reader has its turn: one edge for both.
        let control = pass(here.as_raw_fd());
        let bytes = [IoSlice::new(b"abcd")];
        let message = socket2::MsgHdr::new();
        let message = message.with_buffers(&bytes).with_control(&control);
        let sent = socket2::SockRef::from(&here).sendmsg(&message, 0);
        assert_eq!(sent.unwrap(), 4);
        assert_eq!(here.try_write(b"efg").unwrap(), 3);
        assert_eq!(reader.await.unwrap(), (4, 3));
    });
}
