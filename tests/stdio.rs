//! Standard input does not hold the end of a program; standard output keeps its order and its
//! errors. Each test starts itself again as a child, whose stdin and stdout are pipes.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use futures_lite::StreamExt;
use hob::io::{AsyncBufReadExt, stderr, stdin, stdout};
use hob::{Runtime, block_on, spawn};

/// No child needs that long unless it has failed already.
const HANG: Duration = Duration::from_secs(60);

const WHO: &str = "HOB_TEST_CHILD";

/// In the child: runs `main` and ends the process. In the parent: the child, started, with pipes.
///
/// `name` is the name of the calling test.
fn child(name: &str, main: impl FnOnce()) -> Running {
    if std::env::var(WHO).as_deref() == Ok(name) {
        // Rather than hang: whoever waits for us sees us fail.
        std::thread::spawn(|| {
            std::thread::sleep(HANG);
            std::process::exit(99);
        });
        println!(); // The test harness has begun a line.
        main();
        std::process::exit(0);
    }
    let this = std::env::current_exe().expect("a test has a file");
    let child = Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env(WHO, name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this very program can be started");
    Running(child)
}

struct Running(Child);

impl Running {
    /// Tells the child something.
    fn say(&mut self, line: &str) {
        let stdin = self.0.stdin.as_mut().expect("not closed");
        writeln!(stdin, "{line}").expect("the child listens");
    }

    /// The lines of its stdout that begin with `@`, up to the end.
    fn lines(&mut self) -> Vec<String> {
        let out = BufReader::new(self.0.stdout.take().expect("not taken"));
        out.lines()
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix('@').map(str::to_owned))
            .collect()
    }

    /// Waits until it says `word` on stderr.
    fn wait_for(&mut self, word: &str) {
        let mut err = BufReader::new(self.0.stderr.as_mut().expect("a pipe"));
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert_ne!(err.read_line(&mut line).unwrap(), 0, "it never said {word}");
        }
    }

    /// Waits for its end, but not for ever.
    fn end(mut self) -> ExitStatus {
        let begin = Instant::now();
        while begin.elapsed() < HANG {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the child does not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Long enough for a thread to have begun with a read. (One that has not is simply withdrawn: then
/// the test passes, and shows less.)
async fn begun() {
    hob::time::sleep(Duration::from_millis(200)).await;
}

/// Trap 39. Broken by: reading on `Lane::General`, whose threads are waited for.
#[test]
fn a_program_ends_while_its_stdin_is_silent() {
    let mut running = child("a_program_ends_while_its_stdin_is_silent", || {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let reading = spawn(async { stdin().read(&mut [0; 1]).await });
            begun().await;
            assert!(!reading.is_finished());
        });
        runtime.shutdown_timeout(Duration::from_secs(300));
    });
    // Its stdin stays open and empty.
    let _open = running.0.stdin.take();
    assert!(running.end().success());
}

#[test]
fn what_is_typed_arrives_and_so_does_its_end() {
    let mut running = child("what_is_typed_arrives_and_so_does_its_end", || {
        block_on(async {
            let mut lines = futures_lite::io::BufReader::new(stdin()).lines();
            while let Some(line) = lines.next().await {
                println!("@{}", line.unwrap());
            }
            assert_eq!(
                stdin().read(&mut [0; 1]).await.unwrap(),
                0,
                "the end is the end"
            );
        });
    });
    for line in ["one", "two", "three"] {
        running.say(line);
    }
    drop(running.0.stdin.take());
    assert_eq!(running.lines(), ["one", "two", "three"]);
    assert!(running.end().success());
}

/// Broken by: bytes that travel in the job's result, or `wait_for_input` not looking into `ARRIVED`.
#[test]
fn what_arrives_for_one_who_has_gone_is_read_by_the_next() {
    let mut running = child(
        "what_arrives_for_one_who_has_gone_is_read_by_the_next",
        || {
            let ask_and_go = async {
                let task = spawn(async { stdin().read(&mut [0; 64]).await });
                begun().await;
                task.abort();
            };
            block_on(ask_and_go);
            block_on(async {
                let reading = spawn(async {
                    let mut line = String::new();
                    let mut input = futures_lite::io::BufReader::new(stdin());
                    input.read_line(&mut line).await.map(|_| line)
                });
                begun().await;
                eprintln!("ready");
                let line = reading.await.unwrap().unwrap();
                println!("@{line}");
            });
        },
    );
    running.wait_for("ready");
    running.say("for whom?");
    assert_eq!(running.lines(), ["for whom?"]);
    assert!(running.end().success());
}

/// Broken by: a job for each write without the `busy` flag, or jobs that are not mandatory.
#[test]
fn output_keeps_its_order_and_is_whole_at_the_end_without_a_flush() {
    const LINES: usize = 20_000;
    let name = "output_keeps_its_order_and_is_whole_at_the_end_without_a_flush";
    let mut running = child(name, || {
        block_on(async {
            let mut one = stdout();
            for n in 0..LINES {
                let line = format!("@{n}\n");
                match n % 2 {
                    0 => one.write_all(line.as_bytes()).await.unwrap(),
                    _ => stdout().write_all(line.as_bytes()).await.unwrap(),
                }
            }
        });
    });
    assert!(
        running
            .lines()
            .into_iter()
            .eq((0..LINES).map(|n| n.to_string()))
    );
    assert!(running.end().success());
}

/// Broken by: `run_in_turns` leaving its work to a loop that may stand still.
#[test]
fn a_runtime_without_threads_that_stands_still_holds_up_no_other() {
    let name = "a_runtime_without_threads_that_stands_still_holds_up_no_other";
    let mut running = child(name, || {
        let still = hob::Builder::new().worker_threads(0).build().unwrap();
        still.block_on(async { stdout().write_all(b"@one\n").await.unwrap() });
        block_on(async {
            let mut out = stdout();
            out.write_all(b"@two\n").await.unwrap();
            out.flush().await.unwrap();
        });
        drop(still);
    });
    assert_eq!(running.lines(), ["one", "two"]);
    assert!(running.end().success());
}

/// Broken by: writing on the loop's thread.
#[test]
fn a_reader_that_does_not_read_holds_up_only_the_writer() {
    let name = "a_reader_that_does_not_read_holds_up_only_the_writer";
    let mut running = child(name, || {
        block_on(async {
            let writer = spawn(async {
                let mut out = stdout();
                out.write_all(&[b'x'; 4 * 1024 * 1024]).await.unwrap();
                out.flush().await.unwrap();
            });
            for _ in 0..10 {
                hob::time::sleep(Duration::from_millis(1)).await;
            }
            assert!(!writer.is_finished());
            let mut err = stderr();
            err.write_all(b"ticked\n").await.unwrap();
            err.flush().await.unwrap();
            writer.await.unwrap();
        });
    });
    running.wait_for("ticked");
    let mut bytes = Vec::new();
    running
        .0
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    assert_eq!(
        bytes.iter().filter(|&&byte| byte == b'x').count(),
        4 * 1024 * 1024
    );
    assert!(running.end().success());
}

/// Broken by: `fail` not counting, or `news` not remembering.
#[test]
fn a_closed_pipe_is_an_ordinary_error_that_each_handle_hears_once() {
    let name = "a_closed_pipe_is_an_ordinary_error_that_each_handle_hears_once";
    let mut running = child(name, || {
        block_on(async {
            let [mut one, mut two] = [stdout(), stdout()];
            eprintln!("ready");
            // Returns once the other end of our stdout is closed.
            stdin().read(&mut [0; 1]).await.unwrap();
            one.write_all(b"nobody hears\n").await.unwrap();
            let errors = [one.flush().await, two.flush().await];
            for error in errors {
                assert_eq!(error.unwrap_err().kind(), ErrorKind::BrokenPipe);
            }
            two.flush().await.unwrap();
            one.flush().await.unwrap();
            std::process::exit(7);
        });
    });
    running.wait_for("ready");
    drop(running.0.stdout.take());
    running.say("go on");
    assert_eq!(running.end().code(), Some(7));
}
