//! nginx over TLS: straight, through the tunnels of tinyproxy and dante, and with mitmproxy in
//! between, which is trusted only by those who were told to.

#![cfg(unix)]

mod servers_support;
mod tls_support;

use hob::http::{Certificates, Client, ClientBuilder, ErrorKind};
use hob_peers::peer::Peer;
use hob_peers::servers;
use servers_support::{To, gives_files};
use tls_support::Ca;

fn nginx(ca: &Ca) -> Option<Peer> {
    let shown = ca.good();
    servers::nginx_with_tls(&shown.pem, &shown.key.serialize_pem())
}

fn trusting(ca: &Ca) -> ClientBuilder {
    Client::builder().add_root_certificates(ca.roots())
}

#[test]
fn nginx_gives_files_over_tls() {
    let ca = Ca::new();
    let Some(peer) = nginx(&ca) else { return };
    hob::block_on(async {
        gives_files(&To::server_with_tls(trusting(&ca), peer.address).await).await;
        let url = format!("https://{}/small.txt", peer.address);
        let client = Client::builder().no_proxy().build();
        let error = client.get(url).send().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Tls(_)), "{error}");
    });
}

#[test]
fn files_come_over_tls_through_tunnels() {
    let ca = Ca::new();
    let Some(nginx) = nginx(&ca) else { return };
    let proxies = [
        ("http", servers::tinyproxy("")),
        ("socks5", servers::dante()),
        ("socks5h", servers::dante()),
    ];
    hob::block_on(async {
        for (scheme, proxy) in proxies {
            let Some(proxy) = proxy else { continue };
            let base = format!("https://localhost:{}", nginx.address.port());
            let builder = trusting(&ca).resolve("localhost", [nginx.address]);
            gives_files(&To::through(builder, scheme, proxy.address, base).await).await;
        }
    });
}

#[test]
fn files_come_through_mitmproxy() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    let Some(proxy) = servers::mitmproxy() else {
        return;
    };
    hob::block_on(async {
        let base = nginx.url("");
        let to = To::through(Client::builder(), "http", proxy.address, base).await;
        gives_files(&to).await;
    });
}

#[test]
fn mitmproxy_is_let_in_only_where_its_ca_is_trusted() {
    let ca = Ca::new();
    let Some(nginx) = nginx(&ca) else { return };
    let Some(proxy) = servers::mitmproxy() else {
        return;
    };
    let base = format!("https://localhost:{}", nginx.address.port());
    hob::block_on(async {
        let to = To::through(trusting(&ca), "http", proxy.address, base.clone()).await;
        let error = to
            .client
            .get(to.url("/small.txt"))
            .send()
            .await
            .unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Tls(_)), "{error}");

        let theirs = std::fs::read(proxy.folder.join("mitmproxy-ca-cert.pem")).unwrap();
        let theirs = Certificates::from_pem(&theirs).unwrap();
        let builder = Client::builder().add_root_certificates(theirs);
        let mut to = To::through(builder, "http", proxy.address, base).await;
        // It sends the body of a redirect after its head, and who does not wait for that pays
        // with a connection.
        to.keeps = false;
        gives_files(&to).await;
    });
}
