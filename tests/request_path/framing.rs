//! Where one request ends and the next begins: a client cannot hide one inside another.

use super::family::{Family, proxy_with, status_of};
use crate::support::{FakeUpstream, TestProxy, raw};

/// The request that must not run.
const HIDDEN: &str = "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
     content-length: 27\r\n\r\n{\"model\":\"claude-hidden\"   }";

fn head(lines: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{lines}\r\n"
    )
}

/// The statuses of the answers, in order.
fn statuses(answer: &str) -> Vec<u16> {
    answer.match_indices("HTTP/1.1 ").map(|(at, _)| status_of(&answer[at..])).collect()
}

/// The bytes get one answer, a 400, and the connection closes; nothing reaches the upstream.
async fn refused((proxy, upstream): &(TestProxy, FakeUpstream), what: &str, bytes: &[u8]) {
    let answer = raw(proxy.address, bytes).await;
    assert_eq!(statuses(&answer), [400], "{what:?}: {answer}");
    assert!(upstream.seen().is_empty(), "{what:?}");
}

#[tokio::test]
async fn invalid_lengths_are_refused() {
    let world = proxy_with("").await;
    let body = Family::OpenAi.body();
    let length = body.len();
    for lines in [
        format!("content-length: {length}\r\ncontent-length: {}\r\n", length + 1),
        format!("content-length: {length}, {}\r\n", length + 1),
        format!("content-length: +{length}\r\n"),
        format!("content-length: -{length}\r\n"),
        format!("content-length: 0x{length:x}\r\n"),
        format!("content-length: {length}.0\r\n"),
        format!("content-length: {length} {length}\r\n"),
        "content-length:\r\n".to_owned(),
        "content-length: five\r\n".to_owned(),
        "content-length: 99999999999999999999999\r\n".to_owned(),
    ] {
        refused(&world, &lines, format!("{}{body}{HIDDEN}", head(&lines)).as_bytes()).await;
    }
}

#[tokio::test]
async fn heads_that_another_server_could_read_differently_are_refused() {
    let world = proxy_with("").await;
    let body = Family::OpenAi.body();
    let length = format!("content-length: {}\r\n", body.len());
    for lines in [
        &format!("content-length : {}\r\n", body.len()),
        " content-length: 5\r\n",
        &format!("{length}x-folded: a\r\n b\r\n"),
        &format!("{length}x-folded: a\r\n\tcontent-length: 5\r\n"),
        &format!("{length}x-nul: a\0b\r\n"),
        &format!("{length}x\0nul: a\r\n"),
        &format!("{length}x-cr: a\rb\r\n"),
        &format!("{length}no colon\r\n"),
        &format!("{length}: no name\r\n"),
        &format!("{length}x y: a\r\n"),
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding : chunked\r\n",
        "transfer-encoding: gzip\r\n",
    ] {
        refused(&world, lines, format!("{}{body}{HIDDEN}", head(lines)).as_bytes()).await;
    }
}

#[tokio::test]
async fn invalid_request_lines_are_refused() {
    let world = proxy_with("").await;
    for line in [
        "GET  /healthz HTTP/1.1",
        "GET /health z HTTP/1.1",
        "GET /healthz\0 HTTP/1.1",
        "GET healthz HTTP/1.1",
        "GET /healthz HTTP/1.2",
        "GET /healthz HTTP/9.9",
        "GET /healthz",
        "/healthz",
        "G\0T /healthz HTTP/1.1",
        "\u{16}\u{3}\u{1}\u{2}",
    ] {
        let request = format!("{line}\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = raw(world.0.address, request.as_bytes()).await;
        assert!(!answer.contains(" 200 "), "{line:?}: {answer}");
        assert!(statuses(&answer).len() <= 1, "{line:?}: {answer}");
    }
    assert!(world.1.seen().is_empty());
}

#[tokio::test]
async fn with_a_length_and_chunks_the_chunks_count_and_the_connection_ends() {
    let (proxy, upstream) = proxy_with("").await;
    let body = Family::OpenAi.body();
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for lines in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "Transfer-Encoding: Chunked\r\nContent-Length: 100000\r\n",
    ] {
        let answer = raw(proxy.address, format!("{}{chunks}{HIDDEN}", head(lines)).as_bytes()).await;
        assert_eq!(statuses(&answer).len(), 1, "{lines:?}: {answer}");
    }
    for seen in upstream.seen() {
        assert_eq!(seen.body, body, "what the chunks held and nothing else");
    }
}

#[tokio::test]
async fn a_hidden_request_in_a_body_is_only_a_body() {
    let (proxy, upstream) = proxy_with("").await;
    let lines = format!("content-length: {}\r\n", HIDDEN.len());
    let answer =
        raw(proxy.address, format!("{}{HIDDEN}", head(&(lines + "connection: close\r\n"))).as_bytes()).await;
    assert_eq!(statuses(&answer), [400], "{answer}");
    let smuggled = format!("content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}");
    let request = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n{smuggled}");
    let answer = raw(proxy.address, request.as_bytes()).await;
    assert_eq!(statuses(&answer), [400], "{answer}");
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_broken_chunked_body_is_refused_and_never_an_empty_one() {
    let world = proxy_with("").await;
    let body = Family::OpenAi.body();
    let length = body.len();
    for broken in [
        format!("{length:x}\n{body}\n0\n\n"),
        format!("-{length:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("{length:x} x\r\n{body}\r\n0\r\n\r\n"),
        format!("{length:x}\r\n{body}0\r\n\r\n"),
        format!("{length:x}\r\n{body}\r\nzz\r\n\r\n"),
        format!("{:x}\r\n{body}\r\n0\r\n\r\n", length - 1),
        format!("ffffffffffffffffff\r\n{body}\r\n0\r\n\r\n"),
        format!("\r\n{body}\r\n0\r\n\r\n"),
        format!("zz\r\n{body}\r\n0\r\n\r\n"),
    ] {
        let request = head("transfer-encoding: chunked\r\n") + &broken;
        refused(&world, &broken, request.as_bytes()).await;
    }
}

#[tokio::test]
async fn a_broken_body_is_reported_in_the_familys_shape() {
    let (proxy, upstream) = proxy_with("").await;
    for family in Family::ALL {
        let path = family.path();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\nzz\r\n"
        );
        let answer = raw(proxy.address, request.as_bytes()).await;
        assert_eq!(statuses(&answer), [400], "{answer}");
        let body = answer.split("\r\n\r\n").nth(1).expect("a body");
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let message = body["error"]["message"].as_str().expect("a message");
        assert!(message.contains("request body could not be read"), "{message}");
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_body_that_ends_early_goes_nowhere() {
    use tokio::io::AsyncWriteExt;
    let (proxy, upstream) = proxy_with("").await;
    for lines in ["content-length: 500\r\n", "transfer-encoding: chunked\r\n"] {
        let mut stream = tokio::net::TcpStream::connect(proxy.address).await.expect("connected");
        let request = head(lines) + if lines.starts_with('c') { "{\"model\"" } else { "5\r\n{\"mod\r\n" };
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream.shutdown().await.expect("closed");
        let mut answer = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || statuses(&answer) == [400], "{answer}");
    }
    // After the two above, this is the only request to arrive.
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_pipeline_is_answered_in_order() {
    let (proxy, upstream) = proxy_with("").await;
    let one = |model: &str, more: &str| {
        let body = format!("{{\"model\":\"{model}\"}}");
        format!("{}{body}", head(&format!("content-length: {}\r\n{more}", body.len())))
    };
    let health = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let pipeline = one("gpt-1", "") + health + &one("llama", "") + &one("gpt-2", "connection: close\r\n");
    let answer = raw(proxy.address, pipeline.as_bytes()).await;
    assert_eq!(statuses(&answer), [200, 200, 404, 200], "{answer}");
    let models: Vec<_> = upstream.seen().iter().map(|seen| seen.json()["model"].clone()).collect();
    assert_eq!(models, ["gpt-1", "gpt-2"]);
}

#[tokio::test]
async fn valid_chunks_and_trailers_are_just_a_body() {
    let (proxy, upstream) = proxy_with("").await;
    let body = Family::OpenAi.body();
    let (first, second) = body.split_at(7);
    let request = head("transfer-encoding: chunked\r\nconnection: close\r\n")
        + &format!(
            "{:x};ext=\"a\"\r\n{first}\r\n{:X}\r\n{second}\r\n0\r\nx-api-key: from-a-trailer\r\n\r\n",
            first.len(),
            second.len()
        );
    let answer = raw(proxy.address, request.as_bytes()).await;
    assert_eq!(statuses(&answer), [200], "{answer}");
    let seen = &upstream.seen()[0];
    assert_eq!(seen.body, body);
    assert!(!format!("{:?}", seen.headers).contains("from-a-trailer"));
}
