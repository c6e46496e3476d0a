//! Side calls in front of accounts of another protocol: `/v1/completions`, token counts,
//! embeddings, images.

use serde_json::{Value, json};

use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

const MODEL: &str = "models = [\"served\"]\n";

/// One request to a proxy with one account.
struct Case<'a> {
    provider: &'a str,
    path: &'a str,
    body: Value,
    reply: Reply,
}

/// The answer, the request that the upstream got, if any, and the record.
struct Outcome {
    answer: Answer,
    sent: Option<(String, Value)>,
    record: Value,
}

async fn send(case: Case<'_>) -> Outcome {
    let upstream = FakeUpstream::always(case.reply).await;
    let proxy = TestProxy::serve(&account("work", case.provider, &upstream, MODEL)).await;
    let answer = proxy.post(case.path, &case.body).await;
    let sent = upstream.seen().last().map(|seen| (seen.path.clone(), seen.json()));
    let record = proxy.records().await[0].clone();
    Outcome { answer, sent, record }
}

impl Outcome {
    /// The body of the answer, which must be a 200.
    fn json(&self) -> Value {
        assert_eq!(self.answer.status, 200, "{}", self.answer.text());
        assert_eq!(self.answer.header("content-type"), Some("application/json"));
        self.answer.json()
    }

    fn sent_to(&self, path: &str) -> &Value {
        let (to, body) = self.sent.as_ref().expect("the upstream was asked");
        assert_eq!(to, path);
        body
    }

    fn estimate(&self) -> Option<&str> {
        self.answer.header("x-portcullis-estimate")
    }

    fn dropped(&self) -> &str {
        self.answer.header("x-portcullis-dropped").unwrap_or_default()
    }
}

fn said_by(provider: &str) -> Value {
    match provider {
        "anthropic" => json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "served",
            "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": " there"}],
            "stop_reason": "max_tokens", "usage": {"input_tokens": 7, "output_tokens": 2}}),
        _ => json!({"candidates": [{"finishReason": "MAX_TOKENS",
            "content": {"role": "model", "parts": [{"thought": true, "text": "hm"}, {"text": " there"}]}}],
            "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2}}),
    }
}

fn streamed_by(provider: &str) -> String {
    let events = match provider {
        "anthropic" => vec![
            json!({"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 7, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " the"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "re"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 2}}),
            json!({"type": "message_stop"}),
        ],
        _ => vec![
            json!({"candidates": [{"content": {"role": "model", "parts": [{"text": " the"}]}}]}),
            json!({"candidates": [{"finishReason": "MAX_TOKENS", "content": {"role": "model", "parts": [{"text": "re"}]}}],
                "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2}}),
        ],
    };
    let events: Vec<String> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    events.concat()
}

#[tokio::test]
async fn a_prompt_is_continued_by_any_chat_model() {
    for provider in ["anthropic", "gemini"] {
        let body = json!({"model": "served", "prompt": ["hello"], "max_tokens": 9, "logprobs": 2});
        let reply = Reply::json(200, &said_by(provider));
        let outcome = send(Case { provider, path: "/v1/completions", body, reply }).await;
        let answer = outcome.json();
        assert_eq!(answer["object"], "text_completion", "{provider}");
        assert_eq!(
            answer["choices"],
            json!([{"text": " there", "index": 0, "logprobs": null, "finish_reason": "length"}]),
            "{provider}"
        );
        assert_eq!((&answer["model"], &answer["usage"]["total_tokens"]), (&json!("served"), &json!(9)));
        let sent = outcome.sent.as_ref().expect("asked").1.to_string();
        assert!(sent.contains("hello"), "{provider}: {sent}");
        assert_eq!(outcome.dropped(), "logprobs", "{provider}");
        assert_eq!(
            (&outcome.record["usage"]["input"], &outcome.record["outcome"]),
            (&json!(7), &json!("done"))
        );
    }
}

#[tokio::test]
async fn a_prompt_is_continued_in_a_stream() {
    for provider in ["anthropic", "gemini"] {
        let body = json!({"model": "served", "prompt": "hello", "stream": true, "stream_options": {"include_usage": true}});
        let reply = Reply::sse(streamed_by(provider));
        let outcome = send(Case { provider, path: "/v1/completions", body, reply }).await;
        assert_eq!(outcome.answer.header("content-type"), Some("text/event-stream"), "{provider}");
        let text = outcome.answer.text();
        let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let (end, chunks) = data.split_last().expect("chunks");
        assert_eq!(*end, "[DONE]", "{provider}: {text}");
        let chunks: Vec<Value> =
            chunks.iter().map(|chunk| serde_json::from_str(chunk).expect("JSON")).collect();
        assert!(chunks.iter().all(|chunk| chunk["object"] == "text_completion"), "{provider}: {text}");
        let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["text"].as_str()).collect();
        assert_eq!(said, " there", "{provider}");
        assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "length", "{provider}");
        let last = &chunks[chunks.len() - 1];
        assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(9)), "{provider}");
    }
}

#[tokio::test]
async fn a_continuation_that_breaks_ends_with_an_error() {
    let whole = streamed_by("gemini");
    let half = whole.split_inclusive("\n\n").next().expect("an event").to_owned();
    let body = json!({"model": "served", "prompt": "hello", "stream": true});
    let outcome =
        send(Case { provider: "gemini", path: "/v1/completions", body, reply: Reply::sse(half) }).await;
    let text = outcome.answer.text();
    assert!(!text.contains("[DONE]") && text.contains("\"error\""), "{text}");
    assert_eq!(outcome.record["outcome"], "cut");
}

#[tokio::test]
async fn a_server_that_knows_completions_gets_the_prompt_as_it_is() {
    for provider in ["openai", "openai-compatible"] {
        let body = json!({"model": "served", "prompt": ["a", "b"], "suffix": "c", "logprobs": 2});
        let answer = json!({"object": "text_completion", "choices": [{"text": "x"}, {"text": "y"}]});
        let reply = Reply::json(200, &answer);
        let outcome = send(Case { provider, path: "/v1/completions", body: body.clone(), reply }).await;
        assert_eq!(outcome.json(), answer, "{provider}");
        assert_eq!(outcome.sent_to("/v1/completions"), &body, "{provider}");
    }
}

/// For each protocol with token counts: a client's path and body, the upstream's path, and its
/// answer.
fn counting(family: &str) -> (&'static str, Value, &'static str, Value) {
    match family {
        "anthropic" => (
            "/v1/messages/count_tokens",
            json!({"model": "served", "system": "be brief", "messages": [{"role": "user", "content": "hello world"}]}),
            "/v1/messages/count_tokens",
            json!({"input_tokens": 42}),
        ),
        _ => (
            "/v1beta/models/served:countTokens",
            json!({"contents": [{"role": "user", "parts": [{"text": "hello world"}]}]}),
            "/v1beta/models/served:countTokens",
            json!({"totalTokens": 42}),
        ),
    }
}

fn counted(family: &str, answer: &Value) -> u64 {
    let key = if family == "anthropic" { "input_tokens" } else { "totalTokens" };
    answer[key].as_u64().unwrap_or_else(|| panic!("no count for {family}: {answer}"))
}

#[tokio::test]
async fn an_upstream_that_counts_is_asked() {
    for client in ["anthropic", "gemini"] {
        for upstream in ["anthropic", "gemini"] {
            let (path, body, ..) = counting(client);
            let (_, _, upstream_path, count) = counting(upstream);
            let reply = Reply::json(200, &count);
            let outcome = send(Case { provider: upstream, path, body: body.clone(), reply }).await;
            assert_eq!(counted(client, &outcome.json()), 42, "{client} on {upstream}");
            assert_eq!(outcome.estimate(), None, "{client} on {upstream}");
            let sent = outcome.sent_to(upstream_path);
            match (client == upstream, upstream) {
                (true, _) => assert_eq!(sent, &body),
                (false, "gemini") => {
                    assert_eq!(sent["generateContentRequest"]["model"], "models/served");
                    assert_eq!(
                        sent["generateContentRequest"]["contents"][0]["parts"][0]["text"],
                        "hello world"
                    );
                }
                _ => assert_eq!(sent.get("max_tokens"), None, "{sent}"),
            }
        }
    }
}

#[tokio::test]
async fn tokens_are_estimated_where_no_upstream_counts_them() {
    for client in ["anthropic", "gemini"] {
        for provider in ["openai", "openai-compatible"] {
            let (path, body, ..) = counting(client);
            let reply = Reply::HangUp;
            let outcome = send(Case { provider, path, body, reply }).await;
            let tokens = counted(client, &outcome.json());
            assert!((6..30).contains(&tokens), "{client} on {provider}: {tokens}");
            assert_eq!(outcome.estimate(), Some("tokens"), "{client} on {provider}");
            assert!(outcome.sent.is_none(), "{client} on {provider} was asked");
            assert_eq!(
                (&outcome.record["status"], &outcome.record["outcome"]),
                (&json!(200), &json!("done"))
            );
        }
    }
}

#[tokio::test]
async fn tokens_are_estimated_where_the_upstream_has_no_such_path() {
    for client in ["anthropic", "gemini"] {
        let (path, body, ..) = counting(client);
        let reply = Reply::whole(404, "text/plain", "404 page not found");
        let outcome = send(Case { provider: "zai", path, body, reply }).await;
        assert!(counted(client, &outcome.json()) > 0, "{client}");
        assert_eq!(outcome.estimate(), Some("tokens"), "{client}");
        outcome.sent_to("/v1/messages/count_tokens");
    }
}

#[tokio::test]
async fn a_count_for_a_model_that_is_not_there_is_refused() {
    let error = json!({"type": "error", "error": {"type": "not_found_error", "message": "model: served"}});
    for client in ["anthropic", "gemini"] {
        let (path, body, ..) = counting(client);
        let reply = Reply::json(404, &error);
        let outcome = send(Case { provider: "anthropic", path, body, reply }).await;
        assert_eq!(outcome.answer.status, 404, "{client}: {}", outcome.answer.text());
        assert_eq!(outcome.answer.message(), "model: served", "{client}");
        assert_eq!(outcome.answer.json()["type"].is_string(), client == "anthropic");
    }
}

#[tokio::test]
async fn openai_clients_get_geminis_embeddings() {
    let vectors = json!({"embeddings": [{"values": [3.0, 4.0]}, {"values": [0.0, 1.0]}]});
    let case = |body: Value| Case {
        provider: "gemini",
        path: "/v1/embeddings",
        body,
        reply: Reply::json(200, &vectors),
    };
    let outcome =
        send(case(json!({"model": "served", "input": ["a", "b"], "dimensions": 2, "user": "u"}))).await;
    let answer = outcome.json();
    assert_eq!(answer["data"][0], json!({"object": "embedding", "index": 0, "embedding": [0.6, 0.8]}));
    assert_eq!(answer["data"][1]["index"], 1);
    assert_eq!((&answer["object"], &answer["model"]), (&json!("list"), &json!("served")));
    // Google reports no usage.
    assert_eq!((&answer["usage"]["prompt_tokens"], outcome.estimate()), (&json!(2), Some("tokens")));
    assert_eq!(outcome.record["usage"], Value::Null);
    assert_eq!(outcome.dropped(), "user");
    let one = |text| json!({"model": "models/served", "content": {"parts": [{"text": text}]}, "outputDimensionality": 2});
    assert_eq!(
        outcome.sent_to("/v1beta/models/served:batchEmbedContents"),
        &json!({"requests": [one("a"), one("b")]})
    );

    let outcome =
        send(case(json!({"model": "served", "input": ["a", "b"], "encoding_format": "base64"}))).await;
    // 0.6 and 0.8 as 32-bit floats, little-endian.
    assert_eq!(outcome.json()["data"][0]["embedding"], "mpkZP83MTD8=");
}

#[tokio::test]
async fn an_answer_with_too_few_embeddings_is_an_error() {
    let reply = Reply::json(200, &json!({"embeddings": [{"values": [1.0]}]}));
    let body = json!({"model": "served", "input": ["a", "b"]});
    let outcome = send(Case { provider: "gemini", path: "/v1/embeddings", body, reply }).await;
    assert_eq!(outcome.answer.status, 502, "{}", outcome.answer.text());
    assert!(outcome.answer.json()["error"]["type"].is_string());
}

#[tokio::test]
async fn token_ids_cannot_be_embedded_by_another_vendor() {
    for input in [json!([1, 2, 3]), json!([[1, 2], [3]])] {
        let reply = Reply::HangUp;
        let body = json!({"model": "served", "input": input});
        let outcome = send(Case { provider: "gemini", path: "/v1/embeddings", body, reply }).await;
        assert_eq!(outcome.answer.status, 400);
        assert_eq!(outcome.answer.json()["error"]["type"], "invalid_request_error");
        assert!(outcome.answer.message().contains("token ids"), "{}", outcome.answer.message());
        assert!(outcome.sent.is_none());
    }
}

#[tokio::test]
async fn gemini_clients_get_openais_embeddings() {
    let usage = json!({"prompt_tokens": 3, "total_tokens": 3});
    let embedding = |index, value| json!({"object": "embedding", "index": index, "embedding": [value]});
    let one =
        json!({"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 1, "taskType": "CLUSTERING"});
    let cases = [
        (
            "/v1beta/models/served:embedContent",
            one.clone(),
            json!([embedding(0, 1.0)]),
            json!({"model": "served", "input": ["a"], "encoding_format": "float", "dimensions": 1}),
            json!({"embedding": {"values": [1.0]}}),
        ),
        (
            "/v1beta/models/served:batchEmbedContents",
            json!({"requests": [one, one]}),
            json!([embedding(1, 2.0), embedding(0, 1.0)]),
            json!({"model": "served", "input": ["a", "a"], "encoding_format": "float", "dimensions": 1}),
            json!({"embeddings": [{"values": [1.0]}, {"values": [2.0]}]}),
        ),
    ];
    for (path, body, data, sent, answer) in cases {
        let reply = Reply::json(200, &json!({"object": "list", "data": data, "usage": usage}));
        let outcome = send(Case { provider: "openai", path, body, reply }).await;
        assert_eq!(outcome.json(), answer, "{path}");
        assert_eq!(outcome.sent_to("/v1/embeddings"), &sent, "{path}");
        assert_eq!((outcome.dropped(), outcome.estimate()), ("taskType", None), "{path}");
        assert_eq!(outcome.record["usage"]["input"], 3, "{path}");
    }
}

#[tokio::test]
async fn an_account_that_embeds_nothing_is_named() {
    let body = json!({"model": "served", "input": "a"});
    let case = Case { provider: "anthropic", path: "/v1/embeddings", body, reply: Reply::HangUp };
    let outcome = send(case).await;
    assert_eq!(outcome.answer.status, 400, "{}", outcome.answer.text());
    assert!(outcome.answer.message().contains("work"), "{}", outcome.answer.message());
}

#[tokio::test]
async fn openai_clients_get_geminis_images() {
    let picture = json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [
        {"text": "here"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}}],
        "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 1290}});
    let body = json!({"model": "served", "prompt": "a cat", "n": 2, "size": "1536x1024", "quality": "high"});
    let reply = Reply::json(200, &picture);
    let outcome = send(Case { provider: "gemini", path: "/v1/images/generations", body, reply }).await;
    let answer = outcome.json();
    assert_eq!(answer["data"], json!([{"b64_json": "aGk="}, {"b64_json": "aGk="}]));
    assert_eq!((&answer["output_format"], &answer["usage"]["total_tokens"]), (&json!("png"), &json!(2588)));
    assert_eq!(outcome.dropped(), "quality, size");
    assert_eq!(
        outcome.sent_to("/v1beta/models/served:generateContent"),
        &json!({
            "contents": [{"role": "user", "parts": [{"text": "a cat"}]}],
            "generationConfig": {"responseModalities": ["IMAGE"], "imageConfig": {"aspectRatio": "3:2"}},
        })
    );
    assert_eq!(outcome.record["usage"]["output"], 2580);
}

#[tokio::test]
async fn a_blocked_image_is_a_refusal_with_its_reason() {
    let reply = Reply::json(200, &json!({"candidates": [{"finishReason": "IMAGE_SAFETY"}]}));
    let body = json!({"model": "served", "prompt": "a cat"});
    let outcome = send(Case { provider: "gemini", path: "/v1/images/generations", body, reply }).await;
    assert_eq!(outcome.answer.status, 400, "{}", outcome.answer.text());
    assert_eq!(outcome.answer.json()["error"]["type"], "invalid_request_error");
    assert!(outcome.answer.message().contains("IMAGE_SAFETY"), "{}", outcome.answer.message());
}

#[tokio::test]
async fn an_upstreams_refusal_arrives_in_the_clients_protocol() {
    let google = json!({"error": {"code": 400, "message": "too odd", "status": "INVALID_ARGUMENT"}});
    let openai = json!({"error": {"message": "too odd", "type": "invalid_request_error", "code": null}});
    let content = json!({"parts": [{"text": "a"}]});
    for (provider, path, body, error) in [
        ("gemini", "/v1/completions", json!({"model": "served", "prompt": "a"}), &google),
        ("gemini", "/v1/embeddings", json!({"model": "served", "input": "a"}), &google),
        ("gemini", "/v1/images/generations", json!({"model": "served", "prompt": "a"}), &google),
        ("gemini", "/v1/messages/count_tokens", counting("anthropic").1, &google),
        ("openai", "/v1beta/models/served:embedContent", json!({"content": content}), &openai),
    ] {
        let outcome = send(Case { provider, path, body, reply: Reply::json(400, error) }).await;
        assert_eq!(
            (outcome.answer.status.as_u16(), outcome.answer.message()),
            (400, "too odd".to_owned()),
            "{path}"
        );
        let answer = outcome.answer.json();
        let shape = match path {
            "/v1/messages/count_tokens" => answer["type"] == "error",
            "/v1beta/models/served:embedContent" => answer["error"]["status"] == "INVALID_ARGUMENT",
            _ => answer["error"]["type"] == "invalid_request_error",
        };
        assert!(shape, "{path}: {answer}");
    }
}

#[tokio::test]
async fn what_another_protocol_cannot_express_is_refused_before_an_account_is_asked() {
    for (path, body, part) in [
        ("/v1/completions", json!({"model": "served", "prompt": ["a", "b"]}), "prompt: "),
        ("/v1/completions", json!({"model": "served", "prompt": "a", "suffix": "b"}), "suffix: "),
        ("/v1/images/generations", json!({"model": "served", "prompt": "a", "n": 0}), "n: "),
        ("/v1/images/generations", json!({"model": "served", "prompt": "a", "stream": true}), "stream: "),
        ("/v1/embeddings", json!({"model": "served"}), "input: "),
        ("/v1/messages/count_tokens", json!({"model": "served"}), "messages: "),
    ] {
        let outcome = send(Case { provider: "gemini", path, body: body.clone(), reply: Reply::HangUp }).await;
        assert_eq!(outcome.answer.status, 400, "{body}: {}", outcome.answer.text());
        assert!(outcome.answer.message().starts_with(part), "{body}: {}", outcome.answer.message());
        assert!(outcome.sent.is_none(), "{body}");
    }
}

#[tokio::test]
async fn the_next_account_is_asked_when_one_fails() {
    let broken = FakeUpstream::always(Reply::json(500, &json!({}))).await;
    let good = FakeUpstream::always(Reply::json(200, &json!({"embeddings": [{"values": [1.0]}]}))).await;
    let config = [account("first", "gemini", &broken, MODEL), account("second", "gemini", &good, MODEL)];
    let proxy = TestProxy::serve(&format!("[pool]\nstrategy = \"fill_first\"\n{}", config.concat())).await;
    let answer = proxy.post("/v1/embeddings", &json!({"model": "served", "input": "a"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-portcullis-account"), Some("second"));
    assert_eq!((broken.seen().len(), good.seen().len()), (1, 1));
}

#[tokio::test]
async fn gemini_clients_get_openais_images() {
    let upstream = FakeUpstream::always(Reply::json(
        200,
        &json!({"created": 1, "data": [{"b64_json": "aGk="}], "output_format": "jpeg",
            "usage": {"input_tokens": 4, "output_tokens": 1056, "total_tokens": 1060}}),
    ))
    .await;
    let proxy = TestProxy::serve(&account("work", "openai", &upstream, "")).await;
    let body = json!({
        "contents": [{"parts": [{"text": "a cat"}]}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "3:2"},
            "temperature": 1.5},
    });
    let answer = proxy.post("/v1beta/models/gpt-image-1:generateContent", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.json()["candidates"][0]["content"]["parts"],
        json!([{"inlineData": {"mimeType": "image/jpeg", "data": "aGk="}}])
    );
    assert_eq!(answer.json()["usageMetadata"]["totalTokenCount"], 1060);
    assert_eq!(answer.header("x-portcullis-dropped"), Some("generationConfig.temperature"));
    let seen = &upstream.seen()[0];
    assert_eq!(seen.path, "/v1/images/generations");
    assert_eq!(seen.json(), json!({"model": "gpt-image-1", "prompt": "a cat", "n": 1, "size": "1536x1024"}));

    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "aGk="}});
    let body = json!({"contents": [{"parts": [{"text": "a cat"}, picture]}]});
    let answer = proxy.post("/v1beta/models/gpt-image-1:generateContent", &body).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.json()["error"]["status"], "INVALID_ARGUMENT");
    assert!(answer.message().contains("text alone"), "{}", answer.message());
    assert_eq!(upstream.seen().len(), 1);
}
