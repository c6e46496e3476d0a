//! Gemini's thought signatures, for clients that send a call back without its signature.

use serde_json::{Value, json};

use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

const SIGNATURE: &str = "c2lnbmF0dXJl";
/// The signature that Gemini gets for a call without one.
const NONE_THERE: &str = "skip_thought_signature_validator";

/// The clients of other protocols.
#[derive(Clone, Copy, Debug)]
enum Client {
    Chat,
    Responses,
    Anthropic,
}

impl Client {
    const ALL: [Self; 3] = [Self::Chat, Self::Responses, Self::Anthropic];

    const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Anthropic => "/v1/messages",
        }
    }

    /// A question, or the conversation after these calls were answered. Only the id, the name
    /// and the arguments of a call come back.
    fn ask(self, streams: bool, calls: &[String]) -> Value {
        let turns: Vec<Value> = match self {
            Self::Chat => {
                let made = calls.iter().map(|id| {
                    json!({"id": id, "type": "function", "function": {"name": "look", "arguments": "{}"}})
                });
                let made =
                    json!({"role": "assistant", "content": null, "tool_calls": made.collect::<Vec<_>>()});
                let results =
                    calls.iter().map(|id| json!({"role": "tool", "tool_call_id": id, "content": "seen"}));
                std::iter::once(made).chain(results).collect()
            }
            Self::Responses => {
                let made = calls.iter().map(
                    |id| json!({"type": "function_call", "call_id": id, "name": "look", "arguments": "{}"}),
                );
                let results = calls
                    .iter()
                    .map(|id| json!({"type": "function_call_output", "call_id": id, "output": "seen"}));
                made.chain(results).collect()
            }
            Self::Anthropic => {
                let made =
                    calls.iter().map(|id| json!({"type": "tool_use", "id": id, "name": "look", "input": {}}));
                let results = calls
                    .iter()
                    .map(|id| json!({"type": "tool_result", "tool_use_id": id, "content": "seen"}));
                vec![
                    json!({"role": "assistant", "content": made.collect::<Vec<_>>()}),
                    json!({"role": "user", "content": results.collect::<Vec<_>>()}),
                ]
            }
        };
        let question = std::iter::once(json!({"role": "user", "content": "look twice"}));
        let turns: Vec<Value> =
            if calls.is_empty() { question.collect() } else { question.chain(turns).collect() };
        let field = if matches!(self, Self::Responses) { "input" } else { "messages" };
        json!({"model": "gemini-3-flash", "max_tokens": 99, "stream": streams, field: turns})
    }

    /// The ids of the calls in an answer, in order.
    fn calls(self, answer: &Answer) -> Vec<String> {
        assert_eq!(answer.status, 200, "{self:?}: {}", answer.text());
        let text = answer.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let mut values: Vec<Value> = data.filter_map(|data| serde_json::from_str(data).ok()).collect();
        if values.is_empty() {
            values.push(answer.json());
        }
        let ids = |value: &Value| -> Vec<Value> {
            match self {
                Self::Chat => {
                    let calls = ["delta", "message"].map(|said| &value["choices"][0][said]["tool_calls"]);
                    calls
                        .iter()
                        .filter_map(|calls| calls.as_array())
                        .flatten()
                        .map(|c| c["id"].clone())
                        .collect()
                }
                Self::Responses => {
                    let whole = value["output"].as_array().into_iter().flatten();
                    let streamed = std::iter::once(&value["item"])
                        .filter(|_| value["type"] == "response.output_item.done");
                    whole.chain(streamed).map(|item| item["call_id"].clone()).collect()
                }
                Self::Anthropic => {
                    let whole = value["content"].as_array().into_iter().flatten();
                    let blocks = whole.chain(std::iter::once(&value["content_block"]));
                    blocks
                        .filter(|block| block["type"] == "tool_use")
                        .map(|block| block["id"].clone())
                        .collect()
                }
            }
        };
        values.iter().flat_map(ids).filter_map(|id| id.as_str().map(str::to_owned)).collect()
    }
}

/// Gemini calls a tool twice and signs the first call.
fn two_calls() -> Value {
    let call = json!({"functionCall": {"name": "look", "args": {}}});
    let mut signed = call.clone();
    signed["thoughtSignature"] = json!(SIGNATURE);
    json!({"candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [signed, call]}}],
           "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1}})
}

/// The signature of each call in the last request to Gemini.
fn sent_signatures(upstream: &FakeUpstream) -> Vec<Value> {
    let sent = upstream.seen().last().expect("a request").json();
    let contents = sent["contents"].as_array().expect("contents").clone();
    let parts = contents.iter().flat_map(|content| content["parts"].as_array().cloned().unwrap_or_default());
    parts
        .filter(|part| part["functionCall"].is_object())
        .map(|part| part["thoughtSignature"].clone())
        .collect()
}

#[tokio::test]
async fn a_signature_returns_with_its_call_although_the_client_dropped_it() {
    for streams in [false, true] {
        let answer = two_calls();
        let reply =
            if streams { Reply::sse(format!("data: {answer}\n\n")) } else { Reply::json(200, &answer) };
        let upstream = FakeUpstream::always(reply).await;
        let proxy = TestProxy::with_upstream("gemini", &upstream).await;
        for client in Client::ALL {
            let first = proxy.post(client.path(), &client.ask(streams, &[])).await;
            let calls = client.calls(&first);
            assert_eq!(calls.len(), 2, "{client:?}: {}", first.text());
            let second = proxy.post(client.path(), &client.ask(streams, &calls)).await;
            assert_eq!(second.status, 200, "{client:?}: {}", second.text());
            assert_eq!(
                sent_signatures(&upstream),
                [json!(SIGNATURE), Value::Null],
                "{client:?} streams {streams}"
            );
        }
    }
}

#[tokio::test]
async fn a_call_that_was_never_signed_is_marked_as_such() {
    let upstream = FakeUpstream::always(Reply::json(200, &two_calls())).await;
    let proxy = TestProxy::with_upstream("gemini", &upstream).await;
    for client in Client::ALL {
        let asked = client.ask(false, &["call_of_another".to_owned()]);
        assert_eq!(proxy.post(client.path(), &asked).await.status, 200);
        assert_eq!(sent_signatures(&upstream), [json!(NONE_THERE)], "{client:?}");
    }
}

#[tokio::test]
async fn an_upstream_that_cannot_read_a_signature_gets_none() {
    let gemini = FakeUpstream::always(Reply::json(200, &two_calls())).await;
    let told = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
                      "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 1, "output_tokens": 1}});
    let anthropic = FakeUpstream::always(Reply::json(200, &told)).await;
    let config = account("g", "gemini", &gemini, "") + &account("a", "anthropic", &anthropic, "");
    let proxy = TestProxy::serve(&config).await;
    let first = proxy.post(Client::Chat.path(), &Client::Chat.ask(false, &[])).await;
    let mut second = Client::Chat.ask(false, &Client::Chat.calls(&first));
    second["model"] = json!("claude-opus-5");
    let answer = proxy.post(Client::Chat.path(), &second).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-portcullis-dropped")), (200, None));
    let sent = String::from_utf8_lossy(&anthropic.seen()[0].body).into_owned();
    assert!(sent.contains("tool_use") && !sent.contains(SIGNATURE), "{sent}");
}
