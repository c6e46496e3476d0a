//! The demo's answers as a client reads them: decoded, answered and encoded as the gateway
//! does it.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

mod media;
mod streams;
mod text;
mod tools;

use super::*;
use crate::chat::Request;
use crate::protocol::side::{self, SideRequest};
use crate::protocol::{
    LocalError, Operation, RequestTarget, ResponseContext, StreamEncoder, ToolNames, decode_request,
    decode_text_completion, encode_response,
};

const CONVERSATIONS: [Operation; 4] =
    [Operation::ChatCompletions, Operation::Responses, Operation::Messages, Operation::GenerateContent];

fn decode(operation: Operation, body: &Value) -> Result<Request, LocalError> {
    let mut body = body.clone();
    body["model"] = json!("demo");
    let body = body.to_string();
    if operation == Operation::Completions {
        return decode_text_completion(body.as_bytes());
    }
    let stream = operation == Operation::StreamGenerateContent;
    let target = RequestTarget { model: Some("demo"), stream };
    decode_request(operation.protocol(), body.as_bytes(), &target)
}

fn context(operation: Operation, request: &Request) -> ResponseContext {
    let mut context =
        ResponseContext::new("seed", 1_790_000_000, "demo").of_request(request, ToolNames::default());
    context.text_completion = operation == Operation::Completions;
    context
}

/// The whole answer to a conversation.
fn whole(operation: Operation, body: &Value) -> Value {
    let request = decode(operation, body).expect("valid");
    let answer = answer(&request, "demo").expect("an answer");
    let bytes = encode_response(operation.protocol(), &answer, &context(operation, &request));
    serde_json::from_slice(&bytes.expect("encoded")).expect("JSON")
}

/// The frames of a streamed answer, one for each event that the client reads.
fn frames(operation: Operation, body: &Value, as_array: bool) -> Vec<Bytes> {
    let request = decode(operation, body).expect("valid");
    let answer = answer(&request, "demo").expect("an answer");
    let mut context = context(operation, &request);
    context.json_array = as_array;
    let mut encoder = StreamEncoder::new(operation.protocol(), context);
    let frame = |event| {
        let mut frame = BytesMut::new();
        encoder.push(&event, &mut frame);
        frame.freeze()
    };
    events(answer).map(frame).filter(|frame| !frame.is_empty()).collect()
}

/// The data of a streamed answer's events, without `[DONE]`.
fn streamed(operation: Operation, body: &Value) -> Vec<Value> {
    let text = frames(operation, body, false).concat();
    let text = String::from_utf8(text).expect("text");
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).expect("JSON data")).collect()
}

/// The answer to a side call.
fn aside(operation: Operation, body: &Value) -> Result<Value, LocalError> {
    answered(operation, &side::decode_request(operation, body.to_string().as_bytes(), "demo")?)
}

fn answered(operation: Operation, request: &SideRequest) -> Result<Value, LocalError> {
    let response = answer_side(request, operation.protocol())?;
    let context = ResponseContext::new("seed", 1_790_000_000, "demo");
    let answer = side::encode_response(operation, request, response, &context).expect("an answer");
    Ok(serde_json::from_slice(&answer.body).expect("JSON"))
}

/// A body that ends with `text` from the user, and `more` beside it.
fn asks(operation: Operation, text: &str, more: &Value) -> Value {
    let mut body = match operation {
        Operation::Responses => json!({"input": text}),
        Operation::Messages => json!({"max_tokens": 4096, "messages": [{"role": "user", "content": text}]}),
        Operation::GenerateContent | Operation::StreamGenerateContent => {
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

/// The same tool, offered in each protocol's words.
fn weather_tool(operation: Operation) -> Value {
    match operation {
        Operation::Responses => json!([{"type": "function", "name": "get_weather", "parameters": schema()}]),
        Operation::Messages => json!([{"name": "get_weather", "input_schema": schema()}]),
        Operation::GenerateContent | Operation::StreamGenerateContent => {
            json!([{"functionDeclarations": [{"name": "get_weather", "parameters": schema()}]}])
        }
        _ => json!([{"type": "function", "function": {"name": "get_weather", "parameters": schema()}}]),
    }
}
