//! Runs a program as a child, plainly, under strace or under valgrind, and reads off what was
//! counted.

use crate::programs::{Program, operations};
use hob_judge::ceiling::rounded;
use std::process::{Command, Stdio};

/// What one operation costs this contender. `None`: the tool that counts it is missing.
pub(crate) fn each(program: &Program, count: &str, who: &str) -> Option<f64> {
    let [few, many] = program.times;
    let run = |times: usize| total(count, &["child", program.row, who, &times.to_string()]);
    if count == "bytes" {
        return Some(rounded(run(few)?));
    }
    let more = operations(program.row, many) - operations(program.row, few);
    Some(rounded((run(many)? - run(few)?) / more as f64))
}

fn total(count: &str, child: &[&str]) -> Option<f64> {
    match count {
        "syscalls" => syscalls(child),
        "instructions" => instructions(child),
        _ => plain(child),
    }
}

fn myself() -> String {
    let program = std::env::current_exe().expect("a program knows its name");
    program.display().to_string()
}

/// What the child itself says.
fn plain(child: &[&str]) -> Option<f64> {
    let output = Command::new(myself()).args(child).output().ok()?;
    assert!(output.status.success(), "{child:?} failed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.trim().parse().expect("the child prints a number"))
}

/// The calls of all its threads, as strace adds them up.
fn syscalls(child: &[&str]) -> Option<f64> {
    let mut strace = Command::new("strace");
    let strace = strace.args(["-f", "-c", "-U", "calls,name", "--"]);
    let text = stderr_of(strace.arg(myself()).args(child))?;
    let total = text
        .lines()
        .find(|line| line.trim_end().ends_with(" total"));
    let calls = total.and_then(|line| line.split_whitespace().next());
    Some(
        calls
            .and_then(|calls| calls.parse().ok())
            .expect("strace prints a total"),
    )
}

/// The instructions that valgrind's callgrind counts.
fn instructions(child: &[&str]) -> Option<f64> {
    let mut valgrind = Command::new("valgrind");
    let valgrind = valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"]);
    let text = stderr_of(valgrind.arg(myself()).args(child))?;
    let line = text.lines().find(|line| line.contains("Collected :"));
    let number = line.and_then(|line| line.rsplit(' ').next());
    Some(
        number
            .and_then(|number| number.parse().ok())
            .expect("callgrind prints what it collected"),
    )
}

/// Runs it and gives what it wrote to stderr. `None`: there is no such program.
fn stderr_of(command: &mut Command) -> Option<String> {
    let output = command.stdout(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?} failed:\n{text}");
    Some(text)
}

/// What a program says of itself, or a question mark.
pub(crate) fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text
        .ok()
        .and_then(|text| Some(text.lines().next()?.to_string()));
    line.unwrap_or("?".into())
}
