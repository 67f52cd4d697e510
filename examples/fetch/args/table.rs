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

use std::net::{Ipv4Addr, Ipv6Addr};

use clap::{Arg, ArgAction};
use clap_complete::Shell;
use hob::http::{HeaderName, HeaderValue, header};

use super::flags::{Flag, Problem, Value, urls};
use super::values;
use super::{Name, Options};
use crate::job::Piece;
use crate::job::Template;
use crate::sending::values as sending;

/// A group's word for `--help GROUP`, its heading, and its flags.
type Group = (&'static str, &'static str, fn() -> Vec<Flag>);

pub const GROUPS: &[Group] = &[
    ("files", "what to fetch, and where to", files),
    ("resume", "going on, and checking", resume),
    ("limits", "how many, how fast, how long", limits),
    ("request", "the request", request),
    ("send", "sending", send),
    ("way", "the way", way),
    ("show", "what you see", show),
    ("curl", "from curl, and here as it is anyway", as_it_is),
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
        .more(
            "Indented lines are options of the URL above them, in aria2's way: out=NAME, \
             dir=DIR, header=LINE, user=NAME:PASS, user-agent=NAME, referer=URL, sha256=HEX (or \
             checksum=sha-256=HEX), and glob=true, without which a line's braces and brackets \
             are just that.",
        )
        .short('i')
        .common(),
        Flag::value(
            "metalink",
            "FILE",
            "also fetch the files of the Metalink in FILE, or at this URL",
            |o, v| v.text().map(|place| o.metalinks.push(place.to_owned())),
        )
        .more(
            "Metalink 4 (RFC 5854): its http and https URLs are mirrors of one another, its \
             SHA-256 and SHA-512 are those of the whole, and where it has hashes of pieces, a \
             wrong piece is noticed at once and comes again from another mirror. Its names stay \
             within the folder. Names and passwords are told only to the host that the Metalink \
             itself came from.",
        ),
        Flag::value(
            "mirror",
            "URL",
            "the file of the one URL is also here; may be repeated",
            |o, v| v.text().map(|url| o.mirrors.push(url.to_owned())),
        )
        .more(
            "In a list of -i, mirrors stand on the line of the URL, with a tab between. Bytes of \
             several mirrors are joined only if their ETag is the same, or if there is a digest \
             (--sha256, a Metalink) to compare the whole with. Names and passwords are told to \
             the host of the first URL only.",
        ),
        Flag::value(
            "output",
            "NAME",
            "the file for the first URL (- is standard output); a second -o is for the second URL, \
             and so on",
            |o, v| values::output_name(v.0).map(|name| o.names.push(name)),
        )
        .short('o')
        .more(
            "Where the URL is a pattern, #1 in the name is what its first range or list shows, \
             #2 what the second one does, and so on, as in curl.",
        )
        .common(),
        Flag::value(
            "output-template",
            "TEMPLATE",
            "names for what has no -o, such as {host}/{path}/{name}; folders are made",
            |o, v| {
                v.read(Template::parse)
                    .map(|it| o.output_template = Some(it))
            },
        )
        .more(
            "There are {host}, {port}, {path} (the folders of the URL's path), {name} (its last \
             part, which is {stem} and {ext}), {query}, {index} (the number in the list; \
             {index:4} with at least four digits), {1}, {2} and so on (what the ranges and lists \
             of the URL show), and {{ and }} for braces. Whatever is filled in, the file does \
             not leave the folder.",
        ),
        Flag::switch(
            "globoff",
            "take URLs as they are: {a,b} and [1-100] are no patterns",
            |o| o.globoff = true,
        )
        .short('g')
        .more(
            "Without it, {a,b} stands for each of these, [1-100] and [a-z] for all in the range, \
             [001-100] for numbers of three digits, and [0-100:10] for every tenth, as in curl. \
             A backslash in front of a brace or bracket takes its meaning away.",
        ),
        Flag::switch(
            "dry-run",
            "say what would be fetched, and as what; ask no server",
            |o| o.dry_run = true,
        )
        .common(),
        Flag::switch(
            "remote-name",
            "in the place of a -o: this URL's file has the server's name for it (the default)",
            |o| o.names.push(Name::Remote),
        )
        .short('O'),
        Flag::value(
            "url",
            "URL",
            "one more URL, as if it stood by itself",
            |o, v| v.text().map(|url| o.urls.push(url.to_owned())),
        ),
        Flag::value(
            "dir",
            "DIR",
            "the folder for the files, made if it is not there (default: this one)",
            |o, v| v.path().map(|dir| o.dir = Some(dir)),
        )
        .also("output-dir")
        .short('d')
        .common(),
        Flag::switch(
            "create-dirs",
            "make the folders in the names of -o, too",
            |o| {
                o.create_dirs = true;
            },
        ),
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
            "retry-delay",
            "SECS",
            "pause for so long before each further try, in the place of pauses that grow",
            |o, v| v.read(values::limit).map(|pause| o.retry_delay = pause),
        ),
        Flag::value(
            "retry-max-time",
            "SECS",
            "no further try once so long has gone by since the first",
            |o, v| v.read(values::limit).map(|most| o.retry_max_time = most),
        ),
        Flag::switch(
            "retry-all-errors",
            "try again whatever the server or the network did, also after a 404",
            |o| o.retry_all = true,
        ),
        Flag::switch(
            "remove-on-error",
            "keep no half file of a download that failed",
            |o| o.remove_on_error = true,
        ),
        Flag::switch(
            "if-changed",
            "fetch a file that is there again, but only if the server has another version of it",
            |o| o.if_changed = true,
        )
        .more(
            "What the server says of each file (ETag, Last-Modified) is noted in .fetch-versions in \
             its folder, and believed while the file is as fetch left it. Files are called after \
             their URLs, so that the next run knows which is which.",
        ),
        Flag::value(
            "time-cond",
            "WHEN",
            "fetch only what was changed since WHEN, which is a date or a file; with a - before \
             it, only what was not",
            |o, v| v.read(values::since).map(|since| o.since = since),
        )
        .short('z'),
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
        .also("parallel-max")
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
            "split",
            "N",
            "at most N requests at once for one file (default: 4)",
            |o, v| v.read(values::at_least_one).map(|n| o.split = n),
        )
        .more(
            "A further one is made only after a while, and only while each makes it faster. Only for \
             files of which the server tells \
             length and version. All files together \
             have no more of them than -j (or N, if that is more) allows.",
        ),
        Flag::value(
            "min-split-size",
            "SIZE",
            "no range is opened for less than SIZE bytes, such as 500K or 2M (default: 1M)",
            |o, v| v.read(values::size).map(|size| o.min_split_size = size),
        ),
        Flag::value(
            "split-after",
            "SECS",
            "open a further range, and see whether it helps, only after so long (default: 3; 0: \
             all at once, whether they help or not)",
            |o, v| v.read(values::wait).map(|wait| o.split_after = wait),
        ),
        Flag::value(
            "limit-rate",
            "RATE",
            "at most so many bytes a second over all, such as 500K or 2M (1024 are a K)",
            |o, v| v.read(values::rate).map(|rate| o.limit_rate = Some(rate)),
        )
        .more(
            "While it runs, SIGUSR1 or the key - halves it and SIGUSR2 or + doubles it. Where \
             there is no limit, half of the speed of the last seconds becomes one.",
        )
        .common(),
        Flag::value(
            "limit-rate-per-file",
            "RATE",
            "the same for each file; both limits may be given",
            |o, v| {
                let rate = v.read(values::rate)?;
                o.limit_rate_per_file = Some(rate);
                Ok(())
            },
        ),
        Flag::value(
            "timeout",
            "SECS",
            "give up a download when nothing comes for so long (default: 30; also 500ms or 2m; \
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
            "max-filesize",
            "BYTES",
            "give up a download of more than so many bytes (also 500K or 2M)",
            |o, v| v.read(values::size).map(|most| o.max_size = Some(most)),
        ),
        Flag::value(
            "speed-limit",
            "RATE",
            "give up a download that is slower than this for the time of -y (default: 1)",
            |o, v| v.read(values::rate).map(|rate| o.slowest.0 = rate.into()),
        )
        .short('Y'),
        Flag::value(
            "speed-time",
            "SECS",
            "how long it may be too slow (default: 300; 30 where there is a -Y)",
            |o, v| v.read(values::limit).map(|time| o.slowest.1 = time),
        )
        .short('y'),
        Flag::value(
            "max-redirs",
            "N",
            "follow at most N redirects for each URL (default: 20)",
            |o, v| v.read(values::whole).map(|n| o.max_redirs = n),
        ),
    ]
}

fn request() -> Vec<Flag> {
    vec![
        Flag::value(
            "header",
            "LINE",
            "send the header \"Name: value\"; \"Name:\": do not send it; @FILE: the lines in a file",
            add_headers,
        )
        .short('H')
        .common(),
        Flag::value(
            "range",
            "RANGE",
            "only these bytes: 0-499, 9500- or -500 (the last 500)",
            |o, v| v.read(Piece::parse).map(|piece| o.range = Some(piece)),
        )
        .short('r')
        .more("A server that sends anything else, such as all of it, has failed."),
        Flag::value("user", "NAME:PASS", "say who asks (Basic)", |o, v| {
            v.read(values::user).map(|user| o.user = Some(user))
        })
        .short('u')
        .common(),
        Flag::value("oauth2-bearer", "TOKEN", "say who asks (Bearer)", |o, v| {
            v.read(values::bearer).map(|token| o.bearer = Some(token))
        }),
        Flag::value("user-agent", "NAME", "what to call ourselves", |o, v| {
            set_header(o, header::USER_AGENT, v)
        })
        .short('A'),
        Flag::value("referer", "URL", "where the link was found", |o, v| {
            set_header(o, header::REFERER, v)
        })
        .short('e'),
        Flag::value(
            "cookie",
            "DATA",
            "bring the cookies NAME=VALUE along; without a =, those in a Netscape cookie file",
            add_cookies,
        )
        .more(
            "A file also turns cookies on: what servers set comes along from then on, over \
             redirects, too, by the rules of browsers. An empty name does just that. What is \
             written as NAME=VALUE goes to the hosts of the command line, and over no redirect to \
             another one.",
        )
        .short('b'),
        Flag::value(
            "cookie-jar",
            "FILE",
            "turn cookies on, and write them into FILE at the end (- is standard output)",
            |o, v| v.path().map(|file| o.cookies.keep_in = Some(file)),
        )
        .short('c'),
        Flag::switch(
            "junk-session-cookies",
            "of -b FILE, leave out those that were meant for one session",
            |o| o.cookies.junk_session = true,
        ),
        Flag::switch(
            "compressed",
            "let the server compress on the way, and save what it was before (such a file cannot \
             be gone on with)",
            |o| o.compressed = true,
        ),
    ]
}

/// What is sent is answered on standard output, unless -o or -O names a file.
fn send() -> Vec<Flag> {
    vec![
        Flag::value(
            "upload-file",
            "FILE",
            "send FILE to the first URL (PUT); a second -T is for the second URL; - is standard \
             input",
            |o, v| v.path().map(|file| o.sending.files.push(file)),
        )
        .more(
            "Where the URL ends in a slash, the name of the file is put behind it. The answer goes \
             to standard output, unless -o or -O names a file, as with all flags of this group.",
        )
        .short('T'),
        Flag::value(
            "data",
            "TEXT",
            "send TEXT as a form (POST), or with @FILE what is in it, without line ends; several \
             are joined with &",
            |o, v| v.read(sending::data).map(|data| o.sending.add(&data)),
        )
        .also("data-ascii"),
        Flag::value(
            "data-binary",
            "TEXT",
            "the same, with the line ends",
            |o, v| {
                v.read(sending::data_binary)
                    .map(|data| o.sending.add(&data))
            },
        ),
        Flag::value(
            "data-raw",
            "TEXT",
            "the same, where @ is nothing special",
            |o, v| v.text().map(|data| o.sending.add(data.as_bytes())),
        ),
        Flag::value(
            "data-urlencode",
            "TEXT",
            "the same, percent-encoded: TEXT, NAME=TEXT, @FILE or NAME@FILE",
            |o, v| {
                v.read(sending::data_urlencode)
                    .map(|data| o.sending.add(&data))
            },
        ),
        Flag::value(
            "json",
            "TEXT",
            "send TEXT, or with @FILE what is in it, as JSON, and ask for JSON",
            |o, v| {
                v.read(sending::data_binary)
                    .map(|data| o.sending.add_json(&data))
            },
        ),
        Flag::value(
            "form",
            "NAME=TEXT",
            "send a form with files in it (POST): NAME=TEXT, NAME=@FILE, or NAME=<FILE for a \
             field with what is in FILE",
            |o, v| {
                v.read(sending::field)
                    .map(|field| o.sending.form.push(field))
            },
        )
        .more(
            "Behind the value there may be ;type=KIND and ;filename=NAME; what has a ; or a quote \
             in it is put between quotes. Files are read while they are sent.",
        )
        .short('F'),
        Flag::value(
            "form-string",
            "NAME=TEXT",
            "the same, where @, < and ; are nothing special",
            |o, v| {
                v.read(sending::form_string)
                    .map(|field| o.sending.form.push(field))
            },
        ),
        Flag::switch("get", "put --data into the URL, and fetch that", |o| {
            o.sending.get = true;
        })
        .short('G'),
        Flag::switch(
            "head",
            "ask for the head of a file only, and print it",
            |o| {
                o.sending.head = true;
            },
        )
        .short('I'),
        Flag::value(
            "request",
            "METHOD",
            "the method of the request; redirects change it as they change the usual one",
            |o, v| {
                v.read(values::method)
                    .map(|method| o.sending.method = Some(method))
            },
        )
        .short('X'),
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
        Flag::value(
            "proxy-user",
            "NAME:PASS",
            "who asks, for the proxy of -x",
            |o, v| {
                v.read(values::user)
                    .map(|user| o.network.proxy_user = Some(user))
            },
        )
        .short('U'),
        Flag::switch(
            "proxytunnel",
            "have the proxy make a tunnel for http, too, so that it changes nothing",
            |o| o.network.always_tunnel = true,
        )
        .short('p'),
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
        Flag::switch("ipv4", "connect to IPv4 addresses only", |o| {
            o.network.source = Some(Ipv4Addr::UNSPECIFIED.into());
        })
        .short('4'),
        Flag::switch("ipv6", "connect to IPv6 addresses only", |o| {
            o.network.source = Some(Ipv6Addr::UNSPECIFIED.into());
        })
        .short('6'),
        Flag::value(
            "resolve",
            "HOST:PORT:ADDR",
            "this host and port are at ADDR (several with commas between), whatever the name \
             servers say",
            |o, v| {
                v.read(values::known_host)
                    .map(|known| o.network.known.push(known))
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
        Flag::value(
            "cert",
            "FILE",
            "show this certificate (PEM) to servers that ask who the client is",
            |o, v| v.path().map(|file| o.network.cert = Some(file)),
        )
        .short('E'),
        Flag::value(
            "key",
            "FILE",
            "the key of --cert, if it is not in the same file",
            |o, v| v.path().map(|file| o.network.key = Some(file)),
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
        Flag::value(
            "events",
            "FILE",
            "tell a program what happens, while it happens, as lines of JSON (- is standard \
             output)",
            |o, v| v.path().map(|file| o.events = Some(file)),
        )
        .common()
        .more(
            "docs/events.md describes the lines. What is said to people goes to standard error \
             where standard output is taken.",
        ),
        Flag::value(
            "summary",
            "FILE",
            "tell a program at the end what became of each URL, as JSON (- is standard output)",
            |o, v| v.path().map(|file| o.summary = Some(file)),
        )
        .common()
        .more("It is written also where something failed, and at Ctrl-C."),
        Flag::switch(
            "timeline",
            "draw who waited and who received, and when",
            |o| {
                o.timeline = true;
            },
        ),
        Flag::value(
            "waterfall",
            "FILE",
            "draw when each file waited, connected and received: a page FILE.html or a picture \
             FILE.svg",
            |o, v| {
                let file = v.path().and_then(values::picture)?;
                o.waterfalls.push(file);
                Ok(())
            },
        )
        .more(
            "The page needs no network to be looked at, and has the same facts as tables. It is \
             written when the run is over, after Ctrl-C as well, and replaces what was there. \
             May be given twice, to have both.",
        ),
        Flag::value(
            "har",
            "FILE",
            "record all requests as HAR 1.2, which browsers and other tools can read; - is standard \
             output",
            |o, v| v.path().map(|file| o.har = Some(file)),
        ),
        Flag::switch("no-progress", "no bars, even on a terminal", |o| {
            o.progress = false;
        })
        .also("no-progress-meter")
        .common(),
        Flag::switch(
            "plain",
            "few and whole sentences, for a screen reader; nothing is drawn",
            |o| o.plain = true,
        ),
        Flag::switch(
            "no-keys",
            "leave the keyboard alone; else, with bars or --plain, ? lists the keys",
            |o| o.keys = false,
        ),
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
        Flag::switch("silent", "say nothing at all: the exit status tells", |o| {
            o.silent = true;
        })
        .short('s'),
        Flag::switch("show-error", "with -s, do say what failed", |o| {
            o.show_errors = true;
        })
        .short('S'),
        Flag::value(
            "write-out",
            "FORMAT",
            "print this for each file at its end, with facts for %{name} (@FILE: what is in a file)",
            |o, v| v.read(values::write_out).map(|format| o.write_out = Some(format)),
        )
        .short('w')
        .more(
            "Names are curl's: content_type, errormsg, exitcode, filename_effective, http_code, \
             http_version, method, num_connects, num_headers, num_redirects, num_retries, \
             remote_ip, remote_port, response_code, scheme, size_download, size_upload, \
             speed_download, speed_upload, time_appconnect, time_connect, time_namelookup, \
             time_pretransfer, time_queue, time_redirect, time_starttransfer, time_total, url, \
             url_effective, urlnum; and outcome, which is fetch's own. %{json} are all of them, \
             %{header_json} the header of the last answer, %header{name} a field of it. \
             %{stderr} and %{stdout} say where what follows goes to, and what follows %{onerror} \
             is for failures only.",
        ),
        Flag::switch(
            "compare",
            "afterwards fetch all of it one after another as well, into a folder \
             \"one-after-another\", and compare",
            |o| o.compare = true,
        ),
    ]
}

/// What scripts for curl say and what needs no saying here, so that they work.
fn as_it_is() -> Vec<Flag> {
    vec![
        Flag::switch("location", "follow redirects", |_| {}).short('L'),
        Flag::switch("fail", "a status that is an error is a failure", |_| {}).short('f'),
        Flag::switch(
            "remote-name-all",
            "every file has the server's name for it",
            |_| {},
        ),
        Flag::switch("parallel", "downloads run at the same time", |_| {}).short('Z'),
        Flag::switch(
            "parallel-immediate",
            "and do not wait for each other",
            |_| {},
        ),
        Flag::switch(
            "retry-connrefused",
            "--retry retries refused connections",
            |_| {},
        ),
        Flag::switch("no-buffer", "what comes is written at once", |_| {}).short('N'),
        Flag::switch("progress-bar", "there are bars on a terminal", |_| {}).short('#'),
        Flag::switch("http1.1", "HTTP/1.1 is what is spoken", |_| {}),
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
        Flag::config(
            "config",
            "flags from this file, a line for each (- is standard input)",
        )
        .short('K')
        .common()
        .more(
            "Lines are `name = value`, with quotes around a value with spaces in it; the name is \
             that of a flag without its dashes; lines that begin with # are comments. \
             $XDG_CONFIG_HOME/fetch/config (else ~/.config/fetch/config) is read before the \
             command line.",
        ),
        Flag::switch(
            "no-config",
            "do not read the user's own config file",
            |_| {},
        )
        .also("disable"),
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

/// One line, or those of a file.
fn add_headers(options: &mut Options, line: Value<'_>) -> Result<(), Problem> {
    let from_file;
    let lines = match line.text()?.strip_prefix('@') {
        Some(file) => {
            from_file = values::file(file)?;
            &from_file
        }
        None => line.text()?,
    };
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        match values::header(line)? {
            (name, Some(value)) => drop(options.headers.append(name, value)),
            (name, None) => options.no_headers.push(name),
        }
    }
    Ok(())
}

/// curl's rule: what has a `=` in it is no file.
fn add_cookies(options: &mut Options, value: Value<'_>) -> Result<(), Problem> {
    let text = match value.0.to_str() {
        Some(text) if text.contains('=') => text,
        _ => {
            options.cookies.files.push(value.0.into());
            return Ok(());
        }
    };
    let own = options.headers.get(header::COOKIE);
    let own = own.map(|own| [own.as_bytes(), b"; "].concat());
    let all = [&own.unwrap_or_default(), text.as_bytes()].concat();
    let mut all = HeaderValue::try_from(all).map_err(|_| values::CONTROL)?;
    all.set_sensitive(true);
    options.headers.insert(header::COOKIE, all);
    Ok(())
}

fn set_header(options: &mut Options, name: HeaderName, value: Value<'_>) -> Result<(), Problem> {
    let value = HeaderValue::try_from(value.text()?).map_err(|_| values::CONTROL)?;
    options.weak_headers.insert(name, value);
    Ok(())
}
