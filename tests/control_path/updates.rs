//! The update check: off by default, once a day, and it only reports.

use serde_json::{Value, json};

use crate::support::home::{stderr, stdout};
use crate::support::proxy::proxy_section;
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

const ACCOUNT: &str = "[[accounts]]\nname = \"demo\"\nprovider = \"demo\"\n";

fn config(feed: &FakeUpstream, check: bool) -> String {
    let url = format!("{}/repos/o/portcullis/releases/latest", feed.url());
    proxy_section("") + &format!("\n[updates]\ncheck = {check}\nurl = \"{url}\"\n\n{ACCOUNT}")
}

fn release(version: &str) -> Reply {
    Reply::json(200, &json!({"tag_name": version, "body": "notes", "assets": []}))
}

async fn wait_for_update(proxy: &TestProxy) -> Value {
    proxy.wait_for_status("an update", |status| status["update_available"].is_string()).await
}

#[tokio::test]
async fn a_newer_version_is_reported_and_the_feed_learns_only_which_version_asks() {
    let feed = FakeUpstream::always(release("v99.1.0")).await;
    let proxy = TestProxy::serve(&config(&feed, true)).await;
    let status = wait_for_update(&proxy).await;
    assert_eq!((&status["update_available"], &status["warnings"]), (&json!("99.1.0"), &json!([])));
    let text = stdout(&proxy.run(&["status"]).await);
    assert!(text.contains("portcullis 99.1.0 is out"), "{text}");
    let seen = feed.wait_for_requests(1).await;
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("GET", "/repos/o/portcullis/releases/latest")
    );
    assert!(seen[0].body.is_empty());
    let mut headers: Vec<_> = seen[0].headers.keys().map(|name| name.as_str().to_owned()).collect();
    headers.retain(|name| name != "content-length");
    headers.sort();
    assert_eq!(headers, ["accept", "host", "user-agent"]);
    assert_eq!(seen[0].header("user-agent"), Some(concat!("portcullis/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn no_feed_is_asked_until_the_switch_is_on_and_then_once_a_day() {
    let feed = FakeUpstream::always(release("v99.1.0")).await;
    let proxy = TestProxy::serve(&config(&feed, false)).await;
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    assert_eq!((feed.seen().len(), &proxy.status().await["update_available"]), (0, &Value::Null));

    proxy.home.write_config(&config(&feed, true));
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    wait_for_update(&proxy).await;
    let proxy = proxy.restarted().await;
    let status = wait_for_update(&proxy).await;
    assert_eq!((&status["update_available"], feed.seen().len()), (&json!("99.1.0"), 1));

    let file = proxy.home.file("updates.json");
    let mut known: Value = serde_json::from_slice(&std::fs::read(&file).expect("read")).expect("JSON");
    let asked = known["asked_unix_secs"].as_u64().expect("seconds");
    known["asked_unix_secs"] = json!(asked - 86_400);
    let home = proxy.killed().await;
    std::fs::write(&file, known.to_string()).expect("written");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    feed.wait_for_requests(2).await;

    proxy.home.write_config(&config(&feed, false));
    proxy.wait_for_status("silence", |status| status["update_available"].is_null()).await;
}

#[tokio::test]
async fn the_running_version_is_not_announced() {
    let feed = FakeUpstream::always(release(concat!("v", env!("CARGO_PKG_VERSION")))).await;
    let proxy = TestProxy::serve(&config(&feed, true)).await;
    feed.wait_for_requests(1).await;
    crate::support::until("the answer was kept", async || {
        proxy.home.file("updates.json").exists().then_some(())
    })
    .await;
    let status = proxy.status().await;
    assert_eq!((&status["update_available"], &status["warnings"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn a_feed_that_is_not_one_is_a_warning_and_the_proxy_serves_on() {
    let cases = [
        (Reply::whole(200, "text/html", "<html>"), "names no released version"),
        (Reply::json(404, &json!({"message": "Not Found"})), "404"),
        (Reply::whole(302, "text/plain", "").with_header("location", "http://127.0.0.1:1/"), "302"),
        (Reply::HangUp, "127.0.0.1"),
    ];
    for (reply, reason) in cases {
        let feed = FakeUpstream::always(reply).await;
        let proxy = TestProxy::serve(&config(&feed, true)).await;
        let status = proxy.wait_for_status("a warning", |status| status["warnings"] != json!([])).await;
        let warning = status["warnings"][0].as_str().expect("text");
        assert!(warning.contains("release feed") && warning.contains(reason), "{warning}");
        assert_eq!((&status["update_available"], &status["state"]), (&Value::Null, &json!("running")));
        assert_eq!(proxy.get("/healthz").await.status, 200);
    }
}

#[test]
fn a_check_without_a_feed_is_a_problem_with_its_fix() {
    let home = Home::with_config(&format!("[updates]\ncheck = true\n{ACCOUNT}"));
    let output = home.run(&["config", "check"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(text.contains("updates.url: is missing") && text.contains("check = false"), "{text}");
}
