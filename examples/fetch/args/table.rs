//! The table of all flags, in the order of the help.
//!
//! To add a flag:
//!
//! 1. Give `Options` a field for it, with its default (`options.rs`).
//! 2. Put an entry where it belongs in one of the groups below: [`Flag::value`] or
//!    [`Flag::switch`] with its long name, the name of its value (`FILE`, `DIR`, `NAME`, `PATH`
//!    and `URL` are completed by shells), a help of one sentence that begins small and ends
//!    without a full stop, and the line that moves it into the options. `.short('x')` gives it
//!    a letter, `.common()` puts it into the short help, `.more("…")` is read in the manual
//!    only, `.choice(…)` names the values that there are.
//! 3. If its value is more than a word or a path, write how to read it in `values.rs`. Never
//!    repeat a value in an error: it may be a secret.
//! 4. Write an end-to-end test in `tests/`, and if it is more than a detail, a few lines and a
//!    console block in `docs/fetch.md`.
//!
//! Nothing else is to be done: help, manual page and completions come from here.
//!
//! Letters are curl's, but for `-d`, `-i`, `-j` and `-q`, which are aria2's. A letter that curl
//! uses for something else is better left free.
//!
//! This file is long because it is one table.

use clap::{Arg, ArgAction};
use clap_complete::Shell;
use hob::http::{HeaderName, HeaderValue, header};

use super::Options;
use super::flags::{Flag, Problem, Value, urls};
use super::values;

/// A group's word for `--help GROUP`, its heading, and its flags.
type Group = (&'static str, &'static str, fn() -> Vec<Flag>);

pub const GROUPS: &[Group] = &[
    ("files", "what to fetch, and where to", files),
    ("resume", "going on, and checking", resume),
    ("limits", "how many, how fast, how long", limits),
    ("request", "the request", request),
    ("way", "the way", way),
    ("show", "what you see", show),
    ("about", "about fetch", about),
];

/// All of them, each with its group's heading.
pub fn all() -> Vec<Flag> {
    let mut flags = vec![urls(|o, v| v.text().map(|url| o.urls.push(url.to_owned())))];
    for (_, heading, group) in GROUPS {
        flags.extend(group().into_iter().map(|mut flag| {
            flag.arg = flag.arg.help_heading(*heading);
            flag
        }));
    }
    flags
}

fn files() -> Vec<Flag> {
    vec![
        Flag::value(
            "input-file",
            "FILE",
            "also fetch the URLs in FILE, one on each line; - is standard input",
            |o, v| v.path().map(|file| o.inputs.push(file)),
        )
        .short('i')
        .common(),
        Flag::value(
            "output",
            "NAME",
            "the file for the first URL; a second -o is for the second URL, and so on",
            |o, v| values::output_name(v.0).map(|name| o.names.push(name)),
        )
        .short('o')
        .common(),
        Flag::value(
            "dir",
            "DIR",
            "the folder for the files, made if it is not there (default: this one)",
            |o, v| v.path().map(|dir| o.dir = Some(dir)),
        )
        .short('d')
        .common(),
        Flag::switch("force", "replace files that exist already", |o| {
            o.force = true;
        })
        .common(),
        Flag::switch(
            "content-disposition",
            "without -o, use the name that the server proposes, else the last part of the \
             URL's path (the default)",
            |o| o.content_disposition = true,
        )
        .short('J'),
        Flag::switch(
            "no-content-disposition",
            "always the last part of the URL's path",
            |o| o.content_disposition = false,
        ),
        Flag::switch(
            "remote-time",
            "date files as the server does (the default)",
            |o| o.remote_time = true,
        )
        .short('R'),
        Flag::switch("no-remote-time", "date files as of now", |o| {
            o.remote_time = false;
        }),
        Flag::value(
            "fsync",
            "WHEN",
            "when files are made to survive a power cut: auto, always or never",
            |o, v| v.read(values::fsync).map(|when| o.fsync = when),
        )
        .choice(&[
            (
                "auto",
                "a file is on the disk before it is \"ok\", small ones in groups (the default)",
            ),
            ("always", "each file by itself"),
            ("never", "it is left to the system"),
        ]),
    ]
}

fn resume() -> Vec<Flag> {
    vec![
        Flag::value(
            "continue-at",
            "-",
            "go on with half files that are there (the default; only - is offered)",
            |_, v| v.read(values::only_dash),
        )
        .short('C'),
        Flag::value(
            "retry",
            "N",
            "try again up to N times what may pass by itself, and go on where it stopped \
             (default: 0)",
            |o, v| v.read(values::whole).map(|n| o.retry = n),
        )
        .more(
            "That is: connections that fail or break, silence, bodies that end early, and the \
             statuses 408, 425, 429, 500, 502, 503 and 504. The pauses grow from 1 second to a \
             minute and are partly chance; a server's Retry-After is respected up to 10 minutes.",
        )
        .common(),
        Flag::value(
            "sha256",
            "HEX",
            "what the first URL's file must hash to; a second one is for the second URL, and so \
             on",
            |o, v| v.read(values::sha256).map(|sum| o.sums.push(sum)),
        )
        .common(),
        Flag::value(
            "checksums",
            "FILE",
            "a list like SHA256SUMS; every file must be in it",
            |o, v| v.path().map(|file| o.checksums.push(file)),
        ),
    ]
}

fn limits() -> Vec<Flag> {
    vec![
        Flag::value(
            "jobs",
            "N",
            "at most N downloads at once (default: 64)",
            |o, v| v.read(values::at_least_one).map(|n| o.jobs = n),
        )
        .short('j')
        .common(),
        Flag::value(
            "per-host",
            "N",
            "at most N connections to each host (default: as -j)",
            |o, v| v.read(values::at_least_one).map(|n| o.per_host = Some(n)),
        )
        .common(),
        Flag::value(
            "limit-rate",
            "RATE",
            "at most so many bytes a second over all, such as 500K or 2M (1024 are a K)",
            |o, v| v.read(values::rate).map(|rate| o.limit_rate = Some(rate)),
        )
        .common(),
        Flag::value(
            "timeout",
            "SECS",
            "give a download up when nothing comes for so long (default: 30; also 500ms or 2m; \
             0 waits for ever)",
            |o, v| v.read(values::limit).map(|wait| o.timeout = wait),
        ),
        Flag::value(
            "connect-timeout",
            "SECS",
            "the same for connecting (default: as --timeout)",
            |o, v| {
                v.read(values::limit)
                    .map(|wait| o.connect_timeout = Some(wait))
            },
        ),
        Flag::value(
            "max-time",
            "SECS",
            "the most that one download may take, pauses included",
            |o, v| v.read(values::limit).map(|most| o.max_time = most),
        )
        .short('m')
        .common(),
        Flag::value(
            "max-redirs",
            "N",
            "follow at most N redirects for each URL (default: 20)",
            |o, v| v.read(values::whole).map(|n| o.max_redirs = n),
        ),
        Flag::switch("location", "follow redirects (the default)", |_| {}).short('L'),
    ]
}

fn request() -> Vec<Flag> {
    vec![
        Flag::value(
            "header",
            "LINE",
            "send the header \"Name: value\"; may be repeated",
            |o, v| {
                let (name, value) = v.read(values::header)?;
                o.headers.append(name, value);
                Ok(())
            },
        )
        .short('H')
        .common(),
        Flag::value("user", "NAME:PASS", "say who asks (Basic)", |o, v| {
            v.read(values::user).map(|user| o.user = Some(user))
        })
        .short('u')
        .common(),
        Flag::value("user-agent", "NAME", "what to call ourselves", |o, v| {
            set_header(o, header::USER_AGENT, v)
        })
        .short('A'),
        Flag::value("referer", "URL", "where the link was found", |o, v| {
            set_header(o, header::REFERER, v)
        })
        .short('e'),
        Flag::switch(
            "compressed",
            "let the server compress on the way, save what it was before (such a file cannot be \
             gone on with)",
            |o| o.compressed = true,
        ),
    ]
}

fn way() -> Vec<Flag> {
    vec![
        Flag::value(
            "proxy",
            "URL",
            "through this proxy: http://, socks5:// or socks5h:// (default: what the environment \
             says)",
            |o, v| v.text().map(|url| o.network.proxy = Some(url.to_owned())),
        )
        .short('x')
        .common(),
        Flag::value("noproxy", "LIST", "except to these hosts", |o, v| {
            let list = v.text()?;
            o.network.no_proxy_for = Some(list.to_owned());
            Ok(())
        }),
        Flag::value(
            "interface",
            "ADDR",
            "from this address of our machine",
            |o, v| {
                v.read(values::address)
                    .map(|from| o.network.source = Some(from))
            },
        ),
        Flag::value(
            "unix-socket",
            "PATH",
            "through this socket, whatever the host",
            |o, v| v.path().map(|path| o.network.unix_socket = Some(path)),
        ),
        Flag::switch(
            "netrc",
            "take names and passwords from ~/.netrc (or where NETRC says)",
            |o| o.network.netrc = Some(None),
        )
        .short('n'),
        Flag::value("netrc-file", "FILE", "take them from this file", |o, v| {
            v.path().map(|file| o.network.netrc = Some(Some(file)))
        }),
        Flag::value(
            "cacert",
            "FILE",
            "trust the CAs in this PEM file, and no others",
            |o, v| v.path().map(|file| o.network.roots.push(file)),
        ),
        Flag::value(
            "pinnedpubkey",
            "PIN",
            "only a server with this key: sha256//BASE64, or several of them with ; between",
            |o, v| v.text().map(|pins| o.network.pins.push(pins.to_owned())),
        ),
        Flag::switch(
            "insecure",
            "take any certificate: anybody may read and change all of it on the way",
            |o| o.network.insecure = true,
        )
        .short('k'),
    ]
}

fn show() -> Vec<Flag> {
    vec![
        Flag::switch(
            "timeline",
            "draw who waited and who received, and when",
            |o| {
                o.timeline = true;
            },
        ),
        Flag::switch("no-progress", "no bars, even on a terminal", |o| {
            o.progress = false;
        })
        .common(),
        Flag::switch(
            "verbose",
            "show heads and decisions on standard error, no bars",
            |o| o.verbose = true,
        )
        .short('v')
        .common(),
        Flag::switch("quiet", "say nothing but what failed", |o| o.quiet = true)
            .short('q')
            .common(),
        Flag::switch("silent", "the same", |o| o.quiet = true).short('s'),
        Flag::switch(
            "compare",
            "afterwards fetch all of it one after another as well, into a folder \
             \"one-after-another\", and compare",
            |o| o.compare = true,
        ),
    ]
}

fn about() -> Vec<Flag> {
    let group = Arg::new("help").long("help").short('h');
    let version = Arg::new("version").long("version").short('V');
    let manual = Arg::new("manual").long("manual");
    let shell = Arg::new("completions").long("completions");
    vec![
        Flag::page(
            group
                .value_name("GROUP")
                .num_args(0..=1)
                .default_missing_value("")
                .help("what can be asked for: the most used of it, one group of it, or all"),
        ),
        Flag::page(version.action(ArgAction::SetTrue).help("the version")),
        Flag::page(
            manual
                .action(ArgAction::SetTrue)
                .help("the manual page: fetch --manual | man -l -"),
        ),
        Flag::page(
            shell
                .value_name("SHELL")
                .value_parser(clap::value_parser!(Shell))
                .help("a script by which a shell completes the flags"),
        ),
    ]
}

fn set_header(options: &mut Options, name: HeaderName, value: Value<'_>) -> Result<(), Problem> {
    let value = HeaderValue::try_from(value.text()?).map_err(|_| values::CONTROL)?;
    options.headers.insert(name, value);
    Ok(())
}
