//! Every protocol, from a body to the bytes of its answer.

use serde_json::{Value, json};

mod media;
mod streams;
mod text;
mod tools;

use super::*;

const CREATED: u64 = 1_790_000_000;
const CONVERSATIONS: [Operation; 5] = [
    Operation::ChatCompletions,
    Operation::Responses,
    Operation::Messages,
    Operation::GenerateContent,
    Operation::StreamGenerateContent { sse: true },
];

fn call(operation: Operation, body: &Value) -> Answer {
    answer(&operation, "demo", body.to_string().as_bytes(), CREATED)
}

fn whole(operation: Operation, body: &Value) -> Value {
    let answer = call(operation, body);
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.frames);
    assert_eq!((answer.content_type, answer.frames.len()), ("application/json", 1));
    serde_json::from_slice(&answer.frames[0]).expect("a JSON body")
}

/// The events of a stream, each in a frame of its own; a named one has its own type's name.
fn events(operation: Operation, body: &Value) -> Vec<Value> {
    let answer = call(operation, body);
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.frames);
    assert_eq!(answer.content_type, "text/event-stream; charset=utf-8");
    answer.frames.iter().filter_map(|frame| event(std::str::from_utf8(frame).expect("text"))).collect()
}

fn event(frame: &str) -> Option<Value> {
    let lines = frame.strip_suffix("\n\n").expect("a blank line at the end");
    let (name, data) = lines.split_once('\n').map_or((None, lines), |(name, data)| (Some(name), data));
    let data = data.strip_prefix("data: ").expect("a data line");
    if data == "[DONE]" {
        return None;
    }
    let event: Value = serde_json::from_str(data).expect("JSON data");
    if let Some(name) = name {
        assert_eq!(name.strip_prefix("event: "), event["type"].as_str());
    }
    Some(event)
}

/// A body that ends with `text` from the user, and `more` beside it.
fn asks(operation: Operation, text: &str, more: &Value) -> Value {
    let mut body = match operation {
        Operation::Responses => json!({"input": text}),
        Operation::Messages => json!({"max_tokens": 4096, "messages": [{"role": "user", "content": text}]}),
        Operation::GenerateContent | Operation::StreamGenerateContent { .. } => {
            json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
        }
        Operation::Completions => json!({"prompt": text}),
        _ => json!({"messages": [{"role": "user", "content": text}]}),
    };
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    body
}

/// Where each protocol keeps the text of a whole answer.
fn text(operation: Operation, answer: &Value) -> String {
    let pointer = match operation {
        Operation::ChatCompletions => "/choices/0/message/content",
        Operation::Completions => "/choices/0/text",
        Operation::Responses => "/output/0/content/0/text",
        Operation::Messages => "/content/0/text",
        _ => "/candidates/0/content/parts/0/text",
    };
    answer
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no text in {answer}"))
        .to_owned()
}

fn schema() -> Value {
    json!({"type": "object", "required": ["city"],
           "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}}})
}

/// The conversations whose answer is one JSON body.
fn in_one_body() -> impl Iterator<Item = Operation> {
    CONVERSATIONS
        .into_iter()
        .filter(|operation| !matches!(operation, Operation::StreamGenerateContent { .. }))
}

/// The same tool, offered in each protocol's words.
fn weather_tool(operation: Operation) -> Value {
    match operation {
        Operation::Responses => json!([{"type": "function", "name": "get_weather", "parameters": schema()}]),
        Operation::Messages => json!([{"name": "get_weather", "input_schema": schema()}]),
        Operation::GenerateContent | Operation::StreamGenerateContent { .. } => {
            json!([{"functionDeclarations": [{"name": "get_weather", "parameters": schema()}]}])
        }
        _ => json!([{"type": "function", "function": {"name": "get_weather", "parameters": schema()}}]),
    }
}
