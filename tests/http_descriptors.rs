//! Failing requests leave no descriptor open, and having none left is one clear error.
//!
//! Descriptors belong to the whole process, so each test runs itself again as a process of its
//! own, where nothing else opens any.
#![cfg(all(unix, feature = "http"))]

mod http_support;

use std::fs::{File, read_dir};
use std::process::Command;

use hob::http::{Client, ErrorKind};
use http_support::{Server, nobody, ok, wait_until};

const CHILD: &str = "HOB_TEST_CHILD";

/// Runs `test` in a process of its own, under a limit of so many descriptors.
fn alone(name: &str, descriptors: usize, test: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return test();
    }
    let program = std::env::current_exe().expect("a test has a program");
    let script = format!("ulimit -n {descriptors}; exec \"$0\" --exact {name} --nocapture");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(program)
        .env(CHILD, "1")
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

fn open_descriptors() -> usize {
    read_dir("/dev/fd").expect("unix has it").count()
}

/// Broken by: a lease that is forgotten instead of dropped.
#[test]
fn a_thousand_failures_leave_no_descriptor_open() {
    alone("a_thousand_failures_leave_no_descriptor_open", 256, || {
        let server = Server::start(|peer| {
            let n = peer.number;
            peer.request();
            match n % 4 {
                0 => peer.reset(),
                1 => _ = peer.say("HTTP/1.1 200 O"),
                2 => _ = peer.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"),
                _ => _ = peer.say("rubbish"),
            }
        });
        let refused = format!("http://{}/", nobody());
        hob::block_on(async {
            let client = Client::new();
            let fail = async || {
                for n in 0..100 {
                    let url = if n % 10 == 0 {
                        refused.clone()
                    } else {
                        server.url("/")
                    };
                    if let Ok(response) = client.get(url).send().await {
                        response.bytes().await.unwrap_err();
                    }
                }
                wait_until(|| server.open() == 0);
            };
            fail().await;
            let before = open_descriptors();
            for _ in 0..10 {
                fail().await;
            }
            assert_eq!(open_descriptors(), before);
        });
    });
}

#[test]
fn no_descriptor_left_is_an_error_and_not_the_end() {
    alone("no_descriptor_left_is_an_error_and_not_the_end", 64, || {
        let server = Server::always(ok("hello"));
        hob::block_on(async {
            let client = Client::new();
            let mut files = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                files.push(file);
            }
            let error = client.get(server.url("/")).send().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Connect(_)), "{error}");
            assert!(error.to_string().contains("open files"), "{error}");
            // Two: one for us, one for the server in this same process.
            files.truncate(files.len() - 2);
            let response = client.get(server.url("/")).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "hello");
        });
    });
}
