//! Without the token, and from other origins, the dashboard shows nothing.

use serde_json::json;

use super::agent;
use super::browser::Browser;
use crate::support::{FakeUpstream, Reply, request};

#[tokio::test]
async fn without_the_token_and_from_elsewhere_nothing_is_shown() {
    let Some(browser) = Browser::open().await else { return };
    let proxy = agent().await;
    let (address, token) = proxy.control();
    for page in ["/", "/settings", "/requests/1", &format!("/#{}", "0".repeat(64))] {
        browser.goto("about:blank").await;
        browser.goto(&format!("http://{address}{page}")).await;
        browser.until("!document.getElementById('locked').hidden").await;
        assert!(browser.text("#locked").await.contains("portcullis open"));
        assert_eq!(browser.text("#app").await, "", "{page}");
    }

    let html = "<!doctype html><title>elsewhere</title><body>";
    let elsewhere = FakeUpstream::always(Reply::whole(200, "text/html", html)).await;
    browser.goto(&elsewhere.url()).await;
    for headers in [json!({ "x-portcullis-token": token }), json!({})] {
        for (method, path) in
            [("GET", "/api/status"), ("GET", "/page/"), ("POST", "/api/stop"), ("GET", "/api/key")]
        {
            let script = format!(
                "const done = arguments[arguments.length - 1];
                 fetch('http://{address}{path}', {{ method: '{method}', headers: {headers} }})
                   .then((answer) => done('answered ' + answer.status), () => done('refused'))"
            );
            assert_eq!(browser.run_async(&script).await, "refused", "{method} {path}");
        }
    }
    let framed = format!(
        "const done = arguments[arguments.length - 1];
         const frame = document.createElement('iframe');
         frame.src = 'http://{address}/#{token}';
         frame.onload = () => done(frame.contentDocument === null ? 'opaque' : 'readable');
         document.body.append(frame)"
    );
    assert_eq!(browser.run_async(&framed).await, "opaque");
    browser.goto("about:blank").await;
    assert_eq!(proxy.status().await["state"], "running");
}

/// The user who mistypes an address sees so in the dashboard; a program gets an error as JSON,
/// with the same locks on it; a foreign page gets neither.
#[tokio::test]
async fn an_unknown_address_is_not_found() {
    let proxy = agent().await;
    let (address, _) = proxy.control();
    let typed = request(address, "GET", "/nowhere", &[], "").await;
    assert_eq!(typed.status, 404);
    assert!(typed.text().contains("app.js"), "{}", typed.text());
    let cases = [("GET", "/api/nothing", 404), ("POST", "/nowhere", 404), ("DELETE", "/api/stop", 405)];
    for (method, path, status) in cases {
        let answer = proxy.control_call(method, path, "").await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.json()["error"].is_string(), "{}", answer.text());
        assert!(answer.headers.contains_key("content-security-policy"), "{path}");
    }
    let foreign = request(address, "GET", "/nowhere", &[("origin", "http://evil.example")], "").await;
    assert_eq!(foreign.status, 403);

    let Some(browser) = Browser::open().await else { return };
    browser.goto(&format!("http://{address}/nowhere#{}", proxy.control().1)).await;
    browser.until("document.querySelector('#app h1, #app h2') !== null").await;
    assert!(browser.text("#app").await.contains("There is no such page"), "{}", browser.text("#app").await);
}

#[tokio::test]
async fn every_page_part_and_edit_needs_the_token() {
    let proxy = agent().await;
    let (address, _) = proxy.control();
    let before = super::config_of(&proxy);
    let reads = [
        "/page/",
        "/page/settings",
        "/live?at=/",
        "/api/key",
        "/api/health",
        "/api/records/export?format=csv",
    ];
    let writes = ["accounts/add", "accounts/edit", "accounts/remove", "accounts/enable", "accounts/disable"];
    let more = [
        "accounts/place",
        "settings",
        "models/set",
        "models/remove",
        "prices/set",
        "prices/remove",
        "key/rotate",
    ];
    for path in reads {
        assert_eq!(request(address, "GET", path, &[], "").await.status, 401, "{path}");
        assert_eq!(proxy.control_call("POST", path, "{}").await.status, 405, "{path}");
    }
    for path in writes.into_iter().chain(more) {
        let path = format!("/api/{path}");
        assert_eq!(request(address, "POST", &path, &[], "{}").await.status, 401, "{path}");
        assert_eq!(proxy.control_call("GET", &path, "").await.status, 405, "{path}");
    }
    for path in ["/part/health", "/part/account-test"] {
        assert_eq!(request(address, "POST", path, &[], "{}").await.status, 401, "{path}");
    }
    assert_eq!(super::config_of(&proxy), before);
}
