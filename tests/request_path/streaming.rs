//! Streams that end well: the same bytes, as they come, and their usage in the record.

use bytes::Bytes;
use serde_json::json;

use super::dialect::{self, Dialect, GEMINI, OPENAI_CHAT};
use crate::support::proxy::account;
use crate::support::{FakeUpstream, Piece, Reply, TestProxy};

const EVENTS: &str = "text/event-stream";

/// Checks that the stream crosses unchanged in chunks of this size, and is recorded as done.
async fn check_exact(dialect: &Dialect, what: &str, text: &str, size: usize) {
    let told = format!("{} {what}, {size} bytes a chunk", dialect.name);
    let upstream = FakeUpstream::always(Reply::chunked(EVENTS, text, size)).await;
    let proxy = dialect.serve(&upstream, "").await;
    let answer = dialect.ask(&proxy, true).await;
    assert_eq!((answer.status.as_u16(), answer.cut), (200, false), "{told}");
    assert!(answer.body == text.as_bytes(), "{told}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some(EVENTS), "{told}");
    let record = &proxy.wait_for_records(1).await[0];
    assert_eq!((&record["outcome"], &record["streamed"]), (&json!("done"), &json!(true)), "{told}");
    assert_eq!((&record["usage"]["input"], &record["usage"]["output"]), (&json!(11), &json!(5)), "{told}");
    assert_eq!(record["protocol"], dialect.name);
}

#[tokio::test]
async fn every_byte_crosses_however_lines_end_and_chunks_fall() {
    for dialect in dialect::ALL {
        let plain = dialect.stream();
        let decorated = format!(": hello\n\nid: 1\nretry: 5\n{}", plain.replace("data: {", "data:{"));
        for (what, text) in [
            ("LF", plain.clone()),
            ("CRLF", plain.replace('\n', "\r\n")),
            ("CR", plain.replace('\n', "\r")),
            ("with comments and without spaces", decorated),
            ("without a last empty line", plain.trim_end().to_owned()),
        ] {
            for size in [1, 7, usize::MAX] {
                check_exact(dialect, what, &text, size).await;
            }
        }
    }
}

#[tokio::test]
async fn events_of_any_size_cross() {
    for dialect in dialect::ALL {
        let huge = format!("data: {{\"odd\":\"{}\"}}\n\n", "ü".repeat(200_000));
        let mut events = dialect.events.to_vec();
        events.insert(1, &huge);
        check_exact(dialect, "with a huge event", &events.concat(), 60_001).await;
    }
}

#[tokio::test]
async fn events_arrive_as_they_come() {
    for dialect in dialect::ALL {
        let upstream = FakeUpstream::always(Reply::fed_sse()).await;
        let proxy = dialect.serve(&upstream, "").await;
        let head = async { upstream.feed_text(dialect.events[0]).await };
        let (mut stream, ()) = tokio::join!(dialect.open(&proxy), head);
        assert_eq!(stream.take(dialect.events[0].len()).await, dialect.events[0], "{}", dialect.name);
        for event in &dialect.events[1..] {
            upstream.feed_text(event).await;
            assert_eq!(stream.take(event.len()).await, *event, "{}", dialect.name);
        }
        upstream.feed(Piece::End).await;
        assert_eq!(stream.rest().await, (String::new(), false));
    }
}

#[tokio::test]
async fn nothing_reaches_the_client_before_the_first_event() {
    for dialect in dialect::ALL {
        let first = FakeUpstream::always(Reply::fed_sse()).await;
        let second = FakeUpstream::always(Reply::sse(dialect.stream())).await;
        let accounts = [("first", &first, "priority = 1"), ("second", &second, "priority = 2")]
            .map(|(name, upstream, more)| account(name, dialect.provider, upstream, more));
        let config = format!("[pool]\nstrategy = \"fill_first\"\n{}", accounts.concat());
        let proxy = TestProxy::serve(&config).await;
        let half = &dialect.events[0][..dialect.events[0].len() / 2];
        let breaks = async {
            first.feed_text(half).await;
            first.feed(Piece::Break).await;
        };
        let (answer, ()) = tokio::join!(dialect.ask(&proxy, true), breaks);
        assert_eq!(answer.text(), dialect.stream(), "{}", dialect.name);
        assert_eq!(answer.header("x-portcullis-account"), Some("second"), "{}", dialect.name);
    }
}

#[tokio::test]
async fn the_usage_of_a_whole_answer_is_recorded() {
    for dialect in dialect::ALL {
        let upstream = FakeUpstream::always(dialect.whole_reply()).await;
        let proxy = dialect.serve(&upstream, "").await;
        let answer = dialect.ask(&proxy, false).await;
        assert_eq!((answer.text().as_str(), answer.cut), (dialect.whole, false), "{}", dialect.name);
        let record = &proxy.wait_for_records(1).await[0];
        let (input, output) = (&record["usage"]["input"], &record["usage"]["output"]);
        assert_eq!((input, output), (&json!(11), &json!(5)), "{}", dialect.name);
        assert_eq!((&record["outcome"], &record["streamed"]), (&json!("done"), &json!(false)));
        assert_eq!(record["bytes_out"], dialect.whole.len());
    }
}

const ARRAY_PATH: &str = "/v1beta/models/gemini-3-flash:streamGenerateContent";
const ARRAY: [&str; 3] = [
    "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Grüße\"}]}}]}\n",
    ",\r\n{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":11,\"candidatesTokenCount\":5}}\n",
    "]",
];

#[tokio::test]
async fn gemini_without_sse_is_a_json_array_as_it_comes() {
    let upstream = FakeUpstream::always(Reply::fed("application/json")).await;
    let proxy = GEMINI.serve(&upstream, "").await;
    let headers = [("content-type", "application/json")];
    let body = GEMINI.body(true).to_string();
    let open = crate::support::client::open(proxy.address, "POST", ARRAY_PATH, &headers, body);
    let (mut stream, ()) = tokio::join!(open, upstream.feed_text(ARRAY[0]));
    assert_eq!(stream.take(ARRAY[0].len()).await, ARRAY[0]);
    for piece in &ARRAY[1..] {
        upstream.feed_text(piece).await;
        assert_eq!(stream.take(piece.len()).await, *piece);
    }
    upstream.feed(Piece::End).await;
    assert_eq!(stream.rest().await, (String::new(), false));
    let record = &proxy.wait_for_records(1).await[0];
    assert_eq!((&record["outcome"], &record["streamed"]), (&json!("done"), &json!(true)));
    assert_eq!((&record["usage"]["input"], &record["usage"]["output"]), (&json!(11), &json!(5)));
}

/// The silence of a stream is limited; its length is not.
#[tokio::test]
async fn a_lively_stream_outlives_the_request_timeout() {
    let sse = (OPENAI_CHAT.path(true), OPENAI_CHAT.body(true), EVENTS, OPENAI_CHAT.events.to_vec(), "openai");
    let array = (ARRAY_PATH, GEMINI.body(true), "application/json", ARRAY.to_vec(), "gemini");
    for (path, body, content_type, pieces, provider) in [sse, array] {
        let upstream = FakeUpstream::always(Reply::fed(content_type)).await;
        let account = account("work", provider, &upstream, "");
        let proxy = TestProxy::serve(&format!("[proxy]\nrequest_timeout_secs = 1\n{account}")).await;
        let pieces_in_time = async {
            for piece in &pieces {
                upstream.feed_text(piece).await;
                tokio::time::sleep(std::time::Duration::from_millis(600)).await;
            }
            upstream.feed(Piece::End).await;
        };
        let (answer, ()) = tokio::join!(proxy.post(path, &body), pieces_in_time);
        assert_eq!((answer.text(), answer.cut), (pieces.concat(), false), "{provider}");
    }
}

#[tokio::test]
async fn many_streams_run_side_by_side() {
    const STREAMS: usize = 100;
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = OPENAI_CHAT.serve(&upstream, "").await;
    let asked = (0..STREAMS).map(|_| OPENAI_CHAT.ask(&proxy, true));
    let fed = async {
        upstream.wait_for_fed(STREAMS).await;
        for event in OPENAI_CHAT.events {
            upstream.feed_all(&Piece::Bytes(Bytes::from_static(event.as_bytes())));
        }
        upstream.feed_all(&Piece::End);
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(asked), fed);
    for answer in answers {
        assert_eq!((answer.text(), answer.cut), (OPENAI_CHAT.stream(), false));
    }
    let records = proxy.wait_for_records(50).await;
    assert!(records.iter().all(|record| record["outcome"] == "done"), "{records:?}");
}
