//! A file keeps the order of its operations, asks few jobs for them, and loses nothing.

mod fs_support;

use std::future::Future;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use fs_support::Folder;
use hob::fs::File;
use hob::{Builder, block_on, metrics};

fn jobs() -> u64 {
    metrics().counters.jobs_started
}

/// For tests in which a job must not be done before the future that asked for it is dropped: with
/// no threads, none runs within a poll.
fn without_threads<T>(main: impl Future<Output = T>) -> T {
    Builder::new().worker_threads(0).block_on(main)
}

/// Polls once and gives up, unless it was ready.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Broken by: handing over at every `write`, or reading no more than was asked for.
#[test]
fn many_small_operations_are_few_jobs() {
    let folder = Folder::new("few-jobs");
    block_on(async {
        let mut file = File::create_new(folder.path("f")).await.unwrap();
        let before = jobs();
        for n in 0..10_000_u32 {
            file.write_all(&n.to_le_bytes()).await.unwrap();
        }
        assert_eq!(jobs() - before, 0, "40,000 bytes wait for more");
        file.flush().await.unwrap();
        assert_eq!(jobs() - before, 1);
        file.flush().await.unwrap();
        assert_eq!(jobs() - before, 1, "there was nothing to flush");

        file.seek(SeekFrom::Start(0)).await.unwrap();
        let before = jobs();
        for n in 0..10_000_u32 {
            let mut bytes = [0; 4];
            file.read_exact(&mut bytes).await.unwrap();
            assert_eq!(u32::from_le_bytes(bytes), n);
        }
        assert_eq!(file.read(&mut [0; 4]).await.unwrap(), 0);
        assert!(jobs() - before <= 2, "one for the data, one for the end");
    });
}

/// Broken by: `poll_write` accepting more however much stands in line.
#[test]
fn a_writer_that_is_faster_than_the_disk_has_to_wait() {
    let folder = Folder::new("back-pressure");
    without_threads(async {
        let mut file = File::create(folder.path("f")).await.unwrap();
        let piece = [7; 64 * 1024];
        // Nothing is written before the loop's next turn.
        let accepted = (0..1_000)
            .take_while(|_| poll_once(file.write_all(&piece)).is_some())
            .count();
        assert!((4..16).contains(&accepted), "{accepted} × 64 KiB");
        file.write_all(b"and goes on").await.unwrap();
        file.flush().await.unwrap();
        let len = file.metadata().await.unwrap().len();
        assert_eq!(len, (accepted * piece.len() + 11) as u64);
    });
}

/// Broken by: not gathering while a worker writes, more than one job for a big piece, or waiting
/// for more than 64 KiB while no worker is busy.
#[test]
fn a_job_takes_at_least_64_kib_of_a_long_write() {
    const PIECE: usize = 10_000;
    const PIECES: usize = 1_000;
    let folder = Folder::new("chunks");
    block_on(async {
        let mut file = File::create(folder.path("f")).await.unwrap();
        let before = jobs();
        file.write_all(&[7; 64 * 1024]).await.unwrap();
        assert_eq!(jobs() - before, 1);
        file.seek(SeekFrom::Start(0)).await.unwrap();
        let before = jobs();
        for n in 0..PIECES {
            file.write_all(&[n as u8; PIECE]).await.unwrap();
        }
        file.write_all(&[7; 1024 * 1024]).await.unwrap();
        file.flush().await.unwrap();
        let bytes = (PIECE * PIECES + 1024 * 1024) as u64;
        assert!(
            jobs() - before <= bytes / (64 * 1024) + 2,
            "{}",
            jobs() - before
        );
        assert_eq!(file.metadata().await.unwrap().len(), bytes);
    });
    let written = std::fs::read(folder.path("f")).unwrap();
    assert!((0..PIECES).all(|n| written[n * PIECE..][..PIECE] == [n as u8; PIECE]));
}

/// A generator of numbers that are the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// The same operations on a file of hob's and on one of std's give the same, however they are
/// mixed and whichever are begun and given up.
///
/// Broken by: `pack` without `rewind`, `forget_ahead` doing nothing, `poll_write` not waiting for
/// a read under way, `send_out` left out of `Operation::start`, `outdated` never set; on Windows
/// by `Place::keep` not putting the position back.
#[test]
fn any_mix_of_operations_does_what_stds_file_does() {
    for seed in 1..=40_u64 {
        let folder = Folder::new(&format!("mix-{seed}"));
        let threads = [0, 1, 4][seed as usize % 3];
        Builder::new().worker_threads(threads).block_on(async {
            let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let mut ours = File::create_new(folder.path("ours")).await.unwrap();
            let mut options = std::fs::OpenOptions::new();
            options.read(true).write(true).create_new(true);
            let mut stds = options.open(folder.path("stds")).unwrap();
            for step in 0..120 {
                one_step(&mut random, step, &mut ours, &mut stds).await;
            }
            ours.close().await.unwrap();
        });
        let [ours, stds] = ["ours", "stds"].map(|name| std::fs::read(folder.path(name)).unwrap());
        assert!(ours == stds, "seed {seed}");
    }
}

async fn one_step(random: &mut Random, step: u8, ours: &mut File, stds: &mut std::fs::File) {
    let len = match random.below(4) {
        0 => random.below(1_500_000) as usize,
        _ => random.below(300) as usize,
    };
    match random.below(12) {
        0..=2 => {
            let bytes = vec![step; len];
            ours.write_all(&bytes).await.unwrap();
            stds.write_all(&bytes).unwrap();
        }
        3..=4 => {
            let mut theirs = vec![0; len];
            let n = read_full(stds, &mut theirs);
            let mut mine = vec![0; n];
            ours.read_exact(&mut mine).await.unwrap();
            assert!(mine == theirs[..n], "step {step}");
        }
        5 => {
            let to = match random.below(3) {
                0 => SeekFrom::Start(random.below(300_000)),
                1 => SeekFrom::End(-(random.below(2) as i64)),
                _ => SeekFrom::Current(random.below(1_000) as i64 - 500),
            };
            let (mine, theirs) = (ours.seek(to).await, stds.seek(to));
            assert_eq!(mine.ok(), theirs.ok(), "step {step}: {to:?}");
        }
        6 => {
            let len = random.below(250_000);
            ours.set_len(len).await.unwrap();
            stds.set_len(len).unwrap();
        }
        7 => {
            let (offset, bytes) = (random.below(200_000), vec![!step; len]);
            ours.write_at(&bytes, offset).await.unwrap();
            let position = stds.stream_position().unwrap();
            stds.seek(SeekFrom::Start(offset)).unwrap();
            stds.write_all(&bytes).unwrap();
            stds.seek(SeekFrom::Start(position)).unwrap();
        }
        8 => {
            if let Some(read) = poll_once(ours.read(&mut [0; 100])) {
                stds.seek(SeekFrom::Current(read.unwrap() as i64)).unwrap();
            }
        }
        9 => drop(poll_once(ours.flush())),
        10 => drop(poll_once(ours.metadata())),
        _ => {
            let mine = ours.metadata().await.unwrap().len();
            assert_eq!(mine, stds.metadata().unwrap().len(), "step {step}");
        }
    }
}

fn read_full(file: &mut std::fs::File, buf: &mut [u8]) -> usize {
    let mut filled = 0;
    loop {
        match file.read(&mut buf[filled..]).unwrap() {
            0 => return filled,
            n => filled += n,
        }
    }
}

/// Trap 39. Broken by: `Class::Free` in `Strand::start`, or no `Drop` for `File`.
#[test]
fn what_was_written_right_before_the_exit_is_in_the_file() {
    let folder = Folder::new("exit");
    let many: Vec<_> = (0..50).map(|n| folder.path(&n.to_string())).collect();
    Builder::new().worker_threads(1).block_on(async {
        for (n, path) in many.iter().enumerate() {
            let mut file = File::create(path).await.unwrap();
            file.write_all(&vec![n as u8; 100_000]).await.unwrap();
            file.write_all(b"the end").await.unwrap();
        }
    });
    for (n, path) in many.iter().enumerate() {
        let written = std::fs::read(path).unwrap();
        assert!(written[..100_000] == vec![n as u8; 100_000] && written[100_000..] == *b"the end");
    }
}

/// Broken by: `Strand::run_surely` asking for a runtime.
#[test]
fn a_file_that_outlives_its_runtime_is_written_where_it_is_dropped() {
    let folder = Folder::new("outlives");
    let file = block_on(async {
        let mut file = File::create(folder.path("f")).await.unwrap();
        file.write_all(b"late, but there").await.unwrap();
        file
    });
    drop(file);
    assert_eq!(std::fs::read(folder.path("f")).unwrap(), b"late, but there");
}

#[cfg(target_os = "linux")]
mod late_errors {
    use super::*;

    async fn full() -> File {
        File::options().write(true).open("/dev/full").await.unwrap()
    }

    fn is_full(result: io::Result<()>) -> bool {
        result.is_err_and(|error| error.kind() == io::ErrorKind::StorageFull)
    }

    /// `/dev/full` accepts a write as any file does, and then says that the disk is full. Broken
    /// by: `write_out` dropping its error, `Late::take` not clearing, or a `reporting()` less.
    #[test]
    fn an_error_of_a_late_write_is_told_exactly_once_by_whoever_asks_first() {
        block_on(async {
            let mut file = full().await;
            file.write_all(b"accepted").await.unwrap();
            assert!(is_full(file.flush().await));
            file.flush().await.unwrap();

            file.write_all(b"accepted").await.unwrap();
            assert!(is_full(file.sync_all().await));
            file.write_all(b"accepted").await.unwrap();
            assert!(is_full(file.sync_data().await));

            file.write_all(&[0; 64 * 1024]).await.unwrap();
            file.metadata().await.unwrap();
            assert!(is_full(file.write_all(b"refused").await));
            file.flush().await.unwrap();

            file.write_all(b"accepted").await.unwrap();
            assert!(is_full(file.close().await));

            let mut file = full().await;
            file.write_all(b"accepted").await.unwrap();
            assert!(file.into_std().await.is_err());
        });
    }

    /// Broken by: taking the error in the job instead of when it is given.
    #[test]
    fn a_flush_that_is_given_up_leaves_its_error_to_the_next() {
        without_threads(async {
            let mut file = full().await;
            file.write_all(b"accepted").await.unwrap();
            assert!(poll_once(file.flush()).is_none());
            assert!(poll_once(file.sync_all()).is_none());
            assert!(is_full(file.close().await));
        });
    }
}

/// A socket that refuses when it is full is a file that fails once, and later does not.
///
/// Broken by: `write_out` going on after an error; `poll_write` not waiting for what is in line, or
/// not clearing `out`, before it reports one.
#[cfg(unix)]
#[test]
fn what_was_accepted_after_an_error_is_not_written() {
    use std::os::unix::net::UnixStream;
    let (near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.set_nonblocking(true).unwrap();
    let mut receive = move || {
        let mut bytes = Vec::new();
        let error = far.read_to_end(&mut bytes).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        bytes
    };
    without_threads(async {
        let mut file = File::from_std(std::os::fd::OwnedFd::from(near).into());
        for in_line in [false, true] {
            // The first fails at the next turn of the loop, before which the second is accepted.
            file.write_all(&[1; 1024 * 1024]).await.unwrap();
            file.write_all(b"accepted after it").await.unwrap();
            if in_line {
                assert!(poll_once(file.flush()).is_none());
            }
            hob::yield_now().await;
            assert!(receive().iter().all(|&byte| byte == 1));
            let error = file.write_all(b"refused").await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            file.write_all(b"goes on").await.unwrap();
            file.flush().await.unwrap();
            assert_eq!(receive(), b"goes on");
        }
    });
}

/// Broken by: `poll_seek` not asking whether it is the same, or `poll_read` keeping `seeking`.
#[test]
fn a_seek_that_was_given_up_is_not_taken_for_a_later_one() {
    let folder = Folder::new("seek");
    std::fs::write(folder.path("f"), "0123456789").unwrap();
    without_threads(async {
        let mut file = File::open(folder.path("f")).await.unwrap();
        let mut byte = [0];
        assert!(poll_once(file.seek(SeekFrom::Start(5))).is_none());
        assert_eq!(file.seek(SeekFrom::Start(2)).await.unwrap(), 2);
        file.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"2");

        assert!(poll_once(file.seek(SeekFrom::Start(7))).is_none());
        file.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"7");
        assert_eq!(file.seek(SeekFrom::Start(7)).await.unwrap(), 7);
        file.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"7");
    });
}

/// Broken by: `write_out` returning before `go_back`, because of an error nobody has heard of.
#[test]
fn after_a_late_error_the_position_is_still_that_of_the_program() {
    let folder = Folder::new("late-position");
    std::fs::write(folder.path("f"), "0123456789").unwrap();
    block_on(async {
        let mut file = File::open(folder.path("f")).await.unwrap();
        file.write_all(b"not allowed").await.unwrap();
        let mut bytes = [0; 2];
        file.read_exact(&mut bytes).await.unwrap();
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 2);
        file.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"23");
        assert!(file.flush().await.is_err(), "the error is still there");
    });
}

/// Broken by: `poll_write` asking for a job's result, which costs a unit, after it has accepted.
#[test]
fn a_write_without_budget_accepts_nothing_or_is_ready() {
    const CHUNK: usize = 64 * 1024;
    let folder = Folder::new("budget");
    without_threads(async {
        hob::yield_now().await;
        let mut whole_budget = 0;
        while hob::coop::has_budget_remaining() {
            hob::coop::consume_budget().await;
            whole_budget += 1;
        }
        for left in 0..6 {
            let path = folder.path(&left.to_string());
            let mut file = File::create_new(&path).await.unwrap();
            file.write_all(&[1; CHUNK]).await.unwrap();
            assert!(poll_once(file.read(&mut [0; 1])).is_none());
            // Two jobs are over, and their results not yet taken.
            for _ in 0..4 {
                hob::yield_now().await;
            }
            for _ in left..whole_budget {
                hob::coop::consume_budget().await;
            }
            file.write_all(&[2; CHUNK]).await.unwrap();
            file.close().await.unwrap();
            let written = std::fs::read(&path).unwrap();
            assert_eq!(written.len(), 2 * CHUNK, "{left} units left");
            assert!(written[CHUNK..] == [2; CHUNK]);
        }
    });
}

/// Broken by: `Class::Free` in `Strand::start_apart`.
#[test]
fn a_positional_write_that_was_polled_is_done_also_when_the_runtime_ends() {
    let folder = Folder::new("apart-end");
    without_threads(async {
        let file = File::create(folder.path("f")).await.unwrap();
        assert!(poll_once(file.write_at(b"promised", 0)).is_none());
    });
    assert_eq!(std::fs::read(folder.path("f")).unwrap(), b"promised");
}

/// Broken by: `rewind` left out of `into_std`.
#[test]
fn stds_file_comes_back_at_the_position_of_the_program() {
    let folder = Folder::new("into-std");
    std::fs::write(folder.path("f"), "0123456789").unwrap();
    without_threads(async {
        let mut file = File::options()
            .read(true)
            .write(true)
            .open(folder.path("f"))
            .await
            .unwrap();
        file.read_exact(&mut [0; 3]).await.unwrap();
        file.seek(SeekFrom::Start(3)).await.unwrap();
        assert!(poll_once(file.read(&mut [0; 1])).is_none());
        let mut std = file.into_std().await.unwrap();
        assert_eq!(std.stream_position().unwrap(), 3);

        let mut file = File::from_std(std);
        file.write_all(b"abc").await.unwrap();
        let mut std = file.into_std().await.unwrap();
        assert_eq!(std.stream_position().unwrap(), 6);
    });
    assert_eq!(std::fs::read(folder.path("f")).unwrap(), b"012abc6789");
}

/// Broken by: reading ahead while `shares_position`.
#[test]
fn two_handles_of_one_file_share_its_position() {
    let folder = Folder::new("clone");
    std::fs::write(folder.path("f"), "0123456789").unwrap();
    block_on(async {
        let mut one = File::open(folder.path("f")).await.unwrap();
        one.read_exact(&mut [0; 2]).await.unwrap();
        let two = one.try_clone().await.unwrap();
        let mut files = [one, two];
        let mut buf = [0; 2];
        for (which, expected) in [(1, b"23"), (0, b"45"), (1, b"67")] {
            files[which].read_exact(&mut buf).await.unwrap();
            assert_eq!(&buf, expected);
        }
    });
}

/// Broken by: reading ahead in what is no regular file, which takes from others who read the same
/// pipe; or forgetting what was read from it.
#[test]
fn a_pipe_is_read_as_it_comes_and_nothing_of_it_is_lost() {
    let (mut reader, mut writer) = io::pipe().unwrap();
    let other = reader.try_clone().unwrap();
    without_threads(async {
        #[cfg(unix)]
        let other = std::os::fd::OwnedFd::from(other);
        #[cfg(windows)]
        let other = std::os::windows::io::OwnedHandle::from(other);
        let mut file = File::from_std(other.into());
        writer.write_all(b"early, later, end").unwrap();
        drop(writer);
        let mut buf = [0; 64];
        // Given up, and found again; in two pieces.
        assert!(poll_once(file.read(&mut buf[..7])).is_none());
        assert_eq!(file.read(&mut buf[..5]).await.unwrap(), 5);
        assert_eq!(&buf[..5], b"early");
        reader.read_exact(&mut buf[..7]).unwrap();
        assert_eq!(&buf[..7], b"later, ");
        assert_eq!(file.read(&mut buf).await.unwrap(), 2);
        assert_eq!(&buf[..2], b", ");
        let n = file.read(&mut buf).await.unwrap();
        assert_eq!(&buf[..n], b"end");
        assert_eq!(file.read(&mut buf).await.unwrap(), 0);
    });
}

/// Broken by: `next_stride` never growing.
#[test]
fn who_reads_on_and_on_is_read_ahead_for_in_larger_pieces() {
    const MIB: usize = 1024 * 1024;
    let folder = Folder::new("on-and-on");
    std::fs::write(folder.path("f"), vec![7; 8 * MIB]).unwrap();
    block_on(async {
        let mut file = File::open(folder.path("f")).await.unwrap();
        let before = jobs();
        let mut piece = vec![0; 10_000];
        let mut read = 0;
        while read < 4 * MIB {
            file.read_exact(&mut piece).await.unwrap();
            read += piece.len();
        }
        // 64 + 128 + n × 256 KiB, and the one that is read early.
        assert!(jobs() - before <= 2 + 4 * 4 + 1, "{}", jobs() - before);
        let at = file.seek(SeekFrom::Current(0)).await.unwrap();
        assert_eq!(at, read as u64);
        let mut rest = Vec::new();
        file.read_exact(&mut piece).await.unwrap();
        assert_eq!(
            file.read_to_end(&mut rest).await.unwrap(),
            8 * MIB - read - piece.len()
        );
    });
}

/// Broken by: reading early no more than what small reads are given.
#[test]
fn who_reads_in_large_pieces_gets_them_whole() {
    const MIB: usize = 1024 * 1024;
    let folder = Folder::new("large-pieces");
    std::fs::write(folder.path("f"), vec![7; 16 * MIB]).unwrap();
    block_on(async {
        let mut file = File::open(folder.path("f")).await.unwrap();
        let before = jobs();
        let mut piece = vec![0; MIB];
        for _ in 0..16 {
            assert_eq!(file.read(&mut piece).await.unwrap(), MIB);
        }
        assert_eq!(jobs() - before, 17, "the last was read early, in vain");
    });
}

/// Reads `len` bytes in pieces that are not worth a job each.
async fn read_on(file: &mut File, len: usize) {
    for begin in (0..len).step_by(8_192) {
        let mut piece = vec![0; (len - begin).min(8_192)];
        file.read_exact(&mut piece).await.unwrap();
    }
}

/// Broken by: reading early where the loop would have to do it.
#[test]
fn without_threads_nothing_is_read_early() {
    const MIB: usize = 1024 * 1024;
    let folder = Folder::new("not-early");
    std::fs::write(folder.path("f"), vec![7; MIB]).unwrap();
    without_threads(async {
        let mut file = File::open(folder.path("f")).await.unwrap();
        let before = jobs();
        // In 64 + 128 + 256 KiB, all of them full.
        read_on(&mut file, 448 * 1024).await;
        assert_eq!(jobs() - before, 3);
    });
}

/// Until the caller waits for something: then what it started meanwhile is run.
fn keep_a_worker_busy() {
    let (go_on, told) = std::sync::mpsc::channel::<()>();
    drop(hob::spawn_blocking(move || told.recv()));
    drop(hob::spawn(async move { drop(go_on) }));
}

/// Broken by: `poll_reading` not counting what it throws away into `rewind`, `Shared::try_clone` not
/// going back, or `lend` leaving `at` where it was.
#[test]
fn what_was_read_early_is_given_back_when_something_else_comes_first() {
    const HERE: usize = 1024 * 1024 + 100;
    let folder = Folder::new("early");
    let path = folder.path("f");
    let text: Vec<u8> = (0..3 * 1024 * 1024).map(|n| (n % 251) as u8).collect();
    let workers = [(0, false), (1, false), (1, true), (4, false)];
    for (case, (threads, busy)) in (0..8).flat_map(|case| workers.map(|workers| (case, workers))) {
        std::fs::write(&path, &text).unwrap();
        let mut expected = text.clone();
        Builder::new().worker_threads(threads).block_on(async {
            let mut options = File::options();
            let mut file = options.read(true).write(true).open(&path).await.unwrap();
            // Behind 64 + 128 + 3 × 256 KiB another piece begins, and the next is read early.
            read_on(&mut file, 960 * 1024).await;
            while metrics().live_jobs > 0 {
                hob::yield_now().await;
            }
            if busy {
                keep_a_worker_busy();
            }
            read_on(&mut file, HERE - 960 * 1024).await;
            let mut at = HERE;
            match case {
                0 => {
                    file.write_all(b"new").await.unwrap();
                    expected[HERE..HERE + 3].copy_from_slice(b"new");
                    at += 3;
                }
                1 => {
                    let to = file.seek(SeekFrom::Current(-5)).await.unwrap();
                    at -= 5;
                    assert_eq!(to, at as u64);
                }
                2 => {
                    let other = file.try_clone().await.unwrap();
                    drop(std::mem::replace(&mut file, other));
                }
                3 => file = File::from_std(file.into_std().await.unwrap()),
                4 => {
                    file.set_len(HERE as u64 + 10).await.unwrap();
                    expected.truncate(HERE + 10);
                }
                5 => {
                    file.write_at(b"xyz", HERE as u64 + 1).await.unwrap();
                    expected[HERE + 1..HERE + 4].copy_from_slice(b"xyz");
                }
                6 => assert_eq!(file.read(&mut []).await.unwrap(), 0),
                _ => drop(poll_once(file.read_to_end(&mut Vec::new()))),
            }
            if case < 7 {
                let mut buf = [0; 10];
                file.read_exact(&mut buf).await.unwrap();
                assert_eq!(buf, expected[at..at + 10], "case {case}");
                let mut rest = Vec::new();
                file.read_to_end(&mut rest).await.unwrap();
                assert!(rest == expected[at + 10..], "case {case}");
            }
            file.close().await.unwrap();
        });
        assert!(std::fs::read(&path).unwrap() == expected, "case {case}");
    }
}

/// Broken by: `poll_reading` believing the end that an early read found.
#[test]
fn who_read_to_the_end_sees_what_was_appended_since() {
    let folder = Folder::new("appended");
    let path = folder.path("f");
    // Read in 64 + 128 + 256 + 256 KiB, all of them full.
    let len = 704 * 1024;
    std::fs::write(&path, vec![7; len]).unwrap();
    block_on(async {
        let mut file = File::open(&path).await.unwrap();
        let before = jobs();
        read_on(&mut file, len).await;
        assert_eq!(jobs() - before, 5, "one of them was read early");
        while hob::metrics().live_jobs > 0 {
            hob::yield_now().await;
        }
        let mut other = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        other.write_all(b"more").unwrap();
        let mut buf = [0; 10];
        assert_eq!(file.read(&mut buf).await.unwrap(), 4);
        assert_eq!(&buf[..4], b"more");
        assert_eq!(file.read(&mut buf).await.unwrap(), 0);
    });
}

#[test]
fn the_rest_of_a_file_is_read_in_one_job() {
    let folder = Folder::new("rest");
    let text = "pan ".repeat(100_000);
    std::fs::write(folder.path("f"), &text).unwrap();
    block_on(async {
        let mut file = File::open(folder.path("f")).await.unwrap();
        file.read_exact(&mut [0; 4]).await.unwrap();
        let before = jobs();
        let mut rest = String::from("pan ");
        assert_eq!(
            file.read_to_string(&mut rest).await.unwrap(),
            text.len() - 4
        );
        assert!(rest == text);
        assert_eq!(jobs() - before, 1);
        let mut nothing = vec![7];
        assert_eq!(file.read_to_end(&mut nothing).await.unwrap(), 0);
        assert_eq!(nothing, [7]);
    });
}

/// Broken by: a strand that keeps its worker until it is empty, or one that waits for it.
#[test]
fn a_hundred_files_share_one_worker() {
    let folder = Folder::new("hundred");
    Builder::new().worker_threads(1).block_on(async {
        let tasks: Vec<_> = (0..100_u8)
            .map(|n| {
                let path = folder.path(&n.to_string());
                hob::spawn(async move {
                    let mut file = File::create_new(path).await?;
                    for _ in 0..4 {
                        file.write_all(&[n; 70_000]).await?;
                    }
                    file.seek(SeekFrom::Start(0)).await?;
                    let mut bytes = Vec::new();
                    file.read_to_end(&mut bytes).await?;
                    assert!(bytes == vec![n; 280_000]);
                    file.close().await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(metrics().live_jobs, 0);
    });
}

/// Broken by: `Location::caller()` in a `poll` instead of in the method.
#[test]
fn a_task_that_waits_for_a_file_says_so_and_where() {
    let folder = Folder::new("wait-record");
    Builder::new().worker_threads(1).block_on(async {
        let mut file = File::create(folder.path("f")).await.unwrap();
        file.write_all(b"x").await.unwrap();
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let stopper = hob::spawn_blocking(move || told.recv());
        let line = line!() + 1;
        let task = hob::spawn(async move { file.flush().await });
        hob::yield_now().await;
        let waits: Vec<_> = hob::tasks().iter().filter_map(|task| task.wait).collect();
        assert!(waits.iter().any(|wait| {
            wait.kind == hob::WaitKind::Job && wait.at.file() == file!() && wait.at.line() == line
        }));
        drop(go_on);
        task.await.unwrap().unwrap();
        assert!(stopper.await.unwrap().is_err());
    });
}

#[test]
fn the_traits_of_futures_io_do_the_same_as_the_methods() {
    use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
    let folder = Folder::new("traits");
    block_on(async {
        let mut file = File::create_new(folder.path("f")).await.unwrap();
        AsyncWriteExt::write_all(&mut file, b"0123456789")
            .await
            .unwrap();
        AsyncWriteExt::flush(&mut file).await.unwrap();
        AsyncSeekExt::seek(&mut file, SeekFrom::Start(4))
            .await
            .unwrap();
        let mut buf = [0; 3];
        AsyncReadExt::read_exact(&mut file, &mut buf).await.unwrap();
        assert_eq!(&buf, b"456");
        AsyncWriteExt::close(&mut file).await.unwrap();
    });
}

/// Broken by: leaving out `ahead.clear()` in `Desk::poll_reading`: then the bytes of the last
/// read come again.
#[cfg(unix)]
#[test]
fn a_read_that_fails_gives_nothing_and_the_next_one_gives_only_what_is_new() {
    use std::os::unix::fs::OpenOptionsExt;

    let (reader, mut writer) = std::io::pipe().unwrap();
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
    let nonblocking = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path);
    let Ok(nonblocking) = nonblocking else {
        eprintln!("skipped: this system has no /proc");
        return;
    };
    std::io::Write::write_all(&mut writer, b"abc").unwrap();
    hob::block_on(async {
        let mut file = hob::fs::File::from_std(nonblocking);
        let mut buf = [0; 8];
        assert_eq!(file.read(&mut buf).await.unwrap(), 3);
        for _ in 0..2 {
            let error = file.read(&mut buf).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        }
        std::io::Write::write_all(&mut writer, b"d").unwrap();
        assert_eq!(file.read(&mut buf).await.unwrap(), 1);
        assert_eq!(buf[0], b'd');
    });
}
