//! Which hosts need no proxy: the list in `no_proxy`, read by curl's rules.

use std::net::IpAddr;

use ::url::Host;

/// The hosts that need no proxy: entries between commas or spaces.
///
/// - `*` is every host;
/// - `example.com` and `.example.com` are that host and all below it, and not `anexample.com`;
/// - an address is that address, `10.0.0.0/8` and `fd00::/8` all that begin with these bits;
/// - each may be followed by `:port`, and is then only for that (IPv6 in brackets).
#[derive(Clone, Debug, Default)]
pub(super) struct Exceptions(Vec<(Pattern, Option<u16>)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    All,
    /// In lower case, without dots before and behind.
    Name(String),
    /// An address and how many of its bits count.
    Net(IpAddr, u32),
}

impl Exceptions {
    pub(super) fn parse(list: &str) -> Exceptions {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Exceptions(entries.filter_map(Exceptions::entry).collect())
    }

    /// `None` for what can match nothing.
    fn entry(text: &str) -> Option<(Pattern, Option<u16>)> {
        if let Some(pattern) = Pattern::parse(text) {
            return Some((pattern, None));
        }
        let (host, port) = text.rsplit_once(':')?;
        Some((Pattern::parse(host)?, Some(port.parse().ok()?)))
    }

    pub(super) fn covers(&self, host: &Host<String>, port: u16) -> bool {
        let fits = |only: Option<u16>| only.is_none_or(|only| only == port);
        let mut entries = self.0.iter();
        entries.any(|(pattern, only)| fits(*only) && pattern.covers(host))
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Pattern> {
        if text == "*" {
            return Some(Pattern::All);
        }
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(address).parse::<IpAddr>() {
            let all = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.unwrap_or(all);
            return (bits <= all).then_some(Pattern::Net(address, bits));
        }
        let name = text.trim_matches('.').to_ascii_lowercase();
        let is_name = bits.is_none() && !name.is_empty() && !name.contains(':');
        is_name.then_some(Pattern::Name(name))
    }

    fn covers(&self, host: &Host<String>) -> bool {
        match (self, host) {
            (Pattern::All, _) => true,
            (Pattern::Name(name), Host::Domain(host)) => is_below(host.trim_end_matches('.'), name),
            (Pattern::Net(IpAddr::V4(net), bits), Host::Ipv4(ip)) => {
                let differ = u32::from(*net) ^ u32::from(*ip);
                differ.leading_zeros() >= *bits
            }
            (Pattern::Net(IpAddr::V6(net), bits), Host::Ipv6(ip)) => {
                let differ = u128::from(*net) ^ u128::from(*ip);
                differ.leading_zeros() >= *bits
            }
            _ => false,
        }
    }
}

/// Is `host` `name`, or does it end with `name` behind a dot?
fn is_below(host: &str, name: &str) -> bool {
    let rest = host.strip_suffix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::url::Url;

    /// Broken by: `ends_with` alone in `is_below`; no `trim_matches`; comparing all bits of a net.
    #[test]
    fn exceptions_are_those_of_curl() {
        let covers = |list: &str, at: &str| {
            let url = Url::parse(at).expect("a URL");
            let host = url.host().expect("it has one").to_owned();
            let port = url.port_or_known_default().expect("it has one");
            Exceptions::parse(list).covers(&host, port)
        };
        for (list, at, wanted) in [
            ("*", "http://any/", true),
            ("example.com", "http://example.com/", true),
            ("example.com", "http://www.EXAMPLE.com/", true),
            ("EXAMPLE.com", "http://www.example.com./", true),
            ("example.com.", "http://example.com/", true),
            (".example.com", "http://example.com/", true),
            (".example.com", "http://a.b.example.com/", true),
            ("example.com", "http://anexample.com/", false),
            ("www.example.com", "http://example.com/", false),
            ("a.test b.test,\tc.test", "http://b.test/", true),
            ("a.test,,c.test", "http://c.test/", true),
            ("", "http://h/", false),
            (",", "http://h/", false),
            (".", "http://h/", false),
            ("localhost", "http://127.0.0.1/", false),
            ("127.0.0.1", "http://127.0.0.1/", true),
            ("127.0.0.1", "http://127.0.0.2/", false),
            ("0.0.1", "http://127.0.0.1/", false),
            ("10.0.0.0/8", "http://10.9.8.7/", true),
            ("10.0.0.0/8", "http://11.0.0.0/", false),
            ("192.168.0.0/23", "http://192.168.1.255/", true),
            ("192.168.0.0/23", "http://192.168.2.0/", false),
            ("0.0.0.0/0", "http://1.2.3.4/", true),
            ("0.0.0.0/0", "http://[::1]/", false),
            ("10.0.0.0/33", "http://10.0.0.0/", false),
            ("10.0.0.0/x", "http://10.0.0.0/", false),
            ("::1", "http://[::1]/", true),
            ("[::1]", "http://[::1]/", true),
            ("[::1]:81", "http://[::1]:81/", true),
            ("[::1]:81", "http://[::1]/", false),
            ("fd00::/8", "http://[fdab::1]/", true),
            ("fd00::/8", "http://[fe80::1]/", false),
            ("example.com:81", "http://www.example.com:81/", true),
            ("example.com:81", "http://www.example.com/", false),
            ("example.com:80", "http://www.example.com/", true),
            ("10.0.0.0/8:443", "https://10.1.1.1/", true),
            ("h:x", "http://h/", false),
        ] {
            assert_eq!(covers(list, at), wanted, "{list:?} and {at}");
        }
    }
}
