//! Tables of who may set which cookie, and who gets it back.

use std::time::Duration;

use super::*;
use crate::http::cookies::netscape;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

/// What a request for the second URL brings along, after each of `texts` was set at the first.
fn brought(from: &str, texts: &[&str], to: &str) -> String {
    let mut store = Store::default();
    for text in texts {
        store.set(&url(from), text.as_bytes(), now());
    }
    sent(&mut store, to, Method::GET, Led::Here)
}

fn sent(store: &mut Store, to: &str, method: Method, led: Led) -> String {
    let value = store.cookies_for(&url(to), &method, led, now());
    value.map_or(String::new(), |value| {
        assert!(value.is_sensitive());
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    })
}

/// Broken by: any condition less in `grant`, `is_for` or `is_within`.
#[test]
fn a_cookie_goes_to_the_hosts_that_it_is_for() {
    let cases = [
        ("http://h/", "a=b", "http://h/x", "a=b"),
        ("http://h:81/", "a=b", "http://h:82/", "a=b"),
        ("http://h/", "a=b", "https://h/", "a=b"),
        ("http://h.example/", "a=b", "http://x.h.example/", ""),
        ("http://h.example/", "a=b", "http://example/", ""),
        (
            "http://h.example/",
            "a=b; Domain=h.example",
            "http://x.h.example/",
            "a=b",
        ),
        (
            "http://x.h.example/",
            "a=b; Domain=.H.Example",
            "http://y.h.example/",
            "a=b",
        ),
        (
            "http://x.h.example/",
            "a=b; Domain=y.h.example",
            "http://y.h.example/",
            "",
        ),
        (
            "http://h.example/",
            "a=b; Domain=x.h.example",
            "http://x.h.example/",
            "",
        ),
        (
            "http://xh.example/",
            "a=b; Domain=h.example",
            "http://h.example/",
            "",
        ),
        // C1
        (
            "http://h.co.uk/",
            "a=b; Domain=co.uk",
            "http://h.co.uk/",
            "",
        ),
        (
            "http://h.example/",
            "a=b; Domain=example",
            "http://h.example/",
            "",
        ),
        (
            "http://h.example./",
            "a=b; Domain=example.",
            "http://k.example./",
            "",
        ),
        (
            "http://me.github.io/",
            "a=b; Domain=github.io",
            "http://me.github.io/",
            "",
        ),
        (
            "http://github.io/",
            "a=b; Domain=github.io",
            "http://github.io/",
            "a=b",
        ),
        (
            "http://github.io/",
            "a=b; Domain=github.io",
            "http://me.github.io/",
            "",
        ),
        (
            "http://localhost/",
            "a=b; Domain=localhost",
            "http://localhost/",
            "a=b",
        ),
        ("http://h/", "a=b; Domain=..", "http://h/", ""),
        (
            "http://b\u{fc}cher.example/",
            "a=b; Domain=xn--bcher-kva.example",
            "http://xn--bcher-kva.example/",
            "a=b",
        ),
        (
            "http://xn--bcher-kva.example/",
            "a=b; Domain=b\u{fc}cher.example",
            "http://xn--bcher-kva.example/",
            "",
        ),
        // Addresses are below nobody.
        (
            "http://127.0.0.1/",
            "a=b; Domain=127.0.0.1",
            "http://127.0.0.1/",
            "a=b",
        ),
        (
            "http://127.0.0.1/",
            "a=b; Domain=0.0.1",
            "http://127.0.0.1/",
            "",
        ),
        ("http://127.0.0.1/", "a=b", "http://0x7f.1/", "a=b"),
        ("http://[::1]/", "a=b; Domain=[::1]", "http://[::1]/", "a=b"),
    ];
    for (from, text, to, wanted) in cases {
        assert_eq!(
            brought(from, &[text], to),
            wanted,
            "{text:?} at {from}, to {to}"
        );
    }
}

/// Broken by: `default_path` for what begins with no slash, or `sort_by_key`.
#[test]
fn paths_choose_and_the_longer_one_comes_first() {
    let set = [
        "a=1",
        "b=2; Path=/",
        "c=3; Path=/x/y",
        "d=4; Path=/x",
        "e=5; Path=z",
    ];
    let from = "http://h/x/page";
    assert_eq!(
        brought(from, &set, "http://h/x/y/z"),
        "c=3; a=1; d=4; e=5; b=2"
    );
    assert_eq!(brought(from, &set, "http://h/x"), "a=1; d=4; e=5; b=2");
    assert_eq!(brought(from, &set, "http://h/xy"), "b=2");
}

/// Broken by: any condition less in `grant`, `would_hide_a_secure_one` or `cookies_for`.
#[test]
fn what_is_secure_is_neither_sent_nor_replaced_over_http() {
    let (https, http) = ("https://h.example/", "http://h.example/");
    let secure = "a=b; Secure";
    assert_eq!(brought(https, &[secure], https), "a=b");
    assert_eq!(brought(https, &[secure], http), "");
    assert_eq!(brought(http, &[secure], https), "");
    for text in [
        "a=evil",
        "a=evil; Domain=h.example",
        "a=evil; Path=/x",
        "a=x; Max-Age=0",
    ] {
        let mut store = Store::default();
        store.set(&url(https), secure.as_bytes(), now());
        assert!(
            !store.set(&url("http://h.example/x"), text.as_bytes(), now()),
            "{text}"
        );
        assert_eq!(
            sent(&mut store, "https://h.example/x", Method::GET, Led::Here),
            "a=b"
        );
        assert!(store.set(&url(http), b"b=fine", now()));
    }
    let mut store = Store::default();
    let below = "a=b; Secure; Path=/login";
    store.set(&url(https), below.as_bytes(), now());
    assert!(
        store.set(&url(http), b"a=c; Path=/", now()),
        "it comes after that one"
    );
}

/// Broken by: any condition less in `keeps_its_promise`.
#[test]
fn a_prefix_is_a_promise() {
    let https = "https://x.h.example/p/";
    let cases = [
        ("__Secure-a=b; Secure", true),
        ("__Secure-a=b", false),
        ("__secure-a=b", false),
        ("__Host-a=b; Secure; Path=/", true),
        ("__Host-a=b; Secure", false),
        ("__Host-a=b; Secure; Path=/p", false),
        ("__Host-a=b; Path=/", false),
        ("__HOST-a=b; Secure; Path=/; Domain=h.example", false),
        ("__Host-a=b; Secure; Path=/; Domain=", true),
        ("=__Host-a=b; Secure; Path=/", false),
        ("__Secure-a", false),
        ("__Hosta=b", true),
        ("a=b; SameSite=None", false),
        ("a=b; SameSite=None; Secure", true),
    ];
    for (text, wanted) in cases {
        assert_eq!(!brought(https, &[text], https).is_empty(), wanted, "{text}");
    }
}

/// Broken by: any line of `goes_along`.
#[test]
fn what_another_sites_redirect_led_to_brings_less() {
    let mut store = Store::default();
    for text in [
        "s=1; SameSite=Strict",
        "l=2; SameSite=Lax",
        "d=3",
        "n=4; SameSite=None; Secure",
    ] {
        store.set(&url("https://h/"), text.as_bytes(), now());
    }
    let mut sent = |method, led| sent(&mut store, "https://h/", method, led);
    assert_eq!(sent(Method::POST, Led::Here), "s=1; l=2; d=3; n=4");
    assert_eq!(sent(Method::GET, Led::FromElsewhere), "l=2; d=3; n=4");
    assert_eq!(sent(Method::POST, Led::FromElsewhere), "n=4");
}

#[test]
fn a_new_value_takes_the_place_of_the_old_one_and_one_that_is_over_removes_it() {
    let mut store = Store::default();
    let mut set = |text: &str| {
        store.set(&url("http://h/"), text.as_bytes(), now());
        sent(&mut store, "http://h/", Method::GET, Led::Here)
    };
    set("a=1");
    set("b=2");
    assert_eq!(set("a=3"), "a=3; b=2");
    assert_eq!(set("A=4"), "a=3; b=2; A=4", "another name");
    assert_eq!(set("a=; Max-Age=0"), "b=2; A=4");
    assert_eq!(set("b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), "A=4");
    assert_eq!(store.len(), 1);
    let later = now() + Duration::from_secs(61);
    store.set(&url("http://h/"), b"A=5; Max-Age=60", now());
    let value = store.cookies_for(&url("http://h/"), &Method::GET, Led::Here, later);
    assert_eq!(value, None);
}

/// Broken by: any of the limits.
#[test]
fn nobody_can_fill_the_memory_or_make_requests_too_long() {
    let mut store = Store::default();
    store.set(&url("https://h.example/"), b"keep=1; Secure", now());
    for number in 0..MOST_OF_A_SITE {
        let text = format!("c{number}=x");
        store.set(&url("http://h.example/"), text.as_bytes(), now());
    }
    let here = sent(&mut store, "https://h.example/", Method::GET, Led::Here);
    assert_eq!(store.len(), MOST_OF_A_SITE);
    assert!(
        here.starts_with("keep=1; c1=x"),
        "the oldest that is not secure went"
    );

    for number in 0..MOST {
        let host = format!("http://h{number}.test{}.example/", number / 100);
        store.set(&url(&host), b"a=b", now());
    }
    assert_eq!(store.len(), MOST);

    let mut store = Store::default();
    for number in 0..10 {
        let text = format!("c{number}={}", "x".repeat(1000));
        store.set(&url("http://h/"), text.as_bytes(), now());
    }
    let sent = sent(&mut store, "http://h/", Method::GET, Led::Here);
    assert!((7 * 1000..=LONGEST).contains(&sent.len()), "{}", sent.len());
    store.clear_session();
    assert_eq!(store.len(), 0);
}

/// A stranger's text is read from end to end, whatever is in it; what is kept of it comes
/// through a file.
#[test]
fn no_text_breaks_anything() {
    let pieces: [&[u8]; 16] = [
        b"a",
        b"=",
        b"; Path=/",
        b" ",
        b"\t",
        b"\xff",
        b"; Max-Age=",
        b"-",
        b"9",
        b"; Expires=",
        b";",
        b"/",
        b"; Domain=",
        b".",
        b"h.example",
        b"; SameSite",
    ];
    let (mut seed, mut kept) = (1_u64, 0);
    for _ in 0..20_000 {
        let mut text = Vec::new();
        for _ in 0..12 {
            // Knuth's numbers: any that jump about will do.
            seed = seed.wrapping_mul(6_364_136_223_846_793_005);
            seed = seed.wrapping_add(1_442_695_040_888_963_407);
            text.extend_from_slice(pieces[(seed >> 60) as usize]);
        }
        let mut store = Store::default();
        store.set(&url("https://x.h.example/a/b"), &text, now());
        let _ = store.cookies_for(&url("http://h.example/"), &Method::GET, Led::Here, now());
        let (mut again, file) = (Store::default(), netscape::write(&store, now()));
        netscape::read(&mut again, &file, now()).unwrap_or_else(|e| panic!("{e}: {text:?}"));
        assert_eq!(netscape::write(&again, now()), file, "{text:?}");
        kept += store.len();
    }
    assert!(kept > 5_000, "most of them are no cookies, {kept} are");
}
