//! Faults around the agent that no client notices.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;

use super::wait_for_state;
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy, request};

async fn upstream_and_home() -> (FakeUpstream, Home) {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::with_config(&(proxy_section("") + &account("work", "openai", &upstream, "")));
    (upstream, home)
}

/// Fails unless the agent answers, stops and starts, changes its config and ends.
async fn check_works(mut proxy: TestProxy) {
    for round in 0..20 {
        let status = wait_for_state(&proxy, "running").await;
        proxy.address = status["address"].as_str().expect("text").parse().expect("an address");
        assert_eq!(proxy.chat("gpt-5").await.status, 200, "{round}");
        for command in ["stop", "start", "reload"] {
            let answer = proxy.control_call("POST", &format!("/api/{command}"), "").await;
            assert_eq!(answer.status, 200, "{command}: {}", answer.text());
        }
    }
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.ended().await.0, Some(0));
}

#[tokio::test]
async fn stdout_and_stderr_that_are_closed() {
    let (_upstream, home) = upstream_and_home().await;
    let mut command = home.command(&["serve", "--port", "0", "-v"]);
    let (out_reader, out) = std::io::pipe().expect("a pipe");
    let (err_reader, err) = std::io::pipe().expect("a pipe");
    command.stdout(out).stderr(err);
    drop((out_reader, err_reader));
    check_works(TestProxy::spawn_unheard(home, command).await).await;
}

/// The pipes are full before the agent writes its first line, and stay full.
#[tokio::test]
async fn stdout_and_stderr_that_are_never_read() {
    let (_upstream, home) = upstream_and_home().await;
    let mut command = home.command(&["serve", "--port", "0", "-v"]);
    let (_out_reader, out) = full_pipe();
    let (_err_reader, err) = full_pipe();
    command.stdout(out).stderr(err);
    check_works(TestProxy::spawn_unheard(home, command).await).await;
}

/// A pipe that a thread keeps full until its reader is dropped.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut filler = writer.try_clone().expect("cloned");
    std::thread::spawn(move || while filler.write_all(&[b'.'; 4096]).is_ok() {});
    (reader, writer)
}

/// A directory in the place of the log file has the same effect as a full disk.
#[tokio::test]
async fn a_log_file_that_cannot_be_written() {
    let (_upstream, home) = upstream_and_home().await;
    fs::create_dir(home.file("portcullis.log")).expect("made");
    let mut command = home.command(&["serve", "--port", "0"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    check_works(TestProxy::spawn_unheard(home, command).await).await;
}

#[tokio::test]
async fn a_log_file_that_goes_away() {
    let (upstream, home) = upstream_and_home().await;
    let mut proxy = TestProxy::serve_home(home, &["serve", "--port", "0", "-v"]).await;
    fs::remove_file(proxy.home.file("portcullis.log")).expect("removed");
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    upstream.wait_for_requests(1).await;
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.ended().await.0, Some(0));
}

#[tokio::test]
async fn a_pool_file_that_cannot_be_written() {
    let limited = json!({"error": {"message": "slow down"}});
    let (upstream, home) = upstream_and_home().await;
    fs::create_dir(home.file("pool.json")).expect("made");
    fs::write(home.file("pool.json").join("in the way"), "").expect("written");
    let mut proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    upstream.now(Reply::json(429, &limited).with_header("retry-after", "3000"));
    assert_eq!(proxy.chat("gpt-5").await.status, 429);
    proxy.wait_for_status("cooling", |status| status["cooling_accounts"] == 1).await;
    upstream.now(Reply::json(200, &json!({})));
    proxy.control_call("POST", "/api/accounts/clear-cooldown", "{}").await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    proxy.signal(Signal::TERM);
    let (code, log) = proxy.ended().await;
    assert_eq!(code, Some(0));
    assert!(log.contains("the pool's state could not be written"), "{log}");
}

#[tokio::test]
async fn a_pool_file_with_nonsense_in_it_is_set_aside() {
    let (_upstream, mut home) = upstream_and_home().await;
    for nonsense in ["", "{", "{\"accounts\": {\"work\": 1}}", "\0\0\0"] {
        fs::write(home.file("pool.json"), nonsense).expect("written");
        let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
        assert_eq!(proxy.chat("gpt-5").await.status, 200, "{nonsense:?}");
        home = proxy.killed().await;
        assert_eq!(fs::read_to_string(home.file("pool.json.corrupt")).expect("aside"), nonsense);
    }
}

#[tokio::test]
async fn a_home_whose_files_vanish_while_it_runs() {
    let (_upstream, home) = upstream_and_home().await;
    let mut proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    let (control, token) = proxy.control();
    for entry in fs::read_dir(proxy.home.path()).expect("readable") {
        fs::remove_file(entry.expect("an entry").path()).expect("removed");
    }
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    let headers = [("x-portcullis-token", token.as_str())];
    assert_eq!(request(control, "GET", "/api/status", &headers, "").await.status, 200);
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.ended().await.0, Some(0));
}
