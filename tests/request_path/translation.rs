//! Every client protocol in front of every upstream protocol, over real sockets.

use serde_json::{Value, json};

use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Dialect {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}

use Dialect::{Anthropic, Chat, Gemini, Responses};

const CLIENTS: [Dialect; 4] = [Chat, Responses, Anthropic, Gemini];
const UPSTREAMS: [Dialect; 4] = [Chat, Responses, Anthropic, Gemini];

impl Dialect {
    fn provider(self) -> &'static str {
        match self {
            Chat | Responses => "openai",
            Anthropic => "anthropic",
            Gemini => "gemini",
        }
    }

    /// The model that answers. OpenAI has some that no chat completion reaches.
    fn model(self) -> &'static str {
        if self == Responses { "gpt-5-codex" } else { "their-model" }
    }

    /// What a client sends to ask `hello` of the model `served`.
    fn ask(self, stream: bool) -> (&'static str, Value) {
        match self {
            Chat => (
                "/v1/chat/completions",
                json!({"model": "served", "stream": stream, "messages": [{"role": "user", "content": "hello"}]}),
            ),
            Responses => ("/v1/responses", json!({"model": "served", "stream": stream, "input": "hello"})),
            Anthropic => (
                "/v1/messages",
                json!({"model": "served", "stream": stream, "max_tokens": 99,
                       "messages": [{"role": "user", "content": "hello"}]}),
            ),
            Gemini => (
                if stream {
                    "/v1beta/models/served:streamGenerateContent?alt=sse"
                } else {
                    "/v1beta/models/served:generateContent"
                },
                json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}),
            ),
        }
    }

    /// A whole answer that says `hi there`, and its cost: 7 in, 2 out.
    fn answer(self) -> Value {
        match self {
            Chat => json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "served",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi there"}}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}}),
            Responses => json!({"id": "resp_1", "object": "response", "created_at": 1, "status": "completed",
                "model": "served", "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "hi there", "annotations": []}]}],
                "usage": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}}),
            Anthropic => json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "served",
                "content": [{"type": "text", "text": "hi there"}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 7, "output_tokens": 2}}),
            Gemini => json!({"candidates": [{"index": 0, "finishReason": "STOP",
                "content": {"role": "model", "parts": [{"text": "hi there"}]}}],
                "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2, "totalTokenCount": 9}}),
        }
    }

    /// The same as a stream in two pieces of text.
    fn stream(self) -> String {
        let events = match self {
            Chat => vec![
                json!({"id": "c1", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hi "}}]}),
                json!({"id": "c1", "choices": [{"index": 0, "delta": {"content": "there"}, "finish_reason": "stop"}]}),
                json!({"id": "c1", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}),
            ],
            Responses => vec![
                json!({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}}),
                json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "hi "}),
                json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "there"}),
                json!({"type": "response.completed", "response": self.answer()}),
            ],
            Anthropic => vec![
                json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
                    "model": "served", "content": [], "usage": {"input_tokens": 7, "output_tokens": 1}}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi "}}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "there"}}),
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
                json!({"type": "message_stop"}),
            ],
            Gemini => vec![
                json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "hi "}]}}]}),
                json!({"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [{"text": "there"}]}}],
                    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2}}),
            ],
        };
        let mut text: String = events.iter().map(Self::event).collect();
        if self == Chat {
            text.push_str("data: [DONE]\n\n");
        }
        text
    }

    fn event(data: &Value) -> String {
        match data["type"].as_str() {
            Some(name) => format!("event: {name}\ndata: {data}\n\n"),
            None => format!("data: {data}\n\n"),
        }
    }

    /// The text of a whole answer in this dialect.
    fn text(self, answer: &Value) -> String {
        let text = match self {
            Chat => &answer["choices"][0]["message"]["content"],
            Responses => &answer["output"][0]["content"][0]["text"],
            Anthropic => &answer["content"][0]["text"],
            Gemini => &answer["candidates"][0]["content"]["parts"][0]["text"],
        };
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The text of a stream's events, and whether it says that it is whole.
    fn streamed(self, answer: &Answer) -> (String, bool) {
        let text = answer.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let events: Vec<Value> = data.filter_map(|data| serde_json::from_str(data).ok()).collect();
        let piece = |event: &Value| match self {
            Chat => event["choices"][0]["delta"]["content"].clone(),
            Responses if event["type"] == "response.output_text.delta" => event["delta"].clone(),
            Anthropic => event["delta"]["text"].clone(),
            Gemini => event["candidates"][0]["content"]["parts"][0]["text"].clone(),
            Responses => Value::Null,
        };
        let whole = match self {
            Chat => text.ends_with("data: [DONE]\n\n"),
            Responses => events.last().is_some_and(|event| event["type"] == "response.completed"),
            Anthropic => events.last().is_some_and(|event| event["type"] == "message_stop"),
            Gemini => events.last().is_some_and(|event| event["candidates"][0]["finishReason"] == "STOP"),
        };
        (events.iter().map(piece).filter_map(|piece| piece.as_str().map(str::to_owned)).collect(), whole)
    }

    /// Whether this dialect's error shape tells of this kind of trouble.
    fn is_error(self, answer: &Answer) -> bool {
        let body = answer.json();
        match self {
            Chat | Responses => body["error"]["type"].is_string(),
            Anthropic => body["type"] == "error" && body["error"]["type"].is_string(),
            Gemini => body["error"]["status"].is_string(),
        }
    }
}

async fn proxy(upstream: &FakeUpstream, dialect: Dialect) -> TestProxy {
    let models = format!("[models]\n\"served\" = \"work/{}\"\n", dialect.model());
    TestProxy::serve(&account("work", dialect.provider(), upstream, &models)).await
}

fn is_translated(client: Dialect, upstream: Dialect) -> bool {
    client != upstream && !(client == Responses && upstream == Chat)
}

#[tokio::test]
async fn whole_answers_cross_every_pair() {
    for upstream in UPSTREAMS {
        let fake = FakeUpstream::always(Reply::json(200, &upstream.answer())).await;
        let proxy = proxy(&fake, upstream).await;
        for client in CLIENTS.into_iter().filter(|client| is_translated(*client, upstream)) {
            let (path, body) = client.ask(false);
            let answer = proxy.post(path, &body).await;
            assert_eq!(answer.status, 200, "{client:?} on {upstream:?}: {}", answer.text());
            assert_eq!(client.text(&answer.json()), "hi there", "{client:?} on {upstream:?}");
            let sent = fake.seen().last().expect("one").body.clone();
            assert!(String::from_utf8_lossy(&sent).contains("hello"), "{client:?} on {upstream:?}");
            let record = &proxy.records().await[0];
            assert_eq!(record["usage"]["input"], 7, "{client:?} on {upstream:?}: {record}");
            assert_eq!((&record["outcome"], &record["status"]), (&json!("done"), &json!(200)));
        }
    }
}

#[tokio::test]
async fn streams_cross_every_pair() {
    for upstream in UPSTREAMS {
        let fake = FakeUpstream::always(Reply::sse(upstream.stream())).await;
        let proxy = proxy(&fake, upstream).await;
        for client in CLIENTS.into_iter().filter(|client| is_translated(*client, upstream)) {
            let (path, body) = client.ask(true);
            let answer = proxy.post(path, &body).await;
            assert_eq!(answer.status, 200, "{client:?} on {upstream:?}: {}", answer.text());
            assert_eq!(answer.header("content-type"), Some("text/event-stream"));
            assert_eq!(
                client.streamed(&answer),
                ("hi there".to_owned(), true),
                "{client:?} on {upstream:?}: {}",
                answer.text()
            );
            let record = &proxy.records().await[0];
            assert_eq!(
                (&record["usage"]["output"], &record["outcome"]),
                (&json!(2), &json!("done")),
                "{record}"
            );
        }
    }
}

#[tokio::test]
async fn a_stream_that_breaks_never_looks_whole() {
    for upstream in UPSTREAMS {
        let stream = upstream.stream();
        let half = &stream[..stream.find("there").expect("the second piece")];
        let fake = FakeUpstream::always(Reply::sse(half.to_owned())).await;
        let proxy = proxy(&fake, upstream).await;
        for client in CLIENTS.into_iter().filter(|client| is_translated(*client, upstream)) {
            let (path, body) = client.ask(true);
            let answer = proxy.post(path, &body).await;
            let (_, whole) = client.streamed(&answer);
            assert!(!whole && !answer.cut, "{client:?} on {upstream:?}: {}", answer.text());
            assert!(answer.text().contains("error"), "{client:?} on {upstream:?}: {}", answer.text());
            assert_eq!(proxy.records().await[0]["outcome"], "cut", "{client:?} on {upstream:?}");
            // The account backs off after a break; the next client shall not wait for it.
            proxy.control_call("POST", "/api/accounts/clear-cooldown", "{}").await;
        }
    }
}

#[tokio::test]
async fn an_upstreams_refusal_arrives_in_the_clients_words() {
    for upstream in UPSTREAMS {
        let error = match upstream {
            Chat | Responses => {
                json!({"error": {"message": "too odd", "type": "invalid_request_error", "code": null}})
            }
            Anthropic => {
                json!({"type": "error", "error": {"type": "invalid_request_error", "message": "too odd"}})
            }
            Gemini => json!({"error": {"code": 400, "message": "too odd", "status": "INVALID_ARGUMENT"}}),
        };
        let fake = FakeUpstream::always(Reply::json(400, &error)).await;
        let proxy = proxy(&fake, upstream).await;
        for client in CLIENTS.into_iter().filter(|client| is_translated(*client, upstream)) {
            let (path, body) = client.ask(false);
            let answer = proxy.post(path, &body).await;
            assert_eq!(answer.status, 400, "{client:?} on {upstream:?}");
            assert!(client.is_error(&answer), "{client:?} on {upstream:?}: {}", answer.text());
            assert_eq!(answer.message(), "too odd");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_carried_over_is_named() {
    let fake = FakeUpstream::always(Reply::json(200, &Anthropic.answer())).await;
    let proxy = proxy(&fake, Anthropic).await;
    let (path, mut body) = Chat.ask(false);
    body["logit_bias"] = json!({"1": 2});
    let answer = proxy.post(path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let dropped = answer.header("x-portcullis-dropped").unwrap_or_default();
    assert!(dropped.contains("logit_bias"), "{dropped:?}");
    assert!(
        proxy.records().await[0]["dropped"].as_str().is_some_and(|dropped| dropped.contains("logit_bias"))
    );
}
