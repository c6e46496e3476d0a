//! The headers that cross between client and upstream: those on a list, and no others.

use serde_json::json;

use super::family::{Family, JSON, proxy_with};
use crate::support::{FakeUpstream, Reply};

/// Headers of an upstream that a browser, a cache or the framing must not get.
const FORBIDDEN: [(&str, &str); 15] = [
    ("set-cookie", "session=1"),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("location", "http://evil.example/"),
    ("refresh", "0; url=http://evil.example/"),
    ("strict-transport-security", "max-age=1"),
    ("content-security-policy", "default-src *"),
    ("alt-svc", "h3=\":443\""),
    ("clear-site-data", "\"*\""),
    ("www-authenticate", "Basic"),
    ("link", "<http://evil.example>; rel=preload"),
    ("x-powered-by", "upstream"),
    ("via", "1.1 upstream"),
    ("x-request-id", "the-upstreams-own"),
    ("server", "upstream"),
];

#[tokio::test]
async fn only_harmless_headers_of_an_upstream_arrive() {
    let (proxy, upstream) = proxy_with("").await;
    for status in [200, 400] {
        let plain = Reply::json(status, &json!({}))
            .with_header("request-id", "up-1")
            .with_header("x-ratelimit-limit-requests", "9");
        upstream.now(FORBIDDEN.iter().fold(plain, |reply, (name, value)| reply.with_header(name, value)));
        for family in Family::ALL {
            let answer = proxy.send("POST", family.path(), &[JSON], family.body()).await;
            assert_eq!(answer.status, status);
            for (name, value) in FORBIDDEN {
                let arrived = answer.headers.get_all(name).iter().any(|there| there == value);
                assert!(!arrived, "{family:?} {status}: {name}: {:?}", answer.headers);
            }
            assert_eq!(answer.header("request-id"), Some("up-1"));
            assert_eq!(answer.header("x-ratelimit-limit-requests"), Some("9"));
        }
        let list = proxy.get("/v1/models").await;
        assert_eq!(list.header("set-cookie"), None);
        assert_eq!(list.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn only_the_familys_own_headers_of_a_client_go_upstream() {
    let (proxy, upstream) = proxy_with("").await;
    let private = [
        "cookie",
        "proxy-authorization",
        "origin",
        "referer",
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "x-portcullis-token",
        "x-secret",
        "x-request-id",
        // These belong to the credential, which stays here.
        "openai-organization",
        "openai-project",
        "x-goog-user-project",
    ];
    let own = [
        (Family::OpenAi, "openai-beta"),
        (Family::Anthropic, "anthropic-beta"),
        (Family::Gemini, "x-goog-api-client"),
    ];
    for (family, its_own) in own {
        let mut headers = vec![JSON, ("user-agent", "a-client/1.0")];
        headers.extend(
            private.map(|name| (name, if name == "origin" { "http://localhost" } else { "private" })),
        );
        headers.extend(own.map(|(_, name)| (name, "own")));
        assert_eq!(proxy.send("POST", family.path(), &headers, family.body()).await.status, 200);
        let seen = upstream.seen().pop().expect("a request");
        for name in private {
            assert_eq!(seen.header(name), None, "{family:?}");
        }
        for (_, name) in own {
            assert_eq!(seen.header(name), (name == its_own).then_some("own"), "{family:?} {name}");
        }
        assert_eq!(seen.header("user-agent"), Some("a-client/1.0"));
        assert_eq!(seen.header("host"), Some(&*upstream.address().to_string()));
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let (proxy, upstream) = proxy_with("").await;
    let elsewhere = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        for location in [format!("{}/v1/messages", elsewhere.url()), "/v1/elsewhere".to_owned()] {
            upstream.forget();
            upstream.now(Reply::json(status, &json!({})).with_header("location", &location));
            for family in Family::ALL {
                let answer = proxy.send("POST", family.path(), &[JSON], family.body()).await;
                family.assert_error(&answer, 502, &["redirect"]);
                assert_eq!(answer.header("location"), None);
            }
            assert_eq!(upstream.seen().len(), 3, "{status}: each was asked once");
            proxy.control_call("POST", "/api/accounts/clear-cooldown", "{}").await;
        }
        let list = proxy.get("/v1/models").await;
        assert_eq!((list.status.as_u16(), list.header("location")), (200, None), "{status}");
        proxy.control_call("POST", "/api/accounts/clear-cooldown", "{}").await;
    }
    assert!(elsewhere.seen().is_empty());
}
