//! Clients that leave, and clients that do not read.

use bytes::Bytes;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::dialect::{self, OPENAI_CHAT};
use crate::support::{FakeUpstream, Reply, TestProxy, client};

async fn assert_cancelled(proxy: &TestProxy, name: &str) {
    let record = &proxy.wait_for_records(1).await[0];
    assert_eq!(record["outcome"], "cancelled", "{name}: {record}");
    assert_eq!(record["account"], "work", "{name}");
    assert_eq!(proxy.account("work").await["state"], "ready", "{name}: it is not to blame");
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_cancels_the_upstream() {
    for dialect in dialect::ALL {
        let upstream = FakeUpstream::always(Reply::fed_sse()).await;
        let proxy = dialect.serve(&upstream, "").await;
        let (mut stream, ()) = tokio::join!(dialect.open(&proxy), upstream.feed_text(dialect.events[0]));
        stream.take(dialect.events[0].len()).await;
        drop(stream);
        upstream.wait_for_cancelled(1).await;
        assert_cancelled(&proxy, dialect.name).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_first_byte_cancels_the_upstream() {
    for (says, name) in [(Reply::Silence, "before the head"), (Reply::fed_sse(), "after the head")] {
        let upstream = FakeUpstream::always(says).await;
        let proxy = OPENAI_CHAT.serve(&upstream, "").await;
        let body = OPENAI_CHAT.body(true).to_string();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n{body}",
            proxy.address,
            body.len()
        );
        let mut client = TcpStream::connect(proxy.address).await.expect("connected");
        client.write_all(request.as_bytes()).await.expect("sent");
        upstream.wait_for_requests(1).await;
        drop(client);
        upstream.wait_for_cancelled(1).await;
        assert_cancelled(&proxy, name).await;
    }
}

const PIECE: usize = 64 << 10;
const PIECES: usize = 2048;

/// More than a hundred megabytes, with a regular end.
fn long_answer(content_type: &str) -> Reply {
    let (line, last): (Vec<u8>, &str) = match content_type {
        "text/event-stream" => {
            let mut event = b"data: {\"choices\":[],\"text\":\"".to_vec();
            event.resize(PIECE - 4, b'x');
            event.extend_from_slice(b"\"}\n\n");
            (event, "data: [DONE]\n\n")
        }
        _ => (vec![b' '; PIECE], "{}"),
    };
    let mut pieces = vec![Bytes::from(line); PIECES];
    pieces.push(Bytes::from_static(last.as_bytes()));
    Reply::pieces(content_type, pieces)
}

#[tokio::test]
async fn a_client_that_does_not_read_slows_the_upstream_and_costs_no_memory() {
    for content_type in ["text/event-stream", "application/json"] {
        let upstream = FakeUpstream::always(long_answer(content_type)).await;
        let proxy = OPENAI_CHAT.serve(&upstream, "").await;
        let mut stream = OPENAI_CHAT.open(&proxy).await;

        let mut taken = upstream.taken();
        let settled = std::time::Duration::from_millis(500);
        while let Ok(changed) = tokio::time::timeout(settled, taken.changed()).await {
            changed.expect("the upstream lives");
        }
        let unread = *taken.borrow();
        // How much the sockets of both connections hold is the kernel's choice.
        assert!(unread < 24 << 20, "{content_type}: {unread} bytes were taken for nobody");

        let mut received = 0;
        while let Some(chunk) = stream.chunk().await {
            received += chunk.expect("unbroken").len();
        }
        assert!(received > PIECES * PIECE, "{content_type}: {received}");
        let record = &proxy.wait_for_records(1).await[0];
        assert_eq!(
            (&record["outcome"], &record["bytes_out"]),
            (&Value::from("done"), &Value::from(received))
        );
        #[cfg(target_os = "linux")]
        assert!(proxy.peak_memory() < 60 << 20, "{content_type}: {} bytes", proxy.peak_memory());
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_and_leaves_cancels_the_upstream() {
    let upstream = FakeUpstream::always(long_answer("text/event-stream")).await;
    let proxy = OPENAI_CHAT.serve(&upstream, "").await;
    let stream = OPENAI_CHAT.open(&proxy).await;
    drop(stream);
    upstream.wait_for_cancelled(1).await;
    assert_cancelled(&proxy, "unread").await;
    let answer = client::request(proxy.address, "GET", "/healthz", &[], "").await;
    assert_eq!(answer.status, 200);
}
