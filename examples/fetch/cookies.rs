//! The cookies of a run: which files they are read from, and the one that they are kept in.
//!
//! The rules of who may set one and who gets it are the library's
//! (`hob::http::CookieJar`). Cookies that are written on the command line need no jar: they are
//! a header, as with curl.

use std::io;
use std::path::PathBuf;

use hob::http::ClientBuilder;

/// `-b FILE`, `-c FILE` and `--junk-session-cookies`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cookies {
    /// In the order given; an empty name is none, and turns cookies on.
    pub files: Vec<PathBuf>,
    /// `-` is standard output.
    pub keep_in: Option<PathBuf>,
    /// Those that were meant for a session are not read.
    pub junk_session: bool,
}

impl Cookies {
    /// Has anybody asked for them?
    fn are_on(&self) -> bool {
        !self.files.is_empty() || self.keep_in.is_some()
    }
}

pub use jar::Jar;

#[cfg(feature = "cookies")]
mod jar {
    use std::path::Path;

    use hob::http::CookieJar;

    use super::*;
    use crate::show::to_stderr;

    /// What is known of cookies while the run lasts.
    pub struct Jar(Option<CookieJar>);

    impl Jar {
        /// Reads the files. One that is not there may be what this run makes (`-b jar -c jar`).
        pub async fn open(cookies: &Cookies) -> io::Result<Jar> {
            if !cookies.are_on() {
                return Ok(Jar(None));
            }
            let jar = CookieJar::new();
            for path in &cookies.files {
                match jar.load(path).await {
                    _ if path.as_os_str().is_empty() => {}
                    Err(e) if e.kind() == io::ErrorKind::NotFound => missing(path, cookies),
                    read => read.map_err(|e| crate::at(path, &e))?,
                }
            }
            if cookies.junk_session {
                jar.clear_session();
            }
            Ok(Jar(Some(jar)))
        }

        pub fn give(&self, builder: ClientBuilder) -> ClientBuilder {
            match &self.0 {
                Some(jar) => builder.cookie_jar(jar.clone()),
                None => builder,
            }
        }

        /// Writes the file of `-c`, where there is one.
        pub async fn keep(&self, cookies: &Cookies) -> io::Result<()> {
            let (Some(jar), Some(path)) = (&self.0, &cookies.keep_in) else {
                return Ok(());
            };
            if path == Path::new("-") {
                use std::io::Write;
                return io::stdout().write_all(&jar.to_netscape());
            }
            jar.save(path).await.map_err(|e| crate::at(path, &e))
        }
    }

    /// No failure, as with curl, but worth a word.
    fn missing(path: &Path, cookies: &Cookies) {
        if cookies.keep_in.as_deref() != Some(path) {
            let shown = crate::show::text::path(path);
            to_stderr(&format!(
                "fetch: -b: there is no file {shown}: no cookies from it"
            ));
        }
    }
}

#[cfg(not(feature = "cookies"))]
mod jar {
    use super::*;

    /// This build keeps none.
    pub struct Jar;

    impl Jar {
        pub async fn open(cookies: &Cookies) -> io::Result<Jar> {
            let why = "this build keeps no cookies; only -b NAME=VALUE is offered";
            match cookies.are_on() {
                true => Err(io::Error::other(why)),
                false => Ok(Jar),
            }
        }

        pub fn give(&self, builder: ClientBuilder) -> ClientBuilder {
            builder
        }

        pub async fn keep(&self, _: &Cookies) -> io::Result<()> {
            Ok(())
        }
    }
}
