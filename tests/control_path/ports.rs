//! A port that another program has: its owner and the way out are named; nothing is killed.

use std::net::TcpListener;
use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::wait_for_state;
use crate::support::home::stderr;
use crate::support::proxy::{account, free_port, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

async fn home() -> (FakeUpstream, Home) {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::with_config(&(proxy_section("") + &account("work", "openai", &upstream, "")));
    (upstream, home)
}

#[tokio::test]
async fn a_port_in_use_is_a_failed_start_that_names_the_owner_and_a_way_out() {
    let (_upstream, home) = home().await;
    let occupant = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = occupant.local_addr().expect("an address").port().to_string();
    let output = home.ask(&["serve", "--port", &port]).await;
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let start = format!("Could not bind 127.0.0.1:{port}: in use by ");
    let line = text.lines().find(|line| line.starts_with("error: ")).expect("a line");
    assert!(line.contains(&start) && line.contains(&format!("(pid {})", std::process::id())), "{line}");
    assert!(line.contains(" is free: set `port = "), "{line}");
    assert!(!home.file("control.json").exists());
}

#[tokio::test]
async fn another_portcullis_on_the_port_is_recognised() {
    let (upstream, home) = home().await;
    let other = TestProxy::with_upstream("openai", &upstream).await;
    let port = other.address.port().to_string();
    let output = home.ask(&["serve", "--port", &port]).await;
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let start = format!("Could not bind 127.0.0.1:{port}: in use by another portcullis (pid {}", other.pid());
    assert!(text.contains(&start), "{text}");
    let home = format!(", home {}).", other.home.path().display());
    assert!(!cfg!(target_os = "linux") || text.contains(&home), "{text}");
    assert!(text.contains("Use the portcullis that is already running"), "{text}");
    assert_eq!(other.get("/healthz").await.status, 200);
}

/// A web server, a half-open one, a silent one: none of them holds the message up.
#[tokio::test]
async fn an_owner_that_never_answers_is_named_all_the_same() {
    let (_upstream, home) = home().await;
    let silent = FakeUpstream::always(Reply::Silence).await;
    let output = home.ask(&["serve", "--port", &silent.address().port().to_string()]).await;
    assert!(stderr(&output).contains(&format!("(pid {})", std::process::id())), "{}", stderr(&output));
}

#[tokio::test]
async fn a_port_taken_while_the_proxy_was_stopped_fails_the_start() {
    let (_upstream, home) = home().await;
    let port = free_port();
    let mut proxy = TestProxy::serve_home(home, &["serve", "--port", &port.to_string()]).await;
    proxy.run(&["stop"]).await;
    wait_for_state(&proxy, "stopped").await;
    let _occupant = TcpListener::bind(proxy.address).expect("free");
    let output = proxy.run(&["start"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(&format!("Could not bind 127.0.0.1:{port}")), "{}", stderr(&output));
    assert_eq!(proxy.ended().await.0, Some(1));
}

/// The agent's own control plane must not take the port of its proxy.
#[tokio::test]
async fn the_control_plane_leaves_the_port_of_the_proxy_alone() {
    let (_upstream, mut home) = home().await;
    for _ in 0..10 {
        let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
        let port = proxy.control().0.port();
        proxy.run(&["quit"]).await;
        home = proxy.killed().await;
        let mut command =
            tokio::process::Command::from(home.command(&["serve", "--port", &port.to_string()]));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().expect("the binary starts");
        let own = format!("(pid {})", child.id().expect("it runs"));
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        while let Some(line) = lines.next_line().await.expect("readable") {
            if line.starts_with("Running on ") {
                return;
            }
        }
        // Another test's agent may have been quicker; our own never is.
        let output = child.wait_with_output().await.expect("it ends");
        assert!(!stderr(&output).contains(&own), "{}", stderr(&output));
    }
    panic!("the port was never free");
}
