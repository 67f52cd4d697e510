//! Programs that download, each as someone who knows the library would write it. They run as
//! children of this program, so that the system tells what each of them cost, threads and all.
//!
//! The small ones all work in the same way: 32 tasks take the next number and fetch that file into
//! memory and then into a file. The large ones write what comes as it comes. Nobody calls fsync.

use std::cell::Cell;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many at once.
pub(crate) const AT_ONCE: usize = 32;

/// What a child is to do. It travels as its arguments.
pub(crate) struct Order {
    /// Whose program.
    pub(crate) client: String,
    /// Files, named by numbers from 0; one is the large one.
    pub(crate) count: usize,
    /// What stands before the number.
    pub(crate) base: String,
    /// Where the files go.
    pub(crate) folder: PathBuf,
    /// The certificate to trust, where there is one.
    pub(crate) root: PathBuf,
}

impl Order {
    pub(crate) fn arguments(&self) -> [String; 6] {
        [
            "child".into(),
            self.client.clone(),
            self.count.to_string(),
            self.base.clone(),
            self.folder.display().to_string(),
            self.root.display().to_string(),
        ]
    }

    /// `None`: these arguments are no order, so this is no child.
    pub(crate) fn parse(arguments: &[String]) -> Option<Order> {
        let [child, client, count, base, folder, root] = arguments else {
            return None;
        };
        (child == "child").then(|| Order {
            client: client.clone(),
            count: count.parse().expect("a number, for we wrote it"),
            base: base.clone(),
            folder: folder.into(),
            root: root.into(),
        })
    }

    fn pem(&self) -> Option<Vec<u8>> {
        self.base
            .starts_with("https")
            .then(|| std::fs::read(&self.root).expect("the server's certificate"))
    }
}

/// Does what was ordered.
pub(crate) fn run(order: Order) {
    match (order.client.as_str(), order.count) {
        ("hob", 1) => hob::block_on(hob_large(order)),
        ("hob", _) => hob::block_on(hob_small(order)),
        ("reqwest", 1) => on_tokio(reqwest_large(order)),
        ("reqwest", _) => on_tokio(reqwest_small(order)),
        _ => bare(&order),
    }
}

fn hob_client(order: &Order) -> hob::http::Client {
    let mut builder = hob::http::Client::builder().max_per_host(AT_ONCE);
    if let Some(pem) = order.pem() {
        let roots = hob::http::Certificates::from_pem(&pem).expect("a certificate");
        builder = builder.only_root_certificates(roots);
    }
    builder.build()
}

async fn hob_small(order: Order) {
    let client = hob_client(&order);
    let (order, next) = (Rc::new(order), Rc::new(Cell::new(0)));
    let fetch = || {
        let (client, order, next) = (client.clone(), order.clone(), next.clone());
        async move {
            while next.get() < order.count {
                let number = next.replace(next.get() + 1);
                let url = format!("{}{number}", order.base);
                let response = client.get(&url).send().await.expect("answered");
                let body = response.bytes().await.expect("to its end");
                let path = order.folder.join(number.to_string());
                hob::fs::write(path, body).await.expect("written");
            }
        }
    };
    let tasks: Vec<_> = (0..AT_ONCE).map(|_| hob::spawn(fetch())).collect();
    for task in tasks {
        task.await.expect("it ends");
    }
}

async fn hob_large(order: Order) {
    let client = hob_client(&order);
    let url = format!("{}0", order.base);
    let mut response = client.get(&url).send().await.expect("answered");
    let path = order.folder.join("0");
    let mut file = hob::fs::File::create(path).await.expect("created");
    response.copy_to_file(&mut file).await.expect("to its end");
    file.close().await.expect("written");
}

fn on_tokio(work: impl Future<Output = ()> + Send + 'static) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::spawn(work).await.expect("it ends") });
}

/// With the provider that hob has, and HTTP/1.1.
fn reqwest_client(order: &Order) -> reqwest::Client {
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};
    let mut roots = rustls::RootCertStore::empty();
    if let Some(pem) = order.pem() {
        let certificate = CertificateDer::from_pem_slice(&pem).expect("a certificate");
        roots.add(certificate).expect("it can be trusted");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
    builder.no_proxy().http1_only().build().expect("a client")
}

async fn reqwest_small(order: Order) {
    let client = reqwest_client(&order);
    let (order, next) = (Arc::new(order), Arc::new(AtomicUsize::new(0)));
    let fetch = || {
        let (client, order, next) = (client.clone(), order.clone(), next.clone());
        async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= order.count {
                    return;
                }
                let url = format!("{}{number}", order.base);
                let response = client.get(&url).send().await.expect("answered");
                let body = response.bytes().await.expect("to its end");
                let path = order.folder.join(number.to_string());
                tokio::fs::write(path, body).await.expect("written");
            }
        }
    };
    let tasks: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(fetch())).collect();
    for task in tasks {
        task.await.expect("it ends");
    }
}

async fn reqwest_large(order: Order) {
    use tokio::io::AsyncWriteExt as _;
    let client = reqwest_client(&order);
    let url = format!("{}0", order.base);
    let mut response = client.get(&url).send().await.expect("answered");
    let path = order.folder.join("0");
    let mut file = tokio::fs::File::create(path).await.expect("created");
    while let Some(chunk) = response.chunk().await.expect("to its end") {
        file.write_all(&chunk).await.expect("written");
    }
    file.flush().await.expect("written");
}

/// The limit: one socket, one file, and a loop that blocks.
fn bare(order: &Order) {
    let address = order.base.trim_start_matches("http://");
    let (address, path) = address.split_once('/').expect("a URL of ours");
    let mut stream = std::net::TcpStream::connect(address).expect("connected");
    let request = format!("GET /{path}0 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("asked");
    let mut file = std::fs::File::create(order.folder.join("0")).expect("created");
    let mut buffer = vec![0; 64 * 1024];
    let mut head = skip_head(&mut stream);
    loop {
        file.write_all(&head).expect("written");
        head.clear();
        match stream.read(&mut buffer).expect("to its end") {
            0 => return,
            n => file.write_all(&buffer[..n]).expect("written"),
        }
    }
}

/// Reads until behind the blank line. Gives what came behind it.
fn skip_head(stream: &mut std::net::TcpStream) -> Vec<u8> {
    let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let n = stream.read(&mut piece).expect("answered");
        assert!(n > 0, "a head has an end");
        seen.extend_from_slice(&piece[..n]);
        let end = seen.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            return seen.split_off(end + 4);
        }
    }
}

/// The command line of a program that is not ours. A list of what to fetch is written first.
pub(crate) fn command_line(order: &Order, list: &Path) -> std::process::Command {
    let urls = (0..order.count).map(|number| format!("{}{number}", order.base));
    let folder = order.folder.display().to_string();
    let text: String = match order.client.as_str() {
        "curl" => urls
            .zip(0..)
            .map(|(url, number)| format!("url = \"{url}\"\noutput = \"{folder}/{number}\"\n"))
            .collect(),
        _ => urls.map(|url| url + "\n").collect(),
    };
    std::fs::write(list, text).expect("the list is written");
    let list = list.display().to_string();
    let at_once = AT_ONCE.to_string();
    let arguments: Vec<&str> = match order.client.as_str() {
        "curl" => vec!["-q", "-s", "-Z", "--parallel-max", &at_once, "-K", &list],
        "aria2c" => vec![
            "--no-conf",
            "-q",
            "-j",
            &at_once,
            "-i",
            &list,
            "-d",
            &folder,
            "--file-allocation=none",
        ],
        _ => vec![
            "--no-config",
            "-q",
            "--max-threads",
            &at_once,
            "-i",
            &list,
            "-P",
            &folder,
        ],
    };
    let mut command = std::process::Command::new(&order.client);
    command.args(arguments);
    command
}
