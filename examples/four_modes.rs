//! One job, four ways: concurrency and parallelism are two things, and independent.
//!
//! What you will see: four jobs, each of which waits (for a network, say) and then computes.
//! They are run four times, and each time is measured and drawn: `·` while a job waits, `█`
//! while it computes, to one scale. *Concurrently*: all four are under way at once.
//! *In parallel*: the computing of one job is spread over the cores. Waiting is helped by the
//! one, computing by the other, and only both together help all of it. On a machine with
//! one core the last two look like the first two, and so they should.
//!
//! Run with: cargo run --release --example four_modes

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::rc::Rc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use hob::{spawn, spawn_blocking};

const JOBS: usize = 4;
const WAIT: Duration = Duration::from_millis(120);
const COMPUTE: Duration = Duration::from_millis(120);
/// Columns of the drawing for the slowest mode.
const WIDTH: usize = 64;

#[derive(Clone, Copy, PartialEq)]
enum Doing {
    Waiting,
    Computing,
}

/// What each job did, and when, counted from the mode's start.
type Log = Rc<RefCell<Vec<Vec<(Doing, Range<Duration>)>>>>;

#[derive(Clone)]
struct Run {
    begin: Instant,
    log: Log,
    /// Numbers to work through.
    work: u32,
    /// Into how many parts the computing of one job is cut: 1 means on the loop itself.
    parts: usize,
}

fn main() {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let runtime = hob::Builder::new().worker_threads(cores).build();
    runtime
        .expect("a runtime needs a few descriptors")
        .block_on(async {
            let work = calibrate();
            let mut all = Vec::new();
            for (name, concurrent, parts) in [
                ("neither: one job after another, on one core", false, 1),
                ("concurrently: all jobs at once, on one core", true, 1),
                (
                    "in parallel: one job after another, on all cores",
                    false,
                    cores,
                ),
                ("both: all jobs at once, on all cores", true, cores),
            ] {
                let run = Run::new(work, parts);
                let took = if concurrent {
                    run.all_at_once().await
                } else {
                    run.one_after_another().await
                };
                all.push((name, took, run.log));
            }
            println!(
                "{JOBS} jobs, each waits {WAIT:?} and computes about {COMPUTE:?}; {cores} cores\n"
            );
            draw(&all);
        });
}

impl Run {
    fn new(work: u32, parts: usize) -> Run {
        let log = Rc::new(RefCell::new(vec![Vec::new(); JOBS]));
        Run {
            begin: Instant::now(),
            log,
            work,
            parts,
        }
    }

    async fn one_after_another(&self) -> Duration {
        for number in 0..JOBS {
            self.clone().job(number).await;
        }
        self.begin.elapsed()
    }

    async fn all_at_once(&self) -> Duration {
        let tasks: Vec<_> = (0..JOBS)
            .map(|number| spawn(self.clone().job(number)))
            .collect();
        for task in tasks {
            task.await.expect("no job panics");
        }
        self.begin.elapsed()
    }

    async fn job(self, number: usize) {
        let begin = self.begin.elapsed();
        hob::time::sleep(WAIT).await;
        self.note(number, Doing::Waiting, begin);

        let begin = self.begin.elapsed();
        if self.parts == 1 {
            std::hint::black_box(primes_in(2..self.work));
        } else {
            self.compute_in_parts().await;
        }
        self.note(number, Doing::Computing, begin);
    }

    /// Each part takes every so-manyth block of numbers, so that all are about as hard.
    async fn compute_in_parts(&self) {
        let (parts, work) = (self.parts as u32, self.work);
        let jobs: Vec<_> = (0..parts)
            .map(|part| {
                spawn_blocking(move || {
                    let blocks = (2..work).step_by(1000).skip(part as usize);
                    let mine = blocks.step_by(parts as usize);
                    mine.map(|from| primes_in(from..work.min(from + 1000)))
                        .sum::<u32>()
                })
            })
            .collect();
        for job in jobs {
            std::hint::black_box(job.await.expect("counting primes does not panic"));
        }
    }

    fn note(&self, number: usize, doing: Doing, begin: Duration) {
        let span = begin..self.begin.elapsed();
        self.log.borrow_mut()[number].push((doing, span));
    }
}

fn draw(all: &[(&str, Duration, Log)]) {
    let longest = all
        .iter()
        .map(|(_, took, _)| *took)
        .max()
        .unwrap_or_default();
    let column = |at: Duration| (at.as_secs_f64() / longest.as_secs_f64() * WIDTH as f64) as usize;
    for (name, took, log) in all {
        println!("{:>5} ms  {name}", took.as_millis());
        for spans in log.borrow().iter() {
            let mut line = String::new();
            for (doing, span) in spans {
                let (from, to) = (column(span.start), column(span.end));
                let mark = if *doing == Doing::Waiting {
                    "·"
                } else {
                    "█"
                };
                line.push_str(&" ".repeat(from.saturating_sub(line.chars().count())));
                line.push_str(&mark.repeat(to.saturating_sub(line.chars().count())));
            }
            println!("          {line}");
        }
        println!();
    }
}

/// How many numbers make about [`COMPUTE`] of work on one core of this machine.
fn calibrate() -> u32 {
    let mut numbers = 20_000;
    loop {
        let begin = Instant::now();
        std::hint::black_box(primes_in(2..numbers));
        let ratio = COMPUTE.as_secs_f64() / begin.elapsed().as_secs_f64();
        if ratio < 4.0 {
            // The work grows a little faster than the number of numbers.
            return (f64::from(numbers) * ratio.powf(0.7)) as u32;
        }
        numbers = numbers * 3 / 2;
    }
}

/// Slow on purpose: something to do.
fn primes_in(range: Range<u32>) -> u32 {
    let is_prime = |n: u32| {
        (2..)
            .take_while(|d| d * d <= n)
            .all(|d| !n.is_multiple_of(d))
    };
    range.filter(|&n| is_prime(n)).count() as u32
}
