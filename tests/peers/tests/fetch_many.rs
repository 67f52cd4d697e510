//! Thousands of files from nginx: all of them at once, and from one that takes only so many.
//!
//! That 5,000 requests wait at the same moment is nothing that a fast machine proves by being
//! fast: nginx asks a gate here before it gives a file (`auth_request`), and the gate opens when
//! all have come. What nginx saw is counted from its log.

#![cfg(target_os = "linux")]

#[path = "../../fetch_support/mod.rs"]
mod fetch_support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fetch_support::{Folder, finish, program};
use hob_peers::peer::{Peer, installed, missing};
use socket2::{Domain, Socket, Type};

const ALL: usize = 5_000;

/// A file, its half, and a connection; and a few of our own.
const DESCRIPTORS: usize = 3 * ALL + 500;

/// Takes `count` connections, calls `full`, and then lets all of them in.
fn gate(count: usize, full: impl FnOnce() + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&anywhere.into()).unwrap();
    socket.listen(4096).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let opened = thread::spawn(move || {
        let waiting: Vec<_> = listener
            .incoming()
            .take(count)
            .map(Result::unwrap)
            .collect();
        full();
        for mut stream in waiting {
            let _ = stream.read(&mut [0; 4096]);
            stream
                .write_all(b"HTTP/1.0 204 No Content\r\n\r\n")
                .unwrap();
        }
    });
    (address, opened)
}

/// nginx with `count` files, and these lines in its `http` and its `location`. Its log has a line
/// for each request: what was asked for, the status, how many connections there were.
fn nginx(count: usize, http: &str, location: &str) -> Option<Peer> {
    let program = installed("nginx")?;
    Some(Peer::start(|folder, address| {
        fs::create_dir(folder.join("site")).unwrap();
        for number in 0..count {
            folder.write(&format!("site/{number}"), content(number));
        }
        let at = folder.path().display();
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;
            worker_rlimit_nofile {DESCRIPTORS};
            events {{ worker_connections {DESCRIPTORS}; }}
            http {{
                log_format counts '$uri $status $connections_active';
                access_log {at}/log counts;
                client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;
                fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi;
                scgi_temp_path {at}/scgi;
                keepalive_requests 1000000;
                proxy_read_timeout 300; send_timeout 300;
                {http}
                server {{
                    listen {address} backlog=4096;
                    root {at}/site;
                    location / {{ {location} }}
                    location /internal/ready {{ return 204; }}
                }}
            }}"
        );
        folder.write("nginx.conf", config);
        let mut command = Command::new(&program);
        command.arg("-p").arg(folder.path());
        command.args(["-c", "nginx.conf", "-e", "error.log"]);
        command
    }))
}

fn content(number: usize) -> String {
    format!("this is file {number}\n").repeat(1 + number % 100)
}

/// What nginx wrote down: path, status, connections at that moment.
fn log(nginx: &Peer) -> Vec<(String, u16, usize)> {
    let log = fs::read_to_string(nginx.folder.join("log")).unwrap();
    let lines = log.lines().map(|line| {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap_or_else(|| panic!("{line}"));
        let (path, status, connections) = (next().to_owned(), next(), next());
        (path, status.parse().unwrap(), connections.parse().unwrap())
    });
    lines.collect()
}

/// Fetches the first `count` files of nginx with these flags.
fn fetch(folder: &Folder, nginx: &Peer, count: usize, flags: &str) -> Child {
    let list: String = (0..count)
        .map(|n| format!("http://{}/{n}\n", nginx.address))
        .collect();
    fs::write(folder.join("list"), list).unwrap();
    let mut command = Command::new("sh");
    let script = format!("ulimit -n {DESCRIPTORS}; exec \"$fetch\" -q -i list -d out {flags}");
    command.args(["-c", &script]).env("fetch", program());
    command.current_dir(folder.path()).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("sh starts")
}

fn has_enough_descriptors() -> bool {
    let mut probe = Command::new("sh");
    probe
        .args(["-c", &format!("ulimit -n {DESCRIPTORS}")])
        .stderr(Stdio::null());
    let has = probe.status().is_ok_and(|status| status.success());
    if !has {
        missing(&format!("the right to {DESCRIPTORS} descriptors"));
    }
    has
}

#[track_caller]
fn has_all(folder: &Folder, count: usize) {
    for number in 0..count {
        let file = folder.read(&format!("out/{number}"));
        assert!(
            file == content(number).as_bytes(),
            "file {number} is another one"
        );
    }
    let there = fs::read_dir(folder.join("out")).unwrap().count();
    assert_eq!(there, count, "and nothing else is there");
}

/// The most memory that a process had so far, in KiB.
fn peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Broken by: leaving a limit of connections in the client below that of `-j`.
#[test]
fn five_thousand_files_are_fetched_at_once() {
    if !has_enough_descriptors() {
        return;
    }
    let (told, full) = std::sync::mpsc::channel();
    let (gate, opened) = gate(ALL, move || told.send(()).unwrap());
    let at_gate = format!(
        "auth_request /gate; }}
        location = /gate {{
            internal; proxy_pass http://{gate}; proxy_pass_request_body off;
            proxy_connect_timeout 300;"
    );
    let Some(nginx) = nginx(ALL, "", &at_gate) else {
        return;
    };
    let folder = Folder::new();
    let child = fetch(&folder, &nginx, ALL, "-j 5000 --timeout 300");
    full.recv_timeout(Duration::from_secs(300))
        .expect("all of them come to the gate");
    let each = peak(child.id()) / ALL as u64;
    finish(child).succeeded();
    opened.join().unwrap();
    has_all(&folder, ALL);
    let log = log(&nginx);
    let paths: BTreeSet<_> = log.iter().map(|(path, ..)| path).collect();
    assert_eq!(
        (log.len(), paths.len()),
        (ALL, ALL),
        "each was asked for once"
    );
    assert!(log.iter().all(|(_, status, _)| *status == 200));
    let most = log
        .iter()
        .map(|(.., connections)| *connections)
        .max()
        .unwrap();
    // nginx counts its own connections to the gate, too.
    assert!(most >= ALL, "{most} connections at the same moment");
    eprintln!("{ALL} at once: {each} KiB each, {most} connections of nginx");
    assert!(each < 60, "{each} KiB for each");
}

/// nginx answers 503 to the eleventh. Broken by: letting what was refused fail.
#[test]
fn from_a_server_that_takes_ten_at_once_a_crowd_gets_everything() {
    const COUNT: usize = 200;
    let zone = "limit_conn_zone $binary_remote_addr zone=all:1m;";
    // So slow that a file takes a moment, and ten at once are what is scarce.
    let Some(nginx) = nginx(COUNT, zone, "limit_conn all 10; limit_rate 1k;") else {
        return;
    };
    let folder = Folder::new();
    finish(fetch(&folder, &nginx, COUNT, "-j 64")).succeeded();
    has_all(&folder, COUNT);
    let log = log(&nginx);
    let refused = log.iter().filter(|(_, status, _)| *status == 503).count();
    eprintln!("{refused} refusals for {COUNT} files");
    assert_eq!(log.len(), COUNT + refused);
    assert!(refused > 0, "nobody was refused, so nothing was tried");
    assert!(refused < COUNT, "{refused} refusals");
}

/// nginx answers 429 to more than a hundred requests a second.
#[test]
fn from_a_server_that_counts_requests_a_crowd_gets_everything() {
    const COUNT: usize = 300;
    let zone = "limit_req_zone $binary_remote_addr zone=all:1m rate=100r/s; limit_req_status 429;";
    let Some(nginx) = nginx(COUNT, zone, "limit_req zone=all burst=20 nodelay;") else {
        return;
    };
    let folder = Folder::new();
    finish(fetch(&folder, &nginx, COUNT, "-j 64")).succeeded();
    has_all(&folder, COUNT);
    let refused = log(&nginx)
        .iter()
        .filter(|(_, status, _)| *status == 429)
        .count();
    eprintln!("{refused} refusals for {COUNT} files");
    assert!(refused < COUNT, "{refused} refusals");
}
