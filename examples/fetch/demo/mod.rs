//! The demonstration: a server in the same program, and everything it has, at once.
//!
//! Nothing here is made easier for the client: it asks for the list of sums and then for
//! each file, over TCP, as it would ask a server anywhere.
//!
//! | file      | answers the question                                                       |
//! |-----------|----------------------------------------------------------------------------|
//! | `catalog` | which files are there?                                                     |
//! | `server`  | who is connected, and what goes on?                                        |
//! | `request` | bytes in: what is asked for?                                               |
//! | `answer`  | bytes out: how is it answered?                                             |
//! | `stop`    | how does one thread tell another that it is enough?                        |

mod catalog;
mod server;
mod request;
mod answer;
mod stop;

use std::io;
use std::path::{Path, PathBuf};

use hob::fs;
use hob::http::{Client, Url};

use crate::args::Options;
use crate::job::{self, Job};
use server::{Counts, Server};

/// The running server, and what to fetch from it.
pub struct Demo {
    server: Server,
    folder: PathBuf,
    pub jobs: Vec<Job>,
}

impl Demo {
    /// Starts the server, and asks it what there is.
    pub async fn start(client: &Client, options: &Options) -> io::Result<Demo> {
        let server = Server::start()?;
        let folder = folder(options.dir.as_deref()).await?;
        let list = sums(client, &server).await?;
        let jobs = jobs(&list, &server, &folder)?;
        let (target, force) = (folder.join("SHA256SUMS"), options.force);
        hob::blocking::run(move || job::save(&target, list.as_bytes(), force)).await?;
        Ok(Demo {
            server,
            folder,
            jobs,
        })
    }

    pub fn greeting(&self) -> [String; 3] {
        let (address, count) = (self.server.address, self.jobs.len());
        [
            format!("A server on this machine ({address}) has {count} files, and takes its time."),
            format!(
                "Fetching all of them at once into {}:",
                self.folder.display()
            ),
            String::new(),
        ]
    }

    /// Says where the files are: the end of a sentence.
    pub fn whereabouts(&self) -> String {
        format!(
            ", each with the right SHA-256, in {}",
            self.folder.display()
        )
    }

    /// Stops the server, and gives what it counted.
    pub async fn stop(self) -> io::Result<Counts> {
        // Joining a thread blocks, so a worker does it.
        hob::spawn_blocking(|| self.server.stop()).await?
    }
}

/// The folder of `-d`, or a fresh one: `downloads`, `downloads-1`, `downloads-2`…
async fn folder(asked: Option<&Path>) -> io::Result<PathBuf> {
    if let Some(dir) = asked {
        fs::create_dir_all(dir).await?;
        return Ok(dir.to_owned());
    }
    let names = (0..).map(|n| match n {
        0 => PathBuf::from("downloads"),
        n => PathBuf::from(format!("downloads-{n}")),
    });
    for name in names {
        // Made rather than looked for: two runs that start together get one each.
        match fs::create_dir(&name).await {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| name),
        }
    }
    unreachable!("there are more names than folders")
}

/// Asks the server for its list of sums.
async fn sums(client: &Client, server: &Server) -> io::Result<String> {
    let url = format!("http://{}/SHA256SUMS", server.address);
    let response = client.get(url.as_str()).send().await?;
    Ok(response.error_for_status()?.text().await?)
}

/// A job for each line of the list, with the sum that the file must have.
fn jobs(list: &str, server: &Server, folder: &Path) -> io::Result<Vec<Job>> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let lines = job::sums(list).map_err(|_line| bad("the list of sums cannot be read"))?;
    let one = |(sum, name): (_, &str)| {
        let url = Url::parse(&format!("http://{}/{name}", server.address));
        let mut job = Job::new(url.ok()?, folder.join(name), name);
        job.sum = Some(sum);
        Some(job)
    };
    let jobs: Option<Vec<_>> = lines.into_iter().map(one).collect();
    jobs.ok_or_else(|| bad("the list of sums has a bad name in it"))
}

/// What it took: counted by the server, and by the loop. (Workers wrote the files.)
pub fn behind_the_scenes(
    counts: Counts,
    before: hob::Counters,
    after: hob::Counters,
) -> [String; 2] {
    [
        format!(
            "The server had {} of them in hand at the same moment, on {} connections.",
            counts.most_at_once, counts.connections,
        ),
        format!(
            "One thread waited for them all, in {} polls and {} visits to the kernel.",
            after.polls - before.polls,
            after.kernel_visits - before.kernel_visits,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Session, download};
    use crate::transfer::Transfer;
    use crate::turns::Turn;

    /// Broken by: leaving the check out of `download`.
    #[test]
    fn a_file_that_is_not_what_it_should_be_gets_no_name() {
        let folder = std::env::temp_dir().join(format!("fetch-demo-{}", std::process::id()));
        let options = Options {
            dir: Some(folder.clone()),
            ..Options::default()
        };
        hob::block_on(async {
            let client = Client::new();
            let mut demo = Demo::start(&client, &options).await.unwrap();
            demo.jobs
                .retain(|job| job.label == "almond.bin" || job.label == "olive.dat");
            demo.jobs[0].sum = demo.jobs[1].sum;
            let session = Session::new(client, options.clone(), demo.jobs.clone().into());
            let wrong = download(
                &session,
                &demo.jobs[0],
                &Transfer::default(),
                &mut Turn::alone(),
            )
            .await;
            assert!(wrong.unwrap_err().to_string().starts_with("SHA-256 is "));
            let right = download(
                &session,
                &demo.jobs[1],
                &Transfer::default(),
                &mut Turn::alone(),
            )
            .await;
            right.unwrap();
            demo.stop().await.unwrap();
        });
        let names = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["SHA256SUMS", "olive.dat"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
