//! Which words of an upstream are a verdict on an account, and which only repeat the request.

use serde_json::{Value, json};

use super::dialect::{self, Dialect};
use crate::support::proxy::{account, account_in};
use crate::support::{FakeUpstream, Reply, TestProxy};

/// Sentences that disable or rest an account when the upstream writes them of its own accord: the
/// provider, its dialect, the sentence.
const SENTENCES: [(&str, &Dialect, &str); 4] = [
    ("gemini", &dialect::GEMINI, "API key not valid. Please pass a valid API key."),
    ("anthropic", &dialect::ANTHROPIC, "Your credit balance is too low to access the Anthropic API."),
    ("openai-compatible", &dialect::OPENAI_CHAT, "API key expired. Please renew the API key."),
    ("openai-compatible", &dialect::OPENAI_CHAT, "This organization has been disabled."),
];

/// Two accounts at one upstream, both ready.
async fn pair(provider: &str, upstream: &FakeUpstream) -> TestProxy {
    let accounts = ["first", "second"].map(|name| account(name, provider, upstream, ""));
    TestProxy::serve(&format!("[pool]\nstrategy = \"fill_first\"\n{}", accounts.concat())).await
}

/// A refusal as its provider writes it.
fn refusal(provider: &str, message: &str) -> Value {
    match provider {
        "gemini" => json!({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}),
        "anthropic" => {
            json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}})
        }
        _ => json!({"error": {"message": message, "type": "invalid_request_error", "code": null}}),
    }
}

/// Waits until the two accounts are in these states.
async fn wait_for(proxy: &TestProxy, case: &str, states: [&str; 2]) {
    proxy.wait_for_status(case, |status| are(status, states)).await;
}

fn are(status: &Value, states: [&str; 2]) -> bool {
    ["first", "second"].map(|name| account_in(status, name)["state"].clone()) == states
}

/// Fails unless both are ready, now and after a reload, by which every report has arrived.
async fn assert_ready(proxy: &TestProxy, case: &str) {
    let status = proxy.status().await;
    assert!(are(&status, ["ready", "ready"]), "{case}: {status}");
    assert!(proxy.run(&["reload"]).await.status.success());
    let status = proxy.status().await;
    assert!(are(&status, ["ready", "ready"]), "{case}: {status}");
}

#[tokio::test]
async fn words_that_an_upstream_quotes_from_the_request_disable_no_account() {
    let labels =
        "\"code\":\"insufficient_quota\",\"reason\":\"API_KEY_INVALID\",\"status\":\"billing_disabled\"";
    for (provider, dialect, sentence) in SENTENCES {
        let upstream = FakeUpstream::always(Reply::HangUp).await;
        let proxy = pair(provider, &upstream).await;
        for words in [sentence, labels] {
            let messages = [
                format!(
                    "Invalid JSON payload received. Unknown name \"{words}\" at 'tools[0]': Cannot find field."
                ),
                format!("messages.0.content: Input tag '{words}' found using 'type'"),
                format!("'{words}' is not a model"),
                format!("`{words}"),
                format!("“{words}”: no such thing"),
                format!("tools.0.{words}: Extra inputs are not permitted"),
                // A field's name may hold these, so that its rest reads as a sentence.
                words.replacen(' ', " \"\" ", 1),
                words.replacen(' ', " 'q' ", 1),
                words.replacen(' ', " \\", 1),
            ];
            for message in messages {
                let whole = refusal(provider, &message);
                let text = whole.to_string();
                let cut = text[..text.len() - 12].to_owned();
                for reply in [
                    Reply::json(400, &whole),
                    Reply::json(400, &json!([whole])),
                    Reply::whole(400, "application/json", cut),
                    Reply::whole(400, "text/plain", message.clone()),
                    Reply::whole(400, "text/html", format!("<html>{message}</html>")),
                ] {
                    upstream.now(reply.clone());
                    for stream in [false, true] {
                        let answer = dialect.ask(&proxy, stream).await;
                        assert_eq!(answer.status, 400, "{reply:?}: {}", answer.text());
                    }
                }
            }
        }
        assert_ready(&proxy, provider).await;
    }
}

#[tokio::test]
async fn a_sentence_that_the_request_holds_is_no_verdict_even_without_quotes() {
    for (provider, dialect, sentence) in SENTENCES {
        let upstream = FakeUpstream::always(Reply::json(400, &refusal(provider, sentence))).await;
        let proxy = pair(provider, &upstream).await;
        let tool = json!({"name": "f", "input_schema": {"properties": {sentence: {"type": "string"}}}});
        let mut hostile = dialect.body(false);
        hostile["tools"] = json!([tool]);
        let mut spelt = dialect.body(false).to_string();
        let escaped: Vec<_> = sentence.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
        let escaped = escaped.concat();
        spelt.insert_str(1, &format!("\"{escaped}\":1,"));
        let mut nested = dialect.body(false);
        nested["metadata"] = json!({"a": escaped});
        let mut apart = dialect.body(false);
        apart["metadata"] = json!({sentence.replacen(' ', "\" \\'", 1): 1});
        for body in [hostile.to_string(), spelt, nested.to_string(), apart.to_string()] {
            let headers = [("content-type", "application/json")];
            let answer = proxy.send("POST", dialect.path(false), &headers, &body).await;
            assert_eq!(answer.status, 400, "{provider}: {}", answer.text());
        }
        assert_ready(&proxy, provider).await;
    }
}

/// The limit ends by itself, but the account rests until then.
#[tokio::test]
async fn a_spending_limit_that_the_request_holds_rests_no_account() {
    let sentence = "You have reached your specified API usage limits x";
    let refusal_of_field = refusal("anthropic", &format!("{sentence}: Extra inputs are not permitted"));
    let upstream = FakeUpstream::always(Reply::json(400, &refusal_of_field)).await;
    let proxy = pair("anthropic", &upstream).await;
    let mut hostile = dialect::ANTHROPIC.body(false);
    hostile[sentence] = json!(1);
    let answer = proxy.post(dialect::ANTHROPIC.path(false), &hostile).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_ready(&proxy, "held").await;

    upstream
        .now(Reply::json(400, &refusal("anthropic", "You have reached your specified API usage limits.")));
    assert_eq!(dialect::ANTHROPIC.ask(&proxy, false).await.status, 429);
    wait_for(&proxy, "said by the upstream alone", ["cooling", "cooling"]).await;
}

#[tokio::test]
async fn one_request_takes_out_at_most_one_account_by_a_sentence() {
    for (provider, dialect, sentence) in SENTENCES {
        let upstream = FakeUpstream::always(Reply::json(400, &refusal(provider, sentence))).await;
        let proxy = pair(provider, &upstream).await;
        let answer = dialect.ask(&proxy, false).await;
        let is_spent = sentence.contains("credit");
        let (status, state) = if is_spent { (429, "cooling") } else { (503, "disabled") };
        assert_eq!(answer.status, status, "{provider}: {}", answer.text());
        assert_eq!(upstream.seen().len(), 2, "{provider}: both were asked");
        wait_for(&proxy, provider, [state, "cooling"]).await;
        assert_eq!(dialect.ask(&proxy, false).await.status, status, "{provider}");
        assert_eq!(upstream.seen().len(), 3, "{provider}: the accused one is asked again");
        wait_for(&proxy, provider, [state, state]).await;
        assert_eq!(dialect.ask(&proxy, false).await.status, status, "{provider}");
        assert_eq!(upstream.seen().len(), 3, "{provider}: neither is asked");
    }
}

#[tokio::test]
async fn a_status_or_a_label_of_the_provider_takes_out_every_account_that_gets_it() {
    let label = json!({"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT", "details": [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
    ]}});
    let cases = [
        ("gemini", &dialect::GEMINI, Reply::json(400, &label), 503),
        ("gemini", &dialect::GEMINI, Reply::json(401, &refusal("gemini", "Who are you?")), 503),
        ("anthropic", &dialect::ANTHROPIC, Reply::json(402, &refusal("anthropic", "Pay.")), 429),
        ("anthropic", &dialect::ANTHROPIC, Reply::json(403, &refusal("anthropic", "Not you.")), 503),
        (
            "openai",
            &dialect::OPENAI_CHAT,
            Reply::json(429, &json!({"error": {"message": "Quota.", "code": "insufficient_quota"}})),
            429,
        ),
    ];
    for (provider, dialect, reply, status) in cases {
        let case = format!("{reply:?}");
        let upstream = FakeUpstream::always(reply).await;
        let proxy = pair(provider, &upstream).await;
        assert_eq!(dialect.ask(&proxy, false).await.status, status, "{case}");
        let state = if status == 429 { "cooling" } else { "disabled" };
        wait_for(&proxy, &case, [state, state]).await;
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_disables_no_account_by_its_words() {
    let message = "API key not valid. Please pass a valid API key.";
    let event = format!("data: {}\n\n", refusal("gemini", message));
    let stream = dialect::GEMINI.events[0].to_owned() + &event;
    let upstream = FakeUpstream::always(Reply::sse(stream)).await;
    let proxy = pair("gemini", &upstream).await;
    let answer = dialect::GEMINI.ask(&proxy, true).await;
    assert!(answer.text().contains(message), "{}", answer.text());
    assert_ready(&proxy, "a sentence in a stream").await;
}

/// The event by which each provider refuses a request within a stream.
#[tokio::test]
async fn an_error_in_a_stream_that_is_the_requests_own_fault_rests_no_account() {
    let openai = json!({"error": {"message": "bad field", "type": "invalid_request_error", "code": null}});
    let failed = json!({"type": "response.failed", "response": {
        "id": "r", "object": "response", "status": "failed", "instructions": "x".repeat(40_000),
        "error": {"code": "invalid_prompt", "message": "bad field"},
    }});
    let anthropic = refusal("anthropic", "bad field");
    let cases = [
        ("openai", &dialect::OPENAI_CHAT, format!("data: {openai}\n\n")),
        ("openai", &dialect::OPENAI_RESPONSES, format!("event: response.failed\ndata: {failed}\n\n")),
        ("anthropic", &dialect::ANTHROPIC, format!("event: error\ndata: {anthropic}\n\n")),
        ("anthropic", &dialect::OPENAI_CHAT, format!("event: error\ndata: {anthropic}\n\n")),
        ("gemini", &dialect::GEMINI, format!("data: {}\n\n", refusal("gemini", "bad field"))),
    ];
    for (provider, asked, event) in cases {
        let speaker = dialect::ALL.into_iter().find(|one| one.provider == provider);
        let speaker = if provider == asked.provider { asked } else { speaker.expect("a dialect") };
        for stream in [speaker.events[0].to_owned() + &event, event.clone()] {
            let upstream = FakeUpstream::always(Reply::sse(stream)).await;
            let accounts =
                ["first", "second"].map(|name| account(name, provider, &upstream, "models = [\"*\"]"));
            let proxy = TestProxy::serve(&accounts.concat()).await;
            for _ in 0..2 {
                let answer = asked.ask(&proxy, true).await;
                assert!(answer.text().contains("bad field"), "{provider}: {}", answer.text());
            }
            assert_ready(&proxy, &format!("{provider} to {}", asked.name)).await;
        }
    }
}
