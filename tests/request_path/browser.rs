//! Web pages: the user's own may do everything, others nothing while no key is required.

use super::family::{Family, JSON, proxy_with};
use crate::support::home::CLIENT_KEY;
use crate::support::{Answer, TestProxy};

const OWN: [&str; 10] = [
    "http://localhost:3000",
    "http://localhost",
    "https://localhost:8443",
    "http://127.0.0.1:8045",
    "http://[::1]:5173",
    "vscode-webview://1a2b3c",
    "tauri://localhost",
    "app://obsidian.md",
    "https://chat.example",
    "HTTPS://Chat.Example",
];

const FOREIGN: [&str; 15] = [
    "null",
    "",
    "https://evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1.nip.io",
    "http://evil.example@localhost",
    "http://localhost@evil.example",
    "http://chat.example",
    "https://chat.example:444",
    "https://chat.example.evil.example",
    "https://a.chat.example",
    "file://",
    "ftp://localhost",
    "http://192.168.1.7",
    "chrome-extension://abcdefghijklmnop",
];

const CORS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

const ALLOWED: &str = r#"allowed_origins = ["https://chat.example"]"#;

/// The requests that a page can send without a preflight, and those that need one.
async fn every_route(proxy: &TestProxy, headers: &[(&str, &str)]) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for (method, path) in [
        ("GET", "/healthz"),
        ("GET", "/v1/models"),
        ("GET", "/nowhere"),
        ("HEAD", "/"),
        ("OPTIONS", "/v1/messages"),
    ] {
        answers.push((format!("{method} {path}"), proxy.send(method, path, headers, "").await));
    }
    for family in Family::ALL {
        for content_type in ["application/json", "text/plain", "application/x-www-form-urlencoded"] {
            let mut headers = headers.to_vec();
            headers.push(("content-type", content_type));
            let answer = proxy.send("POST", family.path(), &headers, family.body()).await;
            answers.push((format!("{family:?} as {content_type}"), answer));
        }
    }
    answers
}

fn assert_cors(what: &str, answer: &Answer, origin: Option<&str>) {
    assert_eq!(answer.header("access-control-allow-origin"), origin, "{what}: {:?}", answer.headers);
    assert_eq!(answer.header("access-control-allow-credentials"), None, "{what}");
    if origin.is_some() {
        assert_eq!(answer.header("vary"), Some("Origin"), "{what}: {:?}", answer.headers);
    }
}

#[tokio::test]
async fn pages_of_other_sites_are_refused_everywhere_before_any_handler() {
    let (proxy, upstream) = proxy_with(ALLOWED).await;
    for origin in FOREIGN {
        for (what, answer) in every_route(&proxy, &[("origin", origin)]).await {
            assert_eq!(answer.status, 403, "{origin} {what}: {}", answer.text());
            assert_cors(&what, &answer, None);
        }
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_cross_site_request_without_an_origin_is_refused_too() {
    let (proxy, upstream) = proxy_with("").await;
    for site in ["cross-site", "same-site"] {
        for (what, answer) in every_route(&proxy, &[("sec-fetch-site", site)]).await {
            assert_eq!(answer.status, 403, "{site} {what}");
        }
    }
    assert!(upstream.seen().is_empty());
    for site in ["none", "same-origin"] {
        assert_eq!(proxy.send("GET", "/healthz", &[("sec-fetch-site", site)], "").await.status, 200);
    }
}

#[tokio::test]
async fn a_trusted_origin_does_not_vouch_for_a_second_one() {
    let (proxy, upstream) = proxy_with("").await;
    let both = [("origin", "http://localhost:3000"), ("origin", "https://evil.example"), JSON];
    assert_eq!(proxy.send("POST", "/v1/messages", &both, Family::Anthropic.body()).await.status, 403);
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn the_users_own_pages_are_served_and_their_origin_is_named_exactly() {
    let (proxy, _upstream) = proxy_with(ALLOWED).await;
    for origin in OWN {
        let headers = [("origin", origin), ("sec-fetch-site", "cross-site"), JSON];
        for family in Family::ALL {
            let answer = proxy.send("POST", family.path(), &headers, family.body()).await;
            assert_eq!(answer.status, 200, "{origin} {family:?}: {}", answer.text());
            assert_cors(origin, &answer, Some(origin));
            let exposed = answer.header("access-control-expose-headers").expect("exposed");
            assert!(exposed.contains("x-request-id") && !exposed.contains('*'), "{exposed}");
        }
    }
}

#[tokio::test]
async fn errors_can_be_read_by_allowed_pages() {
    let origin = "http://localhost:3000";
    let (proxy, _upstream) = proxy_with("auth_mode = \"strict\"").await;
    for (headers, status) in
        [(vec![("origin", origin)], 401), (vec![("origin", origin), ("x-api-key", CLIENT_KEY)], 404)]
    {
        let answer = proxy.send("GET", "/nowhere", &headers, "").await;
        assert_eq!(answer.status, status);
        assert_cors("an error", &answer, Some(origin));
    }
}

#[tokio::test]
async fn where_a_key_is_required_the_key_is_the_permission() {
    let (proxy, upstream) = proxy_with("auth_mode = \"strict\"").await;
    for origin in FOREIGN {
        for family in Family::ALL {
            let without = proxy.send("POST", family.path(), &[("origin", origin), JSON], family.body()).await;
            assert_eq!(without.status, 401, "{origin} {family:?}");
        }
    }
    assert!(upstream.seen().is_empty());
    for origin in FOREIGN {
        let headers = [("origin", origin), ("x-api-key", CLIENT_KEY), JSON];
        let answer = proxy.send("POST", Family::OpenAi.path(), &headers, Family::OpenAi.body()).await;
        assert_eq!(answer.status, 200, "{origin}");
        assert_cors(origin, &answer, Some(origin));
    }
}

#[tokio::test]
async fn health_that_needs_no_key_is_closed_to_other_sites() {
    let (proxy, _upstream) = proxy_with("auth_mode = \"all_except_health\"").await;
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(proxy.send("GET", "/healthz", &foreign, "").await.status, 403);
    assert_eq!(proxy.send("GET", "/v1/models", &foreign, "").await.status, 401);
}

#[tokio::test]
async fn preflight_allows_the_requested_headers_to_allowed_pages() {
    let asks = |origin| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-api-key,anthropic-version"),
            ("access-control-request-private-network", "true"),
        ]
    };
    for (mode, origin, allowed) in [
        ("off", "http://localhost:3000", true),
        ("off", "vscode-webview://1a2b3c", true),
        ("off", "https://chat.example", true),
        ("off", "https://evil.example", false),
        ("off", "null", false),
        ("strict", "https://evil.example", true),
        ("all_except_health", "https://evil.example", true),
    ] {
        let (proxy, upstream) = proxy_with(&format!("{ALLOWED}\nauth_mode = \"{mode}\"")).await;
        let answer = proxy.send("OPTIONS", "/v1/messages", &asks(origin), "").await;
        assert_cors(origin, &answer, allowed.then_some(origin));
        if allowed {
            assert_eq!((answer.status.as_u16(), answer.text()), (204, String::new()), "{mode} {origin}");
            assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD, POST, OPTIONS"));
            assert_eq!(
                answer.header("access-control-allow-headers"),
                Some("content-type,x-api-key,anthropic-version")
            );
            assert_eq!(answer.header("access-control-allow-private-network"), Some("true"));
            assert_eq!(answer.header("access-control-max-age"), Some("600"));
        } else {
            Family::Anthropic.assert_error(&answer, 403, &[origin, "allowed_origins", "auth_mode"]);
        }
        assert!(upstream.seen().is_empty());
    }
}

#[tokio::test]
async fn without_an_origin_there_are_no_cors_headers() {
    let (proxy, _upstream) = proxy_with("").await;
    for (what, answer) in every_route(&proxy, &[]).await {
        for name in CORS {
            assert_eq!(answer.header(name), None, "{what}");
        }
    }
}
