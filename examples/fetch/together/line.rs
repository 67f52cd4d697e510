//! Who is next, if no host may have more than its share at once. No waiting and no I/O.
//!
//! A queue for each host, and a queue of the hosts that have both somebody waiting and a place
//! to give. Each gives one place and goes to the end: so hosts take turns, and a host with a
//! thousand files holds up nobody else's one.

use std::collections::{HashMap, VecDeque};

use crate::job::Job;

#[derive(Debug)]
pub struct Line {
    hosts: Vec<Host>,
    /// Which host each job asks.
    host_of: Vec<usize>,
    /// Hosts with somebody waiting and a place free, each once.
    ready: VecDeque<usize>,
    /// Jobs that wait.
    waiting: usize,
    most: usize,
}

#[derive(Debug, Default)]
struct Host {
    waiting: VecDeque<usize>,
    running: usize,
}

impl Line {
    /// All of `jobs`, in their order; at most `most` run at each host.
    pub fn new(jobs: &[Job], most: usize) -> Line {
        let mut numbers = HashMap::new();
        let mut hosts: Vec<Host> = Vec::new();
        let mut host_of = Vec::with_capacity(jobs.len());
        for (index, job) in jobs.iter().enumerate() {
            let number = *numbers.entry(job.url.origin()).or_insert_with(|| {
                hosts.push(Host::default());
                hosts.len() - 1
            });
            hosts[number].waiting.push_back(index);
            host_of.push(number);
        }
        Line {
            ready: (0..hosts.len()).collect(),
            waiting: jobs.len(),
            hosts,
            host_of,
            most,
        }
    }

    /// The next job that may run; `None` if no host has a place to give.
    pub fn next(&mut self) -> Option<usize> {
        let number = self.ready.pop_front()?;
        let host = &mut self.hosts[number];
        let index = host
            .waiting
            .pop_front()
            .expect("a ready host has somebody waiting");
        host.running += 1;
        self.waiting -= 1;
        if host.running < self.most && !host.waiting.is_empty() {
            self.ready.push_back(number);
        }
        Some(index)
    }

    /// The job has ended.
    pub fn leave(&mut self, index: usize) {
        let number = self.host_of[index];
        let host = &mut self.hosts[number];
        host.running -= 1;
        // It was full, so it was not among the ready ones.
        if host.running + 1 == self.most && !host.waiting.is_empty() {
            self.ready.push_back(number);
        }
    }

    /// Does nobody wait any more?
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(urls: &[&str], most: usize) -> Line {
        let job = |url: &&str| Job::new(url.parse().unwrap(), "x".into(), "x");
        Line::new(&urls.iter().map(job).collect::<Vec<_>>(), most)
    }

    /// Broken by: not comparing with `most`.
    #[test]
    fn hosts_take_turns_and_none_has_more_than_its_share() {
        let mut line = line(&["http://a/0", "http://a/1", "http://a/2", "http://b/3"], 2);
        let first: Vec<_> = std::iter::from_fn(|| line.next()).collect();
        assert_eq!(first, [0, 3, 1]);
        line.leave(3);
        assert_eq!(line.next(), None, "the other host's place is no help");
        line.leave(0);
        assert_eq!((line.next(), line.next()), (Some(2), None));
        assert!(line.is_empty());
    }

    #[test]
    fn one_host_is_asked_in_the_order_of_the_list() {
        let mut line = line(&["http://a/0", "http://a/1", "http://a/2"], usize::MAX);
        let all: Vec<_> = std::iter::from_fn(|| line.next()).collect();
        assert_eq!(all, [0, 1, 2]);
    }
}
