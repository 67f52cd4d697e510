//! Tests of `proxy`: the environment is a map here, so that no test changes that of the others.

use super::*;

type Vars = &'static [(&'static str, &'static str)];

fn rules(settings: &Settings, vars: Vars) -> Rules {
    Rules::new(settings, |name| {
        let found = vars.iter().find(|(var, _)| *var == name);
        found.map(|(_, value)| value.to_string())
    })
}

/// The proxy that a URL is asked through, or "direct", or the error.
fn chosen(rules: &Rules, at: &str) -> String {
    let url = Url::parse(at).expect("a URL");
    let scheme = match url.scheme() {
        "https" => Scheme::Https,
        _ => Scheme::Http,
    };
    let host = url.host().expect("it has one").to_owned();
    let port = url.port_or_known_default().expect("it has one");
    match rules.proxy_for(scheme, &host, port) {
        Ok(Some(proxy)) => proxy.to_string(),
        Ok(None) => "direct".into(),
        Err(error) => error.to_string(),
    }
}

fn from_environment(vars: Vars, at: &str) -> String {
    chosen(&rules(&Settings::default(), vars), at)
}

/// Broken by: any name in `Rules::new`, or their order.
#[test]
fn each_scheme_has_its_variable_and_all_proxy_stands_in() {
    let vars: Vars = &[
        ("http_proxy", "http://a:1"),
        ("HTTPS_PROXY", "http://b:2"),
        ("ALL_PROXY", "socks5://c:3"),
    ];
    assert_eq!(from_environment(vars, "http://h/"), "http://a:1");
    assert_eq!(from_environment(vars, "https://h/"), "http://b:2");
    assert_eq!(from_environment(&vars[1..], "http://h/"), "socks5://c:3");
    assert_eq!(from_environment(&vars[2..], "https://h/"), "socks5://c:3");
    assert_eq!(from_environment(&[], "https://h/"), "direct");
    let both: Vars = &[("HTTPS_PROXY", "upper:1"), ("https_proxy", "lower:2")];
    assert_eq!(from_environment(both, "https://h/"), "http://lower:2");
    let empty: Vars = &[("http_proxy", ""), ("all_proxy", "http://c:3")];
    assert_eq!(from_environment(empty, "http://h/"), "direct");
}

/// Broken by: `HTTP_PROXY` among the names (X2).
#[test]
fn what_a_strangers_header_can_set_is_never_looked_at() {
    let vars: Vars = &[("HTTP_PROXY", "http://evil:1"), ("REQUEST_METHOD", "GET")];
    assert_eq!(from_environment(vars, "http://h/"), "direct");
    assert_eq!(from_environment(&vars[..1], "http://h/"), "direct");
    assert_eq!(from_environment(&vars[..1], "https://h/"), "direct");
}

#[test]
fn an_option_goes_before_the_environment() {
    let vars: Vars = &[("http_proxy", "http://a:1"), ("NO_PROXY", "h")];
    let with = |from, except: Option<&str>| {
        let except = except.map(String::from);
        rules(&Settings { from, except }, vars)
    };
    let option = || From::Option("socks5h://o".into());
    assert_eq!(chosen(&with(option(), None), "http://h/"), "direct");
    let no_exception = with(option(), Some(""));
    assert_eq!(chosen(&no_exception, "https://h/"), "socks5h://o:1080");
    assert_eq!(
        chosen(&with(From::Nowhere, Some("")), "http://h/"),
        "direct"
    );
}

/// Broken by: the parser's own port (`socks5://h:80` would become 1080), or no brackets.
#[test]
fn a_proxy_is_written_as_people_write_it() {
    let shown = |text: &str| Proxy::parse(text).expect(text).to_string();
    for (text, wanted) in [
        ("h:3128", "http://h:3128"),
        ("h", "http://h:80"),
        ("http://H:80/", "http://h:80"),
        ("me:pw@h:1", "http://h:1"),
        ("socks5://h", "socks5://h:1080"),
        ("socks5://h:80", "socks5://h:80"),
        ("SOCKS5H://Proxy.Example:9", "socks5h://proxy.example:9"),
        ("socks5://[::1]:9", "socks5://[::1]:9"),
        ("socks5://10.0.0.1:9", "socks5://10.0.0.1:9"),
    ] {
        assert_eq!(shown(text), wanted, "{text}");
    }
    let why = |text: &str| Proxy::parse(text).expect_err(text).what;
    assert!(why("socks4://h").contains("SOCKS4"));
    assert!(why("https://h").contains("TLS"));
    assert!(why("ftp://h").contains("begins with http"));
    assert!(why("http://").contains("no URL"));
    assert!(why("socks5://").contains("no host"));
    assert!(why("http://h:0").contains("port 0"));
    assert!(why("http://a%3Ab:c@h").contains("colon"));
    assert!(why(&format!("socks5://{}:c@h", "a".repeat(256))).contains("255"));
    assert!(why("socks5://a@h").contains("255"), "an empty password");
}

/// Broken by: deriving `Debug` for `Proxy` or `Settings` (X4).
#[test]
fn nothing_shown_of_a_proxy_has_its_credentials_in_it() {
    for text in ["http://me:secret@h:1", "socks5://me:secret@h:1"] {
        let settings = Settings {
            from: From::Option(text.into()),
            except: None,
        };
        let rules = rules(&settings, &[]);
        let shown = format!("{settings:?} {rules:?} {}", chosen(&rules, "http://x/"));
        assert!(
            !shown.contains("secret") && !shown.contains("me:"),
            "{shown}"
        );
        assert!(shown.contains("h:1"), "{shown}");
    }
    let bad = Settings {
        from: From::Option("socks4://me:secret@h\x1b:1".into()),
        except: None,
    };
    let shown = format!("{bad:?} {}", chosen(&rules(&bad, &[]), "http://x/"));
    assert!(
        !shown.contains("secret") && !shown.contains('\x1b'),
        "{shown}"
    );
}
