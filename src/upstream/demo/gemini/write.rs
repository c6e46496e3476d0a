//! `google.genai.types.GenerateContentResponse`, whole or as the chunks of a stream.

use serde_json::{Value, json};

use crate::upstream::demo::Stamp;
use crate::upstream::demo::reply::{self, Content, Finish, Reply};

pub fn whole(reply: &Reply, answers: u64, stamp: &Stamp<'_>) -> Value {
    let part = match &reply.content {
        Content::Text(text) => json!({"text": text}),
        Content::ToolCall { name, arguments } => call(name, arguments, stamp),
    };
    response(&part, reply, answers, true, stamp)
}

/// Each chunk is a whole response. Text comes in pieces; a function call never does.
pub fn stream(reply: &Reply, answers: u64, stamp: &Stamp<'_>) -> Vec<Value> {
    let parts: Vec<_> = match &reply.content {
        Content::Text(text) if text.is_empty() => vec![json!({"text": ""})],
        Content::Text(text) => reply::pieces(text).into_iter().map(|piece| json!({"text": piece})).collect(),
        Content::ToolCall { name, arguments } => vec![call(name, arguments, stamp)],
    };
    let last = parts.len() - 1;
    let chunk = |(index, part): (usize, &Value)| response(part, reply, answers, index == last, stamp);
    parts.iter().enumerate().map(chunk).collect()
}

fn response(part: &Value, reply: &Reply, answers: u64, is_last: bool, stamp: &Stamp<'_>) -> Value {
    let candidate = |index| {
        let mut candidate = json!({"content": {"role": "model", "parts": [part]}, "index": index});
        if is_last {
            candidate["finishReason"] = json!(finish_reason(&reply.finish));
        }
        candidate
    };
    json!({
        "candidates": (0..answers).map(candidate).collect::<Value>(),
        "usageMetadata": usage(reply),
        "modelVersion": stamp.model,
        "responseId": stamp.id,
    })
}

fn call(name: &str, arguments: &Value, stamp: &Stamp<'_>) -> Value {
    json!({"functionCall": {"id": format!("call_{}", stamp.id), "name": name, "args": arguments}})
}

/// A tool call ends with `STOP` as well.
const fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::TokenLimit => "MAX_TOKENS",
        Finish::Complete | Finish::StopSequence(_) | Finish::ToolCall => "STOP",
    }
}

fn usage(reply: &Reply) -> Value {
    json!({
        "promptTokenCount": reply.usage.input_tokens,
        "candidatesTokenCount": reply.usage.output_tokens,
        "totalTokenCount": reply.usage.total_tokens(),
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": reply.usage.input_tokens}],
    })
}
