//! `anthropic.types.Message` and its events (`RawMessageStreamEvent`).

use serde_json::{Value, json};

use crate::upstream::demo::Stamp;
use crate::upstream::demo::reply::{self, Content, Finish, Reply};

pub fn whole(reply: &Reply, stamp: &Stamp<'_>) -> Value {
    let mut message = envelope(reply, stamp);
    message["content"] = content(reply, stamp);
    message["usage"]["output_tokens"] = json!(reply.usage.output_tokens);
    for (key, value) in stop(&reply.finish) {
        message[key] = value;
    }
    message
}

/// `message_start`, the one content block, `message_delta`, `message_stop`.
pub fn stream(reply: &Reply, stamp: &Stamp<'_>) -> Vec<Value> {
    let mut events = vec![json!({"type": "message_start", "message": envelope(reply, stamp)})];
    events.extend([
        json!({"type": "content_block_start", "index": 0, "content_block": block_begun(reply, stamp)}),
    ]);
    events.extend(
        deltas(reply)
            .into_iter()
            .map(|delta| json!({"type": "content_block_delta", "index": 0, "delta": delta})),
    );
    events.extend([
        json!({"type": "content_block_stop", "index": 0}),
        json!({
            "type": "message_delta",
            "delta": Value::Object(stop(&reply.finish).map(|(key, value)| (key.to_owned(), value)).into_iter().collect()),
            "usage": {"output_tokens": reply.usage.output_tokens},
        }),
        json!({"type": "message_stop"}),
    ]);
    events
}

fn deltas(reply: &Reply) -> Vec<Value> {
    match &reply.content {
        Content::Text(text) => {
            let delta = |piece| json!({"type": "text_delta", "text": piece});
            reply::pieces(text).into_iter().map(delta).collect()
        }
        Content::ToolCall { arguments, .. } => {
            let delta = |piece| json!({"type": "input_json_delta", "partial_json": piece});
            Vec::from(reply::halves(&arguments.to_string()).map(delta))
        }
    }
}

fn content(reply: &Reply, stamp: &Stamp<'_>) -> Value {
    let mut block = block_begun(reply, stamp);
    match &reply.content {
        // A limit of no tokens leaves no block at all; an empty one is not valid in a next turn.
        Content::Text(text) if text.is_empty() => return json!([]),
        Content::Text(text) => block["text"] = json!(text),
        Content::ToolCall { arguments, .. } => block["input"] = arguments.clone(),
    }
    json!([block])
}

fn block_begun(reply: &Reply, stamp: &Stamp<'_>) -> Value {
    match &reply.content {
        Content::Text(_) => json!({"type": "text", "text": ""}),
        Content::ToolCall { name, .. } => {
            json!({"type": "tool_use", "id": format!("toolu_{}", stamp.id), "name": name, "input": {}})
        }
    }
}

fn envelope(reply: &Reply, stamp: &Stamp<'_>) -> Value {
    json!({
        "id": format!("msg_{}", stamp.id),
        "type": "message",
        "role": "assistant",
        "model": stamp.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": {
            "input_tokens": reply.usage.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 0,
            "service_tier": "standard",
        },
    })
}

fn stop(finish: &Finish) -> [(&'static str, Value); 2] {
    let (reason, sequence) = match finish {
        Finish::Complete => ("end_turn", None),
        Finish::TokenLimit => ("max_tokens", None),
        Finish::StopSequence(sequence) => ("stop_sequence", Some(sequence)),
        Finish::ToolCall => ("tool_use", None),
    };
    [("stop_reason", json!(reason)), ("stop_sequence", json!(sequence))]
}
