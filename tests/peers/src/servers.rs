//! The servers, each with the [`site`] in a folder of its own and what it can do
//! beyond giving files. A server that is not installed is `None`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::peer::{Folder, Peer, installed, python_with};
use crate::site;

/// Files by nginx. `/chunked/` has no lengths, `/close/` no second request on a connection,
/// `/packed/` comes with gzip, `/put/` takes uploads; `x-requests` counts a connection's requests.
pub fn nginx() -> Option<Peer> {
    nginx_with(|_| String::new())
}

/// The same over TLS, with this certificate and key.
pub fn nginx_with_tls(certificate: &str, key: &str) -> Option<Peer> {
    nginx_with(|folder| {
        let certificate = folder.write("certificate.pem", certificate);
        let key = folder.write("key.pem", key);
        let (certificate, key) = (certificate.display(), key.display());
        format!("ssl on; ssl_certificate {certificate}; ssl_certificate_key {key};")
    })
}

fn nginx_with(more: impl Fn(&Folder) -> String) -> Option<Peer> {
    let program = installed("nginx")?;
    Some(Peer::start(|folder, address| {
        site::write(&folder.join("site"));
        folder.write("nginx.conf", nginx_config(folder, address, &more(folder)));
        let mut command = Command::new(&program);
        command.arg("-p").arg(folder.path());
        command.args(["-c", "nginx.conf", "-e", "error.log"]);
        command
    }))
}

/// Everything it writes is in its folder, so it needs no rights. A page that may hold
/// server-side includes has no length beforehand, and that is how nginx comes to send chunks.
fn nginx_config(folder: &Folder, address: SocketAddr, more: &str) -> String {
    let folder = folder.path().display();
    format!(
        "daemon off; master_process off; pid {folder}/pid;
        error_log {folder}/error.log;
        events {{ worker_connections 512; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            server {{
                listen {address}; {more}
                root {folder}/site;
                add_header x-requests $connection_requests always;
                location /chunked/ {{ ssi on; ssi_types *; }}
                location /close/ {{ keepalive_timeout 0; }}
                location /packed/ {{ alias {folder}/site/; gzip on; gzip_types *; }}
                location /put/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 0; }}
                location = /moved {{ return 301 /small.txt; }}
                location = /moved-relative {{ absolute_redirect off; return 302 small.txt; }}
                location = /circle {{ return 302 /circle; }}
            }}
        }}"
    )
}

/// Files by Apache. `/packed/` comes with gzip, `/put/` takes uploads.
pub fn apache() -> Option<Peer> {
    let program = installed("apache2")?;
    Some(Peer::start(|folder, address| {
        site::write(&folder.join("site"));
        let put = folder.join("site/put");
        std::fs::create_dir_all(&put).expect("our own folder");
        open_to_all(folder);
        let config = folder.write("apache.conf", apache_config(folder, address));
        let mut command = Command::new(&program);
        command.args(["-D", "FOREGROUND", "-f"]).arg(config);
        command
    }))
}

/// As root it serves as somebody else, who has to get at its files.
fn open_to_all(folder: &Folder) {
    let mut chmod = Command::new("chmod");
    let status = chmod.args(["-R", "a+rwX"]).arg(folder.path()).status();
    assert!(status.is_ok_and(|status| status.success()), "chmod works");
}

fn apache_config(folder: &Folder, address: SocketAddr) -> String {
    let folder = folder.path().display();
    let modules = [
        "mpm_event",
        "authz_core",
        "alias",
        "dir",
        "mime",
        "filter",
        "deflate",
        "include",
        "dav",
        "dav_fs",
        "env",
        "setenvif",
    ];
    let load: String = modules
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .concat();
    format!(
        "{load}
        ServerName localhost
        ServerRoot {folder}
        Listen {address}
        User www-data
        Group www-data
        PidFile {folder}/pid
        DefaultRuntimeDir {folder}
        Mutex file:{folder} default
        ErrorLog {folder}/said
        DAVLockDB {folder}/lock
        DocumentRoot {folder}/site
        TypesConfig /dev/null
        AddType text/plain .txt
        Alias /packed/ {folder}/site/
        <Directory {folder}/site>
            Require all granted
            DirectoryIndex index.html
        </Directory>
        <Location /packed/>
            SetOutputFilter DEFLATE
        </Location>
        <Location /put/>
            Dav On
        </Location>
        Redirect 301 /moved /small.txt
        "
    )
}

/// Files by caddy. `/packed/` comes with gzip.
pub fn caddy() -> Option<Peer> {
    let program = installed("caddy")?;
    Some(Peer::start(|folder, address| {
        site::write(&folder.join("site"));
        let root = folder.join("site");
        let root = root.display();
        let config = format!(
            "{{
                admin off
                auto_https off
            }}
            http://{address} {{
                root * {root}
                redir /moved /small.txt 301
                handle_path /packed/* {{
                    encode gzip
                    file_server
                }}
                handle {{
                    file_server
                }}
            }}"
        );
        let config = folder.write("Caddyfile", config);
        let mut command = Command::new(&program);
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(config);
        command
            .env("HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path());
        command.env("XDG_CONFIG_HOME", folder.path());
        command
    }))
}

/// Files by lighttpd. `/packed/` comes with gzip.
pub fn lighttpd() -> Option<Peer> {
    let program = installed("lighttpd")?;
    Some(Peer::start(|folder, address| {
        site::write(&folder.join("site"));
        std::fs::create_dir_all(folder.join("cache")).expect("our own folder");
        let (ip, port) = (address.ip(), address.port());
        let at = folder.path().display();
        let config = format!(
            r#"server.modules = ("mod_alias", "mod_redirect", "mod_deflate")
            server.bind = "{ip}"
            server.port = {port}
            server.document-root = "{at}/site"
            server.upload-dirs = ("{at}")
            server.errorlog = "{at}/error.log"
            index-file.names = ("index.html")
            mimetype.assign = (".txt" => "text/plain", "" => "application/octet-stream")
            alias.url = ("/packed/" => "{at}/site/")
            url.redirect = ("^/moved$" => "/small.txt")
            $HTTP["url"] =~ "^/packed/" {{
                deflate.mimetypes = ("text/plain")
                deflate.allowed-encodings = ("gzip")
            }}
            "#
        );
        let config = folder.write("lighttpd.conf", config);
        let mut command = Command::new(&program);
        command.args(["-D", "-f"]).arg(config);
        command
    }))
}

/// haproxy in front of another server.
pub fn haproxy(behind: SocketAddr) -> Option<Peer> {
    let program = installed("haproxy")?;
    Some(Peer::start(|folder, address| {
        let config = format!(
            "defaults
                mode http
                timeout connect 10s
                timeout client 60s
                timeout server 60s
            frontend here
                bind {address}
                default_backend there
            backend there
                server behind {behind}\n"
        );
        let config = folder.write("haproxy.conf", config);
        let mut command = Command::new(&program);
        command.args(["-db", "-f"]).arg(config);
        command
    }))
}

/// A proxy for HTTP: tinyproxy, with these lines more in its configuration.
pub fn tinyproxy(more: &str) -> Option<Peer> {
    let program = installed("tinyproxy")?;
    Some(Peer::start(|folder, address| {
        let (ip, port) = (address.ip(), address.port());
        let config = format!(
            "Port {port}\nListen {ip}\nTimeout 60\nMaxClients 100\nAllow 127.0.0.1\n\
             LogLevel Error\n{more}"
        );
        let config = folder.write("tinyproxy.conf", config);
        let mut command = Command::new(&program);
        command.args(["-d", "-c"]).arg(config);
        command
    }))
}

/// A proxy for SOCKS: dante.
pub fn dante() -> Option<Peer> {
    let program = installed("danted")?;
    Some(Peer::start(|folder, address| {
        let (ip, port) = (address.ip(), address.port());
        let config = format!(
            "logoutput: stderr
            internal: {ip} port = {port}
            external: 127.0.0.1
            clientmethod: none
            socksmethod: none
            user.privileged: root
            user.unprivileged: nobody
            client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
            socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
            "
        );
        let config = folder.write("danted.conf", config);
        let mut command = Command::new(&program);
        command.arg("-f").arg(config);
        command
    }))
}

/// A proxy that opens TLS with certificates of its own making: mitmproxy. Its CA is in
/// `mitmproxy-ca-cert.pem` in its folder. It takes any server for the right one.
pub fn mitmproxy() -> Option<Peer> {
    let python = python_with("mitmproxy")?;
    Some(Peer::start(|folder, address| {
        let main = "from mitmproxy.tools.main import mitmdump; mitmdump()";
        let mut command = Command::new(&python);
        command.args(["-c", main, "--quiet", "--set", "ssl_insecure=true"]);
        command.args(["--set", "stream_large_bodies=1m", "--set"]);
        command.arg(format!("confdir={}", folder.path().display()));
        command.args(["--listen-host", &address.ip().to_string()]);
        command.args(["--listen-port", &address.port().to_string()]);
        command
    }))
}

/// httpbin, which tells what it was asked, under gunicorn.
pub fn httpbin() -> Option<Peer> {
    let python = python_with("httpbin, gunicorn")?;
    Some(Peer::start(|folder, address| {
        let mut command = Command::new(&python);
        command.args(["-m", "gunicorn", "--threads", "8", "--keep-alive", "30"]);
        command.args(["--bind", &address.to_string(), "httpbin:app"]);
        command.current_dir(folder.path());
        command
    }))
}

/// Where a server's file is on the disk.
pub fn file_of(peer: &Peer, path: &str) -> Vec<u8> {
    let path: &Path = &peer.folder.join("site").join(path);
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
