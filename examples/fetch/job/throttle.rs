//! How fast bytes may come, over all and for each file, and whether they may come at all.
//!
//! All three can be changed at any moment, by a key or a signal, and reach also the downloads
//! that wait at the moment. A limit holds up the reading of a body, and a server that is not read
//! from soon stops sending: that is TCP's doing, and needs no word in between.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use hob::sync::{Notify, RateLimiter};

/// Nothing is made slower than this, in bytes a second: one could wait for hours for the effect
/// of a key.
const SLOWEST: u32 = 1024;

/// Limits in bytes a second; a token is a byte.
pub struct Throttle {
    /// `--limit-rate`, as it is now. `None`: no limit, and nobody asks the limiter.
    all: Cell<Option<u32>>,
    limiter: RateLimiter,
    /// The speed at which a key brought in the limit. Once it would be above that it is lifted.
    unlimited: Cell<Option<u32>>,
    /// `--limit-rate-per-file`, as it is now.
    each: Cell<Option<u32>>,
    /// Of the files that have begun.
    of_files: RefCell<Vec<Weak<RateLimiter>>>,
    paused: Cell<bool>,
    /// How often it went on after a pause.
    pauses: Cell<u64>,
    goes_on: Notify,
}

impl Throttle {
    pub fn new(all: Option<u32>, each: Option<u32>) -> Throttle {
        Throttle {
            all: Cell::new(all),
            limiter: limiter(all.unwrap_or(SLOWEST)),
            unlimited: Cell::new(None),
            each: Cell::new(each),
            of_files: RefCell::default(),
            paused: Cell::new(false),
            pauses: Cell::new(0),
            goes_on: Notify::new(),
        }
    }

    /// The limit of a file that begins; `None` if there is none for files.
    pub fn of_file(&self) -> Option<Rc<RateLimiter>> {
        let limiter = Rc::new(limiter(self.each.get()?));
        let mut files = self.of_files.borrow_mut();
        files.retain(|file| file.strong_count() > 0);
        files.push(Rc::downgrade(&limiter));
        Some(limiter)
    }

    /// Waits until so many bytes more may be read. Zero: until anything may be asked for.
    pub async fn pass(&self, of_file: Option<&RateLimiter>, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if let Some(limiter) = of_file.filter(|_| bytes > 0) {
            limiter.acquire_many(bytes).await;
        }
        if self.all.get().is_some() && bytes > 0 {
            self.limiter.acquire_many(bytes).await;
        }
        while self.paused.get() {
            // Made in the same poll as the look: nothing can be missed.
            self.goes_on.notified().await;
        }
    }

    /// Stops reading, or goes on. True: it stands still now.
    pub fn pause(&self) -> bool {
        let paused = !self.paused.get();
        self.paused.set(paused);
        if !paused {
            self.pauses.set(self.pauses.get() + 1);
            self.goes_on.notify_waiters();
        }
        paused
    }

    pub fn is_paused(&self) -> bool {
        self.paused.get()
    }

    /// A failure after another count than before it may be the pause's doing.
    pub fn pauses(&self) -> u64 {
        self.pauses.get()
    }

    /// Half as fast: half the limit over all, or that of each file; where there is neither, half
    /// of `speed`, in bytes a second.
    pub fn slower(&self, speed: Option<f64>) {
        match (self.all.get(), self.each.get()) {
            (Some(rate), _) => self.set_all(Some((rate / 2).max(SLOWEST))),
            (None, Some(rate)) => self.set_each((rate / 2).max(SLOWEST)),
            (None, None) => {
                let speed = speed.map_or(0, |speed| speed as u32);
                // Nothing comes: half of nothing would be a limit for no reason.
                if speed > SLOWEST {
                    self.unlimited.set(Some(speed));
                    self.set_all(Some((speed / 2).max(SLOWEST)));
                }
            }
        }
    }

    /// Twice as fast: twice the limit over all, or that of each file.
    pub fn faster(&self) {
        match (self.all.get(), self.each.get()) {
            (Some(rate), _) => {
                let most = self.unlimited.get().unwrap_or(u32::MAX);
                let rate = rate.checked_mul(2).filter(|&rate| rate < most);
                self.set_all(rate);
            }
            (None, Some(rate)) => self.set_each(rate.saturating_mul(2)),
            (None, None) => {}
        }
    }

    /// The limit over all, and that of each file.
    pub fn limits(&self) -> (Option<u32>, Option<u32>) {
        (self.all.get(), self.each.get())
    }

    fn set_all(&self, rate: Option<u32>) {
        self.all.set(rate);
        // Lifted: who waits is let go by the fastest that there is.
        set(&self.limiter, rate.unwrap_or(u32::MAX));
    }

    fn set_each(&self, rate: u32) {
        self.each.set(Some(rate));
        // Taken out first: setting a rate wakes those who wait.
        let files: Vec<_> = self
            .of_files
            .borrow()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        files.iter().for_each(|limiter| set(limiter, rate));
    }
}

fn limiter(rate: u32) -> RateLimiter {
    RateLimiter::new(rate, Duration::from_secs(1)).burst(burst(rate))
}

fn set(limiter: &RateLimiter, rate: u32) {
    limiter.set_rate(rate, Duration::from_secs(1));
    limiter.set_burst(burst(rate));
}

/// At most a tenth of a second's worth at once.
fn burst(rate: u32) -> u32 {
    (rate / 10).max(1)
}

#[cfg(test)]
mod tests {
    use hob::time::{now, sleep};

    use super::*;

    fn virtually(main: impl Future<Output = ()>) {
        hob::Builder::new().virtual_time().block_on(main);
    }

    const SECOND: Duration = Duration::from_secs(1);

    /// Broken by: leaving `set` out of `set_all`.
    #[test]
    fn a_limit_that_is_changed_reaches_who_waits() {
        virtually(async {
            let throttle = Rc::new(Throttle::new(Some(2000), None));
            let start = now();
            let waits = throttle.clone();
            let waits = hob::spawn(async move { waits.pass(None, 20_200).await });
            sleep(5 * SECOND).await; // half of it
            throttle.faster();
            waits.await.unwrap();
            assert_eq!(now() - start, Duration::from_millis(7500));
            assert_eq!(throttle.limits(), (Some(4000), None));
        });
    }

    /// Broken by: leaving `of_files` out of `set_each`.
    #[test]
    fn each_file_has_a_limit_of_its_own() {
        virtually(async {
            let throttle = Rc::new(Throttle::new(None, Some(4000)));
            let start = now();
            let downloads = [(); 3].map(|()| {
                let (throttle, file) = (throttle.clone(), throttle.of_file().unwrap());
                hob::spawn(async move { throttle.pass(Some(&file), 40_400).await })
            });
            sleep(5 * SECOND).await;
            throttle.slower(None);
            for download in downloads {
                download.await.unwrap();
            }
            assert_eq!(now() - start, 15 * SECOND);
            assert_eq!(throttle.limits(), (None, Some(2000)));
        });
    }

    #[test]
    fn without_a_limit_half_of_the_speed_becomes_one_and_twice_lifts_it() {
        let throttle = Throttle::new(None, None);
        throttle.slower(None);
        throttle.faster();
        assert_eq!(throttle.limits(), (None, None));
        throttle.slower(Some(10_000.0));
        throttle.slower(Some(5_000.0));
        assert_eq!(throttle.limits(), (Some(2500), None));
        throttle.slower(None);
        throttle.slower(None);
        assert_eq!(throttle.limits(), (Some(SLOWEST), None));
        (0..4).for_each(|_| throttle.faster());
        assert_eq!(
            throttle.limits(),
            (None, None),
            "8192 is less, 16384 is more"
        );
    }

    /// Broken by: leaving `notify_waiters` out of `pause`.
    #[test]
    fn a_pause_holds_up_everybody_and_takes_nothing_from_the_limit() {
        virtually(async {
            let throttle = Rc::new(Throttle::new(None, None));
            assert!(throttle.pause());
            let start = now();
            let waits = [0, 100].map(|bytes| {
                let throttle = throttle.clone();
                hob::spawn(async move { throttle.pass(None, bytes).await })
            });
            sleep(60 * SECOND).await;
            assert!(!throttle.pause());
            for wait in waits {
                wait.await.unwrap();
            }
            assert_eq!((now() - start, throttle.pauses()), (60 * SECOND, 1));
        });
    }
}
