//! Proxies of other people between hob's client and nginx: tinyproxy forwards and tunnels, dante
//! speaks SOCKS. What comes through them is what nginx gave.

#![cfg(unix)]

mod servers_support;

use hob::http::{Client, StatusCode};
use hob_peers::servers;
use servers_support::{To, gives_files};

#[test]
fn files_come_through_tinyproxy() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    let Some(proxy) = servers::tinyproxy("") else {
        return;
    };
    hob::block_on(async {
        let base = nginx.url("");
        let mut to = To::through(Client::builder(), "http", proxy.address, base).await;
        // It speaks HTTP/1.0 to us.
        to.keeps = false;
        gives_files(&to).await;
    });
}

#[test]
fn files_come_through_a_tunnel_of_tinyproxy() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    let Some(proxy) = servers::tinyproxy("") else {
        return;
    };
    hob::block_on(async {
        let builder = Client::builder().always_tunnel(true);
        let to = To::through(builder, "http", proxy.address, nginx.url("")).await;
        gives_files(&to).await;
    });
}

#[test]
fn tinyproxy_wants_to_know_who_asks() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    let Some(proxy) = servers::tinyproxy("BasicAuth me secret\n") else {
        return;
    };
    hob::block_on(async {
        for tunnel in [false, true] {
            let builder = || Client::builder().no_proxy_for("").always_tunnel(tunnel);
            let known = format!("http://me:secret@{}", proxy.address);
            let client = builder().proxy(known).build();
            let response = client.get(nginx.url("/small.txt")).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "small\n");

            let client = builder().proxy(format!("http://{}", proxy.address)).build();
            match client.get(nginx.url("/small.txt")).send().await {
                Ok(refused) => {
                    assert!(!tunnel, "a refusal of a tunnel is no response of the host");
                    let status = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
                    assert_eq!(refused.status(), status);
                }
                Err(error) => assert!(tunnel && error.to_string().contains("407"), "{error}"),
            }
        }
    });
}

#[test]
fn tinyproxy_cannot_reach_everybody() {
    let Some(proxy) = servers::tinyproxy("") else {
        return;
    };
    let nobody = format!("http://{}/", hob_peers::peer::free_address());
    hob::block_on(async {
        let builder = || {
            let proxy = format!("http://{}", proxy.address);
            Client::builder().no_proxy_for("").proxy(proxy)
        };
        let response = builder().build().get(&nobody).send().await.unwrap();
        assert!(response.status().is_server_error(), "{response:?}");
        let client = builder().always_tunnel(true).build();
        let error = client.get(&nobody).send().await.unwrap_err();
        assert!(
            error.to_string().contains("proxy http://127.0.0.1"),
            "{error}"
        );
    });
}

/// The address of a name is found here, or by dante.
#[test]
fn files_come_through_dante() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    let Some(proxy) = servers::dante() else {
        return;
    };
    hob::block_on(async {
        let port = nginx.address.port();
        let here = Client::builder().resolve("there.example", [nginx.address]);
        let base = format!("http://there.example:{port}");
        gives_files(&To::through(here, "socks5", proxy.address, base).await).await;

        let base = format!("http://localhost:{port}");
        let there = Client::builder().resolver(|_| Err(std::io::Error::other("not asked")));
        gives_files(&To::through(there, "socks5h", proxy.address, base).await).await;
    });
}

#[test]
fn dante_cannot_reach_everybody() {
    let Some(proxy) = servers::dante() else {
        return;
    };
    hob::block_on(async {
        for scheme in ["socks5", "socks5h"] {
            let nobody = format!("http://{}/", hob_peers::peer::free_address());
            let proxy = format!("{scheme}://{}", proxy.address);
            let client = Client::builder().no_proxy_for("").proxy(&proxy).build();
            let error = client.get(&nobody).send().await.unwrap_err().to_string();
            assert!(
                error.contains(&proxy) && error.contains("refused"),
                "{error}"
            );
        }
    });
}
