//! Upstreams that never stop: a translated stream is read no further than its failure.

use bytes::Bytes;
use serde_json::json;

use super::family::JSON;
use crate::support::client::open;
use crate::support::proxy::account;
use crate::support::{FakeUpstream, Reply, TestProxy};

const PIECE: usize = 256 << 10;
/// The length of an endless answer.
const PIECES: usize = 1_000;
/// The most bytes that are read of it: the longest event allowed, and the sockets' buffers.
const MOST: usize = 48 << 20;

/// An answer that begins so and repeats `with` for 250 MB.
fn endless(begins: &str, with: &[u8]) -> Reply {
    let piece = Bytes::from(with.repeat(PIECE / with.len()));
    let mut pieces = vec![piece; PIECES];
    pieces.insert(0, Bytes::copy_from_slice(begins.as_bytes()));
    Reply::pieces("text/event-stream", pieces)
}

/// Streams that are translated: path, request, provider.
const TRANSLATED: [(&str, &str, &str); 4] = [
    (
        "/v1/messages",
        r#"{"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#,
        "openai-compatible",
    ),
    ("/v1/responses", r#"{"model":"m","stream":true,"input":"hi"}"#, "openai-compatible"),
    (
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
        "openai-compatible",
    ),
    (
        "/v1/chat/completions",
        r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
        "anthropic",
    ),
];

/// A first event without content.
fn announcement(provider: &str) -> &'static str {
    match provider {
        "anthropic" => "data: {\"type\":\"ping\"}\n\n",
        _ => "data: {\"choices\":[]}\n\n",
    }
}

/// Fails unless each translated client gets the failure, and the upstream is dropped long before
/// its end.
async fn check(begins: &str, with: &[u8], words: &str) {
    for (path, body, provider) in TRANSLATED {
        let begins = announcement(provider).to_owned() + begins;
        let upstream = FakeUpstream::always(endless(&begins, with)).await;
        let proxy = TestProxy::serve(&account("work", provider, &upstream, "models = [\"m\"]")).await;
        let mut stream = open(proxy.address, "POST", path, &[JSON], body).await;
        let (text, cut) = stream.rest().await;
        assert!(text.contains(words) && !cut, "{path}: {text}");
        upstream.wait_for_cancelled(1).await;
        let taken = *upstream.taken().borrow();
        assert!(taken < MOST, "{path}: {taken} bytes of {} were taken", PIECES * PIECE);
        let record = &proxy.wait_for_records(1).await[0];
        assert_eq!(record["outcome"], json!("cut"), "{path}: {record}");
        #[cfg(target_os = "linux")]
        assert!(proxy.peak_memory() < 160 << 20, "{path}: {} bytes", proxy.peak_memory());
    }
}

#[tokio::test]
async fn an_endless_line_is_not_collected() {
    for begins in ["data: ", "event: ", ": "] {
        check(begins, b"x", "longer than 16 MiB").await;
    }
}

#[tokio::test]
async fn an_endless_event_of_many_lines_is_not_collected() {
    let line = [b"data: ".as_slice(), &[b'x'; 1017], b"\n"].concat();
    check("", &line, "longer than 16 MiB").await;
}

#[tokio::test]
async fn an_upstream_that_goes_on_after_nonsense_is_dropped() {
    check("data: nonsense\n\n", b": ping\n\n", "invalid event").await;
}

#[tokio::test]
async fn an_upstream_that_goes_on_after_its_terminating_event_is_dropped() {
    let last = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n\
                data: [DONE]\n\n";
    for with in [b": ping\n\n".as_slice(), b"x"] {
        // It never ends by itself within the time of the test.
        let upstream = FakeUpstream::always(endless_in_turn(last, with)).await;
        let proxy = TestProxy::with_upstream("openai-compatible", &upstream).await;
        for (path, body, _) in &TRANSLATED[..3] {
            let mut stream = open(proxy.address, "POST", path, &[JSON], *body).await;
            let (text, cut) = stream.rest().await;
            assert!(
                text.contains("hi") && !text.contains("ailed") && !text.contains("\"error\":{") && !cut,
                "{path}: {text}"
            );
        }
        upstream.wait_for_cancelled(3).await;
    }
}

/// An answer long enough to last more than a second on any machine.
fn endless_in_turn(begins: &str, with: &[u8]) -> Reply {
    let piece = Bytes::from(with.repeat(PIECE / with.len()));
    let mut pieces = vec![piece; 400 * PIECES];
    pieces.insert(0, Bytes::copy_from_slice(begins.as_bytes()));
    Reply::pieces("text/event-stream", pieces)
}

#[tokio::test]
async fn an_event_of_nothing_but_values_is_not_parsed() {
    let values = "0,".repeat(4 << 20);
    let event = format!("data: {{\"choices\":[]}}\n\ndata: {{\"choices\":[],\"pad\":[{values}0]}}\n\n");
    for (path, body, provider) in &TRANSLATED[..3] {
        let upstream = FakeUpstream::always(Reply::sse(event.clone())).await;
        let proxy = TestProxy::serve(&account("work", provider, &upstream, "models = [\"m\"]")).await;
        let mut stream = open(proxy.address, "POST", path, &[JSON], *body).await;
        let (text, _) = stream.rest().await;
        assert!(text.contains("more JSON values than any answer"), "{path}: {text}");
    }
}
