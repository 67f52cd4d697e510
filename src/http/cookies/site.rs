//! Which hosts belong together, and which paths (§5.1.3, §5.1.4, and the public suffixes).
//!
//! A *public suffix* is a name below which strangers have names: `com`, `co.uk`, `github.io`. A
//! *site* is all below one name that somebody registered there. Which is which cannot be told
//! from a name; the list that browsers use is compiled in (`psl`).

use ::url::{Host, Url};

/// The host of a URL, as cookies know it: lower case, punycode, brackets around IPv6.
pub(crate) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// The name under which cookies for `host` are kept: the registered name that it is below. An
/// address, a public suffix and a name like `localhost` are sites by themselves.
pub(crate) fn site(host: &str) -> &str {
    let name = undotted(host);
    match is_address(name) {
        true => name,
        false => psl::domain_str(name).unwrap_or(name),
    }
}

/// Scheme and site: who overhears the one is not the other (§5.2).
pub(crate) fn are_one_site(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme() && site(host(one)) == site(host(other))
}

/// May nobody speak for all below this name (C1)?
pub(crate) fn is_public_suffix(domain: &str) -> bool {
    let name = undotted(domain);
    !is_address(name) && psl::suffix_str(name) == Some(name)
}

/// Is `host` the domain, or below it (§5.1.3)? Nothing is below an address.
pub(crate) fn is_within(host: &str, domain: &str) -> bool {
    let below = || {
        let above = host.strip_suffix(domain)?;
        Some(above.ends_with('.') && !is_address(host))
    };
    host == domain || (!domain.is_empty() && below() == Some(true))
}

/// The canonical form of a domain as somebody wrote it; `None` if no host is called so.
pub(crate) fn canonical(domain: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(domain)
        .ok()
        .filter(|text| text.is_ascii())?;
    Host::parse(text).ok().map(|host| host.to_string())
}

/// What a cookie without a path is for (§5.1.4): all beside the page that set it.
pub(crate) fn default_path(url: &Url) -> &str {
    let path = url.path();
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

/// Is `path` at, or below, a cookie's path (§5.1.4)?
pub(crate) fn is_below(path: &[u8], of_cookie: &[u8]) -> bool {
    path.strip_prefix(of_cookie)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || of_cookie.ends_with(b"/"))
}

/// The dot that may end a full name would hide a suffix from the list.
fn undotted(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

fn is_address(host: &str) -> bool {
    let is_v6 = host.starts_with('[');
    is_v6 || host.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Broken by: `is_public_suffix` without `undotted`.
    #[test]
    fn a_public_suffix_is_what_the_list_says_and_any_name_of_one_word() {
        for suffix in [
            "com",
            "com.",
            "co.uk",
            "github.io",
            "localhost",
            "xn--fiqs8s",
            "c.kobe.jp",
        ] {
            assert!(is_public_suffix(suffix), "{suffix}");
        }
        for name in [
            "example.com",
            "city.kobe.jp",
            "me.github.io",
            "127.0.0.1",
            "[::1]",
            "",
        ] {
            assert!(!is_public_suffix(name), "{name}");
        }
    }

    #[test]
    fn a_site_is_all_below_a_registered_name() {
        let sites = [
            ("example.com", "example.com"),
            ("a.b.example.com", "example.com"),
            ("a.example.co.uk.", "example.co.uk"),
            ("me.github.io", "me.github.io"),
            ("github.io", "github.io"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
        ];
        for (host, wanted) in sites {
            assert_eq!(site(host), wanted, "{host}");
        }
        let url = |text| Url::parse(text).expect("a URL");
        assert!(are_one_site(
            &url("http://a.example.com/"),
            &url("http://example.com:81/x")
        ));
        assert!(!are_one_site(
            &url("http://example.com/"),
            &url("https://example.com/")
        ));
        assert!(!are_one_site(
            &url("http://a.github.io/"),
            &url("http://b.github.io/")
        ));
    }

    #[test]
    fn a_host_is_within_the_domains_above_it() {
        let within = [("a.b.c", "b.c"), ("b.c", "b.c"), ("127.0.0.1", "127.0.0.1")];
        for (host, domain) in within {
            assert!(is_within(host, domain), "{host} {domain}");
        }
        for (host, domain) in [
            ("b.c", "a.b.c"),
            ("ab.c", "b.c"),
            ("1.2.3.4", "3.4"),
            ("a.b", ""),
            ("b.c.", "b.c"),
        ] {
            assert!(!is_within(host, domain), "{host} {domain}");
        }
    }

    #[test]
    fn a_path_is_below_whole_names_only() {
        let url = |text| Url::parse(text).expect("a URL");
        for (of, wanted) in [
            ("http://h", "/"),
            ("http://h/a", "/"),
            ("http://h/a/b/", "/a/b"),
        ] {
            assert_eq!(default_path(&url(of)), wanted, "{of}");
        }
        for (path, cookie) in [("/a", "/a"), ("/a/b", "/a"), ("/a/b", "/a/"), ("/ab", "/")] {
            assert!(
                is_below(path.as_bytes(), cookie.as_bytes()),
                "{path} {cookie}"
            );
        }
        for (path, cookie) in [("/ab", "/a"), ("/", "/a"), ("/a", "/a/"), ("/A", "/a")] {
            assert!(
                !is_below(path.as_bytes(), cookie.as_bytes()),
                "{path} {cookie}"
            );
        }
    }
}
