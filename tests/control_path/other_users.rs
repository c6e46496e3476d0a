//! Another user of the same computer before the control plane.

use tokio::net::TcpStream;

use crate::support::stranger::{self, ask};
use crate::support::{FakeUpstream, Reply, TestProxy, raw, request};

async fn agent() -> TestProxy {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    TestProxy::with_upstream("openai", &upstream).await
}

#[tokio::test]
async fn the_control_plane_serves_its_own_user_only_whatever_another_one_knows() {
    let proxy = agent().await;
    let (address, token) = proxy.control();
    let with_token = ("x-portcullis-token", &*token);
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/app.js"),
        ("GET", "/accounts"),
        ("GET", "/nowhere"),
        ("GET", "/api/status"),
        ("GET", "/api/key"),
        ("GET", "/metrics"),
        ("POST", "/api/stop"),
        ("POST", "/api/quit"),
        ("POST", "/api/session"),
    ] {
        for headers in [&[] as &[_], &[with_token]] {
            let answer = ask(address, method, path, headers, "").await;
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
            assert!(answer.json()["error"].as_str().expect("a text").contains("user"), "{}", answer.text());
            assert!(!answer.text().contains(&token));
        }
    }
    assert_eq!(proxy.status().await["state"], "running");
    assert_eq!(request(address, "GET", "/", &[], "").await.status, 200);
}

#[tokio::test]
async fn a_command_whose_sender_is_gone_has_no_effect() {
    let proxy = agent().await;
    let (address, token) = proxy.control();
    for command in ["stop", "quit"].repeat(15) {
        let call = format!(
            "POST /api/{command} HTTP/1.1\r\nhost: {address}\r\nx-portcullis-token: {token}\r\ncontent-length: 0\r\n\r\n"
        );
        stranger::shout(address, &call).await;
    }
    // Whatever they set off is done before what is asked after them.
    proxy.control_call("POST", "/api/reload", "").await;
    assert_eq!(proxy.status().await["state"], "running");
    assert_eq!(proxy.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn idle_connections_do_not_keep_a_command_waiting() {
    let proxy = agent().await;
    let (address, _) = proxy.control();
    let mut crowd = Vec::new();
    for _ in 0..400 {
        crowd.push(TcpStream::connect(address).await.expect("connected"));
    }
    // They would leave by themselves when their time to send a head is over, and not before.
    let status = proxy.run(&["status"]).await;
    assert_eq!(status.status.code(), Some(0));
    let mut still_open = 0;
    for stream in &crowd {
        let is_open =
            stream.try_read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        still_open += usize::from(is_open);
    }
    assert!(still_open > 0, "nobody had left by themselves");
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let proxy = agent().await;
    let (address, token) = proxy.control();
    for (length, expected) in [(60_000, "200"), (70_000, "431"), (100_000, "431"), (130_000, "431")] {
        let call = format!(
            "GET /api/status HTTP/1.1\r\nhost: {address}\r\nx-portcullis-token: {token}\r\nx-long: {}\r\n\
             connection: close\r\n\r\n",
            "x".repeat(length)
        );
        let answer = raw(address, call.as_bytes()).await;
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{length}");
    }
}
