//! What stands for TLS in a build without the feature `tls`: it refuses `https`, by name.

use ::url::{Host, Url};

use crate::http::conn::Transport;
use crate::http::error::ErrorKind;

/// There is nothing to set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {}

/// There is one way to be connected: in the open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Protection;

pub(crate) struct Tls;

impl Tls {
    pub(crate) fn new(_: Settings) -> Tls {
        Tls
    }

    /// # Errors
    /// If the scheme is not `http`.
    pub(crate) fn protection_of(&self, url: &Url) -> Result<Protection, ErrorKind> {
        match url.scheme() {
            "http" => Ok(Protection),
            other => Err(ErrorKind::Scheme {
                scheme: other.to_string(),
            }),
        }
    }

    /// Leaves the transport as it is.
    pub(crate) async fn secure(
        &self,
        _: Protection,
        _: &Host<String>,
        io: Box<dyn Transport>,
    ) -> Result<Box<dyn Transport>, ErrorKind> {
        Ok(io)
    }
}
