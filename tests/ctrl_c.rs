//! Ctrl-C: awaited, cancelling the main future, and given back when nobody listens.
//!
//! A signal concerns a whole process, so each scenario runs in a child: this very test binary,
//! started again with the scenario's name in an environment variable.
#![cfg(all(unix, feature = "signal"))]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use hob::signal::ctrl_c;
use hob::{Builder, Interrupted, block_on, spawn};

const SCENARIO: &str = "HOB_TEST_SCENARIO";
const SIGINT: i32 = 2;

/// Not a test of its own: what the children do.
#[test]
fn scenario_of_a_child() {
    match std::env::var(SCENARIO).as_deref() {
        Ok("await") => awaits(),
        Ok("given-back") => gives_back(),
        Ok("no-listener") => has_no_listener(),
        Ok("cancel") => cancels(),
        Ok("try") => tries(),
        Ok("stuck-cleanup") => stuck_in_cleanup(),
        Ok("stuck-loop") => stuck_in_a_loop(),
        Ok("scope") => scope_cleans_up(),
        Ok("token") => token_is_heard(),
        Ok("deaf-main") => main_hears_and_goes_on(),
        Ok("stuck-scope") => stuck_in_a_cleanup_of_a_scope(),
        Ok(other) => panic!("no scenario {other}"),
        Err(_) => {}
    }
}

/// A child in a scenario, and its output.
struct Running {
    child: Child,
    output: BufReader<Box<dyn Read>>,
}

impl Running {
    fn start(scenario: &str) -> Running {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["scenario_of_a_child", "--exact", "--nocapture"])
            .env(SCENARIO, scenario)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output: Box<dyn Read> = Box::new(child.stdout.take().unwrap());
        let output = BufReader::new(output);
        Running { child, output }
    }

    /// Reads on until the child says `wanted`.
    fn until(&mut self, wanted: &str) {
        let mut line = String::new();
        while !line.contains(wanted) {
            line.clear();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "the child ended without saying {wanted:?}");
        }
    }

    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        let kill = Command::new("sh")
            .args(["-c", &format!("kill -INT {pid}")])
            .status();
        assert!(kill.unwrap().success());
    }

    fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

struct Says(&'static str);
impl Drop for Says {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn awaits() {
    block_on(async {
        let second = spawn(ctrl_c());
        let first = ctrl_c();
        println!("ready");
        first.await.unwrap();
        second.await.unwrap().unwrap();
        println!("both heard it");
    });
}

/// Broken by: leaving out `low_level::pipe::register` (the child dies of the signal).
#[test]
fn everybody_who_awaits_ctrl_c_hears_it() {
    let mut child = Running::start("await");
    child.until("ready");
    // The second one registers at its first poll; it is polled right after "ready".
    std::thread::sleep(Duration::from_millis(100));
    child.interrupt();
    let (status, output) = child.end();
    assert!(output.contains("both heard it"), "{output}");
    assert!(status.success(), "{status}");
}

fn gives_back() {
    block_on(async {
        let listening = ctrl_c();
        drop(listening);
        println!("ready");
        hob::time::sleep(Duration::from_secs(60)).await;
    });
}

/// Trap 46 in part. Broken by: leaving out `unlisten` in the drop of `Listener` (the child
/// sleeps on for a minute).
#[test]
fn when_nobody_listens_any_more_ctrl_c_ends_the_process_again() {
    let mut child = Running::start("given-back");
    child.until("ready");
    child.interrupt();
    let (status, _) = child.end();
    assert_eq!(status.signal(), Some(SIGINT));
}

fn has_no_listener() {
    drop(ctrl_c()); // no loop runs here, so there can be no listener
    println!("ready");
    std::thread::sleep(Duration::from_secs(60));
}

/// Broken by: `unheard` that begins false (the child sleeps on for a minute).
#[test]
fn a_listener_that_could_not_be_made_does_not_take_the_signal_away() {
    let mut child = Running::start("no-listener");
    child.until("ready");
    child.interrupt();
    let (status, _) = child.end();
    assert_eq!(status.signal(), Some(SIGINT));
}

fn cancels() {
    Builder::new().cancel_on_ctrl_c(true).block_on(async {
        let _main = Says("main was dropped");
        spawn(async {
            let _task = Says("task was dropped");
            std::future::pending::<()>().await;
        });
        hob::yield_now().await;
        println!("ready");
        std::future::pending::<()>().await;
    });
}

/// Broken by: leaving out `self.end()` in `Runtime::block_on` (the task is not dropped), or
/// `process::exit(1)` in `die`.
#[test]
fn the_first_ctrl_c_cancels_main_cleans_up_and_ends_as_the_signal_would() {
    let mut child = Running::start("cancel");
    child.until("ready");
    child.interrupt();
    let (status, output) = child.end();
    let main = output
        .find("main was dropped")
        .expect("main's destructor ran");
    let task = output
        .find("task was dropped")
        .expect("the task's destructor ran");
    assert!(main < task, "{output}");
    assert_eq!(status.signal(), Some(SIGINT));
}

fn tries() {
    let runtime = Builder::new().cancel_on_ctrl_c(true).build().unwrap();
    let ended = runtime.try_block_on(async {
        let _main = Says("main was dropped");
        println!("ready");
        std::future::pending::<()>().await;
    });
    assert_eq!(ended, Err(Interrupted));
    assert_eq!(runtime.block_on(async { 7 }), 7);
    println!("went on");
}

/// Broken by: ending the process in `try_block_on`.
#[test]
fn a_program_that_asks_for_it_goes_on_after_ctrl_c() {
    let mut child = Running::start("try");
    child.until("ready");
    child.interrupt();
    let (status, output) = child.end();
    assert!(output.contains("main was dropped") && output.contains("went on"));
    assert!(status.success());
}

fn stuck_in_cleanup() {
    struct Slow;
    impl Drop for Slow {
        fn drop(&mut self) {
            println!("cleaning up");
            std::thread::sleep(Duration::from_secs(60));
        }
    }
    Builder::new().cancel_on_ctrl_c(true).block_on(async {
        let _slow = Slow;
        println!("ready");
        std::future::pending::<()>().await;
    });
}

/// Broken by: leaving out `register_conditional_default` in `SecondEnds::new`.
#[test]
fn the_second_ctrl_c_ends_a_process_that_is_stuck_in_its_cleanup() {
    let mut child = Running::start("stuck-cleanup");
    child.until("ready");
    child.interrupt();
    child.until("cleaning up");
    child.interrupt();
    let (status, _) = child.end();
    assert_eq!(status.signal(), Some(SIGINT));
}

fn stuck_in_a_loop() {
    Builder::new().cancel_on_ctrl_c(true).block_on(async {
        println!("ready");
        std::thread::sleep(Duration::from_secs(60)); // never awaits
    });
}

/// Broken by: arming the second in the future's poll instead of in the handler.
#[test]
fn the_second_ctrl_c_ends_a_process_whose_loop_is_stuck() {
    let mut child = Running::start("stuck-loop");
    child.until("ready");
    child.interrupt();
    std::thread::sleep(Duration::from_millis(100));
    child.interrupt();
    let (status, _) = child.end();
    assert_eq!(status.signal(), Some(SIGINT));
}

fn scope_cleans_up() {
    let answer = Builder::new().cancel_on_ctrl_c(true).block_on(async {
        let ended = hob::scope(async |s| {
            s.defer(async {
                hob::time::sleep(Duration::from_millis(20)).await;
                println!("cleaned up");
            });
            s.spawn(std::future::pending::<()>());
            println!("ready");
            std::future::pending::<()>().await;
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.reason(), &hob::sync::CancelReason::CtrlC);
        println!("{error}");
        7
    });
    println!("main gave {answer}");
}

/// Broken by: a scope's token without a parent (`Children::bind`), or one that is not asked
/// for in `current` (main is dropped at once).
#[test]
fn the_first_ctrl_c_cancels_the_scopes_of_main_and_lets_it_return() {
    let mut child = Running::start("scope");
    child.until("ready");
    child.interrupt();
    let (status, output) = child.end();
    let cleaned = output.find("cleaned up").expect("the cleanup ran");
    let said = output
        .find("the scope was cancelled: Ctrl-C")
        .expect("said");
    let gave = output.find("main gave 7").expect("main returned");
    assert!(cleaned < said && said < gave, "{output}");
    assert!(status.success(), "{status}");
}

fn token_is_heard() {
    let runtime = Builder::new().cancel_on_ctrl_c(true).build().unwrap();
    let ended = runtime.try_block_on(async {
        let token = hob::CancellationToken::current().unwrap();
        let task = spawn(async move {
            println!("ready");
            token.cancelled().await;
            token.reason().unwrap().to_string()
        });
        task.await.unwrap()
    });
    println!("{}", ended.unwrap());
    assert!(hob::CancellationToken::current().is_none());
}

#[test]
fn a_program_finds_the_token_of_ctrl_c_and_may_take_its_time() {
    let mut child = Running::start("token");
    child.until("ready");
    child.interrupt();
    let (status, output) = child.end();
    assert!(output.contains("cancelled: Ctrl-C"), "{output}");
    assert!(status.success(), "{status}");
}

fn main_hears_and_goes_on() {
    let grace = Duration::from_millis(50);
    Builder::new()
        .cancel_on_ctrl_c_within(grace)
        .block_on(async {
            let _main = Says("main was dropped");
            println!("ready");
            hob::CancellationToken::current().unwrap().cancelled().await;
            println!("heard");
            std::future::pending::<()>().await;
        });
}

/// Broken by: leaving out the timer in the poll of `FirstCtrlC` (the child never ends).
#[test]
fn a_main_that_hears_and_goes_on_all_the_same_is_dropped_after_its_grace() {
    let mut child = Running::start("deaf-main");
    child.until("ready");
    child.interrupt();
    child.until("heard");
    let (status, output) = child.end();
    assert!(output.contains("main was dropped"), "{output}");
    assert_eq!(status.signal(), Some(SIGINT));
}

fn stuck_in_a_cleanup_of_a_scope() {
    Builder::new().cancel_on_ctrl_c(true).block_on(async {
        let ended = hob::scope(async |s| {
            s.set_cleanup_limit(Duration::MAX);
            s.defer(async {
                println!("cleaning up");
                std::future::pending::<()>().await;
            });
            println!("ready");
            std::future::pending::<()>().await;
        });
        ended.await.unwrap_err();
    });
}

#[test]
fn the_second_ctrl_c_ends_a_process_whose_scope_is_cleaning_up() {
    let mut child = Running::start("stuck-scope");
    child.until("ready");
    child.interrupt();
    child.until("cleaning up");
    child.interrupt();
    let (status, _) = child.end();
    assert_eq!(status.signal(), Some(SIGINT));
}
