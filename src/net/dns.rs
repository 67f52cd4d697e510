//! Names into addresses, without ever blocking the loop.
//!
//! **Law:** the system's resolver (`getaddrinfo(3)`) blocks its thread until it has an answer: a
//! millisecond, or half a minute if the name server is dead; and it cannot be called off.
//! **Consequence:** it runs on the pool's DNS lane, whose threads do nothing else, so that dead
//! name servers hold up other lookups at worst. Nobody waits for these threads at the end.
//! **Not taken:** a resolver of our own over UDP. It would not block, but it would not know
//! `/etc/hosts`, mDNS or the company's VPN either, and people expect the system's answer.
//!
//! An address in text needs no resolver: `addr` has parsed it before anything gets here.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use super::addr::{Target, ToSocketAddrs};
use crate::blocking::{Class, Lane, Run};

/// Resolves a host's name to its addresses.
///
/// Accepts what [`TcpStream::connect`](super::TcpStream::connect) accepts. An address in text
/// is parsed and ready at once; a name is looked up by the system (`getaddrinfo(3)`), on a thread
/// of a lane of its own. Nothing is cached.
///
/// Waits for the system's resolver.
///
/// *Cancel safety*: a lookup that has not begun is withdrawn. One that has goes on by itself and
/// is forgotten; it delays nothing, not even the end of the program.
///
/// # Errors
/// One that names the host if it cannot be resolved, and one if text is neither an address nor
/// `name:port`. Success is at least one address.
///
/// ```
/// # hob::block_on(async {
/// let mut addrs = hob::net::lookup_host("127.0.0.1:80").await?;
/// assert_eq!(addrs.next(), Some(([127, 0, 0, 1], 80).into()));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn lookup_host(host: impl ToSocketAddrs) -> LookupHost {
    lookup_host_with(host, ask_system)
}

/// [`lookup_host`], but with `resolver` in the place of the system's.
///
/// For hosts that you know better, and for tests of what happens when resolving takes long.
/// It gets the name and the port, and may block: it runs where the system's would.
///
/// ```
/// # hob::block_on(async {
/// let known = |_name: &str, port| Ok(vec![([192, 0, 2, 7], port).into()]);
/// let mut addrs = hob::net::lookup_host_with("printer:631", known).await?;
/// assert_eq!(addrs.next(), Some(([192, 0, 2, 7], 631).into()));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn lookup_host_with<R>(host: impl ToSocketAddrs, resolver: R) -> LookupHost
where
    R: FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + 'static,
{
    look_up_with(host.target(), resolver)
}

/// The addresses that `target` stands for, at least one: for `connect` and its like, whose
/// caller is the one who waits.
#[track_caller]
pub(super) fn resolve(target: io::Result<Target>) -> impl Future<Output = Answer> {
    let lookup = look_up_with(target, ask_system);
    async move { Ok(lookup.await?.collect()) }
}

/// The first of [`resolve`]'s addresses, for whom a second one is of no use.
pub(super) async fn resolve_one(target: io::Result<Target>) -> io::Result<SocketAddr> {
    match target? {
        Target::Addr(addr) => Ok(addr),
        target => Ok(resolve(Ok(target)).await?[0]),
    }
}

#[track_caller]
fn look_up_with<R>(target: io::Result<Target>, resolver: R) -> LookupHost
where
    R: FnOnce(&str, u16) -> Answer + Send + 'static,
{
    LookupHost(match target {
        Ok(Target::Addr(addr)) => Stage::Known(Ok(vec![addr])),
        Ok(Target::Addrs(addrs)) => Stage::Known(some(addrs, "an empty list of addresses")),
        Ok(Target::Name(name, port)) => Stage::asked(name, port, resolver),
        Err(error) => Stage::Known(Err(error)),
    })
}

fn ask_system(name: &str, port: u16) -> Answer {
    Ok((name, port).to_socket_addrs()?.collect())
}

/// The future of [`lookup_host`].
#[must_use = "nothing is looked up unless it is awaited"]
#[derive(Debug)]
pub struct LookupHost(Stage);

type Answer = io::Result<Vec<SocketAddr>>;

#[derive(Debug)]
enum Stage {
    /// No resolver needed.
    Known(Answer),
    /// The resolver's answer comes from the DNS lane.
    Asked(Run<Answer>),
    Over,
}

impl Stage {
    #[track_caller]
    fn asked<R>(name: String, port: u16, resolver: R) -> Stage
    where
        R: FnOnce(&str, u16) -> Answer + Send + 'static,
    {
        let at = Location::caller();
        Stage::Asked(Run::on(at, Lane::Dns, Class::Bounded, move || {
            let addrs = resolver(&name, port).map_err(|error| unresolved(&name, &error))?;
            some(addrs, &name)
        }))
    }
}

impl Future for LookupHost {
    type Output = io::Result<vec::IntoIter<SocketAddr>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match &mut self.0 {
            Stage::Asked(run) => ready!(Pin::new(run).poll(cx)),
            stage => match std::mem::replace(stage, Stage::Over) {
                Stage::Known(answer) => answer,
                _ => panic!("a LookupHost was polled after it had given its result"),
            },
        };
        self.0 = Stage::Over;
        Poll::Ready(answer.map(Vec::into_iter))
    }
}

fn some(addrs: Vec<SocketAddr>, what: &str) -> Answer {
    if addrs.is_empty() {
        let message = format!("no address for {what}");
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    Ok(addrs)
}

/// The resolver's error does not say which name it was about.
fn unresolved(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot resolve `{name}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocking::{self, LazyPool, Pool, PoolConfig};
    use futures_lite::future::block_on;
    use std::rc::Rc;
    use std::sync::mpsc;
    use std::task::Waker;
    use std::time::Duration;

    fn pool() -> Rc<Pool> {
        Pool::new(PoolConfig {
            threads: 1,
            keep_alive: Duration::from_secs(10),
            name: "t".into(),
        })
    }

    fn looked_up(host: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
        block_on(lookup_host(host)).map(Iterator::collect)
    }

    /// Broken by: starting a job for what is an address already (there is no pool here).
    #[test]
    fn an_address_in_text_needs_no_job() {
        assert_eq!(
            looked_up("[::1]:80").unwrap(),
            ["[::1]:80".parse().unwrap()]
        );
        assert_eq!(
            looked_up(("127.0.0.1", 1)).unwrap(),
            [([127, 0, 0, 1], 1).into()]
        );
        assert_eq!(
            looked_up("no port").unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        assert_eq!(
            looked_up(Vec::new()).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[test]
    fn a_name_that_does_not_resolve_gives_one_error_that_names_it() {
        let _in_charge = blocking::enter(LazyPool::around(pool()));
        let error = looked_up("no-such-host.invalid:80")
            .unwrap_err()
            .to_string();
        assert!(error.contains("no-such-host.invalid"), "{error}");
        let nothing = |_: &str, _| Ok(Vec::new());
        let error = block_on(lookup_host_with("empty:1", nothing)).unwrap_err();
        assert!(error.to_string().contains("empty"), "{error}");
        assert!(
            looked_up("localhost:80")
                .unwrap()
                .iter()
                .all(|a| a.ip().is_loopback())
        );
    }

    /// Traps 39 and 50. Broken by: `Lane::General` in `Stage::asked`, or waiting for the DNS
    /// lane in `Pool::shutdown`.
    #[test]
    fn an_abandoned_lookup_holds_up_neither_a_job_nor_the_end() {
        let pool = pool();
        let _in_charge = blocking::enter(LazyPool::around(pool.clone()));
        let (answer, told) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        let mut lookup = lookup_host_with("dead:80", move |_, _| {
            begun.send(()).unwrap();
            let _ = told.recv_timeout(Duration::from_secs(20));
            Ok(Vec::new())
        });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut lookup).poll(&mut cx).is_pending());
        assert_eq!(block_on(blocking::run(|| 7)), 7);
        begins.recv().unwrap(); // or else it would be called off
        drop(lookup);
        pool.shutdown(Duration::from_secs(60));
        answer.send(()).expect("nobody waited for the resolver");
    }
}
