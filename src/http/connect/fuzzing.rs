//! Promises of what is between us and the host: the list of exceptions, the settings of a
//! proxy, and what a proxy answers. See `http/fuzzing`, which hands them on.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::url::{Host, Url};
use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::block_on;

use super::exceptions::Exceptions;
use super::proxy::{Login, Proxy};
use super::{socks, tunnel};
use crate::http::conn::Transport;
use crate::http::error::ProxyFault;

/// A peer that says what it was made with, in these pieces, and then ends. It counts what is
/// heard of it, and hears everything.
struct Answer<'a> {
    pieces: Vec<&'a [u8]>,
    heard: usize,
}

impl AsyncRead for Answer<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.pieces.retain(|piece| !piece.is_empty());
        let Some(piece) = self.pieces.first_mut() else {
            return Poll::Ready(Ok(0));
        };
        let count = piece.len().min(into.len());
        into[..count].copy_from_slice(&piece[..count]);
        *piece = &piece[count..];
        self.heard += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Answer<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Transport for Answer<'_> {
    fn read_now(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn has_news(&self) -> bool {
        false
    }
}

/// Who the requests are for, and where it is.
const HOSTS: [&str; 6] = [
    "http://example.com/",
    "http://www.example.com:81/",
    "https://a.b.test./",
    "http://127.0.0.1/",
    "http://10.9.8.7:8080/",
    "http://[fd00::1]/",
];

fn covers(list: &str, url: &str) -> bool {
    let url = Url::parse(url).expect("it is one of ours");
    let host = url.host().expect("it has one").to_owned();
    let port = url.port_or_known_default().expect("it is http");
    Exceptions::parse(list).covers(&host, port)
}

/// A `no_proxy`: it covers what one of its entries covers, whatever the case is and whatever
/// stands between them.
pub fn no_proxy(data: &[u8]) {
    let list = String::from_utf8_lossy(data);
    let is_between = |c: char| c == ',' || c.is_whitespace();
    for url in HOSTS {
        let by_one = list.split(is_between).any(|entry| covers(entry, url));
        assert_eq!(covers(&list, url), by_one, "{url}");
        assert_eq!(covers(&list.to_ascii_uppercase(), url), by_one, "{url}");
        assert_eq!(
            covers(&list.replace(is_between, " , "), url),
            by_one,
            "{url}"
        );
        assert!(covers(&format!("{list},*"), url), "{url}");
    }
}

/// The setting of a proxy: what is shown of it is printable, has no userinfo, and leads to the
/// same proxy; also what is shown of one that is none.
pub fn proxy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let proxy = match Proxy::parse(&text) {
        Ok(proxy) => proxy,
        Err(mistake) => {
            let shown = format!("{mistake:?}");
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
            return;
        }
    };
    assert_ne!(proxy.port, 0);
    let shown = proxy.to_string();
    assert!(
        !shown.contains('@') && !shown.chars().any(char::is_control),
        "{shown:?}"
    );
    let again = Proxy::parse(&shown).unwrap_or_else(|mistake| panic!("{shown}: {mistake:?}"));
    assert_eq!(
        (again.host, again.port),
        (proxy.host, proxy.port),
        "{shown}"
    );
}

/// What a SOCKS5 proxy says (S1): how it is split makes no difference, what stands behind the
/// last answer is not heard, and no answer is longer than 2 + 2 + 262 bytes.
pub fn socks(data: &[u8]) {
    let login = || Login {
        name: b"me".to_vec(),
        password: b"secret".to_vec(),
    };
    let host = Host::Domain("example.com".to_string());
    for login in [None, Some(login())] {
        let open = |pieces| {
            let mut io = Answer { pieces, heard: 0 };
            let result = block_on(socks::open(&mut io, &host, 80, login.as_ref()));
            (io.heard, result)
        };
        let heard = check(data, open);
        assert!(heard <= 2 + 2 + 262, "S1");
    }
}

/// What an HTTP proxy answers to `CONNECT` (T1, T2): the same. After a yes nothing was heard
/// but the head.
pub fn tunnel(data: &[u8]) {
    let proxy = Proxy::parse("http://me:secret@proxy.test").expect("it is one");
    let open = |pieces| {
        let mut io = Answer { pieces, heard: 0 };
        let result = block_on(tunnel::open(&mut io, "example.com:443", &proxy));
        (io.heard, result)
    };
    let result = open(vec![data]);
    if let (heard, Ok(())) = result {
        assert!(data.len() == heard, "T2");
        assert!(data.ends_with(b"\n\n") || data.ends_with(b"\n\r\n"), "T2");
    }
}

/// Does `open` for `data` in all ways to split it. How much was heard.
fn check<'a>(
    data: &'a [u8],
    open: impl Fn(Vec<&'a [u8]>) -> (usize, Result<(), ProxyFault>),
) -> usize {
    let in_words = |result: Result<(), ProxyFault>| result.map_err(|fault| fault.to_string());
    let (heard, result) = open(vec![data]);
    let result = in_words(result);
    for size in [1, 3] {
        let (heard_split, split) = open(data.chunks(size).collect());
        assert_eq!((heard_split, &in_words(split)), (heard, &result), "{size}");
    }
    if result.is_ok() {
        let (heard_less, less) = open(vec![&data[..heard]]);
        assert!(heard_less == heard && less.is_ok());
        if let Some(cut) = heard.checked_sub(1) {
            assert!(open(vec![&data[..cut]]).1.is_err(), "S1");
        }
    }
    heard
}
