//! Without the token, and from other places, there is nothing.

use serde_json::json;

use super::agent;
use super::browser::Browser;
use crate::support::{FakeUpstream, Reply, request};

#[tokio::test]
async fn without_the_token_and_from_elsewhere_there_is_nothing() {
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
