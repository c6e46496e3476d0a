//! Whose fault a failure is, and what happens to the request and to the account.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Value, json};

use super::dialect::{self, Dialect, OPENAI_CHAT};
use crate::support::proxy::{account, account_in};
use crate::support::{FakeUpstream, Piece, Reply, TestProxy, until};

/// Two accounts on two upstreams. The first is always asked first.
struct Pair {
    first: FakeUpstream,
    second: FakeUpstream,
    proxy: TestProxy,
}

impl Pair {
    async fn new(provider: &str, first: Reply, second: Reply) -> Self {
        Self::with(provider, first, second, "request_timeout_secs = 1", "").await
    }

    async fn with(provider: &str, first: Reply, second: Reply, proxy: &str, pool: &str) -> Self {
        let (first, second) = (FakeUpstream::always(first).await, FakeUpstream::always(second).await);
        let accounts = [("first", &first, "priority = 1"), ("second", &second, "priority = 2")]
            .map(|(name, upstream, more)| account(name, provider, upstream, more));
        let config =
            format!("[proxy]\n{proxy}\n[pool]\nstrategy = \"fill_first\"\n{pool}\n{}", accounts.concat());
        let proxy = TestProxy::serve(&config).await;
        Self { first, second, proxy }
    }

    /// Waits until an account is in this state, and returns its entry in the status.
    async fn wait_for(&self, name: &str, state: &str) -> Value {
        let is_so = |status: &Value| account_in(status, name)["state"] == state;
        account_in(&self.proxy.wait_for_status(state, is_so).await, name)
    }

    fn asked(&self) -> (usize, usize) {
        (self.first.seen().len(), self.second.seen().len())
    }
}

fn seconds_from_now(status: &Value) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    status["cooling_until_unix_secs"].as_u64().expect("a moment").saturating_sub(now)
}

/// A refusal in a shape that is read for every provider.
fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": {"message": message, "type": "x", "code": code}}))
}

/// Asserts that the second account answers after this reply of the first, which then is in
/// `state` for `reason`.
async fn check_next(dialect: &Dialect, stream: bool, reply: Reply, state: &str, reason: &str) {
    let answer = if stream { Reply::sse(dialect.stream()) } else { dialect.whole_reply() };
    let case = format!("{} after {reply:?}", dialect.name);
    let pair = Pair::new(dialect.provider, reply, answer).await;
    let (answer, first) = tokio::join!(dialect.ask(&pair.proxy, stream), pair.wait_for("first", state));
    assert_eq!(answer.status, 200, "{case}: {}", answer.text());
    let expected = if stream { dialect.stream() } else { dialect.whole.to_owned() };
    assert_eq!(answer.text(), expected, "{case}");
    assert_eq!(answer.header("x-portcullis-account"), Some("second"), "{case}");
    assert_eq!(pair.asked(), (1, 1), "{case}");
    assert!(first["reason"].as_str().is_some_and(|text| text.contains(reason)), "{case}: {first}");
    assert_eq!(pair.proxy.account("second").await["state"], "ready", "{case}");
    let record = &pair.proxy.wait_for_records(1).await[0];
    assert_eq!(record["account"], "second", "{case}");
    let attempts = record["attempts"].as_array().expect("a list");
    let names: Vec<_> = attempts.iter().map(|attempt| attempt["account"].as_str()).collect();
    assert_eq!(names, [Some("first"), Some("second")], "{case}");
    assert!(attempts[0]["failure"].as_str().is_some_and(|text| text.contains(reason)), "{case}: {record}");
    assert_eq!((&attempts[1]["failure"], &record["outcome"]), (&Value::Null, &json!("done")), "{case}");
}

#[tokio::test]
async fn an_error_of_the_requests_own_goes_back_as_it_is() {
    for status in [400, 404, 413, 422] {
        let body = json!({"error": {"message": "no such thing", "odd": [1.0, null]}});
        let pair = Pair::new("openai", Reply::json(status, &body), OPENAI_CHAT.whole_reply()).await;
        let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (status, body.to_string()));
        assert_eq!(pair.asked(), (1, 0), "{status}");
        assert_eq!(pair.proxy.account("first").await["state"], "ready", "{status}");
        let record = &pair.proxy.wait_for_records(1).await[0];
        assert_eq!((&record["outcome"], &record["status"]), (&json!("failed"), &json!(status)));
        assert_eq!(record["attempts"].as_array().map(Vec::len), Some(1), "{status}");
    }
}

#[tokio::test]
async fn a_dead_credential_disables_the_account_and_another_answers() {
    check_next(
        &OPENAI_CHAT,
        false,
        refusal(401, "invalid_api_key", "Incorrect key"),
        "disabled",
        "invalid key",
    )
    .await;
    check_next(&OPENAI_CHAT, false, refusal(403, "x", "Not for you"), "disabled", "access denied").await;
    let gemini = json!({"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
        "details": [{"reason": "API_KEY_INVALID"}]}});
    check_next(&dialect::GEMINI, false, Reply::json(400, &gemini), "disabled", "invalid key").await;
}

#[tokio::test]
async fn no_credit_cools_the_account_and_another_answers() {
    let quota = "You exceeded your current quota";
    for code in ["insufficient_quota", "billing_hard_limit_reached", "exceeded_current_quota_error"] {
        check_next(&OPENAI_CHAT, false, refusal(429, code, quota), "cooling", quota).await;
    }
    check_next(&OPENAI_CHAT, true, refusal(402, "x", "Top up"), "cooling", "payment required").await;
    check_next(&OPENAI_CHAT, false, refusal(429, "billing_not_active", "Pay"), "disabled", "billing").await;
}

#[tokio::test]
async fn a_rate_limit_or_an_upstream_error_cools_the_account_and_another_answers() {
    let limited = refusal(429, "rate_limit_exceeded", "Slow down");
    for reply in [limited.clone(), limited.with_header("retry-after", "30")] {
        check_next(&OPENAI_CHAT, false, reply, "cooling", "Slow down").await;
    }
    for status in [500, 502, 503, 529] {
        check_next(&OPENAI_CHAT, false, refusal(status, "x", "Trouble here"), "cooling", "Trouble here")
            .await;
    }
    let page = Reply::whole(403, "text/html", "<html>sign in to this network</html>");
    check_next(&OPENAI_CHAT, false, page, "cooling", "a web page answered").await;
}

#[tokio::test]
async fn a_missing_or_unusable_answer_cools_the_account_and_another_answers() {
    let short = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n";
    let replies = [
        (Reply::HangUp, ""),
        (Reply::Silence, "no answer within 1 s"),
        (Reply::Raw(Bytes::from_static(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")), ""),
        (Reply::Raw(Bytes::from_static(short.as_bytes())), "before the first byte"),
        (Reply::whole(200, "application/json", ""), "empty"),
    ];
    for (reply, reason) in replies {
        check_next(&OPENAI_CHAT, false, reply, "cooling", reason).await;
    }
    check_next(&OPENAI_CHAT, true, Reply::fed_sse(), "cooling", "no answer within 1 s").await;
    check_next(&OPENAI_CHAT, true, Reply::sse(""), "cooling", "empty").await;
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    for status in [301, 302, 307, 308] {
        let redirect = Reply::whole(status, "text/plain", "").with_header("location", &elsewhere.url());
        check_next(&OPENAI_CHAT, false, redirect, "cooling", "redirect").await;
    }
    assert!(elsewhere.seen().is_empty(), "the key was sent to no other host");
}

#[tokio::test]
async fn a_200_whose_first_event_is_an_error_is_a_failure_like_any_other() {
    for dialect in dialect::ALL {
        check_next(dialect, true, Reply::sse(dialect.overloaded), "cooling", "overloaded").await;
        let torn = Reply::chunked("text/event-stream", dialect.overloaded, 1);
        check_next(dialect, true, torn, "cooling", "overloaded").await;
    }
}

#[tokio::test]
async fn each_account_is_tried_once_and_at_most_max_attempts_accounts_are_tried() {
    let trouble = || refusal(500, "x", "trouble");
    let pair = Pair::with("openai", trouble(), trouble(), "", "max_attempts = 9").await;
    let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!((answer.status.as_u16(), answer.message()), (500, "trouble".to_owned()));
    assert_eq!(pair.asked(), (1, 1));

    let pair = Pair::with("openai", trouble(), OPENAI_CHAT.whole_reply(), "", "max_attempts = 1").await;
    assert_eq!(OPENAI_CHAT.ask(&pair.proxy, false).await.status, 500);
    assert_eq!(pair.asked(), (1, 0));

    // An account that was not asked is not reported as missing.
    let dead = refusal(401, "invalid_api_key", "trouble");
    let pair = Pair::with("openai", dead, OPENAI_CHAT.whole_reply(), "", "max_attempts = 1").await;
    let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!(answer.status, 503);
    assert!(answer.message().contains("pool.max_attempts"), "{}", answer.message());
}

#[tokio::test]
async fn when_no_account_is_left_the_client_gets_an_error_of_its_own_protocol() {
    let cases = [
        (401, 503, "credential"),
        (403, 503, "credential"),
        (302, 502, "redirect"),
        (500, 500, "of mine"),
        (429, 429, "of mine"),
    ];
    for dialect in dialect::ALL {
        for (status, expected, text) in cases {
            let reply = Reply::json(status, &json!({"error": {"message": "a message of mine"}}));
            let upstream = FakeUpstream::always(reply).await;
            let proxy = dialect.serve(&upstream, "").await;
            let answer = dialect.ask(&proxy, true).await;
            assert_eq!(answer.status.as_u16(), expected, "{} {status}: {}", dialect.name, answer.text());
            assert!(answer.message().contains(text), "{} {status}: {}", dialect.name, answer.text());
            if expected != status || expected == 429 {
                dialect.assert_error(&answer.json());
            }
        }
    }
    let cases = [(Reply::HangUp, 502), (Reply::Silence, 504)];
    for (reply, expected) in cases {
        let upstream = FakeUpstream::always(reply).await;
        let proxy = OPENAI_CHAT.serve(&upstream, "request_timeout_secs = 1").await;
        assert_eq!(OPENAI_CHAT.ask(&proxy, false).await.status, expected);
    }
}

#[tokio::test]
async fn an_upstreams_403_about_the_model_is_not_the_clients_credential() {
    let reply = Reply::json(
        403,
        &json!({"type": "error", "error": {"type": "permission_error", "message": "Your account has no access to this model"}}),
    );
    let upstream = FakeUpstream::always(reply).await;
    let proxy = dialect::ANTHROPIC.serve(&upstream, "").await;
    let answer = dialect::ANTHROPIC.ask(&proxy, false).await;
    assert!(![401, 403].contains(&answer.status.as_u16()), "{}", answer.text());
    assert!(answer.message().contains("no access to this model"), "{}", answer.text());
    assert_eq!(proxy.account("work").await["state"], "ready");
}

#[tokio::test]
async fn with_all_accounts_cooling_the_client_gets_429_and_the_earliest_retry_time() {
    for dialect in dialect::ALL {
        let limited = |seconds| refusal(429, "x", "slow down").with_header("retry-after", seconds);
        let pair = Pair::new(dialect.provider, limited("300"), limited("100")).await;
        for turn in ["first", "second"] {
            let answer = dialect.ask(&pair.proxy, false).await;
            assert_eq!(answer.status, 429, "{} {turn}: {}", dialect.name, answer.text());
            dialect.assert_error(&answer.json());
            let wait: u64 = answer.header("retry-after").expect("a hint").parse().expect("seconds");
            assert!((70..=100).contains(&wait), "{} {turn}: {wait}", dialect.name);
        }
        assert_eq!(pair.asked(), (1, 1), "{}: a cooling account is not asked", dialect.name);
    }
}

#[tokio::test]
async fn with_one_account_refused_and_one_cooling_the_client_gets_429_because_waiting_helps() {
    let limited = refusal(429, "x", "slow down").with_header("retry-after", "100");
    let pair = Pair::new("openai", refusal(401, "invalid_api_key", "Incorrect key"), limited).await;
    assert_eq!(pair.proxy.chat("second/gpt-5").await.status, 429);
    let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn every_spelling_of_a_retry_time_is_obeyed_up_to_the_limit() {
    let at = |seconds: u64| {
        let moment = SystemTime::now() + std::time::Duration::from_secs(seconds);
        let moment: jiff::Timestamp = moment.try_into().expect("a moment");
        moment.to_string()
    };
    let date = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at(200).parse().expect("a moment"))
        .expect("a date");
    let limited = || refusal(429, "x", "slow down");
    let details = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "200s"}]);
    let cases = [
        ("openai", limited().with_header("retry-after", "200"), 200),
        ("openai", limited().with_header("retry-after", &date), 200),
        ("openai", limited().with_header("retry-after-ms", "200000"), 200),
        ("openai", limited().with_header("x-ratelimit-reset-tokens", "3m20s"), 200),
        (
            "anthropic",
            limited()
                .with_header("anthropic-ratelimit-requests-remaining", "0")
                .with_header("anthropic-ratelimit-requests-reset", &at(200)),
            200,
        ),
        ("gemini", Reply::json(429, &json!({"error": {"message": "slow down", "details": details}})), 200),
        ("openai", limited().with_header("retry-after", "864000"), 400),
    ];
    for (provider, reply, expected) in cases {
        let dialect = dialect::ALL.into_iter().find(|dialect| dialect.provider == provider).expect("one");
        let case = format!("{reply:?}");
        let pair = Pair::with(provider, reply, dialect.whole_reply(), "", "max_cooldown_secs = 400").await;
        assert_eq!(dialect.ask(&pair.proxy, false).await.status, 200);
        let wait = seconds_from_now(&pair.wait_for("first", "cooling").await);
        // The time is given in whole seconds, rounded.
        assert!((expected - 30..=expected + 1).contains(&wait), "{case}: {wait}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_for_one_model_where_the_provider_limits_per_model() {
    let limited = || refusal(429, "x", "slow down").with_header("retry-after", "100");
    for (provider, asked_again) in [("openai", "first"), ("openai-compatible", "second")] {
        let pair = Pair::new(provider, limited(), OPENAI_CHAT.whole_reply()).await;
        assert_eq!(pair.proxy.chat("gpt-5").await.header("x-portcullis-account"), Some("second"));
        pair.first.now(OPENAI_CHAT.whole_reply());
        assert_eq!(pair.proxy.chat("gpt-5").await.header("x-portcullis-account"), Some("second"));
        let other = pair.proxy.chat("gpt-4o").await;
        assert_eq!(other.header("x-portcullis-account"), Some(asked_again), "{provider}");
    }
}

#[tokio::test]
async fn clearing_a_cooldown_lets_the_account_be_tried_at_once() {
    let limited = refusal(429, "x", "slow down").with_header("retry-after", "100");
    let pair = Pair::new("openai", limited, OPENAI_CHAT.whole_reply()).await;
    OPENAI_CHAT.ask(&pair.proxy, false).await;
    pair.first.now(OPENAI_CHAT.whole_reply());
    assert!(pair.proxy.home.run(&["account", "clear-cooldown", "first"]).status.success());
    let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!(answer.header("x-portcullis-account"), Some("first"));
}

/// A pair whose first account has failed, cooled and is ready again.
async fn cooled_down() -> Pair {
    let pair = Pair::with("openai", refusal(500, "x", "trouble"), OPENAI_CHAT.whole_reply(), "", "").await;
    tokio::join!(OPENAI_CHAT.ask(&pair.proxy, false), pair.wait_for("first", "cooling"));
    pair.wait_for("first", "ready").await;
    pair
}

#[tokio::test]
async fn after_a_cooldown_a_single_request_probes_the_account() {
    let pair = cooled_down().await;
    pair.first.now(Reply::fed("application/json"));

    let probe = async {
        let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
        answer.header("x-portcullis-account").map(str::to_owned)
    };
    let others = async {
        pair.first.wait_for_requests(2).await;
        for _ in 0..3 {
            let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
            assert_eq!(answer.header("x-portcullis-account"), Some("second"));
        }
        pair.first.feed_text(OPENAI_CHAT.whole).await;
        pair.first.feed(Piece::End).await;
    };
    let (probe, ()) = tokio::join!(probe, others);
    assert_eq!((probe.as_deref(), pair.first.seen().len()), (Some("first"), 2));

    pair.first.now(OPENAI_CHAT.whole_reply());
    let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!(answer.header("x-portcullis-account"), Some("first"));
}

#[tokio::test]
async fn a_probe_that_fails_cools_the_account_again() {
    let pair = cooled_down().await;
    pair.first.now(refusal(500, "x", "trouble").with_header("retry-after", "100"));
    let (answer, _) = tokio::join!(OPENAI_CHAT.ask(&pair.proxy, false), pair.wait_for("first", "cooling"));
    assert_eq!((answer.status.as_u16(), pair.asked()), (200, (2, 2)));
    OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!(pair.asked(), (2, 3));
}

#[cfg(unix)]
#[tokio::test]
async fn a_dead_credential_stays_disabled_over_a_restart_until_it_is_enabled_by_hand() {
    let mut pair = dead_first().await;
    pair.proxy = pair.proxy.restarted().await;
    let first = pair.proxy.account("first").await;
    assert_eq!(first["state"], "disabled");
    assert!(first["reason"].as_str().is_some_and(|reason| reason.contains("invalid key")), "{first}");
    OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!(pair.first.seen().len(), 1, "the account is not asked again");

    pair.first.now(OPENAI_CHAT.whole_reply());
    assert!(pair.proxy.home.run(&["account", "enable", "first"]).status.success());
    let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!(answer.header("x-portcullis-account"), Some("first"));
}

#[tokio::test]
async fn a_dead_credential_gets_another_chance_when_its_key_is_edited() {
    let pair = dead_first().await;
    pair.first.now(OPENAI_CHAT.whole_reply());
    let config = std::fs::read_to_string(pair.proxy.home.config()).expect("a config");
    pair.proxy.home.write_config(&config.replace("up-first-secret-key", "up-first-better-key"));
    pair.wait_for("first", "ready").await;
    let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!(answer.header("x-portcullis-account"), Some("first"));
    let seen = pair.first.seen();
    assert_eq!(seen[1].header("authorization"), Some("Bearer up-first-better-key"));
}

async fn dead_first() -> Pair {
    let dead = refusal(401, "invalid_api_key", "Incorrect key");
    let pair = Pair::new("openai", dead, OPENAI_CHAT.whole_reply()).await;
    OPENAI_CHAT.ask(&pair.proxy, false).await;
    pair.wait_for("first", "disabled").await;
    pair
}

#[tokio::test]
async fn a_cooldown_that_was_saved_outlives_kill_9() {
    let limited = refusal(429, "x", "slow down").with_header("retry-after", "900");
    let mut pair = Pair::new("openai", limited, OPENAI_CHAT.whole_reply()).await;
    OPENAI_CHAT.ask(&pair.proxy, false).await;
    let file = pair.proxy.home.file("pool.json");
    until("the cooldown is saved", async || {
        std::fs::read_to_string(&file).ok().filter(|text| text.contains("slow down"))
    })
    .await;
    pair.proxy = pair.proxy.killed_and_restarted().await;
    let first = pair.proxy.account("first").await;
    assert_eq!(first["state"], "cooling");
    assert!((800..=900).contains(&seconds_from_now(&first)), "{first}");
    let answer = OPENAI_CHAT.ask(&pair.proxy, false).await;
    assert_eq!((answer.header("x-portcullis-account"), pair.first.seen().len()), (Some("second"), 1));
}
