//! How an answer may end, and how long it may take.

use std::time::Duration;

use serde_json::{Value, json};

use super::dialect::{self, ANTHROPIC, Dialect, GEMINI, OPENAI_CHAT};
use super::family::JSON;
use crate::support::client::{chat, open};
use crate::support::proxy::{account, account_in};
use crate::support::{FakeUpstream, Piece, Reply, TestProxy};

/// The state of the only account, once its answer is recorded with this outcome.
async fn state_after(proxy: &TestProxy, outcome: &str) -> Value {
    let record = &proxy.wait_for_records(1).await[0];
    assert_eq!(record["outcome"], outcome, "{record}");
    account_in(&proxy.status().await, "work")["state"].clone()
}

async fn serve(dialect: &Dialect, upstream: &FakeUpstream, timeout_secs: u32, more: &str) -> TestProxy {
    let account = account("work", dialect.provider, upstream, "");
    TestProxy::serve(&format!("[proxy]\nrequest_timeout_secs = {timeout_secs}\n{account}{more}")).await
}

/// After its terminating event a stream is whole, whether a reset follows or silence.
async fn check_late_end(dialect: &Dialect, end: Option<Piece>, timeout_secs: u32) {
    let case = format!("{} and then {end:?}", dialect.name);
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = serve(dialect, &upstream, timeout_secs, "").await;
    let fed = async {
        upstream.feed_text(&dialect.stream()).await;
        if let Some(end) = end {
            upstream.feed(end).await;
        }
    };
    let (answer, ()) = tokio::join!(dialect.ask(&proxy, true), fed);
    assert_eq!((answer.text(), answer.cut), (dialect.stream(), false), "{case}");
    assert_eq!(state_after(&proxy, "done").await, "ready", "{case}");
}

#[tokio::test]
async fn a_reset_after_the_terminating_event_is_harmless() {
    for dialect in dialect::ALL {
        check_late_end(dialect, Some(Piece::Break), 30).await;
    }
}

#[tokio::test]
async fn a_client_does_not_wait_for_an_upstream_that_lingers() {
    for dialect in dialect::ALL {
        // Gemini has no terminating event: another chunk may follow until the silence limit.
        let timeout_secs = if dialect.name == GEMINI.name { 1 } else { 30 };
        check_late_end(dialect, None, timeout_secs).await;
    }
}

#[tokio::test]
async fn a_translated_stream_is_whole_after_the_terminating_event() {
    for end in [Some(Piece::Break), None] {
        let upstream = FakeUpstream::always(Reply::fed_sse()).await;
        let model = format!("[models]\n\"claude-*\" = \"work/{}\"\n", OPENAI_CHAT.model);
        let proxy = serve(&OPENAI_CHAT, &upstream, 30, &model).await;
        let fed = async {
            upstream.feed_text(&OPENAI_CHAT.stream()).await;
            if let Some(end) = end.clone() {
                upstream.feed(end).await;
            }
        };
        let (answer, ()) = tokio::join!(ANTHROPIC.ask(&proxy, true), fed);
        let text = answer.text();
        assert!(
            !answer.cut && text.trim_end().ends_with("data: {\"type\":\"message_stop\"}"),
            "{end:?}: {text}"
        );
        assert_eq!(state_after(&proxy, "done").await, "ready", "{end:?}");
    }
}

#[tokio::test]
async fn an_error_that_is_the_requests_own_fault_leaves_the_account_ready() {
    let event = json!({"error": {"message": "too long", "type": "invalid_request_error", "code": 400}});
    let stream = format!("{}data: {event}\n\n", OPENAI_CHAT.events[0]);
    let upstream = FakeUpstream::always(Reply::sse(stream.clone())).await;
    let proxy = serve(&OPENAI_CHAT, &upstream, 30, "").await;
    let answer = OPENAI_CHAT.ask(&proxy, true).await;
    assert_eq!(answer.text(), stream);
    assert_eq!(state_after(&proxy, "cut").await, "ready");
}

#[tokio::test]
async fn the_second_account_asked_has_the_whole_timeout() {
    let first = FakeUpstream::always(Reply::Silence).await;
    let second = FakeUpstream::always(Reply::fed("application/json")).await;
    let accounts = [("first", &first, "priority = 1"), ("second", &second, "priority = 2")]
        .map(|(name, upstream, more)| account(name, "openai", upstream, more));
    let config = "[proxy]\nrequest_timeout_secs = 2\n[pool]\nstrategy = \"fill_first\"\n";
    let proxy = TestProxy::serve(&(config.to_owned() + &accounts.concat())).await;
    let body = chat("gpt-5", false).to_string();
    let opened = open(proxy.address, "POST", "/v1/chat/completions", &[JSON], body);
    let (mut stream, ()) = tokio::join!(opened, second.feed_text("{\"choices\":["));
    assert_eq!(stream.status, 200);
    let half = stream.take(12).await;
    second.feed_text("]}").await;
    second.feed(Piece::End).await;
    let (rest, cut) = stream.rest().await;
    assert_eq!((half + &rest, cut), ("{\"choices\":[]}".to_owned(), false));
}

#[tokio::test]
async fn no_client_is_asked_to_wait_longer_than_a_cooldown_lasts() {
    let limited = Reply::json(429, &json!({"error": {"message": "slow down"}}));
    let upstream = FakeUpstream::always(limited.with_header("retry-after", "864000")).await;
    for accounts in [2, 3, 4] {
        let accounts = (0..accounts).map(|number| account(&format!("a{number}"), "openai", &upstream, ""));
        let proxy = TestProxy::serve(&accounts.collect::<String>()).await;
        let answer = OPENAI_CHAT.ask(&proxy, false).await;
        assert_eq!(answer.status, 429, "{}", answer.text());
        let wait = answer.header("retry-after").expect("a time").parse().map(Duration::from_secs);
        assert!(wait.expect("seconds") <= Duration::from_hours(1), "{:?}", answer.headers);
    }
}
