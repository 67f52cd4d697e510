//! `https` through proxies: what goes into the tunnel is TLS with the host, whose certificate is
//! checked as if there were no proxy, and the proxy sees nothing of the request.

mod tls_support;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use hob::http::{Client, ErrorKind};
use tls_support::{Ca, Server, hello};

/// What a proxy was told before it only passed bytes on.
type Told = Arc<Mutex<Vec<String>>>;

fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Passes bytes on, both ways, until both have ended.
fn pass_on(mut here: TcpStream, host: SocketAddr) -> io::Result<()> {
    let mut there = TcpStream::connect(host)?;
    let (mut from, mut to) = (here.try_clone()?, there.try_clone()?);
    let up = thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = io::copy(&mut there, &mut here);
    let _ = here.shutdown(std::net::Shutdown::Write);
    let _ = up.join();
    Ok(())
}

fn http_proxy(host: SocketAddr, told: Told) -> Server {
    Server::tcp(move |mut socket, _| {
        let head = read_head(&mut socket)?;
        told.lock().expect("no panic").push(head);
        socket.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
        pass_on(socket, host)
    })
}

fn socks_proxy(host: SocketAddr) -> Server {
    Server::tcp(move |mut socket, _| {
        socket.read_exact(&mut [0; 3])?;
        socket.write_all(&[5, 0])?;
        let mut request = [0; 5];
        socket.read_exact(&mut request)?;
        socket.read_exact(&mut vec![0; usize::from(request[4]) + 2])?;
        socket.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
        pass_on(socket, host)
    })
}

fn through(proxy: String, ca: &Ca) -> Client {
    let client = Client::builder().only_root_certificates(ca.roots());
    client.proxy(proxy).no_proxy_for("").build()
}

#[test]
fn the_certificate_must_be_that_of_the_host_behind_the_proxy() {
    let ca = Ca::new();
    let host = Server::tls(ca.good().config(), hello);
    let told = Told::default();
    let http = http_proxy(host.address, told.clone());
    let socks = socks_proxy(host.address);
    for proxy in [
        format!("http://user:pw@{}", http.address),
        format!("socks5h://{}", socks.address),
    ] {
        hob::block_on(async {
            let client = through(proxy, &ca);
            // Names that only the proxy finds. The certificate is for one of them.
            let response = client.get("https://localhost:4433/a?secret").send().await;
            let response = response.expect("it is trusted");
            assert!(response.tls().is_some());
            assert_eq!(response.text().await.expect("it came"), "hello");
            let error = client.get("https://other.test:4433/").send().await;
            let error = error.expect_err("the certificate is for another name");
            assert!(matches!(error.kind(), ErrorKind::Tls(_)), "{error}");
        });
    }
    let told = told.lock().expect("no panic").concat();
    assert!(
        told.starts_with("CONNECT localhost:4433 HTTP/1.1\r\n"),
        "{told}"
    );
    assert!(!told.contains("secret"), "{told}");
}
