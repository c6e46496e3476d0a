//! The pieces of `google.genai.types.GenerateContentResponse` that a whole answer and a chunk
//! of a stream are both written with.

use serde_json::{Value, json};

use super::wire::Usage;
use crate::chat::{self, ToolUse};
use crate::protocol::context::ResponseContext;

/// Keeps a signature for the part that follows. An earlier one that still waits gets an empty
/// part, as Gemini itself writes it.
pub fn push_signature(waiting: &mut Option<String>, next: Option<String>, parts: &mut Vec<Value>) {
    let Some(next) = next else { return };
    if let Some(earlier) = waiting.take() {
        parts.push(json!({"text": "", "thoughtSignature": earlier}));
    }
    *waiting = Some(next).filter(|next| !next.is_empty());
}

/// `None` if the arguments are not a JSON object.
pub fn encode_call(call: &ToolUse, number: usize, context: &ResponseContext) -> Option<Value> {
    Some(json!({"functionCall": {
        "id": context.call_id(&call.id, "call_", number),
        "name": context.tool_names.original(&call.name),
        "args": call.arguments_object()?,
    }}))
}

pub fn encode_chunk(parts: &[Value], finish: Option<&str>, context: &ResponseContext) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    if let Some(finish) = finish {
        candidate["finishReason"] = json!(finish);
    }
    json!({
        "candidates": [candidate],
        "modelVersion": context.model,
        "responseId": context.id(""),
    })
}

/// The totals. A stream has them in its last chunk.
pub fn encode_usage(usage: Option<chat::Usage>) -> Value {
    json!(Usage::of_chat(usage.unwrap_or_default()))
}
