//! Downloads from nginx on this machine into memory: CPU seconds of the client, as the system
//! counts them for a child that has ended. nginx has a processor to itself where there are
//! two; its time is not counted.

use crate::clients::{Order, command_line};
use hob_benches::scratch::Scratch;
use hob_judge::row::Row;
use nix::sys::resource::{UsageWho, getrusage};
use std::cell::LazyCell;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

const SMALL: usize = 4096;

/// Rows that need nginx; without it one row that says so.
pub(crate) fn rows(quick: bool) -> Vec<Row> {
    let (count, mib) = if quick { (500, 128) } else { (5_000, 2_000) };
    let tls = is_there("openssl", "version");
    if !is_there("nginx", "-v") {
        let row = Row::new("download_small", "a file fetched from nginx").exact();
        return vec![
            row.with("hob", || f64::NAN)
                .note("skipped: nginx is missing"),
        ];
    }
    let server = LazyCell::new(Box::new(move || Server::start(count, mib, tls)) as Starting);
    let server: Rc<Lazy> = Rc::new(server);
    let job = |scheme, path, count, bytes| Job {
        server: server.clone(),
        scheme,
        path,
        count,
        bytes,
    };
    let per_download = move |cpu: f64| cpu * 1e9 / count as f64;
    let per_gib = move |cpu: f64| cpu * 1024.0 / mib as f64;
    let small = |scheme| job(scheme, "small/", count, count * SMALL);
    let large = |scheme| job(scheme, "large/", 1, mib << 20);
    let mut first = Row::new(
        "download_small",
        "CPU time to fetch a file of 4 KiB from nginx, 32 at once",
    );
    if !tls {
        first = first.note("https is skipped: openssl is missing, which makes a certificate");
    }
    let second = Row::new(
        "download_large",
        "CPU seconds for each GiB of one large file from nginx",
    );
    let others = [
        ("reqwest", 0.6),
        ("curl", 0.5),
        ("aria2c", 0.5),
        ("wget2", 0.5),
    ];
    let mut rows = vec![
        small("http").row(first, &others, per_download),
        large("http").row(
            second.unit("s"),
            &[("reqwest", 0.75), ("limit", 1.1)],
            per_gib,
        ),
    ];
    if tls {
        let third = Row::new("https_small", "the same small files over https");
        let fourth = Row::new("https_large", "the same large file over https").unit("s");
        rows.push(small("https").row(third, &[("reqwest", 0.9)], per_download));
        rows.push(large("https").row(fourth, &[("reqwest", 0.9)], per_gib));
    }
    rows
}

/// A server that starts when the first row asks for it.
type Lazy = LazyCell<Server, Starting>;
type Starting = Box<dyn FnOnce() -> Server>;

/// What is fetched, again and again.
#[derive(Clone)]
struct Job {
    server: Rc<Lazy>,
    scheme: &'static str,
    path: &'static str,
    count: usize,
    /// Of all files together.
    bytes: usize,
}

impl Job {
    /// hob and the others, those that are installed.
    fn row(
        self,
        row: Row,
        others: &[(&'static str, f64)],
        unit: impl Fn(f64) -> f64 + Copy + 'static,
    ) -> Row {
        let job = self.clone();
        let mut row = row
            .rounds(5)
            .with("hob", move || unit(job.cpu_seconds("hob", true)));
        for &(name, mark) in others {
            let ours = ["reqwest", "limit"].contains(&name);
            if ours || is_there(name, "--version") {
                let job = self.clone();
                row = row.with(name, move || unit(job.cpu_seconds(name, ours)));
                row = row.mark(name, mark);
            } else {
                row = row.note(format!("{name} is skipped: it is not installed"));
            }
        }
        row
    }

    /// What one client needs to fetch it all.
    fn cpu_seconds(&self, client: &str, ours: bool) -> f64 {
        let scratch = Scratch::new();
        let order = Order {
            client: client.into(),
            count: self.count,
            base: self.server.base(self.scheme) + self.path,
            folder: scratch.path("got"),
            root: self.server.scratch.path("cert.pem"),
        };
        std::fs::create_dir(&order.folder).expect("a folder for what comes");
        let mut command = match ours {
            true => {
                let mut myself = Command::new(std::env::current_exe().expect("our name"));
                myself.args(order.arguments());
                myself
            }
            false => command_line(&order, &scratch.path("list")),
        };
        let before = children();
        if !ours {
            // curl -Z shows its progress however silent it is told to be.
            command.stderr(Stdio::null());
        }
        let status = command.stdout(Stdio::null()).status().expect("it starts");
        let cpu = children() - before;
        assert!(status.success(), "{client} failed: {status}");
        assert_eq!(size(&order.folder), self.bytes as u64, "{client} lost some");
        cpu.as_secs_f64()
    }
}

/// Of all files in a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let sizes = entries.map(|entry| entry.and_then(|entry| entry.metadata()));
    sizes.map(|data| data.expect("a file").len()).sum()
}

/// What all children that have ended took, in user and system together.
pub(crate) fn children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts");
    let times = [usage.user_time(), usage.system_time()];
    let micros = times.map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    Duration::from_micros(micros.iter().sum::<i64>() as u64)
}

fn is_there(program: &str, question: &str) -> bool {
    let mut command = Command::new(program);
    let asked = command
        .arg(question)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// An nginx of ours, with its files in a folder of ours. It ends with the value.
struct Server {
    child: Child,
    scratch: Scratch,
    ports: [u16; 2],
}

impl Server {
    fn start(count: usize, mib: usize, tls: bool) -> Server {
        let scratch = Scratch::new();
        write_files(&scratch, count, mib).expect("files to serve");
        if tls {
            certificate(&scratch);
        }
        let ports = [free_port(), free_port()];
        let file = scratch.path("nginx.conf");
        std::fs::write(&file, configuration(&scratch, ports, tls)).expect("written");
        let mut nginx = Command::new("nginx");
        let nginx = nginx.arg("-c").arg(file).arg("-p").arg(scratch.folder());
        let child = nginx.stderr(Stdio::null()).spawn().expect("nginx starts");
        let server = Server {
            child,
            scratch,
            ports,
        };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", ports[0])).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nginx does not answer");
    }

    fn base(&self, scheme: &str) -> String {
        let port = self.ports[usize::from(scheme == "https")];
        format!("{scheme}://127.0.0.1:{port}/")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is one process, without a master: what ends it ends all of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0");
    let address = listener.and_then(|listener| listener.local_addr());
    address.expect("a port of the loopback").port()
}

fn write_files(scratch: &Scratch, count: usize, mib: usize) -> io::Result<()> {
    let (small, large) = (scratch.path("small"), scratch.path("large"));
    std::fs::create_dir(&small)?;
    std::fs::create_dir(&large)?;
    for number in 0..count {
        std::fs::write(small.join(number.to_string()), [b'x'; SMALL])?;
    }
    let piece = vec![b'x'; 1 << 20];
    let mut file = std::fs::File::create(large.join("0"))?;
    (0..mib).try_for_each(|_| io::Write::write_all(&mut file, &piece))
}

/// For 127.0.0.1, signed by itself, and trusted by who is told to.
fn certificate(scratch: &Scratch) {
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]);
    openssl.args(["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]);
    openssl.args(["-addext", "subjectAltName=IP:127.0.0.1"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl.arg("-keyout").arg(scratch.path("key.pem"));
    openssl.arg("-out").arg(scratch.path("cert.pem"));
    let status = openssl
        .stderr(Stdio::null())
        .status()
        .expect("openssl starts");
    assert!(status.success(), "openssl: {status}");
}

/// One worker that sends files as the system can, keeps connections, and logs nothing. Over TLS one
/// version and one cipher, so that both clients do the same arithmetic.
fn configuration(scratch: &Scratch, ports: [u16; 2], tls: bool) -> String {
    let folder = scratch.folder().display();
    let [plain, secure] = ports;
    let listen_tls = match tls {
        false => String::new(),
        true => format!(
            "listen 127.0.0.1:{secure} ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem; \
             ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;"
        ),
    };
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr crit;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n\
         client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n\
         server {{ listen 127.0.0.1:{plain}; {listen_tls} root {folder}; default_type application/octet-stream; }} }}\n"
    )
}
