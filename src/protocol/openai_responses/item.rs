//! `openai.types.responses.ResponseOutputItem`, both ways: the parts of an answer.

use serde_json::{Value, json};

use super::terms::{annotation, citation};
use super::{namespace, wire};
use crate::chat::{Citation, Maker, Part, Signature, Thinking, ToolUse};
use crate::protocol::context::ResponseContext;
use crate::protocol::framing::Frame;

/// Takes a whole item, and returns whether it is a refusal.
pub fn take_item(key: u64, item: &wire::Item<'_>, frame: &mut Frame) -> bool {
    match &*item.kind {
        "message" => {
            for content in &item.content {
                frame.text(&content.text);
                frame.text(&content.refusal);
                for found in content.annotations.iter().filter_map(citation) {
                    frame.citation(found);
                }
            }
            frame.part_is_whole();
        }
        "reasoning" => {
            let texts: Vec<&str> = item.summary.iter().chain(&item.content).map(|c| &*c.text).collect();
            frame.thinking(&texts.join("\n\n"));
            take_signature(item, frame);
        }
        "function_call" | "custom_tool_call" => {
            let is_freeform = &*item.kind == "custom_tool_call";
            frame.call(key, &item.call_id, &item.name, is_freeform);
            frame.arguments(key, if is_freeform { &item.input } else { &item.arguments });
            frame.call_is_whole(key);
        }
        // Calls of OpenAI's own tools, which ran there.
        _ => {}
    }
    item.content.iter().any(|content| content.refusal.some().is_some())
}

/// Takes the signature of a reasoning item, with the id that must return with it.
pub fn take_signature(item: &wire::Item<'_>, frame: &mut Frame) {
    if let Some(value) = item.encrypted_content.some() {
        frame.signature(Signature { maker: Maker::OpenAi, id: item.id.owned(), value: value.to_owned() });
    }
    frame.part_is_whole();
}

/// A whole part as an item. `None` for a part that no answer has.
pub fn encode_item(part: &Part, number: usize, context: &ResponseContext) -> Option<Value> {
    Some(match part {
        Part::Text { text, citations } => json!({
            "type": "message",
            "id": context.item_id("msg_", number),
            "status": "completed",
            "role": "assistant",
            "content": [encode_text(text, citations)],
        }),
        Part::Thinking(Thinking { text, signature }) => {
            let slot = signature.as_ref().map(|signature| signature.wrap(Maker::OpenAi));
            encode_reasoning(&reasoning_id(signature.as_ref(), number, context), text, slot)
        }
        Part::RedactedThinking(signature) => encode_reasoning(
            &context.item_id("rs_", number),
            "",
            Some(signature.wrap_redacted(Maker::OpenAi)),
        ),
        Part::ToolUse(call) => encode_call(call, number, context),
        _ => return None,
    })
}

/// `ResponseOutputText`.
pub fn encode_text(text: &str, citations: &[Citation]) -> Value {
    let annotations: Vec<Value> = citations.iter().map(annotation).collect();
    json!({"type": "output_text", "text": text, "annotations": annotations, "logprobs": []})
}

/// OpenAI's own id, which must return with its signature, or a new one.
fn reasoning_id(signature: Option<&Signature>, number: usize, context: &ResponseContext) -> String {
    let own = signature.filter(|own| own.maker == Maker::OpenAi).and_then(|own| own.id.clone());
    own.unwrap_or_else(|| context.item_id("rs_", number))
}

fn encode_reasoning(id: &str, text: &str, slot: Option<String>) -> Value {
    let summary =
        if text.is_empty() { Vec::new() } else { vec![json!({"type": "summary_text", "text": text})] };
    let mut item = json!({"type": "reasoning", "id": id, "summary": summary});
    if let Some(slot) = slot {
        item["encrypted_content"] = json!(slot);
    }
    item
}

fn encode_call(call: &ToolUse, number: usize, context: &ResponseContext) -> Value {
    let call_id = context.call_id(&call.id, "call_", number);
    let joined = context.tool_names.original(&call.name);
    let (namespace, name) = namespace::split(joined);
    let mut item = if context.is_freeform(joined) {
        let input =
            if call.freeform { call.arguments.clone() } else { ToolUse::freeform_text(&call.arguments) };
        json!({
            "type": "custom_tool_call",
            "id": context.item_id("ctc_", number),
            "call_id": call_id,
            "name": name,
            "input": input,
            "status": "completed",
        })
    } else {
        json!({
            "type": "function_call",
            "id": context.item_id("fc_", number),
            "call_id": call_id,
            "name": name,
            "arguments": call.arguments_json(),
            "status": "completed",
        })
    };
    if let Some(namespace) = namespace {
        item["namespace"] = json!(namespace);
    }
    item
}
