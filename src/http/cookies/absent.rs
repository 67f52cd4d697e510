//! What stands for a cookie jar in a build without the feature `cookies`: there is none.

use ::http::{HeaderMap, HeaderValue, Method};
use ::url::Url;

use crate::http::cookies::Led;

/// Nobody can make one.
#[derive(Clone, Debug)]
pub(crate) enum CookieJar {}

impl CookieJar {
    pub(crate) fn cookies_for(&self, _: &Url, _: &Method, _: Led) -> Option<HeaderValue> {
        match *self {}
    }

    pub(crate) fn hear(&self, _: &Url, _: &HeaderMap) {
        match *self {}
    }

    pub(crate) fn are_one_site(&self, _: &Url, _: &Url) -> bool {
        match *self {}
    }
}
