//! Which connection a request gets: an idle one, a new one, or a place in the line.
//!
//! Two limits hold, one for each host (by [`Key`]) and one for all together. Who wants a
//! connection first takes a *place*: a permit of the host's semaphore, then one of the whole.
//! Semaphores hand out their permits in the order in which they were asked for, so both lines
//! are fair, and giving up (dropping the future) costs nobody else their turn. With its place
//! it may take an idle connection or make a new one. When the request is over, the connection
//! goes to the idle ones (or is closed) *before* the place is given up: so the next in line
//! finds it.
//!
//! ```text
//!   request ─▶ line of its host ─▶ its host's turn ─▶ line of all ─▶ place
//!
//!   place ─▶ an idle one, if it is quiet ─▶ Lease ─▶ end of response ─▶ idle, if reusable
//!      └───▶ or a new one ──────────────────▶┘
//! ```
//!
//! Law: a line in which everybody stands serves by head count, so whoever asks for a thousand
//! things of one host keeps all others waiting. Consequence: only one request of each host
//! stands in the line of all, the one that has its host's *turn*; when it has its place, the
//! next of its host goes to the end of that line. So the hosts are served by turns, each in the
//! order of its own requests. Price: one more permit for each request.
//!
//! - P1: connections in use for a host ≤ `max_per_host`; in use and idle, together ≤
//!   `max_total`. An idle one of another host makes room if need be, the oldest first. Since a
//!   new one is made only if none is idle, a host's idle ones are never more than it may use.
//! - P2: what is idle is in the order in which it became idle, so what is too old is in front.
//!
//! An idle connection is asked whether it is still good only when it is taken, and then the
//! kernel is asked, and not the loop: what the loop knows is as old as the last use. Price:
//! one system call for each reuse.
//!
//! No task stands behind this. Old idle connections are closed when the pool is used the next
//! time, or dropped. Price: a pool that nobody uses keeps its sockets until then.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::clock;
use crate::http::conn::Conn;
use crate::http::connect::Key;
use crate::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_per_host: usize,
    pub(crate) max_total: usize,
    /// How long a connection may be idle. Most servers close after a time of their own, and
    /// asking one that is about to is a race that nobody wins.
    pub(crate) idle: Duration,
}

pub(crate) struct Pool {
    limits: Limits,
    total: Rc<Semaphore>,
    /// One line for each host that has connections in use, or waiters. Entries come with the
    /// first [`Seat`] and go with the last.
    hosts: RefCell<HashMap<Key, Rc<Line>>>,
    idle: RefCell<VecDeque<Idle>>,
    in_use: Cell<usize>,
}

struct Idle {
    key: Key,
    since: Instant,
    /// Boxed, because these move when one in the middle is taken.
    conn: Box<Conn>,
}

/// The right to one connection. Dropped, it goes to the next in line.
pub(crate) struct Place {
    /// Before the seat: it must find the permits free when it looks whether it was the last.
    _permits: [OwnedSemaphorePermit; 2],
    seat: Seat,
}

/// Keeps the host's line in existence, for one who waits in it or has come through.
struct Seat {
    pool: Rc<Pool>,
    /// Counted, because it is large and a place is moved about.
    key: Rc<Key>,
    line: Rc<Line>,
}

/// Where the requests for one host wait.
struct Line {
    /// As many permits as connections may be in use for this host.
    places: Rc<Semaphore>,
    /// One permit: the host's turn to stand in the line of all.
    turn: Semaphore,
}

/// A connection in use, together with its place.
pub(crate) struct Lease {
    /// `None` only once it was finished. Before the place: see the module's doc.
    conn: Option<Box<Conn>>,
    place: Place,
}

impl Pool {
    /// # Panics
    /// If a limit is 0: nobody would ever get a connection (trap 48).
    #[track_caller]
    pub(crate) fn new(limits: Limits) -> Rc<Pool> {
        assert!(
            limits.max_per_host > 0,
            "max_per_host is 0, so no request could ever be made"
        );
        assert!(
            limits.max_total > 0,
            "max_total is 0, so no request could ever be made"
        );
        Rc::new(Pool {
            limits,
            total: Rc::new(Semaphore::new(limits.max_total)),
            hosts: RefCell::new(HashMap::new()),
            idle: RefCell::new(VecDeque::new()),
            in_use: Cell::new(0),
        })
    }

    /// Waits in line for the right to a connection.
    pub(crate) async fn place(self: &Rc<Pool>, key: &Key) -> Place {
        let seat = Seat::new(self, key);
        let host = seat.line.places.clone().acquire_owned().await;
        let host = host.expect("nobody closes a host's line");
        let turn = seat.line.turn.acquire().await;
        let turn = turn.expect("nobody closes a host's turn");
        let total = self.total.clone().acquire_owned().await;
        let total = total.expect("nobody closes the line of all");
        drop(turn);
        self.in_use.set(self.in_use.get() + 1);
        Place {
            _permits: [host, total],
            seat,
        }
    }

    /// The connection that became idle last: it is the least likely to be closed by now.
    fn take_idle(&self, key: &Key) -> Option<Box<Conn>> {
        self.close_old();
        loop {
            let mut idle = self.idle.borrow_mut();
            // Over at most `max_total` entries, and mostly the first one looked at.
            let newest = idle.iter().rposition(|idle| idle.key == *key)?;
            let mut found = idle.remove(newest)?;
            drop(idle);
            // Without the borrow, because this looks at a socket and may close it.
            if found.conn.is_quiet() {
                return Some(found.conn);
            }
        }
    }

    fn lay_aside(&self, key: &Key, conn: Box<Conn>) {
        let key = key.clone();
        let since = clock::now();
        self.idle.borrow_mut().push_back(Idle { key, since, conn }); // P2
        self.close_old();
    }

    fn close_old(&self) {
        let now = clock::now();
        let is_old = |oldest: &Idle| now.duration_since(oldest.since) >= self.limits.idle;
        while self.close_oldest_if(is_old) {}
    }

    /// Makes room for a connection that is about to be made, its place being taken (P1).
    fn close_surplus(&self) {
        while self.in_use.get() + self.idle.borrow().len() > self.limits.max_total
            && self.close_oldest_if(|_| true)
        {}
    }

    /// Closes the connection that has been idle longest, if there is one and it is `due`.
    fn close_oldest_if(&self, due: impl Fn(&Idle) -> bool) -> bool {
        let mut idle = self.idle.borrow_mut();
        let oldest = match idle.front().is_some_and(due) {
            true => idle.pop_front(),
            false => None,
        };
        drop(idle);
        // Dropped, and so closed, only here: without the borrow.
        oldest.is_some()
    }
}

impl Place {
    /// Fills the place with an idle connection, if there is a good one.
    pub(crate) fn reuse(self) -> Result<Lease, Place> {
        match self.seat.pool.take_idle(&self.seat.key) {
            Some(conn) => Ok(Lease::new(self, conn)),
            None => Err(self),
        }
    }

    /// Makes room for a new connection; to be called before one is made.
    pub(crate) fn make_room(&self) {
        self.seat.pool.close_surplus();
    }

    /// Fills the place with a new connection.
    pub(crate) fn fill(self, conn: Conn) -> Lease {
        Lease::new(self, Box::new(conn))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let in_use = &self.seat.pool.in_use;
        in_use.set(in_use.get() - 1);
    }
}

impl Seat {
    fn new(pool: &Rc<Pool>, key: &Key) -> Seat {
        let mut hosts = pool.hosts.borrow_mut();
        let line = hosts.get(key).cloned().unwrap_or_else(|| {
            let line = Rc::new(Line {
                places: Rc::new(Semaphore::new(pool.limits.max_per_host)),
                turn: Semaphore::new(1),
            });
            hosts.insert(key.clone(), line.clone());
            line
        });
        Seat {
            pool: pool.clone(),
            key: Rc::new(key.clone()),
            line,
        }
    }
}

impl Drop for Seat {
    /// The last one removes the line. Two hold it then: the table and this seat.
    fn drop(&mut self) {
        if Rc::strong_count(&self.line) == 2 {
            let line = self.pool.hosts.borrow_mut().remove(&*self.key);
            drop(line);
        }
    }
}

impl Lease {
    fn new(place: Place, conn: Box<Conn>) -> Lease {
        let conn = Some(conn);
        Lease { conn, place }
    }

    pub(crate) fn conn(&mut self) -> &mut Conn {
        self.conn
            .as_mut()
            .expect("only finish takes it, and takes self with it")
    }

    pub(crate) fn peek(&self) -> &Conn {
        self.conn
            .as_ref()
            .expect("only finish takes it, and takes self with it")
    }

    /// Closes the connection and keeps the place for another.
    pub(crate) fn into_place(self) -> Place {
        self.place
    }

    /// The response is over, or nobody wants the rest. The connection is kept if it can be.
    /// (Dropping a lease closes its connection.)
    pub(crate) fn finish(mut self) {
        if let Some(mut conn) = self.conn.take()
            && conn.finish()
        {
            let seat = &self.place.seat;
            seat.pool.lay_aside(&seat.key, conn);
        }
    }
}

#[cfg(test)]
mod tests;
