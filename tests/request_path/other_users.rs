//! Another user of the same computer, who can reach loopback too.

use std::net::SocketAddr;

use serde_json::json;

use super::family::{Family, JSON, accounts, proxy_with};
use crate::support::home::CLIENT_KEY;
use crate::support::proxy::proxy_section;
use crate::support::stranger::{self, ask, ask_with};
use crate::support::{FakeUpstream, Reply, TestProxy};

fn bearer(key: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {key}"))
}

#[tokio::test]
async fn without_a_required_key_another_user_is_refused_in_the_clients_own_shape() {
    let (proxy, upstream) = proxy_with("").await;
    for family in Family::ALL {
        let answer = ask(proxy.address, "POST", family.path(), &[JSON], family.body()).await;
        family.assert_error(&answer, 403, &["another user", "API key", "portcullis key show"]);
        assert!(!answer.text().contains(CLIENT_KEY));
    }
    assert!(upstream.seen().is_empty());
    for family in Family::ALL {
        assert_eq!(proxy.send("POST", family.path(), &[JSON], family.body()).await.status, 200, "{family:?}");
    }
}

#[tokio::test]
async fn every_path_is_closed_to_another_user_without_the_key() {
    let (proxy, _upstream) = proxy_with("").await;
    for (method, path) in [
        ("GET", "/healthz"),
        ("HEAD", "/healthz"),
        ("GET", "/health"),
        ("GET", "/v1/models"),
        ("GET", "/v1beta/models"),
        ("GET", "/v1/models/gpt-5"),
        ("POST", "/v1/responses"),
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/messages/count_tokens"),
        ("HEAD", "/"),
        ("POST", "/api/event_logging/batch"),
        ("GET", "/nowhere"),
    ] {
        let answer = ask(proxy.address, method, path, &[], "").await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn another_user_with_the_key_is_welcome_however_it_is_sent() {
    let (proxy, _upstream) = proxy_with("").await;
    let (name, value) = bearer(CLIENT_KEY);
    let family = Family::OpenAi;
    for header in [(name, &*value), ("x-api-key", CLIENT_KEY), ("x-goog-api-key", CLIENT_KEY)] {
        let answer = ask(proxy.address, "POST", family.path(), &[JSON, header], family.body()).await;
        assert_eq!(answer.status, 200, "{header:?}: {}", answer.text());
        assert_eq!(ask(proxy.address, "GET", "/healthz", &[header], "").await.status, 200, "{header:?}");
    }
    let path = format!("/healthz?key={CLIENT_KEY}");
    assert_eq!(ask(proxy.address, "GET", &path, &[], "").await.status, 200, "in the query");
    let wrong = [("x-api-key", "sk-wrong-wrong-wrong")];
    assert_eq!(ask(proxy.address, "GET", "/healthz", &wrong, "").await.status, 403, "a wrong one");
}

#[tokio::test]
async fn the_refusal_of_another_user_depends_on_the_mode_of_authentication() {
    for (mode, health, call) in [("off", 403, 403), ("all_except_health", 403, 401), ("strict", 401, 401)] {
        let (proxy, _upstream) = proxy_with(&format!("auth_mode = \"{mode}\"")).await;
        let path = Family::OpenAi.path();
        assert_eq!(ask(proxy.address, "GET", "/healthz", &[], "").await.status, health, "{mode}");
        assert_eq!(ask(proxy.address, "POST", path, &[JSON], "{}").await.status, call, "{mode}");
        let (name, value) = bearer(CLIENT_KEY);
        let with_key = [(name, &*value)];
        assert_eq!(ask(proxy.address, "GET", "/healthz", &with_key, "").await.status, 200, "{mode}");
    }
}

#[tokio::test]
async fn every_address_of_loopback_reveals_the_user() {
    std::net::TcpListener::bind("[::1]:0").expect("this test needs IPv6 on loopback");
    let (proxy, _upstream) = proxy_with("").await;
    let port = proxy.address.port();
    let host = ("host", &*format!("localhost:{port}"));
    let mapped: SocketAddr = format!("[::ffff:127.0.0.1]:{port}").parse().expect("an address");
    let another: SocketAddr = format!("[::1]:{port}").parse().expect("an address");
    for (what, address, arguments) in [
        ("a socket of IPv6 that speaks IPv4", mapped, &[] as &[&str]),
        ("a socket bound to the interface", proxy.address, &["--interface", "if!lo"]),
        ("another address of loopback", proxy.address, &["--interface", "host!127.9.9.9"]),
        ("IPv6", another, &[]),
        ("IPv6, bound to the interface", another, &["--interface", "if!lo"]),
    ] {
        let answer = ask_with(arguments, address, "GET", "/healthz", &[host], "").await;
        assert_eq!(answer.status, 403, "{what}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_request_without_a_waiting_client_is_not_carried_out() {
    let (proxy, upstream) = proxy_with("").await;
    let family = Family::OpenAi;
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        family.path(),
        family.body().len(),
        family.body()
    );
    for _ in 0..20 {
        stranger::shout(proxy.address, &request).await;
    }
    // Each shard answers a later request, so the earlier ones have been dealt with.
    for _ in 0..16 {
        assert_eq!(proxy.send("POST", family.path(), &[JSON], family.body()).await.status, 200);
    }
    assert_eq!(upstream.seen().len(), 16);
}

#[tokio::test]
async fn each_connection_is_checked_by_itself() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&(proxy_section("") + &accounts(&upstream))).await;
    for _ in 0..5 {
        assert_eq!(proxy.get("/healthz").await.status, 200);
        assert_eq!(ask(proxy.address, "GET", "/healthz", &[], "").await.status, 403);
    }
}
