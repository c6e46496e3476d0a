//! Starting and stopping the proxy inside an agent that goes on.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::wait_for_state;
use crate::support::home::{stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, FedStream, Home, Reply, TestProxy, request};

const NO_ACCOUNTS: &str = "No available accounts. Add an account first.";

async fn serve_fed(more: &str) -> (FakeUpstream, TestProxy) {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let config = proxy_section(more) + &account("work", "openai", &upstream, "");
    let proxy = TestProxy::serve(&config).await;
    (upstream, proxy)
}

/// Runs a command that must end with this code.
async fn check(proxy: &TestProxy, arguments: &[&str], code: i32) -> String {
    let output = proxy.run(arguments).await;
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

#[tokio::test]
async fn each_command_does_what_it_says() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let mut proxy = TestProxy::with_upstream("openai", &upstream).await;
    check(&proxy, &["start"], 0).await;
    check(&proxy, &["stop"], 0).await;
    wait_for_state(&proxy, "stopped").await;
    check(&proxy, &["stop"], 0).await;
    check(&proxy, &["reload"], 0).await;
    check(&proxy, &["start"], 0).await;
    assert_eq!(proxy.wait_until_running().await, proxy.address, "it keeps its port");
    check(&proxy, &["restart"], 0).await;
    assert_eq!(proxy.status().await["address"], proxy.address.to_string());
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    check(&proxy, &["quit"], 0).await;
    assert_eq!(proxy.ended().await.0, Some(0));
    assert!(!proxy.home.file("control.json").exists());
    check(&proxy, &["quit"], 3).await;
}

#[tokio::test]
async fn stop_frees_the_port_at_once_and_lets_the_stream_finish() {
    let (upstream, proxy) = serve_fed("").await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    check(&proxy, &["stop"], 0).await;
    let status = proxy.status().await;
    assert_eq!((&status["state"], &status["in_flight"]), (&json!("draining"), &json!(1)));
    let text = check(&proxy, &["status"], 3).await;
    assert!(text.contains("Stopping… 1 request finishing"), "{text}");
    drop(TcpListener::bind(proxy.address).expect("the port is free"));
    stream.finishes_whole().await;
    let status = wait_for_state(&proxy, "stopped").await;
    assert_eq!(status["in_flight"], 0);
    check(&proxy, &["status"], 3).await;
}

#[tokio::test]
async fn start_during_a_drain_serves_again_beside_it() {
    let (upstream, proxy) = serve_fed("").await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    check(&proxy, &["stop"], 0).await;
    check(&proxy, &["start"], 0).await;
    let status = wait_for_state(&proxy, "running").await;
    assert_eq!(status["address"], proxy.address.to_string());
    assert_eq!(proxy.get("/healthz").await.status, 200);
    stream.finishes_whole().await;
    assert_eq!(proxy.status().await["state"], "running", "the end of the old drain changes nothing");
}

#[tokio::test]
async fn restart_lets_the_stream_finish_while_it_serves_again() {
    let (upstream, proxy) = serve_fed("").await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    for _ in 0..5 {
        check(&proxy, &["restart"], 0).await;
        assert_eq!(proxy.get("/healthz").await.status, 200);
    }
    stream.finishes_whole().await;
}

#[tokio::test]
async fn a_stuck_stream_is_ended_by_the_drain_timeout() {
    let (upstream, proxy) = serve_fed("drain_timeout_secs = 1").await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    check(&proxy, &["stop"], 0).await;
    stream.breaks_off().await;
    wait_for_state(&proxy, "stopped").await;
    upstream.wait_for_cancelled(1).await;
}

#[tokio::test]
async fn an_idle_connection_holds_no_stop_up() {
    let (_upstream, proxy) = serve_fed("drain_timeout_secs = 3600").await;
    let _silent = tokio::net::TcpStream::connect(proxy.address).await.expect("connected");
    check(&proxy, &["stop"], 0).await;
    wait_for_state(&proxy, "stopped").await;
}

#[tokio::test]
async fn without_start_with_agent_it_waits_for_the_command() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let config = proxy_section("start_with_agent = false") + &account("work", "openai", &upstream, "");
    let home = Home::with_config(&config);
    let command = home.command(&["serve", "--port", "0"]);
    let mut proxy = TestProxy::spawn_stopped(home, command).await;
    assert_eq!(proxy.status().await["state"], "stopped");
    check(&proxy, &["start"], 0).await;
    proxy.address = proxy.wait_until_running().await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
}

#[test]
fn no_usable_account_is_a_failed_start_that_says_so() {
    let without_a_key =
        "[[accounts]]\nname = \"a\"\nprovider = \"openai\"\napi_key = { env = \"NO_SUCH_KEY\" }\n";
    let switched_off = "[[accounts]]\nname = \"a\"\nprovider = \"demo\"\nenabled = false\n";
    let cases =
        [("", "account add"), (without_a_key, "account list"), (switched_off, "portcullis account enable")];
    for (accounts, advice) in cases {
        let home = Home::with_config(&(proxy_section("") + accounts));
        let output = home.run(&["serve", "--port", "0"]);
        assert_eq!(output.status.code(), Some(1), "{accounts}");
        let printed = stderr(&output);
        assert!(printed.contains(NO_ACCOUNTS) && printed.contains(advice), "{accounts}: {printed}");
        assert!(!home.file("control.json").exists());
    }
}

#[tokio::test]
async fn a_running_proxy_without_accounts_answers_503_until_there_is_one() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let work = account("work", "openai", &upstream, "");
    let proxy = TestProxy::serve(&(proxy_section("") + &work)).await;
    proxy.home.write_config(&proxy_section(""));
    let says = |status: &Value| status["problem"].as_str().is_some_and(|text| text.starts_with(NO_ACCOUNTS));
    let status = proxy.wait_for_status(NO_ACCOUNTS, says).await;
    assert_eq!((&status["state"], &status["active_accounts"]), (&json!("running"), &json!(0)));
    let answer = proxy.chat("gpt-5").await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!answer.message().is_empty(), "in the client's shape: {}", answer.text());
    let anthropic = [("content-type", "application/json"), ("anthropic-version", "2023-06-01")];
    let body = json!({"model": "claude-x", "max_tokens": 1, "messages": [{"role": "user", "content": "a"}]});
    let answer = proxy.send("POST", "/v1/messages", &anthropic, &body.to_string()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["type"]), (503, &json!("error")), "{}", answer.text());
    proxy.home.write_config(&(proxy_section("") + &work));
    proxy.wait_for_status("an account", |status| status["problem"].is_null()).await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
}

/// The keys that scripts rely on.
const KEYS: [&str; 9] = [
    "state",
    "address",
    "base_url",
    "active_accounts",
    "cooling_accounts",
    "problem",
    "dashboard_url",
    "pid",
    "version",
];

#[tokio::test]
async fn status_has_the_same_keys_whether_it_runs_or_not() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    let running: Value = serde_json::from_str(&check(&proxy, &["status", "--json"], 0).await).expect("JSON");
    let expected = json!({
        "state": "running",
        "address": proxy.address.to_string(),
        "base_url": format!("http://{}", proxy.address),
        "active_accounts": 1,
        "cooling_accounts": 0,
        "problem": null,
        "pid": proxy.pid(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&running[key], value, "{key}");
    }
    let home = proxy.killed().await;
    let output = home.run(&["status", "--json"]);
    let absence: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &absence["state"]), (Some(3), &json!("stopped")));
    let keys = |status: &Value| status.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&absence), keys(&running));
    assert!(KEYS.iter().all(|key| absence.get(key).is_some()), "{absence}");
    assert_eq!(stdout(&home.run(&["status"])), "Not running\n");
}

#[tokio::test]
async fn status_says_in_words_where_it_runs_and_with_what() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    let text = check(&proxy, &["status"], 0).await;
    let base_url = format!("http://{}", proxy.address);
    assert!(text.starts_with(&format!("Running on {base_url} (1 active account)\n")), "{text}");
    assert!(text.contains(&format!("{base_url}/v1 for OpenAI clients")), "{text}");
}

/// `serve` ends after a failed start, and still answers the command that asked for it.
#[tokio::test]
async fn a_start_that_fails_says_why_and_ends_serve() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    for _ in 0..5 {
        let mut proxy = TestProxy::with_upstream("openai", &upstream).await;
        check(&proxy, &["stop"], 0).await;
        proxy.home.write_config(&proxy_section(""));
        check(&proxy, &["reload"], 0).await;
        let output = proxy.run(&["start"]).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(NO_ACCOUNTS), "{}", stderr(&output));
        let (code, log) = proxy.ended().await;
        assert_eq!(code, Some(1));
        assert!(log.contains(NO_ACCOUNTS), "{log}");
    }
}

#[tokio::test]
async fn quit_is_answered_and_returns_when_the_agent_has_ended() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    for _ in 0..5 {
        let mut proxy = TestProxy::with_upstream("openai", &upstream).await;
        check(&proxy, &["quit"], 0).await;
        check(&proxy, &["status"], 3).await;
        assert_eq!(proxy.ended().await.0, Some(0));
    }
}

#[tokio::test]
async fn quit_lets_the_stream_finish_and_a_second_one_says_that_it_is_under_way() {
    let (upstream, mut proxy) = serve_fed("").await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    let answer = proxy.control_call("POST", "/api/quit", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    wait_for_state(&proxy, "draining").await;
    for command in ["start", "reload", "restart"] {
        let answer = proxy.control_call("POST", &format!("/api/{command}"), "").await;
        assert_eq!(answer.json(), json!({"error": "the agent is shutting down"}), "{command}");
    }
    stream.finishes_whole().await;
    assert_eq!(proxy.ended().await.0, Some(0));
}

/// The control plane still answers, and the proxy's port does not.
#[tokio::test]
async fn a_stopped_proxy_is_not_bound() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    check(&proxy, &["stop"], 0).await;
    wait_for_state(&proxy, "stopped").await;
    assert!(tokio::net::TcpStream::connect(proxy.address).await.is_err());
    let (control, _) = proxy.control();
    assert_eq!(request(control, "GET", "/", &[], "").await.status, 200);
}
