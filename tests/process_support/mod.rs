//! What the tests of processes share: a loop that notices when it hangs, and a look at what
//! the system knows of a process.

#![allow(dead_code, reason = "each test uses its own part")]

use std::future::Future;
use std::time::Duration;

use hob::process::Command;

/// Runs `test` to its end. One that waits for an end that never comes fails, instead of
/// standing still for ever.
#[track_caller]
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    hob::block_on(limited(test))
}

/// `test`, with the limit that [`run`] has.
pub(crate) async fn limited<T>(test: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(60);
    let done = hob::time::timeout(patience, test).await;
    done.expect("it hangs: somebody sleeps who should have been woken")
}

/// A shell that runs `script`.
pub(crate) fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// The letter that the system has for the state of a process; `None` if there is none.
pub(crate) fn state(pid: u32) -> Option<char> {
    if !cfg!(target_os = "linux") {
        let mut ps = std::process::Command::new("ps");
        let output = ps.args(["-o", "state=", "-p", &pid.to_string()]).output();
        return output.unwrap().stdout.first().map(|&letter| letter.into());
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, a parenthesis too.
    stat.rsplit(") ").next()?.chars().next()
}

/// Stands still, loop and all, until the process has ended and nobody has reaped it.
pub(crate) fn until_zombie(pid: u32) {
    until(|| state(pid) == Some('Z'), "it did not become a zombie");
}

/// Stands still, loop and all, until `done`.
#[track_caller]
pub(crate) fn until(done: impl Fn() -> bool, otherwise: &str) {
    for _ in 0..60_000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("{otherwise}");
}

/// Lets everybody who can go on do so, until all others sleep: several visits to the kernel.
pub(crate) async fn settle() {
    for _ in 0..20 {
        hob::yield_now().await;
    }
}

pub(crate) fn open_descriptors() -> usize {
    std::fs::read_dir("/dev/fd").unwrap().count()
}

/// Runs `test` in a process of its own, where nobody else opens descriptors or has children,
/// with so many descriptors at most.
pub(crate) fn alone(name: &str, descriptors: usize, test: impl FnOnce()) {
    const CHILD: &str = "HOB_TEST_ALONE";
    if std::env::var_os(CHILD).is_some() {
        return test();
    }
    let script = format!("ulimit -n {descriptors} && exec \"$0\" --exact {name} --nocapture");
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "yes")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && said.contains("1 passed");
    assert!(passed, "{said}");
}

/// What stands for the harness where a test must have its own `main`: runs all tests, or those
/// whose names contain an argument.
pub(crate) fn main_of(tests: &[(&str, fn())]) {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wanted: Vec<&String> = wanted.iter().filter(|arg| !arg.starts_with('-')).collect();
    let mut passed = 0;
    for (name, test) in tests {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            test();
            passed += 1;
            println!("test {name} ... ok");
        }
    }
    println!("\ntest result: ok. {passed} passed; 0 failed; without a harness");
}
