//! Pictures of runs that are written out by hand, an event at a time.

use super::*;
use crate::events::{Outcome, What};
use std::time::{Duration, SystemTime};

/// A list of events in the making. Times are in milliseconds.
#[derive(Default)]
pub(super) struct Run(pub Vec<Event>);

impl Run {
    fn began(files: u64, jobs: u64) -> Run {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        Run::default().at(0, 0, What::Began { time, files, jobs })
    }

    fn at(self, at: u64, file: u64, what: What) -> Run {
        self.push(at, file, None, what)
    }

    /// About request `ids.0` on connection `ids.1`.
    fn on(self, at: u64, file: u64, ids: (u64, u64), what: What) -> Run {
        self.push(at, file, Some(ids), what)
    }

    fn push(mut self, at: u64, file: u64, ids: Option<(u64, u64)>, what: What) -> Run {
        self.0.push(Event {
            at: ms(at),
            file,
            request: ids.map(|ids| ids.0),
            connection: ids.map(|ids| ids.1),
            what,
        });
        self
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn queued(name: &str) -> What {
    What::Queued {
        url: format!("https://example.com/a/{name}?size=1"),
        target: format!("out/{name}").into(),
    }
}

fn dns(took: u64) -> What {
    What::Dns {
        took: ms(took),
        host: "example.com".into(),
        addresses: vec!["192.0.2.1:443".parse().unwrap()],
        cached: false,
        error: None,
    }
}

fn connect(took: u64, error: Option<&str>) -> What {
    What::Connect {
        took: ms(took),
        address: "192.0.2.1:443".into(),
        error: error.map(str::to_owned),
    }
}

fn tls(took: u64) -> What {
    What::Tls {
        took: ms(took),
        version: Some("TLSv1.3".into()),
        cipher: None,
        error: None,
    }
}

fn request(reused: bool) -> What {
    What::Request {
        method: "GET".into(),
        url: "https://example.com/a/x?size=1".into(),
        reused,
        range: None,
        headers: vec![("accept".into(), "*/*".into())],
    }
}

fn first(status: u16, length: Option<u64>) -> What {
    What::FirstByte {
        version: "HTTP/1.1".into(),
        status,
        length,
        headers: vec![("Content-Type".into(), "text/plain".into())],
    }
}

fn progress(received: u64) -> What {
    What::Progress {
        received,
        size: received,
        total: None,
    }
}

fn done(outcome: Outcome, why: &str, received: u64) -> What {
    What::Done {
        outcome,
        why: why.into(),
        code: u8::from(!why.is_empty()),
        received,
        size: received,
        target: None,
    }
}

fn arrived(received: u64) -> What {
    done(Outcome::Arrived, "", received)
}

/// One file by itself, through all that can happen to one that arrives.
fn whole_way() -> Run {
    Run::began(1, 4)
        .at(0, 1, queued("x.bin"))
        .at(100, 1, What::Started)
        .on(150, 1, (1, 1), dns(40))
        .on(200, 1, (1, 1), connect(50, None))
        .on(280, 1, (1, 1), tls(80))
        .on(280, 1, (1, 1), request(false))
        .on(400, 1, (1, 1), first(200, Some(1000)))
        .on(500, 1, (1, 1), progress(600))
        .on(700, 1, (1, 1), What::Stall { silent: ms(200) })
        .on(800, 1, (1, 1), progress(800))
        .on(900, 1, (1, 1), progress(1000))
        .at(
            950,
            1,
            What::Verify {
                algorithm: "sha256".into(),
                good: true,
            },
        )
        .at(1000, 1, arrived(1000))
        .at(1000, 0, What::Ended { code: 0 })
}

fn tracks(view: &View, file: usize) -> Vec<Vec<(Phase, u64, u64)>> {
    let track = |track: &phase::Track| {
        let span = |s: &phase::Span| (s.phase, s.from.as_millis() as u64, s.to.as_millis() as u64);
        track.0.iter().map(span).collect()
    };
    view.rows[file].tracks.iter().map(track).collect()
}

/// Broken by: taking the end of a step for its beginning.
#[test]
fn each_phase_of_a_file_is_where_its_events_put_it() {
    use Phase::*;
    let view = View::of(&whole_way().0);
    let wanted = [
        (Queued, 0, 100),
        (Blocked, 100, 110),
        (Dns, 110, 150),
        (Connect, 150, 200),
        (Tls, 200, 280),
        (Waiting, 280, 400),
        (Receiving, 400, 500),
        (Stalled, 500, 700),
        (Receiving, 700, 900),
        (Finishing, 900, 1000),
    ];
    assert_eq!(tracks(&view, 0), [wanted]);
}

/// Broken by: taking each telling of a stall for a stall of its own, or all of them for one.
#[test]
fn a_stall_is_told_several_times_and_drawn_once() {
    use Phase::*;
    let stall = |silent| What::Stall { silent: ms(silent) };
    let run = Run::began(1, 1)
        .at(0, 1, queued("x"))
        .at(0, 1, What::Started)
        .on(0, 1, (1, 1), request(true))
        .on(100, 1, (1, 1), first(200, Some(100)))
        .on(250, 1, (1, 1), stall(100))
        .on(350, 1, (1, 1), stall(200))
        .on(400, 1, (1, 1), stall(250))
        .on(400, 1, (1, 1), progress(50))
        .on(600, 1, (1, 1), stall(100))
        .at(700, 1, done(Outcome::Failed, "reset", 50));
    let wanted = [
        (Waiting, 0, 100),
        (Receiving, 100, 150),
        (Stalled, 150, 400),
        (Receiving, 400, 500),
        (Stalled, 500, 700),
    ];
    assert_eq!(tracks(&View::of(&run.0), 0), [wanted]);
}

/// Two ranges at the same time, a try that broke, and a redirect before all of it.
fn winding_way() -> Run {
    let retry = What::Retry {
        why: "reset".into(),
        wait: ms(100),
        tries: 1,
    };
    let redirect = What::Redirect {
        status: 302,
        to: "https://example.org/b".into(),
    };
    Run::began(1, 4)
        .at(0, 1, queued("x.bin"))
        .at(0, 1, What::Started)
        .on(50, 1, (1, 1), connect(50, None))
        .on(50, 1, (1, 1), request(false))
        .on(100, 1, (1, 1), first(302, Some(0)))
        .on(100, 1, (1, 1), redirect)
        .on(100, 1, (2, 1), request(true))
        .on(200, 1, (2, 1), first(206, Some(500)))
        .on(250, 1, (3, 2), connect(50, None))
        .on(250, 1, (3, 2), request(false))
        .on(300, 1, (2, 1), progress(100))
        .on(350, 1, (3, 2), first(206, Some(500)))
        .on(400, 1, (2, 1), retry)
        .on(500, 1, (4, 3), connect(20, None))
        .on(500, 1, (4, 3), request(false))
        .on(550, 1, (4, 3), first(206, Some(400)))
        .on(600, 1, (3, 2), progress(500))
        .on(700, 1, (4, 3), progress(400))
        .at(700, 1, arrived(1000))
        .at(720, 0, What::Ended { code: 0 })
}

/// Broken by: one track for all, or pauses that lie over a request.
#[test]
fn requests_at_the_same_time_lie_below_each_other() {
    use Phase::*;
    let view = View::of(&winding_way().0);
    let first = [
        (Connect, 0, 50),
        (Waiting, 50, 100),
        (Waiting, 100, 200),
        (Receiving, 200, 400),
        (Paused, 400, 480),
        (Connect, 480, 500),
        (Waiting, 500, 550),
        (Receiving, 550, 700),
    ];
    let second = [
        (Connect, 200, 250),
        (Waiting, 250, 350),
        (Receiving, 350, 600),
    ];
    assert_eq!(tracks(&view, 0), [&first[..], &second[..]]);
    let links = view.connections.iter();
    let links: Vec<_> = links.map(|c| (c.number, c.requests, c.received)).collect();
    assert_eq!(links, [(1, 2, 100), (2, 1, 500), (3, 1, 400)]);
}

/// Broken by: leaving a request open that was sent anew, as if it waited until the file's end.
#[test]
fn a_request_that_is_sent_anew_ends_where_the_next_one_begins() {
    use Phase::*;
    let run = Run::began(1, 1)
        .at(0, 1, queued("x"))
        .at(0, 1, What::Started)
        .on(10, 1, (1, 1), request(true))
        .on(50, 1, (2, 2), connect(20, None))
        .on(50, 1, (2, 2), request(false))
        .on(90, 1, (2, 2), first(200, Some(10)))
        .on(100, 1, (2, 2), progress(10))
        .at(100, 1, arrived(10));
    let wanted = [
        (Blocked, 0, 10),
        (Waiting, 10, 30),
        (Connect, 30, 50),
        (Waiting, 50, 90),
        (Receiving, 90, 100),
    ];
    assert_eq!(tracks(&View::of(&run.0), 0), [wanted]);
}

/// Broken by: drawing only the attempt that won, where none did.
#[test]
fn a_connection_that_never_was_one_is_drawn_with_its_attempts() {
    let error = "refused";
    let run = Run::began(1, 1)
        .at(0, 1, queued("x"))
        .at(0, 1, What::Started)
        .on(30, 1, (1, 7), connect(20, Some(error)))
        .at(40, 1, done(Outcome::Failed, error, 0));
    let view = View::of(&run.0);
    let row = &view.connections[0];
    assert_eq!((row.number, row.address.as_str()), (7, "192.0.2.1:443"));
    assert_eq!(row.error.as_deref(), Some(error));
    assert_eq!(row.track.0.len(), 1);
    assert_eq!(row.owners, [(ms(0), 0)]);
}

/// Broken by: booking a moment twice, or reading a list as if nothing could be missing at its end.
#[test]
fn wherever_a_run_is_cut_off_its_times_add_up() {
    let runs = [whole_way().0, winding_way().0, crowd(12, 3)];
    for events in runs {
        for length in 0..=events.len() {
            let view = View::of(&events[..length]);
            let account = &view.account;
            let booked = account.best.iter().sum::<Duration>() + account.idle;
            assert_eq!(booked, account.wall, "{length} of {events:#?}");
            for track in view.rows.iter().flat_map(|row| &row.tracks) {
                assert!(track.0.iter().all(|span| span.from < span.to), "{track:?}");
                assert!(track.0.is_sorted_by(|a, b| a.to <= b.from), "{track:?}");
                assert!(
                    track.end().is_none_or(|end| end <= account.wall),
                    "{track:?}"
                );
            }
            Kind::Html.draw(&events[..length]);
            Kind::Svg.draw(&events[..length]);
            Kind::Har.draw(&events[..length]);
        }
    }
}

/// Broken by: ranking what waits above what moves.
#[test]
fn the_sentence_says_what_the_wall_time_went_into() {
    let sentence = |events: &[Event]| View::of(events).account.sentence();
    assert_eq!(
        sentence(&whole_way().0),
        "1 file, 1000 B, in 1.00 s: bytes came in 30 % of it, at 3.3 KiB/s; the rest went into \
         waiting for bytes that did not come (20 %), waiting for an answer (12 %), waiting for a \
         turn (10 %), checking and writing (10 %), shaking hands (8 %), connecting (5 %) and \
         looking up hosts (4 %)."
    );
    assert_eq!(
        sentence(&Run::began(0, 1).0),
        "0 files, 0 B, in no time that could be measured."
    );
    let refused = Run::began(1, 1)
        .at(0, 1, queued("x"))
        .at(0, 1, What::Started)
        .on(990, 1, (1, 1), connect(990, Some("refused")))
        .at(1000, 1, done(Outcome::Failed, "refused", 0));
    assert_eq!(
        sentence(&refused.0),
        "1 file (1 failed), 0 B, in 1.00 s: no bytes came; it went into connecting (99 %)."
    );
    let tail = Run::began(2, 1)
        .at(0, 1, queued("a"))
        .at(0, 2, queued("big.iso"))
        .at(0, 1, What::Started)
        .on(0, 1, (1, 1), request(true))
        .on(0, 1, (1, 1), first(200, Some(2048)))
        .on(500, 1, (1, 1), progress(2048))
        .at(500, 1, arrived(2048))
        .at(500, 2, What::Started)
        .on(600, 2, (2, 1), request(true))
        .on(1900, 2, (2, 1), first(200, Some(1)))
        .at(2000, 2, done(Outcome::Failed, "404", 0));
    assert_eq!(
        sentence(&tail.0),
        "2 files (1 failed), 2.0 KiB, in 2.00 s: bytes came in 25 % of it, at 4.0 KiB/s; the rest \
         went into waiting for an answer (65 %), preparing or waiting for a connection (5 %) and \
         waiting for bytes that did not come (5 %); for 25 % of it others queued, as the only place was \
         taken; for the last 1.50 s, big.iso was alone."
    );
}

/// The contrast of two colours, `#rrggbb`, as WCAG 2.1 defines it.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |colour: &str| {
        let part =
            |at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        let linear = |part: f64| match part {
            dark if dark <= 0.03928 => dark / 12.92,
            light => ((light + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5))
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Broken by: a colour that looks good to young eyes on a good screen.
#[test]
fn every_colour_stands_out_from_its_back() {
    let schemes: Vec<_> = svg::COLORS.split(":root {").skip(1).collect();
    assert_eq!(schemes.len(), 2, "light and dark");
    for scheme in schemes {
        let colour = |name: &str| {
            let after = scheme.split(&format!("--{name}: ")).nth(1).expect(name);
            &after[..7]
        };
        for back in ["back", "soft"] {
            for text in ["fore", "dim", "stalled"] {
                let found = contrast(colour(text), colour(back));
                assert!(found >= 4.5, "{text} on {back}: {found}");
            }
            for phase in Phase::ALL.map(Phase::name) {
                let found = contrast(colour(phase), colour(back));
                assert!(found >= 3.0, "{phase} on {back}: {found}");
            }
        }
    }
}

/// What servers and lists can put into a picture, at its worst.
fn hostile() -> Run {
    let name = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>]]>&\u{1}";
    let target = Some(format!("out/{name}").into());
    let Run(mut events) = whole_way();
    for event in &mut events {
        match &mut event.what {
            What::Queued { url, .. } | What::Request { url, .. } => *url += name,
            What::Connect { address, .. } => *address = name.into(),
            What::FirstByte { headers, .. } => headers.push((name.into(), name.into())),
            What::Done {
                outcome,
                why,
                target: to,
                ..
            } => {
                *outcome = Outcome::Failed;
                (*why, *to) = (name.into(), target.clone());
            }
            _ => {}
        }
    }
    Run(events)
}

/// Broken by: leaving out `escaped` or `json_in_script` anywhere.
#[test]
fn no_name_becomes_a_part_of_the_page() {
    let page = Kind::Html.draw(&hostile().0);
    let scripts = page.matches("<script").count();
    assert_eq!((scripts, page.matches("</script").count()), (3, 3));
    assert!(!page.contains("<img"));
    // What we say ourselves is escaped, too: `< 1 %` of the run.
    let page = Kind::Html.draw(&crowd(12, 3));
    let text = page.split("<script").next().unwrap();
    assert!(text.contains("&lt; 1 %") && !text.contains("< "), "{text}");
    let svg = Kind::Svg.draw(&hostile().0);
    let read = roxmltree::Document::parse(&svg).expect("it is XML");
    let names = read.descendants().map(|node| node.tag_name().name());
    let known = ["", "svg", "title", "style", "rect", "text", "path", "g"];
    assert!(names.into_iter().all(|name| known.contains(&name)));
}

/// Broken by: a style sheet, a font or a script that is loaded from elsewhere.
#[test]
fn the_page_needs_nothing_from_anywhere() {
    for kind in [Kind::Html, Kind::Svg] {
        let picture = kind.draw(&whole_way().0);
        for loads in [" src=", " href=", "url(", "@import", "import("] {
            assert!(!picture.contains(loads), "{kind:?} has {loads}");
        }
    }
    assert!(Kind::Html.draw(&[]).contains("default-src 'none'"));
}

/// Broken by: leaving rows out where there are many, in either picture.
#[test]
fn of_thousands_of_files_each_is_there() {
    let events = crowd(2000, 64);
    let page = Kind::Html.draw(&events);
    for file in [1, 999, 2000] {
        let name = format!("package-{file:04}-with");
        assert_eq!(
            page.matches(&name).count(),
            3,
            "as data, as a name and as a URL"
        );
    }
    let svg = Kind::Svg.draw(&events);
    let lines = svg
        .lines()
        .find(|line| line.contains("stroke=\"var(--waiting)\""));
    assert!(lines.unwrap().matches('M').count() >= 2000);
    assert!(page.len() < 700 * 2000 + 100_000, "{} bytes", page.len());
    assert!(svg.len() < 150 * 2000 + 100_000, "{} bytes", svg.len());
}

/// Broken by: `ssl` outside of `connect`, or a request left out because it failed.
#[test]
fn a_har_has_each_request_and_its_parts_add_up() {
    let events = [whole_way().0, winding_way().0, crowd(50, 4)];
    for events in events {
        let har: serde_json::Value = serde_json::from_str(&Kind::Har.draw(&events)).unwrap();
        let entries = har["log"]["entries"].as_array().unwrap();
        let asked = |event: &&Event| matches!(event.what, What::Request { .. });
        assert_eq!(entries.len(), events.iter().filter(asked).count());
        for entry in entries {
            let timings = &entry["timings"];
            let part = |name: &str| timings[name].as_f64().unwrap();
            let parts = ["blocked", "dns", "connect", "send", "wait", "receive"];
            let sum: f64 = parts.iter().map(|name| part(name).max(0.0)).sum();
            assert!(
                (sum - entry["time"].as_f64().unwrap()).abs() < 0.01,
                "{entry:#}"
            );
            assert!(part("ssl") <= part("connect"), "{entry:#}");
        }
    }
}

/// Broken by: leaving out requests that were not sent, or giving them a status.
#[test]
fn a_request_that_came_nowhere_is_an_entry_with_the_status_0() {
    let refused = "nobody listens there";
    let run = Run::began(1, 1)
        .at(0, 1, queued("x"))
        .at(0, 1, What::Started)
        .on(30, 1, (1, 1), connect(20, Some(refused)))
        .at(30, 1, done(Outcome::Failed, refused, 0));
    let har: serde_json::Value = serde_json::from_str(&Kind::Har.draw(&run.0)).unwrap();
    let entry = &har["log"]["entries"][0];
    assert_eq!(entry["response"]["status"], 0);
    assert_eq!(entry["response"]["_error"], refused);
    assert_eq!(entry["request"]["url"], "https://example.com/a/x?size=1");
    assert_eq!(entry["request"]["queryString"][0]["value"], "1");
    assert_eq!(entry["timings"]["connect"], 20.0);
    assert_eq!(entry["startedDateTime"], "2026-01-01T00:00:00.000Z");
}

/// Many files, one after the other over each of `jobs` connections. Some are asked for again
/// after a 503, some are not there; all of it is the same in each run.
fn crowd(files: u64, jobs: usize) -> Vec<Event> {
    let mut dice = 7_u64;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (dice >> 33) % sides
    };
    let mut run = Run::began(files, jobs as u64);
    for file in 1..=files {
        run = run.at(
            0,
            file,
            queued(&format!("package-{file:04}-with-a-long-name.tar.gz")),
        );
    }
    let mut free = vec![1; jobs];
    for file in 1..=files {
        let place = (0..jobs).min_by_key(|place| free[*place]).unwrap();
        let ids = (file, place as u64 + 1);
        let mut at = free[place];
        run = run.at(at, file, What::Started);
        let reused = at > 1;
        if !reused {
            at += 5 + roll(10);
            run = run.on(at, file, ids, dns(4));
            at += 50;
            run = run.on(at, file, ids, connect(20 + roll(20), None));
            at += 60;
            run = run.on(at, file, ids, tls(60));
        }
        run = run.on(at, file, ids, request(reused));
        at += 20 + roll(150);
        if file % 40 == 13 {
            let why = "503 Service Unavailable".to_owned();
            let (wait, tries) = (ms(300), 1);
            run = run.on(at, file, ids, first(503, Some(0)));
            run = run.at(at, file, What::Retry { why, wait, tries });
            at += 300;
            run = run.on(at, file, (files + file, ids.1), request(true));
            at += 30;
        }
        let ids = match file % 40 {
            13 => (files + file, ids.1),
            _ => ids,
        };
        if file % 211 == 5 {
            run = run.on(at, file, ids, first(404, Some(10)));
            run = run.at(at, file, done(Outcome::Failed, "404 Not Found", 0));
        } else {
            let size = 20_000 + roll(600_000);
            run = run.on(at, file, ids, first(200, Some(size)));
            run = run.on(at + 30, file, ids, progress(size / 2));
            at += 60 + roll(50);
            run = run
                .on(at, file, ids, progress(size))
                .at(at + 2, file, arrived(size));
            at += 2;
        }
        free[place] = at;
    }
    run.0.sort_by_key(|event| event.at);
    let end = run.0.last().unwrap().at.as_millis() as u64;
    run.at(end, 0, What::Ended { code: 22 }).0
}
