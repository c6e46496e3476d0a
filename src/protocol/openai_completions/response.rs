//! `openai.types.Completion`, as a client reads it.

use serde_json::{Value, json};

use crate::chat::{Part, Response};
use crate::protocol::context::ResponseContext;
use crate::protocol::openai_chat::terms::finish_name;
use crate::protocol::openai_chat::wire::Usage;

pub fn encode(response: &Response, context: &ResponseContext) -> Value {
    let text: String = response.parts.iter().filter_map(text_of).collect();
    let mut body = envelope(context);
    body["choices"] = json!([choice(&text, Some(finish_name(&response.finish)))]);
    if let Some(usage) = response.usage {
        body["usage"] = json!(Usage::of_chat(usage));
    }
    body
}

/// The texts: the protocol has no field for thoughts, and a prompt offers no tools.
fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text { text, .. } => Some(text),
        _ => None,
    }
}

/// The fields of a whole answer and of a chunk, in OpenAI's order.
pub fn envelope(context: &ResponseContext) -> Value {
    json!({
        "id": context.id("cmpl-"),
        "object": "text_completion",
        "created": context.created,
        "model": context.model,
        "choices": [],
    })
}

/// `openai.types.CompletionChoice`.
pub fn choice(text: &str, finish_reason: Option<&str>) -> Value {
    json!({"text": text, "index": 0, "logprobs": null, "finish_reason": finish_reason})
}
