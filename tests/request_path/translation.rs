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

    /// The model that answers. Some of OpenAI's answer no chat completions.
    fn model(self) -> &'static str {
        if self == Responses { "gpt-5-codex" } else { "their-model" }
    }

    /// The path and body of a client that asks the model `served` for `hello`.
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

    /// A whole answer that says `hi there`, with 7 tokens in and 2 out.
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

    /// The text of a stream's events, and whether the stream is complete.
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

    /// Whether the answer is an error in this dialect's shape.
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

/// Pairs in which the upstream is asked for a conversation in a protocol it answers here.
fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    let pairs = UPSTREAMS.into_iter().flat_map(|upstream| CLIENTS.map(|client| (client, upstream)));
    pairs.filter(|pair| *pair != (Responses, Chat))
}

#[tokio::test]
async fn a_client_that_asked_for_a_stream_gets_one_where_the_upstream_ignores_it() {
    for (client, upstream) in pairs() {
        let fake = FakeUpstream::always(Reply::json(200, &upstream.answer())).await;
        let proxy = proxy(&fake, upstream).await;
        let (path, body) = client.ask(true);
        let answer = proxy.post(path, &body).await;
        assert_eq!(answer.status, 200, "{client:?} on {upstream:?}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("text/event-stream"), "{client:?} on {upstream:?}");
        let expected = ("hi there".to_owned(), true);
        assert_eq!(client.streamed(&answer), expected, "{client:?} on {upstream:?}: {}", answer.text());
        let record = &proxy.records().await[0];
        assert_eq!((&record["outcome"], &record["streamed"]), (&json!("done"), &json!(true)), "{record}");
        assert_eq!(
            (&record["usage"]["input"], &record["usage"]["output"]),
            (&json!(7), &json!(2)),
            "{record}"
        );
    }
}

#[tokio::test]
async fn a_stream_is_made_of_an_object_whatever_content_type_it_has() {
    for dialect in UPSTREAMS {
        for content_type in ["Application/JSON; charset=utf-8", "text/plain"] {
            let reply = Reply::whole(200, content_type, dialect.answer().to_string());
            let fake = FakeUpstream::always(reply).await;
            let proxy = proxy(&fake, dialect).await;
            let (path, body) = dialect.ask(true);
            let answer = proxy.post(path, &body).await;
            assert_eq!(
                answer.header("content-type"),
                Some("text/event-stream"),
                "{dialect:?} {content_type}"
            );
            let expected = ("hi there".to_owned(), true);
            assert_eq!(dialect.streamed(&answer), expected, "{dialect:?} {content_type}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn a_client_that_asked_for_a_whole_answer_gets_one_where_the_upstream_streams() {
    for (client, upstream) in pairs() {
        let fake = FakeUpstream::always(Reply::sse(upstream.stream())).await;
        let proxy = proxy(&fake, upstream).await;
        let (path, body) = client.ask(false);
        let answer = proxy.post(path, &body).await;
        assert_eq!(answer.status, 200, "{client:?} on {upstream:?}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{client:?} on {upstream:?}");
        assert_eq!(client.text(&answer.json()), "hi there", "{client:?} on {upstream:?}");
        let record = &proxy.records().await[0];
        assert_eq!((&record["outcome"], &record["streamed"]), (&json!("done"), &json!(false)), "{record}");
        assert_eq!(
            (&record["usage"]["input"], &record["usage"]["output"]),
            (&json!(7), &json!(2)),
            "{record}"
        );
    }
}

#[tokio::test]
async fn a_gemini_client_that_asked_for_an_array_gets_one_where_the_upstream_does_not_stream() {
    for upstream in UPSTREAMS {
        let fake = FakeUpstream::always(Reply::json(200, &upstream.answer())).await;
        let proxy = proxy(&fake, upstream).await;
        let (_, body) = Gemini.ask(true);
        let answer = proxy.post("/v1beta/models/served:streamGenerateContent", &body).await;
        assert_eq!(answer.status, 200, "on {upstream:?}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"), "on {upstream:?}");
        let array = answer.json();
        let chunks = array.as_array().expect("an array");
        let text: String = chunks.iter().map(|chunk| Gemini.text(chunk)).collect();
        assert_eq!(text, "hi there", "on {upstream:?}: {array}");
        assert_eq!(chunks.last().expect("one")["candidates"][0]["finishReason"], "STOP", "on {upstream:?}");
        assert_eq!(proxy.records().await[0]["streamed"], true);
    }
}

#[tokio::test]
async fn a_stream_made_of_a_whole_answer_keeps_what_its_own_protocol_relies_on() {
    let call = json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "patch",
        "input": "*** Begin", "status": "completed"});
    let mut whole = Responses.answer();
    whole["output"] = json!([call]);
    let fake = FakeUpstream::always(Reply::json(200, &whole)).await;
    let proxy = proxy(&fake, Responses).await;
    let (path, body) = Responses.ask(true);
    let answer = proxy.post(path, &body).await.text();
    let last = answer.lines().rev().find_map(|line| line.strip_prefix("data: ")).expect("an event");
    let last: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(last["response"]["id"], "resp_1", "a client goes on from it: {last}");
    assert_eq!(last["response"]["output"][0]["type"], "custom_tool_call", "{last}");
    assert_eq!(last["response"]["output"][0]["input"], "*** Begin", "{last}");

    fake.now(Reply::json(200, &Chat.answer()));
    let plain = proxy_of_chat(&fake).await;
    for asks_for_usage in [true, false] {
        let (path, mut body) = Chat.ask(true);
        body["stream_options"] = json!({"include_usage": asks_for_usage});
        let answer = plain.post(path, &body).await.text();
        assert_eq!(answer.contains("\"prompt_tokens\":7"), asks_for_usage, "{answer}");
        assert!(answer.contains("\"id\":\"c1\""), "{answer}");
    }
}

#[tokio::test]
async fn an_object_that_is_not_an_answer_becomes_an_error_and_not_a_stream() {
    let error = json!({"error": {"message": "no more today", "type": "server_error", "code": null}});
    let fake = FakeUpstream::always(Reply::json(200, &error)).await;
    let proxy = proxy_of_chat(&fake).await;
    let (path, body) = Chat.ask(true);
    let answer = proxy.post(path, &body).await;
    assert!(answer.status.is_server_error(), "{}: {}", answer.status, answer.text());
    assert!(answer.message().contains("no more today"), "{}", answer.text());
}

#[tokio::test]
async fn events_under_another_content_type_pass_as_they_are() {
    let stream = Chat.stream();
    for content_type in ["text/plain", "application/json"] {
        let fake = FakeUpstream::always(Reply::whole(200, content_type, stream.clone())).await;
        let proxy = proxy_of_chat(&fake).await;
        let (path, body) = Chat.ask(true);
        assert_eq!(proxy.post(path, &body).await.text(), stream, "{content_type}");
    }
}

async fn proxy_of_chat(upstream: &FakeUpstream) -> TestProxy {
    proxy(upstream, Chat).await
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
            // The account cools after a broken answer; the next client must not wait for it.
            proxy.control_call("POST", "/api/accounts/clear-cooldown", "{}").await;
        }
    }
}

#[tokio::test]
async fn an_upstreams_refusal_arrives_in_the_clients_protocol() {
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
