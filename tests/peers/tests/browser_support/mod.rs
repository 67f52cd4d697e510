//! Chromium without a window, driven by chromedriver in the language of WebDriver (W3C
//! Recommendation of 2018): a page is opened, looked at, and typed to, as by a person.
//!
//! Where either is not installed, there is no [`Browser`].

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use hob::http::{Client, Method};
use hob_peers::peer::{Folder, Peer, installed};
use serde_json::{Value, json};

/// Keys that have no letter, as WebDriver writes them (§17.4.2).
pub(crate) const HOME: &str = "\u{e011}";
pub(crate) const END: &str = "\u{e010}";
pub(crate) const LEFT: &str = "\u{e012}";
pub(crate) const DOWN: &str = "\u{e015}";
pub(crate) const ESCAPE: &str = "\u{e00c}";

pub(crate) struct Browser {
    driver: Peer,
    session: String,
    /// What Chromium keeps about us.
    _profile: Folder,
}

impl Browser {
    pub(crate) fn start() -> Option<Browser> {
        let (chromium, driver) = (installed("chromium")?, installed("chromedriver")?);
        let driver = Peer::start(|_, address| {
            let mut command = Command::new(&driver);
            command.arg(format!("--port={}", address.port()));
            command
        });
        let profile = Folder::new();
        let profile_flag = format!("--user-data-dir={}", profile.path().display());
        let mut browser = Browser {
            driver,
            session: String::new(),
            _profile: profile,
        };
        let options = json!({
            "binary": chromium,
            // Without its sandbox, as root may not have one. The pages are our own.
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--hide-scrollbars", profile_flag],
        });
        let wanted =
            json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let body = json!({ "capabilities": { "alwaysMatch": wanted } });
        let answer = browser.call(Method::POST, "/session", &body);
        let id = answer["sessionId"].as_str().expect("it has an id");
        browser.session = format!("/session/{id}");
        Some(browser)
    }

    fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let answer = self.send(method, path, body);
        let answer = answer.unwrap_or_else(|e| panic!("{path}: {e}; {}", self.driver.said()));
        let problem = answer["value"]["error"].as_str();
        assert_eq!(problem, None, "{path}: {answer:#}");
        answer["value"].clone()
    }

    fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let url = self.driver.url(&format!("{}{path}", self.session));
        let answer = hob::block_on(async {
            let client = Client::builder().no_proxy().idle_timeout(None).build();
            let mut request = client.request(method.clone(), url.as_str());
            if method == Method::POST {
                request = request.header("content-type", "application/json");
                request = request.body(body.to_string());
            }
            request.send().await?.text().await
        });
        let answer = answer.map_err(|e| e.to_string())?;
        serde_json::from_str(&answer).map_err(|e| e.to_string())
    }

    /// What Chromium offers beyond WebDriver: a command of its DevTools.
    fn command(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.call(Method::POST, "/goog/cdp/execute", &body)
    }

    /// A screen of this size, in `light` or in `dark`.
    pub(crate) fn screen(&self, wide: u32, high: u32, scheme: &str) {
        let screen =
            json!({ "width": wide, "height": high, "deviceScaleFactor": 1, "mobile": wide < 500 });
        self.command("Emulation.setDeviceMetricsOverride", screen);
        let scheme = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.command(
            "Emulation.setEmulatedMedia",
            json!({ "features": [scheme] }),
        );
    }

    pub(crate) fn open(&self, file: &Path) {
        let url = format!("file://{}", file.display());
        self.call(Method::POST, "/url", &json!({ "url": url }));
    }

    /// The answer of a function's body.
    pub(crate) fn ask(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.call(Method::POST, "/execute/sync", &body)
    }

    /// The text of an element.
    pub(crate) fn text(&self, selector: &str) -> String {
        let text = self.ask(&format!(
            "return document.querySelector({selector:?}).textContent"
        ));
        text.as_str().expect("it is text").to_owned()
    }

    /// Types to an element, which has the focus from then on.
    pub(crate) fn keys(&self, selector: &str, keys: &str) {
        let body = json!({ "using": "css selector", "value": selector });
        let element = self.call(Method::POST, "/element", &body);
        let id = element
            .as_object()
            .and_then(|element| element.values().next());
        let id = id.and_then(Value::as_str).expect("it has an id");
        self.call(
            Method::POST,
            &format!("/element/{id}/value"),
            &json!({ "text": keys }),
        );
    }

    /// What the page complained about: errors of its script, and all that its policy forbade.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let said = self.call(Method::POST, "/se/log", &json!({ "type": "browser" }));
        let said = said.as_array().expect("it is a list").iter();
        said.map(|line| line["message"].to_string()).collect()
    }

    /// A picture for people, where `HOB_SCREENSHOTS` says which folder is for it.
    pub(crate) fn shoot(&self, name: &str) {
        let Some(folder) = env::var_os("HOB_SCREENSHOTS") else {
            return;
        };
        let shot = self.call(Method::GET, "/screenshot", &Value::Null);
        let png = base64(shot.as_str().expect("it is text"));
        fs::write(Path::new(&folder).join(name), png).expect("the folder is there");
    }
}

impl Drop for Browser {
    /// Also where a test failed: a Chromium without its driver would stay for ever.
    fn drop(&mut self) {
        let _ = self.send(Method::DELETE, "", &Value::Null);
    }
}

/// Undoes RFC 4648 §4.
fn base64(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters: Vec<u8> = text.bytes().filter(|letter| *letter != b'=').collect();
    let group = |four: &[u8]| {
        let bits = four
            .iter()
            .fold(0_u32, |bits, letter| bits << 6 | u32::from(value(*letter)));
        let bits = bits << (6 * (4 - four.len()));
        bits.to_be_bytes()[1..four.len()].to_vec()
    };
    letters.chunks(4).flat_map(group).collect()
}
