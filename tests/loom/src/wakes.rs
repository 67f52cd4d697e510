//! The way of a wake from another thread: flag, inbox, bell. None is lost, and nobody sleeps
//! while there is mail.

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::inbox::{Inbox, Posted};
use crate::queued::Queued;

/// What the kernel is to the loop: a sleep that ends when somebody rings, also if the ringing
/// came first.
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.ring.notify_one();
    }

    fn sleep(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.ring.wait(rung).unwrap();
        }
        *rung = false;
    }
}

/// One loop with one task, which counts what the threads have done for it.
struct Model {
    inbox: Inbox<()>,
    queued: Queued,
    bell: Bell,
    done: AtomicUsize,
    /// How often somebody rang.
    rings: AtomicUsize,
}

impl Model {
    fn new() -> Arc<Model> {
        Arc::new(Model {
            inbox: Inbox::new(),
            queued: Queued::new(),
            bell: Bell {
                rung: Mutex::new(false),
                ring: Condvar::new(),
            },
            done: AtomicUsize::new(0),
            rings: AtomicUsize::new(0),
        })
    }

    /// Another thread does something that the task waits for, and wakes it.
    fn work_and_wake(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
        if self.queued.queue_there() {
            match self.inbox.post(()) {
                Posted::Delivered => {}
                Posted::Ring => {
                    self.rings.fetch_add(1, Ordering::Relaxed);
                    self.bell.ring();
                }
                Posted::Returned(()) => panic!("the inbox is open"),
            }
        }
    }

    /// The loop, until the task has seen `wanted` things done. Gives the number of its sleeps.
    fn run(&self, wanted: usize) -> usize {
        let mut sleeps = 0;
        loop {
            let mut mail = Vec::new();
            if self.inbox.may_have_mail() {
                self.inbox.take(&mut mail);
            }
            for () in mail {
                self.queued.unqueue_there();
                // The poll. What was done before a wake is seen by the poll that it asked for.
                if self.done.load(Ordering::Relaxed) == wanted {
                    return sleeps;
                }
            }
            if self.inbox.prepare_sleep() {
                sleeps += 1;
                self.bell.sleep();
            }
            self.inbox.woke_up();
        }
    }
}

/// Traps 5 and 56. Broken by: `unqueue_there` after the poll; a plain store in it without the
/// acquire; `prepare_sleep` that sets the flag without a look at the mail. Each hangs, which
/// loom reports as a deadlock.
#[test]
fn no_wake_of_two_threads_is_lost() {
    let mut builder = loom::model::Builder::new();
    // Three forced switches are enough for each of the breakages above, and take seconds.
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let model = Model::new();
        let threads = [(); 2].map(|()| {
            let model = model.clone();
            thread::spawn(move || model.work_and_wake())
        });
        let sleeps = model.run(2);
        for thread in threads {
            thread.join().unwrap();
        }
        // One ring for each sleep at most: nobody rings for a loop that is awake.
        assert!(model.rings.load(Ordering::Relaxed) <= sleeps + 1);
    });
}

/// Trap 5: twice from one thread, so that the second wake meets the poll of the first. Broken
/// by: `unqueue_there` after the poll.
#[test]
fn a_wake_during_the_poll_asks_for_another_poll() {
    loom::model(|| {
        let model = Model::new();
        let theirs = model.clone();
        let thread = thread::spawn(move || {
            theirs.work_and_wake();
            theirs.work_and_wake();
        });
        model.run(2);
        thread.join().unwrap();
    });
}

/// Broken by: leaving out the look at `closed` in `post`.
#[test]
fn mail_is_read_or_comes_back_when_the_loop_ends_meanwhile() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::new());
        let theirs = inbox.clone();
        let thread = thread::spawn(move || matches!(theirs.post(()), Posted::Returned(())));
        let unread = inbox.close().len();
        let returned = thread.join().unwrap();
        assert_eq!(unread + usize::from(returned), 1);
    });
}
