//! A client with a cookie jar: what a response sets comes along with the next request that it
//! is for, over redirects, retries and from one run to the next; and with no other one.
#![cfg(feature = "cookies")]

mod http_support;

use hob::http::{Client, CookieJar, Url};
use http_support::{Server, ok};

/// Answers each path with what a test says for it, and tells `Cookie` of all requests.
fn server(answer: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> Server {
    Server::start(move |peer| {
        while let Some(request) = peer.request() {
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let host = request.lines().find_map(|line| line.strip_prefix("host: "));
            if !peer.say(answer(host.unwrap_or_default(), &path)) {
                return;
            }
        }
    })
}

fn sets(cookie: &str) -> String {
    let set = format!("HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\n");
    ok("x").replace("HTTP/1.1 200 OK\r\n", &set)
}

fn sends_on(status: u16, to: &str, cookie: &str) -> String {
    let head = format!("HTTP/1.1 {status} There\r\nLocation: {to}\r\nSet-Cookie: {cookie}\r\n");
    head + "Content-Length: 0\r\n\r\n"
}

/// Of each request: method, path, and its `Cookie`.
fn brought(server: &Server) -> Vec<String> {
    let shown = |request: &String| {
        let line: Vec<&str> = request.split(' ').take(2).collect();
        let cookies: Vec<&str> = request
            .lines()
            .filter_map(|line| line.strip_prefix("cookie: "))
            .collect();
        format!("{} {}", line.join(" "), cookies.join(" | "))
    };
    server.requests().iter().map(shown).collect()
}

/// A client for which all of these hosts are `server`.
fn client(jar: &CookieJar, server: &Server) -> Client {
    let mut builder = Client::builder().no_proxy().cookie_jar(jar.clone());
    for host in ["shop.example", "cdn.shop.example", "evil.example"] {
        builder = builder.resolve(host, [server.addr()]);
    }
    builder.build()
}

/// Broken by: no `hear_cookies`, or none before the retry is judged.
#[test]
fn what_a_response_sets_comes_along_the_next_time() {
    let server = server(|_, path| match path {
        "/login" => sets("id=1; Path=/"),
        "/busy" => sets("busy=2; Path=/").replace("200 OK", "503 Busy\r\nRetry-After: 0"),
        _ => ok("x"),
    });
    let jar = CookieJar::new();
    hob::block_on(async {
        let client = client(&jar, &server);
        for path in ["/login", "/a"] {
            client.get(server.url(path)).send().await.unwrap();
        }
        let busy = client.get(server.url("/busy")).retries(1).send().await;
        assert_eq!(busy.unwrap().status(), 503);
        Client::new()
            .get(server.url("/other"))
            .send()
            .await
            .unwrap();
    });
    assert_eq!(
        brought(&server),
        [
            "GET /login ",
            "GET /a id=1",
            "GET /busy id=1",
            "GET /busy id=1; busy=2",
            "GET /other "
        ]
    );
    assert_eq!(jar.len(), 2);
}

/// Broken by: `bring_cookies` outside of the loop, or the caller's own put into the jar's.
#[test]
fn a_redirect_brings_the_cookies_of_where_it_leads_and_leaves_the_others_behind() {
    let server = server(|host, path| match (host, path) {
        ("shop.example", "/") => sends_on(
            302,
            "http://cdn.shop.example/a",
            "site=1; Domain=shop.example; Path=/",
        ),
        ("cdn.shop.example", "/a") => sends_on(302, "http://evil.example/", "cdn=2"),
        ("evil.example", "/") => sends_on(
            302,
            "http://shop.example/end",
            "site=evil; Domain=shop.example",
        ),
        _ => ok("x"),
    });
    let jar = CookieJar::new();
    hob::block_on(async {
        let request = client(&jar, &server).get("http://shop.example/");
        request.header("cookie", "own=0").send().await.unwrap();
    });
    assert_eq!(
        brought(&server),
        ["GET / own=0", "GET /a site=1", "GET / ", "GET /end site=1"]
    );
}

/// Broken by: `led` that is forgotten at the next hop, or one field for each of them.
#[test]
fn the_callers_own_cookies_stand_in_one_field_with_the_jars() {
    let server = server(|_, path| match path {
        "/" => sends_on(302, "/b", "jar=1"),
        _ => ok("x"),
    });
    let jar = CookieJar::new();
    hob::block_on(async {
        let request = client(&jar, &server).get(server.url("/"));
        let request = request.header("cookie", "own=0").header("cookie", "two=0");
        request.send().await.unwrap();
    });
    assert_eq!(brought(&server)[1], "GET /b own=0; two=0; jar=1");
}

/// Broken by: `are_one_site` that says yes.
#[test]
fn another_sites_redirect_cannot_act_in_our_name() {
    let server = server(|host, path| match (host, path) {
        ("evil.example", "/hop") => sends_on(307, "http://shop.example/here", ""),
        ("evil.example", _) => sends_on(307, "http://shop.example/pay", ""),
        ("shop.example", "/here") => sends_on(307, "/pay", ""),
        _ => ok("x"),
    });
    let jar = CookieJar::new();
    let shop = Url::parse("http://shop.example/").unwrap();
    assert!(jar.set(&shop, "id=1; SameSite=Lax"));
    assert!(jar.set(&shop, "strict=2; SameSite=Strict"));
    hob::block_on(async {
        let client = client(&jar, &server);
        client.get("http://evil.example/").send().await.unwrap();
        client.post("http://evil.example/").send().await.unwrap();
        client.post("http://evil.example/hop").send().await.unwrap();
        client.post("http://shop.example/pay").send().await.unwrap();
    });
    let asked = brought(&server);
    let pays: Vec<&String> = asked
        .iter()
        .filter(|line| line.contains(" /pay "))
        .collect();
    let wanted = [
        "GET /pay id=1",
        "POST /pay ",
        "POST /pay ",
        "POST /pay id=1; strict=2",
    ];
    assert_eq!(pays, wanted);
}

#[test]
fn a_jar_comes_through_a_file_that_only_its_owner_reads() {
    let folder = std::env::temp_dir().join(format!("hob-cookies-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("jar.txt");
    let url = Url::parse("https://shop.example/").unwrap();
    let jar = CookieJar::new();
    jar.set(&url, "id=1; Max-Age=1000; Secure; HttpOnly");
    jar.set(&url, "session=2");
    hob::block_on(async {
        jar.save(&file).await.unwrap();
        jar.save(&file).await.unwrap(); // over the former one
        let again = CookieJar::new();
        again.load(&file).await.unwrap();
        assert_eq!(again.cookies(&url), jar.cookies(&url));
        again.clear_session();
        assert_eq!(again.cookies(&url).unwrap(), "id=1");
        let missing = again.load(folder.join("none")).await.unwrap_err();
        assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
    });
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing stays beside it");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_jar_shows_how_many_and_not_which() {
    let jar = CookieJar::new();
    jar.set(&Url::parse("http://h/").unwrap(), "name=secret");
    let builder = Client::builder().cookie_jar(jar.clone());
    let shown = format!(
        "{jar:?} {builder:?} {:?}",
        jar.cookies(&Url::parse("http://h/").unwrap())
    );
    assert!(shown.contains("CookieJar(1 cookie)"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}
