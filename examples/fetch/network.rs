//! The options that are about connections, and the client that they make.
//!
//! All that `hob::http::Client` does by itself stays with it. Retries are ours: each of them
//! goes on with half a file, of which the client knows nothing.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use hob::http::{Client, ClientBuilder, Netrc, Url};

use crate::args::Options;
use crate::cookies::Jar;

/// A download that is too slow for so long is given up (and perhaps tried again).
const SLOWEST: Duration = Duration::from_secs(300);

/// The same, if the user says only what is too slow.
const CURLS_SLOWEST: Duration = Duration::from_secs(30);

/// By which way, and as whom.
#[derive(Clone, Default, PartialEq)]
pub struct Network {
    pub proxy: Option<String>,
    pub proxy_user: Option<(String, String)>,
    pub always_tunnel: bool,
    pub no_proxy_for: Option<String>,
    /// Also of an address of no host: then it is about the family only.
    pub source: Option<IpAddr>,
    /// `--resolve`: a host with its port, and where it is.
    pub known: Vec<(String, Vec<SocketAddr>)>,
    pub unix_socket: Option<PathBuf>,
    /// `Some(None)`: the usual one.
    pub netrc: Option<Option<PathBuf>>,
    /// `--cacert`, each of them.
    pub roots: Vec<PathBuf>,
    /// `--pinnedpubkey`: any of these keys will do.
    pub pins: Vec<String>,
    /// Who we are, and the key to it.
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// `-k`.
    pub insecure: bool,
}

/// A client for these options. Silence is the same to the user, whatever was awaited.
pub async fn client(options: &Options, jar: &Jar) -> io::Result<Client> {
    let network = &options.network;
    let mut builder = jar.give(plain(options));
    if let Some(proxy) = &network.proxy {
        builder = builder.proxy(with_user(proxy, network.proxy_user.as_ref()));
    }
    if network.always_tunnel {
        builder = builder.always_tunnel(true);
    }
    for (host, addresses) in &network.known {
        builder = builder.resolve(host, addresses.iter().copied());
    }
    if let Some(hosts) = &network.no_proxy_for {
        builder = builder.no_proxy_for(hosts);
    }
    if let Some(address) = network.source {
        builder = builder.source_address(address);
    }
    if let Some(path) = &network.unix_socket {
        builder = builder.unix_socket(path);
    }
    if let Some(path) = &network.netrc {
        let path = path.clone().map_or_else(default_netrc, Ok)?;
        let netrc = Netrc::load(&path).await.map_err(|e| crate::at(&path, &e))?;
        builder = builder.netrc(netrc);
    }
    Ok(trust(builder, network).await?.build())
}

/// Whom to believe that they are who they say.
#[cfg(feature = "tls")]
async fn trust(mut builder: ClientBuilder, network: &Network) -> io::Result<ClientBuilder> {
    use hob::http::{Certificates, Identity};
    for path in &network.roots {
        let pem = hob::fs::read(path).await;
        let roots = pem.and_then(|pem| Certificates::from_pem(&pem));
        let roots = roots.map_err(|e| crate::at(path, &e))?;
        // As in curl, a CA file is in place of the system's.
        builder = builder.only_root_certificates(roots);
    }
    for pin in network.pins.iter().flat_map(|pins| pins.split(';')) {
        builder = builder.pin_public_key(pin.parse()?);
    }
    if let Some(path) = &network.cert {
        let mut pem = hob::fs::read(path).await.map_err(|e| crate::at(path, &e))?;
        if let Some(key) = &network.key {
            pem.push(b'\n');
            pem.extend(hob::fs::read(key).await.map_err(|e| crate::at(key, &e))?);
        }
        let identity = Identity::from_pem(&pem).map_err(|e| crate::at(path, &e))?;
        builder = builder.identity(identity);
    }
    Ok(builder.danger_accept_invalid_certs(network.insecure))
}

#[cfg(not(feature = "tls"))]
async fn trust(builder: ClientBuilder, network: &Network) -> io::Result<ClientBuilder> {
    let asked = network.cert.is_some() || network.insecure;
    if network.roots.is_empty() && network.pins.is_empty() && !asked {
        return Ok(builder);
    }
    Err(io::Error::other(
        "this build speaks no https, so there is nobody to trust",
    ))
}

/// As curl does, a proxy without a scheme is taken for one that speaks HTTP.
fn with_user(proxy: &str, user: Option<&(String, String)>) -> String {
    let proxy = match proxy.contains("://") {
        true => proxy.to_owned(),
        false => format!("http://{proxy}"),
    };
    let (Some((name, password)), Ok(mut url)) = (user, Url::parse(&proxy)) else {
        return proxy;
    };
    match (url.set_username(name), url.set_password(Some(password))) {
        (Ok(()), Ok(())) => url.into(),
        _ => proxy, // it has no host, which the requests will say
    }
}

/// For the demonstration, whose server is on this machine.
pub fn local_client(options: &Options) -> Client {
    plain(options).no_proxy().build()
}

fn plain(options: &Options) -> ClientBuilder {
    let slow_for = match options.slowest {
        (_, Some(time)) => time,
        (1, None) => SLOWEST,
        (_, None) => CURLS_SLOWEST,
    };
    // A further range is a connection, too.
    let most = options.jobs.max(options.split);
    let omit = |builder: ClientBuilder, name| builder.omit_header(name);
    let builder = options
        .no_headers
        .iter()
        .cloned()
        .fold(Client::builder(), omit);
    builder
        .max_per_host(options.per_host.unwrap_or(most))
        .max_total(most)
        .connect_timeout(options.connect_timeout.unwrap_or(options.timeout))
        .tls_timeout(options.connect_timeout.unwrap_or(options.timeout))
        .first_byte_timeout(options.timeout)
        .idle_timeout(options.timeout)
        .low_speed_limit(options.slowest.0, slow_for)
        .max_redirects(options.max_redirs)
        .retries(0)
        // What is saved is what the server has: an archive must stay one.
        .decode(options.compressed)
}

/// `-n`: where curl and its elders look, too.
fn default_netrc() -> io::Result<PathBuf> {
    if let Some(path) = std::env::var_os("NETRC") {
        return Ok(path.into());
    }
    let home = std::env::home_dir();
    let home = home.ok_or_else(|| io::Error::other("--netrc: nobody knows where your home is"))?;
    Ok(home.join(".netrc"))
}
