//! Who listens to one request, if anybody does: [`Ears`]. O1 and O2 are in the folder's doc.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Event, Step};
use crate::caught;
use crate::clock;
use crate::http::error::ProxyFault;

/// The program's function.
#[derive(Clone)]
pub(crate) struct Observer(Rc<dyn Fn(&Event<'_>)>);

impl Observer {
    pub(crate) fn new(function: impl Fn(&Event<'_>) + 'static) -> Observer {
        Observer(Rc::new(function))
    }
}

/// Who listens to one request, if anybody does.
#[derive(Clone, Default)]
pub(crate) struct Ears(Option<Rc<Heard>>);

struct Heard {
    observer: Observer,
    request: u64,
    /// Set when one is taken, or begun.
    connection: Cell<Option<u64>>,
    /// What was begun and has not ended: several attempts to connect, or one of the others.
    begun: RefCell<Vec<Begun>>,
}

/// A step that is under way.
struct Begun {
    since: Instant,
    what: Act,
}

/// The steps on the way to a connection: those that may be cut off.
#[derive(Clone, PartialEq)]
pub(crate) enum Act {
    Resolve(String),
    Connect(Option<SocketAddr>),
    Tunnel(String),
}

impl Act {
    /// Of the host or the proxy.
    pub(crate) fn name(&self) -> &str {
        match self {
            Act::Resolve(name) | Act::Tunnel(name) => name,
            Act::Connect(_) => "",
        }
    }
}

impl Ears {
    pub(crate) fn new(observer: Option<Observer>, request: u64) -> Ears {
        Ears(observer.map(|observer| {
            Rc::new(Heard {
                observer,
                request,
                connection: Cell::new(None),
                begun: RefCell::default(),
            })
        }))
    }

    /// To be handed back to [`Ears::took`]. `None`: nobody listens.
    pub(crate) fn start(&self) -> Option<Instant> {
        self.0.as_ref().map(|_| clock::now())
    }

    /// Tells of a step, if there is anybody to tell.
    pub(crate) fn tell<'a>(&self, step: impl FnOnce() -> Step<'a>) {
        if let Some(heard) = &self.0 {
            heard.tell(step());
        }
    }

    /// Tells of a step that began at `start`.
    pub(crate) fn took<'a>(&self, start: Option<Instant>, step: impl FnOnce(Duration) -> Step<'a>) {
        if let (Some(heard), Some(start)) = (&self.0, start) {
            heard.tell(step(clock::now() - start));
        }
    }

    /// What follows is about this connection.
    pub(crate) fn on(&self, connection: u64) {
        if let Some(heard) = &self.0 {
            heard.connection.set(Some(connection));
        }
    }

    /// What follows is about none.
    pub(crate) fn on_none(&self) {
        if let Some(heard) = &self.0 {
            heard.connection.set(None);
        }
    }

    /// Does `op`, which is `act`, and tells how it went.
    pub(crate) async fn during<T, E>(
        &self,
        act: impl FnOnce() -> Act,
        op: impl Future<Output = Result<T, E>>,
        told: impl for<'a> FnOnce(Duration, &'a Act, &'a Result<T, E>) -> Step<'a>,
    ) -> Result<T, E> {
        let Some(heard) = &self.0 else {
            return op.await;
        };
        let (since, what) = (clock::now(), act());
        heard.begun.borrow_mut().push(Begun {
            since,
            what: what.clone(),
        });
        let result = op.await;
        heard.over(&what);
        heard.tell(told(clock::now() - since, &what, &result));
        result
    }

    /// Nobody waits any more for what is under way (O2).
    pub(crate) fn cut(&self, why: &'static str) {
        let Some(heard) = &self.0 else { return };
        let begun = heard.begun.take();
        for Begun { since, what } in begun {
            let error = io::Error::new(io::ErrorKind::TimedOut, why);
            heard.tell_failed(clock::now() - since, &what, error);
        }
    }
}

impl Heard {
    fn over(&self, what: &Act) {
        let mut begun = self.begun.borrow_mut();
        if let Some(at) = begun.iter().position(|begun| begun.what == *what) {
            begun.remove(at);
        }
    }

    fn tell(&self, step: Step<'_>) {
        let event = Event {
            request: self.request,
            connection: self.connection.get(),
            step,
        };
        if let Err(payload) = caught::catch(|| (self.observer.0)(&event)) {
            caught::drop_payload(payload); // O1
        }
    }

    fn tell_failed(&self, took: Duration, act: &Act, error: io::Error) {
        match act {
            Act::Resolve(host) => self.tell(Step::Resolved {
                took,
                host,
                cached: false,
                result: Err(&error),
            }),
            Act::Connect(address) => self.tell(Step::Connected {
                took,
                address: *address,
                result: Err(&error),
            }),
            Act::Tunnel(proxy) => self.tell(Step::Tunneled {
                took,
                proxy,
                result: Err(&ProxyFault::Broken(error)),
            }),
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
