//! What the tests of many downloads over a bad network share: scenarios, and what is right.
//!
//! A **scenario** is a seed: a proxy of its own (`examples/chaos_proxy`), and four downloads
//! through it, one after another, with one client that keeps its connections. Client, proxies and
//! server share one runtime and its virtual time: waiting costs nothing, and what waits for ever
//! is found at once.
//!
//! `HOB_CHAOS_DOWNLOADS` says how many (2,000), `HOB_CHAOS_FIRST` from which seed on (0), and
//! `HOB_CHAOS_SEED` asks for one seed alone, and tells what happens in it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::env;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use hob::http::{Client, ClientBuilder, ErrorKind, StatusCode};
use hob::net::TcpListener;
use hob::time::timeout;
use hob::{Builder, JoinSet};
use hob_peers::plan::{Act, Dice, Fault, Way};
use hob_peers::proxy::{self, News, Settings};
use hob_peers::{origin, terminator};

/// Downloads of one scenario.
const DOWNLOADS: u64 = 4;

/// Scenarios that run at the same time.
const AT_ONCE: usize = 64;

/// Longer than all deadlines of the four downloads together, in virtual time.
const HANGS: Duration = Duration::from_secs(3600);

/// In real time, for all: only a loop that spins would take so long.
const SPINS: Duration = Duration::from_secs(1200);

/// Whom the proxies lead to, and how.
pub(crate) struct Setting {
    /// The test binary's name, for those who repeat a seed.
    pub(crate) test: &'static str,
    /// `http` or `https`: with the latter, nothing wrong may pass for right.
    pub(crate) scheme: &'static str,
    /// Where TLS begins, if it does.
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) client: fn() -> ClientBuilder,
}

/// Runs as many scenarios as are asked for; how often each kind of end came. It counts the
/// process's descriptors, so it has to be alone in it.
pub(crate) fn run(setting: Setting) -> Told {
    let (first, count) = asked_for();
    let finished = watch();
    let before = open_descriptors();
    let scenarios = all(setting, first, count.div_ceil(DOWNLOADS));
    let told = Builder::new().virtual_time().block_on(scenarios);
    assert_eq!(open_descriptors(), before, "descriptors were left open");
    finished.send(()).expect("the watch is there");
    eprintln!("{told:#?}");
    told
}

/// Were there so many that each kind of end should have come?
pub(crate) fn were_many(told: &Told) -> bool {
    told.values().sum::<u64>() >= 1000
}

/// The first seed, and the number of downloads.
fn asked_for() -> (u64, u64) {
    let number = |name: &str| -> Option<u64> {
        let text = env::var(name).ok()?;
        let number = text.parse();
        Some(number.unwrap_or_else(|_| panic!("{name} is no number: {text}")))
    };
    match number("HOB_CHAOS_SEED") {
        Some(seed) => (seed, DOWNLOADS),
        None => (
            number("HOB_CHAOS_FIRST").unwrap_or(0),
            number("HOB_CHAOS_DOWNLOADS").unwrap_or(2000),
        ),
    }
}

/// Ends the process if nobody says in time that all is over.
fn watch() -> mpsc::Sender<()> {
    let (finished, end) = mpsc::channel();
    thread::spawn(move || {
        if let Err(mpsc::RecvTimeoutError::Timeout) = end.recv_timeout(SPINS) {
            eprintln!("the downloads spin: nothing ended them in {SPINS:?}");
            std::process::abort();
        }
    });
    finished
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/dev/fd").expect("it is there").count()
}

/// How often each kind of end came.
pub(crate) type Told = BTreeMap<&'static str, u64>;

/// What the scenarios share.
#[derive(Default)]
struct Log {
    next: Cell<u64>,
    told: RefCell<Told>,
    failures: RefCell<Vec<String>>,
}

/// Runs so many scenarios, and looks that nothing is left of them.
async fn all(setting: Setting, first: u64, count: u64) -> Told {
    let before = hob::testing::ledger();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let origin = hob::spawn(origin::run(listener));
    let (address, front) = match setting.tls.clone() {
        None => (address, None),
        Some(config) => {
            let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let front_address = front.local_addr().unwrap();
            let front = hob::spawn(terminator::run(front, address, config));
            (front_address, Some(front))
        }
    };
    let setting = Rc::new(setting);
    let log = Rc::new(Log::default());
    log.next.set(first);
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        workers.spawn(work(log.clone(), first + count, address, setting.clone()));
    }
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }
    drop(workers);
    for server in [Some(origin), front].into_iter().flatten() {
        server.abort();
        let _ = server.await;
    }
    // What was aborted ends in the next turns.
    for _ in 0..10 {
        hob::yield_now().await;
    }
    let failures = log.failures.take();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert_eq!(hob::testing::ledger(), before, "left behind");
    log.told.take()
}

/// Takes the next seed, until there is none.
async fn work(log: Rc<Log>, end: u64, server: SocketAddr, setting: Rc<Setting>) {
    while log.next.get() < end {
        let seed = log.next.replace(log.next.get() + 1);
        let result = timeout(HANGS, scenario(seed, server, &setting)).await;
        let ends = result.unwrap_or_else(|_| Err("it hangs".to_owned()));
        match ends {
            Ok(ends) => ends.iter().for_each(|end| {
                *log.told.borrow_mut().entry(end).or_default() += 1;
            }),
            Err(what) => {
                let test = setting.test;
                let again = format!(
                    "seed {seed}, {what}\n    HOB_CHAOS_SEED={seed} cargo test -p hob-peers \
                     --test {test} -- --nocapture"
                );
                log.failures.borrow_mut().push(again);
            }
        }
    }
}

/// What a file is, and how it is sent.
struct Download {
    framing: &'static str,
    seed: u64,
    size: usize,
}

impl Download {
    fn chosen_by(dice: &mut Dice) -> Download {
        let framing = ["length", "chunked", "close", "packed"][dice.below(4) as usize];
        let most = [1, 100, 5_000, 40_000][dice.below(4) as usize];
        Download {
            framing,
            seed: dice.below(1_000_000),
            size: dice.below(most) as usize,
        }
    }

    fn path(&self) -> String {
        format!("/{}/{}/{}", self.framing, self.seed, self.size)
    }

    fn expected(&self) -> Vec<u8> {
        origin::file(self.seed, self.size)
    }
}

/// Four downloads through a proxy of their own. How each ended, or what must not be.
async fn scenario(
    seed: u64,
    server: SocketAddr,
    setting: &Setting,
) -> Result<Vec<&'static str>, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = Settings {
        seed,
        faults: Fault::all(),
        reach: 20_000,
    };
    let talks = env::var_os("HOB_CHAOS_SEED").is_some();
    let happened = Rc::new(RefCell::new(Vec::new()));
    let log = happened.clone();
    let tell = move |number: u64, news: News<'_>| {
        if talks {
            eprintln!("connection {number}: {news:?}");
        }
        if let News::Happened(act) = news {
            log.borrow_mut().push(act);
        }
    };
    let proxy = hob::spawn(proxy::run(listener, server, settings, tell));
    let proxy = proxy.abort_on_drop();
    // Every other one tries again what may pass.
    let retries = if seed.is_multiple_of(2) { 0 } else { 2 };
    let client = client((setting.client)().retries(retries));
    let is_sealed = setting.tls.is_some();
    let mut dice = Dice::new(!seed);
    let mut ends = Vec::new();
    for _ in 0..DOWNLOADS {
        let download = Download::chosen_by(&mut dice);
        let url = format!("{}://{address}{}", setting.scheme, download.path());
        let came = fetch(&client, &url).await;
        if talks {
            let shown = came.as_ref().map(|came| (came.status, came.bytes.len()));
            eprintln!("{}: {shown:?}", download.path());
        }
        let end = judge(&download, came, &happened.borrow(), is_sealed);
        ends.push(end.map_err(|what| format!("{}: {what}", download.path()))?);
    }
    drop(proxy);
    Ok(ends)
}

fn client(builder: ClientBuilder) -> Client {
    builder
        .no_proxy()
        .connect_timeout(Duration::from_secs(10))
        .first_byte_timeout(Duration::from_secs(10))
        .idle_timeout(Duration::from_secs(10))
        .total_timeout(Duration::from_secs(300))
        .build()
}

/// What the client takes for the whole.
struct Came {
    status: StatusCode,
    bytes: Vec<u8>,
    /// The digest that came along, if it came.
    digest: Option<String>,
    /// Was it unpacked, and with it checked?
    is_decoded: bool,
}

async fn fetch(client: &Client, url: &str) -> Result<Came, hob::http::Error> {
    let response = client.get(url).send().await?;
    let status = response.status();
    let digest = response.headers().get("x-sha256");
    let digest = digest.and_then(|value| value.to_str().ok());
    let digest = digest.map(str::to_owned);
    let is_decoded = response.is_decoded();
    let bytes = response.bytes().await?;
    Ok(Came {
        is_decoded,
        status,
        bytes,
        digest,
    })
}

/// Which of the ends is this? An `Err` is one that must not be.
fn judge(
    download: &Download,
    came: Result<Came, hob::http::Error>,
    happened: &[Act],
    is_sealed: bool,
) -> Result<&'static str, String> {
    let came = match came {
        Ok(came) => came,
        Err(error) => return clear(&error, happened),
    };
    let expected = download.expected();
    if came.status == StatusCode::OK && came.bytes == expected {
        return Ok("right");
    }
    if is_sealed {
        return Err(format!("{} with {} bytes", came.status, came.bytes.len()));
    }
    let forged = |way| {
        happened
            .iter()
            .any(|act| act.way == way && forges(act.fault))
    };
    let shortened = happened.iter().any(|act| shortens(act.fault));
    if !forged(Way::Up) && !forged(Way::Down) {
        // Without a length, an end in good order is an end.
        return match download.framing == "close" && shortened {
            true if !expected.starts_with(&came.bytes) => Err("not even a beginning".to_owned()),
            true if told_by_digest(&came) => Ok("told by its digest"),
            _ => Err(format!("{} with {} bytes", came.status, came.bytes.len())),
        };
    }
    // What is unpacked has a checksum of its own.
    if came.is_decoded && came.bytes != expected && !forged(Way::Up) {
        return Err(format!("unpacked, to {} wrong bytes", came.bytes.len()));
    }
    match came.status {
        StatusCode::OK if told_by_digest(&came) => Ok("told by its digest"),
        // A server that was asked for something else gave just that.
        StatusCode::OK if forged(Way::Up) => Ok("another file"),
        // The field's name was hit, so it came without its digest.
        StatusCode::OK if came.digest.is_none() => Ok("wrong, without a digest"),
        StatusCode::OK => Err("a wrong file has its right digest".to_owned()),
        _ => Ok("told by its status"),
    }
}

fn told_by_digest(came: &Came) -> bool {
    let digest = came.digest.as_ref();
    digest.is_some_and(|digest| *digest != origin::digest(&came.bytes))
}

/// Can it make the receiver take wrong bytes for right ones?
fn forges(fault: Fault) -> bool {
    matches!(fault, Fault::Duplicate | Fault::Flip)
}

/// Does it end the bytes early, and yet in good order?
fn shortens(fault: Fault) -> bool {
    matches!(fault, Fault::HalfClose | Fault::Truncate)
}

/// An error is fine if there was a reason for it, and if it says what went wrong and where.
fn clear(error: &hob::http::Error, happened: &[Act]) -> Result<&'static str, String> {
    let said = error.to_string();
    let harmless = |act: &Act| matches!(act.fault, Fault::Delay | Fault::Drip);
    if happened.iter().all(harmless) {
        return Err(format!("failed without a reason: {said}"));
    }
    let expected = matches!(
        error.kind(),
        ErrorKind::Broken { .. }
            | ErrorKind::EndedEarly { .. }
            | ErrorKind::Protocol(_)
            | ErrorKind::Coding(_)
            | ErrorKind::TooLarge { .. }
            | ErrorKind::Timeout { .. }
            | ErrorKind::TooSlow { .. }
            | ErrorKind::Connect(_)
            | ErrorKind::Tls(_)
    );
    if !expected || !said.contains("127.0.0.1") || said.contains(char::is_control) {
        return Err(format!("an error that is not clear: {said:?}"));
    }
    Ok("an error")
}
