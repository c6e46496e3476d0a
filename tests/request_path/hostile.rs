//! Broken and malicious upstreams: a request may fail, the proxy must not.

use bytes::Bytes;
use serde_json::json;

use super::dialect::{self, ANTHROPIC, OPENAI_CHAT};
use crate::support::{FakeUpstream, Reply, TestProxy};

fn raw(text: &str) -> Reply {
    Reply::Raw(Bytes::copy_from_slice(text.as_bytes()))
}

/// Asserts that the same proxy serves the next request from a sane upstream.
async fn assert_unharmed(proxy: &TestProxy, upstream: &FakeUpstream, case: &str) {
    upstream.now(OPENAI_CHAT.whole_reply());
    assert!(proxy.home.run(&["account", "clear-cooldown"]).status.success(), "{case}");
    let answer = OPENAI_CHAT.ask(proxy, false).await;
    assert_eq!(answer.text(), OPENAI_CHAT.whole, "{case}");
}

#[tokio::test]
async fn malformed_http_is_a_bad_gateway() {
    let many = "x: y\r\n".repeat(5_000);
    let long = "y".repeat(2 << 20);
    let endless_interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(20_000);
    for (case, reply) in [
        ("thousands of headers", format!("HTTP/1.1 200 OK\r\n{many}content-length: 2\r\n\r\n{{}}")),
        ("a header of megabytes", format!("HTTP/1.1 200 OK\r\nx: {long}\r\ncontent-length: 2\r\n\r\n{{}}")),
        ("two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{}".to_owned()),
        ("a broken chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n{}".to_owned()),
        ("nothing but interim answers", endless_interim),
        ("a status of its own", "HTTP/1.1 99999 What\r\n\r\n".to_owned()),
    ] {
        let upstream = FakeUpstream::always(raw(&reply)).await;
        let proxy = OPENAI_CHAT.serve(&upstream, "").await;
        let answer = OPENAI_CHAT.ask(&proxy, false).await;
        assert_eq!(answer.status, 502, "{case}: {}", answer.text());
        OPENAI_CHAT.assert_error(&answer.json());
        assert_unharmed(&proxy, &upstream, case).await;
    }
}

#[tokio::test]
async fn malformed_events_of_a_stream_pass_unchanged() {
    let deep = format!("data: {}{}\n\n", "{\"usage\":".repeat(5_000), "}".repeat(5_000));
    let odd: [(&str, &[u8]); 4] = [
        ("bytes that are not text", b"data: {\"usage\":\"\xff\xfe\"}\n\n"),
        ("half a surrogate pair", b"data: {\"text\":\"\\ud83d\",\"usage\":null}\n\n"),
        ("no JSON", b"data: {\"usage\": finish_reason\n\nnonsense: \0\n\n"),
        ("JSON deeper than a stack", deep.as_bytes()),
    ];
    for dialect in dialect::ALL {
        for (case, event) in odd {
            let stream =
                [dialect.events[0].as_bytes(), event, dialect.events[1..].concat().as_bytes()].concat();
            let reply = Reply::whole(200, "text/event-stream", stream.clone());
            let upstream = FakeUpstream::always(reply).await;
            let proxy = dialect.serve(&upstream, "").await;
            let answer = dialect.ask(&proxy, true).await;
            assert!(answer.body == stream, "{} {case}: {}", dialect.name, answer.text());
            let record = &proxy.wait_for_records(1).await[0];
            assert_eq!(
                (&record["outcome"], &record["usage"]["input"]),
                (&json!("done"), &json!(11)),
                "{case}"
            );
        }
    }
}

#[tokio::test]
async fn an_endless_refusal_is_read_up_to_a_limit() {
    let filler = Bytes::from(vec![b'x'; 1 << 20]);
    let reply = Reply::Pieces { status: 500, headers: Vec::new(), pieces: vec![filler; 200] };
    let upstream = FakeUpstream::always(reply).await;
    let proxy = OPENAI_CHAT.serve(&upstream, "").await;
    let answer = OPENAI_CHAT.ask(&proxy, false).await;
    assert!(answer.status.is_server_error() && answer.body.len() <= 1 << 20, "{}", answer.status);
    upstream.wait_for_cancelled(1).await;
    assert_unharmed(&proxy, &upstream, "an endless refusal").await;
}

#[tokio::test]
async fn a_refusal_cannot_write_into_a_terminal_or_a_log_line() {
    let message = "bad\u{1b}[2J\r\nforged: line\u{202e}";
    let upstream = FakeUpstream::always(Reply::json(401, &json!({"error": {"message": message}}))).await;
    let proxy = ANTHROPIC.serve(&upstream, "").await;
    ANTHROPIC.ask(&proxy, false).await;
    let status =
        proxy.wait_for_status("it is disabled", |status| status["accounts"][0]["state"] == "disabled").await;
    let reason = status["accounts"][0]["reason"].as_str().expect("a reason");
    assert!(!reason.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{reason:?}");
}

#[tokio::test]
async fn a_connection_that_the_upstream_closed_silently_costs_no_request() {
    let body = OPENAI_CHAT.whole;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // It closes without `connection: close`.
    let upstream = FakeUpstream::always(raw(&format!("{head}{body}"))).await;
    let proxy = OPENAI_CHAT.serve(&upstream, "").await;
    for _ in 0..50 {
        let answer = OPENAI_CHAT.ask(&proxy, false).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, body));
    }
    assert_eq!(upstream.seen().len(), 50, "no request is sent twice");
    assert_eq!(proxy.account("work").await["state"], "ready");
}
