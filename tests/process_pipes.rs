//! The pipes of a child carry any number of bytes, both ways at once, and end when an end is
//! closed.
#![cfg(all(unix, feature = "process"))]

mod process_support;

use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncBufReadExt, AsyncWriteExt, StreamExt};
use hob::process::{Command, Stdio};
use process_support::{run, settle, sh, state, until};

/// Far more than all the buffers on the way hold.
const MUCH: usize = 10 * 1024 * 1024;

fn bytes() -> Vec<u8> {
    (0..MUCH).map(|i| (i * 7 + i / 251) as u8).collect()
}

/// Broken by: `set_nonblocking(true)` left out in either `new` of `pipe/unix.rs`: then the loop
/// stands still in a write while the child waits to be read from.
#[test]
fn ten_megabytes_go_through_a_child_both_ways_at_once() {
    run(async {
        let mut cat = Command::new("cat");
        let mut child = cat
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let sent = bytes();
        let mut received = Vec::new();
        let write = async {
            stdin.write_all(&sent).await.unwrap();
            stdin.close();
        };
        let (_, read) = zip(write, stdout.read_to_end(&mut received)).await;
        assert_eq!(read.unwrap(), MUCH);
        assert!(received == sent, "the bytes are those that were sent");
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn the_traits_of_futures_io_carry_as_much() {
    run(async {
        let mut cat = Command::new("cat");
        let mut child = cat
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let sent = bytes();
        let mut received = Vec::new();
        let write = async {
            AsyncWriteExt::write_all(&mut stdin, &sent).await.unwrap();
            AsyncWriteExt::close(&mut stdin).await.unwrap();
            let late = AsyncWriteExt::write(&mut stdin, b"x").await.unwrap_err();
            assert_eq!(late.kind(), std::io::ErrorKind::BrokenPipe);
        };
        let (_, copied) = zip(write, hob::io::copy(stdout, &mut received)).await;
        assert_eq!(copied.unwrap(), MUCH as u64);
        assert!(received == sent, "the bytes are those that were sent");
    });
}

#[test]
fn both_outputs_are_read_at_once() {
    run(async {
        // Whoever reads one to its end before the other waits for ever.
        let script = "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero; echo end >&2";
        let output = sh(script).output().await.unwrap();
        assert_eq!(
            (output.stdout.len(), output.stderr.len()),
            (1_000_000, 1_000_004)
        );
    });
}

#[test]
fn a_child_that_does_not_read_makes_the_writer_wait_and_its_end_is_an_error() {
    run(async {
        // It stops itself, so that it reads nothing before we let it.
        let mut command = sh("kill -STOP $$; read line; exit 3");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let pid = child.id().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let much = bytes();
        {
            let mut write = stdin.write_all(&much);
            assert!(poll_once(&mut write).await.is_none(), "the pipe is full");
        }
        until(|| state(pid) == Some('T'), "it does not stop");
        settle().await;
        assert_eq!(child.try_wait().unwrap(), None, "to stop is not to end");
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
        assert_eq!(child.exited().await.unwrap().code(), Some(3));
        let error = stdin.write_all(&much).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn waiting_closes_stdin_so_that_the_child_ends() {
    run(async {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(child.wait().await.unwrap().success());
        assert!(child.stdin.is_none());
    });
}

/// The data and the end come in one event. Broken by: `SHORT_READ_IS_ALL` true for pipes, on a
/// kernel that does not tell of the end beside the data.
#[test]
fn what_was_written_before_the_end_is_read_after_it() {
    run(async {
        let mut command = sh("printf 0123456789");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        child.wait().await.unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut buf = [0; 4096];
        assert_eq!(stdout.read(&mut buf).await.unwrap(), 10);
        assert_eq!(stdout.read(&mut buf).await.unwrap(), 0);
        assert_eq!(stdout.read(&mut buf).await.unwrap(), 0);
        let early = stdout.read_exact(&mut buf).await.unwrap_err();
        assert_eq!(early.kind(), std::io::ErrorKind::UnexpectedEof);
    });
}

#[test]
fn one_child_reads_what_another_writes_without_us() {
    run(async {
        let mut first = sh("seq 100000").stdout(Stdio::piped()).spawn().unwrap();
        let stdout = first.stdout.take().unwrap();
        let mut count = Command::new("wc");
        let counted = count
            .arg("-l")
            .stdin(Stdio::try_from(stdout).unwrap())
            .output()
            .await;
        let counted = String::from_utf8(counted.unwrap().stdout).unwrap();
        assert_eq!(counted.trim(), "100000");
        assert!(first.wait().await.unwrap().success());
    });
}

#[test]
fn lines_come_one_by_one_as_they_are_written() {
    run(async {
        let mut command = sh("while read line; do echo \"<$line>\"; done");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut lines = hob::io::BufReader::new(child.stdout.take().unwrap()).lines();
        for n in 0..100 {
            stdin.write_all(format!("{n}\n").as_bytes()).await.unwrap();
            assert_eq!(lines.next().await.unwrap().unwrap(), format!("<{n}>"));
        }
        drop(stdin);
        assert!(lines.next().await.is_none());
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn a_task_that_reads_from_a_child_says_so() {
    run(async {
        let mut command = sh("read line");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let reading = hob::spawn_named("reader", async move { stdout.read(&mut [0; 16]).await });
        settle().await;
        let tasks = hob::tasks();
        let reader = tasks
            .iter()
            .find(|task| task.name.as_deref() == Some("reader"));
        let wait = reader.unwrap().wait.unwrap();
        assert_eq!(wait.kind, hob::WaitKind::Readable);
        assert_eq!(wait.at.file(), file!());
        drop(child.stdin.take());
        assert_eq!(reading.await.unwrap().unwrap(), 0);
    });
}
