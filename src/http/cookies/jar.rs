//! What a program holds: [`CookieJar`]. It adds the clock and the disk to `store`.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use ::http::{HeaderMap, HeaderValue, Method, header};
use ::url::Url;

use crate::blocking;
use crate::fs;
use crate::http::cookies::store::Store;
use crate::http::cookies::{Led, netscape, site};

/// So many are heard of one response, as in curl.
const MOST_OF_A_RESPONSE: usize = 50;

/// The cookies of one or more clients (RFC 6265, and its revision, draft-ietf-httpbis-rfc6265bis).
///
/// It is a handle: a clone is the same jar. A client that was given one with
/// [`ClientBuilder::cookie_jar`](crate::http::ClientBuilder::cookie_jar) brings along what servers have
/// set, also over redirects, and takes in what responses set. Without one, it does neither.
///
/// What a server may set is decided as in browsers: for its own host and the domains above it,
/// but for no public suffix (`com`, `co.uk`, `github.io`; the list is compiled in); `Secure` only
/// over `https`; the prefixes `__Host-` and `__Secure-`; `SameSite`, where a redirect leads from
/// one site to another. There are at most 180 cookies of a site and 3000 in all, of 4 KiB each,
/// for 400 days; a request brings at most 8 KiB of them.
///
/// Neither `Debug` nor an error shows what is in it.
///
/// ```
/// # use hob::http::{CookieJar, Url};
/// let jar = CookieJar::new();
/// let shop = Url::parse("https://shop.example/cart/")?;
/// assert!(jar.set(&shop, "id=42; Domain=shop.example; Path=/; Max-Age=3600"));
/// assert!(!jar.set(&shop, "id=43; Domain=example"), "that is for strangers, too");
///
/// let image = Url::parse("http://images.shop.example/a.png")?;
/// assert_eq!(jar.cookies(&image).unwrap(), "id=42");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct CookieJar {
    store: Rc<RefCell<Store>>,
}

impl CookieJar {
    /// A jar with nothing in it.
    pub fn new() -> CookieJar {
        CookieJar::default()
    }

    /// Does what a client does that gets a response from `url` with this `Set-Cookie`. False: it
    /// was not allowed to, or it is none.
    pub fn set(&self, url: &Url, set_cookie: impl AsRef<[u8]>) -> bool {
        let (text, now) = (set_cookie.as_ref(), SystemTime::now());
        self.store.borrow_mut().set(url, text, now)
    }

    /// The value of `Cookie` that a `GET` for `url` brings along; it is marked as sensitive.
    /// `None`: it has no such field.
    pub fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        self.cookies_for(url, &Method::GET, Led::Here)
    }

    /// How many cookies there are, some of which may be over.
    pub fn len(&self) -> usize {
        self.store.borrow().len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all.
    pub fn clear(&self) {
        self.store.borrow_mut().clear();
    }

    /// Removes those without a time to end, which servers mean for one session.
    pub fn clear_session(&self) {
        self.store.borrow_mut().clear_session();
    }

    /// Takes in the lines of a Netscape cookie file, the one that curl, wget and Python write.
    /// What is over is skipped.
    ///
    /// # Errors
    /// `InvalidData`, with the number of the line, if it is none; then nothing was taken in.
    pub fn read_netscape(&self, text: impl AsRef<[u8]>) -> io::Result<()> {
        let mut store = self.store.borrow_mut();
        netscape::read(&mut store, text.as_ref(), SystemTime::now())
    }

    /// The text of such a file, with the session's cookies in it, and without `SameSite`, for
    /// which it has no place.
    pub fn to_netscape(&self) -> Vec<u8> {
        netscape::write(&self.store.borrow(), SystemTime::now())
    }

    /// Takes in a Netscape cookie file, which is read on a worker.
    ///
    /// # Errors
    /// Those of reading it, and of [`read_netscape`](CookieJar::read_netscape).
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let path = std::env::temp_dir().join(format!("hob-doc-cookies-{}", std::process::id()));
    /// let jar = hob::http::CookieJar::new();
    /// jar.read_netscape("h.example\tFALSE\t/\tFALSE\t0\tname\tvalue\n")?;
    /// jar.save(&path).await?;
    /// let again = hob::http::CookieJar::new();
    /// again.load(&path).await?;
    /// assert_eq!(again.len(), 1);
    /// # hob::fs::remove_file(&path).await
    /// # }).unwrap();
    /// ```
    pub async fn load(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.read_netscape(fs::read(path).await?)
    }

    /// Writes a Netscape cookie file, on a worker. On Unix, only its owner may read it. It is
    /// written beside and renamed, so that there is always the old one or the new one.
    ///
    /// *Cancel safety*: dropped before a worker began, nothing is written; afterwards, it is.
    ///
    /// # Errors
    /// Those of writing it.
    pub async fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let (path, text) = (path.as_ref().to_path_buf(), self.to_netscape());
        blocking::run(move || replace(&path, &text)).await
    }

    pub(crate) fn cookies_for(&self, url: &Url, method: &Method, led: Led) -> Option<HeaderValue> {
        let mut store = self.store.borrow_mut();
        store.cookies_for(url, method, led, SystemTime::now())
    }

    /// Takes in what a response from `url` sets.
    pub(crate) fn hear(&self, url: &Url, headers: &HeaderMap) {
        let all = headers.get_all(header::SET_COOKIE).iter();
        for text in all.take(MOST_OF_A_RESPONSE) {
            self.set(url, text.as_bytes());
        }
    }

    pub(crate) fn are_one_site(&self, one: &Url, other: &Url) -> bool {
        site::are_one_site(one, other)
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.len();
        let cookies = if count == 1 { "cookie" } else { "cookies" };
        write!(f, "CookieJar({count} {cookies})")
    }
}

/// Blocks.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    // A device or a pipe is written to, not replaced.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, text);
    }
    // A link stays one: what it leads to is replaced.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let beside = beside(&path);
    let written = write_new(&beside, text).and_then(|()| std::fs::rename(&beside, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}~", std::process::id()));
    path.with_file_name(name)
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text)
}
