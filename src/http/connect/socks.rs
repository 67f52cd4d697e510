//! A connection through a SOCKS5 proxy (RFC 1928), with a name and a password if need be
//! (RFC 1929).
//!
//! ```text
//!   5, n, methods            ──▶
//!                            ◀── 5, method
//!   1, name, password        ──▶          only if it chose method 2
//!                            ◀── 1, 0
//!   5, CONNECT, 0, host, port ─▶
//!                            ◀── 5, 0, 0, address, port
//! ```
//!
//! - S1: each answer is read to its last byte and not a byte further: what follows is the
//!   host's. No answer is longer than 262 bytes.
//! - S2: the proxy may only choose what was offered.
//! - S3: its address in the last answer means nothing to us.

use std::net::IpAddr;

use ::url::Host;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::proxy::Login;
use crate::http::conn::Transport;
use crate::http::error::{ProxyFault, Violation};

const VERSION: u8 = 5;
const CONNECT: u8 = 1;
const NO_LOGIN: u8 = 0;
const NAME_AND_PASSWORD: u8 = 2;

/// Asks the SOCKS5 proxy behind `io` for a connection to `host` and `port`.
pub(super) async fn open(
    io: &mut dyn Transport,
    host: &Host<String>,
    port: u16,
    login: Option<&Login>,
) -> Result<(), ProxyFault> {
    let offered: &[u8] = match login {
        Some(_) => &[VERSION, 2, NO_LOGIN, NAME_AND_PASSWORD],
        None => &[VERSION, 1, NO_LOGIN],
    };
    say(io, offered).await?;
    let [version, method] = hear(io).await?;
    check(
        version == VERSION,
        "it does not speak SOCKS5",
        "RFC 1928 §3",
    )?;
    match (method, login) {
        (NO_LOGIN, _) => {}
        (NAME_AND_PASSWORD, Some(login)) => log_in(io, login).await?,
        (0xff, _) => return Err(ProxyFault::Refused("it takes none of our ways to log in")),
        _ => check(
            false,
            "it chose a way to log in that was not offered",
            "RFC 1928 §3",
        )?, // S2
    }
    say(io, &request(host, port)?).await?;
    answer(io).await
}

/// RFC 1929.
async fn log_in(io: &mut dyn Transport, login: &Login) -> Result<(), ProxyFault> {
    let mut message = vec![1];
    for part in [&login.name, &login.password] {
        let length = u8::try_from(part.len()).expect("Login::new looked at the lengths");
        message.push(length);
        message.extend_from_slice(part);
    }
    say(io, &message).await?;
    let [_version, status] = hear(io).await?;
    match status {
        0 => Ok(()),
        _ => Err(ProxyFault::Refused(
            "it does not know this user name and password",
        )),
    }
}

fn request(host: &Host<String>, port: u16) -> Result<Vec<u8>, ProxyFault> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host {
        Host::Ipv4(ip) => {
            request.push(1);
            request.extend(ip.octets());
        }
        Host::Ipv6(ip) => {
            request.push(4);
            request.extend(ip.octets());
        }
        Host::Domain(name) => {
            let length = u8::try_from(name.len());
            let too_long = "SOCKS takes no host name of more than 255 bytes";
            request.extend([3, length.map_err(|_| ProxyFault::Refused(too_long))?]);
            request.extend(name.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

async fn answer(io: &mut dyn Transport) -> Result<(), ProxyFault> {
    let [version, reply, _reserved, kind] = hear(io).await?;
    check(
        version == VERSION,
        "it does not speak SOCKS5",
        "RFC 1928 §6",
    )?;
    if reply != 0 {
        return Err(fault(reply));
    }
    // S1, S3
    match kind {
        1 => drop(hear::<6>(io).await?),
        4 => drop(hear::<18>(io).await?),
        3 => {
            let [length] = hear(io).await?;
            let mut name = vec![0; usize::from(length) + 2];
            io.read_exact(&mut name).await.map_err(ProxyFault::Broken)?;
        }
        _ => check(
            false,
            "it has a kind of address that is none",
            "RFC 1928 §6",
        )?,
    }
    Ok(())
}

/// RFC 1928 §6, in words.
fn fault(reply: u8) -> ProxyFault {
    let refused = match reply {
        1 => return ProxyFault::Unreached("it failed, and does not say how"),
        3 => return ProxyFault::Unreached("it cannot reach the network"),
        4 => return ProxyFault::Unreached("it cannot reach the host"),
        5 => return ProxyFault::Unreached("the host refused the connection"),
        6 => return ProxyFault::Unreached("the host did not answer it in time"),
        2 => "its rules do not allow it",
        7 => "it cannot connect for others",
        8 => "it cannot reach addresses of this kind",
        _ => "it failed in a way that no RFC has a name for",
    };
    ProxyFault::Refused(refused)
}

fn check(is_right: bool, what: &'static str, rule: &'static str) -> Result<(), ProxyFault> {
    match is_right {
        true => Ok(()),
        false => Err(ProxyFault::Protocol(Violation { what, rule })),
    }
}

async fn say(io: &mut dyn Transport, bytes: &[u8]) -> Result<(), ProxyFault> {
    io.write_all(bytes).await.map_err(ProxyFault::Broken)
}

async fn hear<const N: usize>(io: &mut dyn Transport) -> Result<[u8; N], ProxyFault> {
    let mut bytes = [0; N];
    io.read_exact(&mut bytes)
        .await
        .map_err(ProxyFault::Broken)?;
    Ok(bytes)
}

/// A name that was looked up here, as the proxy is told it.
pub(super) fn as_host(ip: IpAddr) -> Host<String> {
    match ip {
        IpAddr::V4(ip) => Host::Ipv4(ip),
        IpAddr::V6(ip) => Host::Ipv6(ip),
    }
}
