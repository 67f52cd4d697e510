//! Names into addresses, once for many: the client's cache of the resolver's answers.
//!
//! Law: the system's resolver says nothing about how long an answer is good, and asking it a
//! thousand times costs a thousand jobs. Choice: an answer is kept for a short time that the
//! client sets, and those who ask for a name that is being looked up wait for that answer.
//! Price: a host that moves is found that much later; so a name whose addresses all failed is
//! asked for again ([`Doubt`]).
//!
//! ```text
//!   addresses ─▶ known? (`ClientBuilder::resolve`) ─▶ cached? ─▶ being asked? ─▶ ask: a task
//!                                                        ▲            └── wait ◀─────┤
//!                                                        └──────── success ──────────┘
//! ```
//!
//! - D1: at most one lookup of a name is under way. It belongs to all who wait for it ([`Query`])
//!   and ends with the last of them: one who gives up takes nothing from the others.
//! - D2: only successes are kept, and at most [`MOST_NAMES`] of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::url::Host;

use crate::clock;
use crate::http::observe::{Act, Ears, Step};
use crate::net;
use crate::structure::AbortOnDrop;
use crate::sync::watch;
use crate::task;

/// Names whose addresses are kept. Making room looks at them all, which at this number costs
/// less than asking the resolver did.
const MOST_NAMES: usize = 1024;

/// Something that resolves names in the place of the system. It runs on a worker.
pub(crate) type Ask = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// What `ClientBuilder` sets.
#[derive(Clone)]
pub(crate) struct Settings {
    /// How long an answer is kept. Zero: not at all.
    pub(crate) keep: Duration,
    pub(crate) known: Vec<Known>,
    /// `None`: the system.
    pub(crate) ask: Option<Arc<Ask>>,
}

/// Addresses that were given, so that nobody is asked for them.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    host: String,
    /// `None`: whatever the port.
    port: Option<u16>,
    addresses: Vec<SocketAddr>,
}

pub(crate) struct Resolver {
    settings: Settings,
    shared: Rc<Shared>,
}

/// What the lookups reach, too.
#[derive(Default)]
struct Shared {
    cache: RefCell<HashMap<String, Entry>>,
    /// D1. Entries come with a query and go with it.
    asked: RefCell<HashMap<String, Weak<Query>>>,
}

struct Entry {
    addresses: Vec<SocketAddr>,
    until: Instant,
}

/// Addresses of which nobody knows yet whether they answer.
#[must_use = "dropped, it has them forgotten"]
pub(crate) struct Doubt<'a>(Option<(&'a Resolver, &'a Host<String>)>);

/// A lookup that is under way, held by those who wait for it.
struct Query {
    name: String,
    shared: Rc<Shared>,
    answer: watch::Receiver<Option<Answer>>,
    /// The last who waits takes it along.
    _task: AbortOnDrop<()>,
}

/// As often as there are waiters, so it can be cloned, which `io::Error` cannot.
type Answer = Result<Vec<SocketAddr>, (io::ErrorKind, String)>;

impl Resolver {
    pub(crate) fn new(settings: Settings) -> Resolver {
        let shared = Rc::default();
        Resolver { settings, shared }
    }

    /// The addresses of a host, at least one, with `port`.
    pub(crate) async fn addresses(
        &self,
        host: &Host<String>,
        port: u16,
        ears: &Ears,
    ) -> io::Result<Vec<SocketAddr>> {
        let name = match host {
            Host::Ipv4(ip) => return Ok(vec![(*ip, port).into()]),
            Host::Ipv6(ip) => return Ok(vec![(*ip, port).into()]),
            Host::Domain(name) => name,
        };
        if let Some(there) = self.there(name, port) {
            ears.tell(|| Step::Resolved {
                took: Duration::ZERO,
                host: name,
                cached: true,
                result: Ok(&there),
            });
            return Ok(there);
        }
        let act = || Act::Resolve(name.clone());
        ears.during(act, self.look_up(name, port), |took, act, result| {
            Step::Resolved {
                took,
                host: act.name(),
                cached: false,
                result: result.as_deref(),
            }
        })
        .await
    }

    /// The addresses for which nobody need be asked.
    fn there(&self, name: &str, port: u16) -> Option<Vec<SocketAddr>> {
        let there = self
            .known(name, port)
            .or_else(|| self.shared.cached(name))?;
        Some(with_port(there, port))
    }

    async fn look_up(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let query = self.query(name);
        let mut answer = query.answer.clone();
        let answer = match answer.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().expect("that is what was waited for"),
            Err(_) => Err((io::ErrorKind::Other, "the lookup was cut off".into())),
        };
        match answer {
            Ok(addresses) => Ok(with_port(addresses, port)),
            Err((kind, text)) => Err(io::Error::new(kind, text)),
        }
    }

    /// The addresses of `host` are to be tried. If nobody answers there, they are no good, and
    /// the next who needs them asks anew.
    pub(crate) fn doubt<'a>(&'a self, host: &'a Host<String>) -> Doubt<'a> {
        Doubt(Some((self, host)))
    }

    fn forget(&self, host: &Host<String>) {
        if let Host::Domain(name) = host {
            self.shared.cache.borrow_mut().remove(name);
        }
    }

    /// What was set last holds.
    fn known(&self, name: &str, port: u16) -> Option<Vec<SocketAddr>> {
        let mut known = self.settings.known.iter().rev();
        let found = known.find(|known| known.host == name && known.port.is_none_or(|p| p == port));
        found.map(|known| known.addresses.clone())
    }

    /// The lookup of `name` that is under way, or a new one (D1).
    fn query(&self, name: &str) -> Rc<Query> {
        let asked = self.shared.asked.borrow().get(name).and_then(Weak::upgrade);
        asked.unwrap_or_else(|| {
            let query = Rc::new(self.ask(name));
            let weak = Rc::downgrade(&query);
            self.shared.asked.borrow_mut().insert(name.into(), weak);
            query
        })
    }

    fn ask(&self, name: &str) -> Query {
        let lookup = match self.settings.ask.clone() {
            None => net::lookup_host((name, 0)),
            Some(ask) => net::lookup_host_with((name, 0), move |name, port| {
                Ok(ask(name)?.into_iter().map(|ip| (ip, port).into()).collect())
            }),
        };
        let (sender, answer) = watch::channel(None);
        let (shared, keep, own) = (self.shared.clone(), self.settings.keep, name.to_string());
        let task = task::spawn_named("looking up a host", async move {
            let answer = match lookup.await {
                Ok(addresses) => Ok(addresses.collect::<Vec<_>>()),
                Err(error) => Err((error.kind(), error.to_string())),
            };
            if let Ok(addresses) = &answer {
                shared.keep(own, addresses.clone(), keep); // D2
            }
            // Fails only if nobody waits any more.
            let _ = sender.send(Some(answer));
        });
        Query {
            name: name.to_string(),
            shared: self.shared.clone(),
            answer,
            _task: task.abort_on_drop(),
        }
    }
}

impl Shared {
    fn cached(&self, name: &str) -> Option<Vec<SocketAddr>> {
        let cache = self.cache.borrow();
        let entry = cache.get(name).filter(|entry| clock::now() < entry.until);
        entry.map(|entry| entry.addresses.clone())
    }

    fn keep(&self, name: String, addresses: Vec<SocketAddr>, time: Duration) {
        if time.is_zero() {
            return;
        }
        let now = clock::now();
        let until = clock::after(time);
        let mut cache = self.cache.borrow_mut();
        if cache.len() >= MOST_NAMES {
            cache.retain(|_, entry| now < entry.until);
        }
        if cache.len() >= MOST_NAMES {
            let oldest = cache.iter().min_by_key(|(_, entry)| entry.until);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| cache.remove(&name));
        }
        cache.insert(name, Entry { addresses, until });
    }
}

impl Doubt<'_> {
    /// Somebody answered.
    pub(crate) fn dispel(mut self) {
        self.0 = None;
    }
}

impl Drop for Doubt<'_> {
    /// Also for one who only gave up: dead addresses mostly are silent, and it is the deadline
    /// that ends the wait for them. Price: a lookup too many where somebody else gave up.
    fn drop(&mut self) {
        if let Some((resolver, host)) = self.0 {
            resolver.forget(host);
        }
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        self.shared.asked.borrow_mut().remove(&self.name);
    }
}

impl Known {
    /// `host` may be followed by a colon and a port: then it is only for that.
    pub(crate) fn new(host: &str, addresses: Vec<SocketAddr>) -> Known {
        let port = host.rsplit_once(':');
        let port = port.and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = port.map_or((host, None), |(host, port)| (host, Some(port)));
        // As the URL's parser writes it. What is no name stays, and is never asked for.
        let name = Host::parse(host).map_or_else(|_| host.to_string(), |host| host.to_string());
        Known {
            host: name,
            port,
            addresses,
        }
    }
}

/// Addresses come from the resolver without a port. One that was set with a port keeps it.
fn with_port(mut addresses: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    for address in &mut addresses {
        if address.port() == 0 {
            address.set_port(port);
        }
    }
    addresses
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("keep", &self.keep)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(n: u8) -> Vec<SocketAddr> {
        vec![([192, 0, 2, n], 0).into()]
    }

    /// Broken by: no second look at the length in `keep` (D2).
    #[test]
    fn the_cache_holds_so_many_names_and_lets_go_of_the_oldest() {
        let shared = Shared::default();
        let hour = Duration::from_secs(3600);
        shared.keep("first".into(), addresses(1), hour);
        for n in 0..MOST_NAMES {
            shared.keep(n.to_string(), addresses(2), 2 * hour);
            assert!(shared.cache.borrow().len() <= MOST_NAMES);
        }
        assert_eq!(shared.cached("first"), None);
        assert_eq!(shared.cached("0"), Some(addresses(2)));
        shared.keep("none".into(), addresses(3), Duration::ZERO);
        assert_eq!(shared.cached("none"), None);
    }

    #[test]
    fn what_was_set_is_for_one_port_or_for_all_and_the_last_holds() {
        let settings = Settings {
            keep: Duration::ZERO,
            known: vec![
                Known::new("H.example", addresses(1)),
                Known::new("h.example:8080", addresses(2)),
                Known::new("h.example:81", vec![([192, 0, 2, 3], 99).into()]),
            ],
            ask: None,
        };
        let resolver = Resolver::new(settings);
        let found = |port| {
            let known = resolver.known("h.example", port).expect("it was set");
            with_port(known, port)[0].to_string()
        };
        assert_eq!(found(80), "192.0.2.1:80");
        assert_eq!(found(8080), "192.0.2.2:8080");
        assert_eq!(found(81), "192.0.2.3:99");
        assert_eq!(resolver.known("example", 80), None);
    }
}
