//! However an operation ends, descriptors and slots are back to where they were. Alone in its
//! file, because it counts the descriptors of the whole process.
#![cfg(target_os = "linux")]

mod tcp_support;

use std::io::ErrorKind;

use futures_lite::future::poll_once;
use hob::net::{TcpListener, TcpSocket, TcpStream};
use tcp_support::{pair, run, settle};

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Trap 16. Broken by: leaving `self.release(&slot)` out of `register` (slots, seen in
/// `reactor::tests`), or by forgetting a socket on any way out of these operations.
#[test]
fn refused_cancelled_and_failed_operations_leave_nothing_open() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let held = TcpSocket::new_v4().unwrap();
        held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let refusing = held.local_addr().unwrap();
        settle().await;
        let (descriptors_before, before) = (descriptors(), hob::metrics());
        for _ in 0..200 {
            let error = TcpStream::connect(refusing).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            let error = TcpListener::bind(addr).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            // 240.0.0.0/4 is nobody's: `connect(2)` itself fails, or nobody answers.
            let unreachable = TcpStream::connect("240.0.0.1:9");
            drop(poll_once(Box::pin(unreachable)).await);
            drop(TcpStream::connect(addr));
            assert!(poll_once(listener.accept()).await.is_none());

            let (here, there) = pair().await;
            let (reading, writing) = here.into_split();
            assert!(poll_once(reading.read(&mut [0; 8])).await.is_none());
            let std = there.into_std().unwrap();
            // Outside of a runtime nothing can be registered, and the socket is closed.
            let failed = std::thread::spawn(|| TcpStream::from_std(std).map(drop));
            assert!(failed.join().unwrap().is_err());
            drop((reading, writing));
        }
        settle().await;
        let after = hob::metrics();
        assert_eq!(after.live_sources, before.live_sources);
        assert_eq!(after.live_tasks, before.live_tasks);
        assert_eq!(descriptors(), descriptors_before);
    });
}
