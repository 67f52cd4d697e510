//! UDP and Unix sockets that could not be made, or whose operations failed or were given up,
//! leave nothing behind: no descriptor, no source, no file.
//!
//! Descriptors belong to the whole process, so each test runs itself again as a process of its
//! own, where nothing else opens any.
#![cfg(unix)]

mod net_support;

use std::fs::{self, File};
use std::io;
use std::process::Command;

use futures_lite::future::poll_once;
use hob::net::{UdpSocket, UnixDatagram, UnixListener, UnixStream};
use net_support::{Folder, run, settle};

const CHILD: &str = "HOB_TEST_ALONE";

/// Runs `test` in a process of its own, which may have so many descriptors.
fn alone(name: &str, descriptors: usize, test: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return test();
    }
    let script = format!("ulimit -n {descriptors} && exec \"$0\" --exact {name} --nocapture");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "yes")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && said.contains("1 passed");
    assert!(passed, "{said}");
}

/// Takes every descriptor that is left.
fn take_all() -> Vec<File> {
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    taken
}

fn open_descriptors() -> usize {
    fs::read_dir("/dev/fd").unwrap().count()
}

#[track_caller]
fn scarce<T>(result: io::Result<T>) {
    let error = result.err().expect("there was a descriptor left");
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
}

#[test]
fn without_a_descriptor_each_socket_is_one_clear_error_and_leaves_nothing() {
    let name = "without_a_descriptor_each_socket_is_one_clear_error_and_leaves_nothing";
    alone(name, 64, || {
        run(async {
            let folder = Folder::new();
            let path = folder.path("listener");
            let _listener = UnixListener::bind(&path).unwrap();
            let (descriptors, sources) = (open_descriptors(), hob::metrics().live_sources);
            let mut taken = take_all();
            for _ in 0..3 {
                scarce(UdpSocket::bind("127.0.0.1:0").await);
                scarce(UnixDatagram::unbound());
                scarce(UnixDatagram::bind(folder.path("datagram")));
                scarce(UnixListener::bind(folder.path("another")));
                scarce(UnixStream::connect(&path).await);
                scarce(UnixStream::pair());
            }
            // One is not enough for two.
            taken.pop();
            for _ in 0..3 {
                scarce(UnixStream::pair());
                scarce(UnixDatagram::pair());
            }
            drop(taken);
            assert_eq!(hob::metrics().live_sources, sources);
            assert_eq!(open_descriptors(), descriptors);
            // The names that could not be bound were not taken either.
            UnixDatagram::bind(folder.path("datagram")).unwrap();
            UnixListener::bind(folder.path("another")).unwrap();
            UdpSocket::bind("127.0.0.1:0").await.unwrap();
        });
    });
}

/// Trap 21. Broken by: `side.set_drained()` after an error in `Source::attempt`.
#[test]
fn a_connection_that_could_not_be_accepted_waits_until_it_can() {
    let name = "a_connection_that_could_not_be_accepted_waits_until_it_can";
    alone(name, 64, || {
        run(async {
            let folder = Folder::new();
            let path = folder.path("listener");
            let listener = UnixListener::bind(&path).unwrap();
            assert!(poll_once(listener.accept()).await.is_none());
            let client = UnixStream::connect(&path).await.unwrap();
            let taken = take_all();
            scarce(listener.accept().await);
            scarce(listener.accept().await);
            drop(taken);
            // No event tells of the connection again.
            let (server, _) = listener.accept().await.unwrap();
            server.write_all(b"at last").await.unwrap();
            assert_eq!(client.read(&mut [0; 16]).await.unwrap(), 7);
        });
    });
}

/// Trap 16. Broken by: forgetting `io` in the drop of `Source`.
#[test]
fn refused_cancelled_and_failed_operations_leave_nothing_open() {
    let name = "refused_cancelled_and_failed_operations_leave_nothing_open";
    alone(name, 64, || {
        run(async {
            let folder = Folder::new();
            let path = folder.path("listener");
            drop(UnixListener::bind(&path).unwrap());
            settle().await;
            let (descriptors, sources) = (open_descriptors(), hob::metrics().live_sources);
            for _ in 0..200 {
                assert!(UnixStream::connect(&path).await.is_err());
                assert!(UnixStream::connect(folder.path("nobody")).await.is_err());
                assert!(UnixListener::bind(&path).is_err());
                assert!(UnixDatagram::bind(&path).is_err());
                assert!(UnixDatagram::unbound().unwrap().connect(&path).is_err());

                let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                assert!(UdpSocket::bind(udp.local_addr().unwrap()).await.is_err());
                assert!(poll_once(udp.recv(&mut [0; 8])).await.is_none());
                let (here, there) = UnixStream::pair().unwrap();
                let (reading, writing) = here.into_split();
                assert!(poll_once(reading.read(&mut [0; 8])).await.is_none());
                // Outside of a runtime nothing can be registered, and the socket is closed.
                let (udp, there) = (udp.into_std().unwrap(), there.into_std().unwrap());
                let failed = std::thread::spawn(move || {
                    UdpSocket::from_std(udp).is_err() && UnixStream::from_std(there).is_err()
                });
                assert!(failed.join().unwrap());
                drop((reading, writing));
            }
            settle().await;
            assert_eq!(hob::metrics().live_sources, sources);
            assert_eq!(open_descriptors(), descriptors);
        });
    });
}
