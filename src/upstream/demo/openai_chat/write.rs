//! `openai.types.chat.ChatCompletion` and its chunks.

use serde_json::{Value, json};

use crate::upstream::demo::Stamp;
use crate::upstream::demo::reply::{self, Content, Finish, Reply, Usage};

pub fn whole(reply: &Reply, answers: u64, stamp: &Stamp<'_>) -> Value {
    let choice = |index| {
        json!({"index": index, "message": message(reply, index, stamp), "logprobs": null,
               "finish_reason": finish_reason(&reply.finish)})
    };
    let mut body = envelope("chat.completion", stamp);
    body["choices"] = (0..answers).map(choice).collect();
    body["usage"] = usage(reply.usage);
    body
}

/// Every chunk but `[DONE]`: for each choice the role, the content in pieces and the finish
/// reason, then the usage if it was asked for.
pub fn stream(reply: &Reply, answers: u64, wants_usage: bool, stamp: &Stamp<'_>) -> Vec<Value> {
    let mut chunks: Vec<_> = (0..answers).flat_map(|index| choice_chunks(reply, index, stamp)).collect();
    if wants_usage {
        for chunk in &mut chunks {
            chunk["usage"] = Value::Null;
        }
        let mut last = envelope("chat.completion.chunk", stamp);
        last["choices"] = json!([]);
        last["usage"] = usage(reply.usage);
        chunks.push(last);
    }
    chunks
}

fn choice_chunks(reply: &Reply, index: u64, stamp: &Stamp<'_>) -> Vec<Value> {
    let chunk = |delta: Value, finish_reason: Option<&str>| {
        let mut chunk = envelope("chat.completion.chunk", stamp);
        chunk["choices"] =
            json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": finish_reason}]);
        chunk
    };
    let mut chunks: Vec<_> =
        deltas(reply, index, stamp).into_iter().map(|delta| chunk(delta, None)).collect();
    chunks.push(chunk(json!({}), Some(finish_reason(&reply.finish))));
    chunks
}

fn deltas(reply: &Reply, index: u64, stamp: &Stamp<'_>) -> Vec<Value> {
    match &reply.content {
        Content::Text(text) => {
            let role = json!({"role": "assistant", "content": "", "refusal": null});
            let pieces = reply::pieces(text).into_iter().map(|piece| json!({"content": piece}));
            std::iter::once(role).chain(pieces).collect()
        }
        Content::ToolCall { name, arguments } => {
            let call = json!({"index": 0, "id": call_id(index, stamp), "type": "function",
                              "function": {"name": name, "arguments": ""}});
            let start = json!({"role": "assistant", "content": null, "tool_calls": [call]});
            let arguments = arguments.to_string();
            let pieces = reply::halves(&arguments)
                .map(|piece| json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}));
            std::iter::once(start).chain(pieces).collect()
        }
    }
}

fn message(reply: &Reply, index: u64, stamp: &Stamp<'_>) -> Value {
    let mut message = json!({"role": "assistant", "content": null, "refusal": null, "annotations": []});
    match &reply.content {
        Content::Text(text) => message["content"] = json!(text),
        Content::ToolCall { name, arguments } => {
            message["tool_calls"] = json!([{
                "id": call_id(index, stamp),
                "type": "function",
                "function": {"name": name, "arguments": arguments.to_string()},
            }]);
        }
    }
    message
}

fn envelope(object: &str, stamp: &Stamp<'_>) -> Value {
    json!({
        "id": format!("chatcmpl-{}", stamp.id),
        "object": object,
        "created": stamp.created_unix_secs,
        "model": stamp.model,
        "system_fingerprint": null,
        "choices": null,
    })
}

fn call_id(index: u64, stamp: &Stamp<'_>) -> String {
    format!("call_{}{index}", stamp.id)
}

const fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Complete | Finish::StopSequence(_) => "stop",
        Finish::TokenLimit => "length",
        Finish::ToolCall => "tool_calls",
    }
}

/// `openai.types.CompletionUsage`.
fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens(),
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    })
}
