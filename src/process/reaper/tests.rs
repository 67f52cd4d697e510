//! Tests of the watch that Linux needs only where it is old or caged: SIGCHLD. The rest is
//! tested from outside, in `tests/process_*.rs`.
#![cfg(unix)]

use std::io;
use std::panic::Location;
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;

use super::{Shared, Watch, adopt_watched};
use crate::process::Exited;

fn adopt(command: &mut Command) -> Rc<Shared> {
    let child = command.spawn().unwrap();
    let at = Location::caller();
    adopt_watched(child, Watch::by_signal(at).unwrap(), at)
}

fn exited(shared: &Rc<Shared>) -> impl Future<Output = io::Result<ExitStatus>> + 'static {
    Exited::new(shared.clone(), Location::caller())
}

/// Trap 46. Broken by: an `ended` that sleeps before its first look, or that takes one byte for
/// the end of its own child.
#[test]
fn sigchld_tells_each_reaper_of_its_own_child() {
    crate::block_on(async {
        let mut last = adopt(
            Command::new("cat")
                .stdin(Stdio::piped())
                .stdout(Stdio::null()),
        );
        let stdin = last.child.borrow_mut().as_mut().unwrap().stdin.take();
        let waiting = crate::spawn(exited(&last));
        for _ in 0..5 {
            let children: Vec<_> = (0..10).map(|_| adopt(&mut Command::new("true"))).collect();
            for child in &children {
                assert!(exited(child).await.unwrap().success());
            }
        }
        assert!(!waiting.is_finished());
        drop(stdin);
        assert!(waiting.await.unwrap().unwrap().success());
        assert!(last.look().unwrap().is_some());
        last = adopt(Command::new("sleep").arg("1000"));
        last.kill().unwrap();
        assert!(!exited(&last).await.unwrap().success());
        crate::yield_now().await;
        assert_eq!(crate::metrics().live_sources, 0);
        assert_eq!(crate::metrics().live_tasks, 1);
    });
}
