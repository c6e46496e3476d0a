//! Secrets outside the config file, and the places where no secret may show.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::wait_for_problem;
use crate::support::home::{CLIENT_KEY, stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

/// The account with its key from another source.
fn with_key(upstream: &FakeUpstream, source: &str) -> String {
    let text = account("work", "openai", upstream, "");
    proxy_section("") + &text.replace("\"up-work-secret-key\"", source)
}

/// The key the upstream saw last.
fn sent(upstream: &FakeUpstream) -> String {
    let seen = upstream.seen();
    let last = seen.last().expect("a request");
    last.header("authorization").expect("a key").trim_start_matches("Bearer ").to_owned()
}

fn write_private(home: &Home, name: &str, text: &str) {
    fs::write(home.file(name), text).expect("written");
    fs::set_permissions(home.file(name), fs::Permissions::from_mode(0o700)).expect("private");
}

#[tokio::test]
async fn a_key_in_a_file_is_read_again_on_reload() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::with_config(&with_key(&upstream, "{ file = \"key\" }"));
    write_private(&home, "key", "first-secret-key\n");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    proxy.chat("gpt-5").await;
    assert_eq!(sent(&upstream), "first-secret-key");
    write_private(&proxy.home, "key", "second-secret-key\r\n");
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    proxy.chat("gpt-5").await;
    assert_eq!(sent(&upstream), "second-secret-key");
}

#[tokio::test]
async fn a_key_command_runs_again_on_reload() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::empty();
    let script = home.file("print-key");
    let source = format!("{{ command = [\"{}\", \"--for\", \"work\"] }}", script.display());
    home.write_config(&with_key(&upstream, &source));
    write_private(&home, "print-key", "#!/bin/sh\necho first-$2-key\n");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    proxy.chat("gpt-5").await;
    assert_eq!(sent(&upstream), "first-work-key");
    fs::remove_file(&script).expect("removed");
    write_private(&proxy.home, "print-key", "#!/bin/sh\necho second-$2-key\n");
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    proxy.chat("gpt-5").await;
    assert_eq!(sent(&upstream), "second-work-key");
}

/// A keyring or a password manager may ask its user each time.
#[tokio::test]
async fn a_key_command_runs_once_at_the_start_and_once_for_each_reload() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::empty();
    let (script, runs) = (home.file("print-key"), home.file("runs"));
    home.write_config(&with_key(&upstream, &format!("{{ command = [\"{}\"] }}", script.display())));
    let text = format!("#!/bin/sh\necho run >> '{}'\necho work-secret-key\n", runs.display());
    write_private(&home, "print-key", &text);
    let count = || fs::read_to_string(&runs).expect("it ran").lines().count();
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    for reloads in 1..=2 {
        assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
        assert_eq!(count(), 1 + reloads, "after {reloads} reloads");
    }
    let proxy = proxy.restarted().await;
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    assert_eq!(count(), 5, "after a second start and its reload");
}

/// A vault that is locked when the file is saved leaves a working account in use, with a warning.
#[tokio::test]
async fn a_command_that_fails_on_reload_leaves_its_last_key_in_force() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::empty();
    let script = home.file("print-key");
    home.write_config(&with_key(&upstream, &format!("{{ command = [\"{}\"] }}", script.display())));
    write_private(&home, "print-key", "#!/bin/sh\necho work-secret-key\n");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    proxy.chat("gpt-5").await;
    fs::remove_file(&script).expect("removed");
    write_private(&proxy.home, "print-key", "#!/bin/sh\necho the vault is locked >&2; exit 3\n");
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    let status = proxy.wait_for_status("a warning", |status| status["warnings"][0].is_string()).await;
    let warning = status["warnings"][0].as_str().unwrap_or_default();
    assert!(
        warning.contains("the vault is locked") && warning.contains("its last value is still used"),
        "{warning}"
    );
    upstream.forget();
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    assert_eq!(sent(&upstream), "work-secret-key");

    // Another command is another secret: no last value is known.
    let other = fs::read_to_string(proxy.home.file("config.toml")).expect("read");
    proxy.home.write_config(&other.replace("print-key\"]", "print-key\", \"--new\"]"));
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    assert_eq!(proxy.chat("gpt-5").await.status, 503);
}

#[tokio::test]
async fn a_key_in_the_environment_is_looked_up_by_the_name_the_file_has_now() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::with_config(&with_key(&upstream, "{ env = \"ONE_KEY\" }"));
    let mut command = home.command(&["serve", "--port", "0"]);
    command.env("ONE_KEY", "one-secret-key").env("OTHER_KEY", "other-secret-key");
    let proxy = TestProxy::spawn(home, command).await;
    proxy.chat("gpt-5").await;
    assert_eq!(sent(&upstream), "one-secret-key");
    proxy.home.write_config(&with_key(&upstream, "{ env = \"OTHER_KEY\" }"));
    proxy.run(&["reload"]).await;
    proxy.chat("gpt-5").await;
    assert_eq!(sent(&upstream), "other-secret-key");
}

#[tokio::test]
async fn a_key_that_cannot_be_had_takes_only_its_own_account_out() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let sources = [
        (
            "{ env = \"NO_SUCH_KEY\" }",
            "environment variable NO_SUCH_KEY is not set in the agent's environment",
        ),
        ("{ file = \"no-such-file\" }", "No such file"),
        ("{ command = [\"false\"] }", "command false: failed"),
        ("{ command = [\"/no/such/program\"] }", "could not be started"),
    ];
    let good = proxy_section("") + &account("good", "openai", &upstream, "");
    let proxy = TestProxy::serve(&good).await;
    for (source, expected) in sources {
        let bad = account("bad", "openai", &upstream, "").replace("\"up-bad-secret-key\"", source);
        proxy.home.write_config(&format!("{good}{bad}"));
        let status = proxy.control_call("POST", "/api/reload", "").await.json();
        let bad = &status["accounts"][1];
        assert_eq!((&bad["state"], &status["active_accounts"]), (&json!("unusable"), &json!(1)), "{source}");
        let reason = bad["reason"].as_str().expect("a reason");
        assert!(reason.contains(expected), "{source}: {reason}");
        assert_eq!(proxy.chat("gpt-5").await.status, 200, "{source}");
        let shown = stdout(&proxy.run(&["status"]).await);
        assert_eq!(shown.matches(reason).count(), 1, "shown once: {shown}");
        let refused = proxy.chat("bad/gpt-5").await;
        let message = refused.message();
        assert!(
            refused.status == 503 && message.contains("bad") && !message.contains(expected),
            "{source}: {message}"
        );
    }
}

#[tokio::test]
async fn the_client_key_may_live_in_a_file_of_its_own() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let text = "[proxy]\nauth_mode = \"strict\"\napi_key = { file = \"client-key\" }\n";
    let home = Home::with_config(&(text.to_owned() + &account("work", "openai", &upstream, "")));
    write_private(&home, "client-key", "sk-first-client-key\n");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    let asks =
        async |key: &str| proxy.send("GET", "/v1/models", &[("x-api-key", key)], "").await.status.as_u16();
    assert_eq!((asks("sk-first-client-key").await, asks("sk-other-client-key").await), (200, 401));
    write_private(&proxy.home, "client-key", "sk-other-client-key\n");
    proxy.run(&["reload"]).await;
    assert_eq!((asks("sk-first-client-key").await, asks("sk-other-client-key").await), (401, 200));
}

/// The rules for a key in the file apply to a key outside it.
#[tokio::test]
async fn an_unfit_client_key_from_a_file_is_a_problem_of_the_file() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let work = account("work", "openai", &upstream, "");
    let proxy = TestProxy::serve(&(proxy_section("") + &work)).await;
    write_private(&proxy.home, "client-key", "short\n");
    proxy.home.write_config(&format!("[proxy]\napi_key = {{ file = \"client-key\" }}\n{work}"));
    let problem = wait_for_problem(&proxy, "config.toml:2:11: proxy.api_key: ").await;
    assert!(!problem.contains("short"), "{problem}");
}

const UPSTREAM_KEY: &str = "up-work-secret-key";

/// The upstream repeats the key it was sent, the client sends a wrong one, the file gets a
/// mistake beside a key: in each case a key could get into a message.
#[tokio::test]
async fn no_key_shows_anywhere_but_in_the_config_file() {
    let message = format!("Incorrect API key provided: {UPSTREAM_KEY}");
    let error =
        json!({"error": {"message": message, "type": "invalid_request_error", "code": "invalid_api_key"}});
    let upstream = FakeUpstream::always(Reply::json(401, &error)).await;
    let config = proxy_section("auth_mode = \"strict\"") + &account("work", "openai", &upstream, "");
    let home = Home::with_config(&config);
    let mut proxy = TestProxy::serve_home(home, &["serve", "--port", "0", "-vv"]).await;
    let body = crate::support::client::chat("gpt-5", false).to_string();
    let mut shown = Vec::new();
    for key in [CLIENT_KEY, "sk-a-wrong-client-key"] {
        let headers = [("content-type", "application/json"), ("x-api-key", key)];
        shown.push(proxy.send("POST", "/v1/chat/completions", &headers, &body).await.text());
        shown.push(proxy.send("GET", &format!("/v1/models?key={key}"), &[], "").await.text());
    }
    proxy.home.write_config(&config.replace("[proxy]", "[proxy]\nprot = 1"));
    wait_for_problem(&proxy, "proxy.prot").await;
    proxy.home.write_config(&config.replace(&format!("\"{UPSTREAM_KEY}\""), &format!("\"{UPSTREAM_KEY}")));
    wait_for_problem(&proxy, "this is not TOML").await;
    proxy.home.write_config(&config);
    wait_for_problem(&proxy, "No available accounts").await;
    shown.push(proxy.control_call("GET", "/api/records", "").await.text());
    shown.push(proxy.status().await.to_string());
    for command in [&["status"][..], &["account", "list"], &["config", "show"], &["config", "check"]] {
        let output = proxy.run(command).await;
        shown.push(stdout(&output) + &stderr(&output));
    }
    proxy.signal(rustix::process::Signal::TERM);
    shown.push(proxy.ended().await.1);
    for entry in fs::read_dir(proxy.home.path()).expect("readable") {
        let path = entry.expect("an entry").path();
        if path != proxy.home.config() {
            shown.push(fs::read_to_string(&path).unwrap_or_default());
        }
    }
    for secret in [CLIENT_KEY, UPSTREAM_KEY, "sk-a-wrong-client-key"] {
        let leak = shown.iter().find(|text| text.contains(secret));
        assert!(leak.is_none(), "{secret} shows in: {}", leak.expect("one"));
    }
    assert!(shown.iter().any(|text| text.contains("401")), "there was something to show");
}
