//! Large requests and answers: they delay no other request, and end with their client.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::family::{Family, JSON};
use crate::support::client::open;
use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Home, Reply, TestProxy};

const MEGABYTE: usize = 1 << 20;

/// A proxy with one serving thread, because it may use one core.
#[cfg(target_os = "linux")]
async fn on_one_core(config: &str) -> TestProxy {
    let status = std::fs::read_to_string("/proc/self/status").expect("readable");
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("a list");
    let core = allowed.trim().split([',', '-']).next().expect("a core");
    let home = Home::with_config(config);
    let plain = home.command(&["serve", "--port", "0"]);
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", core]).arg(plain.get_program()).args(plain.get_args()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(std::process::Stdio::null());
    assert!(Command::new("taskset").arg("--version").output().is_ok(), "this test needs `taskset`");
    TestProxy::spawn(home, command).await
}

/// A conversation of `length` bytes whose last turn is `last`.
fn conversation(length: usize, last: &str) -> String {
    let text = "x".repeat(1_000);
    let turn = json!({"role": "user", "content": [{"type": "text", "text": text}]}).to_string() + ",";
    let turns = turn.repeat(length / turn.len());
    format!("{{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{turns}{last}]}}")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn others_are_answered_while_a_large_request_is_read() {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let proxy = on_one_core(&account("work", "openai-compatible", &upstream, "")).await;
    // It is refused for its last turn, so all of it is decoded and nothing is sent.
    let body = conversation(40 * MEGABYTE, "{\"role\":\"nobody\",\"content\":\"x\"}");
    let (head, tail) = body.split_at(body.len() - 1);
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(proxy.address).await.expect("connected");
    send_and_have_read(&mut stream, request.as_bytes()).await;
    send_and_have_read(&mut stream, head.as_bytes()).await;
    let is_refused = Arc::new(AtomicBool::new(false));
    let refused = tokio::spawn({
        let is_refused = Arc::clone(&is_refused);
        let tail = tail.to_owned();
        async move {
            stream.write_all(tail.as_bytes()).await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("text");
            is_refused.store(true, Ordering::SeqCst);
            answer
        }
    });
    let mut answered = 0;
    while !is_refused.load(Ordering::SeqCst) {
        assert_eq!(proxy.get("/healthz").await.status, 200);
        answered += 1;
    }
    let answer = refused.await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("role"), "{answer}");
    // A thread that decoded it would answer one or two before it begins, and the next after it.
    assert!(answered > 8, "only {answered} others were answered meanwhile");
}

/// Sends bytes, and waits until the kernel shows that the other side has read them all.
#[cfg(target_os = "linux")]
async fn send_and_have_read(stream: &mut tokio::net::TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).await.expect("sent");
    let port = stream.local_addr().expect("an address").port();
    let waiting = || {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("readable");
        let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        let ends_at = |address: &str| address.ends_with(&format!(":{port:04X}"));
        // The bytes not acknowledged at one end, and those not read at the other.
        let queued = fields.filter(|fields| ends_at(fields[1]) || ends_at(fields[2]));
        queued.filter(|fields| fields[4] != "00000000:00000000").count()
    };
    crate::support::until("everything sent is read", async || (waiting() == 0).then_some(())).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_request_whose_client_has_gone_is_not_sent() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = on_one_core(&account("work", "openai-compatible", &upstream, "")).await;
    let body = conversation(20 * MEGABYTE, "{\"role\":\"user\",\"content\":\"gone\"}");
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..4 {
        let mut client = tokio::net::TcpStream::connect(proxy.address).await.expect("connected");
        client.write_all(request.as_bytes()).await.expect("sent");
    }
    let records = proxy.wait_for_records(4).await;
    for record in &records {
        assert_eq!(record["outcome"], json!("cancelled"), "{record}");
    }
    let last = conversation(2 * MEGABYTE, "{\"role\":\"user\",\"content\":\"here\"}");
    let mut stream = open(proxy.address, "POST", "/v1/messages", &[JSON], last).await;
    stream.rest().await;
    // Work is done in order: what the others had to send has been sent.
    let seen = upstream.seen();
    assert_eq!(seen.len(), 1, "only who waits is asked for");
    assert!(seen[0].body.windows(6).any(|part| part == b"\"here\""));
}

#[tokio::test]
async fn a_large_answer_arrives_complete_in_every_protocol() {
    let text = "Grüße 😀 \"quoted\" ".repeat(200_000);
    let message = json!({"role": "assistant", "content": text});
    let upstream = FakeUpstream::always(Reply::json(
        200,
        &json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}),
    ))
    .await;
    let proxy = TestProxy::with_upstream("openai-compatible", &upstream).await;
    let turn = json!([{"role": "user", "content": "hi"}]);
    for (path, body, place) in [
        ("/v1/messages", json!({"model": "m", "max_tokens": 9, "messages": turn}), "/content/0/text"),
        ("/v1/responses", json!({"model": "m", "input": "hi"}), "/output/0/content/0/text"),
        (
            "/v1beta/models/m:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
            "/candidates/0/content/parts/0/text",
        ),
    ] {
        let answer: Answer = proxy.post(path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.json().pointer(place).is_some_and(|told| *told == text), "{path}");
    }
}

#[tokio::test]
async fn the_fault_of_a_large_request_is_named_as_that_of_a_small_one() {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let proxy = TestProxy::with_upstream("openai-compatible", &upstream).await;
    let last = "{\"role\":\"nobody\",\"content\":\"x\"}";
    for length in [0, 2 * MEGABYTE] {
        let body = conversation(length, last);
        let answer = proxy.send("POST", "/v1/messages", &[JSON], &body).await;
        Family::Anthropic.assert_error(&answer, 400, &["role"]);
    }
    assert!(upstream.seen().is_empty());
}
