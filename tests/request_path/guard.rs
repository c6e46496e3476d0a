//! Whether a request is meant for this proxy: exactly one Host, and its own, before anything else.

use super::family::{Family, JSON, proxy_with, status_of};
use crate::support::home::CLIENT_KEY;
use crate::support::{FakeUpstream, TestProxy, raw};

/// A route of every kind, with and without a handler.
const ROUTES: [(&str, &str); 7] = [
    ("GET", "/healthz"),
    ("HEAD", "/health"),
    ("GET", "/v1/models"),
    ("GET", "/nowhere"),
    ("POST", "/v1/messages"),
    ("POST", "/v1beta/models/gemini-3-flash:generateContent"),
    ("OPTIONS", "/v1/chat/completions"),
];

/// Sends a request line and header lines as they are, with the key, to a proxy.
async fn ask(proxy: &TestProxy, method: &str, target: &str, lines: &str) -> (u16, String) {
    let body = if method == "POST" { Family::Anthropic.body() } else { "" };
    let request = format!(
        "{method} {target} HTTP/1.1\r\n{lines}x-api-key: {CLIENT_KEY}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = raw(proxy.address, request.as_bytes()).await;
    (status_of(&answer), answer)
}

/// Fails unless every route refuses the Host lines with one of these statuses and sends nothing
/// upstream.
async fn assert_refused(proxy: &TestProxy, upstream: &FakeUpstream, lines: &str, expected: &[u16]) {
    let before = upstream.seen().len();
    for (method, path) in ROUTES {
        let (status, answer) = ask(proxy, method, path, lines).await;
        assert!(expected.contains(&status), "{method} {path} with {lines:?}: {answer}");
    }
    assert_eq!(upstream.seen().len(), before, "{lines:?}");
}

/// Fails unless every route with a handler accepts the Host.
async fn assert_accepted(proxy: &TestProxy, host: &str) {
    for (method, path) in ROUTES {
        let (status, answer) = ask(proxy, method, path, &format!("host: {host}\r\n")).await;
        let expected = match (method, path) {
            (_, "/nowhere") => 404,
            ("OPTIONS", _) => 204,
            _ => 200,
        };
        assert_eq!(status, expected, "{method} {path} with Host {host}: {answer}");
    }
}

const FOREIGN: [&str; 20] = [
    "evil.example",
    "evil.example:8045",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io",
    "localhost.nip.io",
    "localhost@evil.example",
    "evil.example@localhost",
    "user:pass@127.0.0.1",
    "127.0.0.2",
    "127.1",
    "0.0.0.0",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "[::2]",
    "[::ffff:127.0.0.1]",
    "169.254.169.254",
    "notlocalhost",
    "localhost..",
];

#[tokio::test]
async fn answers_to_its_loopback_names_with_any_port_or_none() {
    for mode in ["off", "strict"] {
        let (proxy, _upstream) = proxy_with(&format!("auth_mode = \"{mode}\"")).await;
        let port = proxy.address.port();
        for name in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "localhost."] {
            assert_accepted(&proxy, name).await;
            assert_accepted(&proxy, &format!("{name}:{port}")).await;
        }
    }
}

#[tokio::test]
async fn answers_to_no_other_name_on_any_route_with_or_without_a_key() {
    for mode in ["off", "strict", "all_except_health"] {
        let (proxy, upstream) = proxy_with(&format!("auth_mode = \"{mode}\"")).await;
        for host in FOREIGN {
            assert_refused(&proxy, &upstream, &format!("host: {host}\r\n"), &[400, 403]).await;
        }
        assert_refused(&proxy, &upstream, "host: evil.example\r\n", &[403]).await;
    }
}

#[tokio::test]
async fn needs_exactly_one_host() {
    let (proxy, upstream) = proxy_with("").await;
    for lines in [
        "",
        "host:\r\n",
        "host: \r\n",
        "host: localhost\r\nhost: localhost\r\n",
        "host: localhost\r\nhost: evil.example\r\n",
        "host: evil.example\r\nhost: localhost\r\n",
        "host: localhost, evil.example\r\n",
        "host: localhost evil.example\r\n",
        "host: localhost/x\r\n",
        "host: http://localhost\r\n",
        "x-forwarded-host: localhost\r\n",
    ] {
        assert_refused(&proxy, &upstream, lines, &[400]).await;
    }
    let old = raw(proxy.address, b"GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(status_of(&old), 400, "HTTP/1.0 without a Host: {old}");
}

#[tokio::test]
async fn forwarded_headers_are_not_trusted() {
    let (proxy, upstream) = proxy_with("").await;
    for header in ["x-forwarded-host: localhost", "x-host: localhost", "forwarded: host=localhost"] {
        assert_refused(&proxy, &upstream, &format!("host: evil.example\r\n{header}\r\n"), &[403]).await;
    }
}

#[tokio::test]
async fn an_absolute_target_must_name_us_as_well_as_the_host() {
    let (proxy, upstream) = proxy_with("").await;
    for (authority, host, expected) in [
        ("evil.example", "localhost", 403),
        ("localhost", "evil.example", 403),
        ("evil.example", "evil.example", 403),
        ("user@localhost", "localhost", 403),
        ("localhost@evil.example", "localhost", 403),
        ("localhost", "localhost", 200),
        ("127.0.0.1", "localhost", 200),
    ] {
        for path in ["/healthz", "/v1/models"] {
            let before = upstream.seen().len();
            let target = format!("http://{authority}{path}");
            let (status, answer) = ask(&proxy, "GET", &target, &format!("host: {host}\r\n")).await;
            assert_eq!(status, expected, "{target} with Host {host}: {answer}");
            assert!(expected == 200 || upstream.seen().len() == before);
        }
    }
}

#[tokio::test]
async fn is_not_a_forward_proxy() {
    let (proxy, upstream) = proxy_with("").await;
    for target in ["evil.example:443", "localhost:443"] {
        let (status, answer) = ask(&proxy, "CONNECT", target, "host: localhost\r\n").await;
        assert!((400..500).contains(&status), "CONNECT {target}: {answer}");
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn names_in_allowed_hosts_are_accepted_and_similar_names_are_not() {
    let (proxy, upstream) = proxy_with(r#"allowed_hosts = ["Box.Example", "10.1.2.3"]"#).await;
    for host in ["box.example", "BOX.example:99", "10.1.2.3:8045", "localhost"] {
        assert_accepted(&proxy, host).await;
    }
    for host in ["a.box.example", "box.example.evil.example", "xbox.example", "10.1.2.4"] {
        assert_refused(&proxy, &upstream, &format!("host: {host}\r\n"), &[403]).await;
    }
}

/// To a client on the network, 127.0.0.1 is its own machine.
#[tokio::test]
async fn a_404_names_the_base_url_by_the_host_of_the_request() {
    let (proxy, _upstream) = proxy_with(r#"allowed_hosts = ["box.example"]"#).await;
    for (host, base_url) in [
        ("box.example:99", "http://box.example:99/v1".to_owned()),
        ("localhost:99", format!("http://{}/v1", proxy.address)),
    ] {
        let answer = proxy.send("GET", "/nowhere", &[("host", host)], "").await;
        assert_eq!(answer.status, 404);
        assert!(answer.message().contains(&base_url), "{host}: {}", answer.message());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn lan_access_adds_this_machines_names_and_no_others() {
    let (proxy, upstream) = proxy_with("allow_lan_access = true").await;
    let name = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    let short = name.trim_end_matches(".local");
    for host in ["localhost", "127.0.0.1", short, &format!("{short}.local"), &name.to_uppercase()] {
        assert_accepted(&proxy, host).await;
    }
    for host in FOREIGN.into_iter().chain(["evil.local", "192.168.255.1", "10.0.0.1"]) {
        assert_refused(&proxy, &upstream, &format!("host: {host}\r\n"), &[400, 403]).await;
    }
    drop(proxy);
    let (proxy, upstream) = proxy_with("").await;
    assert_refused(&proxy, &upstream, &format!("host: {short}.local\r\n"), &[403]).await;
}

#[tokio::test]
async fn the_refusal_is_in_the_familys_shape_and_names_the_fix() {
    let (proxy, _upstream) = proxy_with("").await;
    for family in Family::ALL {
        let headers = [JSON, ("host", "evil.example")];
        let answer = proxy.send("POST", family.path(), &headers, family.body()).await;
        family.assert_error(&answer, 403, &["evil.example", "127.0.0.1", "allowed_hosts"]);
    }
}

#[tokio::test]
async fn http2_does_not_bypass_the_guard() {
    let (proxy, upstream) = proxy_with("").await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let answer = raw(proxy.address, preface).await;
    assert!(answer.is_empty() || status_of(&answer) >= 400, "{answer:?}");
    assert!(upstream.seen().is_empty());
}
