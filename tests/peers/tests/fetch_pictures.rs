//! The pictures of fetch as others see them: `--waterfall` in Chromium, light and dark, on a desk
//! and on a phone, with five files and with five thousand; `--har` by Python's haralyzer.
//!
//! `HOB_SCREENSHOTS=FOLDER` keeps what Chromium saw.

#![cfg(unix)]

mod browser_support;
#[path = "../../fetch_support/mod.rs"]
mod fetch_support;
mod tls_support;

use std::fs;
use std::process::Command;
use std::time::Duration;

use browser_support::{Browser, DOWN, END, ESCAPE, HOME, LEFT};
use fetch_support::{Exchange, Folder, Server, bytes};
use hob_peers::peer::python_with;
use tls_support::{Ca, hello};

/// Files that take their time, one that is not there, and one that sends half of itself.
fn server() -> Server {
    Server::start(|exchange: &mut Exchange| {
        let number: u64 = exchange.path.bytes().map(u64::from).sum();
        std::thread::sleep(Duration::from_millis(number % 50));
        match exchange.path.as_str() {
            "/missing" => exchange.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            "/half.bin" => {
                exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")?;
                exchange.reset()
            }
            _ => exchange.ok(&bytes(30_000 + number as usize * 10)),
        }
    })
}

/// Fetches these paths with these flags. Returns the folder; the picture is in `run.html`.
fn drawn(paths: &[String], flags: &[&str]) -> Folder {
    let (server, folder) = (server(), Folder::new());
    let urls: Vec<_> = paths.iter().map(|path| server.url(path) + "\n").collect();
    fs::write(folder.join("urls"), urls.concat()).unwrap();
    let words = [
        "-d",
        "out",
        "-i",
        "urls",
        "--waterfall",
        "run.html",
        "--waterfall",
        "run.svg",
    ];
    let ran = folder.run(words.iter().chain(&["--har", "run.har"]).chain(flags));
    assert!(folder.join("run.html").exists(), "{ran:#?}");
    folder
}

fn few() -> Folder {
    let paths = [
        "a.bin",
        "b.bin",
        "missing",
        "half.bin",
        "a-name-that-is-rather-long-for-a-phone.tar.gz",
    ];
    drawn(&paths.map(|path| format!("/{path}")), &["-j", "3"])
}

/// Broken by: a script that the policy forbids, an element wider than the screen, or colours of
/// one scheme in the other.
#[test]
fn the_page_fits_its_screen_in_light_and_in_dark() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = few();
    let mut backs = Vec::new();
    for (wide, high) in [(1200, 900), (390, 844)] {
        for scheme in ["light", "dark"] {
            browser.screen(wide, high, scheme);
            browser.open(&folder.join("run.html"));
            let over = browser.ask(
                "document.querySelectorAll('details').forEach(part => part.open = true);
                 return document.documentElement.scrollWidth - innerWidth",
            );
            assert!(
                over.as_i64().unwrap() <= 0,
                "{wide} {scheme}: {over} too wide"
            );
            assert_eq!(
                browser.ask("return document.querySelectorAll('.rows g').length"),
                5
            );
            let spans = browser.ask("return document.querySelectorAll('.rows rect.span').length");
            assert!(spans.as_u64().unwrap() >= 5, "{spans}");
            backs.push(browser.ask("return getComputedStyle(document.body).backgroundColor"));
            browser.shoot(&format!("few-{wide}-{scheme}.png"));
            assert_eq!(browser.complaints(), [""; 0]);
        }
    }
    let (light, dark) = ("rgb(255, 255, 255)", "rgb(20, 23, 27)");
    assert_eq!(backs, [light, dark, light, dark]);
    let loaded = browser.ask("return performance.getEntriesByType('resource').length");
    assert_eq!(loaded, 0, "it is all in the file");
    browser.open(&folder.join("run.svg"));
    assert_eq!(
        browser.ask("return document.documentElement.tagName"),
        "svg"
    );
    let written = browser.ask("return document.documentElement.textContent");
    assert!(written.as_str().unwrap().contains("a.bin"), "{written}");
    browser.shoot("few-svg.png");
}

/// Broken by: a key that does nothing, or the facts of another row.
#[test]
fn all_of_it_can_be_done_by_keys() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = few();
    browser.screen(1200, 900, "light");
    browser.open(&folder.join("run.html"));
    let chosen = || browser.text(".detail");
    let first_label =
        || browser.ask("return +document.querySelector('.axis text').textContent.split(' ')[0]");
    let window = || browser.ask("return document.querySelector('.window').style.display");
    assert!(chosen().starts_with("Choose a row"), "{}", chosen());
    browser.keys(".rows", DOWN);
    assert!(
        chosen().contains("a.bin") && chosen().contains("arrived"),
        "{}",
        chosen()
    );
    browser.keys(".rows", END);
    browser.keys(".rows", HOME);
    assert!(chosen().contains("a.bin"), "{}", chosen());
    assert_eq!((window(), first_label()), ("none".into(), 0.into()));
    browser.keys(".rows", "++");
    assert_eq!(window(), "");
    assert_ne!(first_label(), 0);
    browser.keys(".rows", &LEFT.repeat(20));
    assert_eq!(first_label(), 0);
    browser.keys(".rows", "0");
    assert_eq!(window(), "none");
    browser.keys(".rows", ESCAPE);
    assert!(chosen().starts_with("Choose a row"));
    browser.keys("#find", "half");
    assert_eq!(browser.text("[role=status]"), "1 of 5");
    browser.keys(".rows", DOWN);
    assert!(
        chosen().contains("half.bin") && chosen().contains("failed"),
        "{}",
        chosen()
    );
    browser.shoot("chosen.png");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// Broken by: drawing all rows, or a list that cannot be scrolled to its end.
#[test]
fn of_five_thousand_files_what_is_seen_is_drawn() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let paths: Vec<_> = (0..5000)
        .map(|n| format!("/package-{n:04}.tar.gz"))
        .collect();
    let folder = drawn(&paths, &["-j", "64", "--fsync", "never"]);
    browser.screen(1200, 900, "light");
    browser.open(&folder.join("run.html"));
    browser.shoot("many-light.png");
    let drawn = || {
        browser
            .ask("return document.querySelectorAll('.rows g').length")
            .as_u64()
            .unwrap()
    };
    assert!((5..100).contains(&drawn()), "{} rows", drawn());
    assert_eq!(browser.text("[role=status]"), "5,000 of 5,000");
    browser.keys(".rows", END);
    assert!((5..100).contains(&drawn()), "{} rows", drawn());
    assert!(
        browser.text(".detail").contains("arrived"),
        "{}",
        browser.text(".detail")
    );
    let ends = browser.ask(
        "const box = document.querySelector('.rows'); return box.scrollHeight - box.clientHeight - box.scrollTop",
    );
    assert!(ends.as_f64().unwrap() < 2.0, "{ends} left to scroll");
    // The last of them ran at the end, and by then that is what one looks at.
    browser.keys(".rows", "f");
    let from = browser.ask("return parseFloat(document.querySelector('.window').style.left)");
    assert!(from.as_f64().unwrap() > 50.0, "from {from} % on");
    browser.shoot("many-fit.png");
    browser.keys("#find", "package-4321");
    assert_eq!(browser.text("[role=status]"), "1 of 5,000");
    assert_eq!(
        browser.ask("return document.querySelectorAll('#files tbody tr').length"),
        5000
    );
    browser.screen(390, 844, "dark");
    browser.open(&folder.join("run.html"));
    browser.ask("document.querySelector('#waterfall').scrollIntoView()");
    browser.shoot("many-phone.png");
    browser.screen(960, 1400, "light");
    browser.open(&folder.join("run.svg"));
    browser.shoot("many-svg.png");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// Broken by: a name that is put into the page as anything but text.
#[test]
fn what_a_server_calls_its_files_stays_text() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let name = "<img src=x onerror=document.title=1>&lt;.bin";
    let folder = drawn(&["/a".to_owned()], &["-o", name]);
    browser.screen(1200, 900, "light");
    browser.open(&folder.join("run.html"));
    assert_eq!(browser.ask("return document.images.length"), 0);
    assert_ne!(browser.ask("return document.title"), "1");
    let shown = browser.text("#files tbody th");
    assert_eq!(shown, name);
    assert_eq!(browser.complaints(), [""; 0]);
}

/// Broken by: a table that is made of other facts than the picture.
#[test]
fn the_table_has_the_facts_of_the_picture() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let folder = few();
    browser.open(&folder.join("run.html"));
    let differences = browser.ask(
        "const run = JSON.parse(document.getElementById('run').textContent);
         const table = document.querySelector('#files table');
         const heads = [...table.tHead.rows[0].cells].map(cell => cell.textContent);
         const wrong = [];
         run.files.forEach(([name, failed, tracks], n) => {
           const sums = Object.fromEntries(run.phases.map(phase => [phase, 0]));
           for (const track of tracks)
             for (let i = 0; i < track.length; i += 3) sums[run.phases[track[i]]] += track[i + 2] - track[i + 1];
           for (const phase of run.phases) {
             const column = heads.indexOf(phase);
             const told = column < 0 ? 0 : 1000 * table.tBodies[0].rows[n].cells[column].textContent;
             if (Math.abs(told - sums[phase]) > 1) wrong.push([name, phase, told, sums[phase]]);
           }
         });
         return wrong",
    );
    assert_eq!(
        differences.as_array().map(Vec::len),
        Some(0),
        "{differences:#}"
    );
}

/// Broken by: an event of connecting, of looking up or of shaking hands that is not told, or one
/// that is told at its beginning.
#[test]
fn what_it_takes_to_reach_a_host_is_in_both() {
    let (ca, folder) = (Ca::new(), Folder::new());
    let server = tls_support::Server::tls(ca.good().config(), hello);
    fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    let url = server.url() + "f";
    let flags = [
        "--cacert",
        "ca.pem",
        "--har",
        "run.har",
        "--waterfall",
        "run.html",
    ];
    folder
        .run(flags.into_iter().chain([url.as_str()]))
        .succeeded();
    let har: serde_json::Value = serde_json::from_slice(&folder.read("run.har")).unwrap();
    let timings = &har["log"]["entries"][0]["timings"];
    let part = |name: &str| timings[name].as_f64().unwrap();
    assert!(part("dns") > 0.0 && part("ssl") > 0.0, "{timings:#}");
    assert!(part("connect") > part("ssl"), "{timings:#}");
    let page = String::from_utf8(folder.read("run.html")).unwrap();
    for phase in ["dns", "connect", "tls", "waiting"] {
        assert!(page.contains(&format!("<th>{phase}</th>")), "no {phase}");
    }
}

/// Broken by: a field that the format asks for and that is not there, or of another kind.
#[test]
fn haralyzer_reads_the_record() {
    let Some(python) = python_with("haralyzer") else {
        return;
    };
    let folder = few();
    let script = "
import sys, haralyzer
parser = haralyzer.HarParser.from_file(sys.argv[1])
assert parser.version == '1.2' and len(parser.pages) == 5, parser.pages
for page in parser.pages:
    for entry in page.entries:
        status = entry.response.status
        asked = entry.request.method, entry.request.url, entry.startTime.year > 2000
        assert entry.time >= 0 and entry.request.headers is not None
        print(page.page_id, *asked, status, entry.response.mimeType, entry.timings['wait'] >= 0)
";
    let read = Command::new(python)
        .args(["-c", script])
        .arg(folder.join("run.har"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&read.stdout);
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let lines: Vec<_> = said.lines().collect();
    assert!(lines.len() >= 5, "{said}");
    assert!(
        lines
            .iter()
            .all(|line| line.contains(" GET http://127.0.0.1:") && line.contains(" True ")),
        "{said}"
    );
    let of = |page: &str, status: &str| {
        lines
            .iter()
            .any(|line| line.starts_with(page) && line.contains(&format!(" True {status} ")))
    };
    assert!(of("file_1 ", "200") && of("file_3 ", "404"), "{said}");
}
