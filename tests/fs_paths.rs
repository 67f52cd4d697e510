//! Functions on paths: what std's do, each in one job, and folders in batches.

mod fs_support;
mod wine_support;

use std::collections::BTreeSet;
use std::io::ErrorKind;

use fs_support::Folder;
use hob::{block_on, fs, metrics};
use wine_support::under_wine;

#[test]
fn a_file_is_made_copied_renamed_and_removed_in_one_job_each() {
    let folder = Folder::new("paths");
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path(name));
    block_on(async {
        let before = metrics().counters.jobs_started;
        fs::write(&a, "content").await.unwrap();
        let copied = fs::copy(&a, &b).await.unwrap();
        // Wine copies, but never calls std's callback, which is told the size.
        assert_eq!(copied, if under_wine() { 0 } else { 7 });
        fs::rename(&b, &c).await.unwrap();
        assert!(!fs::try_exists(&b).await.unwrap());
        assert_eq!(fs::read(&c).await.unwrap(), b"content");
        assert_eq!(fs::read_to_string(&c).await.unwrap(), "content");
        assert_eq!(fs::metadata(&c).await.unwrap().len(), 7);
        fs::hard_link(&c, &b).await.unwrap();
        fs::remove_file(&c).await.unwrap();
        assert_eq!(metrics().counters.jobs_started - before, 9);
        assert_eq!(fs::read(&c).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert!(fs::symlink_metadata(&b).await.unwrap().is_file());
        assert_eq!(
            fs::canonicalize(&b).await.unwrap(),
            b.canonicalize().unwrap()
        );
        let mut read_only = fs::metadata(&b).await.unwrap().permissions();
        read_only.set_readonly(true);
        fs::set_permissions(&b, read_only).await.unwrap();
        assert!(fs::metadata(&b).await.unwrap().permissions().readonly());
    });
}

/// Broken by: `Op` starting when it is made.
#[test]
fn nothing_happens_before_the_first_poll() {
    let folder = Folder::new("lazy");
    block_on(async {
        drop(fs::write(folder.path("f"), "x"));
        assert_eq!(metrics().counters.jobs_started, 0);
        assert!(!fs::try_exists(folder.path("f")).await.unwrap());
    });
}

/// Broken by: `fill` dropping its last batch, or ending after the first.
#[test]
fn a_folder_of_any_size_is_read_whole_and_in_few_jobs() {
    let folder = Folder::new("read-dir");
    for size in [0, 1, 127, 128, 129, 300] {
        let sub = folder.path(&size.to_string());
        block_on(async {
            fs::create_dir_all(sub.join("deep/er")).await.unwrap();
            fs::remove_dir_all(sub.join("deep")).await.unwrap();
            for n in 0..size {
                std::fs::write(sub.join(n.to_string()), "").unwrap();
            }
            let before = metrics().counters.jobs_started;
            let mut entries = fs::read_dir(&sub).await.unwrap();
            let mut names = BTreeSet::new();
            while let Some(entry) = entries.next_entry().await.unwrap() {
                assert_eq!(entry.path(), sub.join(entry.file_name()));
                assert!(names.insert(entry.file_name()));
            }
            assert_eq!(names.len(), size);
            assert!(metrics().counters.jobs_started - before <= size as u64 / 128 + 1);
            assert!(entries.next_entry().await.unwrap().is_none());
        });
    }
    block_on(async {
        let mut entries = fs::read_dir(&folder).await.unwrap();
        let entry = entries.next_entry().await.unwrap().unwrap();
        assert!(entry.file_type().await.unwrap().is_dir());
        assert!(entry.metadata().await.unwrap().is_dir());
        let error = fs::read_dir(folder.path("nowhere")).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}
