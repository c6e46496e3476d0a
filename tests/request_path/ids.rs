//! Ids of answers: a client that knows one can continue from it, so none reveals another.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::family::Family;
use crate::support::{FakeUpstream, Reply, TestProxy};

/// A chat completion that calls a tool without naming the call.
fn whole() -> Reply {
    let call = json!({"type": "function", "function": {"name": "look", "arguments": "{}"}});
    let message = json!({"role": "assistant", "content": "hi", "tool_calls": [call]});
    Reply::json(
        200,
        &json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}),
    )
}

fn stream() -> Reply {
    let call = json!([{"index": 0, "type": "function", "function": {"name": "look", "arguments": "{}"}}]);
    let deltas = [json!({"content": "hi"}), json!({"tool_calls": call})];
    let chunk = |delta| json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    let mut events: Vec<Value> = deltas.into_iter().map(chunk).collect();
    events.push(json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}));
    let events: Vec<String> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    Reply::sse(events.concat() + "data: [DONE]\n\n")
}

const ASKED: [(&str, &str); 4] = [
    ("/v1/responses", r#"{"model":"m","input":"hi"}"#),
    ("/v1/messages", r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#),
    ("/v1beta/models/m:generateContent", r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#),
    (
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
    ),
];

/// Every run of hexadecimal digits as long as 128 bits.
fn random_parts(text: &str) -> HashSet<String> {
    let runs = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let parts = runs.filter(|run| run.len() >= 32).map(|run| run[run.len() - 32..].to_owned());
    parts.filter(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit())).collect()
}

/// How many digits two ids begin with in common.
fn alike(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
}

#[tokio::test]
async fn an_answers_ids_reveal_nothing_of_its_request_or_of_another_answer() {
    let upstream = FakeUpstream::always(whole()).await;
    let proxy = TestProxy::with_upstream("openai-compatible", &upstream).await;
    let mut known = HashSet::new();
    for _ in 0..3 {
        for (path, body) in ASKED {
            for streams in [false, true] {
                let is_gemini = path.contains("models");
                let has_events = if is_gemini { path.contains("stream") } else { streams };
                upstream.now(if has_events { stream() } else { whole() });
                let mut body: Value = serde_json::from_str(body).expect("JSON");
                if !is_gemini {
                    body["stream"] = json!(streams);
                }
                let answer = proxy.post(path, &body).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                let request_id = answer.header("x-request-id").expect("an id").to_owned();
                let parts = random_parts(&answer.text());
                assert_eq!(parts.len(), 1, "{path}: one seed in {}", answer.text());
                known.extend(parts);
                assert!(known.insert(request_id[4..].to_owned()), "{request_id} has come before");
            }
        }
    }
    let known: Vec<String> = known.into_iter().collect();
    assert_eq!(known.len(), 3 * ASKED.len() * 2 * 2, "every answer and every request has its own");
    for (number, one) in known.iter().enumerate() {
        for other in &known[number + 1..] {
            let reversed = |text: &str| text.chars().rev().collect::<String>();
            let (head, tail) = (alike(one, other), alike(&reversed(one), &reversed(other)));
            assert!(head < 12 && tail < 12, "{one} and {other}");
        }
    }
}

#[tokio::test]
async fn a_request_id_does_not_continue_an_answer() {
    let upstream = FakeUpstream::always(whole()).await;
    let proxy = TestProxy::with_upstream("openai-compatible", &upstream).await;
    let secret = json!({"model": "m", "input": "MY PRIVATE PROMPT"});
    let answer = proxy.post("/v1/responses", &secret).await;
    let request_id = answer.header("x-request-id").expect("an id").to_owned();
    let seed: String = request_id.chars().filter(char::is_ascii_alphanumeric).collect();
    upstream.forget();
    let guesses = [
        json!({"model": "m", "input": "go on", "previous_response_id": format!("resp_{seed}")}),
        json!({"model": "m", "input": "go on", "previous_response_id": format!("resp_{}", &request_id[4..])}),
        json!({"model": "m", "input": [{"type": "item_reference", "id": format!("msg_{seed}_0")}]}),
        json!({"model": "m", "input": [{"type": "item_reference", "id": format!("msg_{seed}_1")}]}),
    ];
    for guess in guesses {
        let refused = proxy.post("/v1/responses", &guess).await;
        Family::OpenAi.assert_error(&refused, 400, &["not known here"]);
    }
    assert!(upstream.seen().is_empty());
    let known = json!({"model": "m", "input": "go on", "previous_response_id": answer.json()["id"]});
    assert_eq!(proxy.post("/v1/responses", &known).await.status, 200, "its own client may");
}

#[tokio::test]
async fn ids_contain_no_counter() {
    let upstream = FakeUpstream::always(whole()).await;
    let proxy = TestProxy::with_upstream("openai-compatible", &upstream).await;
    let mut halves = HashSet::new();
    for path in ["/healthz", "/v1/models", "/nothing", "/healthz", "/"] {
        for _ in 0..8 {
            let answer = proxy.get(path).await;
            let id = answer.header("x-request-id").expect("an id").to_owned();
            let digits = id.strip_prefix("req_").unwrap_or_else(|| panic!("{id}")).to_owned();
            assert_eq!(digits.len(), 32, "{id}");
            halves.insert(digits[..16].to_owned());
            halves.insert(digits[16..].to_owned());
        }
    }
    assert_eq!(halves.len(), 5 * 8 * 2, "no half of an id stands still");
}
