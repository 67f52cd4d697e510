//! Cookies: what servers ask us to bring along the next time (RFC 6265, as its revision
//! draft-ietf-httpbis-rfc6265bis tightens it).
//!
//! | file | answers the question |
//! |---|---|
//! | `date` | when is that, in whatever form it was written? |
//! | `set_cookie` | what does the server want? |
//! | `site` | which hosts belong together, and which paths? |
//! | `store` | may it have that, and who gets it back? |
//! | `netscape` | how does it look in a file? |
//! | `jar` | what a program holds |
//! | `absent` | all that remains in a build without the feature `cookies` |
//!
//! Law: a cookie is a stranger's word that we repeat to servers of his choice. So what protects
//! one server from another is only what is decided here:
//!
//! - C1: a host sets cookies for itself and for the domains above it, and for no public suffix:
//!   `shop.co.uk` may speak for `co.uk` as little as for `com` (<https://publicsuffix.org>).
//! - C2: what was set over https with `Secure` is neither sent nor replaced over http.
//! - C3: a name that begins with `__Host-` or `__Secure-` keeps what it promises.
//! - C4: a request to which another site's redirect led brings no `Strict` cookie, and if it
//!   changes something (it is no `GET`, say), only those that are for all the world
//!   (`SameSite=None`).
//! - C5: there are limits, so that nobody can fill the memory, or make every request too long.

#[cfg(feature = "cookies")]
mod date;
#[cfg(feature = "cookies")]
mod set_cookie;
#[cfg(feature = "cookies")]
mod site;
#[cfg(feature = "cookies")]
mod store;
#[cfg(feature = "cookies")]
mod netscape;
#[cfg(feature = "cookies")]
mod jar;
#[cfg(not(feature = "cookies"))]
mod absent;

#[cfg(not(feature = "cookies"))]
pub(crate) use absent::CookieJar;
#[cfg(feature = "cookies")]
pub use jar::CookieJar;

/// How a request came about, as far as `SameSite` has an interest in it (C4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Led {
    /// By the program, or by a redirect within one site.
    Here,
    /// By another site's redirect.
    FromElsewhere,
}
