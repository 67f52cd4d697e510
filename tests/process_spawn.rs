//! A program starts with what was chosen for it, or fails with one clear error that leaves
//! nothing behind.
#![cfg(all(unix, feature = "process"))]

mod process_support;

use std::io::ErrorKind;

use hob::process::{Command, Stdio};
use process_support::{alone, open_descriptors, run, settle, sh};

#[test]
fn a_missing_program_is_one_error_that_names_it() {
    run(async {
        let errors = [
            Command::new("no-such-program")
                .spawn()
                .map(drop)
                .unwrap_err(),
            Command::new("no-such-program").status().await.unwrap_err(),
            Command::new("no-such-program").output().await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(error.to_string().contains("`no-such-program`"), "{error}");
        }
        let error = Command::new("true")
            .current_dir("/no/folder")
            .spawn()
            .unwrap_err();
        assert!(error.to_string().contains("/no/folder"), "{error}");
        let error = Command::new("/etc/passwd").spawn().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    });
}

#[test]
fn outside_of_a_loop_nothing_is_started() {
    let error = Command::new("true").spawn().unwrap_err();
    assert!(error.to_string().contains("block_on"), "{error}");
}

#[test]
fn arguments_variables_folder_and_group_arrive() {
    run(async {
        let mut command = sh("echo \"$0 $1 $A $B $HOME\"; pwd; cat");
        command
            .args(["zero", "o n e"])
            .env_clear()
            .env("A", "a")
            .envs([("B", "b"), ("C", "c")]);
        command
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .process_group(0);
        let output = command.output().await.unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "zero o n e a b \n/\n"
        );
    });
}

#[test]
fn a_command_of_std_can_be_taken_over_and_used_again() {
    run(async {
        let mut std = std::process::Command::new("echo");
        std.arg("once");
        let mut command = Command::from(std);
        for _ in 0..2 {
            assert_eq!(command.output().await.unwrap().stdout, b"once\n");
        }
        command.arg("more").stdout(Stdio::null());
        assert_eq!(command.output().await.unwrap().stdout, b"");
        assert_eq!(command.as_std().get_args().count(), 2);
    });
}

/// Trap 16. Broken by: no `kill` in `adopt` where the watch fails, or none in `Child::adopt`
/// where a pipe does.
#[test]
fn without_a_descriptor_left_it_is_one_error_and_leaves_nothing() {
    let name = "without_a_descriptor_left_it_is_one_error_and_leaves_nothing";
    alone(name, 64, || {
        run(async {
            sh("exit 0").status().await.unwrap();
            settle().await;
            let before = (open_descriptors(), hob::metrics());
            let mut taken = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                taken.push(file);
            }
            // As many as an attempt can use, one more at each: it fails at another place.
            let mut failed = 0;
            for _ in 0..12 {
                let mut command = sh("exec sleep 1000");
                command
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .kill_on_drop(true);
                failed += u32::from(command.spawn().is_err());
                while hob::metrics().live_tasks > before.1.live_tasks {
                    hob::yield_now().await;
                }
                taken.pop();
            }
            assert!((4..12).contains(&failed), "{failed}");
            drop(taken);
            settle().await;
            assert_eq!(open_descriptors(), before.0);
            assert_eq!(hob::metrics().live_sources, before.1.live_sources);
        });
    });
}
