//! Who is next, if only so many may run at once, and fewer of them at one host. No waiting and
//! no I/O.
//!
//! A queue for each host, and an order of the hosts that have somebody waiting and a place to
//! give: the one of which the fewest run is first; among equals, the one that has waited longest.
//! So a host with a thousand slow files holds up nobody else's one, and does not fill all places
//! in the long run either, as it would if hosts just took turns.
//!
//! - L1: a job is in the queue of its host, or it runs, or it has ended; never two of these.
//! - L2: a host is in `ready` exactly if it has somebody waiting, has room ([`Limit`]), and does
//!   not rest; in `resting` exactly if it rests and has somebody waiting.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use super::limit::{Limit, Refusal, Ticket};
use crate::job::Job;

#[derive(Debug)]
pub struct Line {
    hosts: Vec<Host>,
    /// Which host each job asks.
    host_of: Vec<u32>,
    /// L2. With how many run of it, and when it last gave a place.
    ready: BTreeSet<(usize, u64, usize)>,
    /// L2. By the end of the rest.
    resting: BTreeSet<(Instant, usize)>,
    /// How many places were given so far: the clock of `ready`.
    given: u64,
    /// Jobs that wait.
    waiting: usize,
    running: usize,
    most: usize,
}

#[derive(Debug)]
struct Host {
    waiting: VecDeque<u32>,
    running: usize,
    /// When it last gave a place.
    last: u64,
    limit: Limit,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// This job may run.
    Go(usize),
    /// Nobody may, before one ends; or before this moment.
    Wait(Option<Instant>),
    /// Nobody waits, and nobody runs who could come back.
    Over,
}

impl Line {
    /// All of `jobs`, in their order; at most `most` run, and `per_host` at each host.
    pub fn new(jobs: &[Job], most: usize, per_host: usize) -> Line {
        let mut numbers = HashMap::new();
        let mut hosts: Vec<Host> = Vec::new();
        let mut host_of = Vec::with_capacity(jobs.len());
        for (index, job) in jobs.iter().enumerate() {
            let number = *numbers.entry(job.url.origin()).or_insert_with(|| {
                hosts.push(Host::new(most.min(per_host)));
                hosts.len() - 1
            });
            hosts[number].waiting.push_back(index as u32);
            host_of.push(number as u32);
        }
        let ready = (0..hosts.len()).map(|number| (0, 0, number)).collect();
        Line {
            ready,
            resting: BTreeSet::new(),
            given: 0,
            waiting: jobs.len(),
            running: 0,
            hosts,
            host_of,
            most,
        }
    }

    /// What is to be done. A job that may go has its place from now on.
    pub fn next(&mut self, now: Instant) -> Step {
        self.wake(now);
        if self.waiting == 0 && self.running == 0 {
            return Step::Over;
        }
        let first = self.ready.first().filter(|_| self.running < self.most);
        let Some(&(_, _, number)) = first else {
            let until = self.resting.first().map(|(until, _)| *until);
            // Where all places are taken, the end of a rest changes nothing.
            return Step::Wait(until.filter(|_| self.running < self.most));
        };
        self.given += 1;
        self.waiting -= 1;
        self.running += 1;
        let given = self.given;
        let index = self.change(number, |host| {
            host.last = given;
            host.running += 1;
            host.waiting
                .pop_front()
                .expect("a ready host has somebody waiting (L2)")
        });
        Step::Go(index as usize)
    }

    /// Under which limit this job would begin now.
    pub fn ticket(&self, index: usize) -> Ticket {
        self.hosts[self.host(index)].limit.ticket()
    }

    /// The job has given back its place; and got what it came for, or not.
    pub fn leave(&mut self, index: usize, served: bool) {
        self.running -= 1;
        self.change(self.host(index), |host| {
            host.running -= 1;
            if served {
                host.limit.served();
            }
        });
    }

    /// The host said that there are too many of us. Returns until when it rests, and how many of
    /// us it will see at once then; `None` if it is not the crowd that it refuses.
    pub fn refused(
        &mut self,
        index: usize,
        ticket: Ticket,
        refusal: Refusal,
        now: Instant,
    ) -> Option<(Instant, usize)> {
        let number = self.host(index);
        self.change(number, |host| {
            let until = host.limit.refused(ticket, host.running, refusal, now)?;
            Some((until, host.limit.now()))
        })
    }

    /// The job, which has a place no more, is the first to get one of its host again.
    pub fn again(&mut self, index: usize) {
        self.waiting += 1;
        self.change(self.host(index), |host| {
            host.waiting.push_front(index as u32);
        });
    }

    /// The job waits no longer. (It does not run either.)
    pub fn forget(&mut self, index: usize) {
        let gone = self.change(self.host(index), |host| {
            let before = host.waiting.len();
            host.waiting.retain(|&other| other as usize != index);
            before - host.waiting.len()
        });
        self.waiting -= gone;
    }

    fn host(&self, index: usize) -> usize {
        self.host_of[index] as usize
    }

    /// Ends the rests that are over.
    fn wake(&mut self, now: Instant) {
        while let Some(&(until, number)) = self.resting.first() {
            if until > now {
                break;
            }
            self.change(number, |host| host.limit.wake());
        }
    }

    /// The only way to change a host: it leaves the two orders, and comes back where it belongs.
    fn change<T>(&mut self, number: usize, change: impl FnOnce(&mut Host) -> T) -> T {
        let host = &mut self.hosts[number];
        self.ready.remove(&(host.running, host.last, number));
        if let Some(until) = host.limit.rests_until() {
            self.resting.remove(&(until, number));
        }
        let result = change(host);
        match host.limit.rests_until() {
            _ if host.waiting.is_empty() => {}
            Some(until) => {
                self.resting.insert((until, number));
            }
            None if host.limit.has_room(host.running) => {
                self.ready.insert((host.running, host.last, number));
            }
            None => {}
        }
        result
    }
}

impl Host {
    fn new(most: usize) -> Host {
        Host {
            waiting: VecDeque::new(),
            running: 0,
            last: 0,
            limit: Limit::new(most),
        }
    }
}

#[cfg(test)]
mod tests;
