//! Answers that break after their first byte: reported in the client's protocol, never
//! replayed, never ended as if whole.

use bytes::Bytes;
use serde_json::{Value, json};

use super::dialect::{self, Dialect, GEMINI, OPENAI_CHAT, OPENAI_RESPONSES, data_of};
use crate::support::proxy::{account, account_in};
use crate::support::{Answer, FakeUpstream, Piece, Reply, TestProxy};

/// The answer to a client whose stream brings this much and then ends so; `None`: goes silent.
async fn broken(dialect: &Dialect, says: &str, end: Option<Piece>) -> Answer {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let spare = FakeUpstream::always(Reply::sse(dialect.stream())).await;
    let accounts = [("work", &upstream, "priority = 1"), ("spare", &spare, "priority = 2")]
        .map(|(name, upstream, more)| account(name, dialect.provider, upstream, more));
    let proxy = TestProxy::serve(&format!(
        "[proxy]\nrequest_timeout_secs = 1\n[pool]\nstrategy = \"fill_first\"\n{}",
        accounts.concat()
    ))
    .await;
    let fed = async {
        upstream.feed_text(says).await;
        if let Some(end) = end {
            upstream.feed(end).await;
        }
    };
    let cools = |status: &Value| account_in(status, "work")["state"] == "cooling";
    let (answer, (), _) =
        tokio::join!(dialect.ask(&proxy, true), fed, proxy.wait_for_status("it backs off", cools));
    assert!(spare.seen().is_empty(), "{}: it was replayed", dialect.name);
    let record = &proxy.wait_for_records(1).await[0];
    assert_eq!(record["outcome"], "cut", "{}: {record}", dialect.name);
    assert_eq!(record["attempts"].as_array().map(Vec::len), Some(1), "{}", dialect.name);
    answer
}

/// The client gets these events, then an error of its own protocol, and the body's end.
async fn check(dialect: &Dialect, says: &str, end: Option<Piece>, whole: &[&str]) {
    let case = format!("{} after {says:?} and {end:?}", dialect.name);
    let answer = broken(dialect, says, end).await;
    assert_eq!((answer.status.as_u16(), answer.cut), (200, false), "{case}");
    let mut data = data_of(&answer.text());
    if dialect.name == "openai-responses" {
        // SDKs raise at the error; Codex reads the event after it.
        assert_failed(&data.pop().expect("an event"), &case);
    }
    let (error, before) = data.split_last().expect("an event");
    assert_eq!(before, data_of(&whole.concat()), "{case}: {}", answer.text());
    let error = serde_json::from_str(error).unwrap_or_else(|_| panic!("{case}: {}", answer.text()));
    dialect.assert_error(&error);
    assert!(!answer.text().contains(dialect.terminator), "{case}: {}", answer.text());
}

/// Fails unless the event is a failed response, for clients that only read the end.
fn assert_failed(event: &str, case: &str) {
    let event: Value = serde_json::from_str(event).unwrap_or_else(|_| panic!("{case}: {event}"));
    assert_eq!(event["type"], "response.failed", "{case}: {event}");
    assert_eq!(event["response"]["status"], "failed", "{case}: {event}");
    assert_eq!(event["response"]["error"]["code"], "server_error", "{case}: {event}");
    assert!(event["response"]["error"]["message"].is_string(), "{case}: {event}");
}

#[tokio::test]
async fn a_broken_stream_ends_with_the_protocols_own_error_event() {
    for dialect in dialect::ALL {
        let (first, second) = (dialect.events[0], dialect.events[1]);
        let in_line = second.rfind('"').expect("a quote");
        let cases = [
            ("between events", format!("{first}{second}"), &dialect.events[..2]),
            ("in a line", format!("{first}{}", &second[..in_line]), &dialect.events[..1]),
            ("after a line", format!("{first}{}", &second[..second.len() - 1]), &dialect.events[..2]),
        ];
        for (what, says, whole) in cases {
            let crlf = says.replace('\n', "\r\n");
            check(dialect, &says, Some(Piece::Break), whole).await;
            check(dialect, &crlf, Some(Piece::Break), whole).await;
            if what == "after a line" {
                check(dialect, crlf.trim_end_matches('\n'), Some(Piece::Break), whole).await;
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_ends_without_its_terminating_event_has_broken() {
    for dialect in dialect::ALL {
        let unfinished = &dialect.events[..2];
        check(dialect, &unfinished.concat(), Some(Piece::End), unfinished).await;
    }
}

#[tokio::test]
async fn a_stream_that_goes_silent_has_broken() {
    for dialect in dialect::ALL {
        check(dialect, dialect.events[0], None, &dialect.events[..1]).await;
    }
}

#[tokio::test]
async fn an_error_after_half_a_huge_event_can_still_be_read() {
    for dialect in dialect::ALL {
        let half = format!("{}data: {{\"odd\":\"{}", dialect.events[0], "u".repeat(200_000));
        let answer = broken(dialect, &half, Some(Piece::Break)).await;
        assert!(!answer.cut, "{}", dialect.name);
        let data = data_of(&answer.text());
        let error = data.iter().find(|event| event.contains("\"error\"")).expect("an event");
        dialect.assert_error(&serde_json::from_str(error).expect("an event of its own"));
    }
}

#[tokio::test]
async fn the_upstreams_own_error_event_is_the_last() {
    for dialect in dialect::ALL {
        let says = format!("{}{}", dialect.events[0], dialect.overloaded);
        let answer = broken(dialect, &says, Some(Piece::End)).await;
        assert_eq!((answer.text(), answer.cut), (says, false), "{}", dialect.name);
    }
}

#[tokio::test]
async fn a_response_that_failed_is_not_done() {
    let failed = json!({"type": "response.failed", "sequence_number": 9, "response": {
        "id": "resp_1", "status": "failed", "error": {"code": "server_error", "message": "they say so"}}});
    let says = format!("{}event: response.failed\ndata: {failed}\n\n", OPENAI_RESPONSES.events[0]);
    let answer = broken(&OPENAI_RESPONSES, &says, Some(Piece::End)).await;
    assert_eq!((answer.text(), answer.cut), (says, false));
}

/// Only an event stream can report that it broke; any other answer is cut by the connection.
async fn check_cut(path: &str, says: Reply, end: Option<Piece>, received: &str) {
    let case = format!("{path} {says:?} {end:?}");
    let upstream = FakeUpstream::always(says.clone()).await;
    let proxy = GEMINI.serve(&upstream, "request_timeout_secs = 1").await;
    let fed = async {
        if let Reply::Fed { .. } = says {
            upstream.feed_text(received).await;
            if let Some(end) = end {
                upstream.feed(end).await;
            }
        }
    };
    let body = GEMINI.body(false);
    let (answer, ()) = tokio::join!(proxy.post(path, &body), fed);
    assert!(answer.cut, "{case}: taken for whole: {}", answer.text());
    assert_eq!(answer.text(), received, "{case}");
    let record = &proxy.wait_for_records(1).await[0];
    assert_eq!(record["outcome"], "cut", "{case}");
    assert_eq!(upstream.seen().len(), 1, "{case}");
}

#[tokio::test]
async fn a_whole_answer_that_breaks_is_broken_for_the_client_too() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n";
    let json = || Reply::fed("application/json");
    let short = Reply::Raw(Bytes::from(format!("{HEAD}{{\"candidates\":")));
    let (whole, array) = (GEMINI.path(false), "/v1beta/models/gemini-3-flash:streamGenerateContent");
    check_cut(whole, json(), Some(Piece::Break), "{\"candidates\":").await;
    check_cut(whole, json(), None, "{\"candidates\":").await;
    check_cut(whole, short, None, "{\"candidates\":").await;
    check_cut(array, json(), Some(Piece::Break), "[{\"candidates\":[]}").await;
    check_cut(array, json(), Some(Piece::End), "[{\"candidates\":[]}").await;
    check_cut(array, json(), None, "[{\"candidates\":[]}").await;
}

#[tokio::test]
async fn a_client_sees_as_much_of_a_broken_answer_as_came() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = OPENAI_CHAT.serve(&upstream, "").await;
    let (mut stream, ()) = tokio::join!(OPENAI_CHAT.open(&proxy), upstream.feed_text(OPENAI_CHAT.events[0]));
    stream.take(OPENAI_CHAT.events[0].len()).await;
    upstream.feed_text("data: {\"half").await;
    upstream.feed(Piece::Break).await;
    let (rest, cut) = stream.rest().await;
    assert_eq!((data_of(&rest).len(), cut), (1, false), "{rest}");
    assert_eq!(proxy.wait_for_records(1).await[0]["usage"], json!(null));
}
