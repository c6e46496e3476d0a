//! Small requests stay small: those whose translation would grow or take long are refused, and
//! such answers are ended or cut short, while odd ones still cross whole.

use bytes::Bytes;
use serde_json::{Value, json};

use super::family::Family;
use crate::support::proxy::{account, proxy_section};
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

const MODEL: &str = "models = [\"*\"]\n";
const OLD_GEMINI: &str = "[models]\n\"*\" = \"work/gemini-2.0-flash\"\n";

/// Clients, the path of each, and the provider of an account that speaks another protocol.
const PAIRS: [(Family, &str, &str); 4] = [
    (Family::OpenAi, "/v1/chat/completions", "gemini"),
    (Family::OpenAi, "/v1/responses", "anthropic"),
    (Family::Anthropic, "/v1/messages", "gemini"),
    (Family::Gemini, "/v1beta/models/m:generateContent", "anthropic"),
];

async fn proxy(provider: &str, upstream: &FakeUpstream) -> TestProxy {
    TestProxy::serve(&account("work", provider, upstream, MODEL)).await
}

/// A request of each client with this number of tools, which `name` names.
fn with_tools(path: &str, count: usize, name: impl Fn(usize) -> String) -> Value {
    let names = (0..count).map(name);
    match path {
        "/v1/chat/completions" => json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
            "tools": names.map(|name| json!({"type": "function", "function": {"name": name}})).collect::<Value>()}),
        "/v1/responses" => json!({"model": "m", "input": "hi",
            "tools": names.map(|name| json!({"type": "function", "name": name})).collect::<Value>()}),
        "/v1/messages" => {
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
            "tools": names.map(|name| json!({"name": name, "input_schema": {}})).collect::<Value>()})
        }
        _ => json!({"contents": [{"parts": [{"text": "hi"}]}],
            "tools": [{"functionDeclarations": names.map(|name| json!({"name": name})).collect::<Value>()}]}),
    }
}

/// Four letters for each number that no upstream accepts in a name.
fn foreign(number: usize) -> String {
    let digit = |place: u32| u32::try_from((number >> (5 * place)) & 31).expect("five bits");
    (0..4).map(|place| char::from_u32(0x4E00 + digit(place)).expect("a letter")).collect()
}

fn gemini_answers(parts: &Value) -> Reply {
    Reply::json(200, &json!({"candidates": [{"finishReason": "STOP", "content": {"parts": parts}}]}))
}

#[tokio::test]
async fn more_tools_than_any_model_takes_are_refused_by_name() {
    for (family, path, provider) in PAIRS {
        let upstream = FakeUpstream::always(Reply::HangUp).await;
        let proxy = proxy(provider, &upstream).await;
        let answer = proxy.post(path, &with_tools(path, 4_097, |number| format!("t{number}"))).await;
        family.assert_error(&answer, 400, &["tools: ", "4097", "4096"]);
        assert!(upstream.seen().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn tools_whose_names_must_change_stay_distinct_and_get_their_names_back() {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let proxy = proxy("gemini", &upstream).await;
    let body = with_tools("/v1/messages", 3_000, foreign);
    upstream.now(gemini_answers(&json!([{"functionCall": {"name": "_____1987", "args": {}}}])));
    let answer = proxy.post("/v1/messages", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = upstream.seen().pop().expect("asked").json();
    let functions = sent["tools"][0]["functionDeclarations"].as_array().expect("functions").clone();
    let names: std::collections::HashSet<&str> =
        functions.iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert_eq!(names.len(), 3_000);
    let position = functions.iter().position(|tool| tool["name"] == "_____1987").expect("it was sent");
    assert_eq!(answer.json()["content"][0]["name"], json!(foreign(position)));
}

#[tokio::test]
async fn results_in_any_order_are_sent_in_the_order_of_their_calls() {
    let upstream = FakeUpstream::always(gemini_answers(&json!([{"text": "hi"}]))).await;
    let proxy = proxy("gemini", &upstream).await;
    let call = |number: usize| {
        json!({"id": format!("c{number}"), "type": "function",
        "function": {"name": format!("t{}", number % 7), "arguments": "{}"}})
    };
    let result = |number: usize| json!({"role": "tool", "tool_call_id": format!("c{number}"), "content": number.to_string()});
    let mut messages = vec![json!({"role": "user", "content": "hi"})];
    messages.push(json!({"role": "assistant", "tool_calls": (0..4_000).map(call).collect::<Value>()}));
    messages.extend((0..4_000).rev().map(result));
    let answer = proxy.post("/v1/chat/completions", &json!({"model": "m", "messages": messages})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = upstream.seen().pop().expect("asked").json();
    let results = sent["contents"][2]["parts"].as_array().expect("results");
    assert_eq!(results.len(), 4_000);
    for (number, part) in results.iter().enumerate() {
        let response = &part["functionResponse"];
        assert_eq!(response["name"], format!("t{}", number % 7));
        assert_eq!(response["response"]["output"], number.to_string());
    }
}

#[tokio::test]
async fn schemas_that_contain_themselves_add_little_in_any_number() {
    let upstream = FakeUpstream::always(gemini_answers(&json!([{"text": "hi"}]))).await;
    let config = account("work", "gemini", &upstream, "") + OLD_GEMINI;
    let proxy = TestProxy::serve(&config).await;
    let itself = json!({"a": {"$ref": "#"}, "b": {"$ref": "#"}, "c": {"$ref": "#"}});
    let long = json!({"a": {"$ref": "#/$defs/long"}, "b": {"$ref": "#/$defs/long"}});
    let long_ones: serde_json::Map<String, Value> =
        (0..500).map(|number| (format!("p{number}"), long["a"].clone())).collect();
    for parameters in [
        json!({"type": "object", "properties": itself}),
        json!({"type": "object", "properties": long_ones, "$defs": {"long": {"type": "string", "description": "x".repeat(20_000)}}}),
    ] {
        let function = |number: usize| json!({"type": "function", "function": {"name": format!("t{number}"), "parameters": parameters}});
        let count = if parameters["$defs"].is_null() { 500 } else { 20 };
        let tools: Value = (0..count).map(function).collect();
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": tools});
        let answer = proxy.post("/v1/chat/completions", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.header("x-portcullis-dropped").is_some_and(|dropped| dropped.contains("$ref")));
        let sent = upstream.seen().pop().expect("asked").body;
        assert!(sent.len() < body.to_string().len() + (4 << 20), "{} bytes", sent.len());
    }
}

#[tokio::test]
async fn earlier_answers_that_a_request_refers_to_count_as_if_they_were_sent() {
    let text = "x".repeat(400_000);
    let message = json!({"role": "assistant", "content": text});
    let completion =
        json!({"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]});
    let upstream = FakeUpstream::always(Reply::json(200, &completion)).await;
    let config = proxy_section("max_body_mb = 1") + &account("work", "openai-compatible", &upstream, "");
    let proxy = TestProxy::serve(&config).await;
    let ask = async |body: Value| {
        let mut body = body;
        body["model"] = json!("m");
        proxy.post("/v1/responses", &body).await
    };
    let first = ask(json!({"input": "hello"})).await.json();
    let reference = json!({"type": "item_reference", "id": first["output"][0]["id"]});
    let twice = ask(json!({"input": [reference, reference]})).await;
    assert_eq!(twice.status, 200, "{}", twice.text());
    let asked = upstream.seen().len();
    let many = ask(json!({"input": vec![reference; 1_000]})).await;
    Family::OpenAi.assert_error(&many, 413, &["the earlier answers it refers to", "1 MB", "max_body_mb"]);
    assert_eq!(upstream.seen().len(), asked);

    let second = ask(json!({"input": "go on", "previous_response_id": first["id"]})).await;
    let third = ask(json!({"input": "go on", "previous_response_id": second.json()["id"]})).await;
    assert_eq!(third.status, 200, "{}", third.text());
    let asked = upstream.seen().len();
    let fourth = ask(json!({"input": "go on", "previous_response_id": third.json()["id"]})).await;
    Family::OpenAi.assert_error(&fourth, 413, &["the earlier answers it refers to", "max_body_mb"]);
    assert_eq!(upstream.seen().len(), asked);
}

#[tokio::test]
async fn too_many_small_values_are_refused_whatever_their_bytes() {
    for (family, path, provider) in PAIRS {
        let upstream = FakeUpstream::always(Reply::HangUp).await;
        let proxy = proxy(provider, &upstream).await;
        let mut body = with_tools(path, 1, |number| format!("t{number}"));
        body["more"] = json!(vec![0; 300_000]);
        family.assert_error(&proxy.post(path, &body).await, 413, &["JSON values"]);
        assert!(upstream.seen().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn more_texts_to_embed_than_a_provider_accepts_are_refused() {
    for (family, path, body, provider) in [
        (Family::OpenAi, "/v1/embeddings", json!({"model": "m", "input": vec!["x"; 2_049]}), "gemini"),
        (
            Family::Gemini,
            "/v1beta/models/m:batchEmbedContents",
            json!({"requests": vec![json!({"content": {"parts": [{"text": "x"}]}}); 2_049]}),
            "openai-compatible",
        ),
    ] {
        let upstream = FakeUpstream::always(Reply::HangUp).await;
        let proxy = proxy(provider, &upstream).await;
        family.assert_error(&proxy.post(path, &body).await, 400, &["2049 texts", "2048"]);
        assert!(upstream.seen().is_empty(), "{path}");
    }
}

/// The path of each stream, and how such a stream reports a failure.
const STREAMS: [(&str, &str); 3] = [
    ("/v1/messages", "event: error\n"),
    ("/v1/responses", "event: response.failed\n"),
    ("/v1beta/models/m:streamGenerateContent?alt=sse", "data: {\"error\":"),
];

async fn streamed(path: &str, reply: Reply) -> Answer {
    let upstream = FakeUpstream::always(reply).await;
    let proxy = proxy("openai-compatible", &upstream).await;
    let mut body = match path {
        "/v1/messages" => {
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
        }
        "/v1/responses" => json!({"model": "m", "input": "hi"}),
        _ => json!({"contents": [{"parts": [{"text": "hi"}]}]}),
    };
    body["stream"] = json!(true);
    proxy.post(path, &body).await
}

fn chat_event(delta: &Value) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}))
}

fn call(index: usize) -> String {
    chat_event(
        &json!({"tool_calls": [{"index": index, "id": format!("c{index}"), "function": {"name": "t", "arguments": "{}"}}]}),
    )
}

#[tokio::test]
async fn an_answer_of_more_calls_than_any_model_makes_ends_as_a_failure() {
    for (path, failure) in STREAMS {
        let calls: String = (0..5_000).map(call).collect();
        let answer = streamed(path, Reply::sse(calls + "data: [DONE]\n\n")).await;
        let text = answer.text();
        let (_, end) =
            text.rsplit_once(failure).unwrap_or_else(|| panic!("{path}: no failure in {}", text.len()));
        assert!(end.contains("more than 4096 tool calls"), "{path}: {end}");
        assert!(!text.contains("c4999"), "{path}");
    }
}

#[tokio::test]
async fn an_endless_event_ends_as_a_failure_and_is_read_no_further() {
    for begin in ["data: {\"choices\":[{\"delta\":{\"content\":\"", "event: ", ": "] {
        let (path, failure) = STREAMS[0];
        let filler = Bytes::from(vec![b'x'; 1 << 20]);
        let mut pieces =
            vec![Bytes::from(chat_event(&json!({"content": "hi"}))), Bytes::from_static(begin.as_bytes())];
        pieces.extend(vec![filler; 40]);
        let answer = streamed(path, Reply::pieces("text/event-stream", pieces)).await;
        let text = answer.text();
        let (_, end) =
            text.rsplit_once(failure).unwrap_or_else(|| panic!("{begin}: no failure in {}", text.len()));
        assert!(end.contains("16 MiB") && text.len() < 10_000, "{begin}: {end}");
    }
}

#[tokio::test]
async fn calls_that_come_byte_by_byte_and_interleaved_arrive_whole() {
    let open = |index: usize| {
        chat_event(
            &json!({"tool_calls": [{"index": index, "id": format!("c{index}"), "function": {"name": "t"}}]}),
        )
    };
    let fill = |index: usize| {
        chat_event(
            &json!({"tool_calls": [{"index": index, "function": {"arguments": format!("{{\"n\":{index}}}")}}]}),
        )
    };
    let events: String = (0..100).map(open).chain((0..100).rev().map(fill)).collect();
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    let answer = streamed("/v1/messages", Reply::chunked("text/event-stream", &(events + end), 1)).await;
    let text = answer.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> = data.map(|data| serde_json::from_str(data).expect("JSON")).collect();
    let starts = events.iter().filter(|event| event["type"] == "content_block_start");
    let ids: Vec<Value> = starts.map(|event| event["content_block"]["id"].clone()).collect();
    assert_eq!(ids, (0..100).map(|index| json!(format!("c{index}"))).collect::<Vec<_>>());
    for index in 0..100 {
        let of_block = |event: &&Value| event["index"] == index && event["type"] == "content_block_delta";
        let pieces: String = events
            .iter()
            .filter(of_block)
            .filter_map(|event| event["delta"]["partial_json"].as_str())
            .collect();
        assert_eq!(pieces, format!("{{\"n\":{index}}}"));
    }
    assert!(text.ends_with("data: {\"type\":\"message_stop\"}\n\n"), "{text}");
}
